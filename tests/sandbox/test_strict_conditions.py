"""Tests that policies decide as on AWS: variables, session tags, source identity, MFA, and other accounts."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from access.accounts import Session
from access.credentials import Credentials
from sandbox.users import Accounts, User
from tests.sandbox.mfa_device import MfaDevice
from tests.support.refused import Call, refused

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

ACCOUNT, OTHER_ACCOUNT = "111111111111", "222222222222"
BUCKET = "strict-conditions"
ANYBODY_HERE = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
DENIED = "403 AccessDenied"

Statement = dict[str, Any]
SignIn = Callable[[str], Session]


def document(*statements: Statement, version: str = "2012-10-17") -> str:
    return json.dumps({"Version": version, "Statement": [{"Effect": "Allow", **item} for item in statements]})


def allow(action: str | list[str], resource: str = "*", **condition: object) -> Statement:
    return {"Action": action, "Resource": resource, "Condition": condition}


def trust(*actions: str, principal: object = ANYBODY_HERE, **condition: object) -> str:
    return document({"Action": list(actions) or "sts:AssumeRole", "Principal": principal, "Condition": condition})


@pytest.fixture(scope="module")
def iam(accounts: Accounts) -> "IAMClient":
    return accounts.administrator(ACCOUNT).iam


@pytest.fixture(scope="module")
def sign_in(accounts: Accounts) -> Iterator[SignIn]:
    """Yield a function that signs a user in, and creates the user without rights if it does not exist."""
    sessions: dict[str, Session] = {}
    with ExitStack() as stack:

        def signed_in(name: str, account_id: str = ACCOUNT) -> Session:
            if name not in sessions:
                user = User(name, account_id, power_user=False)
                accounts.make(user)
                sessions[name] = stack.enter_context(accounts.signed_in(user))
            return sessions[name]

        yield signed_in


def make_role(iam: "IAMClient", name: str, trust_policy: str, *statements: Statement, **more: Any) -> str:  # noqa: ANN401
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy, **more)["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=document(*statements))
    return arn


def let(iam: "IAMClient", user: str, *statements: Statement, version: str = "2012-10-17") -> None:
    """Replace a user's rights."""
    iam.put_user_policy(UserName=user, PolicyName="rights", PolicyDocument=document(*statements, version=version))


def assume(accounts: Accounts, session: Session, RoleArn: str, **call: Any) -> Session:  # noqa: ANN401, N803
    given = session.sts.assume_role(RoleArn=RoleArn, **{"RoleSessionName": "session", **call})["Credentials"]
    return accounts.session(Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]))


# Policy variables. IAM User Guide, "IAM policy elements: Variables and tags".


def test_variables_in_resources(iam: "IAMClient", sign_in: SignIn) -> None:
    own, other = sign_in("vera").iam, sign_in("vero")
    assert other
    let(iam, "vera", allow("iam:GetUser", f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"))
    own.get_user(UserName="vera")
    assert refused(own.get_user, UserName="vero").startswith(DENIED)
    let(iam, "vera", allow("iam:GetUser", f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"), version="2008-10-17")
    assert refused(own.get_user, UserName="vera").startswith(DENIED)  # older documents have none


@pytest.mark.parametrize(
    ("pattern", "allowed", "denied"),
    [
        ("${aws:PrincipalTag/team}/*", "web/new", "api/new"),
        ("${aws:PrincipalTag/Team}/*", "web/new", "web"),
        ("${aws:PrincipalTag/none, 'all'}/*", "all/new", "web/new"),
        ("${aws:PrincipalAccount}", ACCOUNT, OTHER_ACCOUNT),
        ("${*}${?}${$}", "*?$", "all"),
        ("a?${aws:username}", "abvince", "avince"),
    ],
)
def test_values_of_variables(
    accounts: Accounts, iam: "IAMClient", sign_in: SignIn, pattern: str, allowed: str, denied: str
) -> None:
    accounts.administrator(ACCOUNT).s3.create_bucket(Bucket=BUCKET)
    s3 = sign_in("vince").s3
    iam.tag_user(UserName="vince", Tags=[{"Key": "team", "Value": "web"}])
    let(iam, "vince", allow("s3:PutObject", f"arn:aws:s3:::{BUCKET}/{pattern}"))
    s3.put_object(Bucket=BUCKET, Key=allowed, Body=b"")
    assert refused(s3.put_object, Bucket=BUCKET, Key=denied, Body=b"").startswith(DENIED)


def test_a_variable_without_a_value_matches_nothing(iam: "IAMClient", sign_in: SignIn) -> None:
    user = sign_in("valentin").iam
    none = "${aws:PrincipalTag/none}"
    let(iam, "valentin", allow("iam:GetUser", "*", StringLike={"aws:username": ["x", f"{none}*"]}))
    assert refused(user.get_user, UserName="valentin").startswith(DENIED)
    let(iam, "valentin", allow("iam:GetUser", "*", StringNotLike={"aws:username": none}))
    user.get_user(UserName="valentin")
    let(iam, "valentin", {"Action": "iam:GetUser", "NotResource": f"arn:aws:iam::{ACCOUNT}:user/{none}"})
    user.get_user(UserName="valentin")
    let(iam, "valentin", allow("iam:GetUser", f"arn:aws:iam::{ACCOUNT}:user/{none}*"))
    assert refused(user.get_user, UserName="valentin").startswith(DENIED)


def test_variables_in_conditions(accounts: Accounts, iam: "IAMClient", sign_in: SignIn) -> None:
    accounts.administrator(ACCOUNT).s3.create_bucket(Bucket=BUCKET)
    s3 = sign_in("victor").s3
    let(iam, "victor", allow("s3:ListBucket", "*", StringLike={"s3:prefix": ["home/${aws:username}/*"]}))
    s3.list_objects_v2(Bucket=BUCKET, Prefix="home/victor/new")
    assert refused(s3.list_objects_v2, Bucket=BUCKET, Prefix="home/vera/new").startswith(DENIED)
    # A wildcard in a variable's value is literal.
    let(iam, "victor", allow("s3:ListBucket", "*", StringLike={"s3:delimiter": ["${s3:prefix}"]}))
    s3.list_objects_v2(Bucket=BUCKET, Prefix="*", Delimiter="*")
    assert refused(s3.list_objects_v2, Bucket=BUCKET, Prefix="*", Delimiter="/").startswith(DENIED)


def test_variables_in_trust_policies(accounts: Accounts, iam: "IAMClient", sign_in: SignIn) -> None:
    user = sign_in("violet")
    arn = make_role(iam, "named-after", trust(StringEquals={"sts:RoleSessionName": "${aws:username}"}))
    let(iam, "violet", allow("sts:AssumeRole"))
    assume(accounts, user, arn, RoleSessionName="violet")
    denied = f"{DENIED}: User: arn:aws:iam::{ACCOUNT}:user/violet is not authorized to perform: sts:AssumeRole"
    assert refused(user.sts.assume_role, RoleArn=arn, RoleSessionName="vera").startswith(denied)


def test_variables_in_bucket_policies(accounts: Accounts, iam: "IAMClient", sign_in: SignIn) -> None:
    owner, user = accounts.administrator(ACCOUNT).s3, sign_in("vicky")
    owner.create_bucket(Bucket="strict-homes")
    arn = iam.get_user(UserName="vicky")["User"]["Arn"]
    homes = {
        "Action": "s3:PutObject",
        "Principal": {"AWS": arn},
        "Resource": "arn:aws:s3:::strict-homes/${aws:userid}/*",
    }
    owner.put_bucket_policy(Bucket="strict-homes", Policy=document(homes))
    user_id = iam.get_user(UserName="vicky")["User"]["UserId"]
    user.s3.put_object(Bucket="strict-homes", Key=f"{user_id}/new", Body=b"")
    assert refused(user.s3.put_object, Bucket="strict-homes", Key="vicky/new", Body=b"").startswith(DENIED)


# Session tags and source identity. IAM User Guide, "Passing session tags" and "Monitor and control actions taken with
# assumed roles".


@pytest.mark.parametrize(
    ("right", "call"),
    [
        ("sts:TagSession", {"Tags": [{"Key": "team", "Value": "web"}]}),
        ("sts:SetSourceIdentity", {"SourceIdentity": "sonja"}),
    ],
)
def test_both_sides_must_allow_session_tags_and_source_identity(
    iam: "IAMClient", sign_in: SignIn, right: str, call: dict[str, Any]
) -> None:
    user, name = sign_in("sonja").sts, right.partition(":")[2]
    arn = make_role(iam, name, trust())
    call |= {"RoleArn": arn, "RoleSessionName": "session"}
    assume_alone, both = allow("sts:AssumeRole"), allow(["sts:AssumeRole", right])
    missing = (
        f"{DENIED}: User: arn:aws:iam::{ACCOUNT}:user/sonja is not authorized to perform: {right} on resource: {arn}"
    )
    let(iam, "sonja", both)
    assert refused(user.assume_role, **call).startswith(missing)
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust("sts:AssumeRole", right))
    let(iam, "sonja", assume_alone)
    assert refused(user.assume_role, **call).startswith(missing)
    let(iam, "sonja", both)
    user.assume_role(**call)


def test_session_tags_and_source_identity_are_condition_keys(
    accounts: Accounts, iam: "IAMClient", sign_in: SignIn
) -> None:
    user = sign_in("stella")
    let(iam, "stella", allow("sts:*"))
    rights = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
    conditions = {"aws:SourceIdentity": "stella", "aws:PrincipalTag/team": "web"}
    conditional = allow("iam:GetRole", "*", StringEquals=conditions)
    arn = make_role(iam, "carrying", trust(*rights), conditional, allow(list(rights)))
    next_arn = make_role(iam, "carrying-on", trust(*rights), conditional)
    call: Any = {"SourceIdentity": "stella", "Tags": [{"Key": "team", "Value": "web"}]}
    assert refused(assume(accounts, user, arn).iam.get_role, RoleName="carrying").startswith(DENIED)
    assume(accounts, user, arn, **call).iam.get_role(RoleName="carrying")
    # Transitive tags are inherited by the next session.
    chained = assume(accounts, assume(accounts, user, arn, **call), next_arn)
    assert refused(chained.iam.get_role, RoleName="carrying").startswith(DENIED)
    chained = assume(accounts, assume(accounts, user, arn, TransitiveTagKeys=["team"], **call), next_arn)
    chained.iam.get_role(RoleName="carrying")


def test_an_inherited_source_identity_needs_the_right_too(
    accounts: Accounts, iam: "IAMClient", sign_in: SignIn
) -> None:
    let(iam, "stella" if sign_in("stella") else "", allow("sts:*"))
    rights = ("sts:AssumeRole", "sts:SetSourceIdentity")
    first = make_role(iam, "first-identity", trust(*rights), allow("sts:*"))
    second = make_role(iam, "second-identity", trust())
    session = assume(accounts, sign_in("stella"), first, SourceIdentity="stella")
    call: dict[str, Any] = {"RoleArn": second, "RoleSessionName": "session"}
    assert "sts:SetSourceIdentity" in refused(session.sts.assume_role, **call)
    iam.update_assume_role_policy(RoleName="second-identity", PolicyDocument=trust(*rights))
    session.sts.assume_role(**call)


@pytest.mark.parametrize(
    ("condition", "allowed", "denied"),
    [
        ({"StringEquals": {"aws:RequestTag/team": "web"}}, {"team": "web"}, {"team": "api"}),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}, {"team": "x"}, {"team": "x", "admin": "yes"}),
    ],
)
@pytest.mark.parametrize("side", ["trust", "identity"])
def test_requested_session_tags_are_condition_keys(
    iam: "IAMClient",
    sign_in: SignIn,
    side: str,
    condition: dict[str, Any],
    allowed: dict[str, str],
    denied: dict[str, str],
) -> None:
    user, rights = sign_in("tamara").sts, ["sts:AssumeRole", "sts:TagSession"]
    name = f"tags-{side}-{len(denied)}"
    arn = make_role(iam, name, trust(*rights, **(condition if side == "trust" else {})))
    let(iam, "tamara", allow(rights, "*", **(condition if side == "identity" else {})))

    def call(tags: dict[str, str]) -> dict[str, Any]:
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        return {"RoleArn": arn, "RoleSessionName": "session", "Tags": listed}

    user.assume_role(**call(allowed))
    assert refused(user.assume_role, **call(denied)).startswith(DENIED)


def test_a_sessions_principal_is_its_role(accounts: Accounts, iam: "IAMClient", sign_in: SignIn) -> None:
    """Source: IAM User Guide, "AWS global condition context keys", aws:PrincipalArn and aws:PrincipalType."""
    let(iam, "rita" if sign_in("rita") else "", allow("sts:AssumeRole"))
    through = make_role(iam, "through", trust(), allow("sts:AssumeRole"), Path="/teams/")
    by_arn = make_role(iam, "by-arn", trust(ArnEquals={"aws:PrincipalArn": through}))
    by_type = make_role(iam, "by-type", trust(StringEquals={"aws:PrincipalType": "AssumedRole"}))
    call = {"RoleSessionName": "session"}
    for arn in (by_arn, by_type):
        assert refused(sign_in("rita").sts.assume_role, RoleArn=arn, **call).startswith(DENIED)
        assume(accounts, assume(accounts, sign_in("rita"), through), arn)


# Trust and identity policies. IAM User Guide, "Policy evaluation logic" and "Cross-account policy evaluation logic".


def test_a_named_user_needs_no_policy_in_the_same_account(
    accounts: Accounts, iam: "IAMClient", sign_in: SignIn
) -> None:
    user, other = sign_in("nadja"), accounts.administrator(OTHER_ACCOUNT).iam
    arn = make_role(iam, "named", trust(principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/nadja"}))
    assume(accounts, user, arn)
    by_account = make_role(iam, "by-account", trust())
    call = {"RoleSessionName": "session"}
    assert refused(user.sts.assume_role, RoleArn=by_account, **call).startswith(DENIED)
    # Across accounts, both sides must allow it.
    elsewhere = make_role(other, "named", trust(principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/nadja"}))
    assert refused(user.sts.assume_role, RoleArn=elsewhere, **call).startswith(DENIED)
    let(iam, "nadja", allow("sts:AssumeRole", elsewhere))
    assume(accounts, user, elsewhere)


def test_a_role_is_identified_by_its_full_arn(iam: "IAMClient", sign_in: SignIn) -> None:
    user = sign_in("nora").sts
    arn = make_role(iam, "with-path", trust(), Path="/teams/")
    let(iam, "nora", allow("sts:AssumeRole"))
    user.assume_role(RoleArn=arn, RoleSessionName="session")
    for wrong in (arn.replace("/teams", ""), arn.replace("with-path", "nothing")):
        assert refused(user.assume_role, RoleArn=wrong, RoleSessionName="session").startswith(DENIED)


@pytest.mark.parametrize("named", ["user", "role", "account"])
def test_a_bucket_policy_lets_in_a_principal_of_another_account(
    accounts: Accounts, sign_in: Callable[..., Session], named: str
) -> None:
    owner, iam = accounts.administrator(ACCOUNT).s3, accounts.administrator(OTHER_ACCOUNT).iam
    name, bucket = f"foreign-{named}", f"strict-foreign-{named}"
    user, stranger = sign_in(name, OTHER_ACCOUNT), sign_in(f"stranger-{named}", OTHER_ACCOUNT)
    let(iam, f"stranger-{named}", allow("*"))
    reading = allow(["s3:GetObject", "s3:DeleteObject"], f"arn:aws:s3:::{bucket}/*")
    let(iam, name, allow("sts:AssumeRole"))
    here = {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"}
    role = make_role(iam, name, trust(principal=here))
    principal = {"user": iam.get_user(UserName=name)["User"]["Arn"], "role": role, "account": OTHER_ACCOUNT}[named]
    owner.create_bucket(Bucket=bucket)
    for key in ("key", "other"):
        owner.put_object(Bucket=bucket, Key=key, Body=b"")
    session = assume(accounts, user, role) if named == "role" else user
    get: Call = session.s3.get_object
    assert refused(get, Bucket=bucket, Key="key").startswith(DENIED)
    owner.put_bucket_policy(
        Bucket=bucket,
        Policy=document({**reading, "Resource": f"arn:aws:s3:::{bucket}/key", "Principal": {"AWS": principal}}),
    )
    assert refused(get, Bucket=bucket, Key="key").startswith(DENIED)  # the other side doesn't allow it
    if named == "role":
        iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=document(reading))
    else:
        let(iam, name, reading)
    get(Bucket=bucket, Key="key")
    assert refused(get, Bucket=bucket, Key="other").startswith(DENIED)
    deleted = session.s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "key"}]})
    assert [item["Key"] for item in deleted["Deleted"]] == ["key"]
    if named != "account":
        assert refused(stranger.s3.get_object, Bucket=bucket, Key="key").startswith(DENIED)


def test_a_bucket_policy_binds_root_too(accounts: Accounts) -> None:
    """Source: S3 API Reference, "PutBucketPolicy": root may still put and delete the policy."""
    owner, other = accounts.administrator(ACCOUNT).s3, accounts.administrator(OTHER_ACCOUNT).s3
    owner.create_bucket(Bucket="strict-root")
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::strict-root"}
    owner.list_objects_v2(Bucket="strict-root")
    assert refused(other.list_objects_v2, Bucket="strict-root").startswith(DENIED)
    owner.put_bucket_policy(Bucket="strict-root", Policy=document(deny))
    assert refused(owner.list_objects_v2, Bucket="strict-root").startswith(DENIED)
    owner.get_bucket_policy(Bucket="strict-root")
    owner.delete_bucket_policy(Bucket="strict-root")
    allow_other = {
        "Principal": {"AWS": OTHER_ACCOUNT},
        "Action": "s3:ListBucket",
        "Resource": "arn:aws:s3:::strict-root",
    }
    owner.put_bucket_policy(Bucket="strict-root", Policy=document(allow_other))
    other.list_objects_v2(Bucket="strict-root")


def test_object_keys_are_not_normalized(accounts: Accounts, iam: "IAMClient", sign_in: SignIn) -> None:
    accounts.administrator(ACCOUNT).s3.create_bucket(Bucket=BUCKET)
    s3 = sign_in("klara").s3
    let(iam, "klara", allow("s3:PutObject", f"arn:aws:s3:::{BUCKET}/reports/"))
    s3.put_object(Bucket=BUCKET, Key="reports/", Body=b"")
    for key in ("reports", "reports//", "/reports/"):
        assert refused(s3.put_object, Bucket=BUCKET, Key=key, Body=b"").startswith(DENIED)
    let(iam, "klara", allow("s3:PutObject", f"arn:aws:s3:::{BUCKET}//"))
    s3.put_object(Bucket=BUCKET, Key="/", Body=b"")
    assert refused(s3.create_bucket, Bucket="strict-not-a-key").startswith(DENIED)


# Service Authorization Reference, "Actions, resources, and condition keys for AWS Identity and Access Management".


def test_attached_policies_are_a_condition_key(iam: "IAMClient", sign_in: SignIn) -> None:
    user = sign_in("petra").iam
    iam.create_group(GroupName="Attached")
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    rights = ["iam:AttachUserPolicy", "iam:AttachGroupPolicy"]
    let(iam, "petra", allow(rights, "*", ArnEquals={"iam:PolicyARN": arn}))
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    user.attach_group_policy(GroupName="Attached", PolicyArn=arn)
    assert refused(user.attach_group_policy, GroupName="Attached", PolicyArn=admin).startswith(DENIED)
    assert refused(user.attach_user_policy, UserName="petra", PolicyArn=admin).startswith(DENIED)


def test_resource_tags_are_condition_keys(iam: "IAMClient", sign_in: SignIn) -> None:
    user = sign_in("tilda")
    iam.create_user(UserName="labelled", Tags=[{"Key": "team", "Value": "web"}])
    arn = make_role(iam, "labelled", trust(), Tags=[{"Key": "team", "Value": "web"}])
    condition = {"StringEquals": {"aws:ResourceTag/team": "web"}}
    let(iam, "tilda", allow(["iam:GetUser", "sts:AssumeRole"], "*", **condition))
    user.iam.get_user(UserName="labelled")
    assert refused(user.iam.get_user, UserName="tilda").startswith(DENIED)
    user.sts.assume_role(RoleArn=arn, RoleSessionName="session")
    iam.untag_role(RoleName="labelled", TagKeys=["team"])
    assert refused(user.sts.assume_role, RoleArn=arn, RoleSessionName="session").startswith(DENIED)


# MFA. IAM User Guide, "Configuring MFA-protected API access".

FAILED = "403 AccessDenied: MultiFactorAuthentication failed"


def test_a_valid_code_works_once(accounts: Accounts, iam: "IAMClient", sign_in: SignIn) -> None:
    user = sign_in("milla")
    device = MfaDevice(iam, "milla")
    let(iam, "milla", allow("sts:AssumeRole"))
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "60"}}
    arn = make_role(iam, "with-mfa", trust(**condition), allow("iam:GetUser"), allow("sts:*"))
    call: dict[str, Any] = {"RoleArn": arn, "RoleSessionName": "session"}
    right: dict[str, Any] = {**call, "SerialNumber": device.serial_number, "TokenCode": device.next_code()}
    assert refused(user.sts.assume_role, **call).startswith(DENIED)
    wrong = {**right, "TokenCode": str((int(right["TokenCode"]) + 1) % 10**6).zfill(6)}
    assert refused(user.sts.assume_role, **wrong) == f"{FAILED} with invalid MFA one time pass code. "
    session = assume(accounts, user, **right)
    assert refused(user.sts.assume_role, **right) == f"{FAILED} with invalid MFA one time pass code. "
    # Role sessions have no MFA, and no devices.
    assert refused(session.sts.assume_role, **call).startswith(DENIED)
    assert refused(session.sts.assume_role, **right).startswith(f"{FAILED}, unable to validate MFA code.")
    given = user.sts.get_session_token(SerialNumber=device.serial_number, TokenCode=device.next_code())["Credentials"]
    signed_in = accounts.session(Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]))
    signed_in.sts.assume_role(**call)


def test_another_users_device_is_refused(iam: "IAMClient", sign_in: SignIn) -> None:
    other = MfaDevice(iam, "mallory" if sign_in("mallory") else "")
    user = sign_in("marie").sts
    call = {"SerialNumber": other.serial_number, "TokenCode": other.next_code()}
    assert refused(user.get_session_token, **call).startswith(f"{FAILED}, unable to validate MFA code.")
    incomplete = {"SerialNumber": other.serial_number}
    assert refused(user.get_session_token, **incomplete).startswith(f"{FAILED}, must provide both")
    user.get_session_token()


def test_a_device_is_enabled_by_two_consecutive_codes(iam: "IAMClient", sign_in: SignIn) -> None:
    assert sign_in("martha")
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="martha")["VirtualMFADevice"]["SerialNumber"]
    call = {
        "UserName": "martha",
        "SerialNumber": serial,
        "AuthenticationCode1": "123456",
        "AuthenticationCode2": "123457",
    }
    assert refused(iam.enable_mfa_device, **call).startswith("403 InvalidAuthenticationCode: ")

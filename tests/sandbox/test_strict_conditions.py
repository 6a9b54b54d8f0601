"""Tests that conditions decide as on AWS: variables, session tags, source identity, resource tags, and MFA."""

from typing import TYPE_CHECKING, Any

import pytest

from access.credentials import Credentials
from sandbox.users import Accounts
from tests.sandbox.mfa_device import MfaDevice
from tests.sandbox.strict_policies import (
    ACCOUNT,
    BUCKET,
    DENIED,
    OTHER_ACCOUNT,
    SignIn,
    allow,
    assume,
    document,
    let,
    make_role,
    trust,
)
from tests.support.refused import refused

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

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

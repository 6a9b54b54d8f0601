"""Tests that the sandbox refuses calls of IAM and STS as AWS documents, and accepts them once the cause is gone."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore import xform_name

from access.accounts import Session
from access.credentials import Credentials
from sandbox.strict.table import rows
from sandbox.users import Accounts, User
from tests.sandbox.mfa_device import MfaDevice
from tests.support.refused import Call, refused

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

ACCOUNT = "111111111111"
VERSION = "2012-10-17"
ALL: dict[str, Any] = {"Effect": "Allow", "Action": "*", "Resource": "*"}
BY_ACCOUNT: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}


def document(*statements: object, **more: object) -> str:
    return json.dumps({"Version": VERSION, "Statement": statements, **more})


def padded(size: int, statement: dict[str, Any]) -> str:
    """Return a document of this size, not counting white space."""
    text = json.dumps(json.loads(document({**statement, "Condition": {"StringEquals": {"aws:username": ""}}})))
    return text.replace('""', f'"{"x" * (size - len("".join(text.split())))}"') + " " * 100


POLICY, TRUST = document(ALL), document(BY_ACCOUNT)


@pytest.fixture(scope="module")
def iam(accounts: Accounts) -> "IAMClient":
    return accounts.administrator(ACCOUNT).iam


@pytest.fixture(scope="module")
def user(accounts: Accounts) -> Iterator[Session]:
    """Yield a session of a user who may assume any role."""
    with ExitStack() as stack:
        user = User("refused", ACCOUNT)
        accounts.make(user)
        yield stack.enter_context(accounts.signed_in(user))


def opened(accounts: Accounts, given: Any) -> Session:  # noqa: ANN401 (an answer of STS)
    keys = given["Credentials"]
    return accounts.session(Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]))


def make_role(iam: "IAMClient", name: str, **more: Any) -> str:  # noqa: ANN401
    return iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, **more)["Role"]["Arn"]


def documented(error: str) -> list[str]:
    """Return the IAM calls for which the table names a test of this module."""
    return [
        row.call
        for row in rows()
        if (row.service, row.error) == ("iam", error) and __name__.split(".")[-1] in row.state
    ]


def call_of(iam: "IAMClient", name: str, **given: object) -> Any:  # noqa: ANN401
    """Return a call with all required parameters, which name missing resources unless given."""
    model = iam.meta.service_model.operation_model(name)
    shape: Any = model.input_shape
    needed = {*shape.required_members, *({"UserName"} & shape.members.keys())}
    if name == "CreateUser":
        needed.add("PermissionsBoundary")
    parameters = {member: {**MISSING, **given}.get(member, "missing") for member in needed}
    return partial(getattr(iam, xform_name(name)), **parameters)


MISSING: dict[str, object] = {
    "AccessKeyId": "AKIAMISSINGMISSING00",
    "AuthenticationCode1": "123456",
    "AuthenticationCode2": "123456",
    "PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/missing",
    "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/missing",
    "PolicyDocument": POLICY,
    "SerialNumber": f"arn:aws:iam::{ACCOUNT}:mfa/missing",
    "TagKeys": ["team"],
    "Tags": [{"Key": "team", "Value": "web"}],
    "VersionId": "v1",
}


# STS API Reference, "AssumeRole" and "GetSessionToken".


def test_a_session_is_not_longer_than_its_role_allows(iam: "IAMClient", user: Session) -> None:
    call: dict[str, Any] = {"RoleArn": make_role(iam, "hour"), "RoleSessionName": "session", "DurationSeconds": 3601}
    exceeds = "400 ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    assert refused(user.sts.assume_role, **call) == exceeds
    iam.update_role(RoleName="hour", MaxSessionDuration=7200)
    user.sts.assume_role(**call)


def test_a_chained_session_is_not_longer_than_an_hour(accounts: Accounts, iam: "IAMClient", user: Session) -> None:
    arn = make_role(iam, "chained", MaxSessionDuration=7200)
    iam.put_role_policy(RoleName="chained", PolicyName="all", PolicyDocument=POLICY)
    call: dict[str, Any] = {"RoleArn": arn, "RoleSessionName": "session"}
    sessions = [opened(accounts, user.sts.assume_role(**call)), opened(accounts, user.sts.get_session_token())]
    for session in sessions:
        assert refused(session.sts.assume_role, **call, DurationSeconds=3601) == (
            "400 ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by"
            " role chaining."
        )
        session.sts.assume_role(**call, DurationSeconds=3600)
    user.sts.assume_role(**call, DurationSeconds=3601)


def test_root_can_not_assume_a_role(accounts: Accounts, iam: "IAMClient") -> None:
    call = {"RoleArn": make_role(iam, "not-for-root"), "RoleSessionName": "session"}
    root = accounts.administrator(ACCOUNT).sts
    denied = "403 AccessDenied: Roles may not be assumed by root accounts."
    assert refused(root.assume_role, **call) == denied
    assert refused(opened(accounts, root.get_session_token()).sts.assume_role, **call) == denied


def test_a_missing_role_is_refused(user: Session) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/nothing"
    assert refused(user.sts.assume_role, RoleArn=arn, RoleSessionName="session").startswith("403 AccessDenied: User: ")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ({"RoleSessionName": "a b"}, {"RoleSessionName": "a+b=,.@-_"}),
        ({"RoleSessionName": "x" * 65}, {"RoleSessionName": "x" * 64}),
        ({"ExternalId": "a b"}, {"ExternalId": "a:/b"}),
        ({"SourceIdentity": "a/b"}, {"SourceIdentity": "a-b"}),
        ({"DurationSeconds": 43201}, {"DurationSeconds": 3600}),
        ({"Tags": [{"Key": "a*", "Value": ""}]}, {"Tags": [{"Key": "a/ é", "Value": ""}]}),
        ({"Tags": [{"Key": "a", "Value": "x" * 257}]}, {"Tags": [{"Key": "a", "Value": "x" * 256}]}),
    ],
)
def test_invalid_parameters_of_a_session_are_refused(
    iam: "IAMClient", user: Session, wrong: dict[str, Any], right: dict[str, Any]
) -> None:
    if "anything" not in [role["RoleName"] for role in iam.list_roles()["Roles"]]:
        rights = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
        arn = make_role(iam, "anything")
        iam.update_assume_role_policy(RoleName="anything", PolicyDocument=document({**BY_ACCOUNT, "Action": rights}))
    arn = iam.get_role(RoleName="anything")["Role"]["Arn"]
    call = {"RoleArn": arn, "RoleSessionName": "session"}
    assert refused(user.sts.assume_role, **{**call, **wrong}).startswith(
        "400 ValidationError: 1 validation error detected: Value '"
    )
    user.sts.assume_role(**{**call, **right})


def test_user_sessions_call_iam_only_with_mfa(accounts: Accounts, iam: "IAMClient", user: Session) -> None:
    device = MfaDevice(iam, "refused")
    iam.put_user_policy(UserName="refused", PolicyName="list", PolicyDocument=POLICY)
    code: Any = {"SerialNumber": device.serial_number, "TokenCode": device.next_code()}
    without = opened(accounts, user.sts.get_session_token())
    assert refused(without.iam.list_users).startswith("403 InvalidClientTokenId: ")
    federated = opened(accounts, user.sts.get_federation_token(Name="federated", Policy=POLICY))
    assert refused(federated.iam.list_users).startswith("403 InvalidClientTokenId: ")
    opened(accounts, user.sts.get_session_token(**code)).iam.list_users()


# IAM User Guide, "IAM and AWS STS quotas".


def exceeded(quota: str, most: int) -> str:
    return f"409 LimitExceeded: Cannot exceed quota for {quota}: {most}"


def test_a_user_has_at_most_two_keys_and_ten_groups(iam: "IAMClient") -> None:
    iam.create_user(UserName="full")
    keys = [iam.create_access_key(UserName="full")["AccessKey"]["AccessKeyId"] for _ in range(2)]
    assert refused(iam.create_access_key, UserName="full") == exceeded("AccessKeysPerUser", 2)
    iam.delete_access_key(UserName="full", AccessKeyId=keys[0])
    iam.create_access_key(UserName="full")
    for number in range(11):
        iam.create_group(GroupName=f"group-{number}")
    for number in range(10):
        iam.add_user_to_group(UserName="full", GroupName=f"group-{number}")
    assert refused(iam.add_user_to_group, UserName="full", GroupName="group-10") == exceeded("GroupsPerUser", 10)
    iam.add_user_to_group(UserName="full", GroupName="group-9")  # is a member already
    iam.remove_user_from_group(UserName="full", GroupName="group-0")
    iam.add_user_to_group(UserName="full", GroupName="group-10")


@pytest.mark.parametrize("kind", ["User", "Group", "Role"])
def test_at_most_ten_policies_are_attached(iam: "IAMClient", kind: str) -> None:
    create, attach = getattr(iam, f"create_{kind.lower()}"), getattr(iam, f"attach_{kind.lower()}_policy")
    who = {f"{kind}Name": f"attached-{kind}"}
    create(**who, **({"AssumeRolePolicyDocument": TRUST} if kind == "Role" else {}))
    arns = [
        iam.create_policy(PolicyName=f"{kind}-{number}", PolicyDocument=POLICY)["Policy"]["Arn"] for number in range(11)
    ]
    for arn in arns[:10]:
        attach(**who, PolicyArn=arn)
    assert refused(attach, **who, PolicyArn=arns[10]) == exceeded(f"PoliciesPer{kind}", 10)
    getattr(iam, f"detach_{kind.lower()}_policy")(**who, PolicyArn=arns[0])
    attach(**who, PolicyArn=arns[10])
    missing = f"arn:aws:iam::{ACCOUNT}:policy/missing"
    not_there = f"404 NoSuchEntity: Policy {missing} does not exist or is not attachable."
    assert refused(attach, **who, PolicyArn=missing) == not_there


@pytest.mark.parametrize(("kind", "most"), [("user", 2048), ("group", 5120), ("role", 10240)])
def test_the_total_size_of_inline_policies_is_limited(iam: "IAMClient", kind: str, most: int) -> None:
    create, put = getattr(iam, f"create_{kind}"), getattr(iam, f"put_{kind}_policy")
    name = f"sized-{kind}"
    who = {f"{kind.title()}Name": name}
    create(**who, **({"AssumeRolePolicyDocument": TRUST} if kind == "role" else {}))
    put(**who, PolicyName="first", PolicyDocument=padded(1000, ALL))
    put(**who, PolicyName="second", PolicyDocument=padded(most - 1000, ALL))
    too_large = {**who, "PolicyName": "second", "PolicyDocument": padded(most - 999, ALL)}
    assert (
        refused(put, **too_large)
        == f"409 LimitExceeded: Maximum policy size of {most} bytes exceeded for {kind} {name}"
    )
    put(**who, PolicyName="first", PolicyDocument=padded(999, ALL))
    put(**too_large)


def test_the_size_and_versions_of_managed_policies_are_limited(iam: "IAMClient") -> None:
    large, too_large = padded(6144, ALL), padded(6145, ALL)
    assert refused(iam.create_policy, PolicyName="sized", PolicyDocument=too_large) == exceeded("PolicySize", 6144)
    arn = iam.create_policy(PolicyName="sized", PolicyDocument=large)["Policy"]["Arn"]
    call = {"PolicyArn": arn, "PolicyDocument": POLICY}
    assert refused(iam.create_policy_version, PolicyArn=arn, PolicyDocument=too_large) == exceeded("PolicySize", 6144)
    for _ in range(4):
        iam.create_policy_version(**call)  # type: ignore[arg-type]
    assert refused(iam.create_policy_version, **call).startswith("409 LimitExceeded: A managed policy can have up to 5")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    iam.create_policy_version(**call)  # type: ignore[arg-type]


def test_the_size_of_trust_policies_is_limited(iam: "IAMClient") -> None:
    large, too_large = padded(2048, BY_ACCOUNT), padded(2049, BY_ACCOUNT)
    call = {"RoleName": "sized-trust", "AssumeRolePolicyDocument": too_large}
    assert refused(iam.create_role, **call) == exceeded("ACLSizePerRole", 2048)
    iam.create_role(RoleName="sized-trust", AssumeRolePolicyDocument=large)
    update: Call = iam.update_assume_role_policy
    assert refused(update, RoleName="sized-trust", PolicyDocument=too_large) == exceeded("ACLSizePerRole", 2048)


# IAM API Reference, ValidationError, of names and paths.


@pytest.mark.parametrize(
    ("kind", "wrong", "right"),
    [
        ("user", {"UserName": "a b"}, {"UserName": "a+b"}),
        ("user", {"UserName": "x" * 65}, {"UserName": "x" * 64}),
        ("user", {"UserName": "path", "Path": "no-slash"}, {"UserName": "path", "Path": "/with/slashes/"}),
        ("group", {"GroupName": "x" * 129}, {"GroupName": "x" * 128}),
        ("role", {"RoleName": "x" * 65}, {"RoleName": "x" * 64}),
        ("role", {"RoleName": "long", "MaxSessionDuration": 43201}, {"RoleName": "long", "MaxSessionDuration": 43200}),
        ("policy", {"PolicyName": "a/b"}, {"PolicyName": "a-b"}),
    ],
)
def test_invalid_parameters_of_new_resources_are_refused(
    iam: "IAMClient", kind: str, wrong: dict[str, object], right: dict[str, object]
) -> None:
    create = getattr(iam, f"create_{kind}")
    more = {"role": {"AssumeRolePolicyDocument": TRUST}, "policy": {"PolicyDocument": POLICY}}.get(kind, {})
    assert refused(create, **wrong, **more).startswith("400 ValidationError: 1 validation error detected: Value '")
    create(**right, **more)


# IAM API Reference, MalformedPolicyDocument.

SYNTAX = "Syntax errors in policy."
MALFORMED = [
    ("{", SYNTAX),
    ("[]", SYNTAX),
    (document(ALL, Version="2012-10-18"), SYNTAX),
    (document(ALL, Extra="x"), SYNTAX),
    (document(), SYNTAX),
    (document({**ALL, "Effect": "Permit"}), SYNTAX),
    (document({**ALL, "Extra": "x"}), SYNTAX),
    (document({**ALL, "NotAction": "*"}), SYNTAX),
    (document({**ALL, "Condition": {"StringSame": {"aws:username": "x"}}}), SYNTAX),
    (document({**ALL, "Condition": {"StringEquals": {"aws:username": {}}}}), SYNTAX),
    (document({**ALL, "Action": []}), "Policy statement must contain actions."),
    (
        document({**ALL, "Action": "GetUser"}),
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    ),
    (document({"Effect": "Allow", "Action": "*"}), "Policy statement must contain resources."),
    (document({**ALL, "Resource": "bucket"}), 'Resource bucket must be in ARN format or "*".'),
    (document({**ALL, "Principal": "*"}), "Policy document should not specify a principal."),
    (
        document({**ALL, "Sid": "Same"}, {**ALL, "Sid": "Same"}),
        "Statement IDs (SID) in a single policy must be unique.",
    ),
]


@pytest.mark.parametrize(("text", "message"), MALFORMED)
def test_invalid_policies_are_refused(iam: "IAMClient", text: str, message: str) -> None:
    there = f"arn:aws:iam::{ACCOUNT}:policy/well-formed"
    if "malformed" not in [group["GroupName"] for group in iam.list_groups()["Groups"]]:
        iam.create_group(GroupName="malformed")
        iam.create_user(UserName="malformed")
        make_role(iam, "malformed")
        iam.create_policy(PolicyName="well-formed", PolicyDocument=POLICY)
    malformed = f"400 MalformedPolicyDocument: {message}"
    assert refused(iam.create_policy, PolicyName="malformed", PolicyDocument=text) == malformed
    names = {"GroupName": "malformed", "UserName": "malformed", "RoleName": "malformed", "PolicyArn": there}
    calls = [call for call in documented("MalformedPolicyDocument") if "Role" not in call or "Put" in call]
    assert len(calls) == 5
    for call in calls:
        assert refused(call_of(iam, call, PolicyDocument=text, **names)) == malformed


def test_valid_policies_are_accepted(iam: "IAMClient") -> None:
    condition = {"ForAllValues:StringLikeIfExists": {"aws:TagKeys": ["a", "b"]}, "Bool": {"aws:SecureTransport": True}}
    statement = {**ALL, "Sid": "One", "Action": ["s3:Get*", "iam:*"], "Condition": condition}
    for name, text in (("one", json.dumps({"Statement": statement})), ("two", document(statement, ALL, Id="id"))):
        iam.create_policy(PolicyName=f"fine-{name}", PolicyDocument=text)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ({"Effect": "Allow", "Action": "sts:AssumeRole"}, "Missing required field Principal"),
        ({**BY_ACCOUNT, "Resource": "*"}, "Has prohibited field Resource"),
        ({**BY_ACCOUNT, "Action": "s3:GetObject"}, "AssumeRole policy may only specify STS AssumeRole actions."),
    ],
)
def test_invalid_trust_policies_are_refused(iam: "IAMClient", statement: dict[str, Any], message: str) -> None:
    call = {"RoleName": "no-trust", "AssumeRolePolicyDocument": document(statement)}
    assert refused(iam.create_role, **call) == f"400 MalformedPolicyDocument: {message}"


# IAM User Guide, "AWS JSON policy elements: Principal".


@pytest.mark.parametrize(
    "principal",
    [
        f"arn:aws:iam::{ACCOUNT}:user/missing",
        f"arn:aws:iam::{ACCOUNT}:role/missing",
        f"arn:aws:iam::{ACCOUNT}:user/another/path/refused",
        f"arn:aws:iam::{ACCOUNT}:user/*",
        f"arn:aws:iam::{ACCOUNT}:group/group",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/missing/session",
        "AIDAMISSING",
        "11111",
        "nobody",
    ],
)
def test_missing_principals_are_refused(iam: "IAMClient", user: Session, principal: str) -> None:
    assert user.sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/refused"
    text = document({**BY_ACCOUNT, "Principal": {"AWS": [ACCOUNT, principal]}})
    invalid = f'400 MalformedPolicyDocument: Invalid principal in policy: "AWS":"{principal}"'
    assert refused(iam.create_role, RoleName="invalid", AssumeRolePolicyDocument=text) == invalid


def test_only_existing_accounts_are_principals(accounts: Accounts, folder: Path, iam: "IAMClient") -> None:
    known = folder / "account-ids.json"

    def create(account_id: str) -> None:
        for principal in (account_id, f"arn:aws:iam::{account_id}:root"):
            text = document({**BY_ACCOUNT, "Principal": {"AWS": principal}})
            iam.create_role(RoleName="of-account", AssumeRolePolicyDocument=text)
            iam.delete_role(RoleName="of-account")

    create("333333333333")  # without a list, every account exists
    known.write_text('["222222222222"]')
    try:
        create("222222222222")
        create(ACCOUNT)  # it has resources
        invalid = '400 MalformedPolicyDocument: Invalid principal in policy: "AWS":"333333333333"'
        assert refused(create, account_id="333333333333") == invalid
        accounts.administrator("333333333333").iam.create_user(UserName="somebody")
        create("333333333333")
    finally:
        known.unlink()


def test_a_deleted_principal_leaves_its_unique_id(accounts: Accounts, iam: "IAMClient") -> None:
    gone = iam.create_user(UserName="gone")["User"]
    text = document({**BY_ACCOUNT, "Principal": {"AWS": [gone["Arn"], ACCOUNT]}})
    iam.create_role(RoleName="trusting", AssumeRolePolicyDocument=text)
    s3 = accounts.administrator(ACCOUNT).s3
    s3.create_bucket(Bucket="strict-trusting")
    reading = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::strict-trusting/*"}
    s3.put_bucket_policy(Bucket="strict-trusting", Policy=document({**reading, "Principal": {"AWS": gone["Arn"]}}))
    iam.delete_user(UserName="gone")
    iam.create_user(UserName="gone")
    trusting: Any = iam.get_role(RoleName="trusting")["Role"]["AssumeRolePolicyDocument"]
    assert trusting["Statement"][0]["Principal"] == {"AWS": [gone["UserId"], ACCOUNT]}
    policy = json.loads(s3.get_bucket_policy(Bucket="strict-trusting")["Policy"])
    assert policy["Statement"][0]["Principal"] == {"AWS": gone["UserId"]}


def test_invalid_session_policies_are_refused(iam: "IAMClient", user: Session) -> None:
    call: dict[str, Any] = {"RoleArn": make_role(iam, "session-policy"), "RoleSessionName": "session"}
    for no_policy in ("{", document({**ALL, "Effect": "Permit"})):
        assert refused(user.sts.assume_role, **call, Policy=no_policy).startswith("400 MalformedPolicyDocument: ")
        token: dict[str, str] = {"Name": "federated", "Policy": no_policy}
        assert refused(user.sts.get_federation_token, **token).startswith("400 MalformedPolicyDocument: ")
    user.sts.assume_role(**call, Policy=POLICY)


# IAM API Reference, NoSuchEntity.


@pytest.mark.parametrize("name", documented("NoSuchEntity"))
def test_missing_resources_are_refused(iam: "IAMClient", name: str) -> None:
    document_of_role = {"PolicyDocument": TRUST} if name == "UpdateAssumeRolePolicy" else {}
    assert refused(call_of(iam, name, **document_of_role)).startswith("404 NoSuchEntity: ")


# IAM API Reference, UnmodifiableEntity.


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("AWSReservedSSO_Developers_0123456789abcdef", "/aws-reserved/sso.amazonaws.com/"),
        ("AWSServiceRoleForSupport", "/aws-service-role/support.amazonaws.com/"),
    ],
)
def test_aws_own_roles_can_not_be_changed(iam: "IAMClient", name: str, path: str) -> None:
    make_role(iam, name, Path=path)
    for call in documented("UnmodifiableEntity"):
        assert refused(call_of(iam, call, RoleName=name)) == (
            f"400 UnmodifiableEntity: Cannot perform the operation on the protected role '{name}'"
            " - this role is only modifiable by AWS"
        )
    make_role(iam, name.replace("AWS", "Our"))
    iam.put_role_policy(RoleName=name.replace("AWS", "Our"), PolicyName="rights", PolicyDocument=POLICY)

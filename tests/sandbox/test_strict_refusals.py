"""Tests that the sandbox refuses sessions, policies and principals as AWS documents, and accepts right ones."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from access.accounts import Session
from access.credentials import Credentials
from sandbox.users import Accounts, User
from tests.sandbox.mfa_device import MfaDevice
from tests.sandbox.strict_calls import ACCOUNT, ALL, BY_ACCOUNT, POLICY, call_of, document, documented, make_role
from tests.support.refused import refused

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


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
    calls = documented("test_invalid_policies_are_refused")
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

"""Tests that the sandbox refuses calls beyond a quota, with invalid names, and of missing or AWS's own resources."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.strict_calls import ACCOUNT, ALL, BY_ACCOUNT, POLICY, TRUST, call_of, document, documented, make_role
from tests.support.refused import Call, refused

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def padded(size: int, statement: dict[str, Any]) -> str:
    """Return a document of this size, not counting white space."""
    text = json.dumps(json.loads(document({**statement, "Condition": {"StringEquals": {"aws:username": ""}}})))
    return text.replace('""', f'"{"x" * (size - len("".join(text.split())))}"') + " " * 100


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


# IAM API Reference, NoSuchEntity.


@pytest.mark.parametrize("name", documented("test_missing_resources_are_refused"))
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
    for call in documented("test_aws_own_roles_can_not_be_changed"):
        assert refused(call_of(iam, call, RoleName=name)) == (
            f"400 UnmodifiableEntity: Cannot perform the operation on the protected role '{name}'"
            " - this role is only modifiable by AWS"
        )
    make_role(iam, name.replace("AWS", "Our"))
    iam.put_role_policy(RoleName=name.replace("AWS", "Our"), PolicyName="rights", PolicyDocument=POLICY)

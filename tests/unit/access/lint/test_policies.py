"""Test which documents ``access lint`` checks."""

import json
from typing import Any

import pytest

from access.iam.account_reader import AccountState, BucketState, RoleState
from access.iam.documents import parse
from access.lint.deployed_policies import buckets_of, deployed_policies
from access.stack_outputs import StackOutputs
from tests.support.iam_accounts import HERE, AccountDetails, allow, arn, deny, root, trusts

TRUST = trusts(root())
ACCOUNT = (
    AccountDetails()
    .role("UpdateApp", TRUST, inline={"s3": allow("s3:*")}, attached=["custom"], boundary="bounds")
    .role("Builder", TRUST, inline={"deny": deny("sts:*")}, boundary="bounds")
    .role("Other", TRUST, inline={"x": allow("*")})
    .group("Developers", inline={"allow": allow("sts:*")}, attached=["custom"])
    .group("Others", inline={"x": allow("*")})
    .policy("custom", allow("ec2:*"), older=allow("*"))
    .policy("bounds", allow("*"))
    .policy("allow-assume-roles-Dev", allow("sts:AssumeRole"))
    .policy("allow-assume-roles-Ops", allow("sts:AssumeRole"))
)
GRANT: Any = {"allow": [], "deny": []}
OUTPUTS = StackOutputs(
    "production",
    role_arns={"UpdateApp": arn("role", "UpdateApp")},
    groups={"Developers": GRANT},
    grantee_roles={"Builder": GRANT},
    permission_sets={"Dev": GRANT},
)


def account(*buckets: BucketState) -> AccountState:
    role = RoleState(arn("role", "UpdateApp"), parse(TRUST), TRUST, 3600, None)
    return AccountState(HERE, ACCOUNT.directory(), {"UpdateApp": role}, (), (), {it.name: it for it in buckets})


def test_only_documents_of_the_stack_are_checked() -> None:
    bucket = BucketState("productionapp", policy_document=allow("s3:*"))
    found = {it.where: it for it in deployed_policies(account(bucket, BucketState("bare")), OUTPUTS)}
    documents = {where: json.loads(it.document or "") for where, it in found.items()}
    assert documents == {
        "trust policy of role UpdateApp": TRUST,
        "policy s3 of role UpdateApp": allow("s3:*"),
        "policy custom of role UpdateApp": allow("ec2:*"),
        "permissions boundary of role UpdateApp": allow("*"),
        "policy allow of group Developers": allow("sts:*"),
        "policy custom of group Developers": allow("ec2:*"),
        "policy deny of role Builder": deny("sts:*"),
        "policy allow-assume-roles-Dev of permission set Dev": allow("sts:AssumeRole"),
        "policy of bucket productionapp": allow("s3:*"),
    }
    assert {where: it.kind for where, it in found.items() if it.kind != "IDENTITY_POLICY"} == {
        "trust policy of role UpdateApp": "AWS::IAM::AssumeRolePolicyDocument",
        "policy of bucket productionapp": "AWS::S3::Bucket",
    }


def test_an_unreadable_policy_is_named() -> None:
    unread = BucketState("productionapp", unread=frozenset(["policy"]))
    *_, last = deployed_policies(account(unread), OUTPUTS)
    assert (last.where, last.document) == ("policy of bucket productionapp", None)


@pytest.mark.parametrize(
    ("options", "existing", "buckets"),
    [
        ({"bucket": "a"}, (), {"a"}),
        ({"buckets": ["a", "b"]}, (), {"a", "b"}),
        ({"bucket": "a"}, ("UpdateApp",), set()),
        ({}, (), set()),
    ],
)
def test_only_the_stacks_own_buckets_are_read(
    options: dict[str, object], existing: tuple[str, ...], buckets: set[str]
) -> None:
    outputs = StackOutputs("production", role_options={"UpdateApp": options}, on_existing_buckets=existing)
    assert buckets_of(outputs) == buckets

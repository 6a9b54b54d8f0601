"""Test reviews with changes in every form beside a role's options and other grantees, as AWS documents it.

Sources: IAM User Guide, "Policy evaluation logic", "AWS JSON policy elements: Principal" and "... NotPrincipal",
"Condition operators", "Set operators for multi-valued context keys" and "Permissions boundaries for IAM entities".
"""

from typing import Any

import pytest

from tests.support.deployed import Aws, allow, deny, document, root, trusts
from tests.support.edit_forms import (
    TRUST,
    also_trusts,
    another_user,
    assert_only,
    changed_own,
    findings_of,
    other_role,
    service,
    when,
)
from tests.support.edits import THIRD, Edit, all_of, inline, trust
from tests.support.rendered import DEVELOPMENT, PRODUCTION, ROLE, State, group, role, state

KEY = f"arn:aws:kms:us-east-1:{PRODUCTION}:key/1234abcd"
ENCRYPTED: dict[str, Any] = {"kms_key_arns": [KEY]}
WITH_MFA: dict[str, Any] = {"require_mfa": True}
WITH_ID: dict[str, Any] = {"external_id": "Example-987"}
PREFIXED: dict[str, Any] = {"prefixes": ["reports/"]}
GRANTEE_ROLE = [group("Deployer", kind="role", allow=[ROLE])]
PERMISSION_SET = [group("Dev", kind="permissionSet", allow=[ROLE])]


WITHIN = state(roles=[role(trusted_account_id=PRODUCTION)], grantees=[])
"""A role that trusts its own account."""


def _addresses(*ranges: str) -> Edit:
    """Replace the addresses in the trust policy."""

    def edit(aws: Aws) -> None:
        for each in aws.update_app["AssumeRolePolicyDocument"]["Statement"]:
            for keys in each.get("Condition", {}).values():
                keys.update({"aws:SourceIp": [*ranges]} if "aws:SourceIp" in keys else {})

    return edit


OTHER_STACKS: dict[str, tuple[State, Edit, str, str]] = {
    "grantee role trust third": (
        state(grantees=GRANTEE_ROLE),
        lambda aws: aws.development.roles["Deployer"].update(
            AssumeRolePolicyDocument=trusts(root(DEVELOPMENT), root(THIRD))
        ),
        "excess",
        "role Deployer may also let account 333333333333 in",
    ),
    "grantee role trust everybody": (
        state(grantees=GRANTEE_ROLE),
        lambda aws: aws.development.roles["Deployer"].update(AssumeRolePolicyDocument=trusts("*")),
        "excess",
        "role Deployer may also let account 999999999999 in",
    ),
    "grantee role trust production": (
        state(grantees=GRANTEE_ROLE),
        lambda aws: aws.development.roles["Deployer"].update(AssumeRolePolicyDocument=trusts(root(PRODUCTION))),
        "excess",
        "role Deployer may also let account 999999999999 in",
    ),
    "grantee role deny": (
        state(grantees=GRANTEE_ROLE),
        lambda aws: aws.development.put(aws.development.roles["Deployer"], "Y", deny("sts:*")),
        "lack",
        "role Deployer may not assume UpdateApp, though that is",
    ),
    "grantee role more local": (
        state(grantees=GRANTEE_ROLE),
        lambda aws: aws.development.put(aws.development.roles["Deployer"], "Y", allow(["ec2:*", "s3:*"])),
        "",
        "",
    ),
    "grantee role admin": (
        state(grantees=GRANTEE_ROLE),
        lambda aws: aws.development.attach(aws.development.roles["Deployer"], "AdministratorAccess"),
        "excess",
        "role Deployer may also do sts:AssumeRole on *",
    ),
    "grantee role path": (
        state(grantees=GRANTEE_ROLE),
        lambda aws: aws.development.roles["Deployer"].update(Arn=f"arn:aws:iam::{DEVELOPMENT}:role/ci/Deployer"),
        "",
        "",
    ),
    "user may change grantee role": (
        state(grantees=GRANTEE_ROLE),
        another_user("N", content=allow("iam:PutRolePolicy", f"arn:aws:iam::{DEVELOPMENT}:role/Deployer")),
        "excess",
        "N may also change role Deployer",
    ),
    "user may change trust of grantee role": (
        state(grantees=GRANTEE_ROLE),
        another_user("N", content=allow("iam:UpdateAssumeRolePolicy", "*")),
        "excess",
        "N may also change role Deployer",
    ),
    "user may change permission set's policy": (
        state(grantees=PERMISSION_SET),
        another_user("N", content=allow("iam:CreatePolicyVersion", "*")),
        "excess",
        "N may also change the policies of permission set Dev",
    ),
    "member bounded": (
        state(grantees=[group("Developers", allow=[ROLE], members=["David"])]),
        lambda aws: aws.development.bound(aws.development.users["David"], aws.development.policy("B", allow("s3:*"))),
        "lack",
        "David may not assume UpdateApp, though that is declared",
    ),
    "kms role schedules deletion": (
        state(roles=[role(**ENCRYPTED)]),
        inline(allow("kms:ScheduleKeyDeletion", KEY)),
        "excess",
        "UpdateApp may also do kms:ScheduleKeyDeletion on",
    ),
    "kms role via service dropped": (
        state(roles=[role(**ENCRYPTED)]),
        inline(allow(["kms:Decrypt", "kms:GenerateDataKey"], KEY)),
        "excess",
        "UpdateApp may also do kms:Decrypt and kms:GenerateDataKey on",
    ),
    "kms role CreateGrant of production": (
        state(roles=[role(**ENCRYPTED)]),
        other_role("Other", document(service("ec2.amazonaws.com")), allow("kms:CreateGrant", KEY)),
        "excess",
        "role Other may also share key",
    ),
    "kms user deletes key": (
        state(roles=[role(**ENCRYPTED)]),
        another_user("N", content=allow("kms:ScheduleKeyDeletion", KEY), account=PRODUCTION),
        "excess",
        "N may also disable key",
    ),
    "kms denied": (
        state(roles=[role(**ENCRYPTED)]),
        inline(deny("kms:Decrypt")),
        "lack",
        "UpdateApp may not do kms:Decrypt on",
    ),
    "kms describe": (
        state(roles=[role(**ENCRYPTED)]),
        another_user("N", content=allow(["kms:DescribeKey", "kms:List*"]), account=PRODUCTION),
        "",
        "",
    ),
    "kms other key": (
        state(roles=[role(**ENCRYPTED)]),
        another_user("N", content=allow("kms:*", KEY + "0"), account=PRODUCTION),
        "",
        "",
    ),
    "MFA BoolIfExists": (
        state(roles=[role(**WITH_MFA)]),
        trust(trusts(root(DEVELOPMENT), **when("BoolIfExists", "aws:MultiFactorAuthPresent", "true"))),
        "excess",
        "Developers may also assume UpdateApp, in more circumstances",
    ),
    "MFA Null": (
        state(roles=[role(**WITH_MFA)]),
        trust(trusts(root(DEVELOPMENT), **when("Null", "aws:MultiFactorAuthPresent", "false"))),
        "excess",
        "Developers may also assume UpdateApp, in more circumstances",
    ),
    "MFA but one user": (
        state(roles=[role(**WITH_MFA)]),
        also_trusts({**TRUST, "Principal": {"AWS": f"arn:aws:iam::{DEVELOPMENT}:user/David"}}),
        "excess",
        "Developers may also assume UpdateApp, in more circumstances",
    ),
    "MFA same form list": (
        state(roles=[role(**WITH_MFA)]),
        trust(trusts(root(DEVELOPMENT), **when("Bool", "aws:MultiFactorAuthPresent", ["true"]))),
        "",
        "",
    ),
    "MFA bool cap": (
        state(roles=[role(**WITH_MFA)]),
        trust(trusts(root(DEVELOPMENT), **when("Bool", "AWS:multifactorauthpresent", True))),
        "",
        "",
    ),
    "external id StringLike": (
        state(roles=[role(**WITH_ID)]),
        trust(trusts(root(DEVELOPMENT), **when("StringLike", "sts:ExternalId", "Example-*"))),
        "excess",
        "Developers may also assume UpdateApp, in more circumstances",
    ),
    "external id IfExists": (
        state(roles=[role(**WITH_ID)]),
        trust(trusts(root(DEVELOPMENT), **when("StringEqualsIfExists", "sts:ExternalId", "Example-987"))),
        "excess",
        "Developers may also assume UpdateApp, in more circumstances",
    ),
    "external id ignore case": (
        state(roles=[role(**WITH_ID)]),
        trust(trusts(root(DEVELOPMENT), **when("StringEqualsIgnoreCase", "sts:ExternalId", "example-987"))),
        "excess",
        "Developers may also assume UpdateApp, in more circumstances",
    ),
    "external id or": (
        state(roles=[role(**WITH_ID)]),
        trust(trusts(root(DEVELOPMENT), **when("StringEquals", "sts:ExternalId", ["Example-987", "x"]))),
        "excess",
        "Developers may also assume UpdateApp, in more circumstances",
    ),
    "prefix list cond gone": (
        state(roles=[role(**PREFIXED)]),
        changed_own(lambda d: [s.pop("Condition", None) for s in d["Statement"]] and None),
        "excess",
        "UpdateApp may also do s3:ListBucket on",
    ),
    "prefix list like": (
        state(roles=[role(**PREFIXED)]),
        changed_own(
            lambda d: (
                [s.update(Condition={"StringLike": {"s3:prefix": "*"}}) for s in d["Statement"] if "Condition" in s]
                and None
            )
        ),
        "excess",
        "UpdateApp may also do s3:ListBucket on",
    ),
    "prefix IfExists": (
        state(roles=[role(**PREFIXED)]),
        changed_own(
            lambda d: (
                [
                    s.update(Condition={op + "IfExists": v for op, v in s["Condition"].items()})
                    for s in d["Statement"]
                    if "Condition" in s
                ]
                and None
            )
        ),
        "excess",
        "UpdateApp may also do s3:ListBucket on",
    ),
    "the role's own account: a user that the trust names": (
        WITHIN,
        also_trusts({**TRUST, "Principal": {"AWS": f"arn:aws:iam::{PRODUCTION}:user/Norman"}}),
        "excess",
        f"principals of account {PRODUCTION} that it names may also assume UpdateApp",
    ),
    "the role's own account: a user that the trust names besides the account": (
        WITHIN,
        trust(trusts(root(PRODUCTION), f"arn:aws:iam::{PRODUCTION}:user/Norman")),
        "excess",
        f"principals of account {PRODUCTION} that it names may also assume UpdateApp",
    ),
    "the role's own account: a user of another one": (
        WITHIN,
        another_user("N", content=allow("sts:AssumeRole", ROLE)),
        "",
        "",
    ),
    "a user may change the boundary": (
        state(roles=[role(permissions_boundary=f"arn:aws:iam::{PRODUCTION}:policy/Limit")]),
        all_of(
            lambda aws: aws.production.policy("Limit", allow("s3:*")),
            another_user(
                "N", account=PRODUCTION, content=allow("iam:CreatePolicyVersion", "arn:aws:iam::*:policy/Limit")
            ),
        ),
        "excess",
        "N may also change the policies of role UpdateApp",
    ),
    "addresses, split": (
        state(roles=[role(source_ip_ranges=["8.8.8.0/24"])]),
        _addresses("8.8.8.0/25", "8.8.8.128/25"),
        "",
        "",
    ),
    "addresses, fewer": (
        state(roles=[role(source_ip_ranges=["8.8.8.0/24"])]),
        _addresses("8.8.8.0/25"),
        "lack",
        "Developers may not assume UpdateApp in all declared circumstances",
    ),
}
"""The stacks, a change, and the kind and text of a finding."""


@pytest.mark.parametrize("name", OTHER_STACKS)
def test_options_and_grantees(name: str) -> None:
    declared, edit, kind, text = OTHER_STACKS[name]
    assert_only(findings_of(edit, declared), kind, text)

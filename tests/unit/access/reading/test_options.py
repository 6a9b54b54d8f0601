"""Test reviews with manual changes of roles with each option, and of grantees of each kind."""

from typing import Any

import pytest

from tests.support.deployed import Aws, allow, document, findings_of, root, trusts
from tests.support.edits import BUCKET, Edit, grants, inline, own, trust, user
from tests.support.rendered import DEVELOPMENT, PRODUCTION, ROLE, group, role, state

KEY = f"arn:aws:kms:us-east-1:{PRODUCTION}:key/1234abcd"
DEV = "AWSReservedSSO_Dev_0123456789abcdef"
SAML = document(
    {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{DEVELOPMENT}:saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE"},
        "Action": "sts:AssumeRoleWithSAML",
    }
)
OTHER_STACKS: dict[str, tuple[dict[str, Any], Edit, str, str]] = {
    "MFA is no longer required": (
        {"require_mfa": True},
        trust(trusts(root(DEVELOPMENT))),
        "excess",
        "Developers may also assume UpdateApp, in more circumstances than declared: without MFA",
    ),
    "another external id": (
        {"external_id": "Example-987"},
        trust(trusts(root(DEVELOPMENT), Condition={"StringEquals": {"sts:ExternalId": "another"}})),
        "excess",
        "with external id another",
    ),
    "the end is gone": (
        {"expires_at": "2027-01-31T00:00:00Z"},
        trust(trusts(root(DEVELOPMENT))),
        "excess",
        "in more circumstances than declared: at times such as",
    ),
    "addresses are no longer checked": (
        {"source_ip_ranges": ["8.8.8.0/24"]},
        trust(trusts(root(DEVELOPMENT))),
        "excess",
        "in more circumstances than declared",
    ),
    "another organization": (
        {"organization_id": "o-abcdefghij"},
        trust(trusts(root(DEVELOPMENT))),
        "excess",
        "in more circumstances than declared",
    ),
    "other principals": (
        {"trusted_principal_arns": [f"arn:aws:iam::{DEVELOPMENT}:role/deploy"]},
        trust(trusts(root(DEVELOPMENT))),
        "excess",
        "anybody else in account",
    ),
    "a principal is no longer denied": (
        {"denied_principal_arns": [f"arn:aws:iam::{DEVELOPMENT}:user/David"]},
        trust(trusts(root(DEVELOPMENT))),
        "excess",
        "Developers may also assume UpdateApp",
    ),
    "a source identity is no longer required": (
        {"require_source_identity": True},
        trust(trusts(root(DEVELOPMENT))),
        "excess",
        "Developers may also assume UpdateApp",
    ),
    "another prefix": (
        {"prefixes": ["reports/"]},
        inline(allow("s3:GetObject", f"{BUCKET}/*")),
        "excess",
        f"UpdateApp may also do s3:GetObject on {BUCKET}/*",
    ),
    "a read-only role that writes": (
        {"access": "read"},
        inline(allow("s3:PutObject", f"{BUCKET}/reports/*")),
        "excess",
        "UpdateApp may also do s3:PutObject",
    ),
    "the boundary is gone": (
        {"permissions_boundary": "arn:aws:iam::aws:policy/PowerUserAccess"},
        lambda aws: aws.update_app.pop("PermissionsBoundary"),
        "excess",
        "UpdateApp is not bounded by arn:aws:iam::aws:policy/PowerUserAccess, though that is declared: it has none",
    ),
    "another boundary": (
        {"permissions_boundary": "arn:aws:iam::aws:policy/PowerUserAccess"},
        lambda aws: aws.production.bound(aws.update_app, aws.production.policy("B", allow("*"))),
        "excess",
        f"it has arn:aws:iam::{PRODUCTION}:policy/B",
    ),
    "sessions are no longer revoked": (
        {"revoke_sessions_issued_before": "2026-11-01T00:00:00Z"},
        own(grants(f"{BUCKET}/*")),
        "excess",
        "in sessions begun at times such as",
    ),
    "a user of production may decrypt": (
        {"kms_key_arns": [KEY]},
        user(PRODUCTION, allow("kms:*", KEY)),
        "excess",
        f"Norman may also decrypt with, encrypt with, share and disable key {KEY}",
    ),
    "as declared, with everything": (
        {"require_mfa": True, "external_id": "Example-987", "prefixes": ["reports/"], "kms_key_arns": [KEY]},
        lambda aws: None,
        "",
        "",
    ),
}
"""The role's options, a change, and the kind and text of a finding."""

OTHER_GRANTEES: dict[str, tuple[list[dict[str, Any]], Edit, str, str]] = {
    "another member": (
        [group("Developers", allow=[ROLE], members=["David"])],
        user(DEVELOPMENT, None, "Developers"),
        "excess",
        "Norman (now in Developers) may also assume UpdateApp",
    ),
    "a missing member": (
        [group("Developers", allow=[ROLE], members=["David", "Doris"])],
        lambda aws: aws.development.users.pop("Doris"),
        "lack",
        "Doris",
    ),
    "a missing denied member": (
        [group("Testers", deny=[ROLE], members=["Tina"])],
        lambda aws: aws.development.users["Tina"]["GroupList"].clear(),
        "excess",
        "Tina, where other policies allow it, may also assume UpdateApp",
    ),
    "a grantee role has more rights": (
        [group("Deployer", kind="role", allow=[ROLE])],
        lambda aws: aws.development.put(
            aws.development.roles["Deployer"], "Y", allow("sts:*", f"arn:aws:iam::{PRODUCTION}:role/*")
        ),
        "excess",
        "role Deployer may also do sts:*",
    ),
    "a grantee role is bounded": (
        [group("Deployer", kind="role", allow=[ROLE])],
        lambda aws: aws.development.bound(
            aws.development.roles["Deployer"], aws.development.policy("B", allow("s3:*"))
        ),
        "lack",
        "role Deployer may not assume UpdateApp",
    ),
    "a grantee role is gone": (
        [group("Deployer", kind="role", allow=[ROLE])],
        lambda aws: aws.development.roles.clear(),
        "lack",
        "there is no role Deployer",
    ),
    "a permission set's policy is wider": (
        [group("Dev", kind="permissionSet", allow=[ROLE])],
        lambda aws: aws.development.policy(
            "allow-assume", allow("sts:AssumeRole", f"arn:aws:iam::{PRODUCTION}:role/*")
        ),
        "excess",
        f"permission set Dev may also do sts:AssumeRole on arn:aws:iam::{PRODUCTION}:role/*",
    ),
    "a permission set's policy is gone": (
        [group("Dev", kind="permissionSet", allow=[ROLE])],
        lambda aws: aws.development.policies.clear(),
        "lack",
        "permission set Dev may not assume UpdateApp",
    ),
    "a permission set's Deny is not in force": (
        [group("Dev", kind="permissionSet", deny=[ROLE])],
        lambda aws: aws.development.put(
            aws.development.role(DEV, SAML, "aws-reserved/sso.amazonaws.com/"), "Y", allow("sts:AssumeRole")
        ),
        "excess",
        f"role {DEV} may also assume UpdateApp",
    ),
    "as declared, of each kind": (
        [
            group("Developers", allow=[ROLE], members=["David"]),
            group("Testers", deny=[ROLE], members=["Theresa"]),
            group("Deployer", kind="role", allow=[ROLE]),
            group("Dev", kind="permissionSet", allow=[ROLE]),
        ],
        lambda aws: aws.development.attach(
            aws.development.role(DEV, SAML, "aws-reserved/sso.amazonaws.com/"),
            aws.development.arn("policy", "allow-assume"),
        ),
        "",
        "",
    ),
}
"""The grantees, a change, and the kind and text of a finding."""


@pytest.mark.parametrize("name", OTHER_STACKS)
def test_options_of_a_role_are_compared(name: str) -> None:
    options, edit, kind, text = OTHER_STACKS[name]
    aws = Aws(state(roles=[role(**options)]))
    edit(aws)
    found = findings_of(aws)
    assert bool([each for each in found if each.kind == kind and text in each.text]) is bool(kind), found
    assert bool(found) is bool(kind)


@pytest.mark.parametrize("name", OTHER_GRANTEES)
def test_grantees_of_each_kind_are_compared(name: str) -> None:
    grantees, edit, kind, text = OTHER_GRANTEES[name]
    aws = Aws(state(grantees=grantees))
    edit(aws)
    found = findings_of(aws)
    assert bool([each for each in found if each.kind == kind and text in each.text]) is bool(kind), found
    assert bool(found) is bool(kind)

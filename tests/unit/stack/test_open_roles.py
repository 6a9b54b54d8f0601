"""Roles that users who are denied them can reach through unnamed roles."""

from typing import Any

import pytest

from components.trust import is_open_to_any_role

ACCOUNT, OTHER = "111111111111", "222222222222"


@pytest.mark.parametrize(
    ("options", "is_open"),
    [
        ({}, True),
        ({"trusted_principal_arns": [f"arn:aws:iam::{ACCOUNT}:user/*"]}, False),
        ({"trusted_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/deploy"]}, False),
        ({"trusted_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/deploy-*"]}, True),
        ({"trusted_principal_arns": [f"arn:aws:iam::{ACCOUNT}:user/*", "arn:aws:iam::*:role/deploy?"]}, True),
        ({"denied_principal_arns": [f"arn:aws:iam::{ACCOUNT}:user/Sam"]}, True),
        ({"denied_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/deploy"]}, True),
        ({"denied_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/*"]}, False),
        ({"denied_principal_arns": ["arn:aws:iam::*:role/*"]}, False),
        *(({"denied_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/{it}"]}, True) for it in ("a*", "*e", "de*", "?")),
        *(({"denied_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/{it}"]}, False) for it in ("?*", "**", "*?")),
        ({"denied_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/????*"]}, True),
        (
            {
                "trusted_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/deploy-*"],
                "denied_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/deploy-*"],
            },
            False,
        ),
        (
            {
                "trusted_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/deploy-*"],
                "denied_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/deploy-prod*"],
            },
            True,
        ),
        ({"trusted_permission_sets": ["Dev"]}, False),
        ({"trusted_permission_sets": ["Dev"], "trusted_principal_arns": [f"arn:aws:iam::{ACCOUNT}:user/*"]}, False),
        ({"trusted_permission_sets": ["Dev"], "trusted_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/d*"]}, True),
        ({"denied_permission_sets": ["Dev"]}, True),
        ({"require_mfa": True}, False),
        ({"require_source_identity": True}, False),
        ({"require_mfa": False, "require_source_identity": False}, True),
        ({"external_id": "agreed", "organization_id": "o-a1b2c3d4e5"}, True),
    ],
)
def test_a_role_is_open_if_an_unnamed_role_may_assume_it(options: dict[str, Any], is_open: bool) -> None:
    assert is_open_to_any_role({"trusted_account_id": ACCOUNT, **options}) == is_open  # type: ignore[typeddict-item]


def test_it_is_enough_to_deny_the_roles_of_the_account_whose_roles_are_trusted() -> None:
    args = {
        "trusted_account_ids": [ACCOUNT, OTHER],
        "trusted_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/*"],
        "denied_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/*"],
    }
    assert not is_open_to_any_role(args)  # type: ignore[arg-type]


@pytest.mark.parametrize(("denied", "is_open"), [([ACCOUNT], True), ([ACCOUNT, OTHER], False), (["*"], False)])
def test_the_roles_of_every_trusted_account_have_to_be_denied(denied: list[str], is_open: bool) -> None:
    patterns = [f"arn:aws:iam::{account}:role/*" for account in denied]
    args = {"trusted_account_ids": [ACCOUNT, OTHER], "denied_principal_arns": patterns}
    assert is_open_to_any_role(args) == is_open  # type: ignore[arg-type]

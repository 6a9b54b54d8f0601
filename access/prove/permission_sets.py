"""Find the roles of permission sets, most of which only IAM Identity Center can assume."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..accounts import Account
from ..arn import permission_set_of

_PATH = "/aws-reserved/sso.amazonaws.com/"


@dataclass(frozen=True)
class PermissionSetRole:
    """The role of a permission set in an account."""

    arn: str = ""
    unusable_because: str = ""
    """Why a proof can't assume it; empty if it can."""


def permission_set_roles(account: Account, names: Iterable[str]) -> dict[str, PermissionSetRole]:
    """Return the role of each permission set in an account, and why a proof can't assume it.

    Source: IAM Identity Center User Guide, "Referencing permission sets in resource policies".

    Raises:
        botocore.exceptions.ClientError: the account's administrator may not list roles.
    """
    found = dict.fromkeys(
        names, PermissionSetRole(unusable_because="it has no role in this account: assign it in Identity Center")
    )
    if found:
        for page in account.administrator.iam.get_paginator("list_roles").paginate(PathPrefix=_PATH):
            for role in page["Roles"]:
                name = permission_set_of(role["Arn"])
                if name in found:
                    found[name] = PermissionSetRole(
                        role["Arn"], _unusable_because(role.get("AssumeRolePolicyDocument", {}))
                    )
    return found


def _unusable_because(trust: Any) -> str:  # noqa: ANN401 (JSON)
    """Return why users can't assume a role; empty if its trust policy names any AWS principals."""
    statements = trust.get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    if any("AWS" in each.get("Principal", {}) for each in listed if each.get("Effect") == "Allow"):
        return ""
    return "only Identity Center can assume it; test it with --as PROFILE, the profile of a user who is signed in"

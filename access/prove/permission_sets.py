"""The roles of permission sets: where people come in through IAM Identity Center, which a proof can't do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..accounts import Account
from ..arn import permission_set_of

_PATH = "/aws-reserved/sso.amazonaws.com/"


@dataclass(frozen=True)
class Entrance:
    """The role of a permission set in an account."""

    arn: str = ""
    why_closed: str = ""
    """Why a proof can't get into it; empty if it can."""


def entrances(account: Account, names: Iterable[str]) -> dict[str, Entrance]:
    """Return the role of each permission set in an account, and why a proof can't get into it.

    Source: IAM Identity Center User Guide, "Referencing permission sets in resource policies".

    Raises:
        botocore.exceptions.ClientError: the account's administrator may not list roles.
    """
    found = dict.fromkeys(names, Entrance(why_closed="it has no role in this account: assign it in Identity Center"))
    if found:
        for page in account.administrator.iam.get_paginator("list_roles").paginate(PathPrefix=_PATH):
            for role in page["Roles"]:
                name = permission_set_of(role["Arn"])
                if name in found:
                    found[name] = Entrance(role["Arn"], _why_closed(role.get("AssumeRolePolicyDocument", {})))
    return found


def _why_closed(trust: Any) -> str:  # noqa: ANN401 (JSON)
    """Return why users can't assume a role; empty if its trust policy names any of AWS's own principals."""
    statements = trust.get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    if any("AWS" in it.get("Principal", {}) for it in listed if it.get("Effect") == "Allow"):
        return ""
    return (
        "people come in through Identity Center alone; --as PROFILE tries with the profile of somebody who is signed in"
    )

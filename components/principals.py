"""Which users and roles the patterns in a role's trust policy leave in, and keep out."""

import string
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Literal

from .rules import matches

PrincipalKind = Literal["user", "role"]

_SSO = "aws-reserved/sso.amazonaws.com"
"""Where the roles of IAM Identity Center are."""

_UNNAMED = ("\N{WHITE SQUARE}", "\N{WHITE SQUARE}" * 40)
"""Names that no pattern spells out, a short and a long one."""


def permission_set_patterns(partition: str, accounts: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return the patterns that match the roles of permission sets in some accounts, and no other role.

    The path ends with the region of the Identity Center, but for us-east-1, and the name with sixteen characters that
    AWS makes up. Only AWS makes roles below this path, so ``*`` stands for a region. A longer name of a permission set
    leaves more than sixteen characters, so it does not match (IAM Identity Center User Guide, "Referencing permission
    sets in resource policies, Amazon EKS Cluster config maps, and AWS KMS key policies").
    """
    return [
        f"arn:{partition}:iam::{account}:role/{folder}/AWSReservedSSO_{name}_{'?' * 16}"
        for account in accounts
        for name in names
        for folder in (_SSO, f"{_SSO}/*")
    ]


def is_permission_set_admitted(name: str, account: str, trusted: Sequence[str], denied: Sequence[str]) -> bool:
    """Return whether patterns leave in a role that a permission set may have in an account.

    Args:
        name: the permission set's name.
        account: the account.
        trusted: the patterns of those that are trusted; none where all are.
        denied: the patterns of those that are denied.
    """
    roles = [f"role/{_SSO}/{region}AWSReservedSSO_{name}_{_ONE * 16}" for region in ("", f"{_ONE}{_SOME}/")]
    kept_out = _of_account(denied, account)
    left = [it for it in roles if not any(matches(pattern, _shown(it)) for pattern in kept_out)]
    let_in = _of_account(trusted, account) if trusted else ["role/*"]
    return any(_covers_some(pattern, role) for role in left for pattern in let_in)


_ONE, _SOME = "\1", "\2"
"""In the place of one character of a region's name or of a suffix, and of any number of them."""
_REGIONS_AND_SUFFIXES = {*string.ascii_lowercase, *string.digits, "-"}


def _shown(role: str) -> str:
    """Return a role whose characters no pattern spells out."""
    return role.replace(_ONE, _UNNAMED[0]).replace(_SOME, _UNNAMED[0])


@cache
def _covers_some(pattern: str, role: str) -> bool:
    """Return whether a pattern matches any of the roles that a text with :data:`_ONE` and :data:`_SOME` stands for."""
    if not pattern or not role:
        return not pattern.strip("*") and not role.strip(_SOME)
    if pattern[0] == "*":
        return _covers_some(pattern[1:], role) or _covers_some(pattern, role[1:])
    if role[0] == _SOME:
        is_part = pattern[0] in _REGIONS_AND_SUFFIXES | {"?"}
        return _covers_some(pattern, role[1:]) or (is_part and _covers_some(pattern[1:], role))
    is_alike = pattern[0] in ("?", role[0]) or (role[0] == _ONE and pattern[0] in _REGIONS_AND_SUFFIXES)
    return is_alike and _covers_some(pattern[1:], role[1:])


def is_any_admitted(
    kind: PrincipalKind,
    account: str,
    trusted: Sequence[str],
    denied: Sequence[str],
    *,
    name: str | None = None,
    only_unnamed: bool = False,
) -> bool:
    """Return whether patterns leave in any user, or any role, of an account.

    Args:
        kind: whether it is about users or roles.
        account: their account.
        trusted: the patterns of those that are trusted; none where all are.
        denied: the patterns of those that are denied.
        name: the name of the only user or role that it is about. It may have any path.
        only_unnamed: whether those do not count that are trusted by their full name.
    """
    if not trusted and not denied:
        return True
    patterns = _of_account(trusted, account) if trusted else [f"{kind}/*"]
    patterns = [it for it in patterns if it.startswith(f"{kind}/") and (not only_unnamed or set("*?") & set(it))]
    kept_out = _of_account(denied, account)
    return any(
        not any(matches(pattern, candidate) for pattern in kept_out)
        for pattern in patterns
        for candidate in _candidates(pattern, name)
    )


def _of_account(patterns: Iterable[str], account: str) -> list[str]:
    """Return what patterns say of an account, e.g. ``role/deploy-*``."""
    parts = [pattern.split(":", 5) for pattern in patterns]
    return [part[5] for part in parts if part[4] in ("*", account)]


def _candidates(pattern: str, name: str | None) -> list[str]:
    """Return users or roles that match a pattern: such that another pattern matches them only if it is as wide."""
    folders = [pattern.rpartition("/")[0], pattern.partition("/")[0]]
    shapes = [f"{folder}/{name}" for folder in folders] if name else [pattern]
    filled = [shape.replace("*", unnamed).replace("?", unnamed[0]) for shape in shapes for unnamed in _UNNAMED]
    return [candidate for candidate in filled if matches(pattern, candidate)]

"""Match users and roles against the principal patterns of a role's trust policy."""

import string
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Literal

from .rules import matches

PrincipalKind = Literal["user", "role"]

_SSO = "aws-reserved/sso.amazonaws.com"
"""The path of the roles of IAM Identity Center."""

_UNNAMED = ("\N{WHITE SQUARE}", "\N{WHITE SQUARE}" * 40)
"""Two names that no pattern spells out, a short one and a long one."""


def permission_set_patterns(partition: str, accounts: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return patterns that match the roles of permission sets in some accounts, and no other role.

    The path ends with the region of the Identity Center, except for us-east-1; the name ends with sixteen characters
    that AWS chooses. Only AWS creates roles below this path, so ``*`` matches a region. The role of a permission set
    with a longer name has more than sixteen characters left, so it does not match (IAM Identity Center User Guide,
    "Referencing permission sets in resource policies, Amazon EKS Cluster config maps, and AWS KMS key policies").
    """
    return [
        f"arn:{partition}:iam::{account}:role/{folder}/AWSReservedSSO_{name}_{'?' * 16}"
        for account in accounts
        for name in names
        for folder in (_SSO, f"{_SSO}/*")
    ]


def is_permission_set_admitted(name: str, account: str, trusted: Sequence[str], denied: Sequence[str]) -> bool:
    """Return whether patterns admit a role that a permission set may have in an account.

    Args:
        name: the permission set's name.
        account: the account.
        trusted: the patterns of trusted principals; none if all are trusted.
        denied: the patterns of denied principals.
    """
    roles = [f"role/{_SSO}/{region}AWSReservedSSO_{name}_{_ONE * 16}" for region in ("", f"{_ONE}{_SOME}/")]
    denying = _in_account(denied, account)
    left = [role for role in roles if not any(matches(pattern, _filled(role)) for pattern in denying)]
    trusting = _in_account(trusted, account) if trusted else ["role/*"]
    return any(_covers_some(pattern, role) for role in left for pattern in trusting)


_ONE, _SOME = "\1", "\2"
"""Placeholders for one character of a region's name or of a suffix, and for any number of them."""
_REGIONS_AND_SUFFIXES = {*string.ascii_lowercase, *string.digits, "-"}


def _filled(role: str) -> str:
    """Return the role with a character that no pattern spells out in each placeholder's place."""
    return role.replace(_ONE, _UNNAMED[0]).replace(_SOME, _UNNAMED[0])


@cache
def _covers_some(pattern: str, role: str) -> bool:
    """Return whether a pattern matches any role that a text with placeholders stands for."""
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
    """Return whether patterns admit any user, or any role, of an account.

    Args:
        kind: users or roles.
        account: the account of the users or roles.
        trusted: the patterns of trusted principals; none if all are trusted.
        denied: the patterns of denied principals.
        name: the name of the only user or role to consider, with any path.
        only_unnamed: whether to ignore principals that are trusted by their full name.
    """
    if not trusted and not denied:
        return True
    trusting = _in_account(trusted, account) if trusted else [f"{kind}/*"]
    patterns = [text for text in trusting if text.startswith(f"{kind}/")]
    if only_unnamed:
        patterns = [pattern for pattern in patterns if set("*?") & set(pattern)]
    denying = _in_account(denied, account)
    return any(
        not any(matches(pattern, candidate) for pattern in denying)
        for pattern in patterns
        for candidate in _candidates(pattern, name)
    )


def _in_account(patterns: Iterable[str], account: str) -> list[str]:
    """Return the last parts of the patterns that cover an account, e.g. ``role/deploy-*``."""
    parts = [pattern.split(":", 5) for pattern in patterns]
    return [part[5] for part in parts if part[4] in ("*", account)]


def _candidates(pattern: str, name: str | None) -> list[str]:
    """Return sample users or roles for a pattern. Another pattern matches them only if it is as wide."""
    folders = [pattern.rpartition("/")[0], pattern.partition("/")[0]]
    shapes = [f"{folder}/{name}" for folder in folders] if name else [pattern]
    filled = [shape.replace("*", unnamed).replace("?", unnamed[0]) for shape in shapes for unnamed in _UNNAMED]
    return [candidate for candidate in filled if matches(pattern, candidate)]

"""Which users and roles the patterns in a role's trust policy leave in, and keep out."""

from collections.abc import Iterable, Sequence
from typing import Literal

from .rules import matches

PrincipalKind = Literal["user", "role"]

_UNNAMED = ("\N{WHITE SQUARE}", "\N{WHITE SQUARE}" * 40)
"""Names that no pattern spells out, a short and a long one."""


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

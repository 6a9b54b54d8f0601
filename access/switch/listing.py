"""List the roles that a person may switch to, from the team's list and the person's profiles."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..errors import AccessError
from .config_file import Profiles, config_path
from .membership import Membership
from .published import Published, PublishedRole


@dataclass(frozen=True)
class Listed:
    """A role that `access roles` lists."""

    name: str
    """The name with which people switch to it."""
    arn: str
    note: str
    """Its origin, its conditions, and who may assume it."""
    is_own: bool = True
    """``False`` if the team's list says that it is for others."""


def list_roles(published: Published, profiles: Profiles, membership: Membership | None) -> list[Listed]:
    """Return all roles, the person's own first.

    Args:
        published: the team's list.
        profiles: the person's profiles.
        membership: the person's groups; nothing if unknown.
    """
    roles = [_published_role(role, published, membership) for role in published.roles]
    return sorted([*roles, *_profile_roles(profiles)], key=lambda role: not role.is_own)


def table(rows: Sequence[Listed]) -> list[str]:
    """Return one line for each role."""
    widths = [max(map(len, column)) for column in zip(*((row.name, row.arn) for row in rows), strict=True)]
    return [f"{row.name:{widths[0]}}  {row.arn:{widths[1]}}  {row.note}" for row in rows]


def no_roles_message() -> str:
    """Return where roles are looked for, if there are none."""
    return (
        f"no roles found: no profile of {config_path()} has a role_arn, and no list of your team's roles is linked;"
        " link one: access roles --from FILE"
    )


def choose(rows: Sequence[Listed]) -> str:
    """Ask for a role on the terminal; return its name.

    Raises:
        AccessError: there is no terminal, no role, or no valid choice.
    """
    if not rows:
        raise AccessError(no_roles_message())
    try:
        descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)  # a shell may evaluate standard output
    except OSError:
        raise AccessError("no role is given; `access roles` lists them, and in a terminal you can choose") from None
    with os.fdopen(descriptor, "rb", buffering=0) as terminal:
        lines = [f"{number:2}  {line}\n" for number, line in enumerate(table(rows), 1)]
        terminal_text = "".join([*lines, "which role? "])
        os.write(descriptor, terminal_text.encode())
        typed = terminal.readline().decode(errors="replace").strip()
    if typed.isdecimal() and 1 <= int(typed) <= len(rows):
        return rows[int(typed) - 1].name
    if typed in {row.name for row in rows}:
        return typed
    raise AccessError(f"{typed!r} is not one of these roles; type a number, 1 to {len(rows)}, or a name")


def _published_role(role: PublishedRole, published: Published, membership: Membership | None) -> Listed:
    verdict = membership.verdict(role.arn, published) if membership else "unknown"
    if membership and role.trusts and membership.caller.account_id not in role.trusts:
        verdict = "nothing"
    notes = [
        *_grants(role.arn, published, membership),
        *(["MFA"] if role.requires_mfa else []),
        *(["external id"] if role.requires_external_id else []),
    ]
    return Listed(role.name, role.arn, "; ".join(notes), verdict in ("allow", "unknown"))


def _grants(role_arn: str, published: Published, membership: Membership | None) -> Iterator[str]:
    grantees = membership.possible(published.grantees) if membership else published.grantees
    for effect in ("deny", "allow"):
        names = [grantee.name for grantee in grantees if role_arn in getattr(grantee, effect)]
        if names:
            yield f"{', '.join(names)}: {effect}"


def _profile_roles(profiles: Profiles) -> Iterator[Listed]:
    for name, settings in profiles.items():
        if "role_arn" in settings and "web_identity_token_file" not in settings:
            start = settings.get("source_profile") or settings.get("credential_source")
            yield Listed(name, settings["role_arn"], "profile" + (f", from {start}" if start else ""))

"""The roles that somebody may switch to: those that are published, and those of their own profiles."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..errors import AccessError
from .config_file import Profiles, config_path
from .published import Published, PublishedRole
from .standing import Standing


@dataclass(frozen=True)
class Listed:
    """A role, by the name with which people switch to it."""

    name: str
    arn: str
    note: str
    """Where it comes from, who may assume it and what it asks for."""
    is_own: bool = True
    """``False`` where the published roles say that it is for others."""


def list_roles(published: Published, profiles: Profiles, standing: Standing | None) -> list[Listed]:
    """Return all roles, first those that are for somebody.

    Args:
        published: what the stacks' administrators tell.
        profiles: the person's own.
        standing: who it is; nothing where that can't be known.
    """
    found = [_published(role, published, standing) for role in published.roles]
    return sorted([*found, *_of_profiles(profiles)], key=lambda it: not it.is_own)


def table(rows: Sequence[Listed]) -> list[str]:
    """Return a line for each role."""
    widths = [max(len(text) for text in column) for column in zip(*((it.name, it.arn) for it in rows), strict=True)]
    return [f"{it.name:{widths[0]}}  {it.arn:{widths[1]}}  {it.note}" for it in rows]


def none_found() -> str:
    """Return where the roles would have to be."""
    return (
        f"no roles are known here: no profile of {config_path()} has a role_arn, and no list of your team's roles is"
        " linked; do so with: access roles --from FILE"
    )


def choose(rows: Sequence[Listed]) -> str:
    """Let somebody choose a role on the terminal; return its name.

    Raises:
        AccessError: there is no terminal, nothing to choose from, or nothing was chosen.
    """
    if not rows:
        raise AccessError(none_found())
    try:
        descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)  # standard output may be for a shell to evaluate
    except OSError:
        raise AccessError("say which role; `access roles` lists them, and in a terminal you can choose") from None
    with os.fdopen(descriptor, "rb", buffering=0) as terminal:
        lines = [f"{number:2}  {line}\n" for number, line in enumerate(table(rows), 1)]
        terminal_text = "".join([*lines, "which role? "])
        os.write(descriptor, terminal_text.encode())
        typed = terminal.readline().decode(errors="replace").strip()
    if typed.isdecimal() and 1 <= int(typed) <= len(rows):
        return rows[int(typed) - 1].name
    if typed in {it.name for it in rows}:
        return typed
    raise AccessError(f"{typed!r} is none of them; type a number, 1 to {len(rows)}, or a name")


def _published(role: PublishedRole, published: Published, standing: Standing | None) -> Listed:
    verdict = standing.verdict(role.arn, published) if standing else "unknown"
    if standing and role.trusts and standing.caller.account_id not in role.trusts:
        verdict = "nothing"
    said = [
        *_grants(role.arn, published, standing),
        *(["MFA"] if role.requires_mfa else []),
        *(["external id"] if role.requires_external_id else []),
    ]
    return Listed(role.name, role.arn, "; ".join(said), verdict in ("allow", "unknown"))


def _grants(role_arn: str, published: Published, standing: Standing | None) -> Iterator[str]:
    grantees = standing.known(published.grantees) if standing else published.grantees
    for effect in ("deny", "allow"):
        names = [it.name for it in grantees if role_arn in (it.deny if effect == "deny" else it.allow)]
        if names:
            yield f"{', '.join(names)}: {effect}"


def _of_profiles(profiles: Profiles) -> Iterator[Listed]:
    for name, settings in profiles.items():
        if "role_arn" in settings and "web_identity_token_file" not in settings:
            start = settings.get("source_profile") or settings.get("credential_source")
            yield Listed(name, settings["role_arn"], "profile" + (f", from {start}" if start else ""))

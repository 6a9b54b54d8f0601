"""Published roles: what a team's administrators tell everybody about roles, so that nobody has to read a stack's state.

A team keeps the file on a share or in git; whoever switches links to it once. It holds no external id and no secret.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from ..errors import AccessError

_VERSION = 1
_VARIABLE = "ACCESS_ROLES"
_FOLDER = "cross-account-access"
_ROLE_ARN = re.compile(r"arn:[a-z-]+:iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)
_ROLE_NAME = re.compile(r"[\w.-]+(/[\w.+=,@-]+)+", re.ASCII)

Kind = Literal["group", "role", "permission set"]
"""The kinds of principals that stacks allow or deny roles."""


@dataclass(frozen=True)
class PublishedRole:
    """A role, and what is asked of those who assume it."""

    name: str
    """``stack/role``."""
    arn: str
    trusts: Sequence[str] = ()
    """The accounts that it trusts; empty where that is not known."""
    requires_mfa: bool = False
    requires_source_identity: bool = False
    requires_external_id: bool = False
    session_tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    expires_at: str | None = None


@dataclass(frozen=True)
class Grantee:
    """A principal whose stack says which roles it may, or may never, assume."""

    kind: Kind
    name: str
    account: str | None = None
    """Its account; nothing where the stack's file was not there to say it."""
    allow: Sequence[str] = ()
    """The ARNs of roles."""
    deny: Sequence[str] = ()


@dataclass(frozen=True)
class Published:
    """All roles and grantees of one or several files."""

    roles: Sequence[PublishedRole] = ()
    grantees: Sequence[Grantee] = ()

    def role(self, text: str) -> PublishedRole | None:
        """Return the role of a name or an ARN."""
        return next((role for role in self.roles if text in (role.name, role.arn)), None)


def published_files() -> list[Path]:
    """Return the files: those that ACCESS_ROLES names, as PATH would, or all in the folder of :func:`link`."""
    named = os.environ.get(_VARIABLE)
    if named is not None:
        return [Path(name) for name in named.split(os.pathsep) if name]
    folder = _folder()
    try:
        return sorted(folder.glob("*.json")) if folder else []
    except OSError:
        return []


def read_published() -> Published:
    """Return what all files say; of two roles of one name the first counts.

    Raises:
        AccessError: a file can't be read or understood.
    """
    found = [_read(file) for file in published_files()]
    return Published(
        [role for published in found for role in published.roles],
        [grantee for published in found for grantee in published.grantees],
    )


def write_published(path: Path, published: Published) -> None:
    """Write a file for others to read.

    Raises:
        AccessError: it can't be written.
    """
    content = {
        "version": _VERSION,
        "roles": [_said(role) for role in published.roles],
        "grantees": [_said(grantee) for grantee in published.grantees],
    }
    try:
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise AccessError(f"{path} can't be written: {error.strerror}") from None


def link(path: Path) -> Path:
    """Read a file from now on, as it stands then; return the link that leads to it.

    Raises:
        AccessError: the file is none of published roles, or the link can't be made.
    """
    path = path.absolute()
    _read(path)
    folder = _folder()
    if not folder:
        raise AccessError(f"there is no home to remember {path} in; set {_VARIABLE}={path}")
    made = folder / f"{path.stem}.json"
    try:
        if made.is_symlink() and made.readlink() == path:
            return made
        made.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made.symlink_to(path)
    except FileExistsError:
        raise AccessError(f"{made} leads to another file already; remove it first: rm {made}") from None
    except OSError as error:
        raise AccessError(f"{made} can't be made: {error.strerror}; or set {_VARIABLE}={path}") from None
    return made


def _folder() -> Path | None:
    """Return where links are, by the XDG Base Directory Specification; nothing without a home."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    if base.startswith("/"):
        return Path(base) / _FOLDER
    try:
        return Path.home() / ".config" / _FOLDER
    except RuntimeError:
        return None


def _said(entry: PublishedRole | Grantee) -> dict[str, object]:
    """Return what differs from the defaults: the file is read by people too."""
    return {key: value for key, value in asdict(entry).items() if value or key in ("name", "arn")}


def _read(path: Path) -> Published:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AccessError(f"{path}, a list of roles, is not there; remove the link, or correct {_VARIABLE}") from None
    except OSError as error:
        raise AccessError(f"{path} can't be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise _unknown(path, "it is not JSON") from None
    if not isinstance(content, dict) or "roles" not in content:
        raise _unknown(path, "it has no roles")
    if content.get("version") != _VERSION:
        raise _unknown(path, f"its version is {content.get('version')!r}, not {_VERSION}")
    try:
        roles = [PublishedRole(**entry) for entry in _entries(content["roles"], PublishedRole)]
        grantees = [Grantee(**entry) for entry in _entries(content.get("grantees", []), Grantee)]
        _check(roles, grantees)
    except (TypeError, ValueError, AttributeError) as error:
        raise _unknown(path, str(error)) from None
    return Published(roles, grantees)


def _entries(value: object, kind: type[PublishedRole | Grantee]) -> Iterator[dict[str, Any]]:
    """Return the known keys of each entry: a later version may have more."""
    known = {it.name for it in fields(kind)}
    if not isinstance(value, list):
        raise TypeError("roles and grantees have to be lists")
    for entry in value:
        yield {key: said for key, said in entry.items() if key in known}


def _check(roles: Sequence[PublishedRole], grantees: Sequence[Grantee]) -> None:
    """Raise a ValueError for anything that can't be printed, or sent to AWS, as it is."""
    for role in roles:
        if not _ROLE_NAME.fullmatch(role.name) or not _ROLE_ARN.fullmatch(role.arn):
            raise ValueError(f"{role.name!r} with ARN {role.arn!r} is no role")
        texts = [*role.trusts, *role.session_tags, *(it for values in role.session_tags.values() for it in values)]
        if not all(isinstance(text, str) and text.isprintable() for text in (*texts, role.expires_at or "")):
            raise ValueError(f"{role.name!r} has a value that is no text")
    for grantee in grantees:
        texts = [grantee.name, grantee.account or "", *grantee.allow, *grantee.deny]
        if grantee.kind not in get_args(Kind) or not all(isinstance(it, str) and it.isprintable() for it in texts):
            raise ValueError(f"{grantee.name!r} is no grantee")


def _unknown(path: Path, reason: str) -> AccessError:
    return AccessError(f"{path} is not a list of roles that this version of `access` knows: {reason}")

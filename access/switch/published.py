"""Read and write a team's list of roles, so that nobody has to read a stack's state to switch.

A team keeps the file on a share or in git, and each person links to it once. It holds no external id and no secret.
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
"""The kinds of principals that stacks allow or deny roles to."""


@dataclass(frozen=True)
class PublishedRole:
    """A role, and its conditions."""

    name: str
    """``stack/role``."""
    arn: str
    trusts: Sequence[str] = ()
    """The trusted accounts; empty if they are unknown."""
    requires_mfa: bool = False
    requires_source_identity: bool = False
    requires_external_id: bool = False
    session_tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    expires_at: str | None = None


@dataclass(frozen=True)
class Grantee:
    """A principal whose stack allows or denies it roles."""

    kind: Kind
    name: str
    account: str | None = None
    """The account; nothing if the stack's file was missing."""
    allow: Sequence[str] = ()
    """ARNs of roles."""
    deny: Sequence[str] = ()


@dataclass(frozen=True)
class Published:
    """The roles and grantees of all lists."""

    roles: Sequence[PublishedRole] = ()
    grantees: Sequence[Grantee] = ()

    def role(self, text: str) -> PublishedRole | None:
        """Return the role with this name or ARN."""
        return next((role for role in self.roles if text in (role.name, role.arn)), None)


def published_files() -> list[Path]:
    """Return the files that ACCESS_ROLES names, separated as in PATH, or all in the folder of :func:`link`."""
    value = os.environ.get(_VARIABLE)
    if value is not None:
        return [Path(name) for name in value.split(os.pathsep) if name]
    folder = _folder()
    try:
        return sorted(folder.glob("*.json")) if folder else []
    except OSError:
        return []


def read_published() -> Published:
    """Return the content of all files; of two roles with the same name, the first counts.

    Raises:
        AccessError: a file can't be read or parsed.
    """
    lists = [_read(file) for file in published_files()]
    return Published(
        [role for published in lists for role in published.roles],
        [grantee for published in lists for grantee in published.grantees],
    )


def write_published(path: Path, published: Published) -> None:
    """Write the list to a file.

    Raises:
        AccessError: it can't be written.
    """
    content = {
        "version": _VERSION,
        "roles": [_non_defaults(role) for role in published.roles],
        "grantees": [_non_defaults(grantee) for grantee in published.grantees],
    }
    try:
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise AccessError(f"{path} can't be written: {error.strerror}") from None


def link(path: Path) -> Path:
    """Link to a list of roles, which is then read at each run; return the link.

    Raises:
        AccessError: the file is not a list of roles, or the link can't be created.
    """
    path = path.absolute()
    _read(path)
    folder = _folder()
    if not folder:
        raise AccessError(f"there is no home folder for the link to {path}; set {_VARIABLE}={path}")
    target = folder / f"{path.stem}.json"
    try:
        if target.is_symlink() and target.readlink() == path:
            return target
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.symlink_to(path)
    except FileExistsError:
        raise AccessError(f"{target} already leads to another file; remove it first: rm {target}") from None
    except OSError as error:
        raise AccessError(f"{target} can't be created: {error.strerror}; set {_VARIABLE}={path} instead") from None
    return target


def _folder() -> Path | None:
    """Return the folder of links, by the XDG Base Directory Specification; nothing without a home."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    if base.startswith("/"):
        return Path(base) / _FOLDER
    try:
        return Path.home() / ".config" / _FOLDER
    except RuntimeError:
        return None


def _non_defaults(entry: PublishedRole | Grantee) -> dict[str, object]:
    """Return the values that differ from the defaults, as people read the file too."""
    return {key: value for key, value in asdict(entry).items() if value or key in ("name", "arn")}


def _read(path: Path) -> Published:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AccessError(f"{path}, a list of roles, does not exist; remove the link, or correct {_VARIABLE}") from None
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
    """Yield the known keys of each entry; a later version may have more."""
    known = {field.name for field in fields(kind)}
    if not isinstance(value, list):
        raise TypeError("roles and grantees must be lists")
    for entry in value:
        yield {key: value for key, value in entry.items() if key in known}


def _check(roles: Sequence[PublishedRole], grantees: Sequence[Grantee]) -> None:
    """Raise a ValueError for anything that is unsafe to print or to send to AWS."""
    for role in roles:
        if not _ROLE_NAME.fullmatch(role.name) or not _ROLE_ARN.fullmatch(role.arn):
            raise ValueError(f"{role.name!r} with ARN {role.arn!r} is not a role")
        texts = [
            *role.trusts,
            *role.session_tags,
            *(value for values in role.session_tags.values() for value in values),
        ]
        if not all(isinstance(text, str) and text.isprintable() for text in (*texts, role.expires_at or "")):
            raise ValueError(f"{role.name!r} has a value that is not text")
    for grantee in grantees:
        texts = [grantee.name, grantee.account or "", *grantee.allow, *grantee.deny]
        if grantee.kind not in get_args(Kind) or not all(
            isinstance(text, str) and text.isprintable() for text in texts
        ):
            raise ValueError(f"{grantee.name!r} is not a grantee")


def _unknown(path: Path, reason: str) -> AccessError:
    return AccessError(f"{path} is not a list of roles that this version of `access` can read: {reason}")

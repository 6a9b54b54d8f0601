"""Keep sessions between runs, until they are about to expire, in files that only their owner can read."""

import hashlib
import json
import os
import re
import stat
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import AccessError
from .config_file import Profiles, active_profile, source_chain

_NAME = "cross-account-access"
_KEPT = re.compile(r"[0-9a-f]{64}(\.\d+)?")
"""Names of kept files, and of half-written ones that a killed process leaves."""


class PrivateCache:
    """A folder of small files, each named by a digest of its key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self) -> None:
        """Check that only the owner can change the folder.

        Raises:
            AccessError: others can.
        """
        try:
            self._folder.lstat()
        except OSError:  # no folder, or none that can be reached
            return
        if not self._is_safe():
            raise AccessError(
                f"others can change {self._folder}, or it is not a folder, so no session is kept there;"
                " remove it, or `chmod 700` it, or use --no-cache"
            )

    def get(self, key: Mapping[str, object]) -> dict[str, Any] | None:
        """Return the value of a key, unless it has expired or is not readable."""
        return _content(self._file(key)) if self._is_safe() else None

    def forget(self, role_arn: str | None = None) -> int:
        """Remove all kept sessions, or those of a role and of the chains that lead to it; return their number.

        Raises:
            AccessError: the folder is not safe, or a file can't be removed.
        """
        self.check()
        forgotten = 0
        try:
            for file in [*self._folder.iterdir()] if self._is_safe() else []:
                value = _content(file) or {}
                if not _KEPT.fullmatch(file.name) or (role_arn and role_arn not in value.get("roles", ())):
                    continue
                file.unlink(missing_ok=True)
                forgotten += "sessionToken" in value or "SessionToken" in value
        except OSError as error:
            raise AccessError(f"{self._folder} can't be emptied: {error.strerror}") from None
        return forgotten

    def put(self, key: Mapping[str, object], value: Mapping[str, object], expires_at: float) -> None:
        """Keep a value until a time in seconds since 1970; do nothing where that is not safe."""
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._is_safe():
            return
        target = self._file(key)
        beside = target.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            self._forget_expired()
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump({"expiresAt": expires_at, "value": dict(value)}, file)
            # Last, as the file's time is when it expires.
            os.utime(beside, (expires_at, expires_at))
            beside.replace(target)

    def _file(self, key: Mapping[str, object]) -> Path:
        return self._folder / hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()

    def _is_safe(self) -> bool:
        """Return whether the folder exists, and only its owner can change it."""
        try:
            found = self._folder.lstat()
        except OSError:
            return False
        return stat.S_ISDIR(found.st_mode) and _is_own(found, 0o022)

    def _forget_expired(self) -> None:
        now = time.time()
        for file in self._folder.iterdir():
            if file.lstat().st_mtime <= now:
                file.unlink(missing_ok=True)


class ChainCache:
    """A cache for the sessions that botocore begins on the way to a role, so that it asks for MFA once.

    botocore's own key names only the role, so the key here includes profiles and variables.
    """

    def __init__(
        self,
        cache: PrivateCache,
        profiles: Mapping[str, Mapping[str, str]],
        roles: Sequence[str] = (),
        fresh: bool = False,
    ) -> None:
        """Keep sessions.

        Args:
            cache: where to keep them.
            profiles: all profiles.
            roles: the ARNs of the chain's roles; forgetting one of them drops the sessions too.
            fresh: replace the kept sessions by new ones.
        """
        self._cache = cache
        self._roles = roles
        self._fresh = fresh
        variables = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        self._key = {"kind": "chain", "profiles": profiles, "variables": variables}

    def __contains__(self, role: str) -> bool:
        """Return whether a session is kept."""
        return not self._fresh and self._kept(role) is not None

    def __getitem__(self, role: str) -> dict[str, Any]:
        """Return a session as STS gave it."""
        kept = self._kept(role) or {}
        if not set(self._roles) <= set(kept.get("roles", ())):  # kept for another chain
            self._keep(role, kept, datetime.fromisoformat(kept["Expiration"]))
        return {"Credentials": kept}

    def __setitem__(self, role: str, given: Mapping[str, Any]) -> None:
        """Keep a session."""
        if self._fresh and self._kept(role) is None:
            return
        session = given["Credentials"]
        self._keep(role, session, session["Expiration"])

    def _keep(self, role: str, session: Mapping[str, Any], until: datetime) -> None:
        keys = {name: session[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}
        roles = sorted({*self._roles, *session.get("roles", ())})
        value = {**keys, "Expiration": until.isoformat(), "roles": roles}
        self._cache.put({**self._key, "role": role}, value, until.timestamp())

    def _kept(self, role: str) -> dict[str, Any] | None:
        return self._cache.get({**self._key, "role": role})


def _content(file: Path) -> dict[str, Any] | None:
    """Return a file's value, unless it has expired or is not readable."""
    try:
        # Without O_NONBLOCK, opening a FIFO waits for a writer.
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, encoding="utf-8") as opened:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or not _is_own(found, 0o077):
                return None
            content = json.load(opened)
        if content["expiresAt"] <= time.time():
            return None
        value = content["value"]
        return value if isinstance(value, dict) else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def cache_folder() -> Path | None:
    """Return the folder, by the XDG Base Directory Specification; none without a home."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if base.startswith("/"):  # the specification ignores relative paths
        return Path(base) / _NAME
    try:
        return Path.home() / ".cache" / _NAME
    except RuntimeError:
        return None


def private_cache() -> PrivateCache | None:
    """Return the cache; none without a home."""
    folder = cache_folder()
    return PrivateCache(folder) if folder else None


def chain_cache(
    profiles: Profiles, profile: str | None, role_arn: str | None = None, fresh: bool = False
) -> ChainCache | None:
    """Return the cache of the sessions on the way to a role; nothing without a home.

    Args:
        profiles: all profiles.
        profile: the one to start from; by default, the one in force.
        role_arn: the role that is assumed from there, if there is one.
        fresh: replace the kept sessions by new ones.
    """
    cache = private_cache()
    named = [profiles.get(name, {}).get("role_arn") for name in source_chain(profiles, profile or active_profile())]
    return ChainCache(cache, profiles, [arn for arn in (*named, role_arn) if arn], fresh) if cache else None


def _is_own(found: os.stat_result, forbidden: int) -> bool:
    return found.st_uid == os.geteuid() and not found.st_mode & forbidden

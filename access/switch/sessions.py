"""Assume a role: reuse the kept session, or begin a new one."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from ..credentials import Credentials
from ..errors import AccessError
from .callers import Caller, Source, find_source, identify
from .config_file import Profiles, active_profile
from .roles import Role
from .session_cache import chain_cache, private_cache

_EARLY = timedelta(minutes=5)
"""A kept session is replaced this long before it expires, so that commands in it have time to end."""

DEFAULT_SECONDS = _LONGEST_CHAINED_SECONDS = 3600
"""Source: IAM User Guide, "IAM roles", under "Role chaining"."""


@dataclass(frozen=True)
class Choices:
    """The options of a session. Defaults come from the role and the caller."""

    profile: str | None = None
    mfa_serial: str | None = None
    external_id: str | None = field(default=None, repr=False)
    source_identity: str | None = None
    session_name: str | None = None
    duration: int | None = None
    policy: str | None = None
    """A session policy, as JSON, which narrows the role's rights."""
    tags: Mapping[str, str] = field(default_factory=dict)
    keep: bool = True
    """``True`` to reuse a kept session, and to keep a new one."""


@dataclass(frozen=True)
class SessionCredentials(Credentials):
    """The credentials of a role's session."""

    session_token: str = field(repr=False)
    expires_at: datetime

    @property
    def expiration(self) -> str:
        """The time of expiry, in the format of AWS tools."""
        return self.expires_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Switch:
    """A switch to a role. Values that need a call to AWS are read on demand, and once."""

    def __init__(self, role: Role, choices: Choices, profiles: Profiles) -> None:
        self.role = role
        self.choices = choices
        self.profiles = profiles
        self._cache = private_cache()

    @cached_property
    def source(self) -> Source:
        """The credentials to start from."""
        start = self.choices.profile or self.role.profile
        cache = chain_cache(self.profiles, start, self.role.arn, fresh=not self.choices.keep)
        return find_source(self.profiles, self.choices.profile, self.role.profile, cache)

    @property
    def start_profile(self) -> str | None:
        """The profile to start from; none if the environment decides."""
        return self.choices.profile or self.role.source_profile

    @cached_property
    def caller(self) -> Caller:
        """The owner of these credentials."""
        return identify(self.source, self._cache)

    @cached_property
    def session_name(self) -> str:
        """The session's name; by default the caller's."""
        return self.choices.session_name or self.role.session_name or self._own_name("--session-name")

    @cached_property
    def source_identity(self) -> str | None:
        """The source identity; by default the caller's name, if the role requires one."""
        if self.choices.source_identity or not self.role.requires_source_identity:
            return self.choices.source_identity
        return self._own_name("--source-identity")

    @cached_property
    def external_id(self) -> str | None:
        """The external id."""
        external_id = self.choices.external_id or self.role.external_id
        if not external_id and self.role.lacks_external_id:
            raise AccessError(
                f"{self.role.arn} requires an external id, which is not published; ask its administrators for it, and"
                " use --external-id ID"
            )
        return external_id

    @cached_property
    def known_mfa_serial(self) -> str | None:
        """The MFA device, if it is known without a call to AWS."""
        if self.choices.mfa_serial or self.role.mfa_serial:
            return self.choices.mfa_serial or self.role.mfa_serial
        start = self.start_profile
        if not start and self.role.requires_mfa and not self.source.from_environment:
            start = active_profile()
        serial = self.profiles.get(start, {}).get("mfa_serial") if start else None
        # The device belongs to a user, so a session can't use it.
        return serial if serial and not self.source.credentials.session_token else None

    @cached_property
    def mfa_serial(self) -> str | None:
        """The MFA device; none if the role is not known to require MFA."""
        if self.known_mfa_serial or not self.role.requires_mfa:
            return self.known_mfa_serial
        from .mfa import only_device

        if self.caller.role:
            # IAM User Guide, "Secure API access with MFA": a role's session has not been authenticated with a device.
            raise AccessError(
                f"{self.role.arn} requires MFA, which a session of role {self.caller.role!r} can't use;"
                " start from your own keys: --profile"
            )
        return only_device(self.source)

    @cached_property
    def duration(self) -> int:
        """The session's duration, in seconds."""
        wanted = self.choices.duration or self.role.duration or DEFAULT_SECONDS
        if wanted <= _LONGEST_CHAINED_SECONDS or not (self.source.credentials.session_token or self.caller.role):
            return wanted
        # Also from GetSessionToken, as aws-runas found (mmmorris1975/aws-runas#11).
        start = f"you are already in role {self.caller.role!r}" if self.caller.role else "you start from a session"
        _note(f"{start}, where AWS allows an hour at most; using {_LONGEST_CHAINED_SECONDS} seconds, not {wanted}")
        return _LONGEST_CHAINED_SECONDS

    @cached_property
    def tags(self) -> dict[str, str]:
        """The session's tags: the given ones, and those for which the role allows a single value."""
        tags = dict(self.choices.tags)
        for name, values in self.role.session_tags.items():
            if name not in tags and len(values) > 1:
                raise AccessError(f"{self.role.arn} requires the tag {name!r}: --tag {name}={'|'.join(values)}")
            tags.setdefault(name, values[0])
        return tags

    def session(self) -> SessionCredentials:
        """Return the credentials of the kept session, or of a new one.

        Raises:
            AccessError: AWS refuses a session; the message says why and what to do.
        """
        if self._cache and self.choices.keep:
            self._cache.check()
        with self.one_line_errors():
            kept = _from_kept(self._cache.get(self._key)) if self._cache else None
            if kept and self.choices.keep:
                return kept
            new = self._assume_role()
            if self._cache and (kept or self.choices.keep):
                until = (new.expires_at - _EARLY).timestamp()
                self._cache.put(self._key, {**_to_keep(new), "roles": [self.role.arn]}, until)
            return new

    @contextmanager
    def one_line_errors(self) -> Iterator[None]:
        """Turn errors of AWS into one line."""
        try:
            yield
        except AccessError:
            raise
        except Exception as error:
            raise self._one_line_error(error) from None

    def _assume_role(self) -> SessionCredentials:
        request: dict[str, Any] = {
            "RoleArn": self.role.arn,
            "RoleSessionName": self.session_name,
        }
        if self.duration != DEFAULT_SECONDS:
            # With a duration, a chained session can't sign in to the console: IAM User Guide, "Enable custom identity
            # broker access to the AWS console".
            request["DurationSeconds"] = self.duration
        optional = {
            "ExternalId": self.external_id,
            "SourceIdentity": self.source_identity,
            "Policy": self.choices.policy,
        }
        request |= {name: value for name, value in optional.items() if value}
        if self.tags:
            request["Tags"] = [{"Key": name, "Value": value} for name, value in self.tags.items()]
        if self.mfa_serial:
            from ..terminal import ask_for_code

            request |= {"SerialNumber": self.mfa_serial, "TokenCode": ask_for_code(self.mfa_serial)}
        keys = self.source.sts.assume_role(**request)["Credentials"]
        return SessionCredentials(
            keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], keys["Expiration"]
        )

    @property
    def _key(self) -> dict[str, object]:
        """All that distinguishes a session from others."""
        return {
            "kind": "session",
            "role": self.role.arn,
            "accessKeyId": self.source.credentials.access_key_id,
            "address": self.source.address,
            "sessionName": self.session_name,
            "externalId": self.external_id,
            "sourceIdentity": self.source_identity,
            "tags": self.tags,
            "policy": self.choices.policy,
            "duration": self.duration,
            "mfa": self.known_mfa_serial or self.role.requires_mfa,
        }

    def _own_name(self, option: str) -> str:
        name = self.caller.name
        if len(name) < 2:  # API reference of AssumeRole: 2 to 64 characters
            raise AccessError(f"your own name {name!r} is too short for a session; use {option}")
        return name

    def _one_line_error(self, error: Exception) -> Exception:
        """Return an error of botocore as one line; other errors unchanged."""
        from ..aws_errors import AWS_ERRORS
        from .failures import is_denied, one_line_error

        if not isinstance(error, AWS_ERRORS):
            return error
        who = "you"
        if is_denied(error):
            try:
                # Not from the cache: a renamed user is refused under the old name, and cached under the new one.
                who = identify(self.source, self._cache, fresh=True).arn
            except AWS_ERRORS:
                who = "you"
        why = self._why() if is_denied(error) else []
        return one_line_error(error, self._source_name, self._named_profile, self.role.arn, who, why)

    def _why(self) -> list[str]:
        """Return why AWS refused, as far as the team's list says."""
        from ..aws_errors import AWS_ERRORS
        from .membership import find_membership, reasons
        from .published import read_published

        with suppress(*AWS_ERRORS, AccessError):  # the refusal itself matters more
            published = read_published()
            if published.role(self.role.arn):
                return reasons(self.role.arn, published, find_membership(self.source, self.caller))
        return []

    @property
    def _source_name(self) -> str:
        """The source for messages, also if its credentials could not be read."""
        source: Source | None = self.__dict__.get("source")
        return source.name if source else f"profile {self._named_profile or active_profile()!r}"

    @property
    def _named_profile(self) -> str | None:
        """The profile to name if its credentials can't be read."""
        return self.start_profile or self.role.profile


def _to_keep(session: SessionCredentials) -> dict[str, str]:
    return {
        "accessKeyId": session.access_key_id,
        "secretAccessKey": session.secret_access_key,
        "sessionToken": session.session_token,
        "expiration": session.expiration,
    }


def _from_kept(kept: Mapping[str, Any] | None) -> SessionCredentials | None:
    if not kept:
        return None
    try:
        return SessionCredentials(
            str(kept["accessKeyId"]),
            str(kept["secretAccessKey"]),
            str(kept["sessionToken"]),
            datetime.fromisoformat(kept["expiration"]),
        )
    except (KeyError, TypeError, ValueError):  # from another version
        return None


def _note(text: str) -> None:
    print(f"access: {text}", file=sys.stderr)

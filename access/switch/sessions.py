"""A session of a role: the one that is kept, or a new one."""

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
"""A kept session is given up this long before it expires, so that what is begun in it has time to end."""

DEFAULT_SECONDS = _LONGEST_CHAINED_SECONDS = 3600
"""Source: IAM User Guide, "IAM roles", under "Role chaining"."""


@dataclass(frozen=True)
class Choices:
    """What a person asks of a session; what is not said comes from the role, or from who asks."""

    profile: str | None = None
    mfa_serial: str | None = None
    external_id: str | None = field(default=None, repr=False)
    source_identity: str | None = None
    session_name: str | None = None
    duration: int | None = None
    policy: str | None = None
    """A session policy, as JSON: what the role allows is narrowed to it."""
    tags: Mapping[str, str] = field(default_factory=dict)
    keep: bool = True
    """Whether a kept session will do, and a new one is kept where none was."""


@dataclass(frozen=True)
class SessionCredentials(Credentials):
    """The keys of a role's session."""

    session_token: str = field(repr=False)
    expires_at: datetime

    @property
    def expiration(self) -> str:
        """When they expire, as AWS tools write it."""
        return self.expires_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Switch:
    """A person about to switch to a role. What takes a call to AWS is found out when it is needed, and once."""

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
        """The profile to start from; none where the environment decides."""
        return self.choices.profile or self.role.source_profile

    @cached_property
    def caller(self) -> Caller:
        """Whose they are."""
        return identify(self.source, self._cache)

    @cached_property
    def session_name(self) -> str:
        """What the session is called: after the user, if nothing else is said."""
        return self.choices.session_name or self.role.session_name or self._own_name("--session-name")

    @cached_property
    def source_identity(self) -> str | None:
        """Who the session says is behind it: the user, if the role wants that said."""
        if self.choices.source_identity or not self.role.requires_source_identity:
            return self.choices.source_identity
        return self._own_name("--source-identity")

    @cached_property
    def external_id(self) -> str | None:
        """What the role wants to be told."""
        known = self.choices.external_id or self.role.external_id
        if not known and self.role.wants_external_id:
            raise AccessError(
                f"{self.role.arn} wants an external id, which is not published; ask its administrators for it, and say"
                " --external-id ID"
            )
        return known

    @cached_property
    def known_mfa_serial(self) -> str | None:
        """The device that is to show a code, as far as no call to AWS is needed to know it."""
        if self.choices.mfa_serial or self.role.mfa_serial:
            return self.choices.mfa_serial or self.role.mfa_serial
        start = self.start_profile
        if not start and self.role.requires_mfa and not self.source.from_environment:
            start = active_profile()
        serial = self.profiles.get(start, {}).get("mfa_serial") if start else None
        # A device of a user's, which the session of a role can't show.
        return serial if serial and not self.source.credentials.session_token else None

    @cached_property
    def mfa_serial(self) -> str | None:
        """The device that is to show a code; none if the role, as far as is known, does not want one."""
        if self.known_mfa_serial or not self.role.requires_mfa:
            return self.known_mfa_serial
        from .mfa import only_device

        if self.caller.role:
            # IAM User Guide, "Secure API access with MFA": a role's session has not been authenticated with a device.
            raise AccessError(
                f"{self.role.arn} wants MFA, which a session of role {self.caller.role!r} can't show;"
                " start from your own keys: --profile"
            )
        return only_device(self.source)

    @cached_property
    def duration(self) -> int:
        """How long the session is to last, in seconds."""
        wanted = self.choices.duration or self.role.duration or DEFAULT_SECONDS
        if wanted <= _LONGEST_CHAINED_SECONDS or not (self.source.credentials.session_token or self.caller.role):
            return wanted
        # Also from GetSessionToken, as aws-runas found (mmmorris1975/aws-runas#11).
        start = f"you are in role {self.caller.role!r} already" if self.caller.role else "you start from a session"
        _say(
            f"{start}, and from there AWS gives an hour at most; asking for {_LONGEST_CHAINED_SECONDS} seconds, not"
            f" {wanted}"
        )
        return _LONGEST_CHAINED_SECONDS

    @cached_property
    def tags(self) -> dict[str, str]:
        """The tags of the session: those that were asked for, and those for which the role leaves no choice."""
        tags = dict(self.choices.tags)
        for name, values in self.role.session_tags.items():
            if name not in tags and len(values) > 1:
                raise AccessError(f"{self.role.arn} wants the tag {name!r}: --tag {name}={'|'.join(values)}")
            tags.setdefault(name, values[0])
        return tags

    def session(self) -> SessionCredentials:
        """The credentials of the session that is kept, or of a new one.

        Raises:
            AccessError: it can't be begun; the message says why and what to do.
        """
        if self._cache and self.choices.keep:
            self._cache.check()
        with self.in_words():
            kept = _from_kept(self._cache.get(self._key)) if self._cache else None
            if kept and self.choices.keep:
                return kept
            begun = self._begin()
            if self._cache and (kept or self.choices.keep):
                until = (begun.expires_at - _EARLY).timestamp()
                self._cache.put(self._key, {**_to_keep(begun), "roles": [self.role.arn]}, until)
            return begun

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """Tell what goes wrong with AWS in one line."""
        try:
            yield
        except AccessError:
            raise
        except Exception as error:
            raise self._explained(error) from None

    def _begin(self) -> SessionCredentials:
        request: dict[str, Any] = {
            "RoleArn": self.role.arn,
            "RoleSessionName": self.session_name,
        }
        if self.duration != DEFAULT_SECONDS:
            # A role's session that asks for a duration can't sign in to the console: IAM User Guide, "Enable custom
            # identity broker access to the AWS console".
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
        given = self.source.sts.assume_role(**request)["Credentials"]
        return SessionCredentials(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], given["Expiration"]
        )

    @property
    def _key(self) -> dict[str, object]:
        """All that makes a session what it is: with anything else, it would be another one."""
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
            raise AccessError(f"your own name {name!r} is too short for a session; say {option}")
        return name

    def _explained(self, error: Exception) -> Exception:
        """Return the error in words, if botocore raised it."""
        from ..aws_errors import AWS_ERRORS
        from .failures import explained, is_denied

        if not isinstance(error, AWS_ERRORS):
            return error
        who = "you"
        if is_denied(error):
            try:
                # Asked anew: who was renamed is refused under the old name, and is known by the new one next time.
                who = identify(self.source, self._cache, fresh=True).arn
            except AWS_ERRORS:
                who = "you"
        why = self._why() if is_denied(error) else []
        return explained(error, self._source_name, self._named_profile, self.role.arn, who, why)

    def _why(self) -> list[str]:
        """Return why it was refused, as far as the published roles tell it."""
        from ..aws_errors import AWS_ERRORS
        from .published import read_published
        from .standing import find_standing, reasons

        with suppress(*AWS_ERRORS, AccessError):  # it is the refusal that people have to hear of
            published = read_published()
            if published.role(self.role.arn):
                return reasons(self.role.arn, published, find_standing(self.source, self.caller))
        return []

    @property
    def _source_name(self) -> str:
        """In words, also where the credentials could not be had."""
        found: Source | None = self.__dict__.get("source")
        return found.name if found else f"profile {self._named_profile or active_profile()!r}"

    @property
    def _named_profile(self) -> str | None:
        """The profile that is to blame where its credentials can't be had."""
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
    except (KeyError, TypeError, ValueError):  # written by another version
        return None


def _say(text: str) -> None:
    print(f"access: {text}", file=sys.stderr)

"""Find the credentials that a switch starts from, and identify their owner."""

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from ..command_line import COMMAND
from ..credentials import Credentials
from ..errors import AccessError
from .config_file import Profiles, active_profile, named_profile, read_keys
from .session_cache import ChainCache, PrivateCache

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

_OWNER_SECONDS = 24 * 3600.0
"""How long the owner of an access key is cached. A key never changes its user, but a user may be renamed."""

_ASKED = "ACCESS_CREDENTIALS_OF"
"""Lists the profiles whose credentials are being read, so that a profile that reads its own is noticed."""

_ENVIRONMENT = "the environment variables"

_EXPIRY = ("x_security_token_expires", "expiration", "aws_expiration")
"""Settings in which other tools record when a session's keys expire. AWS tools read none of these."""

_NOT_KEYS = ("role_arn", "web_identity_token_file", "credential_process", "login_session")
"""Settings that give a profile other credentials than keys. So do those of Identity Center."""

_ADDRESS_VARIABLES = ("AWS_ENDPOINT_URL", "AWS_IGNORE_CONFIGURED", "AWS_STS_", "AWS_USE_")
_ADDRESS_SETTINGS = ("endpoint_url", "ignore_configured_", "services", "sts_", "use_")
"""Prefixes of the settings that change endpoints."""

_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 3, 10, 2


@dataclass(frozen=True)
class Caller:
    """The principal that owns credentials."""

    arn: str

    @property
    def account_id(self) -> str:
        """The account id."""
        return self.arn.split(":")[4]

    @property
    def name(self) -> str:
        """The user's name, or the name of a role's session."""
        return self.arn.rsplit(":", 1)[1].rpartition("/")[2]

    @property
    def role(self) -> str | None:
        """The role's name, if this is a role's session."""
        kind, _, rest = self.arn.split(":", 5)[5].partition("/")
        return rest.rpartition("/")[0] if kind == "assumed-role" else None


@dataclass(frozen=True)
class Source:
    """The credentials to start from, and where they come from."""

    name: str
    """Where they come from, for messages."""
    profile: str | None
    """The profile whose settings apply; none where the environment decides."""
    settings: Mapping[str, str]
    """The profile's settings, such as region and endpoint."""
    credentials: Credentials

    @property
    def from_environment(self) -> bool:
        """``True`` if the credentials are in environment variables."""
        return self.name == _ENVIRONMENT

    def client(self, service: str) -> Any:  # noqa: ANN401 (botocore makes its clients as it runs)
        """Return a client of an AWS service, with short timeouts."""
        from botocore.config import Config

        return self._session.create_client(
            service,
            region_name=self.region,
            aws_access_key_id=self.credentials.access_key_id,
            aws_secret_access_key=self.credentials.secret_access_key,
            aws_session_token=self.credentials.session_token,
            config=Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            ),
        )

    @cached_property
    def sts(self) -> "STSClient":
        """A client of STS."""
        return cast("STSClient", self.client("sts"))

    @cached_property
    def _session(self) -> Any:  # noqa: ANN401
        from ..aws_session import new_session

        return new_session(self.profile)

    @property
    def address(self) -> list[str | None]:
        """All that selects the STS endpoint; part of cache keys."""
        variables = (name for name in sorted(os.environ) if name.startswith(_ADDRESS_VARIABLES))
        settings = (name for name in sorted(self.settings) if name.startswith(_ADDRESS_SETTINGS))
        values = [f"{name}={os.environ[name]}" for name in variables]
        return [self.region, *values, *(f"{name}={self.settings[name]}" for name in settings)]

    @property
    def region(self) -> str | None:
        """The region. Other tools than boto3 read AWS_REGION."""
        variables = (os.environ.get(name) for name in ("AWS_DEFAULT_REGION", "AWS_REGION"))
        return next(filter(None, variables), None) or self.settings.get("region")


def find_source(
    profiles: Profiles,
    profile: str | None = None,
    role_profile: str | None = None,
    cache: ChainCache | None = None,
) -> Source:
    """Return the credentials to start from: the same that every AWS tool finds.

    This reads keys in environment variables and profiles itself, because loading botocore takes longer than all the
    rest. It leaves everything else to botocore.

    Args:
        profiles: all profiles.
        profile: the profile to use; by default, the same as AWS tools.
        role_profile: the profile that names the role, and where to start without ``profile``.
        cache: the cache for sessions on the way.

    Raises:
        AccessError: there are no credentials, or they have expired.
        botocore.exceptions.BotoCoreError: AWS or a credential helper fails.
    """
    settings_profile = role_profile or profile
    for named in (profile, settings_profile or named_profile()):
        if named and named not in profiles:
            raise AccessError(f"there is no AWS profile {named!r}; check --profile, source_profile and AWS_PROFILE")
    settings = profiles.get(settings_profile or active_profile(), {})
    if role_profile and not profile:
        return _source_of_role(profiles, role_profile, settings, cache)
    credentials = None if profile else _from_environment()
    if credentials:
        return Source(_ENVIRONMENT, settings_profile, settings, credentials)
    name = profile or active_profile()
    keys = None if not profile and "AWS_WEB_IDENTITY_TOKEN_FILE" in os.environ else _from_file(name, profiles)
    return Source(f"profile {name!r}", settings_profile, settings, keys or _from_botocore(name, profile, cache))


def _source_of_role(
    profiles: Profiles, role_profile: str, settings: Mapping[str, str], cache: ChainCache | None
) -> Source:
    """Return the credentials with which AWS tools assume the role of a profile."""
    start, credential_source = settings.get("source_profile"), settings.get("credential_source")
    if start and not credential_source:
        # A role's profile may hold the keys to start from.
        keys = _from_file(start, profiles, ("role_arn",) if start == role_profile else ())
        if keys:
            return Source(f"profile {start!r}", role_profile, settings, keys)
    credentials = _from_environment() if credential_source == "Environment" and not start else None
    if credentials:
        return Source(_ENVIRONMENT, role_profile, settings, credentials)
    name = f"profile {start!r}" if start else credential_source or f"profile {role_profile!r}"
    return Source(name, role_profile, settings, _from_botocore(role_profile, role_profile, cache, start=True))


def identify(source: Source, cache: PrivateCache | None, fresh: bool = False) -> Caller:
    """Return the owner of credentials; ask AWS once a day for each access key, or if ``fresh``.

    Raises:
        botocore.exceptions.ClientError: AWS does not know the credentials, or they have expired.
    """
    key = {"kind": "caller", "accessKeyId": source.credentials.access_key_id, "address": source.address}
    cached = cache.get(key) if cache and not fresh else None
    if cached and "arn" in cached:
        return Caller(cached["arn"])
    arn = source.sts.get_caller_identity()["Arn"]
    if cache:
        cache.put(key, {"arn": arn}, time.time() + _OWNER_SECONDS)
    return Caller(arn)


def parse_time(text: str | None) -> datetime | None:
    """Return the time in a text like ``2030-01-31T12:00:00Z``; none if there is none."""
    try:
        parsed = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _from_environment() -> Credentials | None:
    key, secret = (os.environ.get(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    if not key:
        return None
    if not secret:
        raise AccessError("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not; set both, or neither")
    token = os.environ.get("AWS_SECURITY_TOKEN") or os.environ.get("AWS_SESSION_TOKEN")
    text = os.environ.get("AWS_CREDENTIAL_EXPIRATION")
    expires_at = parse_time(text)
    if text and not expires_at:
        raise AccessError(f"AWS_CREDENTIAL_EXPIRATION is {text!r}; write a time such as 2030-01-31T12:00:00Z")
    if expires_at and expires_at <= datetime.now(UTC):
        raise AccessError(
            f"the credentials of {_ENVIRONMENT} expired at {expires_at:%Y-%m-%d %H:%M} UTC; remove them:"
            f" {COMMAND} env --unset"
        )
    return Credentials(key, secret, token, expires_at)


def _from_file(name: str, profiles: Profiles, ignored: Sequence[str] = ()) -> Credentials | None:
    """Return the keys of a profile that has no other credentials."""
    settings = profiles.get(name, {})
    if any(name in _NOT_KEYS or name.startswith("sso_") for name in settings if name not in ignored):
        return None
    keys = read_keys(name)
    if not keys.get("aws_access_key_id") or not keys.get("aws_secret_access_key"):
        return None
    token = keys.get("aws_security_token", keys.get("aws_session_token"))
    expires_at = next(filter(None, (parse_time(keys.get(setting)) for setting in _EXPIRY)), None)
    return Credentials(keys["aws_access_key_id"], keys["aws_secret_access_key"], token or None, expires_at)


def _from_botocore(name: str, profile: str | None, cache: ChainCache | None, start: bool = False) -> Credentials:
    """Return a profile's credentials, or with ``start`` those with which botocore would assume the profile's role."""
    from ..aws_session import new_session

    asked = json.loads(os.environ.get(_ASKED, "[]"))
    if name in asked:
        raise AccessError(f"profile {name!r} gets its credentials from this command; name another: --profile")
    os.environ[_ASKED] = json.dumps([*asked, name])
    try:
        session = new_session(profile)
        if cache:
            session.keep_roles(cache)
        found = session.get_source_credentials() if start else session.get_credentials()
        if found is None:
            raise AccessError(
                "no AWS credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use --profile NAME"
            )
        frozen = session.freeze(found)
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token, getattr(found, "_expiry_time", None))
    finally:
        if asked:
            os.environ[_ASKED] = json.dumps(asked)
        else:
            del os.environ[_ASKED]

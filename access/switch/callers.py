"""Whose credentials a switch starts from, and who that is."""

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

_KNOWN_SECONDS = 24 * 3600.0
"""How long it is remembered whose a key is. A key stays its user's for ever, but a user may be renamed."""

_ASKED = "ACCESS_CREDENTIALS_OF"
"""Names the profiles whose credentials are being asked for, so that a profile that asks for its own is noticed."""

_ENVIRONMENT = "the environment variables"

_EXPIRY = ("x_security_token_expires", "expiration", "aws_expiration")
"""How other tools write into the credentials file when the keys of a session expire. AWS tools read none of these."""

_NOT_KEYS = ("role_arn", "web_identity_token_file", "credential_process", "login_session")
"""Settings with which a profile has other credentials than keys, or may have; so do those of Identity Center."""

_ADDRESS_VARIABLES = ("AWS_ENDPOINT_URL", "AWS_IGNORE_CONFIGURED", "AWS_STS_", "AWS_USE_")
_ADDRESS_SETTINGS = ("endpoint_url", "ignore_configured_", "services", "sts_", "use_")
"""How names begin of what leads to other endpoints."""

_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 3, 10, 2


@dataclass(frozen=True)
class Caller:
    """Who credentials belong to."""

    arn: str

    @property
    def account_id(self) -> str:
        """The account."""
        return self.arn.split(":")[4]

    @property
    def name(self) -> str:
        """The user's own name; of a role's session, the session's, which says who began it."""
        return self.arn.rsplit(":", 1)[1].rpartition("/")[2]

    @property
    def role(self) -> str | None:
        """The name of the role whose session it is; none if it is not one."""
        kind, _, rest = self.arn.split(":", 5)[5].partition("/")
        return rest.rpartition("/")[0] if kind == "assumed-role" else None


@dataclass(frozen=True)
class Source:
    """Credentials to start from, and where they were found."""

    name: str
    """In words."""
    profile: str | None
    """The profile by whose settings AWS is asked; none where the environment decides."""
    settings: Mapping[str, str]
    """What it says of region, endpoint and the like."""
    credentials: Credentials

    @property
    def from_environment(self) -> bool:
        """Whether they are in environment variables."""
        return self.name == _ENVIRONMENT

    def client(self, service: str) -> Any:  # noqa: ANN401 (botocore makes its clients as it runs)
        """A client of an AWS service that answers, or fails, in seconds."""
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
        """What decides which STS is asked, for the keys of the cache."""
        variables = (name for name in sorted(os.environ) if name.startswith(_ADDRESS_VARIABLES))
        settings = (name for name in sorted(self.settings) if name.startswith(_ADDRESS_SETTINGS))
        found = [f"{name}={os.environ[name]}" for name in variables] + [f"{it}={self.settings[it]}" for it in settings]
        return [self.region, *found]

    @property
    def region(self) -> str | None:
        """The region to work in. Other tools than boto3 know it as AWS_REGION."""
        variables = (os.environ.get(name) for name in ("AWS_DEFAULT_REGION", "AWS_REGION"))
        return next(filter(None, variables), None) or self.settings.get("region")


def find_source(
    profiles: Profiles,
    profile: str | None = None,
    role_profile: str | None = None,
    cache: ChainCache | None = None,
) -> Source:
    """Return the credentials to start from: those that every AWS tool would take.

    Keys in environment variables and in profiles are read here, because loading botocore takes longer than all the
    rest. All else is left to botocore.

    Args:
        profiles: all of them.
        profile: the one to take; by default, what AWS tools would take.
        role_profile: the profile that names the role, and, if no other is said, where to start from.
        cache: where sessions are kept that are begun on the way.

    Raises:
        AccessError: there are none, or they have expired.
        botocore.exceptions.BotoCoreError: AWS, or a helper of the profile, does not give them.
    """
    asking = role_profile or profile
    for named in (profile, asking or named_profile()):
        if named and named not in profiles:
            raise AccessError(f"there is no AWS profile {named!r}; check --profile, source_profile and AWS_PROFILE")
    settings = profiles.get(asking or active_profile(), {})
    if role_profile and not profile:
        return _source_of_role(profiles, role_profile, settings, cache)
    found = None if profile else _from_environment()
    if found:
        return Source(_ENVIRONMENT, asking, settings, found)
    name = profile or active_profile()
    keys = None if not profile and "AWS_WEB_IDENTITY_TOKEN_FILE" in os.environ else _from_file(name, profiles)
    return Source(f"profile {name!r}", asking, settings, keys or _from_botocore(name, profile, cache))


def _source_of_role(
    profiles: Profiles, role_profile: str, settings: Mapping[str, str], cache: ChainCache | None
) -> Source:
    """Return the credentials with which AWS tools assume the role of a profile."""
    start, elsewhere = settings.get("source_profile"), settings.get("credential_source")
    if start and not elsewhere:
        # A role's profile may hold the keys to start from.
        keys = _from_file(start, profiles, ("role_arn",) if start == role_profile else ())
        if keys:
            return Source(f"profile {start!r}", role_profile, settings, keys)
    found = _from_environment() if elsewhere == "Environment" and not start else None
    if found:
        return Source(_ENVIRONMENT, role_profile, settings, found)
    name = f"profile {start!r}" if start else elsewhere or f"profile {role_profile!r}"
    return Source(name, role_profile, settings, _from_botocore(role_profile, role_profile, cache, start=True))


def identify(source: Source, cache: PrivateCache | None, fresh: bool = False) -> Caller:
    """Whose the credentials are. It is asked once a day for each access key, unless a fresh answer is needed.

    Raises:
        botocore.exceptions.ClientError: AWS does not know them, or they have expired.
    """
    key = {"kind": "caller", "accessKeyId": source.credentials.access_key_id, "address": source.address}
    known = cache.get(key) if cache and not fresh else None
    if known and "arn" in known:
        return Caller(known["arn"])
    arn = source.sts.get_caller_identity()["Arn"]
    if cache:
        cache.put(key, {"arn": arn}, time.time() + _KNOWN_SECONDS)
    return Caller(arn)


def parse_time(text: str | None) -> datetime | None:
    """The moment that a text like ``2030-01-31T12:00:00Z`` tells; none if it tells none."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


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
        raise AccessError(f"AWS_CREDENTIAL_EXPIRATION is {text!r}; write a moment such as 2030-01-31T12:00:00Z")
    if expires_at and expires_at <= datetime.now(UTC):
        raise AccessError(
            f"the credentials of {_ENVIRONMENT} expired at {expires_at:%Y-%m-%d %H:%M} UTC; begin again without them:"
            f" {COMMAND} env --unset"
        )
    return Credentials(key, secret, token, expires_at)


def _from_file(name: str, profiles: Profiles, overlooked: Sequence[str] = ()) -> Credentials | None:
    """Return the keys of a profile that has nothing else to start from."""
    settings = profiles.get(name, {})
    if any(it in _NOT_KEYS or it.startswith("sso_") for it in settings if it not in overlooked):
        return None
    keys = read_keys(name)
    if not keys.get("aws_access_key_id") or not keys.get("aws_secret_access_key"):
        return None
    token = keys.get("aws_security_token", keys.get("aws_session_token"))
    expires_at = next(filter(None, (parse_time(keys.get(it)) for it in _EXPIRY)), None)
    return Credentials(keys["aws_access_key_id"], keys["aws_secret_access_key"], token or None, expires_at)


def _from_botocore(name: str, profile: str | None, cache: ChainCache | None, start: bool = False) -> Credentials:
    """Return what botocore finds for a profile, or, to start from, what it would assume the profile's role with."""
    from ..aws_session import new_session

    asked = json.loads(os.environ.get(_ASKED, "[]"))
    if name in asked:
        raise AccessError(f"profile {name!r} gets its credentials from this command; say where to start: --profile")
    os.environ[_ASKED] = json.dumps([*asked, name])
    try:
        session = new_session(profile)
        if cache:
            session.keep_roles(cache)
        found = session.get_source_credentials() if start else session.get_credentials()
        if found is None:
            raise AccessError(
                "no AWS credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or say --profile NAME"
            )
        frozen = session.freeze(found)
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token, getattr(found, "_expiry_time", None))
    finally:
        if asked:
            os.environ[_ASKED] = json.dumps(asked)
        else:
            del os.environ[_ASKED]

"""Whose credentials a switch starts from, and who that is."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from access.command_line import COMMAND
from access.credentials import Credentials
from access.errors import AccessError
from access.switch.config_file import Profiles, active_profile, read_keys
from access.switch.session_cache import PrivateCache

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

_KNOWN_SECONDS = 24 * 3600.0
"""How long it is remembered whose a key is. A key stays its user's for ever, but a user may be renamed."""

_ASKED = "ACCESS_CREDENTIALS_OF"
"""Names the profiles whose credentials are being asked for, so that a profile that asks for its own is noticed."""

_ENVIRONMENT = "the environment variables"

_BEFORE_KEYS = ("role_arn", "web_identity_token_file", "sso_session", "sso_start_url")
_BEFORE_CONFIGURED_KEYS = ("login_session", "credential_process")
"""Settings of a profile that go before keys in ``~/.aws/credentials``, and before those in ``~/.aws/config``."""

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
        from access.aws_session import new_session

        return new_session(self.profile)

    @property
    def address(self) -> list[str | None]:
        """What decides which STS is asked, for the keys of the cache."""
        variables = ("AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
        configured = [self.settings.get(name) for name in ("endpoint_url", "services")]
        return [*map(os.environ.get, variables), self.region, *configured]

    @property
    def region(self) -> str | None:
        """The region to work in. Other tools than boto3 know it as AWS_REGION."""
        variables = (os.environ.get(name) for name in ("AWS_DEFAULT_REGION", "AWS_REGION"))
        return next(filter(None, variables), None) or self.settings.get("region")


def find_source(
    profiles: Profiles, profile: str | None, credential_source: str | None = None, role_profile: str | None = None
) -> Source:
    """The credentials to start from.

    Environment variables and keys of profiles are read here, because loading botocore takes longer than all the rest;
    everything else is left to botocore, and comes in the same order.

    Args:
        profiles: all of them.
        profile: the one to take; by default, what AWS tools would take.
        credential_source: ``Environment``, ``Ec2InstanceMetadata`` or ``EcsContainer`` in place of a profile.
        role_profile: the profile by whose settings AWS is asked, if that is another one.

    Raises:
        AccessError: there are none, or they have expired.
        botocore.exceptions.BotoCoreError: AWS, or a helper of the profile, does not give them.
    """
    name, credentials = _find(profiles, profile, credential_source)
    asking = role_profile or profile
    source = Source(name, asking, profiles.get(asking or active_profile(), {}), credentials)
    expires_at = credentials.expires_at
    if expires_at and expires_at <= datetime.now(UTC):
        cure = f"begin again without them: {COMMAND} env --unset" if source.from_environment else "get new ones"
        raise AccessError(f"the credentials of {name} expired at {expires_at:%Y-%m-%d %H:%M} UTC; {cure}")
    return source


def _find(profiles: Profiles, profile: str | None, credential_source: str | None) -> tuple[str, Credentials]:
    """Where credentials were found, in words, and they themselves."""
    if not profile and credential_source in (None, "Environment"):
        found = _from_environment()
        if found:
            return _ENVIRONMENT, found
    if credential_source:
        return credential_source, _from_provider(credential_source)
    name = profile or active_profile()
    return f"profile {name!r}", _from_file(name, profiles.get(name, {})) or _from_botocore(profile, name)


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
    token = os.environ.get("AWS_SESSION_TOKEN") or os.environ.get("AWS_SECURITY_TOKEN")
    return Credentials(key, secret, token, parse_time(os.environ.get("AWS_CREDENTIAL_EXPIRATION")))


def _from_file(name: str, settings: Mapping[str, str]) -> Credentials | None:
    """The keys of a profile, unless botocore would take something else of it first."""
    if settings.get("source_profile") != name and any(setting in settings for setting in _BEFORE_KEYS):
        return None
    keys = read_keys(name)
    if "aws_access_key_id" not in keys and not any(setting in settings for setting in _BEFORE_CONFIGURED_KEYS):
        keys = settings
    if not keys.get("aws_access_key_id") or not keys.get("aws_secret_access_key"):
        return None
    token = keys.get("aws_security_token") or keys.get("aws_session_token")
    return Credentials(keys["aws_access_key_id"], keys["aws_secret_access_key"], token)


def _from_botocore(profile: str | None, name: str) -> Credentials:
    from access.aws_session import new_session

    asked = json.loads(os.environ.get(_ASKED, "[]"))
    if name in asked:
        raise AccessError(f"profile {name!r} gets its credentials from this command; say where to start: --profile")
    os.environ[_ASKED] = json.dumps([*asked, name])
    try:
        return _frozen(new_session(profile).get_credentials())
    finally:
        if asked:
            os.environ[_ASKED] = json.dumps(asked)
        else:
            del os.environ[_ASKED]


def _from_provider(credential_source: str) -> Credentials:
    """What ``credential_source`` names (IAM roles in a container or on an instance), as botocore finds it."""
    from access.aws_session import new_session

    resolver = new_session().get_component("credential_provider")
    for provider in resolver.providers:
        if credential_source == provider.CANONICAL_NAME:
            return _frozen(provider.load())
    raise AccessError(
        f"credential_source {credential_source!r} is not known; AWS names Environment,"
        " Ec2InstanceMetadata and EcsContainer"
    )


def _frozen(found: Any) -> Credentials:  # noqa: ANN401
    if found is None:
        raise AccessError(
            "no AWS credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or say --profile NAME"
        )
    frozen = found.get_frozen_credentials()
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token, getattr(found, "_expiry_time", None))

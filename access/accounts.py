"""Sessions with AWS accounts, each reached by a profile of the AWS configuration."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ProfileNotFound

from .arn import account_of
from .aws_session import new_session
from .credentials import Credentials
from .errors import AccessError

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 5}, connect_timeout=10, read_timeout=30, max_pool_connections=16
)


class Session:
    """Clients of one principal, each made when it is first needed. They may be shared by threads."""

    def __init__(self, make_client: Callable[[Any], Any]) -> None:
        """Clients of a principal.

        Args:
            make_client: makes the client of a service, by the service's name.
        """
        self._make_client = make_client
        self._lock = RLock()  # neither cached properties nor clients may be made by two threads at once

    @property
    def iam(self) -> "IAMClient":
        """IAM."""
        with self._lock:
            return self._iam

    @property
    def s3(self) -> "S3Client":
        """S3."""
        with self._lock:
            return self._s3

    @property
    def sts(self) -> "STSClient":
        """STS."""
        with self._lock:
            return self._sts

    def client(self, service: str) -> Any:  # noqa: ANN401 (botocore makes its clients as it runs)
        """Return a new client of any other service."""
        with self._lock:
            return self._make_client(service)

    @cached_property
    def _iam(self) -> "IAMClient":
        client: IAMClient = self._make_client("iam")
        return client

    @cached_property
    def _s3(self) -> "S3Client":
        client: S3Client = self._make_client("s3")
        return client

    @cached_property
    def _sts(self) -> "STSClient":
        client: STSClient = self._make_client("sts")
        return client


class Account:
    """An account, as an administrator's profile reaches it."""

    def __init__(self, profile: str, config_file: Path | None = None) -> None:
        """Remember the profile; AWS is not asked yet.

        Args:
            profile: the profile's name.
            config_file: where it stands, all by itself; by default where AWS tools look for it.

        Raises:
            AccessError: there is no such profile.
        """
        self.profile = profile
        self._config_file = config_file
        self.administrator = self._session()

    @property
    def account_id(self) -> str:
        """The account's id, as AWS tells it."""
        return account_of(self.arn)

    @cached_property
    def arn(self) -> str:
        """The profile's own ARN, as AWS tells it: a user's, or a session's in a role."""
        return self.administrator.sts.get_caller_identity()["Arn"]

    def session(self, credentials: Credentials) -> Session:
        """A session with other credentials, and with the endpoints, region and CA of the profile."""
        return self._session(credentials)

    def _session(self, credentials: Credentials | None = None) -> Session:
        try:
            session = new_session(self.profile, self._config_file)
        except ProfileNotFound:
            known = ", ".join(new_session(config_file=self._config_file).available_profiles) or "none"
            raise AccessError(f"profile {self.profile!r} is not in the AWS configuration; there are: {known}") from None
        if credentials:
            session.set_credentials(credentials.access_key_id, credentials.secret_access_key, credentials.session_token)
        clients = boto3.Session(botocore_session=session)
        return Session(lambda service: clients.client(service, config=_CONFIG))

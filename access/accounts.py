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
    """Clients of one principal, each created when it is first needed. Threads may share them."""

    def __init__(self, make_client: Callable[[Any], Any]) -> None:
        """Create no client yet.

        Args:
            make_client: creates the client of a service, by the service's name.
        """
        self._make_client = make_client
        self._lock = RLock()  # two threads must not create clients or cached properties at the same time

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

    def client(self, service: str) -> Any:  # noqa: ANN401 (botocore creates its client classes at run time)
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
        """Load the profile; AWS is not called yet.

        Args:
            profile: the profile's name.
            config_file: the only file to read it from; by default the files that AWS tools read.

        Raises:
            AccessError: there is no such profile.
        """
        self.profile = profile
        self._config_file = config_file
        self.administrator = self._session()

    @property
    def account_id(self) -> str:
        """The account's id, as AWS reports it."""
        return account_of(self.arn)

    @cached_property
    def arn(self) -> str:
        """The profile's own ARN, as AWS reports it: a user's, or a role session's."""
        return self.administrator.sts.get_caller_identity()["Arn"]

    def session(self, credentials: Credentials) -> Session:
        """Return a session with other credentials, and the profile's endpoints, region and CA."""
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

"""The provider's configuration, and the clients of the account that it selects."""

import dataclasses
import functools
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.loaders import create_loader
from botocore.model import OperationModel

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

KEYS = (
    "accessKey",
    "allowedAccountIds",
    "customCaBundle",
    "defaultTags",
    "endpoints",
    "maxRetries",
    "region",
    "s3UsePathStyle",
    "secretKey",
    "skipCredentialsValidation",
    "skipMetadataApiCheck",
    "skipRegionValidation",
    "skipRequestingAccountId",
    "token",
    "version",
)
"""The supported keys under ``aws:``; the official plugin has more."""

SECRET_KEYS = ("accessKey", "secretKey", "token")


class ProviderError(Exception):
    """A failure of the provider; the message gives the reason in one line."""


class ConfigurationError(ProviderError):
    """The configuration is wrong."""


class CancelledError(ProviderError):
    """The engine has cancelled the pending calls."""


class ForeignAnswerError(ProviderError):
    """An answer did not come from AWS, but from a proxy or a sign-in page."""


@dataclass(frozen=True)
class Configuration:
    """The provider's configuration. Nested values arrive from the engine as JSON."""

    region: str
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    ca_bundle: str | None = None
    allowed_account_ids: tuple[str, ...] = ()
    endpoints: Mapping[str, str] = field(default_factory=dict)
    default_tags: Mapping[str, str] = field(default_factory=dict)
    max_attempts: int = 25
    path_style: bool = False

    @classmethod
    def parse(cls, values: Mapping[str, str]) -> "Configuration":
        """Return the configuration that the engine sends, by names without ``aws:``.

        Raises:
            ConfigurationError: a key or the region is unknown, the region is missing, or a value is invalid.
        """
        for key in values:
            if key not in KEYS:
                raise ConfigurationError(
                    f"aws:{key} is not supported by the sandbox's stand-in provider; supported: {', '.join(KEYS)}"
                )
        region = values.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        if not region:
            raise ConfigurationError("aws:region is missing; set it, e.g. `pulumi config set aws:region us-east-1`")
        if values.get("skipRegionValidation") != "true" and region not in _regions():
            raise ConfigurationError(f"aws:region: {region!r} is not an AWS region; write one such as us-east-1")
        endpoints: dict[str, str] = {}
        for entry in _json(values, "endpoints", list):
            if not isinstance(entry, dict):
                raise ConfigurationError(f"aws:endpoints: {entry!r} is not an object that maps services to addresses")
            endpoints |= entry
        max_retries = values.get("maxRetries", "25")
        if not max_retries.isdecimal():
            raise ConfigurationError(f"aws:maxRetries: {max_retries!r} is not a whole number")
        return cls(
            region=region,
            access_key=values.get("accessKey"),
            secret_key=values.get("secretKey"),
            token=values.get("token"),
            ca_bundle=values.get("customCaBundle"),
            # A bare number in YAML has lost its leading zeros.
            allowed_account_ids=tuple(str(number).zfill(12) for number in _json(values, "allowedAccountIds", list)),
            endpoints=endpoints,
            default_tags=_default_tags(values),
            max_attempts=int(max_retries),
            path_style=values.get("s3UsePathStyle") == "true",
        )


class Aws:
    """The clients of one account, each created on first use and shared by threads."""

    def __init__(self, configuration: Configuration) -> None:
        """Store the configuration; nothing is sent to AWS yet."""
        self.configuration = configuration
        self._cancelled = threading.Event()
        self._elsewhere: dict[str, Aws] = {}
        self._session = boto3.Session(
            configuration.access_key, configuration.secret_key, configuration.token, region_name=configuration.region
        )
        self._lock = threading.RLock()

    @functools.cached_property
    def iam(self) -> "IAMClient":
        """IAM."""
        client: IAMClient = self._client("iam")
        return client

    @functools.cached_property
    def s3(self) -> "S3Client":
        """S3."""
        client: S3Client = self._client("s3")
        return client

    @functools.cached_property
    def sts(self) -> "STSClient":
        """STS."""
        client: STSClient = self._client("sts")
        return client

    @functools.cached_property
    def account_id(self) -> str:
        """The account of the credentials."""
        return self.sts.get_caller_identity()["Account"]

    @property
    def region(self) -> str:
        """The region of the clients."""
        return self.configuration.region

    @property
    def partition(self) -> str:
        """The partition of the region: ``aws``, ``aws-us-gov``, ``aws-cn`` and so on."""
        return self._session.get_partition_for_region(self.region)

    @property
    def dns_suffix(self) -> str:
        """The end of all host names in the partition."""
        known: dict[str, str] = {partition["id"]: partition["outputs"]["dnsSuffix"] for partition in _partitions()}
        return known[self.partition]

    def in_region(self, region: str) -> "Aws":
        """Return the same account in another region, for a resource that stays in its own."""
        if region == self.region:
            return self
        with self._lock:
            if region not in self._elsewhere:
                there = Aws(dataclasses.replace(self.configuration, region=region))
                there._cancelled = self._cancelled
                self._elsewhere[region] = there
            return self._elsewhere[region]

    def cancel(self) -> None:
        """Stop retrying calls from now on, so that the pending ones end."""
        self._cancelled.set()

    def check_account(self) -> None:
        """Check that the credentials belong to an allowed account.

        Raises:
            ConfigurationError: they belong to another account.
        """
        allowed = self.configuration.allowed_account_ids
        if allowed and self.account_id not in allowed:
            raise ConfigurationError(f"AWS account ID not allowed: {self.account_id}; allowed: {', '.join(allowed)}")

    def _client(self, service: str) -> Any:  # noqa: ANN401 (boto3 makes its classes at run time)
        with self._lock:  # a session can't safely create two clients at once
            client = self._session.client(  # type: ignore[call-overload]
                service,
                endpoint_url=self.configuration.endpoints.get(service),
                verify=self.configuration.ca_bundle,
                config=Config(
                    retries={"mode": "standard", "max_attempts": self.configuration.max_attempts},
                    s3={"addressing_style": "path" if self.configuration.path_style else "auto"},
                ),
            )
        client.meta.events.register("request-created", self._refuse_retry)
        client.meta.events.register("before-parse", _refuse_foreign_answer)
        return client

    def _refuse_retry(self, request: AWSRequest, **_: object) -> None:
        if self._cancelled.is_set() and request.context["retries"]["attempt"] > 1:
            raise CancelledError("AWS did not answer, and the call is not retried because the engine is stopping")


_REQUEST_IDS = {"x-amzn-requestid", "x-amzn-request-id", "x-amz-request-id"}
"""The headers in which AWS names a request. Source: OpenTelemetry semantic conventions, ``aws.request_id``."""


def _refuse_foreign_answer(operation_model: OperationModel, response_dict: Mapping[str, Any], **_: object) -> None:
    """Refuse a success that AWS did not send: to a call that returns nothing, botocore accepts any page."""
    status, headers = response_dict["status_code"], response_dict["headers"]
    if status < 300 and _REQUEST_IDS.isdisjoint(header.lower() for header in headers):
        raise ForeignAnswerError(
            f"operation {operation_model.name}: the answer did not come from AWS (status code {status},"
            f" {headers.get('content-type', 'no content type')}); is there a proxy or a sign-in page in between?"
        )


@functools.cache
def _partitions() -> list[Any]:
    partitions: list[Any] = create_loader().load_data("partitions")["partitions"]
    return partitions


def _regions() -> set[str]:
    found = {region for partition in _partitions() for region in partition["regions"]}
    return {region for region in found if not region.endswith("-global")}  # these name a whole partition


def _default_tags(values: Mapping[str, str]) -> dict[str, str]:
    tags = _json(values, "defaultTags", dict).get("tags", {})
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        raise ConfigurationError(f"aws:defaultTags: the tags {tags!r} are not an object with text values")
    return tags


def _json(values: Mapping[str, str], key: str, expected: type[Any]) -> Any:  # noqa: ANN401
    if key not in values:
        return expected()
    try:
        value = json.loads(values[key])
    except ValueError:
        value = None
    if not isinstance(value, expected):
        raise ConfigurationError(f"aws:{key}: {values[key]!r} is not a JSON {expected.__name__}")
    return value

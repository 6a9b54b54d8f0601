"""Take the fingerprint of an account: all its resources, without the values that AWS generates."""

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from access.accounts import Session
from sandbox.users import ADMINISTRATOR

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_GENERATED = re.compile(r".*(Id|Date|Time|LastUsed|Count)|Marker|IsTruncated|VersionId")


def fingerprint(session: Session) -> dict[str, Any]:
    """Return users, groups, roles, policies and buckets with their settings, but no objects.

    Args:
        session: a session of the account's administrator.
    """
    details: Any = session.iam.get_account_authorization_details()
    # The sandbox's own administrator stays in an account that ever had a stack.
    details["UserDetailList"] = [user for user in details["UserDetailList"] if user["UserName"] != ADMINISTRATOR]
    found = {name: _stable(details[name]) for name in details if name.endswith("List") or name == "Policies"}
    for bucket in session.s3.list_buckets()["Buckets"]:
        found[bucket["Name"]] = _settings(session.s3, bucket["Name"])
    return found


def _stable(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """Remove ids, dates and old versions of policies, and sort lists, because their order means nothing."""
    if isinstance(value, dict):
        kept = {key: _stable(item) for key, item in value.items() if not _GENERATED.fullmatch(key)}
        if "PolicyVersionList" in value:
            versions = [version for version in value["PolicyVersionList"] if version["IsDefaultVersion"]]
            kept["PolicyVersionList"] = _stable(versions)
        return kept
    if isinstance(value, list):
        return sorted((_stable(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True, default=str))
    return value


def _settings(s3: "S3Client", bucket: str) -> dict[str, Any]:
    reads: dict[str, Callable[[], object]] = {
        "policy": lambda: json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]),
        "encryption": lambda: s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"],
        "versioning": lambda: s3.get_bucket_versioning(Bucket=bucket).get("Status"),
        "ownership": lambda: s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"],
        "public access": lambda: s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"],
    }
    found: dict[str, Any] = {}
    for name, read in reads.items():
        try:
            found[name] = read()
        except ClientError as error:
            found[name] = error.response["Error"]["Code"]
    return found

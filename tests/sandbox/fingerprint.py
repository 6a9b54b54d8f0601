"""A fingerprint of an account: all that its stacks and people made there, without what AWS makes up."""

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from access.accounts import Session
from sandbox.users import ADMINISTRATOR

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MADE_UP = re.compile(r".*(Id|Date|Time|LastUsed|Count)|Marker|IsTruncated|VersionId")


def fingerprint(session: Session) -> dict[str, Any]:
    """Return users, groups, roles, policies and the buckets with their settings; objects are left out.

    Args:
        session: an administrator's.
    """
    details: Any = session.iam.get_account_authorization_details()
    # Where an account ever had a stack, the sandbox's own administrator stays.
    details["UserDetailList"] = [user for user in details["UserDetailList"] if user["UserName"] != ADMINISTRATOR]
    found = {name: _stable(details[name]) for name in details if name.endswith("List") or name == "Policies"}
    for bucket in session.s3.list_buckets()["Buckets"]:
        found[bucket["Name"]] = _settings(session.s3, bucket["Name"])
    return found


def _stable(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """Leave out ids, dates and old versions of policies; sort lists, as their order means nothing."""
    if isinstance(value, dict):
        kept = {key: _stable(it) for key, it in value.items() if not _MADE_UP.fullmatch(key)}
        if "PolicyVersionList" in value:
            kept["PolicyVersionList"] = [_stable(it) for it in value["PolicyVersionList"] if it["IsDefaultVersion"]]
        return kept
    if isinstance(value, list):
        return sorted((_stable(it) for it in value), key=lambda it: json.dumps(it, sort_keys=True, default=str))
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

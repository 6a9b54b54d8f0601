"""The resources that a proof creates: their names, their mark, and how to remove them.

Each resource is recorded before it is created, so that an interruption at any moment leaves nothing unknown. A resource
is a proof's only if its name has exactly the form below *and* it carries the mark.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from ..accounts import Account, Session
from ..aws_errors import error_code

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PATH = "/access-probe/"
"""The path of the proof's users and policies."""

INLINE_POLICY = "access-probe"
"""The inline policy of the proof's users."""

MARK = "access-probe"
"""The tag, or the key of an object's metadata, that names the run."""
_SINCE = "access-probe-since"
_LIFETIME = timedelta(hours=1)
_RUN = "access-probe-[0-9a-f]{8}"

Kind = Literal["user", "role", "policy", "bucket", "object"]

NAMES: Mapping[Kind, re.Pattern[str]] = {
    "user": re.compile(rf"({_RUN})-[0-9]+"),
    "role": re.compile(rf"(?:.+-)?({_RUN})"),
    "policy": re.compile(f"({_RUN})"),
    "bucket": re.compile(rf".+-({_RUN})"),
    "object": re.compile(rf"({_RUN})/(?:object|written|deleted)"),
}
"""The complete names of the proof's resources, with the run as the group. An object's is its key without prefix."""


@dataclass(frozen=True)
class Run:
    """One run of a proof."""

    name: str = field(default_factory=lambda: f"access-probe-{secrets.token_hex(4)}")
    """A name that no other run has."""
    since: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    @property
    def mark(self) -> dict[str, str]:
        """The tags or metadata of every resource."""
        return {MARK: self.name, _SINCE: _format_time(self.since)}

    @property
    def tags(self) -> list[Any]:
        """The mark in the form of IAM's and S3's tags."""
        return [{"Key": key, "Value": value} for key, value in self.mark.items()]

    @property
    def in_time(self) -> dict[str, dict[str, str]]:
        """The condition on all rights of the proof, which expire after an hour."""
        return {"DateLessThan": {"aws:CurrentTime": _format_time(self.since + _LIFETIME)}}


@dataclass(frozen=True)
class Resource:
    """A user, role, policy, bucket or object that a proof created, or is about to create."""

    account: Account = field(compare=False, repr=False)
    account_id: str
    kind: Kind
    name: str
    """The name; a policy's ARN; an object's key."""
    bucket: str = ""
    """An object's bucket."""

    def __str__(self) -> str:
        return f"{self.kind} {self.bucket}/{self.name}" if self.bucket else f"{self.kind} {self.name}"

    def disarm(self) -> None:
        """Delete the access keys of a user, so that nobody can act as it any more."""
        if self.kind == "user":
            _unless_gone(_delete_keys, session=self.account.administrator, user=self.name)

    def remove(self) -> None:
        """Remove the resource and everything that blocks its removal. A missing resource counts as removed.

        Raises:
            botocore.exceptions.ClientError: AWS refuses a step.
            botocore.exceptions.BotoCoreError: AWS does not answer.
        """
        session = self.account.administrator
        match self.kind:
            case "user":
                _remove_user(session, self.name)
            case "role":
                _unless_gone(session.iam.delete_role, RoleName=self.name)
            case "policy":
                _unless_gone(session.iam.delete_policy, PolicyArn=self.name)
            case "bucket":
                _remove_bucket(session, self.name)
            case "object":
                _unless_gone(_remove_versions, s3=session.s3, bucket=self.bucket, only_key=self.name)


_GONE = ("NoSuchEntity", "NoSuchBucket", "NoSuchKey", "NoSuchVersion", "404")


def _unless_gone(call: Callable[..., object], **arguments: object) -> None:
    """Make a call that removes a resource. A missing one is ignored, as an earlier answer may have been lost."""
    try:
        call(**arguments)
    except ClientError as error:
        if error_code(error) not in _GONE:
            raise


def _delete_keys(session: Session, user: str) -> None:
    for key in session.iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
        _unless_gone(session.iam.delete_access_key, UserName=user, AccessKeyId=key["AccessKeyId"])


def _remove_user(session: Session, user: str) -> None:
    iam = session.iam
    _unless_gone(_delete_keys, session=session, user=user)
    _unless_gone(iam.delete_user_policy, UserName=user, PolicyName=INLINE_POLICY)
    _unless_gone(_leave_groups, session=session, user=user)
    _unless_gone(iam.delete_user, UserName=user)


def _leave_groups(session: Session, user: str) -> None:
    for group in session.iam.list_groups_for_user(UserName=user)["Groups"]:
        _unless_gone(session.iam.remove_user_from_group, UserName=user, GroupName=group["GroupName"])


def _remove_bucket(session: Session, name: str) -> None:
    _unless_gone(_remove_versions, s3=session.s3, bucket=name)
    _unless_gone(session.s3.delete_bucket, Bucket=name)


def _remove_versions(s3: "S3Client", bucket: str, only_key: str | None = None) -> None:
    for version in versions(s3, bucket, only_key or ""):
        if only_key in (None, version.key):
            _unless_gone(s3.delete_object, Bucket=bucket, Key=version.key, VersionId=version.id)


@dataclass(frozen=True)
class Version:
    """A version of an object."""

    key: str
    id: str
    is_marker: bool
    """``True`` if it is a delete marker."""


def versions(s3: "S3Client", bucket: str, prefix: str) -> list[Version]:
    """Return the versions under a prefix, delete markers first, as these carry no mark.

    An interrupted removal in this order leaves versions whose mark can be read.
    """
    listed = []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        listed += [Version(version["Key"], version["VersionId"], False) for version in page.get("Versions", [])]
        listed += [Version(marker["Key"], marker["VersionId"], True) for marker in page.get("DeleteMarkers", [])]
    return sorted(listed, key=lambda version: not version.is_marker)


def _format_time(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""Everything that a proof makes: its names, its mark, and how it is removed again.

Each thing is noted before it is made, so that an interruption at any moment leaves nothing that is not known. A thing
counts as a proof's only if its name has exactly the form below *and* it carries the mark: names alone are a guess.
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
"""The tag, and the key of an object's metadata, that names the run."""
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
"""Names of the proof's things, whole; the group is the run. Of an object, its key without the role's prefix."""


@dataclass(frozen=True)
class Run:
    """One proof."""

    name: str = field(default_factory=lambda: f"access-probe-{secrets.token_hex(4)}")
    """A name that no other proof has."""
    since: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    @property
    def mark(self) -> dict[str, str]:
        """The tags, or the metadata, of everything that is made."""
        return {MARK: self.name, _SINCE: _moment(self.since)}

    @property
    def tags(self) -> list[Any]:
        """The mark as IAM and S3 take tags."""
        return [{"Key": key, "Value": value} for key, value in self.mark.items()]

    @property
    def in_time(self) -> dict[str, dict[str, str]]:
        """The condition on all that the proof allows: an hour later nothing of it works."""
        return {"DateLessThan": {"aws:CurrentTime": _moment(self.since + _LIFETIME)}}


@dataclass(frozen=True)
class Thing:
    """A user, role, policy, bucket or object that a proof made, or is about to make."""

    account: Account = field(compare=False, repr=False)
    account_id: str
    kind: Kind
    name: str
    """A policy's ARN; an object's key."""
    bucket: str = ""
    """Of an object."""

    def __str__(self) -> str:
        return f"{self.kind} {self.bucket}/{self.name}" if self.bucket else f"{self.kind} {self.name}"

    def disarm(self) -> None:
        """Delete the access keys of a user. Nobody can act as that user from here on."""
        if self.kind == "user":
            _unless_gone(_delete_keys, session=self.account.administrator, user=self.name)

    def remove(self) -> None:
        """Remove it, and everything that hinders its removal. A thing that is gone already is removed.

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
    """Make a call that removes something. What is gone already is removed: the answer to an earlier try was lost."""
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
    """Whether it says that the object is deleted."""


def versions(s3: "S3Client", bucket: str, prefix: str) -> list[Version]:
    """Return the versions under a prefix, delete markers first: they carry no mark of their own.

    Removed in this order, an interruption leaves versions whose mark can be read.
    """
    found = []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        found += [Version(version["Key"], version["VersionId"], False) for version in page.get("Versions", [])]
        found += [Version(marker["Key"], marker["VersionId"], True) for marker in page.get("DeleteMarkers", [])]
    return sorted(found, key=lambda version: not version.is_marker)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

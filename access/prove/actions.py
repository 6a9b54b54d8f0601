"""What is tried once somebody is in the role: what it grants, and what is near to that and not granted.

Every attempt is such that it does no harm if it succeeds: it reads, or writes what is there already, or touches objects
of the proof's own.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ..accounts import Session
from .expectations import Role
from .matrix import Expected


@dataclass(frozen=True)
class Action:
    """Something that a principal in a role tries."""

    name: str
    """In words, the same in every run."""
    operation: str
    """As policies call it."""
    expected: Expected
    because: str
    attempt: Callable[[Session], object]
    about: str
    """What it is done on, the same in every run whatever the name says, e.g. ``on productionapp/reports/``."""
    target: str | None = None
    """The role's bucket that it is about."""
    proves_allow: str = ""
    """The code of an error with which AWS answers only an allowed caller, e.g. ``NoSuchBucketPolicy``."""

    @property
    def id(self) -> str:
        """Return what tells it from all others in its role, e.g. ``s3:ListBucket on productionapp/reports/``."""
        return f"{self.operation} {self.about}"


@dataclass(frozen=True)
class ProbedObject:
    """The keys under a prefix at which the proof tries."""

    object: str
    """Of an object that is read."""
    version: str
    """The version of it."""
    deleted: str
    """Of an object that may be deleted."""
    written: str
    """Of an object that may be written."""


@dataclass(frozen=True)
class ProbedBucket:
    """Things of the proof in and beside a role's bucket."""

    objects: Mapping[str, ProbedObject] = field(default_factory=dict)
    """By the prefix that they are under; it is empty for no prefix."""
    mark: Mapping[str, str] = field(default_factory=dict)
    """The metadata of each object that is written, so that its removal can tell it from people's own."""
    policy: str | None = None
    """The bucket's policy, as it is."""
    neighbour: str | None = None
    """A bucket whose name begins the same, with an object :data:`NEIGHBOURS_KEY`."""


@dataclass(frozen=True)
class Available:
    """Things to try on, beside the roles' buckets themselves. With nothing of it, only reading is tried."""

    buckets: Mapping[str, ProbedBucket] = field(default_factory=dict)
    """By the name of the role's bucket."""
    home_buckets: Mapping[str, str] = field(default_factory=dict)
    """A bucket of each account that principals come from."""
    trust_policies: Mapping[str, str] = field(default_factory=dict)
    """The roles' trust policies, as they are, by ARN."""


NEIGHBOURS_KEY = "object"

_NOT_GRANTED = "the role does not grant it"


def actions_in(role: Role, home: str, available: Available) -> Iterator[Action]:
    """What is tried in a role by somebody of an account.

    Args:
        role: the role.
        home: the account that the principal comes from.
        available: what there is to try on.
    """
    every_bucket = role.options.get("listAllBuckets", True)
    yield Action(
        f"list the names of all buckets of {role.account_id}",
        "s3:ListAllMyBuckets",
        *_expected(every_bucket, f"listAllBuckets: {_yaml(every_bucket)}"),
        lambda session: session.s3.list_buckets(),
        f"in {role.account_id}",
    )
    for bucket in role.buckets:
        yield from _on_bucket(role, bucket)
        probed = available.buckets.get(bucket, ProbedBucket())
        for prefix, at in probed.objects.items():
            yield from _on_object(role, bucket, prefix, at, probed.mark)
        if probed.policy is not None:
            yield _replace_policy(bucket, probed.policy)
        if probed.neighbour is not None:
            yield from _beside(bucket, probed.neighbour)
    yield from _on_iam(role, available.trust_policies.get(role.arn))
    if home in available.home_buckets:
        yield _denied(
            f"list a bucket of {home}",
            "s3:ListBucket",
            lambda session: session.s3.list_objects_v2(Bucket=available.home_buckets[home]),
            f"in {home}",
            because="in the role there are no rights but the role's",
        )


def _on_bucket(role: Role, bucket: str) -> Iterator[Action]:
    _, writes, _ = _access(role)
    uploads, prefixes = role.options.get("multipartUploads", False), role.options.get("prefixes", ())
    yield Action(
        f"find out in which region {bucket} is",
        "s3:GetBucketLocation",
        "ALLOW",
        "the role grants it",
        lambda session: session.s3.get_bucket_location(Bucket=bucket),
        f"on {bucket}",
        bucket,
    )
    for prefix in dict.fromkeys([*prefixes, ""]):
        yield from _listing(role, bucket, prefix)
    yield Action(
        f"list the multipart uploads of {bucket}",
        "s3:ListBucketMultipartUploads",
        *_expected(writes and uploads and not prefixes, f"multipartUploads: {_yaml(uploads)}"),
        lambda session: session.s3.list_multipart_uploads(Bucket=bucket, MaxUploads=1),
        f"on {bucket}",
        bucket,
    )
    yield _denied(
        f"read the bucket policy of {bucket}",
        "s3:GetBucketPolicy",
        lambda session: session.s3.get_bucket_policy(Bucket=bucket),
        f"on {bucket}",
        bucket,
        proves_allow="NoSuchBucketPolicy",
    )
    yield _denied(
        f"read whether {bucket} is versioned",
        "s3:GetBucketVersioning",
        lambda session: session.s3.get_bucket_versioning(Bucket=bucket),
        f"on {bucket}",
        bucket,
    )


def _listing(role: Role, bucket: str, prefix: str) -> Iterator[Action]:
    reads, _, access = _access(role)
    versions = role.options.get("objectVersions", False)
    inside, narrowed = _is_inside(role, prefix)
    where = f"{bucket}/{prefix}" if prefix else bucket
    yield Action(
        f"list {where}",
        "s3:ListBucket",
        *_expected(inside and reads, narrowed or access),
        lambda session: session.s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1),
        f"on {where}",
        bucket,
    )
    yield Action(
        f"list the versions of {where}",
        "s3:ListBucketVersions",
        *_expected(inside and reads and versions, narrowed or f"objectVersions: {_yaml(versions)}"),
        lambda session: session.s3.list_object_versions(Bucket=bucket, Prefix=prefix, MaxKeys=1),
        f"on {where}",
        bucket,
    )


def _on_object(role: Role, bucket: str, prefix: str, at: ProbedObject, mark: Mapping[str, str]) -> Iterator[Action]:
    reads, writes, access = _access(role)
    versions = role.options.get("objectVersions", False)
    inside, narrowed = _is_inside(role, prefix)
    where = f"an object of {bucket}/{prefix}" if prefix else f"an object of {bucket}"
    about = f"on {bucket}/{prefix}*"

    yield Action(
        f"read {where}",
        "s3:GetObject",
        *_expected(inside and reads, narrowed or access),
        lambda session: session.s3.get_object(Bucket=bucket, Key=at.object),
        about,
        bucket,
    )
    yield Action(
        f"write {where}",
        "s3:PutObject",
        *_expected(inside and writes, narrowed or access),
        lambda session: session.s3.put_object(Bucket=bucket, Key=at.written, Body=b"", Metadata=mark),
        about,
        bucket,
    )
    yield Action(
        f"delete {where}",
        "s3:DeleteObject",
        *_expected(inside and writes, narrowed or access),
        lambda session: session.s3.delete_object(Bucket=bucket, Key=at.deleted),
        about,
        bucket,
    )
    yield Action(
        f"read a version of {where}",
        "s3:GetObjectVersion",
        *_expected(inside and reads and versions, narrowed or f"objectVersions: {_yaml(versions)}"),
        lambda session: session.s3.get_object(Bucket=bucket, Key=at.object, VersionId=at.version),
        about,
        bucket,
    )
    yield _denied(
        f"delete a version of {where} for good",
        "s3:DeleteObjectVersion",
        lambda session: session.s3.delete_object(Bucket=bucket, Key=at.deleted, VersionId="null"),
        about,
        bucket,
    )
    yield _denied(
        f"tag {where}",
        "s3:PutObjectTagging",
        lambda session: session.s3.put_object_tagging(Bucket=bucket, Key=at.object, Tagging={"TagSet": []}),
        about,
        bucket,
    )


def _replace_policy(bucket: str, policy: str) -> Action:
    return _denied(
        f"replace the bucket policy of {bucket}",
        "s3:PutBucketPolicy",
        lambda session: session.s3.put_bucket_policy(Bucket=bucket, Policy=policy),
        f"on {bucket}",
        bucket,
    )


def _beside(bucket: str, neighbour: str) -> Iterator[Action]:
    where, because = f"a bucket whose name begins with {bucket}", "it is another bucket"
    about = f"beside {bucket}"
    yield _denied(
        f"list {where}",
        "s3:ListBucket",
        lambda session: session.s3.list_objects_v2(Bucket=neighbour),
        about,
        because=because,
    )
    yield _denied(
        f"read an object of {where}",
        "s3:GetObject",
        lambda session: session.s3.get_object(Bucket=neighbour, Key=NEIGHBOURS_KEY),
        about,
        because=because,
    )
    yield _denied(
        f"write an object of {where}",
        "s3:PutObject",
        lambda session: session.s3.put_object(Bucket=neighbour, Key=NEIGHBOURS_KEY, Body=b""),
        about,
        because=because,
    )
    yield _denied(
        f"delete an object of {where}",
        "s3:DeleteObject",
        lambda session: session.s3.delete_object(Bucket=neighbour, Key=f"{NEIGHBOURS_KEY}-{secrets.token_hex(4)}"),
        about,
        because=because,
    )


def _on_iam(role: Role, trust_policy: str | None) -> Iterator[Action]:
    yield _denied(
        f"list the users of {role.account_id}",
        "iam:ListUsers",
        lambda session: session.iam.list_users(MaxItems=1),
        f"in {role.account_id}",
    )
    about = f"on role {role.name}"
    yield _denied(
        f"read the role {role.name}", "iam:GetRole", lambda session: session.iam.get_role(RoleName=role.name), about
    )
    if trust_policy is not None:
        yield _denied(
            f"change who may assume {role.name}",
            "iam:UpdateAssumeRolePolicy",
            lambda session: session.iam.update_assume_role_policy(RoleName=role.name, PolicyDocument=trust_policy),
            about,
        )


def _access(role: Role) -> tuple[bool, bool, str]:
    access = role.options.get("access", "readWrite")
    return access != "write", access != "read", f"access: {access}"


def _expected(granted: bool, because: str) -> tuple[Expected, str]:
    return ("ALLOW" if granted else "DENY"), because


def _is_inside(role: Role, prefix: str) -> tuple[bool, str]:
    """Whether the role is about what is under a prefix, and why it is not."""
    prefixes = role.options.get("prefixes", ())
    inside = not prefixes or prefix in prefixes
    return inside, "" if inside else f"prefixes: {', '.join(prefixes)}"


def _yaml(flag: bool) -> str:
    return str(flag).lower()


def _denied(
    name: str,
    operation: str,
    attempt: Callable[[Session], object],
    about: str,
    target: str | None = None,
    *,
    because: str = _NOT_GRANTED,
    proves_allow: str = "",
) -> Action:
    return Action(name, operation, "DENY", because, attempt, about, target, proves_allow)

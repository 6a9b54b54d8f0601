"""The actions to test in a role: those it grants, and closely related ones that must fail.

No action does harm if it succeeds: it reads, writes what is there already, or uses the proof's own objects.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ..accounts import Session
from .expectations import Role
from .matrix import Expected


@dataclass(frozen=True)
class Action:
    """An action that a principal tests in a role."""

    name: str
    """The name for people, the same in every run."""
    operation: str
    """The action in policies, e.g. ``s3:GetObject``."""
    expected: Expected
    because: str
    attempt: Callable[[Session], object]
    scope: str
    """The target in the action's id, e.g. ``on productionapp/reports/``. It never changes, unlike the name."""
    target: str | None = None
    """The role's bucket that it acts on, if any."""
    proves_allow: str = ""
    """The code of an error that AWS returns only to an allowed caller, e.g. ``NoSuchBucketPolicy``."""

    @property
    def id(self) -> str:
        """Return an id that is unique in the role, e.g. ``s3:ListBucket on productionapp/reports/``."""
        return f"{self.operation} {self.scope}"


@dataclass(frozen=True)
class ProbedObject:
    """The keys of the proof's objects under a prefix."""

    object: str
    """The object to read."""
    version: str
    """The version of that object."""
    deleted: str
    """The object to delete."""
    written: str
    """The object to write."""


@dataclass(frozen=True)
class ProbedBucket:
    """The proof's resources in and beside a role's bucket."""

    objects: Mapping[str, ProbedObject] = field(default_factory=dict)
    """The objects by prefix; the empty prefix is the whole bucket."""
    mark: Mapping[str, str] = field(default_factory=dict)
    """The metadata of each written object, which marks it as the proof's."""
    policy: str | None = None
    """The bucket's present policy."""
    neighbour: str | None = None
    """A bucket with the same name prefix, with an object :data:`NEIGHBOURS_KEY`."""


@dataclass(frozen=True)
class Available:
    """The proof's resources. Without them, only reading is tested."""

    buckets: Mapping[str, ProbedBucket] = field(default_factory=dict)
    """The resources by the role's bucket."""
    home_buckets: Mapping[str, str] = field(default_factory=dict)
    """A bucket in each account with callers."""
    trust_policies: Mapping[str, str] = field(default_factory=dict)
    """The roles' present trust policies by ARN."""


NEIGHBOURS_KEY = "object"

_NOT_GRANTED = "the role does not grant it"


def actions_in(role: Role, home: str, available: Available) -> Iterator[Action]:
    """Yield the actions to test in a role by a caller.

    Args:
        role: the role.
        home: the caller's account.
        available: the proof's resources.
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
        yield from _bucket_actions(role, bucket)
        probed = available.buckets.get(bucket, ProbedBucket())
        for prefix, keys in probed.objects.items():
            yield from _object_actions(role, bucket, prefix, keys, probed.mark)
        if probed.policy is not None:
            yield _replace_policy(bucket, probed.policy)
        if probed.neighbour is not None:
            yield from _neighbour_actions(bucket, probed.neighbour)
    yield from _iam_actions(role, available.trust_policies.get(role.arn))
    if home in available.home_buckets:
        yield _denied(
            f"list a bucket of {home}",
            "s3:ListBucket",
            lambda session: session.s3.list_objects_v2(Bucket=available.home_buckets[home]),
            f"in {home}",
            because="the role's session has the role's rights only",
        )


def _bucket_actions(role: Role, bucket: str) -> Iterator[Action]:
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
        yield from _list_actions(role, bucket, prefix)
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


def _list_actions(role: Role, bucket: str, prefix: str) -> Iterator[Action]:
    reads, _, access = _access(role)
    versions = role.options.get("objectVersions", False)
    inside, narrowed = _covers_prefix(role, prefix)
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


def _object_actions(
    role: Role, bucket: str, prefix: str, keys: ProbedObject, mark: Mapping[str, str]
) -> Iterator[Action]:
    reads, writes, access = _access(role)
    versions = role.options.get("objectVersions", False)
    inside, narrowed = _covers_prefix(role, prefix)
    where = f"an object of {bucket}/{prefix}" if prefix else f"an object of {bucket}"
    scope = f"on {bucket}/{prefix}*"

    yield Action(
        f"read {where}",
        "s3:GetObject",
        *_expected(inside and reads, narrowed or access),
        lambda session: session.s3.get_object(Bucket=bucket, Key=keys.object),
        scope,
        bucket,
    )
    yield Action(
        f"write {where}",
        "s3:PutObject",
        *_expected(inside and writes, narrowed or access),
        lambda session: session.s3.put_object(Bucket=bucket, Key=keys.written, Body=b"", Metadata=mark),
        scope,
        bucket,
    )
    yield Action(
        f"delete {where}",
        "s3:DeleteObject",
        *_expected(inside and writes, narrowed or access),
        lambda session: session.s3.delete_object(Bucket=bucket, Key=keys.deleted),
        scope,
        bucket,
    )
    yield Action(
        f"read a version of {where}",
        "s3:GetObjectVersion",
        *_expected(inside and reads and versions, narrowed or f"objectVersions: {_yaml(versions)}"),
        lambda session: session.s3.get_object(Bucket=bucket, Key=keys.object, VersionId=keys.version),
        scope,
        bucket,
    )
    yield _denied(
        f"delete a version of {where} for good",
        "s3:DeleteObjectVersion",
        lambda session: session.s3.delete_object(Bucket=bucket, Key=keys.deleted, VersionId="null"),
        scope,
        bucket,
    )
    yield _denied(
        f"tag {where}",
        "s3:PutObjectTagging",
        lambda session: session.s3.put_object_tagging(Bucket=bucket, Key=keys.object, Tagging={"TagSet": []}),
        scope,
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


def _neighbour_actions(bucket: str, neighbour: str) -> Iterator[Action]:
    where, because = f"a bucket whose name begins with {bucket}", "it is another bucket"
    scope = f"beside {bucket}"
    yield _denied(
        f"list {where}",
        "s3:ListBucket",
        lambda session: session.s3.list_objects_v2(Bucket=neighbour),
        scope,
        because=because,
    )
    yield _denied(
        f"read an object of {where}",
        "s3:GetObject",
        lambda session: session.s3.get_object(Bucket=neighbour, Key=NEIGHBOURS_KEY),
        scope,
        because=because,
    )
    yield _denied(
        f"write an object of {where}",
        "s3:PutObject",
        lambda session: session.s3.put_object(Bucket=neighbour, Key=NEIGHBOURS_KEY, Body=b""),
        scope,
        because=because,
    )
    yield _denied(
        f"delete an object of {where}",
        "s3:DeleteObject",
        lambda session: session.s3.delete_object(Bucket=neighbour, Key=f"{NEIGHBOURS_KEY}-{secrets.token_hex(4)}"),
        scope,
        because=because,
    )


def _iam_actions(role: Role, trust_policy: str | None) -> Iterator[Action]:
    yield _denied(
        f"list the users of {role.account_id}",
        "iam:ListUsers",
        lambda session: session.iam.list_users(MaxItems=1),
        f"in {role.account_id}",
    )
    scope = f"on role {role.name}"
    yield _denied(
        f"read the role {role.name}", "iam:GetRole", lambda session: session.iam.get_role(RoleName=role.name), scope
    )
    if trust_policy is not None:
        yield _denied(
            f"change who may assume {role.name}",
            "iam:UpdateAssumeRolePolicy",
            lambda session: session.iam.update_assume_role_policy(RoleName=role.name, PolicyDocument=trust_policy),
            scope,
        )


def _access(role: Role) -> tuple[bool, bool, str]:
    access = role.options.get("access", "readWrite")
    return access != "write", access != "read", f"access: {access}"


def _expected(granted: bool, because: str) -> tuple[Expected, str]:
    return ("ALLOW" if granted else "DENY"), because


def _covers_prefix(role: Role, prefix: str) -> tuple[bool, str]:
    """Return whether the role covers a prefix, and the reason if it does not."""
    prefixes = role.options.get("prefixes", ())
    inside = not prefixes or prefix in prefixes
    return inside, "" if inside else f"prefixes: {', '.join(prefixes)}"


def _yaml(flag: bool) -> str:
    return str(flag).lower()


def _denied(
    name: str,
    operation: str,
    attempt: Callable[[Session], object],
    scope: str,
    target: str | None = None,
    *,
    because: str = _NOT_GRANTED,
    proves_allow: str = "",
) -> Action:
    return Action(name, operation, "DENY", because, attempt, scope, target, proves_allow)

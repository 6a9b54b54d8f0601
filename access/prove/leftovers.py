"""Find the resources that interrupted proofs left in the accounts."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any

from botocore.exceptions import ClientError

from ..accounts import Account
from ..aws_errors import AWS_ERRORS, describe, error_code
from ..participants import Participant
from .expectations import Role, roles_of
from .inventory import MARK, NAMES, PATH, Kind, Resource, Version, versions


@dataclass(frozen=True)
class Leftovers:
    """The resources in the accounts with names of a proof."""

    resources: list[Resource] = field(default_factory=list)
    """Resources with the mark of a proof."""
    foreign: list[Resource] = field(default_factory=list)
    """Resources without the mark, which belong to somebody else."""
    unchecked: list[str] = field(default_factory=list)
    """The parts that could not be checked, with the reason."""


def find_leftovers(participants: Sequence[Participant]) -> Leftovers:
    """Find users, roles, policies and buckets in the participants' accounts, and objects in the roles' buckets.

    Nothing is changed.

    Raises:
        botocore.exceptions.BotoCoreError: an account can't be reached.
        botocore.exceptions.ClientError: the credentials of an account are refused.
    """
    found = Leftovers()
    for participant in participants:
        account = participant.account
        account_id = account.account_id
        finders: dict[str, Callable[[], Iterable[tuple[Resource, bool]]]] = {
            "users": partial(_users, account),
            "roles": partial(_roles, account),
            "policies": partial(_policies, account),
            "buckets": partial(_buckets, account),
        }
        for role in roles_of(participant.outputs) if participant.outputs else ():
            for bucket in role.buckets:
                finders[f"objects of {bucket}"] = partial(_objects, account, role, bucket)
        for part, find in finders.items():
            try:
                for resource, is_marked in find():
                    (found.resources if is_marked else found.foreign).append(resource)
            except AWS_ERRORS as error:
                found.unchecked.append(f"{part} of account {account_id}: {describe(error)}")
    return found


def _users(account: Account) -> Iterator[tuple[Resource, bool]]:
    iam = account.administrator.iam
    for page in iam.get_paginator("list_users").paginate(PathPrefix=PATH):
        for user in page["Users"]:
            name = user["UserName"]
            yield from _named(account, "user", name, name, lambda name: iam.list_user_tags(UserName=name)["Tags"])


def _roles(account: Account) -> Iterator[tuple[Resource, bool]]:
    iam = account.administrator.iam
    for page in iam.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            name = role["RoleName"]
            yield from _named(account, "role", name, name, lambda name: iam.list_role_tags(RoleName=name)["Tags"])


def _policies(account: Account) -> Iterator[tuple[Resource, bool]]:
    iam = account.administrator.iam
    for page in iam.get_paginator("list_policies").paginate(Scope="Local", PathPrefix=PATH):
        for policy in page["Policies"]:
            name, arn = policy["PolicyName"], policy["Arn"]
            yield from _named(account, "policy", name, arn, lambda arn: iam.list_policy_tags(PolicyArn=arn)["Tags"])


def _buckets(account: Account) -> Iterator[tuple[Resource, bool]]:
    s3 = account.administrator.s3

    def tags(name: str) -> Iterable[Mapping[str, Any]]:
        try:
            return s3.get_bucket_tagging(Bucket=name)["TagSet"]
        except ClientError as error:
            if error_code(error) in ("NoSuchTagSet", "NoSuchBucket"):
                return []
            raise

    for bucket in s3.list_buckets()["Buckets"]:
        yield from _named(account, "bucket", bucket["Name"], bucket["Name"], tags)


def _named(
    account: Account, kind: Kind, name: str, identity: str, tags: Callable[[str], Iterable[Mapping[str, Any]]]
) -> Iterator[tuple[Resource, bool]]:
    """Yield the resource if its name is a proof's, and whether it has the tag too."""
    match = NAMES[kind].fullmatch(name)
    if match:
        run = {"Key": MARK, "Value": match[1]}
        yield Resource(account, account.account_id, kind, identity), run in [dict(tag) for tag in tags(identity)]


def _objects(account: Account, role: Role, bucket: str) -> Iterator[tuple[Resource, bool]]:
    s3 = account.administrator.s3

    def is_marked(version: Version, run: str) -> bool:
        try:
            head = s3.head_object(Bucket=bucket, Key=version.key, VersionId=version.id)
        except ClientError as error:
            if error_code(error) in ("404", "NoSuchKey", "NoSuchVersion"):
                return False
            raise
        return head["Metadata"].get(MARK) == run

    for prefix in role.probed_prefixes:
        try:
            listed = versions(s3, bucket, f"{prefix}{MARK}-")
        except ClientError as error:
            # The administrator could never write to another account's bucket.
            harmless = ("NoSuchBucket", "AccessDenied") if role.bucket_may_be_elsewhere else ("NoSuchBucket",)
            if error_code(error) in harmless:
                return
            raise
        for key, same_key in groupby(sorted(listed, key=lambda version: version.key), lambda version: version.key):
            match = NAMES["object"].fullmatch(key.removeprefix(prefix))
            if match:
                content = [version for version in same_key if not version.is_marker]
                marked = bool(content) and all(is_marked(version, match[1]) for version in content)
                yield Resource(account, account.account_id, "object", key, bucket), marked

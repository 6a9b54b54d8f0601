"""Create the resources that a stack's file says exist already, unless another stack creates them."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from botocore.exceptions import ClientError, ParamValidationError

from access.project.files import Stack
from sandbox.users import TAG, Accounts, User

_MISSING = ("404", "NoSuchBucket", "NoSuchEntity")
_NOT_ALLOWED = ("InvalidBucketName", "ValidationError")


@dataclass(frozen=True)
class _Prerequisite:
    name: str
    find: Callable[[], object]
    """Fails if it is missing."""
    create: Callable[[], object]


def create_existing(accounts: Accounts, stack: Stack, stacks: Sequence[Stack]) -> Iterator[str]:
    """Create what a stack's file says exists, where it is missing, and yield the name of each resource.

    These are the buckets of ``createBucket: false`` and the groups of ``createGroup: false``, the users under
    ``members`` and the roles under ``granteeRoles``.

    Args:
        accounts: the sandbox's accounts.
        stack: the stack.
        stacks: all stacks of the sandbox; they create their own resources.
    """
    for prerequisite in _prerequisites(accounts, stack, stacks):
        try:
            prerequisite.find()
        except ParamValidationError:
            continue  # a name that AWS does not allow: the program reports it
        except ClientError as error:
            if _code(error) in _MISSING and _create(prerequisite):
                yield prerequisite.name


def _prerequisites(accounts: Accounts, stack: Stack, stacks: Sequence[Stack]) -> Iterator[_Prerequisite]:
    iam, s3 = accounts.administrator(stack.account_id).iam, accounts.administrator(stack.account_id).s3
    same_account = [other for other in stacks if other.account_id == stack.account_id]
    created_buckets = {name for other in stacks for name in _buckets(other, created=True)}
    created_groups = {name for other in same_account for name in _groups(other, created=True)}
    created_roles = {entry.get("name") for other in same_account for _, entry in other.entries("roles")}
    location = (
        {} if stack.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": stack.region}}
    )
    for name in sorted(set(_buckets(stack, created=False)) - created_buckets):
        create_bucket = partial(s3.create_bucket, Bucket=name, **location)  # type: ignore[arg-type]
        yield _Prerequisite(f"bucket {name}", partial(s3.head_bucket, Bucket=name), create_bucket)
    for name in sorted(set(_groups(stack, created=False)) - created_groups):
        create_group = partial(iam.create_group, GroupName=name)
        yield _Prerequisite(f"group {name}", partial(iam.get_group, GroupName=name), create_group)
    for _, entry in stack.entries("groups"):
        for name in _texts(entry.get("members")):
            user = User(name, stack.account_id, own=True)
            yield _Prerequisite(f"user {name}", partial(iam.get_user, UserName=name), partial(accounts.make, user))
    trusted = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": stack.account_id}}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    for name in _texts([entry.get("name") for _, entry in stack.entries("granteeRoles")]):
        if name not in created_roles:
            create_role = partial(iam.create_role, RoleName=name, AssumeRolePolicyDocument=trust, Tags=[TAG])
            yield _Prerequisite(f"role {name}", partial(iam.get_role, RoleName=name), create_role)


def _create(prerequisite: _Prerequisite) -> bool:
    try:
        prerequisite.create()
    except ClientError as error:
        if _code(error) in _NOT_ALLOWED:
            return False  # the program reports what is wrong with the name
        raise
    return True


def _buckets(stack: Stack, created: bool) -> list[str]:
    """Return the buckets of the roles that create them, or of the roles that do not."""
    entries = [entry for _, entry in stack.entries("roles") if entry.get("createBucket", True) is created]
    return [name for entry in entries for key in ("bucket", "buckets") for name in _texts(entry.get(key))]


def _groups(stack: Stack, created: bool) -> list[str]:
    entries = [entry for _, entry in stack.entries("groups") if entry.get("createGroup", True) is created]
    return _texts([entry.get("name") for entry in entries])


def _texts(value: object) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    return [text for text in listed if isinstance(text, str)]


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code"))

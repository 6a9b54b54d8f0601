"""Things that exist already, as the files say: made here if nobody else makes them, so that the stacks can be tried."""

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
class _Thing:
    words: str
    find: Callable[[], object]
    """Fails where it is missing."""
    make: Callable[[], object]


def make_existing(accounts: Accounts, stack: Stack, stacks: Sequence[Stack]) -> Iterator[str]:
    """Make what a stack's file says exists, where it is missing, and return each thing in words.

    These are the buckets of ``createBucket: false`` and the groups of ``createGroup: false``, the users under
    ``members`` and the roles under ``granteeRoles``.

    Args:
        accounts: where it is made: in the stack's own account.
        stack: the stack.
        stacks: all stacks of the sandbox: what one of them makes is left to it.
    """
    for thing in _things(accounts, stack, stacks):
        try:
            thing.find()
        except ParamValidationError:
            continue  # a name that AWS does not allow: the program says so
        except ClientError as error:
            if _code(error) in _MISSING and _made(thing):
                yield thing.words


def _things(accounts: Accounts, stack: Stack, stacks: Sequence[Stack]) -> Iterator[_Thing]:
    iam, s3 = accounts.administrator(stack.account_id).iam, accounts.administrator(stack.account_id).s3
    same_account = [other for other in stacks if other.account_id == stack.account_id]
    made_buckets = {name for other in stacks for name in _buckets(other, created=True)}
    made_groups = {name for other in same_account for name in _groups(other, created=True)}
    made_roles = {entry.get("name") for other in same_account for _, entry in other.entries("roles")}
    where = {} if stack.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": stack.region}}
    for name in sorted(set(_buckets(stack, created=False)) - made_buckets):
        make = partial(s3.create_bucket, Bucket=name, **where)  # type: ignore[arg-type]
        yield _Thing(f"bucket {name}", partial(s3.head_bucket, Bucket=name), make)
    for name in sorted(set(_groups(stack, created=False)) - made_groups):
        yield _Thing(f"group {name}", partial(iam.get_group, GroupName=name), partial(iam.create_group, GroupName=name))
    for _, entry in stack.entries("groups"):
        for name in _texts(entry.get("members")):
            user = User(name, stack.account_id, own=True)
            yield _Thing(f"user {name}", partial(iam.get_user, UserName=name), partial(accounts.make, user))
    trusted = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": stack.account_id}}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    for name in _texts([entry.get("name") for _, entry in stack.entries("granteeRoles")]):
        if name not in made_roles:
            make_role = partial(iam.create_role, RoleName=name, AssumeRolePolicyDocument=trust, Tags=[TAG])
            yield _Thing(f"role {name}", partial(iam.get_role, RoleName=name), make_role)


def _made(thing: _Thing) -> bool:
    try:
        thing.make()
    except ClientError as error:
        if _code(error) in _NOT_ALLOWED:
            return False  # the program says what is wrong with the name
        raise
    return True


def _buckets(stack: Stack, created: bool) -> list[str]:
    """Return the buckets of the roles that make them, or of those that don't."""
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

"""The least rights with which Pulumi stores the state of stacks in one S3 bucket.

Each stack's principals may read and write its state, and read the states that the stack refers to. Nobody may write
another stack's state, not even an administrator of the bucket's account, if a stack is in that account.

Source: the package ``backend/diy`` of the Pulumi CLI. It has these keys below ``.pulumi``, where P is a project and S a
stack: ``meta.yaml``, ``stacks/P/S.json``, ``stacks/P/S.json.bak``, ``stacks/P/S.pulumi-tags``, ``history/P/S/``,
``backups/P/S/`` and ``locks/organization/P/S/``. Two commands need more, and fail: ``pulumi stack ls`` reads all
states, ``pulumi stack rm --remove-backups`` removes what a restore may need. The variables with which Pulumi compresses
states or retains all checkpoints need more too.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import AccessError
from ..project.files import Stack
from .location import Location

_MOST_BYTES = 20_480
"""The largest bucket policy (Amazon S3 User Guide, "Bucket policies for Amazon S3")."""

_READ = ["s3:GetObject", "s3:GetObjectVersion"]
_WRITE = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject"]

Statement = dict[str, Any]
"""A statement of a policy."""


@dataclass(frozen=True)
class Keeper:
    """A stack, and the principals that deploy it."""

    stack: Stack
    principals: tuple[str, ...]
    """The ARN of the stack's account, or of users and roles in it."""


@dataclass(frozen=True)
class _Keys:
    """The keys of a stack's state."""

    state: str
    tags: str
    history: str
    locks: str
    backups: tuple[str, str]
    """The keys that are only written: the previous state, and the folder of earlier ones."""

    @property
    def kept(self) -> list[str]:
        """The keys that are read, written and removed, as resources of a policy."""
        return [self.state, self.tags, f"{self.history}*", f"{self.locks}*"]

    @property
    def all(self) -> list[str]:
        """All keys, as resources of a policy."""
        return [*self.kept, *self.backups]

    @property
    def listed(self) -> list[str]:
        """The prefixes that are listed. Reading a key that may be missing needs the right to list it."""
        return [self.state, self.tags, self.history, self.locks]


def keepers(stacks: Iterable[Stack], principals: Mapping[str, Sequence[str]], partition: str) -> list[Keeper]:
    """Return the stacks with the principals that deploy them: the given ones, or else the stack's whole account.

    Args:
        stacks: the stacks.
        principals: ARNs of users and roles, by a stack's name or its full name.
        partition: the partition of the stacks' accounts.

    Raises:
        AccessError: a principal is not in its stack's account, or its stack does not exist, or two stacks would have
            the same principal.
    """
    keepers = []
    waiting = dict(principals)
    for stack in stacks:
        names = [name for name in (stack.full_name, stack.name) if name in waiting]
        given = [arn for name in names for arn in waiting.pop(name)]
        for arn in given:
            _check_principal(arn, stack, partition)
        keepers.append(Keeper(stack, tuple(given) or (f"arn:{partition}:iam::{stack.account_id}:root",)))
    if waiting:
        known = ", ".join(keeper.stack.name for keeper in keepers)
        raise AccessError(f"--principal {next(iter(waiting))}: there is no such stack; there are: {known}")
    _check_apart(keepers)
    return keepers


def state_policy(place: Location, keepers: Sequence[Keeper], partition: str) -> Statement:
    """Return the bucket's policy.

    Raises:
        AccessError: the policy is longer than S3 allows.
    """
    bucket = f"arn:{partition}:s3:::{place.bucket}"

    def within(keys: Iterable[str]) -> list[str]:
        return [f"{bucket}/{key}" for key in keys]

    meta = within([place.key("meta.yaml")])
    statements: list[Statement] = [
        {
            "Sid": "DenyPlainHttp",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket, f"{bucket}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        _allow("ReadLayout", sorted({arn for keeper in keepers for arn in keeper.principals}), "s3:GetObject", meta),
    ]
    for number, keeper in enumerate(keepers, 1):
        stack = keeper.stack
        own, read = _keys(place, stack.full_name), [_keys(place, name).state for name in _others([stack])]
        principals, sid = list(keeper.principals), f"{number}{_letters(stack.name)}"
        statements += [
            _allow(f"Keep{sid}", principals, ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], within(own.kept)),
            _allow(f"BackUp{sid}", principals, "s3:PutObject", within(own.backups)),
            {
                **_allow(f"List{sid}", principals, "s3:ListBucket", [bucket]),
                "Condition": {"StringEquals": {"s3:prefix": [*own.listed, *read]}},
            },
        ]
        if read:
            statements.append(_allow(f"Read{sid}", principals, "s3:GetObject", within(read)))
    # The bucket's own account needs no Allow here, so only a Deny can limit it.
    for account in dict.fromkeys(keeper.stack.account_id for keeper in keepers):
        stacks = [keeper.stack for keeper in keepers if keeper.stack.account_id == account]
        kept = [key for stack in stacks for key in _keys(place, stack.full_name).all]
        read = [*meta, *within(_keys(place, name).state for name in _others(stacks))]
        deny = {"Effect": "Deny", "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"}}
        statements += [
            {"Sid": f"OnlyOwn{account}", **deny, "Action": [*_READ, *_WRITE], "NotResource": [*within(kept), *read]},
            {"Sid": f"ReadOnly{account}", **deny, "Action": _WRITE, "Resource": read},
        ]
    document = {"Version": "2012-10-17", "Statement": statements}
    size = len(json.dumps(document, separators=(",", ":")).encode())
    if size > _MOST_BYTES:
        raise AccessError(
            f"the policy of {len(keepers)} stacks has {size} bytes, and S3 allows {_MOST_BYTES}; use more than one"
            " bucket"
        )
    return document


def _allow(sid: str, principals: list[str], action: str | list[str], resources: list[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Principal": {"AWS": principals}, "Action": action, "Resource": resources}


def _others(stacks: Sequence[Stack]) -> list[str]:
    """Return the full names of the other stacks that these refer to."""
    names = {reference.full_name for stack in stacks for reference in stack.references()}
    return sorted(names - {stack.full_name for stack in stacks})


def _keys(place: Location, full_name: str) -> _Keys:
    state = place.key(f"stacks/{full_name}.json")
    return _Keys(
        state=state,
        tags=place.key(f"stacks/{full_name}.pulumi-tags"),
        history=place.key(f"history/{full_name}/"),
        locks=place.key(f"locks/organization/{full_name}/"),
        backups=(f"{state}.bak", place.key(f"backups/{full_name}/*")),
    )


def _letters(name: str) -> str:
    """Return a name in the characters of a Sid."""
    return "".join(part.capitalize() for part in re.split("[^A-Za-z0-9]", name))


def _check_principal(arn: str, stack: Stack, partition: str) -> None:
    shape = rf"arn:{partition}:iam::{stack.account_id}:(user|role)/[\w+=,.@/-]+"
    if not re.fullmatch(shape, arn, re.ASCII):
        raise AccessError(
            f"--principal {stack.name}={arn} is not allowed; name a user or role of {stack.account_id}, the account of"
            f" {stack.name}, e.g. arn:{partition}:iam::{stack.account_id}:role/Deployer"
        )


def _check_apart(keepers: Iterable[Keeper]) -> None:
    """Check that no principal that deploys one stack can write the state of another."""
    seen: dict[str, Stack] = {}
    for keeper in keepers:
        stack = keeper.stack
        for arn in keeper.principals:
            other = seen.setdefault(arn, stack)
            if other is not stack:
                raise AccessError(
                    f"{other.name} and {stack.name} have the same principal, {arn}; name one for each:"
                    f" --principal {other.name}=ARN --principal {stack.name}=ARN"
                )

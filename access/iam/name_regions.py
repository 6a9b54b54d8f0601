"""The few actions, resources and principals that stand for all others, as far as some checks can tell them apart."""

import re
from collections.abc import Iterator, Mapping, Sequence

from ..arn import account_of, name_of, resource_of
from .automata import Pattern, any_text, glob, is_one_of, literal, one_of, texts, within
from .checks import (
    ActionCheck,
    Check,
    ConditionCheck,
    PrincipalCheck,
    ResourceCheck,
    is_account,
    role_of_session,
)
from .patterns import Context, Value
from .regions import example, patterns_of

ANYBODY = "anonymous"
"""Somebody without credentials."""

_OF_DELETED = re.compile(r"A[A-Z]{3}[A-Z0-9]{5,}")
"""The unique id of a principal: a policy names it once the principal is deleted, and then nobody has it.

Source: IAM User Guide, "AWS JSON policy elements: Principal".
"""

_ACTIONS = (
    *("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:ListAllMyBuckets", "s3:GetObjectVersion"),
    *("s3:PutObjectAcl", "s3:PutBucketPolicy", "s3:DeleteBucket", "s3:CreateBucket", "s3:GetBucketPolicy"),
    *("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity", "sts:GetFederationToken"),
    *("iam:CreateUser", "iam:PassRole", "iam:PutRolePolicy", "iam:ListUsers", "iam:GetRole", "iam:DeleteRole"),
    *("kms:Decrypt", "kms:GenerateDataKey", "kms:ScheduleKeyDeletion", "ec2:RunInstances", "ec2:DescribeInstances"),
    *("lambda:InvokeFunction", "dynamodb:GetItem", "sqs:SendMessage", "sns:Publish", "logs:CreateLogGroup"),
)
"""Well-known actions, for people to read."""

_ACCOUNTS = ("222222222222", "333333333333", "444444444444", "555555555555", "666666666666")
_DIGITS = "0123456789"
_NO_COLON = any_text(":")
_NAME = within(glob("?*", variables=False), ":/*?")
"""The name of a user or role, as far as it matters here. Source: IAM User Guide, "IAM identifiers"."""


def actions(checks: Sequence[Check], *, complete: bool) -> list[str]:
    """Return actions that stand for all."""
    asked = [text for check in checks if isinstance(check, ActionCheck) for text in check.actions]
    shape = (*within(glob("?*"), ":*?"), *literal(":"), *within(glob("?*"), ":*?"))
    named = [text for text in asked if "*" not in text and "?" not in text]
    patterns = [glob(text, ignore_case=True, variables=False) for text in asked]
    found = [
        *_of_shape([*named, *_ACTIONS, *map(example, asked)], [shape]),
        *texts(patterns, [shape], complete=complete),
    ]
    return [*dict.fromkeys(found)]


def resources(checks: Sequence[Check], *, complete: bool) -> list[str]:
    """Return resources that stand for all; of actions that are about none, ``*``."""
    readers = [check for check in checks if isinstance(check, ResourceCheck) and not check.is_open]
    shape = (*literal("arn:"), *(_NO_COLON + literal(":")) * 4, *glob("?*"))
    patterns = [glob(text, variables=check.variables) for check in readers for text in check.resources]
    samples = [example(text) for check in readers for text in check.resources]
    # What stands for an ARN that is not known yet has no such shape.
    others = [text for text in samples if not is_one_of([shape], text)]
    samples = [*_of_shape([*samples, "arn:aws:s3:::example"], [shape])]
    return [*dict.fromkeys([*samples, *texts(patterns, [shape], complete=complete), *others, "*"])]


def principals(
    checks: Sequence[Check], shared: Mapping[str, Sequence[Pattern]], each: int, *, complete: bool
) -> list[str]:
    """Return principals that stand for all: ARNs, and what else a statement may name.

    Args:
        checks: those that read the principal, or a condition key that it decides.
        shared: further patterns to tell apart, by the key whose values they are held against.
        each: so many are wanted of those that can't be told apart, where some are held against values of other keys.
        complete: whether they have to stand for all.
    """
    named = [text for check in checks if isinstance(check, PrincipalCheck) for text in check.principals]
    conditions = [check for check in checks if isinstance(check, ConditionCheck) and not check.is_open]
    patterns = [pattern for text in named for pattern in _of_principal(text)]
    for check in conditions:
        key = check.condition.key.lower()
        patterns += (it for pattern in patterns_of(check, key) for it in _of_key(key, pattern))
    patterns += (it for key, several in shared.items() for pattern in several for it in _of_key(key, pattern))
    about = [*named, *(value for check in conditions for value in check.condition.values)]
    shapes = [shape for partition in _partitions(about) for shape in _shapes(partition)]
    found = [
        *_of_shape(_samples(about, conditions), shapes),
        *texts([*patterns, *shapes], shapes, each if shared else 1, complete=complete),
    ]
    others = [text for text in named if text != "*" and not is_account(text) and not is_one_of(shapes, text)]
    others = [text for text in others if not _OF_DELETED.fullmatch(text)]
    nobody = [ANYBODY] * any(isinstance(check, PrincipalCheck) and (check.but or "*" in named) for check in checks)
    return [*dict.fromkeys([*found, *others, *nobody])]


def context_of(principal: str) -> Context:
    """Return what a principal decides of a request's context.

    Source: IAM User Guide, "AWS global condition context keys" and "IAM policy elements: Variables and tags".
    """
    arn: Value = role_of_session(principal) if ":assumed-role/" in principal else principal
    kind = resource_of(principal).partition("/")[0] if principal.startswith("arn:") else ""
    if not kind:
        arn = None
    return {
        "principal": (principal,),
        "aws:principalarn": (arn,),
        "aws:principalaccount": (account_of(principal) if kind else None,),
        "aws:principaltype": ({"user": "User", "root": "Account"}.get(kind, "AssumedRole") if kind else None,),
        "aws:principalisawsservice": ("true" if principal.startswith("Service: ") else "false",),
        "aws:username": (name_of(principal) if kind == "user" else None,),
    }


def _partitions(asked: Sequence[str]) -> list[str]:
    found = {match[1] for text in asked if (match := re.match(r"arn:([a-z-]+):", text))}
    return sorted(found) or ["aws"]


def _shapes(partition: str) -> list[Pattern]:
    """The forms of the ARNs of users, roles, and accounts themselves."""
    account = literal(f"arn:{partition}:iam::") + one_of(_DIGITS) * 12
    paths: tuple[Pattern, ...] = ((), (*any_text(":"), *literal("/")))
    named = [(*account, *literal(kind), *path, *_NAME) for kind in (":user/", ":role/") for path in paths]
    return [*named, account + literal(":root")]


def _of_principal(named: str) -> Iterator[Pattern]:
    """What a statement names as its principal, as patterns of ARNs."""
    if is_account(named):
        start = named.removesuffix("root") if ":" in named else f"arn:*:iam::{named}:"
        yield glob(f"{start}*", variables=False)
    elif named != "*":
        yield literal(named)


def _of_key(key: str, pattern: Pattern) -> Iterator[Pattern]:
    """The principals whose condition key has a value of a pattern."""
    before_account = (*literal("arn:"), *_NO_COLON, *literal(":iam::"))
    if key == "aws:principalarn":
        yield pattern
    elif key == "aws:principalaccount":
        yield (*before_account, *within(pattern, ":"), *literal(":"), *any_text())
    elif key == "aws:username":
        start = (*before_account, *_NO_COLON, *literal(":user/"))
        yield (*start, *within(pattern, "/"))
        yield (*start, *any_text(), *literal("/"), *within(pattern, "/"))


def _samples(asked: Sequence[str], conditions: Sequence[ConditionCheck]) -> Iterator[str]:
    """Readable principals: those named, then somebody of each account that is named, then of another."""
    yield from (example(text) for text in asked if ":user/" in text or ":role/" in text)
    partition = _partitions(asked)[0]
    known = list(dict.fromkeys(found for text in asked for found in re.findall("[0-9]{12}", text)))
    names = ["somebody"]
    for check in conditions:
        if check.condition.key.lower() == "aws:username":
            names += map(example, check.condition.values)
    for account in [*known, *(each for each in _ACCOUNTS if each not in known)]:
        yield from (f"arn:{partition}:iam::{account}:user/{name}" for name in names)
        yield f"arn:{partition}:iam::{account}:role/somerole"
    yield from (f"arn:{partition}:iam::{account}:root" for account in known)


def _of_shape(samples: Sequence[str] | Iterator[str], shapes: Sequence[Pattern]) -> Iterator[str]:
    return (text for text in samples if is_one_of(shapes, text))

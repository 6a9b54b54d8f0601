"""Find a few actions, resources and principals that represent all others for a set of checks."""

import re
from collections.abc import Iterator, Mapping, Sequence

from ..arn import account_of, name_of, resource_of
from .automata import Pattern, any_text, excluding, glob, literal, matches_any, one_of, texts
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

ANONYMOUS = "anonymous"
"""A caller without credentials."""

_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{5,}")
"""The unique id that replaces a deleted principal in a policy; it matches nobody.

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
"""Well-known actions, for readable examples."""

_ACCOUNTS = ("222222222222", "333333333333", "444444444444", "555555555555", "666666666666")
_DIGITS = "0123456789"
_NO_COLON = any_text(":")
_NAME = excluding(glob("?*", variables=False), ":/*?")
"""The name of a user or role. Source: IAM User Guide, "IAM identifiers"."""


def actions(checks: Sequence[Check], *, complete: bool) -> list[str]:
    """Return actions that represent all."""
    patterns = [text for check in checks if isinstance(check, ActionCheck) for text in check.actions]
    shape = (*excluding(glob("?*"), ":*?"), *literal(":"), *excluding(glob("?*"), ":*?"))
    named = [text for text in patterns if "*" not in text and "?" not in text]
    globs = [glob(text, ignore_case=True, variables=False) for text in patterns]
    found = [
        *_with_shape([*named, *_ACTIONS, *map(example, patterns)], [shape]),
        *texts(globs, [shape], complete=complete),
    ]
    return [*dict.fromkeys(found)]


def resources(checks: Sequence[Check], *, complete: bool) -> list[str]:
    """Return resources that represent all, with ``*`` for actions without a resource."""
    readers = [check for check in checks if isinstance(check, ResourceCheck) and not check.is_undecidable]
    shape = (*literal("arn:"), *(_NO_COLON + literal(":")) * 4, *glob("?*"))
    patterns = [glob(text, variables=check.variables) for check in readers for text in check.resources]
    samples = [example(text) for check in readers for text in check.resources]
    # Placeholders of ARNs that are not known yet do not have the shape of an ARN.
    others = [text for text in samples if not matches_any([shape], text)]
    samples = [*_with_shape([*samples, "arn:aws:s3:::example"], [shape])]
    return [*dict.fromkeys([*samples, *texts(patterns, [shape], complete=complete), *others, "*"])]


def principals(
    checks: Sequence[Check], shared: Mapping[str, Sequence[Pattern]], each: int, *, complete: bool
) -> list[str]:
    """Return principals that represent all: ARNs, and the other names that a statement may use.

    Args:
        checks: the checks of the principal, or of a condition key that it decides.
        shared: further patterns to distinguish, by the key whose values they match.
        each: the number of alike principals to return, where some are compared with the values of other keys.
        complete: whether they must represent all.
    """
    by_principal = [check for check in checks if isinstance(check, PrincipalCheck)]
    named = [text for check in by_principal for text in check.principals]
    named = [text for check in by_principal for text in check.principals]
    conditions = [check for check in checks if isinstance(check, ConditionCheck) and not check.is_undecidable]
    patterns = [pattern for text in named for pattern in _principal_patterns(text)]
    for check in conditions:
        key = check.condition.key.lower()
        patterns += (found for pattern in patterns_of(check, key) for found in _key_patterns(key, pattern))
    patterns += (found for key in shared for pattern in shared[key] for found in _key_patterns(key, pattern))
    about = [*named, *(value for check in conditions for value in check.condition.values)]
    shapes = [shape for partition in _partitions(about) for shape in _shapes(partition)]
    found = [
        *_with_shape(_samples(about, conditions), shapes),
        *texts([*patterns, *shapes], shapes, each if shared else 1, complete=complete),
    ]
    others = [text for text in named if text != "*" and not is_account(text) and not matches_any(shapes, text)]
    others = [text for text in others if not _UNIQUE_ID.fullmatch(text)]
    anonymous = [ANONYMOUS] * any(check.inverted or "*" in named for check in by_principal)
    return [*dict.fromkeys([*found, *others, *anonymous])]


def context_of(principal: str) -> Context:
    """Return the context keys that a principal decides.

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


def _partitions(named: Sequence[str]) -> list[str]:
    partitions = {match[1] for text in named if (match := re.match(r"arn:([a-z-]+):", text))}
    return sorted(partitions) or ["aws"]


def _shapes(partition: str) -> list[Pattern]:
    """Return the patterns of the ARNs of users, roles and accounts."""
    account = literal(f"arn:{partition}:iam::") + one_of(_DIGITS) * 12
    paths: tuple[Pattern, ...] = ((), (*any_text(":"), *literal("/")))
    named = [(*account, *literal(kind), *path, *_NAME) for kind in (":user/", ":role/") for path in paths]
    return [*named, account + literal(":root")]


def _principal_patterns(named: str) -> Iterator[Pattern]:
    """Yield the ARN patterns of a principal in a statement."""
    if is_account(named):
        start = named.removesuffix("root") if ":" in named else f"arn:*:iam::{named}:"
        yield glob(f"{start}*", variables=False)
    elif named != "*":
        yield literal(named)


def _key_patterns(key: str, pattern: Pattern) -> Iterator[Pattern]:
    """Yield the ARN patterns of principals whose condition key matches a pattern."""
    before_account = (*literal("arn:"), *_NO_COLON, *literal(":iam::"))
    if key == "aws:principalarn":
        yield pattern
    elif key == "aws:principalaccount":
        yield (*before_account, *excluding(pattern, ":"), *literal(":"), *any_text())
    elif key == "aws:username":
        start = (*before_account, *_NO_COLON, *literal(":user/"))
        yield (*start, *excluding(pattern, "/"))
        yield (*start, *any_text(), *literal("/"), *excluding(pattern, "/"))


def _samples(named: Sequence[str], conditions: Sequence[ConditionCheck]) -> Iterator[str]:
    """Yield readable principals: the named ones, then some in each named account, then some in others."""
    yield from (example(text) for text in named if ":user/" in text or ":role/" in text)
    partition = _partitions(named)[0]
    known = list(dict.fromkeys(found for text in named for found in re.findall("[0-9]{12}", text)))
    names = ["somebody"]
    for check in conditions:
        if check.condition.key.lower() == "aws:username":
            names += map(example, check.condition.values)
    for account in [*known, *(each for each in _ACCOUNTS if each not in known)]:
        yield from (f"arn:{partition}:iam::{account}:user/{name}" for name in names)
        yield f"arn:{partition}:iam::{account}:role/somerole"
    yield from (f"arn:{partition}:iam::{account}:root" for account in known)


def _with_shape(samples: Sequence[str] | Iterator[str], shapes: Sequence[Pattern]) -> Iterator[str]:
    return (text for text in samples if matches_any(shapes, text))

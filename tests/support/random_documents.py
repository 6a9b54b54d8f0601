"""Generate random policy documents with overlapping statements, and small changes to them."""

import copy
from collections.abc import Sequence
from random import Random
from typing import Any

Statement = dict[str, Any]
Document = dict[str, Any]

_ACTIONS = ("s3:GetObject", "s3:PutObject", "S3:PUTOBJECT", "s3:Get*", "s3:*", "s3:GetObjectV?rsion", "*")
_RESOURCES = (
    *("arn:aws:s3:::b", "arn:aws:s3:::b/*", "arn:aws:s3:::b/reports/*", "arn:aws:s3:::b/reports*", "*"),
    *("arn:aws:s3:::b/*/x", "arn:aws:s3:::b?/*", "arn:aws:s3:::*", "arn:aws:s3:::b/reports/?"),
)
_ALICE, _BOB = "arn:aws:iam::111111111111:user/alice", "arn:aws:iam::111111111111:user/team/bob"
_PRINCIPALS = ("arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root", _ALICE, "*")
_ARNS = (_ALICE, _BOB, "arn:aws:iam::111111111111:user/*", "arn:aws:iam::*:role/deploy-*", "arn:aws:iam::*:*/a*")
_CONDITIONS: Sequence[tuple[str, str, Sequence[str]]] = (
    ("Bool", "aws:MultiFactorAuthPresent", ("true", "false")),
    ("BoolIfExists", "aws:MultiFactorAuthPresent", ("true", "false")),
    ("Null", "aws:MultiFactorAuthPresent", ("true", "false")),
    ("NumericLessThanEquals", "aws:MultiFactorAuthAge", ("900", "3600")),
    ("NumericGreaterThan", "aws:MultiFactorAuthAge", ("900", "1800")),
    ("NumericNotEquals", "aws:MultiFactorAuthAge", ("900",)),
    ("NumericLessThanIfExists", "aws:MultiFactorAuthAge", ("3600",)),
    ("IpAddress", "aws:SourceIp", ("203.0.113.0/24", "203.0.113.0/25", "203.0.113.128/25", "10.0.0.0/8")),
    ("NotIpAddress", "aws:SourceIp", ("203.0.113.0/25", "0.0.0.0/0")),
    ("DateLessThan", "aws:CurrentTime", ("2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z")),
    ("DateGreaterThanEquals", "aws:CurrentTime", ("2027-01-01T00:00:00Z", "2027-06-01T00:00:00Z")),
    ("StringEquals", "sts:ExternalId", ("a", "b", "ab")),
    ("StringEqualsIgnoreCase", "sts:ExternalId", ("A", "ab")),
    ("StringNotEquals", "sts:ExternalId", ("a", "b")),
    ("StringLike", "sts:ExternalId", ("a*", "?", "*b")),
    ("StringNotLike", "sts:ExternalId", ("a*", "??")),
    ("StringLikeIfExists", "sts:ExternalId", ("a*",)),
    ("ArnLike", "aws:PrincipalArn", _ARNS),
    ("ArnNotLike", "aws:PrincipalArn", _ARNS),
    ("StringEquals", "aws:PrincipalArn", _ARNS),
    ("StringLike", "aws:PrincipalArn", _ARNS),
    ("StringEquals", "aws:PrincipalAccount", ("111111111111", "222222222222")),
    ("StringLike", "aws:PrincipalAccount", ("1*", "2222*")),
    ("StringEquals", "aws:username", ("alice", "bob", "a*")),
    ("StringLike", "aws:username", ("a*", "?ob")),
    ("Null", "aws:username", ("true", "false")),
    ("StringEquals", "sts:SourceIdentity", ("${aws:username}", "alice", "bob")),
    ("StringLike", "sts:SourceIdentity", ("a*", "b*")),
    ("StringNotEquals", "sts:SourceIdentity", ("alice",)),
    ("StringEquals", "aws:RequestTag/team", ("red", "blue")),
    ("ForAllValues:StringEquals", "aws:TagKeys", ("team", "cost")),
    ("ForAnyValue:StringLike", "aws:TagKeys", ("te*", "cost")),
    ("ForAnyValue:StringEquals", "aws:TagKeys", ("team",)),
)


def statement(random: Random, *, with_principal: bool, conditions: int = 3) -> Statement:
    """Return a random statement."""
    made: Statement = {"Sid": f"S{random.randrange(1000)}", "Effect": random.choice(["Allow", "Allow", "Deny"])}
    if with_principal:
        made["Principal"] = {"AWS": _some(random, _PRINCIPALS)}
    made["Action"] = _some(random, _ACTIONS)
    made["Resource"] = _some(random, _RESOURCES)
    chosen: dict[str, dict[str, list[str]]] = {}
    for operator, key, values in random.sample(_CONDITIONS, random.randint(0, conditions)):
        one = operator.startswith(("Null", "Bool"))
        chosen.setdefault(operator, {})[key] = [random.choice(values)] if one else _some(random, values)
    return {**made, "Condition": chosen} if chosen else made


def document(random: Random, *, with_principal: bool) -> Document:
    """Return a random document."""
    statements = [statement(random, with_principal=with_principal) for _ in range(random.randint(1, 3))]
    return {"Version": "2012-10-17", "Statement": statements}


def changed(random: Random, before: Document) -> Document:
    """Return the document with one or two statements changed, added or removed."""
    after = copy.deepcopy(before)
    statements: list[Statement] = after["Statement"]
    with_principal = "Principal" in statements[0]
    for _ in range(random.randint(1, 2)):
        place = random.randrange(len(statements))
        kind = random.choice(["add", "remove", "effect", "condition", "resource", "action", "principal"])
        other = statement(random, with_principal=with_principal)
        if kind == "add":
            statements.append(other)
        elif kind == "remove" and len(statements) > 1:
            statements.pop(place)
        elif kind == "effect":
            statements[place]["Effect"] = other["Effect"]
        elif kind == "condition":
            statements[place].pop("Condition", None)
            statements[place] |= {"Condition": other["Condition"]} if "Condition" in other else {}
        elif kind.capitalize() in other:
            statements[place][kind.capitalize()] = other[kind.capitalize()]
    return after


def _some(random: Random, values: Sequence[str]) -> list[str]:
    return random.sample(values, min(len(values), random.randint(1, 2)))

"""Evaluate IAM policies for tests of what a document allows, rather than how it is written.

It is made from the IAM User Guide alone ("IAM JSON policy elements reference", "Policy evaluation logic") and shares
nothing with ``components/``. It knows what this project's documents use. Anything else, and whatever the guide leaves
open, raises :class:`NotModelledError`: a guess would make a test pass for no reason.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property, lru_cache, partial
from typing import Any, Literal

Context = Mapping[str, str | Sequence[str]]
"""Context keys of a request, each with one value or several. A key without a value counts as missing."""
Kind = Literal["identity", "resource", "trust"]


class NotModelledError(ValueError):
    """A policy or request with a part that this evaluator does not support."""


class Decision(Enum):
    """The result of evaluating policies. An explicit deny wins over every allow; the default is to deny."""

    ALLOW = "allow"
    IMPLICIT_DENY = "implicit deny"
    EXPLICIT_DENY = "explicit deny"


@dataclass(frozen=True)
class Request:
    """A request to AWS."""

    principal: str
    """The ARN of the user or role, the account's ``root``, or a session's role."""
    action: str
    resource: str
    """An ARN; ``*`` for actions without a resource."""
    context: Context = field(default_factory=dict)

    @property
    def account(self) -> str:
        """The id of the principal's account."""
        return self.principal.split(":")[4]

    @cached_property
    def keys(self) -> Mapping[str, tuple[str, ...]]:
        """The context by key in lower case, as keys ignore case. AWS adds the principal's keys."""
        keys: dict[str, tuple[str, ...]] = {
            "aws:principalarn": (self.principal,),
            "aws:principalaccount": (self.account,),
        }
        for key, value in self.context.items():
            if key.lower() in keys:
                raise NotModelledError(f"context key {key} twice")
            keys[key.lower()] = (value,) if isinstance(value, str) else tuple(value)
        return keys


class Policy:
    """A validated policy document."""

    _ELEMENTS: Mapping[Kind, tuple[set[str], set[str]]] = {
        "identity": ({"Effect", "Action", "Resource"}, {"Sid", "Condition"}),
        "resource": ({"Effect", "Action", "Resource", "Principal"}, {"Sid", "Condition"}),
        "trust": ({"Effect", "Action", "Principal"}, {"Sid", "Condition"}),
    }

    def __init__(self, kind: Kind, document: Mapping[str, Any]) -> None:
        """Check the document.

        Args:
            kind: ``identity``, ``resource``, or ``trust``: a role's own policy, whose resource is the role.
            document: as JSON has it.

        Raises:
            NotModelledError: it has something that this evaluator does not know.
        """
        if set(document) != {"Version", "Statement"} or document["Version"] != "2012-10-17":
            raise NotModelledError(f"a policy with {sorted(document)}, version {document.get('Version')}")
        needed, possible = self._ELEMENTS[kind]
        for statement in document["Statement"]:
            if not needed <= set(statement) <= needed | possible or statement["Effect"] not in ("Allow", "Deny"):
                raise NotModelledError(f"{kind} policy: a statement {statement}")
        self._statements = [_Statement(statement) for statement in document["Statement"]]

    def decide(self, request: Request) -> Decision:
        """Return what this policy decides for a request."""
        effects = {statement.effect for statement in self._statements if statement.applies(request)}
        if "Deny" in effects:
            return Decision.EXPLICIT_DENY
        return Decision.ALLOW if effects else Decision.IMPLICIT_DENY

    def allows(self, request: Request) -> bool:
        """Return whether this policy allows a request."""
        return self.decide(request) is Decision.ALLOW


def decide(policies: Iterable[Policy], request: Request) -> Decision:
    """Return what the policies of one identity decide together."""
    decisions = {policy.decide(request) for policy in policies}
    order = (Decision.EXPLICIT_DENY, Decision.ALLOW)
    return next((decision for decision in order if decision in decisions), Decision.IMPLICIT_DENY)


def may_across_accounts(request: Request, identity: Iterable[Policy], resource: Policy, owner: str) -> bool:
    """Return whether a principal may act on a resource of another account: both sides must allow it.

    Source: IAM User Guide, "Cross-account policy evaluation logic".
    """
    if request.account == owner:
        raise NotModelledError("within one account other rules hold")
    return decide(identity, request) is Decision.ALLOW and resource.allows(request)


def may_assume(request: Request, identity: Iterable[Policy], trust: Policy) -> bool:
    """Return whether a principal may assume a role of another account, with the tags and source identity it passes.

    Sources: IAM User Guide, "Pass session tags in AWS STS" and "Monitor and control actions taken with assumed roles".
    """
    actions = ["sts:AssumeRole"]
    actions += ["sts:TagSession"] * bool(request.keys.get("aws:tagkeys"))
    actions += ["sts:SetSourceIdentity"] * bool(request.keys.get("sts:sourceidentity"))
    identity, owner = tuple(identity), request.resource.split(":")[4]
    requests = [Request(request.principal, action, request.resource, request.context) for action in actions]
    return all(may_across_accounts(each, identity, trust, owner) for each in requests)


class _Statement:
    def __init__(self, statement: Mapping[str, Any]) -> None:
        self.effect: str = statement["Effect"]
        self._principals = _principals(statement["Principal"]) if "Principal" in statement else None
        self._actions = [_action(action) for action in _values(statement["Action"])]
        self._resources = [_resource(text) for text in _values(statement.get("Resource", "*"))]
        self._tests = [
            (key.lower(), _operator(operator, _values(values)))
            for operator, by_key in statement.get("Condition", {}).items()
            for key, values in by_key.items()
        ]
        for by_key in statement.get("Condition", {}).values():
            if len({key.lower() for key in by_key}) < len(by_key):
                raise NotModelledError(f"a condition key twice: {sorted(by_key)}")

    def applies(self, request: Request) -> bool:
        """Return whether every element matches. A variable without a value makes the statement void."""
        try:
            return (
                (self._principals is None or any(_is_principal(named, request) for named in self._principals))
                and any(action.fullmatch(request.action) for action in self._actions)
                and _any(resource(request.resource, request) for resource in self._resources)
                and all(test(request.keys.get(key, ()), request) for key, test in self._tests)
            )
        except _NoValueError:
            return False


class _NoValueError(Exception):
    """A policy variable without a value in the request."""


def _any(results: Iterable[bool]) -> bool:
    """Return ``any``, but evaluate all, so that a variable without a value is always seen."""
    return any(list(results))


def _values(value: object) -> list[str]:
    """Return one text, or a list of texts, as a list."""
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not values or not all(isinstance(each, str) for each in values):
        raise NotModelledError(f"value {value!r}")
    return values


# Source: IAM User Guide, "AWS JSON policy elements: Principal".
def _principals(element: object) -> list[str]:
    if element != "*" and not (isinstance(element, dict) and set(element) == {"AWS"}):
        raise NotModelledError(f"Principal {element}")
    named = ["*"] if isinstance(element, str) else _values(element["AWS"])
    for text in named:
        if not re.fullmatch(r"\*|[0-9]{12}|arn:[a-z-]+:iam::[0-9]{12}:(root|(user|role)/[\w+=,.@/-]+)", text):
            raise NotModelledError(f"principal {text}")
    return named


def _is_principal(named: str, request: Request) -> bool:
    if named.endswith(":root"):  # the account: all of its principals
        return named.split(":")[:5] == request.principal.split(":")[:5]
    return named in ("*", request.account, request.principal)


# Source: IAM User Guide, "IAM JSON policy elements: Action": without regard to case.
def _action(text: str) -> re.Pattern[str]:
    if not re.fullmatch(r"\*|[a-z0-9-]+:[a-z0-9*?]+", text, re.IGNORECASE):
        raise NotModelledError(f"action {text}")
    return re.compile(text.replace("*", ".*").replace("?", "."), re.IGNORECASE)


# Source: IAM User Guide, "IAM JSON policy elements: Resource".
def _resource(text: str) -> Callable[[str, Request], bool]:
    if text == "*":
        return lambda value, request: True
    return partial(_text_matches, _arn_parts(text))


# A policy's text in parts: literal text, wildcards and variables. A variable's value is taken literally.
_Part = tuple[Literal["literal", "segment wildcard", "wildcard", "variable"], str]
_SPECIAL = re.compile(r"(\$\{[^}]*\}|[*?])")


@lru_cache
def _parts(text: str, wildcards: bool) -> tuple[_Part, ...]:
    parts: list[_Part] = []
    for piece in filter(None, _SPECIAL.split(text)):
        if piece in ("${*}", "${?}", "${$}"):
            parts.append(("literal", piece[2]))
        elif piece.startswith("${"):
            if not re.fullmatch(r"\$\{\w+:[\w/+=.@-]+\}", piece):
                raise NotModelledError(f"policy variable {piece}")
            parts.append(("variable", piece[2:-1].lower()))
        else:
            parts.append(("wildcard" if wildcards and piece in ("*", "?") else "literal", piece))
    return tuple(parts)


@lru_cache
def _arn_parts(text: str) -> tuple[_Part, ...]:
    """Return the parts of an ARN's pattern: before the fifth colon, wildcards do not span colons."""
    parts: list[_Part] = []
    colons = 0
    for kind, piece in _parts(text, wildcards=True):
        if kind == "variable" and colons < 5:
            raise NotModelledError(f"policy variable before the fifth colon: {text}")
        parts.append(("segment wildcard", piece) if kind == "wildcard" and colons < 5 else (kind, piece))
        colons += piece.count(":") if kind == "literal" else 0
    if colons < 5:
        raise NotModelledError(f"not an ARN: {text}")
    return tuple(parts)


def _text_matches(parts: Sequence[_Part], value: str, request: Request) -> bool:
    return _compiled("".join(_expression(part, request) for part in parts)).fullmatch(value) is not None


def _expression(part: _Part, request: Request) -> str:
    kind, piece = part
    if kind == "literal":
        return re.escape(piece)
    if kind == "variable":
        values = request.keys.get(piece, ())
        if len(values) > 1:
            raise NotModelledError(f"policy variable {piece} of several values")
        if not values:
            raise _NoValueError(piece)
        return re.escape(values[0])
    one = "[^:]" if kind == "segment wildcard" else "."
    return one if piece == "?" else f"{one}*"


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.DOTALL)


# Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Multivalued context keys".
_Match = Callable[[str, Request], bool]
"""A function that compares a request's value with a policy's."""


def _operator(name: str, expected: Sequence[str]) -> Callable[[Sequence[str], Request], bool]:
    """Return the test of a context key's values. The policy's values are alternatives."""
    every = name.startswith("ForAllValues:")
    if_exists = name.endswith("IfExists")
    operator = name.removeprefix("ForAllValues:").removesuffix("IfExists")
    if operator not in _OPERATORS or (every and if_exists):
        raise NotModelledError(f"condition operator {name}")
    matches = [_OPERATORS[operator](value) for value in expected]

    def test(values: Sequence[str], request: Request) -> bool:
        if every:  # true of no values, and of an empty text alone
            given = () if list(values) == [""] else values
            return all([_any(match(value, request) for match in matches) for value in given])
        if len(values) > 1:
            raise NotModelledError(f"{name} on a context key of several values: {values}")
        return _any(match(values[0], request) for match in matches) if values else if_exists

    return test


def _string_equals(expected: str) -> _Match:
    return partial(_text_matches, _parts(expected, wildcards=False))


def _string_like(expected: str) -> _Match:
    return partial(_text_matches, _parts(expected, wildcards=True))


def _arn_like(expected: str) -> _Match:
    return partial(_text_matches, _arn_parts(expected))


def _bool(expected: str) -> _Match:
    wanted = _truth(expected)
    return lambda value, request: _truth(value) == wanted


def _numeric_less_than_equals(expected: str) -> _Match:
    most = _number(expected)
    return lambda value, request: _number(value) <= most


def _date_less_than(expected: str) -> _Match:
    end = _date(expected)
    return lambda value, request: _date(value) < end


def _ip_address(expected: str) -> _Match:
    try:
        network = ipaddress.ip_network(expected, strict=False)
    except ValueError as error:
        raise NotModelledError(f"range {expected}") from error
    return lambda value, request: ipaddress.ip_address(value) in network


_OPERATORS: Mapping[str, Callable[[str], _Match]] = {
    "ArnEquals": _arn_like,  # "ArnEquals and ArnLike behave identically"
    "ArnLike": _arn_like,
    "Bool": _bool,
    "DateLessThan": _date_less_than,
    "IpAddress": _ip_address,
    "NumericLessThanEquals": _numeric_less_than_equals,
    "StringEquals": _string_equals,
    "StringLike": _string_like,
}


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise NotModelledError(f"truth value {text}")
    return text == "true"


def _number(text: str) -> float:
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        raise NotModelledError(f"number {text}")
    return float(text)


_W3C_DATE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})", re.ASCII)


@lru_cache
def _date(text: str) -> datetime:
    """Return a time in the W3C's form of ISO 8601 or in seconds since 1970."""
    if re.fullmatch(r"[0-9]+", text):
        return datetime.fromtimestamp(int(text), UTC)
    if not _W3C_DATE.fullmatch(text):
        raise NotModelledError(f"date {text}")
    return datetime.fromisoformat(text)

"""Decide with an SMT solver whether one policy document allows more than another, as a second opinion.

It is made from the IAM User Guide and shares nothing with the product. It knows what the tests' random documents use;
the solver may also not know.
"""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import z3

Sides = tuple[Mapping[str, Any], Mapping[str, Any] | None]
"""A trust policy, and the identity policy, which is ``None`` for a principal that may do everything."""

_START = "arn:aws:iam::"
_SLOTS = 3
"""The maximum number of values of a multivalued key."""


def is_wider(before: Mapping[str, Any], after: Mapping[str, Any], effort: int = 100_000) -> bool | None:
    """Return whether any request is allowed after and was not before; ``None`` if the solver can't decide.

    Args:
        before: a document.
        after: another one.
        effort: how long the solver may try, in its own measure, which is the same on every machine.
    """
    world = _World()
    solver = z3.Solver()
    solver.set("rlimit", effort)
    asked = z3.And(world.allows(after), z3.Not(world.allows(before)))
    solver.add(world.possible(), asked)
    answer = solver.check()
    return None if answer == z3.unknown else answer == z3.sat


def may_newly_assume(role_arn: str, before: Sides, after: Sides, account: str, effort: int = 2_000_000) -> bool | None:
    """Return whether any principal of an account may newly assume a role; ``None`` if the solver can't decide.

    Source: IAM User Guide, "Cross-account policy evaluation logic" and "Pass session tags in AWS STS".

    Args:
        role_arn: the role's ARN.
        before: the documents before.
        after: the documents after.
        account: the account; only its users count where they have an identity policy.
        effort: how long the solver may try, in its own measure.
    """
    world = _World()
    asked = [world.may_assume(role_arn, *after), z3.Not(world.may_assume(role_arn, *before))]
    solver = z3.Solver()
    solver.set("rlimit", effort)
    solver.add(world.possible(), world.is_of(account, only_users=after[1] is not None), *asked)
    answer = solver.check()
    return None if answer == z3.unknown else answer == z3.sat


class _World:
    """One request."""

    def __init__(self) -> None:
        self._action, self._resource, self._principal = z3.Strings("action resource principal")
        self._account, self._kind, self._path, self._user = z3.Strings("account kind path user")
        self._keys: dict[str, tuple[Any, Any]] = {}
        self._lists: dict[str, list[tuple[Any, Any]]] = {}

    def possible(self) -> Any:  # noqa: ANN401 (the solver has no types)
        letters = z3.Union(z3.Range("a", "z"), z3.Range("0", "9"), z3.Re("-"))
        digits = z3.Loop(z3.Range("0", "9"), 12, 12)
        word, upper = z3.Plus(letters), z3.Plus(z3.Union(letters, z3.Range("A", "Z")))
        path = z3.Star(z3.Concat(word, z3.Re("/")))
        part = z3.Concat(z3.Star(letters), z3.Re(":"))
        arn = z3.Concat(z3.Re("arn:"), part, part, part, part, z3.Plus(_any()))
        principal = z3.Concat(z3.StringVal(_START), self._account, self._kind, self._path, self._user)
        return z3.And(
            self._principal == principal,
            z3.InRe(self._account, digits),
            z3.Or(
                z3.And(z3.Or(self._kind == ":user/", self._kind == ":role/"), z3.InRe(self._user, word)),
                z3.And(self._kind == ":root", self._user == "", self._path == ""),
            ),
            z3.InRe(self._path, path),
            z3.InRe(self._resource, z3.Union(arn, z3.Re("*"))),
            z3.InRe(self._action, z3.Concat(word, z3.Re(":"), upper)),
            *self._tags(),
        )

    def _is_user(self) -> Any:  # noqa: ANN401
        return self._kind == ":user/"

    def _tags(self) -> list[Any]:
        """Return the constraints that a tag is passed exactly where aws:TagKeys names it."""
        if "aws:tagkeys" not in self._lists:
            return []
        found = []
        for key, (_, present) in self._keys.items():
            if key.startswith("aws:requesttag/"):
                tag = key.partition("/")[2]
                named = [
                    z3.And(there, z3.InRe(each, _glob(tag, ignore_case=True)))
                    for each, there in self._lists["aws:tagkeys"]
                ]
                found.append(present == z3.Or(*named))
        return found

    def allows(self, document: Mapping[str, Any]) -> Any:  # noqa: ANN401
        by_effect: dict[str, list[Any]] = {"Allow": [], "Deny": []}
        for statement in document["Statement"]:
            by_effect[statement["Effect"]].append(self._applies(statement))
        return z3.And(z3.Or(*by_effect["Allow"]), z3.Not(z3.Or(*by_effect["Deny"])))

    def may_assume(self, role_arn: str, trust: Mapping[str, Any], identity: Mapping[str, Any] | None) -> Any:  # noqa: ANN401
        action, resource = self._action, self._resource
        self._resource = z3.StringVal(role_arn)

        def both(name: str) -> Any:  # noqa: ANN401
            self._action = z3.StringVal(name)
            return z3.And(*(self.allows(document) for document in (trust, identity) if document))

        tags = z3.Or(*(there for _, there in self._list("aws:tagkeys")))
        source_identity = self._value("sts:sourceidentity", "StringEquals")[1]
        found = z3.And(
            both("sts:AssumeRole"),
            z3.Implies(tags, both("sts:TagSession")),
            z3.Implies(source_identity, both("sts:SetSourceIdentity")),
        )
        self._action, self._resource = action, resource
        return found

    def is_of(self, account: str, *, only_users: bool) -> Any:  # noqa: ANN401
        of_account = self._account == account
        return z3.And(of_account, self._is_user()) if only_users else of_account

    def _applies(self, statement: Mapping[str, Any]) -> Any:  # noqa: ANN401
        found = [self._is_one(self._action, statement["Action"], ignore_case=True)]
        found.append(self._is_one(self._resource, statement.get("Resource", "*")))
        if "Principal" in statement:
            found.append(z3.Or(*map(self._is_principal, _listed(statement["Principal"]["AWS"]))))
        for operator, keys in statement.get("Condition", {}).items():
            found += (self._condition(operator, key.lower(), _listed(values)) for key, values in keys.items())
        return z3.And(*found)

    @staticmethod
    def _is_one(text: Any, patterns: Any, ignore_case: bool = False) -> Any:  # noqa: ANN401
        return z3.Or(*(z3.InRe(text, _glob(pattern, ignore_case=ignore_case)) for pattern in _listed(patterns)))

    def _is_principal(self, named: str) -> Any:  # noqa: ANN401
        if named == "*":
            return z3.BoolVal(True)
        if named.endswith(":root"):
            return self._account == named.split(":")[4]
        return self._principal == named

    def _condition(self, operator: str, key: str, expected: Sequence[str]) -> Any:  # noqa: ANN401
        over, _, name = operator.rpartition(":")
        name, if_exists = name.removesuffix("IfExists"), name.endswith("IfExists")
        negated, name = "Not" in name, name.replace("Not", "")
        if over:
            values = self._list(key)
            held = [(there, self._any(name, key, value, expected, negated)) for value, there in values]
            if over == "ForAllValues":
                return z3.And(*(z3.Implies(there, holds) for there, holds in held))
            return z3.Or(*(z3.And(there, holds) for there, holds in held))
        value, present = self._value(key, name)
        if name == "Null":
            return present != (expected[0] == "true")
        holds = self._any(name, key, value, expected, negated)
        return z3.Or(z3.Not(present), holds) if if_exists or negated else z3.And(present, holds)

    def _any(self, name: str, key: str, value: Any, expected: Sequence[str], negated: bool) -> Any:  # noqa: ANN401
        found = z3.Or(*(self._test(name, value, each) for each in expected))
        return z3.Not(found) if negated else found

    def _value(self, key: str, name: str) -> tuple[Any, Any]:
        always = z3.BoolVal(True)
        if key == "aws:principalarn":
            return self._principal, always
        if key == "aws:principalaccount":
            return self._account, always
        if key == "aws:username":
            return self._user, self._is_user()
        if key not in self._keys:
            self._keys[key] = (_variable(key), always if key == "aws:currenttime" else z3.Bool(f"{key} is there"))
        return self._keys[key]

    def _list(self, key: str) -> list[tuple[Any, Any]]:
        names = [f"{key} {number}" for number in range(_SLOTS)]
        return self._lists.setdefault(key, [(z3.String(name), z3.Bool(f"{name} is there")) for name in names])

    def _test(self, name: str, value: Any, expected: str) -> Any:  # noqa: ANN401
        if variable := re.fullmatch(r"\$\{(.+)\}", expected):
            other, present = self._value(variable[1].lower(), "StringEquals")
            return z3.And(present, value == other)
        if name == "Bool":
            return value == (expected == "true")
        if name.startswith("Numeric"):
            return _compare(name.removeprefix("Numeric"), value, z3.IntVal(int(expected)))
        if name.startswith("Date"):
            return _compare(name.removeprefix("Date"), value, z3.IntVal(int(_seconds(expected))))
        if name == "IpAddress":
            network = ipaddress.ip_network(expected)
            return z3.And(z3.UGE(value, int(network.network_address)), z3.ULE(value, int(network.broadcast_address)))
        if name == "StringEquals":
            return value == expected
        if name == "StringEqualsIgnoreCase":
            return z3.InRe(value, _glob(expected, ignore_case=True, wildcards=False))
        if name == "StringLike":
            return z3.InRe(value, _glob(expected))
        assert name in ("ArnLike", "ArnEquals"), name
        *head, last = expected.split(":", 5)
        parts = [piece for each in head for piece in (_glob(each, but=":"), z3.Re(":"))]
        return z3.InRe(value, z3.Concat(*parts, _glob(last)))


def _variable(key: str) -> Any:  # noqa: ANN401
    if key in ("aws:multifactorauthpresent", "aws:securetransport"):
        return z3.Bool(key)
    if key in ("aws:multifactorauthage", "aws:currenttime"):
        return z3.Int(key)
    return z3.BitVec(key, 32) if key == "aws:sourceip" else z3.String(key)


def _compare(name: str, value: Any, expected: Any) -> Any:  # noqa: ANN401
    return {
        "Equals": value == expected,
        "LessThan": value < expected,
        "LessThanEquals": value <= expected,
        "GreaterThan": value > expected,
        "GreaterThanEquals": value >= expected,
    }[name]


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _listed(value: Any) -> Sequence[str]:  # noqa: ANN401
    return [value] if isinstance(value, str) else value


def _any() -> Any:  # noqa: ANN401
    return z3.AllChar(z3.ReSort(z3.StringSort()))


def _but(characters: str) -> Any:  # noqa: ANN401
    return z3.Intersect(_any(), z3.Complement(_union([z3.Re(each) for each in characters])))


def _any_but(characters: str) -> Any:  # noqa: ANN401
    return z3.Star(_but(characters))


def _union(expressions: Sequence[Any]) -> Any:  # noqa: ANN401
    return expressions[0] if len(expressions) == 1 else z3.Union(*expressions)


def _glob(text: str, *, ignore_case: bool = False, wildcards: bool = True, but: str = "") -> Any:  # noqa: ANN401
    any_character = _but(but) if but else _any()
    pieces = [z3.Re("")]
    for character in text:
        if wildcards and character in "*?":
            pieces.append(z3.Star(any_character) if character == "*" else any_character)
        else:
            cases = sorted({character.lower(), character.upper()}) if ignore_case else [character]
            pieces.append(_union([z3.Re(case) for case in cases]))
    return pieces[0] if len(pieces) == 1 else z3.Concat(*pieces)

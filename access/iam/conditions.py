"""Evaluate a condition against a request, as far as possible without AWS.

Sources: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multi-valued context
keys".
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

from .documents import Condition
from .patterns import Context, Value, match, variables_without_value
from .verdicts import NO, YES, Verdict, all_of, any_of, negated, under

_Test = Callable[[str, str, Context, bool], Verdict | None]
"""Compare a policy's value with a request's, given the context and whether variables are filled in.

``None``: the answer is unknown.
"""


@dataclass(frozen=True)
class Operator:
    """The parts of a condition operator."""

    test: str
    """In lower case and without negation, e.g. ``stringlike``; ``null`` for ``Null``."""
    negated: bool = False
    if_exists: bool = False
    quantifier: Literal["all", "any"] | None = None
    """``all`` for ``ForAllValues``, ``any`` for ``ForAnyValue``."""


@lru_cache
def parse_operator(name: str) -> Operator:
    """Return an operator's parts. The test of an unknown operator is not in :data:`TESTS`."""
    prefix, _, test = name.lower().rpartition(":")
    quantifier = _SET_OPERATORS.get(prefix)
    if_exists, test = test.endswith("ifexists"), test.removesuffix("ifexists")
    if prefix and not quantifier:
        test = name.lower()
    return Operator(_NEGATIONS.get(test, test), test in _NEGATIONS, if_exists, quantifier)


def holds(condition: Condition, context: Context, variables: bool = True) -> Verdict:
    """Return whether a condition holds.

    Args:
        condition: the condition.
        context: the known keys of the request.
        variables: whether ``${…}`` in its values is filled in.
    """
    values = context.get(condition.key.lower())
    if values is None:
        return NO if _never_holds(condition, context, variables) else under(condition.key)
    verdicts = [_holds_for(value, condition, context, variables) for value in values]
    if len({verdict.answer for verdict in verdicts}) == 1:
        return all_of(verdicts)
    return under(condition.key, *(key for verdict in verdicts for key in verdict.conditions))


def _never_holds(condition: Condition, context: Context, variables: bool) -> bool:
    """Return whether no value of the key can match, as every value of the policy has a variable without a value."""
    parsed = parse_operator(condition.operator)
    if not variables or parsed.test not in TESTS or parsed.negated or parsed.if_exists or parsed.quantifier == "all":
        return False
    return all(variables_without_value(value, context) for value in condition.values)


def _holds_for(value: Value, condition: Condition, context: Context, variables: bool) -> Verdict:
    """Return whether the condition holds if the key has this value, or is missing."""
    parsed = parse_operator(condition.operator)
    # An empty text counts as no value (IAM User Guide, "Set operators for multi-valued context keys").
    values = (value,) if isinstance(value, str) else value or ()
    if parsed.quantifier and values == ("",):
        values = ()
    if parsed.test == "null":
        return _verdict((not values) == (condition.values[0].lower() == "true"))
    if not values:
        return _verdict(
            parsed.if_exists or parsed.quantifier == "all" or (parsed.negated and parsed.quantifier != "any")
        )
    if len(values) > 1 and not parsed.quantifier:
        return under(condition.key)
    verdicts = [_matches(each, condition, parsed, context, variables) for each in values]
    return all_of(verdicts) if parsed.quantifier == "all" else any_of(verdicts)


def _matches(value: str, condition: Condition, parsed: Operator, context: Context, variables: bool) -> Verdict:
    test = TESTS.get(parsed.test)
    if test is None:
        return under(condition.key)
    verdicts = [test(expected, value, context, variables) for expected in condition.values]
    matches = any_of(under(condition.key) if verdict is None else verdict for verdict in verdicts)
    return negated(matches) if parsed.negated else matches


def _match_arn(expected: str, value: str, context: Context, variables: bool) -> Verdict | None:
    """Compare ARNs part by part: a wildcard does not span the first five colons."""
    parts, actual = split_arn(expected), value.split(":", 5)
    if len(parts) != _PARTS:
        return None
    if len(actual) != _PARTS:
        return NO
    pairs = zip(parts, actual, strict=True)
    return all_of(match(pattern, part, context, variables=variables) for pattern, part in pairs)


_PARTS = 6


def split_arn(pattern: str) -> list[str]:
    """Return the six parts of an ARN pattern, or fewer if the text is not one."""
    return re.split(r":(?![^{]*\})", pattern, maxsplit=_PARTS - 1)


def _compare_text(*, wildcards: bool = False, ignore_case: bool = False) -> _Test:
    def test(expected: str, value: str, context: Context, variables: bool) -> Verdict:
        return match(expected, value, context, variables=variables, wildcards=wildcards, ignore_case=ignore_case)

    return test


def _compare_dates(compare: Callable[[datetime, datetime], bool]) -> _Test:
    def test(expected: str, value: str, context: Context, variables: bool) -> Verdict | None:
        moments = moment(value), moment(expected)
        return None if moments[0] is None or moments[1] is None else _verdict(compare(moments[0], moments[1]))

    return test


def _compare_numbers(compare: Callable[[float, float], bool]) -> _Test:
    def test(expected: str, value: str, context: Context, variables: bool) -> Verdict | None:
        numbers = number(value), number(expected)
        return None if numbers[0] is None or numbers[1] is None else _verdict(compare(numbers[0], numbers[1]))

    return test


def _match_address(expected: str, value: str, context: Context, variables: bool) -> Verdict | None:
    range_, source = network(expected), address(value)
    return None if range_ is None or source is None else _verdict(source in range_)


def number(text: str) -> float | None:
    """Return a text as a number, or ``None``."""
    return float(text) if re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?", text) else None


@lru_cache
def network(text: str) -> IPv4Network | IPv6Network | None:
    """Return a CIDR block or a single address as a network, or ``None``."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


@lru_cache
def address(text: str) -> IPv4Address | IPv6Address | None:
    """Return a text as an IP address, or ``None``."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def moment(text: str) -> datetime | None:
    """Return the time of a text in ISO 8601 or in seconds since 1970, or ``None``."""
    try:
        time = datetime.fromtimestamp(int(text), UTC) if text.isdecimal() else datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _verdict(answer: bool) -> Verdict:
    return YES if answer else NO


TESTS: dict[str, _Test] = {
    "stringequals": _compare_text(),
    "stringequalsignorecase": _compare_text(ignore_case=True),
    "stringlike": _compare_text(wildcards=True),
    "arnequals": _match_arn,
    "arnlike": _match_arn,
    "bool": _compare_text(ignore_case=True),
    "dateequals": _compare_dates(operator.eq),
    "datelessthan": _compare_dates(operator.lt),
    "datelessthanequals": _compare_dates(operator.le),
    "dategreaterthan": _compare_dates(operator.gt),
    "dategreaterthanequals": _compare_dates(operator.ge),
    "numericequals": _compare_numbers(operator.eq),
    "numericlessthan": _compare_numbers(operator.lt),
    "numericlessthanequals": _compare_numbers(operator.le),
    "numericgreaterthan": _compare_numbers(operator.gt),
    "numericgreaterthanequals": _compare_numbers(operator.ge),
    "ipaddress": _match_address,
}
"""By operator, without negation. Other operators are unknown."""
_NEGATIONS = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "datenotequals": "dateequals",
    "numericnotequals": "numericequals",
    "notipaddress": "ipaddress",
}
_SET_OPERATORS: dict[str, Literal["all", "any"]] = {"forallvalues": "all", "foranyvalue": "any"}

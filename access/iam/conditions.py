"""Whether a condition holds in a request, as far as that can be told without AWS.

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
"""Whether a value of the policy stands for one of the request; none if that is not known.

It takes both, what is known of the request, and whether variables are filled in.
"""


@dataclass(frozen=True)
class Operator:
    """A condition operator, taken apart."""

    test: str
    """In lower case and without negation, e.g. ``stringlike``; ``null`` for ``Null``."""
    negated: bool = False
    if_exists: bool = False
    over: Literal["all", "any"] | None = None
    """Which of several values have to do: of ``ForAllValues`` all, of ``ForAnyValue`` any."""


@lru_cache
def parse_operator(name: str) -> Operator:
    """Return an operator's parts. Of one that does not exist, the test is one that is not in :data:`TESTS`."""
    prefix, _, test = name.lower().rpartition(":")
    over = _SET_OPERATORS.get(prefix)
    if_exists, test = test.endswith("ifexists"), test.removesuffix("ifexists")
    if prefix and not over:
        test = name.lower()
    return Operator(_NEGATIONS.get(test, test), test in _NEGATIONS, if_exists, over)


def holds(condition: Condition, context: Context, variables: bool = True) -> Verdict:
    """Whether a condition holds.

    Args:
        condition: the condition.
        context: what is known of the request.
        variables: whether ``${…}`` in its values is filled in.
    """
    values = context.get(condition.key.lower())
    if values is None:
        return NO if _never_holds(condition, context, variables) else under(condition.key)
    verdicts = [_holds_of(value, condition, context, variables) for value in values]
    if len({verdict.answer for verdict in verdicts}) == 1:
        return all_of(verdicts)
    return under(condition.key, *(key for verdict in verdicts for key in verdict.conditions))


def _never_holds(condition: Condition, context: Context, variables: bool) -> bool:
    """Whether no value of the key would do, as each of the policy's has a variable without a value."""
    how = parse_operator(condition.operator)
    if not variables or how.test not in TESTS or how.negated or how.if_exists or how.over == "all":
        return False
    return all(variables_without_value(value, context) for value in condition.values)


def _holds_of(value: Value, condition: Condition, context: Context, variables: bool) -> Verdict:
    """Whether it holds if the key has this value, or is missing."""
    how = parse_operator(condition.operator)
    # An empty text counts as no value (IAM User Guide, "Set operators for multi-valued context keys").
    values = (value,) if isinstance(value, str) else value or ()
    if how.over and values == ("",):
        values = ()
    if how.test == "null":
        return _yes_or_no((not values) == (condition.values[0].lower() == "true"))
    if not values:
        return _yes_or_no(how.if_exists or how.over == "all" or (how.negated and how.over != "any"))
    if len(values) > 1 and not how.over:
        return under(condition.key)
    found = [_matches(each, condition, how, context, variables) for each in values]
    return all_of(found) if how.over == "all" else any_of(found)


def _matches(value: str, condition: Condition, how: Operator, context: Context, variables: bool) -> Verdict:
    test = TESTS.get(how.test)
    if test is None:
        return under(condition.key)
    found = [test(expected, value, context, variables) for expected in condition.values]
    matches = any_of(under(condition.key) if verdict is None else verdict for verdict in found)
    return negated(matches) if how.negated else matches


def _arn(expected: str, value: str, context: Context, variables: bool) -> Verdict | None:
    """Part for part: a wildcard does not reach over the first five colons."""
    parts, held_against = split_arn(expected), value.split(":", 5)
    if len(parts) != _PARTS:
        return None
    if len(held_against) != _PARTS:
        return NO
    pairs = zip(parts, held_against, strict=True)
    return all_of(match(part, against, context, variables=variables) for part, against in pairs)


_PARTS = 6


def split_arn(pattern: str) -> list[str]:
    """Return the six parts of an ARN's pattern; of what is no such pattern, fewer."""
    return re.split(r":(?![^{]*\})", pattern, maxsplit=_PARTS - 1)


def _text(*, wildcards: bool = False, ignore_case: bool = False) -> _Test:
    def test(expected: str, value: str, context: Context, variables: bool) -> Verdict:
        return match(expected, value, context, variables=variables, wildcards=wildcards, ignore_case=ignore_case)

    return test


def _date(compare: Callable[[datetime, datetime], bool]) -> _Test:
    def test(expected: str, value: str, context: Context, variables: bool) -> Verdict | None:
        moments = moment(value), moment(expected)
        return None if moments[0] is None or moments[1] is None else _yes_or_no(compare(moments[0], moments[1]))

    return test


def _number(compare: Callable[[float, float], bool]) -> _Test:
    def test(expected: str, value: str, context: Context, variables: bool) -> Verdict | None:
        numbers = number(value), number(expected)
        return None if numbers[0] is None or numbers[1] is None else _yes_or_no(compare(numbers[0], numbers[1]))

    return test


def _address(expected: str, value: str, context: Context, variables: bool) -> Verdict | None:
    asked, given = network(expected), address(value)
    return None if asked is None or given is None else _yes_or_no(given in asked)


def number(text: str) -> float | None:
    """Return the number that a text is."""
    return float(text) if re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?", text) else None


@lru_cache
def network(text: str) -> IPv4Network | IPv6Network | None:
    """Return the addresses that a text in CIDR form, or a single address, stands for."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


@lru_cache
def address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a text is."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def moment(text: str) -> datetime | None:
    """Return the moment that a text in ISO 8601, or in seconds since 1970, tells."""
    try:
        found = datetime.fromtimestamp(int(text), UTC) if text.isdecimal() else datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _yes_or_no(answer: bool) -> Verdict:
    return YES if answer else NO


TESTS: dict[str, _Test] = {
    "stringequals": _text(),
    "stringequalsignorecase": _text(ignore_case=True),
    "stringlike": _text(wildcards=True),
    "arnequals": _arn,
    "arnlike": _arn,
    "bool": _text(ignore_case=True),
    "dateequals": _date(operator.eq),
    "datelessthan": _date(operator.lt),
    "datelessthanequals": _date(operator.le),
    "dategreaterthan": _date(operator.gt),
    "dategreaterthanequals": _date(operator.ge),
    "numericequals": _number(operator.eq),
    "numericlessthan": _number(operator.lt),
    "numericlessthanequals": _number(operator.le),
    "numericgreaterthan": _number(operator.gt),
    "numericgreaterthanequals": _number(operator.ge),
    "ipaddress": _address,
}
"""By operator, without negation; what is missing here is not known."""
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

"""Whether a condition holds in a request, as far as that can be told without AWS.

Sources: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multi-valued context
keys".
"""

import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime

from access.iam.documents import Condition
from access.iam.patterns import Context, match, variables_without_value
from access.iam.verdicts import NO, YES, Verdict, all_of, any_of, negated, under

_Test = Callable[[str, str, Context, bool], Verdict | None]
"""Whether a value of the policy stands for one of the request; none if that is not known.

It takes both, what is known of the request, and whether variables are filled in.
"""

_FOR_ALL, _FOR_ANY, _IF_EXISTS = "forallvalues:", "foranyvalue:", "ifexists"


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
    name = condition.operator.lower().removeprefix(_FOR_ANY)
    filled_in = variables and name in _TESTS and name not in _NEGATIONS
    return filled_in and all(variables_without_value(value, context) for value in condition.values)


def _holds_of(value: str | None, condition: Condition, context: Context, variables: bool) -> Verdict:
    """Whether it holds if the key has this value, or is missing."""
    name = condition.operator.lower()
    for_all, for_any, if_exists = name.startswith(_FOR_ALL), name.startswith(_FOR_ANY), name.endswith(_IF_EXISTS)
    name = name.removeprefix(_FOR_ALL).removeprefix(_FOR_ANY).removesuffix(_IF_EXISTS)
    if name == "null":
        return _yes_or_no((value is None) == (condition.values[0].lower() == "true"))
    if value is None:
        return _yes_or_no(if_exists or for_all or (name in _NEGATIONS and not for_any))
    test = _TESTS.get(_NEGATIONS.get(name, name))
    if test is None:
        return under(condition.key)
    found = [test(expected, value, context, variables) for expected in condition.values]
    matches = any_of(under(condition.key) if verdict is None else verdict for verdict in found)
    return negated(matches) if name in _NEGATIONS else matches


def _arn(expected: str, value: str, context: Context, variables: bool) -> Verdict | None:
    """Part for part: a wildcard does not reach over the first five colons."""
    parts, held_against = re.split(r":(?![^{]*\})", expected, maxsplit=5), value.split(":", 5)
    if len(parts) != len(held_against):
        return None
    pairs = zip(parts, held_against, strict=True)
    return all_of(match(part, against, context, variables=variables) for part, against in pairs)


def _text(*, wildcards: bool = False, ignore_case: bool = False) -> _Test:
    def test(expected: str, value: str, context: Context, variables: bool) -> Verdict:
        return match(expected, value, context, variables=variables, wildcards=wildcards, ignore_case=ignore_case)

    return test


def _date(compare: Callable[[datetime, datetime], bool]) -> _Test:
    def test(expected: str, value: str, context: Context, variables: bool) -> Verdict | None:
        moments = _moment(value), _moment(expected)
        return None if moments[0] is None or moments[1] is None else _yes_or_no(compare(moments[0], moments[1]))

    return test


def _moment(text: str) -> datetime | None:
    """The moment that a text in ISO 8601, or in seconds since 1970, tells."""
    try:
        moment = datetime.fromtimestamp(int(text), UTC) if text.isdecimal() else datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _yes_or_no(answer: bool) -> Verdict:
    return YES if answer else NO


_TESTS: dict[str, _Test] = {
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
}
_NEGATIONS = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "datenotequals": "dateequals",
    "numericnotequals": "numericequals",
}

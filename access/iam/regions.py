"""Find a few values of a condition key that represent all others for a set of checks.

For every possible value, one of these gets the same answer from each check. A missing key counts as a value.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from itertools import combinations, pairwise
from typing import Literal

from .automata import Pattern, TooManyTextsError, excluding, glob, literal, texts
from .checks import Check, ConditionCheck, TagCheck
from .conditions import moment, network, number, parse_operator, split_arn
from .patterns import Value, whole_variable

Family = Literal["text", "truth", "number", "time", "address"]
"""A way to compare values."""

_FAMILIES: dict[str, Family] = {"bool": "truth", "ipaddress": "address"}

_ALWAYS_PRESENT = frozenset({"aws:currenttime", "aws:epochtime", "aws:securetransport"})
"""Source: IAM User Guide, "AWS global condition context keys"."""

_SINGLE_VALUED = (
    *("aws:principal", "aws:requesttag/", "aws:resourcetag/", "aws:source", "aws:userid", "aws:username", "aws:vpc"),
    *("aws:currenttime", "aws:epochtime", "aws:multifactor", "aws:securetransport", "sts:externalid", "s3:prefix"),
    *("sts:rolesessionname", "sts:sourceidentity"),
)
"""Prefixes of single-valued keys. Others are multivalued where a policy uses a set operator."""
_MULTIVALUED = ("aws:principalorgpaths", "aws:principalservicenameslist", "aws:sourceorgpaths")

_MAX_SETS = 2_000

_ADDRESSES = ("203.0.113.7", "198.51.100.7", "2001:db8::7")
"""Documentation addresses, from RFC 5737 and RFC 3849."""


class MixedValuesError(Exception):
    """Checks that read the values of one key in incompatible ways."""


def values_of(
    attribute: str, checks: Sequence[Check], shared: Sequence[Pattern] | None, each: int, *, complete: bool
) -> list[Value]:
    """Return values of a key that represent all of its values.

    Args:
        attribute: the key, in lower case.
        checks: the checks that read the key.
        shared: further patterns to distinguish, where another key is compared with this one.
        each: the number of alike values to return then, as the values of several keys may differ.
        complete: whether they must represent all values.

    Raises:
        MixedValuesError: e.g. one check reads a number and another a text.
        TooManyTextsError: there are too many.
    """
    conditions = [check for check in checks if isinstance(check, ConditionCheck) and not check.is_undecidable]
    tags = [check for check in checks if isinstance(check, TagCheck) and attribute == check.attributes[1]]
    families = {family for check in conditions if (family := family_of(check))}
    if shared is not None or tags or "text" in families:
        families = families - {"truth"} | {"text"}
    if len(families) > 1:
        raise MixedValuesError
    family = families.pop() if families else "text"
    expected = [value for check in conditions if family_of(check) == family for value in check.condition.values]
    found: Iterable[str]
    if family == "text":
        patterns = [*(shared or ()), *(literal(tag.tag) for tag in tags)]
        patterns += (pattern for check in conditions for pattern in patterns_of(check, attribute))
        found = [
            *map(example, expected),
            *texts(patterns, [glob("?*")], 1 if shared is None else each, complete=complete),
            "",
        ]
    else:
        found = {"truth": _truths, "number": _numbers, "time": _times, "address": _addresses}[family](expected)
    # The empty text is the least readable.
    distinct = sorted(dict.fromkeys(found), key=lambda text: not text)
    values: list[Value] = [*distinct]
    if shared is None:
        values = [*distinguishable(attribute, values, [*conditions, *tags])]
        quantifier = [check for check in conditions if parse_operator(check.condition.operator).quantifier]
        if tags or (quantifier and is_multivalued(attribute)):
            values = [*_sets(values, most=max(len(quantifier) + len(tags), 1))]
    return values if attribute in _ALWAYS_PRESENT else [None, *values]


def distinguishable(
    attribute: str, values: Iterable[Value], checks: Sequence[ConditionCheck | TagCheck]
) -> Iterator[Value]:
    """Yield the first of the values for which all checks give the same answers. The checks read no other key."""
    seen = set()
    for value in values:
        answers = tuple(
            check.is_among(value) if isinstance(check, TagCheck) else check.verdict({attribute: (value,)})
            for check in checks
        )
        if answers not in seen:
            seen.add(answers)
            yield value


def is_multivalued(key: str) -> bool:
    """Return whether a key may have several values in a request, where a policy uses a set operator.

    Source: IAM User Guide, "AWS global condition context keys", the keys' value types.
    """
    return key.startswith(_MULTIVALUED) or not key.startswith(_SINGLE_VALUED)


def family_of(check: ConditionCheck) -> Family | None:
    """Return how a check compares values; ``None`` if it only tests for presence."""
    test = parse_operator(check.condition.operator).test
    if test == "null":
        return None
    if test.startswith("numeric"):
        return "number"
    if test.startswith("date"):
        return "time"
    return _FAMILIES.get(test, "text")


def patterns_of(check: ConditionCheck, attribute: str) -> Iterator[Pattern]:
    """Yield the patterns that a check compares the values of its key with, without its variables."""
    test = parse_operator(check.condition.operator).test
    for value in check.condition.values if family_of(check) in ("text", "truth") else ():
        if check.variables and whole_variable(value):
            continue
        if test.startswith("arn"):
            *head, last = (glob(part, variables=check.variables) for part in split_arn(value))
            yield tuple(token for part in head for token in (*excluding(part, ":"), *literal(":"))) + last
        else:
            yield glob(
                value,
                wildcards=test == "stringlike",
                ignore_case=test in ("stringequalsignorecase", "bool"),
                variables=check.variables,
            )


def example(pattern: str) -> str:
    """Return a readable text that a pattern most probably matches."""
    return re.sub(r"(?<=[a-z])\*", "2", pattern.replace("${*}", "")).replace("*", "example").replace("?", "1")


def _truths(expected: Sequence[str]) -> list[str]:
    return ["false", "true"]


def _numbers(expected: Sequence[str]) -> list[str]:
    ends = sorted({found for text in expected if (found := number(text)) is not None})
    if not ends:
        return ["0"]
    between = [_between(low, high) for low, high in pairwise(ends)]
    return [_format_number(value) for value in (*ends, ends[-1] + 1, ends[0] - 1, *between)]


def _between(low: float, high: float) -> float:
    whole = float(int(low) + 1)
    return whole if low < whole < high else (low + high) / 2


def _format_number(value: float) -> str:
    return f"{value:.12g}" if abs(value) < 1e12 else str(int(value))


def _times(expected: Sequence[str]) -> list[str]:
    ends = sorted({time.astimezone(UTC) for text in expected if (time := moment(text))})
    if not ends:
        return ["2026-01-01T00:00:00Z"]
    between = [low + (high - low) / 2 for low, high in pairwise(ends)]
    return [_format_time(time) for time in (ends[0] - timedelta(days=1), *ends, *between, ends[-1] + timedelta(days=1))]


def _format_time(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def _addresses(expected: Sequence[str]) -> list[str]:
    networks = [each for text in expected if (each := network(text))]
    found = [*_ADDRESSES]
    for addresses in (IPv4Address, IPv6Address):
        edges = {0}
        for each in networks:
            if each.version == addresses(0).version:
                edges |= {int(each.network_address), int(each.broadcast_address) + 1}
        found += (str(addresses(edge)) for edge in sorted(edges) if edge < 2 ** addresses(0).max_prefixlen)
    return found


def _sets(elements: Sequence[Value], most: int) -> Iterator[Value]:
    """Yield sets of values that represent all sets.

    One value per check is enough to keep every check's answer, so larger sets are not needed.
    """
    count = 0
    for size in range(1, most + 1):
        for chosen in combinations(elements, size):
            count += 1
            if count > _MAX_SETS:
                raise TooManyTextsError
            yield tuple(element for element in chosen if isinstance(element, str))

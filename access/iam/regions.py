"""The few values of a key that stand for all others, as far as some checks can tell them apart.

Every value that a request may have is answered by all of the checks as one of these is. A missing key is a value too.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from itertools import combinations, pairwise
from typing import Literal

from .automata import Pattern, TooManyTextsError, glob, literal, texts, within
from .checks import Check, ConditionCheck, TagCheck
from .conditions import moment, network, number, parse_operator, split_arn
from .patterns import Value, whole_variable

Family = Literal["text", "truth", "number", "time", "address"]
"""A way to hold values against each other."""

_FAMILIES: dict[str, Family] = {"bool": "truth", "ipaddress": "address"}

_ALWAYS_PRESENT = frozenset({"aws:currenttime", "aws:epochtime", "aws:securetransport"})
"""Source: IAM User Guide, "AWS global condition context keys"."""

_SINGLE = (
    *("aws:principal", "aws:requesttag/", "aws:resourcetag/", "aws:source", "aws:userid", "aws:username", "aws:vpc"),
    *("aws:currenttime", "aws:epochtime", "aws:multifactor", "aws:securetransport", "sts:externalid", "s3:prefix"),
    *("sts:rolesessionname", "sts:sourceidentity"),
)
"""What single-valued keys begin with; others are multivalued where a policy asks with a set operator."""
_SEVERAL = ("aws:principalorgpaths", "aws:principalservicenameslist", "aws:sourceorgpaths")

_MOST_SETS = 2_000

_ADDRESSES = ("203.0.113.7", "198.51.100.7", "2001:db8::7")
"""Readable addresses of nobody, from RFC 5737 and RFC 3849."""


class MixedValuesError(Exception):
    """The checks read the values of one key in ways that can't be brought together."""


def values_of(
    thing: str, checks: Sequence[Check], shared: Sequence[Pattern] | None, each: int, *, complete: bool
) -> list[Value]:
    """Return values of a key that stand for all of its values.

    Args:
        thing: the key, in lower case.
        checks: those that read it.
        shared: further patterns that have to be told apart, as another key is held against this one.
        each: so many values are then wanted of those that can't be told apart: those of several keys may differ.
        complete: whether they have to stand for all values.

    Raises:
        MixedValuesError: they can't be found: e.g. one check reads a number and another a text.
        TooManyTextsError: they can't be found, as there are too many.
    """
    conditions = [check for check in checks if isinstance(check, ConditionCheck) and not check.is_open]
    tags = [check for check in checks if isinstance(check, TagCheck) and thing == check.things[1]]
    families = {family for check in conditions if (family := family_of(check))}
    if shared is not None or tags or "text" in families:
        families = families - {"truth"} | {"text"}
    if len(families) > 1:
        raise MixedValuesError
    family = families.pop() if families else "text"
    asked = [value for check in conditions if family_of(check) == family for value in check.condition.values]
    found: Iterable[str]
    if family == "text":
        patterns = [*(shared or ()), *(literal(tag.tag) for tag in tags)]
        patterns += (pattern for check in conditions for pattern in patterns_of(check, thing))
        found = [
            *map(example, asked),
            *texts(patterns, [glob("?*")], 1 if shared is None else each, complete=complete),
            "",
        ]
    else:
        found = {"truth": _truths, "number": _numbers, "time": _times, "address": _addresses}[family](asked)
    # The empty text is the least readable.
    distinct = sorted(dict.fromkeys(found), key=lambda text: not text)
    values: list[Value] = [*distinct]
    if shared is None:
        values = [*told_apart(thing, values, [*conditions, *tags])]
        over = [check for check in conditions if parse_operator(check.condition.operator).over]
        if tags or (over and is_multivalued(thing)):
            values = [*_sets(values, most=max(len(over) + len(tags), 1))]
    return values if thing in _ALWAYS_PRESENT else [None, *values]


def told_apart(thing: str, values: Iterable[Value], checks: Sequence[ConditionCheck | TagCheck]) -> Iterator[Value]:
    """Yield the first of all those values of a key that some checks, which read no other key, answer alike."""
    seen = set()
    for value in values:
        answers = tuple(
            check.is_among(value) if isinstance(check, TagCheck) else check.verdict({thing: (value,)})
            for check in checks
        )
        if answers not in seen:
            seen.add(answers)
            yield value


def is_multivalued(key: str) -> bool:
    """Return whether a key may have several values in a request, if a policy asks as if it had.

    Source: IAM User Guide, "AWS global condition context keys", the keys' value types.
    """
    return key.startswith(_SEVERAL) or not key.startswith(_SINGLE)


def family_of(check: ConditionCheck) -> Family | None:
    """Return in which way a check reads values; none if it only asks whether there is one."""
    test = parse_operator(check.condition.operator).test
    if test == "null":
        return None
    if test.startswith("numeric"):
        return "number"
    if test.startswith("date"):
        return "time"
    return _FAMILIES.get(test, "text")


def patterns_of(check: ConditionCheck, thing: str) -> Iterator[Pattern]:
    """Yield the patterns that a check holds values of its key against; none of the keys of its variables."""
    test = parse_operator(check.condition.operator).test
    for value in check.condition.values if family_of(check) in ("text", "truth") else ():
        if check.variables and whole_variable(value):
            continue
        if test.startswith("arn"):
            *head, last = (glob(part, variables=check.variables) for part in split_arn(value))
            yield tuple(token for part in head for token in (*within(part, ":"), *literal(":"))) + last
        else:
            yield glob(
                value,
                wildcards=test == "stringlike",
                ignore_case=test in ("stringequalsignorecase", "bool"),
                variables=check.variables,
            )


def example(pattern: str) -> str:
    """Return a readable text that a pattern most probably stands for."""
    return re.sub(r"(?<=[a-z])\*", "2", pattern.replace("${*}", "")).replace("*", "example").replace("?", "1")


def _truths(asked: Sequence[str]) -> list[str]:
    return ["false", "true"]


def _numbers(asked: Sequence[str]) -> list[str]:
    ends = sorted({found for text in asked if (found := number(text)) is not None})
    if not ends:
        return ["0"]
    between = [_between(low, high) for low, high in pairwise(ends)]
    return [_written(value) for value in (*ends, ends[-1] + 1, ends[0] - 1, *between)]


def _between(low: float, high: float) -> float:
    whole = float(int(low) + 1)
    return whole if low < whole < high else (low + high) / 2


def _written(value: float) -> str:
    return f"{value:.12g}" if abs(value) < 1e12 else str(int(value))


def _times(asked: Sequence[str]) -> list[str]:
    ends = sorted({time.astimezone(UTC) for text in asked if (time := moment(text))})
    if not ends:
        return ["2026-01-01T00:00:00Z"]
    between = [low + (high - low) / 2 for low, high in pairwise(ends)]
    return [_told(time) for time in (ends[0] - timedelta(days=1), *ends, *between, ends[-1] + timedelta(days=1))]


def _told(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def _addresses(asked: Sequence[str]) -> list[str]:
    networks = [each for text in asked if (each := network(text))]
    found = [*_ADDRESSES]
    for addresses in (IPv4Address, IPv6Address):
        edges = {0}
        for each in networks:
            if each.version == addresses(0).version:
                edges |= {int(each.network_address), int(each.broadcast_address) + 1}
        found += (str(addresses(edge)) for edge in sorted(edges) if edge < 2 ** addresses(0).max_prefixlen)
    return found


def _sets(elements: Sequence[Value], most: int) -> Iterator[Value]:
    """Yield sets of values that stand for all sets.

    To keep what each check says of a set, one of its values is enough for each check, so larger sets are not needed.
    """
    count = 0
    for size in range(1, most + 1):
        for chosen in combinations(elements, size):
            count += 1
            if count > _MOST_SETS:
                raise TooManyTextsError
            yield tuple(element for element in chosen if isinstance(element, str))

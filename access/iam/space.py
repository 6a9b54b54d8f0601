"""The space of all requests for a set of checks: a few representative choices for each attribute."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from .automata import Pattern, TooManyTextsError
from .checks import ACTION, PRINCIPAL, RESOURCE, TAG, TAG_KEYS, Check, ConditionCheck, TagCheck, attribute_of
from .name_regions import actions, context_of, principals, resources
from .patterns import Context, Value
from .regions import MixedValuesError, patterns_of, values_of
from .verdicts import NO, YES, Verdict


@dataclass(frozen=True)
class Choice:
    """A value of an attribute, which represents all values that get the same answers from the checks."""

    value: Value
    context: Context = field(hash=False)


@dataclass(frozen=True)
class Table:
    """The choices for which a check holds, and those for which it fails; for all others it is undecided.

    For one attribute, a row is two numbers with one bit for each choice. For two attributes, there is one row for each
    choice of the first.
    """

    attributes: tuple[str, ...]
    rows: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Space:
    """The choices of each attribute, and the table of each check."""

    choices: Mapping[str, tuple[Choice, ...]]
    tables: Mapping[Check, Table]


def space_of(checks: Iterable[Check], *, complete: bool = True) -> Space:
    """Return the choices that a set of checks can distinguish.

    Args:
        checks: the checks.
        complete: whether the choices must represent all values. The checks of an attribute for which that fails are
            then undecidable; otherwise, an incomplete set is accepted.
    """
    distinct = [*dict.fromkeys(checks)]
    attributes = {attribute for check in distinct for attribute in check.attributes}
    if TAG_KEYS in attributes:
        distinct += [
            TagCheck(attribute.removeprefix(TAG)) for attribute in sorted(attributes) if attribute.startswith(TAG)
        ]
    choices: dict[str, tuple[Choice, ...]] = {}
    tables: dict[Check, Table] = {}
    for related in _related(distinct):
        part = _space_of(tuple(related), complete)
        choices |= part.choices
        tables |= part.tables
    return Space(choices, tables)


def _related(checks: Sequence[Check]) -> list[list[Check]]:
    """Return the checks in groups that share attributes."""
    groups: list[tuple[set[str], list[Check]]] = []
    for check in checks:
        attributes, together = set(check.attributes), [check]
        for group in [group for group in groups if group[0] & attributes]:
            groups.remove(group)
            attributes |= group[0]
            together = [*group[1], *together]
        groups.append((attributes, together))
    return [group[1] for group in groups]


@lru_cache(maxsize=4096)
def _space_of(checks: tuple[Check, ...], complete: bool) -> Space:
    undecidable = {check for check in checks if check.is_undecidable}
    closed = [check for check in checks if not check.is_undecidable]
    choices: dict[str, tuple[Choice, ...]] = {}
    shared = _shared(closed)
    attributes = dict.fromkeys(attribute for check in checks for attribute in check.attributes)
    for attribute in attributes:
        own = [check for check in closed if attribute in check.attributes]
        try:
            found = _choices(attribute, own, shared, complete)
        except (MixedValuesError, TooManyTextsError):
            undecidable |= {check for check in own if not _tests_presence(check)}
            found = [_choice(attribute, value) for value in (None, "example")]
        choices[attribute] = tuple(found)
    for _ in shared:  # a value may spread from key to key
        choices |= {
            attribute: (*choices[attribute], *_equal(attribute, closed, choices))
            for attribute in attributes
            if attribute != PRINCIPAL
        }
    return Space(choices, {check: _table(check, choices, check in undecidable) for check in checks})


def _tests_presence(check: Check) -> bool:
    return isinstance(check, ConditionCheck) and check.condition.operator.lower() == "null"


def _shared(checks: Sequence[Check]) -> Mapping[str, Sequence[Pattern]]:
    """Return the patterns of values that are compared with each other, by their keys in lower case."""
    compared = [check for check in checks if isinstance(check, ConditionCheck) and check.variable_keys]
    keys = {key for check in compared for key in (check.condition.key.lower(), *check.variable_keys)}
    patterns = [
        pattern
        for check in checks
        if isinstance(check, ConditionCheck) and check.condition.key.lower() in keys
        for pattern in patterns_of(check, check.condition.key)
    ]
    return {key: patterns for key in keys}


def _choices(
    attribute: str, checks: Sequence[Check], shared: Mapping[str, Sequence[Pattern]], complete: bool
) -> list[Choice]:
    keys = {key: patterns for key, patterns in shared.items() if attribute_of(key) == attribute}
    values: Sequence[Value]
    if attribute == ACTION:
        values = actions(checks, complete=complete)
    elif attribute == RESOURCE:
        values = resources(checks, complete=complete)
    elif attribute == PRINCIPAL:
        values = principals(checks, keys, max(len(shared), 1), complete=complete)
    else:
        values = values_of(attribute, checks, keys.get(attribute), max(len(shared), 1), complete=complete)
        return [_choice(attribute, value) for value in values]
    found = [_choice(attribute, value) for value in values]
    if keys:
        return found
    alike: dict[tuple[Verdict, ...], Choice] = {}
    for choice in found:
        alike.setdefault(tuple(check.verdict(choice.context) for check in checks), choice)
    return [*alike.values()]


def _choice(attribute: str, value: Value) -> Choice:
    if attribute == PRINCIPAL and isinstance(value, str):
        return Choice(value, context_of(value))
    return Choice(value, {attribute: (value,)})


def _equal(attribute: str, checks: Sequence[Check], choices: Mapping[str, Sequence[Choice]]) -> list[Choice]:
    """Return further choices of a key: the values of the keys it is compared with."""
    known = {choice.value for choice in choices[attribute]}
    keys = dict.fromkeys(
        other
        for check in checks
        if isinstance(check, ConditionCheck) and check.variable_keys and attribute in check.attributes
        for other in (check.condition.key.lower(), *check.variable_keys)
        if attribute_of(other) != attribute
    )
    found = dict.fromkeys(
        value for key in keys for choice in choices[attribute_of(key)] for value in choice.context[key]
    )
    return [_choice(attribute, value) for value in found if value not in known]


def _table(check: Check, choices: Mapping[str, Sequence[Choice]], is_undecidable: bool) -> Table:
    if is_undecidable:
        return Table((), ((0, 0),))
    first, *rest = check.attributes
    if not rest:
        return Table(check.attributes, (_row(check, {}, choices[first]),))
    return Table(check.attributes, tuple(_row(check, choice.context, choices[rest[0]]) for choice in choices[first]))


def _row(check: Check, known: Context, choices: Sequence[Choice]) -> tuple[int, int]:
    verdicts = [check.verdict({**known, **choice.context}) for choice in choices]
    holds = sum(1 << place for place, verdict in enumerate(verdicts) if verdict == YES)
    return holds, sum(1 << place for place, verdict in enumerate(verdicts) if verdict == NO)

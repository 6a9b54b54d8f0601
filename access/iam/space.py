"""All requests, as far as some checks can tell them apart: for each thing in a request a few choices."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from .automata import Pattern, TooManyTextsError
from .checks import ACTION, PRINCIPAL, RESOURCE, TAG, TAG_KEYS, Check, ConditionCheck, TagCheck, thing_of
from .name_regions import actions, context_of, principals, resources
from .patterns import Context, Value
from .regions import MixedValuesError, patterns_of, values_of
from .verdicts import NO, YES, Verdict


@dataclass(frozen=True)
class Choice:
    """A value of a thing in a request, which stands for all those that the checks can't tell from it."""

    value: Value
    context: Context = field(hash=False)


@dataclass(frozen=True)
class Table:
    """For which choices a check holds, and for which it does not; for the others that can't be told.

    Of a check of one thing these are numbers with one bit for each choice. A check of two things has one such pair for
    each choice of the first.
    """

    things: tuple[str, ...]
    rows: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Space:
    """The choices of each thing, and the table of each check."""

    choices: Mapping[str, tuple[Choice, ...]]
    tables: Mapping[Check, Table]


def space_of(checks: Iterable[Check], *, complete: bool = True) -> Space:
    """Return the choices that some checks can tell apart.

    Args:
        checks: those that are asked.
        complete: whether the choices have to stand for all that there is. Checks of a thing for which they can't be
            found are then open; otherwise, what is found has to do.
    """
    distinct = [*dict.fromkeys(checks)]
    things = {thing for check in distinct for thing in check.things}
    if TAG_KEYS in things:
        distinct += [TagCheck(thing.removeprefix(TAG)) for thing in sorted(things) if thing.startswith(TAG)]
    choices: dict[str, tuple[Choice, ...]] = {}
    tables: dict[Check, Table] = {}
    for related in _related(distinct):
        part = _space_of(tuple(related), complete)
        choices |= part.choices
        tables |= part.tables
    return Space(choices, tables)


def _related(checks: Sequence[Check]) -> list[list[Check]]:
    """The checks, those together that read the same things."""
    groups: list[tuple[set[str], list[Check]]] = []
    for check in checks:
        things, together = set(check.things), [check]
        for group in [group for group in groups if group[0] & things]:
            groups.remove(group)
            things |= group[0]
            together = [*group[1], *together]
        groups.append((things, together))
    return [group[1] for group in groups]


@lru_cache(maxsize=4096)
def _space_of(checks: tuple[Check, ...], complete: bool) -> Space:
    opened = {check for check in checks if check.is_open}
    closed = [check for check in checks if not check.is_open]
    choices: dict[str, tuple[Choice, ...]] = {}
    shared = _shared(closed)
    things = dict.fromkeys(thing for check in checks for thing in check.things)
    for thing in things:
        own = [check for check in closed if thing in check.things]
        try:
            found = _choices(thing, own, shared, complete)
        except (MixedValuesError, TooManyTextsError):
            opened |= {check for check in own if not _asks_for_presence(check)}
            found = [_choice(thing, value) for value in (None, "example")]
        choices[thing] = tuple(found)
    for _ in shared:  # a value may go from key to key
        choices |= {thing: (*choices[thing], *_equal(thing, closed, choices)) for thing in things if thing != PRINCIPAL}
    return Space(choices, {check: _table(check, choices, check in opened) for check in checks})


def _asks_for_presence(check: Check) -> bool:
    return isinstance(check, ConditionCheck) and check.condition.operator.lower() == "null"


def _shared(checks: Sequence[Check]) -> Mapping[str, Sequence[Pattern]]:
    """The patterns of the values that are held against each other, by the keys in lower case whose values they are."""
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
    thing: str, checks: Sequence[Check], shared: Mapping[str, Sequence[Pattern]], complete: bool
) -> list[Choice]:
    keys = {key: patterns for key, patterns in shared.items() if thing_of(key) == thing}
    values: Sequence[Value]
    if thing == ACTION:
        values = actions(checks, complete=complete)
    elif thing == RESOURCE:
        values = resources(checks, complete=complete)
    elif thing == PRINCIPAL:
        values = principals(checks, keys, max(len(shared), 1), complete=complete)
    else:
        values = values_of(thing, checks, keys.get(thing), max(len(shared), 1), complete=complete)
        return [_choice(thing, value) for value in values]
    found = [_choice(thing, value) for value in values]
    if keys:
        return found
    alike: dict[tuple[Verdict, ...], Choice] = {}
    for choice in found:
        alike.setdefault(tuple(check.verdict(choice.context) for check in checks), choice)
    return [*alike.values()]


def _choice(thing: str, value: Value) -> Choice:
    if thing == PRINCIPAL and isinstance(value, str):
        return Choice(value, context_of(value))
    return Choice(value, {thing: (value,)})


def _equal(thing: str, checks: Sequence[Check], choices: Mapping[str, Sequence[Choice]]) -> list[Choice]:
    """Further choices of a key: the values of another one, which it is held against."""
    known = {choice.value for choice in choices[thing]}
    keys = dict.fromkeys(
        other
        for check in checks
        if isinstance(check, ConditionCheck) and check.variable_keys and thing in check.things
        for other in (check.condition.key.lower(), *check.variable_keys)
        if thing_of(other) != thing
    )
    found = dict.fromkeys(value for key in keys for choice in choices[thing_of(key)] for value in choice.context[key])
    return [_choice(thing, value) for value in found if value not in known]


def _table(check: Check, choices: Mapping[str, Sequence[Choice]], is_open: bool) -> Table:
    if is_open:
        return Table((), ((0, 0),))
    first, *rest = check.things
    if not rest:
        return Table(check.things, (_row(check, {}, choices[first]),))
    return Table(check.things, tuple(_row(check, choice.context, choices[rest[0]]) for choice in choices[first]))


def _row(check: Check, known: Context, choices: Sequence[Choice]) -> tuple[int, int]:
    verdicts = [check.verdict({**known, **choice.context}) for choice in choices]
    holds = sum(1 << place for place, verdict in enumerate(verdicts) if verdict == YES)
    return holds, sum(1 << place for place, verdict in enumerate(verdicts) if verdict == NO)

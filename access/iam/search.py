"""Find a request that one set of policies allows and another does not, among all requests rather than a sample.

Each rule is evaluated for all requests at once. Where it can't answer, it names the check that decides; the requests
are then divided by that check, until the answer is certain.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from .checks import Check, ResourceCheck, checks_of
from .documents import Statement
from .patterns import Context, Value
from .space import Space, Table, space_of

_MAX_PARTS = 20_000
"""The number of parts after which the search gives up."""


@dataclass(frozen=True, eq=False)
class Policies:
    """Statements that are evaluated together: an explicit Deny wins. Source: "Policy evaluation logic"."""

    name: str
    """The name in reports; empty where the statements' names suffice."""
    statements: tuple[Statement, ...]

    @cached_property
    def rule(self) -> "Rule":
        """The requests that a statement allows and none denies."""
        allow = Some(tuple(applies(statement) for statement in self.statements if statement.effect == "Allow"))
        return All((Not(self.denials), allow))

    @cached_property
    def denials(self) -> "Rule":
        """The requests that a statement denies."""
        return Some(tuple(applies(statement) for statement in self.statements if statement.effect == "Deny"))


@dataclass(frozen=True, eq=False)
class Holds:
    """A rule with one check."""

    check: Check


@dataclass(frozen=True, eq=False)
class All:
    """A rule for the requests that match all rules."""

    rules: "tuple[Rule, ...]"


@dataclass(frozen=True, eq=False)
class Some:
    """A rule for the requests that match at least one rule."""

    rules: "tuple[Rule, ...]"


@dataclass(frozen=True, eq=False)
class Not:
    """A rule for the requests that do not match a rule."""

    rule: "Rule"


Rule = Policies | Holds | All | Some | Not
"""A set of allowed requests."""

EVERYTHING, NOTHING = All(()), Some(())


@dataclass(frozen=True)
class DecidingStatement:
    """The statement that allows or denies a request."""

    policies: str
    statement: str

    def __str__(self) -> str:
        """Return the statement's name in reports."""
        return f"{self.statement} of {self.policies}" if self.policies else self.statement


@dataclass(frozen=True)
class Witness:
    """All requests with these values."""

    values: Mapping[str, Value]
    """The values that matter, by ``action``, ``resource``, ``principal`` or condition key in lower case."""
    context: Context = field(repr=False)
    """One complete request among them."""


@dataclass(frozen=True)
class Difference:
    """A request that is allowed after the change and was not before."""

    witness: Witness
    allowed_by: tuple[DecidingStatement, ...]
    """The statements that allow it now."""
    denied_by: tuple[DecidingStatement, ...] = ()
    """The statements that denied it before."""
    instead: Mapping[str, Value] = field(default_factory=dict)
    """Values each of which alone, in place of the witness's, would have been allowed before."""

    @property
    def statement(self) -> str:
        """The name of the first statement that allows it; empty if there is none."""
        return self.allowed_by[0].statement if self.allowed_by else ""


@dataclass(frozen=True)
class Undecided:
    """The reason why the search could not decide."""

    key: str
    operator: str
    """The operator or element that could not be evaluated."""


def first_difference(before: Rule, after: Rule, given: Rule = EVERYTHING) -> Difference | Undecided | None:
    """Return a request that is allowed after and was not before; ``None`` if there certainly is none.

    Args:
        before: the rule before the change.
        after: the rule after the change.
        given: a rule that limits the search.
    """
    found = _Search(before, after, given, complete=True).run()
    if isinstance(found, Undecided):
        # A sample of too many values still finds certain differences.
        sampled = _Search(before, after, given, complete=False).run()
        return sampled if isinstance(sampled, Difference) else found
    return found


@dataclass(frozen=True)
class _Part:
    """A part of all requests: the choices left of each attribute, and assumed answers of undecidable checks."""

    left: Mapping[str, int]
    assumed: Mapping[Check, bool]


class _Search:
    def __init__(self, before: Rule, after: Rule, given: Rule, *, complete: bool) -> None:
        self._before, self._after = before, after
        goal = All((given, after, Not(before)))
        checks = [*_checks(goal)]
        self._space: Space = space_of(checks, complete=complete)
        tags = [check for check in self._space.tables if check not in set(checks)]
        self._given = All((*map(Holds, tags), given))
        self._goal = All((*map(Holds, tags), goal))
        self._tables: Mapping[Check, Table] = self._space.tables
        self._all = _Part({attribute: (1 << len(found)) - 1 for attribute, found in self._space.choices.items()}, {})

    def run(self) -> Difference | Undecided | None:
        undecided = None
        for part in self._allowed(self._goal, self._all):
            if isinstance(part, Undecided):
                return part
            wider = self._widened(part)
            if not wider.assumed:
                return self._difference(wider)
            undecided = undecided or Undecided(*next(iter(wider.assumed)).about)
        return undecided

    def _allowed(self, rule: Rule, whole: _Part) -> "Iterator[_Part | Undecided]":
        """Yield the parts in which a rule allows every request."""
        waiting, visited = [whole], 0
        while waiting:
            part = waiting.pop()
            answer = self._answer(rule, part)
            if answer is True:
                yield part
            elif answer is not False:
                waiting += reversed(self._divided(part, answer))
                visited += 1
                if visited > _MAX_PARTS:
                    yield Undecided(answer.about[0], "too many combinations")
                    return

    def _answer(self, rule: Rule, part: _Part) -> "bool | Check":
        """Return whether a rule allows all requests of a part, or none; otherwise, the check that decides."""
        if isinstance(rule, Holds):
            return self._holds(rule.check, part)
        if isinstance(rule, Not):
            answer = self._answer(rule.rule, part)
            return not answer if isinstance(answer, bool) else answer
        if isinstance(rule, Policies):
            return self._answer(rule.rule, part)
        decisive = isinstance(rule, Some)
        undecided: Check | None = None
        for each in rule.rules:
            answer = self._answer(each, part)
            if answer is decisive:
                return decisive
            if not isinstance(answer, bool):
                undecided = undecided or answer
        return not decisive if undecided is None else undecided

    def _holds(self, check: Check, part: _Part) -> "bool | Check":
        if check in part.assumed:
            return part.assumed[check]
        table = self._tables[check]
        if len(table.attributes) == 2:
            first, second = (part.left[attribute] for attribute in table.attributes)
            rows = [row for place, row in enumerate(table.rows) if first >> place & 1]
        elif table.attributes:
            second, rows = part.left[table.attributes[0]], [*table.rows]
        else:
            return check
        if all(second & ~holds == 0 for holds, _ in rows):
            return True
        if all(second & ~fails == 0 for _, fails in rows):
            return False
        return check

    def _divided(self, part: _Part, check: Check) -> list[_Part]:
        """Divide a part into parts that answer a check, or are smaller; the most readable first."""
        table = self._tables[check]
        if not table.attributes:
            return [_Part(part.left, {**part.assumed, check: answer}) for answer in (False, True)]
        *before, last = table.attributes
        if before and part.left[before[0]].bit_count() > 1:
            return [_Part({**part.left, before[0]: choice}, part.assumed) for choice in _bits(part.left[before[0]])]
        holds, fails = table.rows[part.left[before[0]].bit_length() - 1 if before else 0]
        left = part.left[last]
        if left.bit_count() == 1:
            return [_Part(part.left, {**part.assumed, check: answer}) for answer in (False, True)]
        divided = [found for found in (left & holds, left & fails, *_bits(left & ~holds & ~fails)) if found]
        divided.sort(key=lambda found: found & -found)
        return [_Part({**part.left, last: found}, part.assumed) for found in divided]

    def _widened(self, part: _Part) -> _Part:
        """Widen a part as long as all of its requests still match, so that fewer attributes matter."""
        for check in part.assumed:
            wider = _Part(part.left, {key: answer for key, answer in part.assumed.items() if key != check})
            part = wider if self._answer(self._goal, wider) is True else part
        for attribute in sorted(part.left, key=lambda attribute: ":" not in attribute):
            wider = _Part({**part.left, attribute: self._all.left[attribute]}, part.assumed)
            part = wider if self._answer(self._goal, wider) is True else part
        return part

    def _difference(self, part: _Part) -> Difference:
        first = {attribute: left & -left for attribute, left in part.left.items()}
        choices = {attribute: self._space.choices[attribute][bit.bit_length() - 1] for attribute, bit in first.items()}
        context: dict[str, tuple[Value, ...]] = {}
        for choice in choices.values():
            context |= choice.context
        matters = [attribute for attribute, left in part.left.items() if left != self._all.left[attribute]]
        witness = Witness({attribute: choices[attribute].value for attribute in sorted(matters)}, context)
        single = _Part(first, {})
        return Difference(
            witness,
            allowed_by=tuple(self._deciding(self._after, single, "Allow")),
            denied_by=tuple(self._deciding(self._before, single, "Deny")),
            instead=dict(self._instead(single, matters)),
        )

    def _instead(self, single: _Part, matters: Sequence[str]) -> Iterator[tuple[str, Value]]:
        """Yield, for each attribute, a value with which the request was allowed before, if there is one."""
        for attribute in matters:
            others = _Part({**single.left, attribute: self._all.left[attribute]}, {})
            found = next(self._allowed(All((self._given, self._before)), others), None)
            if isinstance(found, _Part) and not found.assumed:
                first = next(_bits(found.left[attribute])).bit_length() - 1
                yield attribute, self._space.choices[attribute][first].value

    def _deciding(self, rule: Rule, part: _Part, effect: str) -> Iterator[DecidingStatement]:
        """Yield the statements with an effect that apply to the one request of a part."""
        if isinstance(rule, Policies):
            for statement in rule.statements:
                if statement.effect == effect and self._answer(applies(statement), part) is True:
                    yield DecidingStatement(rule.name, statement.name)
                    return
        elif isinstance(rule, All | Some):
            for each in rule.rules:
                yield from self._deciding(each, part, effect)


def applies(statement: Statement) -> Rule:
    """Return the rule for the requests that a statement covers."""
    return All(tuple(map(_holds, checks_of(statement))))


def _holds(check: Check) -> Rule:
    """Return the rule of a check. An undecidable check is split by text, as each text may be unchanged."""
    if not isinstance(check, ResourceCheck) or not check.is_undecidable:
        return Holds(check)
    found = Some(tuple(Holds(replace(check, resources=(text,), inverted=False)) for text in check.resources))
    return Not(found) if check.inverted else found


def _checks(rule: Rule) -> Iterator[Check]:
    if isinstance(rule, Holds):
        yield rule.check
    elif isinstance(rule, Not | Policies):
        yield from _checks(rule.rule)
    else:
        for each in rule.rules:
            yield from _checks(each)


def _bits(number: int) -> Iterator[int]:
    while number:
        yield number & -number
        number &= number - 1

"""The search for a request that one set of policies allows and another does not: through all requests, not a sample.

Each rule is asked of all requests at once. Where it can't answer, it names the check on which the answer hangs; the
requests are then divided by that check, until the answer is certain.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from .checks import Check, ResourceCheck, checks_of
from .documents import Statement
from .patterns import Context, Value
from .space import Space, Table, space_of

_MOST_PARTS = 20_000
"""So many parts of the requests are looked at before the search gives up."""


@dataclass(frozen=True, eq=False)
class Policies:
    """Statements that allow and deny together: an explicit Deny wins. Source: "Policy evaluation logic"."""

    name: str
    """What people call them; empty where the statements' own names say it."""
    statements: tuple[Statement, ...]

    @cached_property
    def rule(self) -> "Rule":
        """What they come to: a statement that allows, and none that denies."""
        allow = Some(tuple(applies(statement) for statement in self.statements if statement.effect == "Allow"))
        return All((Not(self.denials), allow))

    @cached_property
    def denials(self) -> "Rule":
        """What they deny."""
        return Some(tuple(applies(statement) for statement in self.statements if statement.effect == "Deny"))


@dataclass(frozen=True, eq=False)
class Holds:
    """One check."""

    check: Check


@dataclass(frozen=True, eq=False)
class All:
    """All of some rules."""

    rules: "tuple[Rule, ...]"


@dataclass(frozen=True, eq=False)
class Some:
    """At least one of some rules."""

    rules: "tuple[Rule, ...]"


@dataclass(frozen=True, eq=False)
class Not:
    """The opposite of a rule."""

    rule: "Rule"


Rule = Policies | Holds | All | Some | Not
"""What allows requests."""

EVERYTHING, NOTHING = All(()), Some(())


@dataclass(frozen=True)
class Because:
    """A statement that decides."""

    policies: str
    statement: str

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.statement} of {self.policies}" if self.policies else self.statement


@dataclass(frozen=True)
class Witness:
    """A request, or many: all that have these values."""

    values: Mapping[str, Value]
    """What matters, by thing: ``action``, ``resource``, ``principal`` or a condition key in lower case."""
    context: Context = field(repr=False)
    """One whole request among them."""


@dataclass(frozen=True)
class Difference:
    """A request that is allowed after and was not before."""

    witness: Witness
    allowed_by: tuple[Because, ...]
    """The statements that allow it after."""
    denied_by: tuple[Because, ...] = ()
    """The statements that denied it before."""
    instead: Mapping[str, Value] = field(default_factory=dict)
    """Each of these values alone, in place of the witness's own, was enough for it to be allowed before."""

    @property
    def statement(self) -> str:
        """The name of the first statement that allows it; empty if none had to."""
        return self.allowed_by[0].statement if self.allowed_by else ""


@dataclass(frozen=True)
class Undecided:
    """It can't be told whether there is such a request."""

    key: str
    operator: str
    """The operator, or element, that could not be decided."""


def first_difference(before: Rule, after: Rule, given: Rule = EVERYTHING) -> Difference | Undecided | None:
    """Return a request that is allowed after and was not before; none if there certainly is no such request.

    Args:
        before: what allowed requests.
        after: what allows them now.
        given: what is known of the requests that are looked at.
    """
    found = _Search(before, after, given, complete=True).run()
    if isinstance(found, Undecided):
        # Of values that are too many some are tried: what is allowed of them is certain.
        tried = _Search(before, after, given, complete=False).run()
        return tried if isinstance(tried, Difference) else found
    return found


@dataclass(frozen=True)
class _Part:
    """Some of the requests: by thing those choices that are left, and open checks with an answer that is assumed."""

    left: Mapping[str, int]
    assumed: Mapping[Check, bool]


class _Search:
    def __init__(self, before: Rule, after: Rule, given: Rule, *, complete: bool) -> None:
        self._before, self._after = before, after
        asked = All((given, after, Not(before)))
        checks = [*_checks(asked)]
        self._space: Space = space_of(checks, complete=complete)
        tags = [check for check in self._space.tables if check not in set(checks)]
        self._given = All((*map(Holds, tags), given))
        self._asked = All((*map(Holds, tags), asked))
        self._tables: Mapping[Check, Table] = self._space.tables
        self._all = _Part({thing: (1 << len(found)) - 1 for thing, found in self._space.choices.items()}, {})

    def run(self) -> Difference | Undecided | None:
        undecided = None
        for part in self._allowed(self._asked, self._all):
            if isinstance(part, Undecided):
                return part
            wider = self._widened(part)
            if not wider.assumed:
                return self._difference(wider)
            undecided = undecided or Undecided(*next(iter(wider.assumed)).about)
        return undecided

    def _allowed(self, rule: Rule, all_of_them: _Part) -> "Iterator[_Part | Undecided]":
        """The parts of some requests of which a rule allows all."""
        waiting, looked_at = [all_of_them], 0
        while waiting:
            part = waiting.pop()
            answer = self._answer(rule, part)
            if answer is True:
                yield part
            elif answer is not False:
                waiting += reversed(self._divided(part, answer))
                looked_at += 1
                if looked_at > _MOST_PARTS:
                    yield Undecided(answer.about[0], "too many combinations")
                    return

    def _answer(self, rule: Rule, part: _Part) -> "bool | Check":
        """Whether a rule allows all requests of a part, or none; or the check on which it hangs."""
        if isinstance(rule, Holds):
            return self._holds(rule.check, part)
        if isinstance(rule, Not):
            answer = self._answer(rule.rule, part)
            return not answer if isinstance(answer, bool) else answer
        if isinstance(rule, Policies):
            return self._answer(rule.rule, part)
        decisive = isinstance(rule, Some)
        hangs: Check | None = None
        for each in rule.rules:
            answer = self._answer(each, part)
            if answer is decisive:
                return decisive
            if not isinstance(answer, bool):
                hangs = hangs or answer
        return not decisive if hangs is None else hangs

    def _holds(self, check: Check, part: _Part) -> "bool | Check":
        if check in part.assumed:
            return part.assumed[check]
        table = self._tables[check]
        if len(table.things) == 2:
            first, second = (part.left[thing] for thing in table.things)
            rows = [row for place, row in enumerate(table.rows) if first >> place & 1]
        elif table.things:
            second, rows = part.left[table.things[0]], [*table.rows]
        else:
            return check
        if all(second & ~holds == 0 for holds, _ in rows):
            return True
        if all(second & ~fails == 0 for _, fails in rows):
            return False
        return check

    def _divided(self, part: _Part, check: Check) -> list[_Part]:
        """A part in parts of which each can answer a check, or is smaller; the most readable first."""
        table = self._tables[check]
        if not table.things:
            return [_Part(part.left, {**part.assumed, check: answer}) for answer in (False, True)]
        *before, last = table.things
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
        """A part of which all requests are still sought for, but with fewer things that matter."""
        for check in part.assumed:
            wider = _Part(part.left, {key: answer for key, answer in part.assumed.items() if key != check})
            part = wider if self._answer(self._asked, wider) is True else part
        for thing in sorted(part.left, key=lambda thing: ":" not in thing):
            wider = _Part({**part.left, thing: self._all.left[thing]}, part.assumed)
            part = wider if self._answer(self._asked, wider) is True else part
        return part

    def _difference(self, part: _Part) -> Difference:
        first = {thing: left & -left for thing, left in part.left.items()}
        choices = {thing: self._space.choices[thing][bit.bit_length() - 1] for thing, bit in first.items()}
        context: dict[str, tuple[Value, ...]] = {}
        for choice in choices.values():
            context |= choice.context
        matters = [thing for thing, left in part.left.items() if left != self._all.left[thing]]
        witness = Witness({thing: choices[thing].value for thing in sorted(matters)}, context)
        one = _Part(first, {})
        return Difference(
            witness,
            allowed_by=tuple(self._deciding(self._after, one, "Allow")),
            denied_by=tuple(self._deciding(self._before, one, "Deny")),
            instead=dict(self._instead(one, matters)),
        )

    def _instead(self, one: _Part, matters: Sequence[str]) -> Iterator[tuple[str, Value]]:
        """For each thing of a request a value with which it was allowed before, if there is one."""
        for thing in matters:
            others = _Part({**one.left, thing: self._all.left[thing]}, {})
            found = next(self._allowed(All((self._given, self._before)), others), None)
            if isinstance(found, _Part) and not found.assumed:
                yield thing, self._space.choices[thing][(found.left[thing] & -found.left[thing]).bit_length() - 1].value

    def _deciding(self, rule: Rule, part: _Part, effect: str) -> Iterator[Because]:
        """The statements with an effect that apply to the one request of a part."""
        if isinstance(rule, Policies):
            for statement in rule.statements:
                if statement.effect == effect and self._answer(applies(statement), part) is True:
                    yield Because(rule.name, statement.name)
                    return
        elif isinstance(rule, All | Some):
            for each in rule.rules:
                yield from self._deciding(each, part, effect)


def applies(statement: Statement) -> Rule:
    """Return the requests that a statement is about."""
    return All(tuple(map(_holds, checks_of(statement))))


def _holds(check: Check) -> Rule:
    """A check; of one that is open, each text by itself, as others may be the same before and after."""
    if not isinstance(check, ResourceCheck) or not check.is_open:
        return Holds(check)
    found = Some(tuple(Holds(replace(check, resources=(text,), but=False)) for text in check.resources))
    return Not(found) if check.but else found


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

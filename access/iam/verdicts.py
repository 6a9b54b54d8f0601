"""Three-valued verdicts: yes, no, or under conditions that can't be decided without AWS."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Answer(IntEnum):
    """The answer, from no to certain."""

    NO = 0
    CONDITIONAL = 1
    YES = 2


@dataclass(frozen=True)
class Verdict:
    """An answer, and the conditions it depends on."""

    answer: Answer
    conditions: frozenset[str] = frozenset()
    """Condition keys, or other conditions for people; only for a conditional answer."""


YES = Verdict(Answer.YES)
NO = Verdict(Answer.NO)


def under(*conditions: str) -> Verdict:
    """Return the verdict that depends on these conditions."""
    return Verdict(Answer.CONDITIONAL, frozenset(conditions))


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return whether all hold."""
    return _joined(verdicts, decisive=NO, otherwise=YES)


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return whether any holds."""
    return _joined(verdicts, decisive=YES, otherwise=NO)


def negated(verdict: Verdict) -> Verdict:
    """Return the opposite verdict; a conditional one stays conditional."""
    return Verdict(Answer(Answer.YES - verdict.answer), verdict.conditions)


def _joined(verdicts: Iterable[Verdict], decisive: Verdict, otherwise: Verdict) -> Verdict:
    conditions: frozenset[str] = frozenset()
    for verdict in verdicts:
        if verdict.answer is decisive.answer:
            return decisive
        conditions |= verdict.conditions
    return under(*conditions) if conditions else otherwise

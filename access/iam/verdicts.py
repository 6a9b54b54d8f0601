"""Answers of three values: yes, no, and only under conditions that can't be decided without AWS."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Answer(IntEnum):
    """From the least to the most certain."""

    NO = 0
    CONDITIONAL = 1
    YES = 2


@dataclass(frozen=True)
class Verdict:
    """An answer, and what it hangs on."""

    answer: Answer
    conditions: frozenset[str] = frozenset()
    """Condition keys, or in words what else decides; of a conditional answer only."""


YES = Verdict(Answer.YES)
NO = Verdict(Answer.NO)


def under(*conditions: str) -> Verdict:
    """Yes or no, and these decide which."""
    return Verdict(Answer.CONDITIONAL, frozenset(conditions))


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Whether everything holds."""
    return _joined(verdicts, decisive=NO, otherwise=YES)


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Whether something holds."""
    return _joined(verdicts, decisive=YES, otherwise=NO)


def negated(verdict: Verdict) -> Verdict:
    """The opposite; what is open stays open."""
    return Verdict(Answer(Answer.YES - verdict.answer), verdict.conditions)


def _joined(verdicts: Iterable[Verdict], decisive: Verdict, otherwise: Verdict) -> Verdict:
    conditions: frozenset[str] = frozenset()
    for verdict in verdicts:
        if verdict.answer is decisive.answer:
            return decisive
        conditions |= verdict.conditions
    return under(*conditions) if conditions else otherwise

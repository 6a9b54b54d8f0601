"""Decide how one principal can act as another: by assuming it, or by taking it over."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from ..iam.documents import Statement
from ..iam.principals import Principal
from ..iam.rights import ASSUME, Call, may_assume, may_do
from ..iam.verdicts import Answer, all_of
from .iam_rights import takeovers


def take_over(actor: Principal, other: Principal, now: datetime) -> tuple[Answer, tuple[Call, ...]]:
    """Return whether a principal can act as another, and the calls it takes: the first of the most certain ones."""
    best: tuple[Call, ...] = ()
    answer = Answer.NO
    for calls in _ways(actor, other, now):
        certainty = all_of(call.verdict for call in calls).answer
        if certainty > answer:
            best, answer = calls, certainty
        if answer is Answer.YES:
            break
    return answer, best


def _ways(actor: Principal, other: Principal, now: datetime) -> Iterator[tuple[Call, ...]]:
    if other.trust:
        yield (may_assume(actor, other.arn, other.trust, now, other),)
    for takeover in takeovers(other):
        target = None if takeover.on else other
        calls = [may_do(actor, action, takeover.on or other.arn, now, target) for action in takeover.actions]
        calls[-1] = replace(calls[-1], verdict=all_of([calls[-1].verdict, takeover.succeeds]))
        if not other.is_user and not takeover.on and calls[-1].verdict.answer:
            calls.append(may_assume(actor, other.arn, _trusting(actor), now, other))
        yield tuple(calls)


def _trusting(principal: Principal) -> tuple[Statement, ...]:
    """Return a trust policy that names a principal."""
    return (Statement("the new statement", "Allow", actions=(ASSUME,), principals=(principal.arn,)),)

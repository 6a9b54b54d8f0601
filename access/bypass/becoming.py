"""How one principal becomes another."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from ..iam.documents import Statement
from ..iam.principals import Principal
from ..iam.rights import ASSUME, Call, may_assume, may_do
from ..iam.verdicts import Answer, all_of
from .iam_rights import takeovers


def become(me: Principal, other: Principal, now: datetime) -> tuple[Answer, tuple[Call, ...]]:
    """Return whether a principal can become another, and the calls with which: of the most certain ways the first."""
    best: tuple[Call, ...] = ()
    answer = Answer.NO
    for calls in _ways(me, other, now):
        found = all_of(call.verdict for call in calls).answer
        if found > answer:
            best, answer = calls, found
        if answer is Answer.YES:
            break
    return answer, best


def _ways(me: Principal, other: Principal, now: datetime) -> Iterator[tuple[Call, ...]]:
    if other.trust:
        yield (may_assume(me, other.arn, other.trust, now, other),)
    for takeover in takeovers(other):
        target = None if takeover.on else other
        calls = [may_do(me, action, takeover.on or other.arn, now, target) for action in takeover.actions]
        calls[-1] = replace(calls[-1], verdict=all_of([calls[-1].verdict, takeover.succeeds]))
        if not other.is_user and not takeover.on and calls[-1].verdict.answer:
            calls.append(may_assume(me, other.arn, _trusting(me), now, other))
        yield tuple(calls)


def _trusting(principal: Principal) -> tuple[Statement, ...]:
    """A trust policy that names a principal."""
    return (Statement("the new statement", "Allow", actions=(ASSUME,), principals=(principal.arn,)),)

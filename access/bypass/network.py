"""The principals of some accounts, and what each of them can do to the others: each question is answered once."""

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime

from ..iam.principals import Directory, Principal
from ..iam.rights import Call, may_assume, may_do
from ..iam.verdicts import Answer, all_of
from .becoming import become
from .iam_rights import Change, changes, may_take_over_somebody, newcomers
from .paths import TargetRole

Others = Mapping[Principal, tuple[Call, ...]]
"""Principals that somebody can become, and the calls with which."""


class Network:
    """Answers about principals. No answer depends on the role that is sought, but those about the role itself."""

    def __init__(self, directories: Sequence[Directory], now: datetime) -> None:
        """Take note of the principals.

        Args:
            directories: the accounts, with all of their principals.
            now: the time, for conditions on it.
        """
        self.others = [it for directory in directories for it in (*directory.principals, *newcomers(directory))]
        """All principals, and for each account a user and a role that don't exist yet."""
        self.evaluations = 0
        """How many requests were decided."""
        self._by_arn = {it.arn: it for it in self.others}
        self._directories = {directory.account_id: directory for directory in directories}
        self._trusting = [
            it for it in self.others if any(trust.principals or trust.all_principals_but for trust in it.trust)
        ]
        self._now = now
        self._reached: dict[Principal, tuple[Others, Others]] = {}
        self._changes: dict[Principal, tuple[Change, ...]] = {}
        self._allowed: dict[Hashable, Call] = {}
        self._assumed: dict[tuple[Principal, str], Call] = {}
        self._arrived: dict[tuple[Principal, str], tuple[Call, ...]] = {}

    def reach(self, me: Principal, least: Answer) -> Others:
        """Return the principals that one can become, with at least this certainty."""
        found = self._reached.get(me)
        if found is None:
            certain: dict[Principal, tuple[Call, ...]] = {}
            some: dict[Principal, tuple[Call, ...]] = {}
            for other in self.others if may_take_over_somebody(me) else self._trusting:
                if other.arn != me.arn:
                    self.evaluations += 1
                    answer, calls = become(me, other, self._now)
                    if answer:
                        some[other] = calls
                    if answer is Answer.YES:
                        certain[other] = calls
            found = self._reached[me] = certain, some
        return found[0] if least is Answer.YES else found[1]

    def change(self, me: Principal, target: Principal, least: Answer) -> list[tuple[Change, Call]]:
        """Return the changes that one can make of what a principal may do, with at least this certainty."""
        if me.account_id != target.account_id:
            return []
        known = self._changes.get(target)
        if known is None:
            directory = self._directories[target.account_id]
            known = self._changes[target] = tuple(changes(target, directory.groups, directory.versions))
        found = []
        for change in known:
            call = self._may(me, target, change)
            if call.verdict.answer >= least:
                found.append((change, call))
            if call.verdict.answer is not Answer.YES:
                others = [(it, self._may(me, target, it)) for it in change.otherwise]
                found += [(it, call) for it, call in others if call.verdict.answer >= least]
        return found

    def assume(self, me: Principal, role: TargetRole) -> Call:
        """Return whether a principal may assume a role itself."""
        known = self._assumed.get((me, role.arn))
        if known is None:
            self.evaluations += 1
            known = self._assumed[me, role.arn] = may_assume(
                me, role.arn, role.trust, self._now, self._by_arn.get(role.arn)
            )
        return known

    def arrive(self, me: Principal, role: TargetRole) -> tuple[Call, ...]:
        """Return the calls with which a principal gets into a role, at the best: it assumes it, or takes it over."""
        call, itself = self.assume(me, role), self._by_arn.get(role.arn)
        if call.verdict.answer is Answer.YES or not itself or me.account_id != itself.account_id:
            return (call,)
        known = self._arrived.get((me, role.arn))
        if known is None:
            self.evaluations += 1
            answer, calls = become(me, itself, self._now)
            known = self._arrived[me, role.arn] = calls if answer > call.verdict.answer else (call,)
        return known

    def _may(self, me: Principal, target: Principal, change: Change) -> Call:
        of_target = change.resource == target.arn
        key = (me, change.action, change.resource, *change.keys.values(), of_target and target.boundary)
        found = self._allowed.get(key)
        if found is None:
            self.evaluations += 1
            found = self._allowed[key] = may_do(
                me, change.action, change.resource, self._now, target if of_target else None, change.keys
            )
        return found


def certainty(calls: Sequence[Call]) -> Answer:
    """Return how certain it is that all of some calls are allowed."""
    return all_of(call.verdict for call in calls).answer

"""Decide and cache what each principal of the accounts can do to the others."""

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime

from ..iam.principals import Directory, Principal
from ..iam.rights import Call, may_assume, may_do
from ..iam.verdicts import Answer, all_of
from .iam_rights import Change, changes, creatable_principals, may_take_over_any
from .paths import TargetRole
from .takeover import take_over

Reachable = Mapping[Principal, tuple[Call, ...]]
"""The principals that a principal can act as, with the calls it takes."""


class Network:
    """The principals of all accounts, with cached answers. Few answers depend on the target role."""

    def __init__(self, directories: Sequence[Directory], now: datetime) -> None:
        """Collect the principals.

        Args:
            directories: the accounts, with all of their principals.
            now: the current time, for conditions on dates.
        """
        self.others = [
            *(principal for directory in directories for principal in directory.principals),
            *(principal for directory in directories for principal in creatable_principals(directory)),
        ]
        """All principals, and for each account a user and a role that don't exist yet."""
        self.evaluations = 0
        """The number of requests that were evaluated."""
        self._by_arn = {principal.arn: principal for principal in self.others}
        self._directories = {directory.account_id: directory for directory in directories}
        self._assumable = [
            principal
            for principal in self.others
            if any(statement.principals or statement.not_principal for statement in principal.trust)
        ]
        self._now = now
        self._reached: dict[Principal, tuple[Reachable, Reachable]] = {}
        self._changes: dict[Principal, tuple[Change, ...]] = {}
        self._allowed: dict[Hashable, Call] = {}
        self._assumed: dict[tuple[Principal, str], Call] = {}
        self._entered: dict[tuple[Principal, str], tuple[Call, ...]] = {}

    def reachable(self, actor: Principal, least: Answer) -> Reachable:
        """Return the principals that an actor can act as, with at least this certainty."""
        reached = self._reached.get(actor)
        if reached is None:
            certain: dict[Principal, tuple[Call, ...]] = {}
            some: dict[Principal, tuple[Call, ...]] = {}
            for other in self.others if may_take_over_any(actor) else self._assumable:
                if other.arn != actor.arn:
                    self.evaluations += 1
                    answer, calls = take_over(actor, other, self._now)
                    if answer:
                        some[other] = calls
                    if answer is Answer.YES:
                        certain[other] = calls
            reached = self._reached[actor] = certain, some
        return reached[0] if least is Answer.YES else reached[1]

    def change(self, actor: Principal, target: Principal, least: Answer) -> list[tuple[Change, Call]]:
        """Return the changes that an actor can make to a principal's rights, with at least this certainty."""
        if actor.account_id != target.account_id:
            return []
        known = self._changes.get(target)
        if known is None:
            directory = self._directories[target.account_id]
            known = self._changes[target] = tuple(changes(target, directory.groups, directory.versions))
        found = []
        for change in known:
            call = self._may(actor, target, change)
            if call.verdict.answer >= least:
                found.append((change, call))
            if call.verdict.answer is not Answer.YES:
                others = [(each, self._may(actor, target, each)) for each in change.alternatives]
                found += [(each, call) for each, call in others if call.verdict.answer >= least]
        return found

    def assume(self, actor: Principal, role: TargetRole) -> Call:
        """Return the call with which a principal assumes a role directly; its verdict says whether that is allowed."""
        known = self._assumed.get((actor, role.arn))
        if known is None:
            self.evaluations += 1
            known = self._assumed[actor, role.arn] = may_assume(
                actor, role.arn, role.trust, self._now, self._by_arn.get(role.arn)
            )
        return known

    def calls_into(self, actor: Principal, role: TargetRole) -> tuple[Call, ...]:
        """Return the best calls to act as a role: assume it, or take it over."""
        call, itself = self.assume(actor, role), self._by_arn.get(role.arn)
        if call.verdict.answer is Answer.YES or not itself or actor.account_id != itself.account_id:
            return (call,)
        known = self._entered.get((actor, role.arn))
        if known is None:
            self.evaluations += 1
            answer, calls = take_over(actor, itself, self._now)
            known = self._entered[actor, role.arn] = calls if answer > call.verdict.answer else (call,)
        return known

    def _may(self, actor: Principal, target: Principal, change: Change) -> Call:
        of_target = change.resource == target.arn
        key = (actor, change.action, change.resource, *change.keys.values(), of_target and target.boundary)
        found = self._allowed.get(key)
        if found is None:
            self.evaluations += 1
            found = self._allowed[key] = may_do(
                actor, change.action, change.resource, self._now, target if of_target else None, change.keys
            )
        return found


def certainty(calls: Sequence[Call]) -> Answer:
    """Return the certainty that all calls are allowed."""
    return all_of(call.verdict for call in calls).answer

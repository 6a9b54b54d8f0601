"""How somebody gets from being one principal to assuming a role as another."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from access.bypass.becoming import become
from access.bypass.iam_rights import (
    EVERYTHING,
    changes,
    may_change_something,
    may_take_over_somebody,
    newcomers,
    unlimited,
)
from access.bypass.paths import Path, Step, TargetRole
from access.iam.principals import Directory, Principal
from access.iam.rights import Call, may_assume, may_do
from access.iam.verdicts import Answer

MOST_CHANGES = 3
"""So many changes of policies one path has at most."""
MOST_CHANGED = 1000
"""So many paths with changes are followed from one principal to one role."""


class Search:
    """Looks for paths to a role among the principals of some accounts."""

    def __init__(self, directories: Sequence[Directory], role: TargetRole, now: datetime) -> None:
        """Look around.

        Args:
            directories: the accounts, with all of their principals.
            role: the role.
            now: the time, for conditions on it.
        """
        self.cut_short: set[str] = set()
        """The ARNs of those from whom there are more paths than were followed."""
        self._groups = {directory.account_id: directory.groups for directory in directories}
        self._others = [it for directory in directories for it in (*directory.principals, *newcomers(directory))]
        self._trusting = [
            it for it in self._others if any(trust.principals or trust.all_principals_but for trust in it.trust)
        ]
        self._role = role
        self._now = now
        self._reached: dict[Principal, dict[Principal, tuple[Answer, tuple[Call, ...]]]] = {}
        self._direct = {other.arn: self.assume(other).verdict.answer for other in self._others}
        # Whether anybody at all could assume it, if his policies allowed him everything.
        self._could = any(self.assume(unlimited(other)).verdict.answer for other in self._others)

    def assume(self, principal: Principal) -> Call:
        """Whether a principal may assume the role itself."""
        return may_assume(principal, self._role.arn, self._role.trust, self._now)

    def paths(self, start: Principal) -> list[Path]:
        """The ways to the role: the certain ones, then those that lead over somebody else under conditions.

        There is one over each principal that may assume the role: the shortest. For who can't assume it himself there
        are those, too, on which something is changed: all that are as short as any.
        """
        certain = self._paths(start, Answer.YES)
        known, changing = {path.end.arn for path in certain if not path.changes}, any(path.changes for path in certain)
        return certain + [
            path
            for path in self._paths(start, Answer.CONDITIONAL)
            if (not changing if path.changes else path.end.arn not in known)
        ]

    def _paths(self, start: Principal, least: Answer) -> list[Path]:
        """The ways of which each step is so certain at least."""
        found: list[Path] = []
        changing: list[Path] = []
        level: dict[Hashable, list[Path]] = {_state(Path(start, start)): [Path(start, start)]}
        followed, may_change, changed = set(level), bool(self._could), 0
        while level:
            for path in (path for alike in level.values() for path in alike):
                call = self.assume(path.end)
                if call.verdict.answer >= least:
                    arrived = replace(path, steps=(*path.steps, Step(path.end.arn, (call,), self._role.arn)))
                    (changing if path.changes else found).append(arrived)
                    may_change = may_change and path.end is not start
            may_change = may_change and not changing
            following, level = level, {}
            for path in (after for alike in following.values() for after in self._onward(alike[0], least, may_change)):
                state = _state(path)
                if state in followed or (state in level and not path.changes):
                    continue
                if path.changes and changed >= MOST_CHANGED:
                    self.cut_short.add(start.arn)
                    continue
                changed += bool(path.changes)
                level.setdefault(state, []).append(path)
            followed |= level.keys()
        least_effort = min((path.effort for path in changing), default=0)
        shortest = {_calls(path): path for path in reversed(changing) if path.effort == least_effort}
        return [*found, *shortest.values()]

    def _onward(self, path: Path, least: Answer, may_change: bool) -> Iterator[Path]:
        """What may be done next, without asking whether it helps."""
        if path.changes and not may_change:
            return
        me, may_change = path.end, may_change and path.changes < MOST_CHANGES and may_change_something(path.end)
        others = self._reach(me, least)
        for other, calls in others.items():
            if other.arn != path.start.arn:
                yield replace(path, end=other, steps=(*path.steps, Step(me.arn, calls, other.arn)))
        if not may_change:
            return
        yield from self._changing(path, me, least)
        if path.start is not me:
            yield from self._changing(path, path.start, least)
        for other in self._others:
            if other.arn in (me.arn, path.start.arn) or self._direct[other.arn] >= least:
                continue
            if other in others:
                yield from self._changing(path, other, least, others[other])
            elif path.start is not me and other in (anew := self._reach(path.start, least)):
                yield from self._changing(path, other, least, anew[other], path.start)

    def _reach(self, me: Principal, least: Answer) -> dict[Principal, tuple[Call, ...]]:
        """Whom a principal can become, and how."""
        found = self._reached.get(me)
        if found is None:
            others = self._others if may_take_over_somebody(me) else self._trusting
            answers = {other: become(me, other, self._now) for other in others if other.arn != me.arn}
            found = self._reached[me] = {other: it for other, it in answers.items() if it[0]}
        return {other: calls for other, (answer, calls) in found.items() if answer >= least}

    def _changing(
        self,
        path: Path,
        target: Principal,
        least: Answer,
        calls: tuple[Call, ...] = (),
        successor: Principal | None = None,
    ) -> Iterator[Path]:
        """Change what somebody may do, and go on as he.

        Args:
            path: the way so far; who is at its end changes it.
            target: who is changed.
            least: how certain it has to be.
            calls: with which one becomes he, unless one is he.
            successor: who makes these calls, if it is not who changes it.
        """
        me = path.end
        for change in changes(target, self._groups[target.account_id]):
            call = may_do(me, change.action, change.resource, self._now)
            if call.verdict.answer < least:
                continue
            steps = [Step(me.arn, (*calls, call), target.arn)]
            if successor:
                steps = [Step(me.arn, (call,), successor.arn), Step(successor.arn, calls, target.arn)]
            start = change.after if target.arn == path.start.arn else path.start
            yield Path(start, change.after, (*path.steps, *steps), path.changes + 1)


def _state(path: Path) -> Hashable:
    """What decides how a way may go on."""
    return (_rights(path.end), _rights(path.start)) if path.changes else path.end.arn


def _calls(path: Path) -> Hashable:
    """What is called, in whatever order."""
    return frozenset((call.action, call.resource) for step in path.steps for call in step.calls)


def _rights(principal: Principal) -> Hashable:
    policies = frozenset(
        it.statements if it.name == EVERYTHING else (it.holder, it.name, it.arn) for it in principal.policies
    )
    return principal.arn, policies

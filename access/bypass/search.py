"""Search for paths from a principal to a role, through other principals and changes of rights."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import replace

from ..iam.principals import Principal
from ..iam.rights import Call
from ..iam.verdicts import Answer
from .iam_rights import may_change_any, with_full_access
from .network import Network, certainty
from .paths import Path, Step, TargetRole

MAX_CHANGES = 2
"""The maximum number of policy changes on a path: one that grants rights in IAM, and one that uses them."""
MAX_FOLLOWED = 1000
"""The maximum number of paths with changes followed from one principal."""


class Search:
    """A search for paths to roles in a network. Results that don't depend on the role are shared."""

    def __init__(self, network: Network) -> None:
        """Start with an empty cache."""
        self.cut_short: set[tuple[str, str]] = set()
        """The ARNs of principals and roles with more paths between them than were followed."""
        self._network = network
        self._routes: dict[tuple[Principal, Answer], list[Path]] = {}
        self._detours: dict[tuple[Principal, Answer], _Detours] = {}
        self._possible: dict[str, bool] = {}

    def paths(self, start: Principal, role: TargetRole) -> list[Path]:
        """Return the paths to a role: the certain ones, then the conditional ones through other principals.

        For each principal that may assume the role, there is one path: the shortest. If the start can't assume the
        role directly, all shortest paths that change something are added.
        """
        certain = self._paths(start, role, Answer.YES)
        known, changing = {path.end.arn for path in certain if not path.changes}, any(path.changes for path in certain)
        others = self._paths(start, role, Answer.CONDITIONAL, may_change=not changing)
        return certain + [path for path in others if path.changes or path.end.arn not in known]

    def _paths(self, start: Principal, role: TargetRole, least: Answer, may_change: bool = True) -> list[Path]:
        """Return the paths whose steps all have at least this certainty."""
        routes = self._entering(self._all_routes(start, least), role, least)
        if not may_change or not self._is_possible(role) or any(path.end is start for path in routes):
            return routes
        ends = {path.end.arn for path in routes}
        detours = self._detours.get((start, least))
        if detours is None:
            known = self._all_routes(start, least)
            detours = self._detours[start, least] = _Detours(self._network, start, known, least)
        for level in detours.levels():
            # Changes gain nothing on a path through a principal that reaches the role without them.
            needed = (path for path in level if all(step.then not in ends for step in path.steps))
            if found := self._entering(needed, role, least):
                return [*routes, *{_calls(path): path for path in reversed(found)}.values()]
        if detours.cut_short:
            self.cut_short.add((start.arn, role.arn))
        return routes

    def _all_routes(self, start: Principal, least: Answer) -> list[Path]:
        """Return the shortest path to each principal that can be reached without a change of rights."""
        known = self._routes.get((start, least))
        if known is None:
            known, followed = [Path(start, start)], {start.arn}
            for path in known:
                for other, calls in self._network.reachable(path.end, least).items():
                    if other.arn not in followed:
                        followed.add(other.arn)
                        known.append(
                            replace(path, end=other, steps=(*path.steps, Step(path.end.arn, calls, other.arn)))
                        )
            self._routes[start, least] = known
        return known

    def _entering(self, paths: Iterable[Path], role: TargetRole, least: Answer) -> list[Path]:
        """Return the paths that can be extended to the role."""
        found = []
        for path in paths:
            if all(step.then != role.arn for step in path.steps):
                calls = self._network.calls_into(path.end, role)
                if certainty(calls) >= least:
                    found.append(replace(path, steps=(*path.steps, Step(path.end.arn, calls, role.arn))))
        return found

    def _is_possible(self, role: TargetRole) -> bool:
        """Return whether any principal could reach a role if everything was allowed to it."""
        known = self._possible.get(role.arn)
        if known is None:
            principals = map(with_full_access, self._network.others)
            known = any(certainty(self._network.calls_into(principal, role)) for principal in principals)
            self._possible[role.arn] = known
        return known


class _Detours:
    """The paths from a principal that change something, in order of their number of calls."""

    def __init__(self, network: Network, start: Principal, routes: Iterable[Path], least: Answer) -> None:
        self.cut_short = False
        self._network = network
        self._start = start
        self._least = least
        self._levels: list[list[Path]] = []
        self._waiting: dict[int, list[Callable[[], Iterable[Path]]]] = {}
        self._followed: set[Hashable] = set()
        self._count = 0
        for path in routes:
            self._follow(path)

    def levels(self) -> Iterator[list[Path]]:
        """Yield the paths of one call, of two, and so on, computed on demand."""
        number = 0
        while number < len(self._levels) or self._waiting:
            if number == len(self._levels):
                self._levels.append(self._level(number))
            yield self._levels[number]
            number += 1

    def _level(self, effort: int) -> list[Path]:
        found: list[tuple[Hashable, Path]] = []
        for expand in self._waiting.pop(effort, ()):
            for path in expand():
                state = _state(path)
                if state in self._followed:
                    continue
                if path.effort > effort:
                    self._waiting.setdefault(path.effort, []).append(lambda path=path: [path])  # type: ignore[misc]
                elif self._count >= MAX_FOLLOWED:
                    self.cut_short = True
                else:
                    self._count += 1
                    found.append((state, path))
        for state, path in found:
            if state not in self._followed:
                self._followed.add(state)
                self._follow(path)
        return [path for _, path in found]

    def _follow(self, path: Path) -> None:
        """Queue the possible next steps, without evaluating them."""
        next_one = self._waiting.setdefault(path.effort + 1, [])
        if path.changes:
            next_one.append(lambda: self._taking_over(path))
        if path.changes < MAX_CHANGES and may_change_any(path.end):
            next_one.append(lambda: self._changing(path))
            self._waiting.setdefault(path.effort + 2, []).append(lambda: self._changing_others(path))

    def _taking_over(self, path: Path) -> Iterator[Path]:
        for other, calls in self._network.reachable(path.end, self._least).items():
            if other.arn != self._start.arn:
                yield path.extended_by(other, calls)

    def _changing(self, path: Path) -> Iterator[Path]:
        """Yield the paths that change the acting or the starting principal, and continue as it."""
        yield from self._changed(path, path.end)
        if path.start.arn != path.end.arn:
            yield from self._changed(path, path.start)

    def _changing_others(self, path: Path) -> Iterator[Path]:
        """Yield the paths that change another principal, and take it over as the actor or as the starting principal."""
        by_actor = self._network.reachable(path.end, self._least)
        by_start = self._network.reachable(path.start, self._least) if path.start.arn != path.end.arn else {}
        for other in {**by_actor, **by_start}:
            if other.arn in (path.end.arn, path.start.arn):
                continue
            if other in by_actor:
                yield from self._changed(path, other, by_actor[other])
            else:
                yield from self._changed(path, other, by_start[other], path.start)

    def _changed(
        self, path: Path, target: Principal, calls: tuple[Call, ...] = (), successor: Principal | None = None
    ) -> Iterator[Path]:
        """Yield the paths that change a principal, and continue as it.

        Args:
            path: the path so far; the principal at its end makes the change.
            target: the principal to change.
            calls: the calls that take over the target, if it is not the actor.
            successor: the principal that makes these calls, if it is not the actor.
        """
        actor = path.end
        for change, call in self._network.change(actor, target, self._least):
            steps = [Step(actor.arn, (*calls, call), target.arn)]
            if successor:
                steps = [Step(actor.arn, (call,), successor.arn), Step(successor.arn, calls, target.arn)]
            start = change.after if target.arn == path.start.arn else path.start
            yield Path(start, change.after, (*path.steps, *steps), path.changes + 1)


def _state(path: Path) -> Hashable:
    """Return the state that decides how a path can continue."""
    return (_rights(path.end), _rights(path.start))


def _calls(path: Path) -> Hashable:
    """Return the calls of a path, without their order."""
    return frozenset((call.action, call.resource) for step in path.steps for call in step.calls)


def _rights(principal: Principal) -> Hashable:
    boundary = principal.boundary and principal.boundary.statements
    return principal.arn, frozenset((policy.holder, policy.statements) for policy in principal.policies), boundary

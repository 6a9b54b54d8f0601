"""How somebody gets from being one principal to assuming a role as another."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import replace

from ..iam.principals import Principal
from ..iam.rights import Call
from ..iam.verdicts import Answer
from .iam_rights import may_change_something, unlimited
from .network import Network, certainty
from .paths import Path, Step, TargetRole

MOST_CHANGES = 2
"""So many changes of policies one path has at most: one that gives rights in IAM, and one that uses them."""
MOST_CHANGED = 1000
"""So many paths with changes are followed from one principal."""


class Search:
    """Looks for paths to roles among the principals of a network. The roles share all that doesn't depend on them."""

    def __init__(self, network: Network) -> None:
        """Look around in a network."""
        self.cut_short: set[tuple[str, str]] = set()
        """The ARNs of those from whom there are more paths to a role than were followed, with the role's ARN."""
        self._network = network
        self._routes: dict[tuple[Principal, Answer], list[Path]] = {}
        self._detours: dict[tuple[Principal, Answer], _Detours] = {}
        self._possible: dict[str, bool] = {}

    def paths(self, start: Principal, role: TargetRole) -> list[Path]:
        """Return the ways to a role: the certain ones, then those that lead over somebody else under conditions.

        There is one over each principal that may assume the role: the shortest. For somebody who can't assume it
        directly there are those, too, on which something is changed: all that are as short as any.
        """
        certain = self._paths(start, role, Answer.YES)
        known, changing = {path.end.arn for path in certain if not path.changes}, any(path.changes for path in certain)
        others = self._paths(start, role, Answer.CONDITIONAL, may_change=not changing)
        return certain + [path for path in others if path.changes or path.end.arn not in known]

    def _paths(self, start: Principal, role: TargetRole, least: Answer, may_change: bool = True) -> list[Path]:
        """Return the ways of which each step has at least a certainty."""
        routes = self._arriving(self._all_routes(start, least), role, least)
        if not may_change or not self._is_possible(role) or any(path.end is start for path in routes):
            return routes
        ends = {path.end.arn for path in routes}
        detours = self._detours.get((start, least))
        if detours is None:
            known = self._all_routes(start, least)
            detours = self._detours[start, least] = _Detours(self._network, start, known, least)
        for level in detours.levels():
            # A way that leads over somebody who gets into the role already gains nothing by its changes.
            needed = (path for path in level if all(step.then not in ends for step in path.steps))
            if found := self._arriving(needed, role, least):
                return [*routes, *{_calls(path): path for path in reversed(found)}.values()]
        if detours.cut_short:
            self.cut_short.add((start.arn, role.arn))
        return routes

    def _all_routes(self, start: Principal, least: Answer) -> list[Path]:
        """Return the shortest way to each principal that one can become without a change of rights."""
        known = self._routes.get((start, least))
        if known is None:
            known, followed = [Path(start, start)], {start.arn}
            for path in known:
                for other, calls in self._network.reach(path.end, least).items():
                    if other.arn not in followed:
                        followed.add(other.arn)
                        known.append(
                            replace(path, end=other, steps=(*path.steps, Step(path.end.arn, calls, other.arn)))
                        )
            self._routes[start, least] = known
        return known

    def _arriving(self, paths: Iterable[Path], role: TargetRole, least: Answer) -> list[Path]:
        """Return those of some paths that lead on into the role."""
        found = []
        for path in paths:
            if all(step.then != role.arn for step in path.steps):
                calls = self._network.arrive(path.end, role)
                if certainty(calls) >= least:
                    found.append(replace(path, steps=(*path.steps, Step(path.end.arn, calls, role.arn))))
        return found

    def _is_possible(self, role: TargetRole) -> bool:
        """Return whether anybody at all could get into a role, if everything was allowed to them."""
        known = self._possible.get(role.arn)
        if known is None:
            everybody = map(unlimited, self._network.others)
            known = any(certainty(self._network.arrive(it, role)) for it in everybody)
            self._possible[role.arn] = known
        return known


class _Detours:
    """The ways from a principal on which something is changed, in the order of the calls that they take."""

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
        """Yield the ways of one call, of two, and so on. They are found as they are asked for."""
        number = 0
        while number < len(self._levels) or self._waiting:
            if number == len(self._levels):
                self._levels.append(self._level(number))
            yield self._levels[number]
            number += 1

    def _level(self, effort: int) -> list[Path]:
        found: list[tuple[Hashable, Path]] = []
        for ask in self._waiting.pop(effort, ()):
            for path in ask():
                state = _state(path)
                if state in self._followed:
                    continue
                if path.effort > effort:
                    self._waiting.setdefault(path.effort, []).append(lambda path=path: [path])  # type: ignore[misc]
                elif self._count >= MOST_CHANGED:
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
        """Take note of what may be done next, without asking whether it is allowed."""
        next_one = self._waiting.setdefault(path.effort + 1, [])
        if path.changes:
            next_one.append(lambda: self._becoming(path))
        if path.changes < MOST_CHANGES and may_change_something(path.end):
            next_one.append(lambda: self._changing(path))
            self._waiting.setdefault(path.effort + 2, []).append(lambda: self._changing_others(path))

    def _becoming(self, path: Path) -> Iterator[Path]:
        for other, calls in self._network.reach(path.end, self._least).items():
            if other.arn != self._start.arn:
                yield path.on_to(other, calls)

    def _changing(self, path: Path) -> Iterator[Path]:
        """Change what one may do oneself, or what the principal may do that set out, and go on as that one."""
        yield from self._changed(path, path.end)
        if path.start.arn != path.end.arn:
            yield from self._changed(path, path.start)

    def _changing_others(self, path: Path) -> Iterator[Path]:
        """Change what somebody else may do, and become that one: at once, or again as the one that set out."""
        at_once = self._network.reach(path.end, self._least)
        anew = self._network.reach(path.start, self._least) if path.start.arn != path.end.arn else {}
        for other in {**at_once, **anew}:
            if other.arn in (path.end.arn, path.start.arn):
                continue
            if other in at_once:
                yield from self._changed(path, other, at_once[other])
            else:
                yield from self._changed(path, other, anew[other], path.start)

    def _changed(
        self, path: Path, target: Principal, calls: tuple[Call, ...] = (), successor: Principal | None = None
    ) -> Iterator[Path]:
        """Change what somebody may do, and go on as that one.

        Args:
            path: the way so far; the one at its end makes the change.
            target: the principal that is changed.
            calls: with which one becomes that principal, unless one is it.
            successor: the principal that makes these calls, if it is not the one that makes the change.
        """
        me = path.end
        for change, call in self._network.change(me, target, self._least):
            steps = [Step(me.arn, (*calls, call), target.arn)]
            if successor:
                steps = [Step(me.arn, (call,), successor.arn), Step(successor.arn, calls, target.arn)]
            start = change.after if target.arn == path.start.arn else path.start
            yield Path(start, change.after, (*path.steps, *steps), path.changes + 1)


def _state(path: Path) -> Hashable:
    """Return what decides how a way may go on."""
    return (_rights(path.end), _rights(path.start))


def _calls(path: Path) -> Hashable:
    """Return what is called, in whatever order."""
    return frozenset((call.action, call.resource) for step in path.steps for call in step.calls)


def _rights(principal: Principal) -> Hashable:
    boundary = principal.boundary and principal.boundary.statements
    return principal.arn, frozenset((it.holder, it.statements) for it in principal.policies), boundary

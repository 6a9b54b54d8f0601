"""Two states of the repository, compared: who gains and who loses what."""

from collections.abc import Iterable, Iterator

from . import rights
from .assuming import Assuming, Found
from .rendered import Rendered
from .values import ORDER, Change, Changes, Open


def compare(base: Rendered, head: Rendered) -> Changes:
    """Return who gains and who loses what from one state to another."""
    gained, lost = _sorted(_found(base, head)), _sorted(_found(head, base, backwards=True))
    undecided = dict.fromkeys(each for each in (*gained, *lost) if isinstance(each, Open))
    return Changes(
        tuple(each for each in gained if isinstance(each, Change)),
        tuple(each for each in lost if isinstance(each, Change)),
        tuple(undecided),
        tuple(_notes(base, head)),
    )


def _found(before: Rendered, after: Rendered, backwards: bool = False) -> Iterator[Found]:
    yield from Assuming(before, after, backwards).found()
    yield from rights.found(before, after)


def _sorted(found: Iterable[Found]) -> list[Found]:
    """Those of the declared grantees first; what was not possible at all before more in circumstances."""
    return sorted(found, key=lambda it: (ORDER.index(it.kind), isinstance(it, Change) and bool(it.circumstances)))


def _notes(base: Rendered, head: Rendered) -> Iterator[str]:
    was_known = {it.pattern: it for it in base.known}
    for it in head.known:
        if was_known.get(it.pattern) != it:
            until = f", until {it.until}" if it.until else ""
            yield f"a known principal, of which no proof will warn: {it.pattern}{until} ({it.reason})"
    for arn, role in head.roles.items():
        was = base.roles.get(arn)
        if was and was.max_session != role.max_session:
            yield f"a session of {role.name} may last {role.max_session} seconds; before, {was.max_session}"

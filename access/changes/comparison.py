"""Compare two states of the repository: who gains and who loses which access."""

from collections.abc import Iterable, Iterator

from . import rights
from .assuming import Assuming, Result
from .rendered import Rendered
from .values import ORDER, Change, Changes, Open


def compare(base: Rendered, head: Rendered) -> Changes:
    """Return the gains and losses from one state to another."""
    gained, lost = _sorted(_results(base, head)), _sorted(_results(head, base, backwards=True))
    undecided = dict.fromkeys(each for each in (*gained, *lost) if isinstance(each, Open))
    return Changes(
        tuple(each for each in gained if isinstance(each, Change)),
        tuple(each for each in lost if isinstance(each, Change)),
        tuple(undecided),
        tuple(_notes(base, head)),
    )


def _results(before: Rendered, after: Rendered, backwards: bool = False) -> Iterator[Result]:
    yield from Assuming(before, after, backwards).results()
    yield from rights.results(before, after)


def _sorted(results: Iterable[Result]) -> list[Result]:
    """Return the results: declared grantees first, and new access before access in more circumstances."""
    return sorted(
        results, key=lambda each: (ORDER.index(each.kind), isinstance(each, Change) and bool(each.circumstances))
    )


def _notes(base: Rendered, head: Rendered) -> Iterator[str]:
    was_known = {known.pattern: known for known in base.known}
    for known in head.known:
        if was_known.get(known.pattern) != known:
            until = f", until {known.until}" if known.until else ""
            yield f"a known principal, which no proof will report: {known.pattern}{until} ({known.reason})"
    for arn, role in head.roles.items():
        was = base.roles.get(arn)
        if was and was.max_session != role.max_session:
            yield f"a session of {role.name} may last {role.max_session} seconds; before, {was.max_session}"

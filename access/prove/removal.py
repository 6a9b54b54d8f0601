"""Removes what a proof made, keys first, and says what is left."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass

from ..aws_errors import AWS_ERRORS, describe
from ..interruption import Interruption
from .inventory import Kind, Thing

_LOOK_SECONDS = 0.1
_PHASES: Sequence[Sequence[Kind]] = (("user", "role", "object", "bucket"), ("policy",))
"""Policies last: those that are boundaries of users can't be deleted before the users."""


@dataclass(frozen=True)
class Removal:
    """What became of a removal."""

    removed: tuple[Thing, ...]
    left: dict[Thing, str]
    """Things that are still there, or may be, and why."""


def remove(
    things: Iterable[Thing],
    pool: Executor,
    interruption: Interruption,
    progress: Callable[[str], None] = lambda text: None,
) -> Removal:
    """Remove things of a proof, whatever becomes of the others.

    Nobody can act as one of the proof's users any more before anything else is tried: their keys go first.

    Args:
        things: what to remove.
        pool: removes several at once.
        interruption: ends the removal when people insist.
        progress: is called with what is going on.
    """
    wanted = list(dict.fromkeys(things))
    left: dict[Thing, str] = {}
    _in_parallel([(thing, thing.disarm) for thing in wanted if thing.kind == "user"], pool, interruption, progress)
    for kinds in _PHASES:
        calls = [(thing, thing.remove) for thing in wanted if thing.kind in kinds]
        left |= _in_parallel(calls, pool, interruption, progress)
    return Removal(tuple(thing for thing in wanted if thing not in left), left)


def by_account(things: Iterable[Thing]) -> str:
    """Return how many things there are in which account, e.g. ``3 in account 111111111111, 1 in 999999999999``."""
    counts = Counter(thing.account_id for thing in things)
    return ", ".join(
        f"{count} in {'' if index else 'account '}{account_id}"
        for index, (account_id, count) in enumerate(sorted(counts.items()))
    )


def left_over(left: dict[Thing, str]) -> str:
    """Return what is left and why, in one line."""
    each = "; ".join(f"{thing} of {thing.account_id} ({why})" for thing, why in left.items())
    return f"not removed: {by_account(left)}: {each}"


def _in_parallel(
    calls: Sequence[tuple[Thing, Callable[[], None]]],
    pool: Executor,
    interruption: Interruption,
    progress: Callable[[str], None],
) -> dict[Thing, str]:
    """Make the calls and return those that failed, with the reasons."""
    futures: dict[Future[None], Thing] = {pool.submit(call): thing for thing, call in calls}
    pending, noticed = set(futures), interruption.count
    while pending:
        _, pending = wait(pending, timeout=_LOOK_SECONDS)
        if interruption.is_final:
            for future in pending:
                future.cancel()
            break
        if interruption.count > noticed:
            noticed = interruption.count
            progress(f"removing what was made for the proof, {len(pending)} to go; interrupt again to leave it")
    return {thing: why for future, thing in futures.items() if (why := _failure(future))}


def _failure(future: Future[None]) -> str:
    if future.cancelled() or not future.done():
        return "interrupted"
    error = future.exception()
    if error is None:
        return ""
    return describe(error) if isinstance(error, AWS_ERRORS) else type(error).__name__

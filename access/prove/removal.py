"""Remove the resources of a proof, access keys first, and report the rest."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass

from ..aws_errors import AWS_ERRORS, describe
from ..interruption import Interruption
from .inventory import Kind, Resource

_POLL_SECONDS = 0.1
_PHASES: Sequence[Sequence[Kind]] = (("user", "role", "object", "bucket"), ("policy",))
"""Policies come last, as a boundary can't be deleted before its users."""


@dataclass(frozen=True)
class Removal:
    """The outcome of a removal."""

    removed: tuple[Resource, ...]
    left: dict[Resource, str]
    """Resources that exist, or may exist, with the reason."""


def remove(
    resources: Iterable[Resource],
    pool: Executor,
    interruption: Interruption,
    progress: Callable[[str], None] = lambda text: None,
) -> Removal:
    """Remove the resources of a proof; return what was removed and what is left. A failure does not stop the others.

    The users' access keys go first, so that nobody can act as one of them any more.

    Args:
        resources: the resources.
        pool: the threads.
        interruption: the signals that may end the removal.
        progress: called with the current step.
    """
    distinct = list(dict.fromkeys(resources))
    left: dict[Resource, str] = {}
    _in_parallel(
        [(resource, resource.disarm) for resource in distinct if resource.kind == "user"], pool, interruption, progress
    )
    for kinds in _PHASES:
        calls = [(resource, resource.remove) for resource in distinct if resource.kind in kinds]
        left |= _in_parallel(calls, pool, interruption, progress)
    return Removal(tuple(resource for resource in distinct if resource not in left), left)


def by_account(resources: Iterable[Resource]) -> str:
    """Return the number of resources by account, e.g. ``3 in account 111111111111, 1 in 999999999999``."""
    counts = Counter(resource.account_id for resource in resources)
    return ", ".join(
        f"{count} in {'' if index else 'account '}{account_id}"
        for index, (account_id, count) in enumerate(sorted(counts.items()))
    )


def describe_left(left: dict[Resource, str]) -> str:
    """Return the remaining resources and the reasons in one line."""
    details = "; ".join(f"{resource} of {resource.account_id} ({why})" for resource, why in left.items())
    return f"not removed: {by_account(left)}: {details}"


def _in_parallel(
    calls: Sequence[tuple[Resource, Callable[[], None]]],
    pool: Executor,
    interruption: Interruption,
    progress: Callable[[str], None],
) -> dict[Resource, str]:
    """Make the calls and return the failed ones, with the reasons."""
    futures: dict[Future[None], Resource] = {pool.submit(call): resource for resource, call in calls}
    pending, noticed = set(futures), interruption.count
    while pending:
        _, pending = wait(pending, timeout=_POLL_SECONDS)
        if interruption.is_forced:
            for future in pending:
                future.cancel()
            break
        if interruption.count > noticed:
            noticed = interruption.count
            progress(f"removing the test resources, {len(pending)} to go; interrupt again to stop")
    return {resource: why for future, resource in futures.items() if (why := _failure(future))}


def _failure(future: Future[None]) -> str:
    if future.cancelled() or not future.done():
        return "interrupted"
    error = future.exception()
    if error is None:
        return ""
    return describe(error) if isinstance(error, AWS_ERRORS) else type(error).__name__

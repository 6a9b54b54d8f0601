"""The threads that test several things at once."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from .polling import Deadline


@contextmanager
def workers(concurrency: int, deadline: Deadline | None = None) -> Iterator[Executor]:
    """Yield a thread pool. An exception cancels its queue and ends all waiting."""
    pool = ThreadPoolExecutor(concurrency)
    try:
        yield pool
    except BaseException:
        if deadline:
            deadline.cancel()
        raise
    finally:
        pool.shutdown(cancel_futures=True)

"""Poll AWS until it gives the same answer twice, as changes take time to become visible."""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from ..aws_errors import describe, error_code
from .matrix import Expected, Result

_PAUSE_SECONDS = 1.0


class Clock(Protocol):
    """A source of time."""

    def now(self) -> float:
        """Return the seconds since a fixed point."""

    def wait(self, ended: threading.Event, seconds: float) -> None:
        """Return after the seconds, or once the event is set."""


class SystemClock:
    """The system's monotonic clock."""

    def now(self) -> float:
        """Return the seconds since a fixed point."""
        return time.monotonic()

    def wait(self, ended: threading.Event, seconds: float) -> None:
        """Return after the seconds, or once the event is set."""
        ended.wait(seconds)


class Deadline:
    """The time until which answers may still change to the expected ones, shared by all checks."""

    def __init__(self, seconds: float, clock: Clock | None = None) -> None:
        """Start the deadline; with 0 seconds, AWS is called twice without a pause."""
        self._seconds = seconds
        self._clock = clock or SystemClock()
        self._ended = threading.Event()
        self.restart()

    def restart(self) -> None:
        """Start again, after a change in AWS."""
        self._deadline = self._clock.now() + self._seconds

    def cancel(self) -> None:
        """Expire now, and end all pauses."""
        self._ended.set()

    @property
    def has_passed(self) -> bool:
        """``True`` if the time is over."""
        return self._ended.is_set() or self._clock.now() >= self._deadline

    def pause(self) -> None:
        """Wait before the next call."""
        if self._seconds:
            self._clock.wait(self._ended, _PAUSE_SECONDS)


@dataclass(frozen=True)
class Answer:
    """The outcome of a call."""

    result: Result
    detail: str

    @property
    def names_explicit_deny(self) -> bool:
        """``True`` if AWS names a Deny (IAM User Guide, "Troubleshoot access denied error messages")."""
        return "with an explicit deny" in self.detail

    @property
    def names_lack_of_allow(self) -> bool:
        """``True`` if AWS says that nothing allows the call. Across accounts it may name no reason."""
        return bool(re.search("because no .* policy allows", self.detail))


def answer(attempt: Callable[[], object], proves_allow: str = "") -> Answer:
    """Return the outcome of a call.

    Args:
        attempt: makes the call.
        proves_allow: the code of an error that AWS returns only to an allowed caller.
    """
    try:
        attempt()
    except ClientError as error:
        code = error_code(error)
        if code == "AccessDenied":
            return Answer("DENY", describe(error))
        return Answer("ALLOW" if code and code == proves_allow else "INCONCLUSIVE", describe(error))
    except BotoCoreError as error:
        return Answer("INCONCLUSIVE", describe(error))
    return Answer("ALLOW", "it was allowed")


def poll_until_stable(ask: Callable[[], Answer], expected: Expected, deadline: Deadline) -> Answer:
    """Return the answer that AWS gives twice in a row.

    Args:
        ask: makes the call once.
        expected: the result to wait for.
        deadline: the end of the wait.

    Returns:
        The expected result if it came twice in a row before the deadline; otherwise, the one that comes twice after it.
    """
    before = ask()
    while True:
        deadline.pause()
        now, is_late = ask(), deadline.has_passed
        if now.result == before.result and (now.result == expected or is_late):
            return now
        if is_late:
            return Answer("INCONCLUSIVE", f"first {before.detail}; then {now.detail}")
        before = now

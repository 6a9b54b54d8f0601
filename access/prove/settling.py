"""What AWS answers, once it answers the same again and again: a change takes it a while to notice."""

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
    """Tells the time and lets it pass."""

    def now(self) -> float:
        """Return the seconds since some moment."""

    def wait(self, ended: threading.Event, seconds: float) -> None:
        """Return after some seconds, or as soon as the event is set."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Return the seconds since some moment."""
        return time.monotonic()

    def wait(self, ended: threading.Event, seconds: float) -> None:
        """Return after some seconds, or as soon as the event is set."""
        ended.wait(seconds)


class Patience:
    """How long answers that are not the expected ones may still change.

    It is one time for all of them: AWS needs a while to notice what was changed before they were asked for.
    """

    def __init__(self, seconds: float, clock: Clock | None = None) -> None:
        """Be patient for some seconds from now; with none, AWS is asked twice at once."""
        self._seconds = seconds
        self._clock = clock or SystemClock()
        self._ended = threading.Event()
        self.begin_anew()

    def begin_anew(self) -> None:
        """Something has been changed just now."""
        self._deadline = self._clock.now() + self._seconds

    def end(self) -> None:
        """Be patient no longer, whoever waits."""
        self._ended.set()

    @property
    def is_over(self) -> bool:
        """Whether it is too late."""
        return self._ended.is_set() or self._clock.now() >= self._deadline

    def pause(self) -> None:
        """Wait a little before AWS is asked again."""
        if self._seconds:
            self._clock.wait(self._ended, _PAUSE_SECONDS)


@dataclass(frozen=True)
class Answer:
    """What came of an attempt."""

    result: Result
    detail: str

    @property
    def names_explicit_deny(self) -> bool:
        """Whether AWS says that a Deny refuses it (IAM User Guide, "Troubleshoot access denied error messages")."""
        return "with an explicit deny" in self.detail

    @property
    def names_lack_of_allow(self) -> bool:
        """Whether AWS says that it is refused because nothing allows it. Across accounts it may say neither."""
        return bool(re.search("because no .* policy allows", self.detail))


def answer(attempt: Callable[[], object], proves_allow: str = "") -> Answer:
    """What comes of an attempt.

    Args:
        attempt: asks AWS.
        proves_allow: the code of an error with which AWS answers only who is allowed.
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


def settled(ask: Callable[[], Answer], expected: Expected, patience: Patience) -> Answer:
    """The answer that AWS gives twice in a row.

    Args:
        ask: asks once.
        expected: what is waited for.
        patience: until when.

    Returns:
        What was expected, if it was answered twice in a row in that time; else what is answered twice after it.
    """
    before = ask()
    while True:
        patience.pause()
        now, late = ask(), patience.is_over
        if now.result == before.result and (now.result == expected or late):
            return now
        if late:
            return Answer("INCONCLUSIVE", f"first {before.detail}; then {now.detail}")
        before = now

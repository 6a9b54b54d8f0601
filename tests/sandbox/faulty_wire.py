"""A wire between the sandbox and its emulator with a fault, or a killed process, at one call."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import parse_qs

from sandbox.strict import HEALTH_PATH
from tests.sandbox.wire import Fault, Wire

WIRE_FAULTS: Sequence[Fault] = (
    "lost", "reset", "cut", "torn", "denied", "throttled", "failed", "page", "slow"
)  # fmt: skip
LASTING: Sequence[str] = ("expired", "never", "throttled for good")
"""Faults of a call and of all later calls."""
KILLS = tuple(f"{victim} killed {when}" for victim in ("emulator", "engine", "program") for when in ("before", "after"))
FAULTS: Sequence[str] = (*WIRE_FAULTS, *LASTING, *KILLS)

_NAMES = ("UserName", "GroupName", "RoleName", "PolicyName", "PolicyArn")


@dataclass(frozen=True)
class Call:
    """A call of a run: the operation with its resource, and its number among equal ones."""

    name: str
    number: int

    def __str__(self) -> str:
        return self.name if self.number == 1 else f"{self.name} ({self.number})"


@dataclass(frozen=True)
class Moment:
    """A moment of a run: a time after a number of calls."""

    calls: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.seconds * 1000:.0f} ms after call {self.calls}"


class FaultyWire(Wire):
    """A wire with a fault, or a killed process, at one call. It counts all calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self._counts: Counter[str] = Counter()
        self._timer = threading.Timer(0, lambda: None)
        self.arm(None, "", {})

    def arm(self, at: Call | Moment | None, kind: str, kills: dict[str, Callable[[], object]]) -> None:
        """Prepare a run with a fault at a call, or with a process killed at a moment."""
        with self._lock:
            self._at, self._kind, self._kills = at, kind, kills
            self.came = self._lasts = self._kill_after = False
            self.calls = []
            self._counts.clear()

    def fault(self, operation: str, body: str) -> Fault | None:
        """Return the fault of a call."""
        name = _name(operation, body)
        with self._lock:
            self._counts[name] += 1
            call = Call(name, self._counts[name])
            self.calls.append(call)
            if isinstance(self._at, Moment):
                count = sum(not seen.name.endswith(HEALTH_PATH) for seen in self.calls)
                if count == self._at.calls and not name.endswith(HEALTH_PATH):
                    self._timer = threading.Timer(self._at.seconds, self._kill)
                    self._timer.start()
                return None
            is_target = call == self._at
            self.came = self.came or is_target
            if self._kind in LASTING and (is_target or self._lasts):
                self._lasts = True
                return cast(Fault, "reset" if self._kind == "never" else self._kind.partition(" ")[0])
            if not is_target:
                return None
            victim, _, when = self._kind.partition(" killed ")
            if when == "after":
                self._kill_after = True
                return "lost"
        if when == "before":
            self._kills[victim]()
            return "reset"
        return cast(Fault, self._kind)

    def settle(self) -> None:
        """Cancel a pending kill: the run is over."""
        if self._timer.ident:
            self._timer.cancel()
            self._timer.join()

    def _kill(self) -> None:
        self.came = bool(self._kills[self._kind.partition(" ")[0]]())

    def done(self) -> None:
        """Kill the process that is to be killed after a call."""
        if self._kill_after:
            self._kill_after = False
            self._kills[self._kind.partition(" ")[0]]()


def _name(operation: str, body: str) -> str:
    if " " in operation:
        return operation
    sent = parse_qs(body)
    about = [sent[name][0].rpartition("/")[2] for name in _NAMES if name in sent]
    return " ".join([operation, *about[:1]])

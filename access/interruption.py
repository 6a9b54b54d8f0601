"""Handle signals so that they end a command without skipping its clean-up."""

import signal
import threading
from types import FrameType, TracebackType
from typing import NoReturn, Self

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_MAX_SIGNALS = 3


class Interruption:
    """A context that handles the signals that arrive while it is open.

    The first signal raises ``KeyboardInterrupt``, unless the removal has begun. Later signals raise nothing, so that
    none of them can skip the removal. The third ends the removal, which then reports what is left.
    """

    def __init__(self) -> None:
        """Start without any signal."""
        self.count = 0
        self._removing = False
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        # A background process may ignore some of these, as whoever started it has decided.
        if threading.current_thread() is threading.main_thread():
            caught = [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._handle) for number in caught}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        if self.count and error is None:
            raise KeyboardInterrupt

    def begin_removal(self) -> None:
        """Let signals raise nothing from here on."""
        self._removing = True

    @property
    def is_forced(self) -> bool:
        """``True`` once so many signals have arrived that the command has to end now."""
        return self.count >= _MAX_SIGNALS

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self.count == 1 and not self._removing:
            self._interrupt()

    @staticmethod
    def _interrupt() -> NoReturn:
        raise KeyboardInterrupt

"""What people see while and where they wait."""

import os
import sys
from contextlib import suppress
from typing import TextIO


def in_colour(stream: TextIO) -> bool:
    """Whether to write in colour: on a terminal whose user has nothing against it (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


class Progress:
    """What is going on, on standard error: one line that changes on a terminal, elsewhere a line for each new thing."""

    def __init__(self) -> None:
        """Show nothing yet."""
        self._live = sys.stderr.isatty()
        self._shown = ""

    def show(self, text: str) -> None:
        """Show what is going on: a few words and, after a colon, how far it is."""
        with suppress(OSError):  # the terminal has been closed; the work goes on to its end
            if self._live:
                print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
            elif text.partition(":")[0] != self._shown.partition(":")[0]:
                print(text.partition(":")[0], file=sys.stderr, flush=True)
        self._shown = text

    def end(self) -> None:
        """Leave nothing on the terminal."""
        with suppress(OSError):
            if self._live and self._shown:
                print("\r\033[K", end="", file=sys.stderr, flush=True)

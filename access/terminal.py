"""What people see while and where they wait."""

import os
import sys
from contextlib import suppress
from typing import TextIO

from .errors import AccessError

_CODE_DIGITS = 6


def in_colour(stream: TextIO | None) -> bool:
    """Whether to write in colour: on a terminal whose user has nothing against it (https://no-color.org)."""
    return bool(stream and stream.isatty()) and not os.environ.get("NO_COLOR")


def ask_for_code(serial: str) -> str:
    """Return the code that an MFA device shows now, asked for on the terminal, without echo.

    Raises:
        AccessError: there is no terminal, or what was typed is no code.
    """
    import getpass

    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))  # getpass would go on to read standard input
    except OSError:
        raise AccessError(
            f"the role wants an MFA code ({serial}), and there is no terminal to ask for it;"
            " run it once in a terminal: the session is kept for later runs"
        ) from None
    try:
        code = getpass.getpass(f"MFA code of {serial}: ").strip()
    except EOFError:
        code = ""
    if not (len(code) == _CODE_DIGITS and code.isascii() and code.isdecimal()):
        raise AccessError(f"an MFA code has {_CODE_DIGITS} digits; try again")
    return code


class Progress:
    """What is going on, on standard error: one line that changes on a terminal, elsewhere a line for each new thing."""

    def __init__(self) -> None:
        """Show nothing yet."""
        self._live = bool(sys.stderr and sys.stderr.isatty())
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

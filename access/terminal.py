"""The terminal: colour, the prompt for MFA codes, and progress."""

import os
import sys
from contextlib import suppress
from typing import TextIO

from .errors import AccessError

_CODE_DIGITS = 6


def in_colour(stream: TextIO | None) -> bool:
    """Return whether to write in colour: on a terminal, unless the user objects (https://no-color.org)."""
    return bool(stream and stream.isatty()) and not os.environ.get("NO_COLOR")


def ask_for_code(serial: str) -> str:
    """Ask on the terminal, without echo, for the code that an MFA device shows, and return it.

    Raises:
        AccessError: there is no terminal, or the input is not a code.
    """
    import getpass

    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))  # getpass would read standard input instead
    except OSError:
        raise AccessError(
            f"the role requires an MFA code ({serial}), and there is no terminal to ask for it;"
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
    """Progress on standard error: on a terminal one line that changes, elsewhere a line for each step."""

    def __init__(self) -> None:
        """Show nothing yet."""
        self._live = bool(sys.stderr and sys.stderr.isatty())
        self._shown = ""

    def show(self, text: str) -> None:
        """Show the current step in a few words and, after a colon, its progress."""
        with suppress(OSError):  # the terminal has been closed; the work continues
            if self._live:
                print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
            elif text.partition(":")[0] != self._shown.partition(":")[0]:
                print(text.partition(":")[0], file=sys.stderr, flush=True)
        self._shown = text

    def end(self) -> None:
        """Remove the line from the terminal."""
        with suppress(OSError):
            if self._live and self._shown:
                print("\r\033[K", end="", file=sys.stderr, flush=True)

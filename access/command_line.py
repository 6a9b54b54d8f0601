"""What the commands have in common on the command line."""

import argparse
import os
import sys
from pathlib import Path
from typing import TypeAlias

from .errors import AccessError

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""Where a command declares itself. Its default ``run`` takes the parsed options and returns the exit code."""

COMMAND = "python -m access" if Path(sys.argv[0]).name == "__main__.py" else "access"
"""How the command was called, and can be called again: in the repository, or installed."""

_IS_WINDOWS = os.name == "nt"

STANDARD_OUTPUT = Path("-")
"""What people write for standard output, where the name of a file is wanted."""


def check_unix() -> None:
    """Check that this is no Windows, which lacks what keeps sessions private and asks on a terminal.

    Raises:
        AccessError: it is.
    """
    if _IS_WINDOWS:
        raise AccessError("this command works on Linux, macOS and WSL; on Windows, install and run it in WSL")


def check_writable(path: Path) -> None:
    """Check that a report can be written, before the work that it is about begins.

    Raises:
        AccessError: the file can't be written.
    """
    if path == STANDARD_OUTPUT:
        return
    is_new = not path.exists()
    try:
        with path.open("a", encoding="utf-8"):
            pass
        if is_new:
            path.unlink()
    except OSError as error:
        raise AccessError(f"{path} can't be written: {error.strerror}; nothing was done") from None


def write_report(path: Path, text: str) -> None:
    """Write a report into a file, or to standard output.

    Raises:
        AccessError: the file can't be written.
    """
    if path == STANDARD_OUTPUT:
        print(text, end="")
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise AccessError(f"{path} can't be written: {error.strerror}") from None

"""The common parts of the commands: their name, their declaration, and the files they write."""

import argparse
import os
import sys
from pathlib import Path
from typing import TypeAlias

from .errors import AccessError

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""The parsers of the commands. A command's default ``run`` takes the parsed options and returns the exit code."""

COMMAND = "python -m access" if Path(sys.argv[0]).name == "__main__.py" else "access"
"""The command as the user called it: in the repository, or installed."""

_IS_WINDOWS = os.name == "nt"

STANDARD_OUTPUT = Path("-")
"""Standard output, in place of a file name."""


def check_unix() -> None:
    """Check that this is not Windows, which lacks private files and the terminal prompt.

    Raises:
        AccessError: this is Windows.
    """
    if _IS_WINDOWS:
        raise AccessError("this command works on Linux, macOS and WSL; on Windows, install and run it in WSL")


def check_writable(path: Path) -> None:
    """Check that a report can be written, before the work begins.

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
    """Write a report to a file or standard output.

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

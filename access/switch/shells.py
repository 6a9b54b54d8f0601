"""Lines with which a shell sets and removes variables."""

import os
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from access.errors import AccessError

SHELLS = ("bash", "zsh", "fish", "powershell")

_ALIKE = {"sh": "bash", "dash": "bash", "ksh": "bash", "pwsh": "powershell"}


def default_shell() -> str:
    """The person's own shell.

    Raises:
        AccessError: it is none of those that are known.
    """
    name = Path(os.environ.get("SHELL", "")).name
    shell = _ALIKE.get(name, name)
    if shell not in SHELLS:
        raise AccessError(f"SHELL is {name!r}, which is not known; say --shell: {', '.join(SHELLS)}")
    return shell


def set_lines(shell: str, variables: Mapping[str, str]) -> list[str]:
    """Lines that set and export the variables."""
    return [_SET[shell](name, value) for name, value in variables.items()]


def unset_lines(shell: str, names: Iterable[str]) -> list[str]:
    """Lines that remove the variables; one that is not set is no error."""
    return [_UNSET[shell](name) for name in names]


def _quoted_for_fish(value: str) -> str:
    # fish documentation, "Quotes": only \' and \\ are escapes in single quotes.
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _quoted_for_powershell(value: str) -> str:
    # PowerShell's about_Quoting_Rules: a quote is doubled. It takes these four typographic ones as quotes too.
    return "'" + re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", value) + "'"


_SET: Mapping[str, Callable[[str, str], str]] = {
    "bash": lambda name, value: f"export {name}={shlex.quote(value)}",
    "zsh": lambda name, value: f"export {name}={shlex.quote(value)}",
    "fish": lambda name, value: f"set -gx {name} {_quoted_for_fish(value)}",
    "powershell": lambda name, value: f"$Env:{name} = {_quoted_for_powershell(value)}",
}
_UNSET: Mapping[str, Callable[[str], str]] = {
    "bash": lambda name: f"unset {name}",
    "zsh": lambda name: f"unset {name}",
    "fish": lambda name: f"set -e {name}",
    "powershell": lambda name: f"Remove-Item Env:{name} -ErrorAction Ignore",
}

"""Write lines that set and remove a shell's variables, and start a shell in a role."""

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from ..errors import AccessError

SHELLS = ("bash", "zsh", "fish", "powershell")

_ALIKE = {"sh": "bash", "ash": "bash", "dash": "bash", "ksh": "bash", "pwsh": "powershell"}


def default_shell() -> str:
    """Return the shell that runs this, or the user's own from SHELL.

    Raises:
        AccessError: neither is a known shell.
    """
    running, own = _parent(), Path(os.environ.get("SHELL", "")).name
    shell = _ALIKE.get(running, running)
    if shell not in SHELLS:
        shell = _ALIKE.get(own, own)
    if shell not in SHELLS:
        raise AccessError(f"SHELL is {own!r}, which is not supported; use --shell: {', '.join(SHELLS)}")
    return shell


def set_lines(shell: str, variables: Mapping[str, str]) -> list[str]:
    """Return lines that set and export the variables."""
    return [_SET[shell](name, value) for name, value in variables.items()]


def unset_lines(shell: str, names: Iterable[str]) -> list[str]:
    """Return lines that remove the variables, set or not."""
    return [_UNSET[shell](name) for name in names]


def save_lines(shell: str, names: Iterable[str]) -> list[str]:
    """Return lines that save variables where the shell's commands don't see them."""
    return [_SAVE[shell].format(name=name, kept=f"{_KEPT}{name}") for name in names]


def restore_lines(shell: str, names: Iterable[str]) -> list[str]:
    """Return lines that restore saved variables, and remove those that were not set."""
    return [_RESTORE[shell].format(name=name, kept=f"{_KEPT}{name}") for name in names]


def rerun_line(shell: str, command: Sequence[str]) -> str:
    """Return a line that evaluates the output of a command."""
    return _RERUN[shell].format(" ".join(map(_QUOTED[shell], command)))


def failing_line(shell: str) -> str:
    """Return a line that makes the shell's evaluation fail."""
    return "Write-Error 'access: not in the role'" if shell == "powershell" else "false"


def shell_in_role(role: str) -> tuple[list[str], dict[str, str]]:
    """Return the command and variables that start the user's shell with a prompt that names a role."""
    running = _parent()
    program = running if _ALIKE.get(running, running) in SHELLS else os.environ.get("SHELL") or "/bin/sh"
    label = f"({role})"
    match Path(program).name:
        case "bash":
            return [program, "--rcfile", _one_time_file(_BASHRC, label)], {}
        case "zsh":
            return [program], {"RPROMPT": label}
        case "fish":
            return [program, "--init-command", _FISH.format(_quoted_for_fish(f"{label} "))], {}
        case "pwsh":
            return [program, "-NoExit", "-Command", _POWERSHELL.format(_quoted_for_powershell(f"{label} "))], {}
        case _:
            return [program], {"PS1": f"{label} $ "}


_BASHRC = """\
if [ -f ~/.bashrc ]; then . ~/.bashrc; fi
PS1={label}" $PS1"
exec {descriptor}<&-
"""
_FISH = "functions --copy fish_prompt _access_prompt; function fish_prompt; printf %s {}; _access_prompt; end"
_POWERSHELL = "$accessPrompt = $function:prompt; function prompt {{ {} + (& $accessPrompt) }}"


def _one_time_file(text: str, label: str) -> str:
    """Return a path where the program that replaces this one can read a text; it leaves no file."""
    reading, writing = os.pipe()
    os.write(writing, text.format(label=shlex.quote(label), descriptor=reading).encode())
    os.close(writing)
    os.set_inheritable(reading, True)
    return f"/dev/fd/{reading}"


def _parent() -> str:
    """Return the name of the parent process; nothing if it is unknown."""
    try:
        name = Path(f"/proc/{os.getppid()}/comm").read_text(encoding="utf-8", errors="replace")
    except OSError:
        command = ["/bin/ps", "-o", "comm=", "-p", str(os.getppid())]
        try:
            name = subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603
        except OSError:
            return ""
    return name.strip().rpartition("/")[2].removeprefix("-")


def _quoted_for_fish(value: str) -> str:
    # fish documentation, "Quotes": only \' and \\ are escapes in single quotes.
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _quoted_for_powershell(value: str) -> str:
    # PowerShell's about_Quoting_Rules: quotes are doubled, also these four typographic ones.
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
_QUOTED: Mapping[str, Callable[[str], str]] = {
    "bash": shlex.quote,
    "zsh": shlex.quote,
    "fish": _quoted_for_fish,
    "powershell": _quoted_for_powershell,
}
_KEPT = "_access_before_"
_SAVE = {
    "bash": 'unset {kept}; if [ "${{{name}+x}}" ]; then {kept}="${name}"; fi',
    "zsh": 'unset {kept}; if [ "${{{name}+x}}" ]; then {kept}="${name}"; fi',
    "fish": "set -eg {kept}; if set -q {name}; set -g {kept} ${name}; end",
    "powershell": "$global:{kept} = $Env:{name}",
}
_RESTORE = {
    "bash": 'if [ "${{{kept}+x}}" ]; then export {name}="${kept}"; unset {kept}; else unset {name}; fi',
    "zsh": 'if [ "${{{kept}+x}}" ]; then export {name}="${kept}"; unset {kept}; else unset {name}; fi',
    "fish": "if set -q {kept}; set -gx {name} ${kept}; set -eg {kept}; else; set -e {name}; end",
    "powershell": "$Env:{name} = $global:{kept}; $global:{kept} = $null",  # an empty variable is none
}
_RERUN = {"bash": 'eval "$({})"', "zsh": 'eval "$({})"', "fish": "{} | source", "powershell": "& {} | Out-String | iex"}

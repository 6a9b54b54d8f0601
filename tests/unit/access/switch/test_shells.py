"""Real shells evaluate the lines, with any characters in the values."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from access.errors import AccessError
from access.switch.shells import SHELLS, default_shell, set_lines, unset_lines

PROGRAMS = {"bash": "bash", "zsh": "zsh", "fish": "fish", "powershell": "pwsh"}
NASTY = {
    "PLAIN": "FwoGZXIvYXdzE//+==",
    "SPACES": "  a  b ",
    "QUOTES": 'it\'s "so" `here`',
    "TYPOGRAPHIC": "\u2018a\u2019 \u201ab\u201b \u201cc\u201d",
    "EXPANSIONS": "$HOME ${HOME} $(echo no) !! ~ * ? [a] {a,b} %s",
    "BACKSLASHES": "a\\b \\n \\' \\\\",
    "SEPARATORS": "a;b&c|d<e>f#g",
    "TWO_LINES": "a\nb",
    "UNICODE": "ä€😀",
    "EMPTY": "",
}


@pytest.mark.parametrize("shell", SHELLS)
def test_values_are_quoted(shell: str) -> None:
    program = shutil.which(PROGRAMS[shell])
    if not program:
        pytest.skip(f"{PROGRAMS[shell]} is not installed")
    assert environment_after(program, [*unset_lines(shell, ["STALE", "NEVER_SET"]), *set_lines(shell, NASTY)]) == NASTY
    # Unset them again.
    stale = environment_after(program, [*set_lines(shell, NASTY), *unset_lines(shell, NASTY)])
    assert stale == {"STALE": "stale"}


def environment_after(program: str, lines: list[str]) -> dict[str, str]:
    """Return the environment of a command that a shell runs after these lines."""
    script = "\n".join([*lines, f"& {sys.executable}" if program.endswith("pwsh") else sys.executable])
    done = subprocess.run(
        [program, "-c", f"{script} -c 'import json, os; print(json.dumps(dict(os.environ)))'"],
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8", "STALE": "stale"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, str] = json.loads(done.stdout)
    return {name: value for name, value in found.items() if name in NASTY or name == "STALE"}


def test_lines_for_powershell() -> None:
    """Compare text, as PowerShell is seldom installed here."""
    assert set_lines("powershell", {"A": "it's \u2018$x\u2019 `n"}) == [
        "$Env:A = 'it''s \u2018\u2018$x\u2019\u2019 `n'"
    ]
    assert unset_lines("powershell", ["A"]) == ["Remove-Item Env:A -ErrorAction Ignore"]


@pytest.fixture
def no_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the parent process by one that is not a shell."""
    monkeypatch.setattr("access.switch.shells._parent", lambda: "python")


@pytest.mark.parametrize(
    ("path", "shell"),
    [("/bin/bash", "bash"), ("/usr/bin/zsh", "zsh"), ("/usr/local/bin/fish", "fish"), ("/bin/sh", "bash")],
)
def test_the_default_is_the_user_s_own(path: str, shell: str, no_shell: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", path)
    assert default_shell() == shell


@pytest.mark.parametrize("path", ["/bin/tcsh", ""])
def test_an_unknown_shell(path: str, no_shell: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", path)
    with pytest.raises(AccessError, match="use --shell: bash, zsh, fish, powershell"):
        default_shell()

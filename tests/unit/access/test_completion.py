"""Completion in the real shells, if they are installed."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from access import __version__
from access.__main__ import main
from access.switch.published import Published, PublishedRole, write_published

REPOSITORY = Path(__file__).parents[3]
ARN = "arn:aws:iam::999999999999:role/UpdateApp"
_SECONDS = 20.0


def completed(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert main(["complete", "--", *words]) == 0
    return capsys.readouterr().out.split("\n")[:-1]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home with a list of roles and two profiles, inside a project's folder."""
    write_published(tmp_path / "roles.json", Published([PublishedRole("production/UpdateApp", ARN)]))
    monkeypatch.setenv("ACCESS_ROLES", str(tmp_path / "roles.json"))
    (tmp_path / "config").write_text(f"[profile a b]\n[profile 'my app']\nrole_arn = {ARN}\n[profile David]\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "Pulumi.yaml").touch()
    (tmp_path / "Pulumi.staging.yaml").touch()
    command = tmp_path / "bin" / "access"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(REPOSITORY))} exec {sys.executable} -m access "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "following"),
    [
        (["ex"], ["exec"]),
        (["--v"], ["--version"]),
        (["nothing", ""], []),
        (["exec", ""], ["my app", "production/UpdateApp"]),
        (["exec", "p"], ["production/UpdateApp"]),
        (["exec", "production/UpdateApp", ""], []),
        (["exec", "--no-cache", "p"], ["production/UpdateApp"]),  # an option without a value
        (["exec", "--session-name", "x", "p"], ["production/UpdateApp"]),
        (["exec", "--pro"], ["--profile"]),
        (["exec", "--profile", "D"], ["David"]),
        (["exec", "--session-name", ""], []),
        (["env", "--shell", "z"], ["zsh"]),
        (["completion", ""], ["bash", "fish", "zsh"]),
        (["prove", ""], ["staging"]),
        (["prove", "production", ""], ["staging"]),
        (["prove", "production", "--profile", ""], []),
        (["publish", ""], []),
        (["publish", "roles.json", ""], ["staging"]),
        (["whoami", ""], []),
    ],
)
def test_next_words(home: Path, capsys: pytest.CaptureFixture[str], words: list[str], following: list[str]) -> None:
    assert completed(capsys, *words) == following


def test_unreadable_sources_are_left_out(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "roles.json").write_text("")
    assert completed(capsys, "exec", "") == ["my app"]
    (home / "config").write_text("[")
    assert completed(capsys, "exec", "") == []


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"access {__version__}\n")


def shell(name: str) -> str:
    found = shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


ON_TERMINAL = [sys.executable, "-c", "import pty, sys; pty.spawn(sys.argv[1:])"]


def typed(command: list[str], start: str, line: str, wanted: str) -> str:
    """Type a line with TABs into an interactive shell, and return the terminal's text up to ``wanted``."""
    shown = ""
    with subprocess.Popen([*ON_TERMINAL, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as terminal:
        assert terminal.stdin
        assert terminal.stdout
        never = threading.Timer(_SECONDS, terminal.kill)  # in case the shell does not complete
        never.start()
        for text, until in ((f"{start}; PS1=; echo re''ady\n", "ready\r\n"), (line, wanted)):
            terminal.stdin.write(text.encode())
            terminal.stdin.flush()
            shown = ""
            while until not in shown and (letters := os.read(terminal.stdout.fileno(), 4096)):
                shown += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x08", "", letters.decode(errors="replace"))
        never.cancel()
        terminal.kill()
    return shown


SHELLS = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}


@pytest.mark.parametrize("name", SHELLS)
@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("access who\t", "access whoami "),
        ("access exec prod\t", "access exec production/UpdateApp "),
        ("access exec my\t", r"access exec my\ app "),
        ("access publish role\t", "access publish roles.json "),
        ("access exec production/UpdateApp -- printen\t", "-- printenv "),
    ],
)
def test_completion_in_a_shell(home: Path, name: str, line: str, wanted: str) -> None:
    shell(name)
    start = f'eval "$(access completion {name})"'
    assert wanted in typed(SHELLS[name], start, line, wanted)


def test_bash_completes_the_command_after_exec(home: Path) -> None:
    """Check that bash-completion's ``_command_offset`` gets the command's position."""
    offset = '_command_offset() { COMPREPLY=("command=${COMP_WORDS[$1]}"); }'
    start = f'eval "$(access completion bash)"; {offset}'
    assert "command=env" in typed(SHELLS["bash"], start, "access exec x/y -- env wh\t", "command=env")


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("access who", ["whoami"]),
        ("access exec ", ["my app", "production/UpdateApp"]),
        ("access exec --profile D", ["David"]),
        ("access publish role", ["roles.json"]),
        ("access exec production/UpdateApp -- printen", ["printenv"]),
        ("access exec production/UpdateApp -- access whoami --pro", ["--profile"]),
    ],
)
def test_completion_in_fish(home: Path, line: str, wanted: list[str]) -> None:
    script = f"access completion fish | source; complete -C {shlex.quote(line)}"
    done = subprocess.run([shell("fish"), "--no-config", "-c", script], capture_output=True, text=True, check=True)
    assert [found.partition("\t")[0] for found in done.stdout.splitlines()] == wanted
    assert done.stderr == ""

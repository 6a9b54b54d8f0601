"""Commands and shells in the role."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from access.__main__ import main
from access.command_line import COMMAND
from access.switch.commands import _EXEC_FLAGS
from tests.support.fake_sts import ARN, ON_TERMINAL, Aws
from tests.unit.conftest import REPOSITORY

KEYS = "$AWS_ACCESS_KEY_ID|$AWS_SECRET_ACCESS_KEY"
SHOW = f'echo "{KEYS}|$AWS_SESSION_TOKEN|$AWS_REGION|$AWS_PROFILE|$AWS_USE_FIPS_ENDPOINT"'
START = "AKIASTART|secret-to-start-from||us-east-1||"


def evaluated(shell: str, *words: str) -> str:
    command = f"{shlex.quote(sys.executable)} -m access env {shlex.join(words)}"
    return f"{command} | source" if shell == "fish" else f'eval "$({command})"'


def in_shell(shell: str, *lines: str) -> list[str]:
    """Return a shell's output; SHELL names another shell."""
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    command = [shell, "-c", "\n".join(["true", *lines, "true"])]
    everything = {**os.environ, "SHELL": "/bin/bash" if shell == "fish" else "/usr/bin/fish", "HOME": "/nonexistent"}
    done = subprocess.run(command, cwd=REPOSITORY, env=everything, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "dash"])
class TestShells:
    def test_into_the_role_and_back(self, aws: Aws, shell: str) -> None:
        """The earlier variables come back, keys too; they are neither printed nor visible to commands."""
        strict = [] if shell == "fish" else ["set -u"]
        secrets = "env | grep -c secret-to-start-from || true"
        lines = [evaluated(shell, ARN), SHOW.replace("|$AWS_PROFILE|$AWS_USE_FIPS_ENDPOINT", ""), secrets]
        back = [evaluated(shell, "--unset"), f'echo "{KEYS}"', "env | grep -c -e ^ACCESS_CHANGED -e ^ACCESS_IN || true"]
        output = in_shell(shell, *strict, *lines, *back)
        assert output[:2] == ["ASIA1|secret-of-the-session|token-of-the-session|us-east-1", "0"]
        assert output[2:] == ["AKIASTART|secret-to-start-from", "0"]

    def test_unset_restores_the_profile(self, aws: Aws, tmp_path: Path, shell: str) -> None:
        (tmp_path / "config").write_text(
            "[profile dev]\nuse_fips_endpoint = true\naws_access_key_id = A\naws_secret_access_key = B\n"
        )
        for_profile = "set -e AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY; set -gx AWS_PROFILE dev"
        if shell != "fish":
            for_profile = "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY; export AWS_PROFILE=dev"
        output = in_shell(shell, for_profile, evaluated(shell, ARN), SHOW, evaluated(shell, "--unset"), SHOW)
        assert output == [
            "ASIA1|secret-of-the-session|token-of-the-session|us-east-1||true",
            "|||us-east-1|dev|",
        ]

    def test_run_again_to_renew(self, aws: Aws, shell: str) -> None:
        again = [evaluated(shell, ARN, "--no-cache")] * 3
        output = in_shell(shell, *again, "echo $AWS_ACCESS_KEY_ID", evaluated(shell, "--unset"), SHOW)
        assert output == ["ASIA3", START]
        assert "AKIASTART" not in "".join(aws.actions)

    def test_a_failure_fails_the_eval(self, aws: Aws, shell: str) -> None:
        aws.refusals["AssumeRole"] = ("AccessDenied", "no")
        command = evaluated(shell, ARN).replace("access env", "access env 2>/dev/null")
        status = "$status" if shell == "fish" else "$?"
        assert in_shell(shell, command, f"echo {status}", SHOW) == ["1", START]


@pytest.mark.parametrize(
    ("shell", "prompt"), [("bash", "(UpdateApp) mine> "), ("fish", "(UpdateApp) "), ("zsh", "(UpdateApp)")]
)
def test_a_shell_in_the_role(aws: Aws, tmp_path: Path, shell: str, prompt: str) -> None:
    """The shell that runs the command, not the one in SHELL."""
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    (tmp_path / ".bashrc").write_text("PS1='mine> '\n")
    command = [*ON_TERMINAL, shell, "-c", f"{shlex.quote(sys.executable)} -m access exec {ARN}; true"]
    everything = {**os.environ, "HOME": str(tmp_path), "SHELL": "/bin/dash", "TERM": "xterm"}
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=REPOSITORY, env=everything, bufsize=0, **pipes) as terminal:
        assert terminal.stdin
        assert terminal.stdout
        never = threading.Timer(60, terminal.kill)  # in case there is no prompt
        never.start()
        shown = b""
        while prompt.encode() not in shown:
            letter = terminal.stdout.read(1)
            assert letter, shown
            shown += letter
        terminal.stdin.write(b"echo in=$AWS_ACCESS_KEY_ID\nexit\n")
        while b"in=ASIA1" not in shown:
            letter = terminal.stdout.read(1)
            assert letter, shown
            shown += letter
        terminal.stdin.close()
        terminal.stdout.read()
        never.cancel()
    assert b"access: this shell is in the role; `exit` leaves it" in shown


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (["app", "aws", "s3", "ls"], "app -- aws s3 ls"),
        (["app", "ls", "-h", "a b"], "app -- ls -h 'a b'"),
        (["--profile", "me", "app", "--no-cache", "true"], "--profile me app --no-cache -- true"),
        (["app", "--duration=900", "true", "--duration", "1"], "app --duration=900 -- true --duration 1"),
    ],
)
def test_exec_without_dashes(capsys: pytest.CaptureFixture[str], words: list[str], right: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["exec", *words])
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"access: the command follows --; write: {COMMAND} exec {right}\n"


def test_flags_of_exec(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["exec", "--help"])
    flags = re.findall(r"^  (?:(-\w), )?(--[\w-]+)(?: {2}|$)", capsys.readouterr().out, re.MULTILINE)
    assert {name for names in flags for name in names if name} == set(_EXEC_FLAGS)


def test_no_shell_without_a_terminal(aws: Aws) -> None:
    command = [sys.executable, "-m", "access", "exec", ARN]
    done = subprocess.run(command, input="", cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "access: no command is given: exec ROLE -- COMMAND; a shell in the role needs a terminal\n"

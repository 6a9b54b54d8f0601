"""Tests of the sandbox's commands."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import boto3
import botocore.session
import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.parsers import ResponseParserError

from access.errors import AccessError
from sandbox.__main__ import main
from sandbox.emulator import Emulator
from sandbox.errors import SandboxError
from sandbox.layout import OFFICIAL_PULUMI_HOME, REPOSITORY, Layout
from tests.sandbox.conftest import Sandbox
from tests.support.markdown import PAGES

ROLE_ARN = "arn:aws:iam::999999999999:role/UpdateApp"


def printed(capsys: pytest.CaptureFixture[str], layout: Layout, *arguments: str) -> str:
    """Return the output of a command that succeeds."""
    capsys.readouterr()
    assert main(arguments, layout) == 0
    return capsys.readouterr().out


def profile(layout: Layout, name: str) -> boto3.Session:
    session = botocore.session.Session(profile=name)
    session.set_config_variable("config_file", str(layout.aws_config))
    return boto3.Session(botocore_session=session)


def test_up_deploys_and_proves_and_a_second_up_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = Layout(tmp_path)
    try:
        first = printed(capsys, layout, "up")
        assert "AWS provider  7.51.1" in first
        assert "20 readings: 20 as declared, 0 not; 82 cells: 82 as expected" in first
        assert first.endswith("\ndeployed\n")
        for line in PAGES["README.md"].blocks("text")[0].splitlines():
            assert line.removesuffix("…") in first
        assert layout.aws_config.stat().st_mode & 0o777 == 0o600
        with layout.aws_config.open("a") as config:
            config.write("[profile mine]\ncredential_process = tell 100% of it\n\n")
        keys = layout.aws_config.read_text()

        second = printed(capsys, layout, "up")
        assert "Everything read and tested is as expected" in second
        assert second.endswith("\nnothing to change\n")
        assert layout.aws_config.read_text() == keys

        outputs = json.loads(printed(capsys, layout, "outputs", "--json"))
        assert outputs["production"]["roleArn"] == ROLE_ARN
        assert outputs["development"]["assumableRoles"]["Developers"]["allow"] == [ROLE_ARN]
        assert ROLE_ARN in printed(capsys, layout, "outputs")
        assert printed(capsys, layout, "status").count(", deployed") == 2

        david, theresa = profile(layout, "David"), profile(layout, "Theresa")
        assert david.client("sts").get_caller_identity()["Arn"] == "arn:aws:iam::111111111111:user/sandbox/David"
        david.client("sts").assume_role(RoleArn=ROLE_ARN, RoleSessionName="David")
        sts = theresa.client("sts")
        with pytest.raises(sts.exceptions.ClientError, match="AccessDenied"):
            sts.assume_role(RoleArn=ROLE_ARN, RoleSessionName="Theresa")
    finally:
        assert main(["down"], layout) == 0
    assert "not running" in printed(capsys, layout, "status")
    assert "is deleted" in printed(capsys, layout, "down", "--wipe")
    assert not tmp_path.exists()


def test_a_shell_can_evaluate_env(
    read_only: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_OF_TOMORROW", "elsewhere")
    monkeypatch.setenv("AWS_; exit 1", "a name that no shell knows")
    layout = read_only.layout
    lines = printed(capsys, layout, "env", "development")
    script = f"{lines}\n'{sys.executable}' -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    stale = {**os.environ, "AWS_PROFILE": "mine", "AWS_SESSION_TOKEN": "mine", "AWS_OF_TOMORROW": "mine"}
    done = subprocess.run(["/bin/sh", "-c", script], env=stale, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["AWS_ACCESS_KEY_ID"] == "111111111111"
    assert found["AWS_ENDPOINT_URL"] == read_only.emulator.endpoint
    assert found["AWS_CONFIG_FILE"] == str(layout.aws_config)
    assert found["PULUMI_OPTION_STACK"] == "development"
    assert {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_OF_TOMORROW"}.isdisjoint(found)


def test_env_names_the_command_that_runs_the_program_if_pulumi_can_not(
    read_only: Sandbox, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = printed(capsys, read_only.layout, "env", "production").splitlines()[0]
    assert first == "# pulumi can't run Python programs here: python -m sandbox pulumi production -- preview does"
    host = tmp_path / "pulumi-language-python"
    host.write_text("#!/bin/sh\n")
    host.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert printed(capsys, read_only.layout, "env", "production").startswith("unset ")


def refused(capsys: pytest.CaptureFixture[str], layout: Layout, *arguments: str) -> str:
    """Return the one line with the reason for a command's failure."""
    capsys.readouterr()
    assert main(arguments, layout) == 1
    [line] = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize("command", [["outputs"], ["env", "production"]])
def test_a_sandbox_that_was_never_started_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert refused(capsys, Layout(tmp_path), *command) == (
        "sandbox: nothing is deployed; run `python -m sandbox up`"
        if command == ["outputs"]
        else "sandbox: the sandbox was never started; run `python -m sandbox up`"
    )


def test_env_of_a_new_stack_is_refused(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, sandbox.layout, "env", "production") == (
        "sandbox: production is not in the sandbox yet; run `python -m sandbox up production`"
    )


def test_the_official_plugin_is_installed_only_on_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def install(cli: object, home: Path, source: object) -> None:
        assert home == OFFICIAL_PULUMI_HOME
        raise subprocess.CalledProcessError(1, "pulumi", stderr="error: not found\n")

    monkeypatch.setattr("sandbox.toolchain._install_plugin", install)
    layout = Layout(tmp_path)
    try:
        assert refused(capsys, layout, "up", "--provider", "official") == (
            "sandbox: the official AWS plugin 7.51.1 can't be installed (not found);"
            " omit --provider official to use the stand-in"
        )
        assert Emulator(layout).pid is None  # the emulator that the set-up started is stopped again
    finally:
        main(["down"], layout)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ConnectTimeoutError(endpoint_url="https://127.0.0.1:1"), "the emulator stopped answering; run "),
        (ResponseParserError("SecretAccessKey"), "AWS: an answer can't be read; run it again"),
        (AccessError("profile 'x' is not there"), "profile 'x' is not there"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (PermissionError(13, "Permission denied", "/x"), "/x: Permission denied"),
        (KeyError("x"), "a defect of the sandbox, KeyError: 'x'; "),
        (SandboxError("run `python -m sandbox up` first"), "run `python -m sandbox up` first"),
    ],
)
def test_every_failure_is_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    line: str,
) -> None:
    def fail(*arguments: object) -> None:
        raise error

    monkeypatch.setattr("sandbox.commands.known_stacks", fail)
    message = refused(capsys, Layout(tmp_path), "status")
    assert message.startswith(f"sandbox: {line}")
    assert "SecretAccessKey" not in message


@pytest.mark.parametrize(("redirection", "code"), [(">&-", 0), (">/dev/full", 1), ("| true", 0)])
def test_a_closed_or_full_output_is_no_traceback(read_only: Sandbox, redirection: str, code: int) -> None:
    run = "import pathlib, runpy, sys; import sandbox.layout as layout;"
    run += f" layout.layout_of = lambda folder: layout.Layout(pathlib.Path({str(read_only.layout.directory)!r}));"
    run += " sys.argv = ['sandbox', 'status']; runpy.run_module('sandbox', run_name='__main__')"
    script = f"{shlex.quote(sys.executable)} -c {shlex.quote(run)} {redirection}"
    done = subprocess.run(["/bin/sh", "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert done.stderr in ("", "sandbox: No space left on device\n")

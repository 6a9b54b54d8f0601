"""Tests that the caller's own settings have no effect in the sandbox, and that nothing stays running."""

import json
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from pulumi.automation import PulumiCommand

from sandbox import toolchain
from sandbox.__main__ import main
from sandbox.emulator import Emulator
from sandbox.engine import Engine
from sandbox.errors import SandboxError
from sandbox.generated import write_project_files
from sandbox.layout import REPOSITORY, Layout
from tests.sandbox.conftest import Sandbox
from tests.sandbox.decoy import KEY, Decoy

ACCOUNT = "111111111111"


@pytest.fixture
def decoy() -> Iterator[Decoy]:
    made = Decoy()
    yield made
    made.close()


def sandbox_command(layout: Layout, *arguments: str) -> list[str]:
    """Return a sandbox command in its own process and folder."""
    run = "sys.exit(main(sys.argv[2:], Layout(Path(sys.argv[1]))))"
    imports = "import sys; from pathlib import Path; from sandbox.__main__ import main"
    script = f"{imports}; from sandbox.layout import Layout; {run}"
    return [sys.executable, "-c", script, str(layout.directory), *arguments]


def test_up_uses_none_of_the_callers_settings(tmp_path: Path, decoy: Decoy) -> None:
    layout = Layout(tmp_path / "sandbox")
    home = tmp_path / "home"
    home.mkdir()
    variables = decoy.environment(home)
    try:
        up = subprocess.run(
            sandbox_command(layout, "up"), env=variables, cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        assert up.returncode == 0, up.stdout + up.stderr
        assert up.stdout.endswith("\ndeployed\n")
        assert decoy.received == []
        files = [file for file in layout.directory.rglob("*") if file.is_file()]
        assert len(files) > 10
        for file in files:
            content = file.read_bytes()
            assert KEY.encode() not in content, file
            assert f"127.0.0.1:{decoy.port}".encode() not in content, file
        secrets = [Emulator(layout).secret_of(account) for account in (ACCOUNT, "9" * 12)]
        assert not [secret for secret in secrets if secret in up.stdout + up.stderr]
    finally:
        Emulator(layout).stop()


def test_a_shell_with_env_reaches_only_the_sandbox(read_only: Sandbox, tmp_path: Path, decoy: Decoy) -> None:
    layout = read_only.layout
    variables = decoy.environment(tmp_path)
    script = """
import boto3, json, os
for service, call in (("iam", "list_users"), ("s3", "list_buckets")):
    getattr(boto3.client(service), call)()
print(json.dumps([boto3.client("sts").get_caller_identity()["Account"], os.environ["NO_PROXY"]]))
"""
    evaluated = f'eval "$({shlex.join(sandbox_command(layout, "env", "development"))})"'
    command = f"{evaluated}; {shlex.join([sys.executable, '-c', script])}"
    done = subprocess.run(
        ["/bin/sh", "-c", command], env=variables, cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [ACCOUNT, "example.org,127.0.0.1,localhost"]
    assert decoy.received == []


def test_a_proxy_does_not_hide_the_emulator(layout: Layout, decoy: Decoy, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, decoy.address)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name)
    emulator = Emulator(layout)
    pid = emulator.pid
    assert emulator.running
    assert not emulator.start(toolchain.emulator_python(print))
    assert emulator.pid == pid
    assert decoy.received == []


def test_a_process_gets_none_of_the_callers_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout(tmp_path / "sandbox")
    layout.project("cross-account-access").mkdir(parents=True)
    printing = tmp_path / "printing"
    printing.write_text("#!/bin/sh\nenv\n")
    printing.chmod(0o755)
    for name in ("AWS_PROFILE", "HTTPS_PROXY", "MINISTACK_REGION", "PULUMI_CONFIG", "PYTHONSTARTUP", "SERVICES"):
        monkeypatch.setenv(name, "of the caller")
    emulator = Emulator(layout)
    with pytest.raises(SandboxError, match="does not start"):
        emulator.start(printing)
    cli = toolchain.Cli(cast(PulumiCommand, SimpleNamespace(command=str(printing))), "made for the test")
    engine = Engine(layout, emulator, cli)
    write_project_files(engine.folder, engine.project, "production", emulator.endpoint)
    by_engine = "\n".join(engine.run("production", "version").lines)
    by_emulator = layout.emulator_log.read_text()
    assert "PATH=" in by_engine
    assert "PATH=" in by_emulator
    assert "of the caller" not in by_engine + by_emulator


# Nothing stays running.


def test_a_failed_set_up_stops_the_emulator_that_it_started(
    tmp_path: Path, layout: Layout, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(say: toolchain.Say) -> toolchain.Cli:
        raise SandboxError("no Pulumi CLI")

    monkeypatch.setattr(toolchain, "pulumi_cli", none)
    started = Layout(tmp_path)
    assert main(["up"], started) == 1
    assert capsys.readouterr().err == "sandbox: no Pulumi CLI\n"
    assert started.emulator_log.exists()
    assert Emulator(started).pid is None
    pid = Emulator(layout).pid
    assert main(["up"], layout) == 1
    assert Emulator(layout).pid == pid  # it was running before


def test_an_emulator_ends_with_its_folder(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "sandbox")
    layout.directory.mkdir()
    emulator = Emulator(layout)
    emulator.start(toolchain.emulator_python(print))
    shutil.rmtree(layout.directory)
    deadline = time.monotonic() + 10
    while emulator.pid is not None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert not layout.directory.exists()


def test_a_sandbox_of_an_older_version_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = Layout(tmp_path)
    layout.emulator_state.mkdir()
    assert main(["up"], layout) == 1
    (message,) = capsys.readouterr().err.splitlines()
    assert "down --wipe" in message
    assert layout.emulator_state.exists()

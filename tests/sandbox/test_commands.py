"""The sandbox's commands, as people type them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import botocore.session
import pytest

from sandbox.__main__ import main
from sandbox.layout import Layout
from sandbox.secret_key import make_key

ROLE_ARN = "arn:aws:iam::999999999999:role/UpdateApp"


def printed(capsys: pytest.CaptureFixture[str], layout: Layout, *arguments: str) -> str:
    """What a command that succeeds prints."""
    capsys.readouterr()
    assert main(arguments, layout) == 0
    return capsys.readouterr().out


def profile(layout: Layout, name: str) -> boto3.Session:
    session = botocore.session.Session(profile=name)
    session.set_config_variable("config_file", str(layout.aws_config))
    return boto3.Session(botocore_session=session)


def test_up_deploys_and_proves_and_the_second_time_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = Layout(tmp_path)
    try:
        first = printed(capsys, layout, "up")
        assert "AWS provider  7.51.1" in first
        assert "Everything came out as expected; 82 cells: 82 as expected" in first
        assert first.endswith("\ndeployed\n")
        assert layout.aws_config.stat().st_mode & 0o777 == 0o600
        with layout.aws_config.open("a") as config:
            config.write("[profile mine]\ncredential_process = tell 100% of it\n\n")
        keys = layout.aws_config.read_text()

        second = printed(capsys, layout, "up")
        assert "Everything came out as expected" in second
        assert second.endswith("\nnothing had to be changed\n")
        assert layout.aws_config.read_text() == keys

        outputs = json.loads(printed(capsys, layout, "outputs", "--json"))
        assert outputs["production"]["roleArn"] == ROLE_ARN
        assert outputs["development"]["assumableRoles"]["Developers"]["allow"] == [ROLE_ARN]
        assert ROLE_ARN in printed(capsys, layout, "outputs")
        assert printed(capsys, layout, "status").count(", deployed") == 2

        david, theresa = profile(layout, "David"), profile(layout, "Theresa")
        assert david.client("sts").get_caller_identity()["Arn"] == "arn:aws:iam::111111111111:user/David"
        david.client("sts").assume_role(RoleArn=ROLE_ARN, RoleSessionName="David")
        sts = theresa.client("sts")
        with pytest.raises(sts.exceptions.ClientError, match="AccessDenied"):
            sts.assume_role(RoleArn=ROLE_ARN, RoleSessionName="Theresa")
    finally:
        assert main(["down"], layout) == 0
    assert "not running" in printed(capsys, layout, "status")
    assert "is forgotten" in printed(capsys, layout, "down", "--wipe")
    assert not tmp_path.exists()


def test_env_is_for_a_shell_to_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_OF_TOMORROW", "elsewhere")
    monkeypatch.setenv("AWS_; exit 1", "a name that no shell knows")
    layout = Layout(tmp_path)
    layout.emulator_record.write_text(json.dumps({"port": 12345}))
    make_key(layout.secret_key)
    lines = printed(capsys, layout, "env", "development")
    script = f"{lines}\n'{sys.executable}' -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    stale = {**os.environ, "AWS_PROFILE": "mine", "AWS_SESSION_TOKEN": "mine", "AWS_OF_TOMORROW": "mine"}
    done = subprocess.run(["/bin/sh", "-c", script], env=stale, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["AWS_ACCESS_KEY_ID"] == "111111111111"
    assert found["AWS_ENDPOINT_URL"] == "https://127.0.0.1:12345"
    assert found["AWS_CONFIG_FILE"] == str(layout.aws_config)
    assert found["PULUMI_OPTION_STACK"] == "development"
    assert {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_OF_TOMORROW"}.isdisjoint(found)


@pytest.mark.parametrize("command", [["outputs"], ["env", "production"]])
def test_a_sandbox_that_was_never_started_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert main(command, Layout(tmp_path)) == 1
    assert capsys.readouterr().err.splitlines() == [
        "sandbox: nothing is deployed; run `python -m sandbox up`"
        if command == ["outputs"]
        else "sandbox: the sandbox was never started; run `python -m sandbox up`"
    ]

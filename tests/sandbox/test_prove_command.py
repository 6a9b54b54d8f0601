"""``access prove`` as people type it, against a deployed sandbox."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from access.accounts import Account, Session
from access.credentials import Credentials
from access.errors import AccessError
from access.participants import Participant
from access.prove.proof import Settings, prove
from access.prove.reports import html_report, json_report, junit_report, markdown_report, text_report
from access.stack_outputs import parse_stack_outputs
from sandbox.engine import environment
from sandbox.layout import REPOSITORY
from sandbox.profiles import OUTSIDER, write_profiles
from tests.sandbox.conftest import Sandbox

STACKS = {"production": "999999999999", "development": "111111111111"}
PROVE = ["prove", *STACKS, "--outsider", OUTSIDER, "--create-probes", "--wait", "0"]


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox with both stacks deployed and its profiles written."""
    made = Sandbox(tmp_path_factory.mktemp("prove-command"))
    try:
        made.deploy()
        write_profiles(made.layout, made.emulator, made.accounts)
        yield made
    finally:
        made.emulator.stop()


def command(sandbox: Sandbox) -> dict[str, Any]:
    """How the command is run: as after ``eval "$(python -m sandbox env development)"``."""
    variables = {**os.environ, **environment(sandbox.layout, sandbox.emulator, "development")}
    # Here two stacks are read; the variable names one for the CLI's own commands.
    variables["PATH"] = f"{sandbox.cli.path.parent}:{variables['PATH']}"
    return {"cwd": REPOSITORY, "env": variables, "text": True}


def access(sandbox: Sandbox, *arguments: str) -> subprocess.CompletedProcess[str]:
    whole = [sys.executable, "-m", "access", *arguments]
    return subprocess.run(whole, capture_output=True, check=False, **command(sandbox))


def test_the_proof_is_told_in_every_form(proved: Sandbox, tmp_path: Path) -> None:
    forms = {name: tmp_path / f"proof.{name}" for name in ("json", "junit", "markdown", "html")}
    done = access(proved, *PROVE, *(word for name, path in forms.items() for word in (f"--{name}", str(path))))
    assert done.returncode == 0, done.stderr
    assert "Everything came out as expected; 106 cells" in done.stdout
    assert done.stderr.splitlines()[1:] == [
        "switching into roles",
        "trying what can be done there",
        "removing what was made for the proof",
    ]
    assert all("UpdateApp" in path.read_text() for path in forms.values())
    proof = json_report.parse(forms["json"].read_text())
    assert (len(proof.cells), proof.holds) == (106, True)

    again = access(proved, *PROVE, "--json", "-")
    assert json_report.parse(again.stdout).holds
    changed = tmp_path / "changed.json"
    changed.write_text(again.stdout)
    difference = access(proved, "diff", str(forms["json"]), str(changed))
    assert (difference.returncode, difference.stderr) == (0, "")
    assert "Nobody gained or lost anything." in difference.stdout
    assert proved.left_over_probes() == []


def test_a_red_proof_fails_and_a_comparison_tells_who_gained(proved: Sandbox, tmp_path: Path) -> None:
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    assert access(proved, *PROVE, "--json", str(before)).returncode == 0
    iam = proved.accounts.administrator(STACKS["development"]).iam
    names = {"GroupName": "Testers", "PolicyName": "deny-assume-S3-role-in-production"}
    document = json.dumps(iam.get_group_policy(**names)["PolicyDocument"])
    iam.put_group_policy(**names, PolicyDocument=document.replace('"Deny"', '"Allow"'))
    try:
        red = access(proved, *PROVE, "--json", str(after))
    finally:
        iam.put_group_policy(**names, PolicyDocument=document)
    assert red.returncode == 1
    assert "NOT AS EXPECTED" in red.stdout
    told = access(proved, "diff", str(before), str(after)).stdout
    assert "member of development/Testers" in told
    assert "gained" in told.lower()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_an_interrupted_proof_leaves_nothing_and_a_killed_one_is_cleaned_up(
    proved: Sandbox, number: signal.Signals, code: int
) -> None:
    whole = [sys.executable, "-m", "access", *PROVE]
    with subprocess.Popen(whole, stderr=subprocess.PIPE, stdout=subprocess.PIPE, **command(proved)) as proving:
        assert proving.stderr is not None
        for line in proving.stderr:
            if line.startswith("switching into roles"):
                proving.send_signal(number)
                break
        told = proving.stderr.read()
    assert proving.returncode == code
    assert "Traceback" not in told
    if number != signal.SIGKILL:
        assert told.splitlines()[-1] == "access: interrupted"
    else:
        assert proved.left_over_probes() != []
        cleaned = access(proved, *PROVE, "--clean")
        assert cleaned.returncode == 0, cleaned.stderr
        assert "removed user access-probe-" in cleaned.stdout
    assert proved.left_over_probes() == []
    assert "nothing to remove" in access(proved, *PROVE, "--clean").stdout


def test_without_probes_people_try_and_nothing_is_written(proved: Sandbox) -> None:
    saved = {path: path.read_bytes() for path in proved.layout.emulator_state.rglob("*") if path.is_file()}
    done = access(proved, "prove", *STACKS, "--as", "David", "--as", "Theresa", "--wait", "0", "--json", "-")
    assert done.returncode == 0, done.stderr
    proof = json_report.parse(done.stdout)
    assert [(it.name, it.groups) for it in proof.principals] == [
        ("profile David", ("Developers",)),
        ("profile Theresa", ("Testers",)),
    ]
    assert {(cell.principal, cell.result) for cell in proof.cells if cell.action == "assume the role"} == {
        ("profile David", "ALLOW"),
        ("profile Theresa", "DENY"),
    }
    assert {cell.action for cell in proof.cells if cell.result == "ALLOW"} == {
        "assume the role",
        "list the names of all buckets of 999999999999",
        "find out in which region productionapp is",
        "list productionapp",
    }
    assert len(proof.not_tried) == 1
    # Access keys remember when they were used; nothing else is to be different.
    differing = [path.name for path, before in saved.items() if path.read_bytes() != before]
    assert [name for name in differing if not name.startswith(("iam", "sts"))] == []
    assert proved.left_over_probes() == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["prove", "production"], "access: nobody is there to try: pass --create-probes, or --as with the profile"),
        (["prove", "development", "--create-probes"], "access: none of the stacks exports a role"),
        (["prove", "nowhere"], "access: profile 'nowhere' is not in the AWS configuration; there are: production, "),
        (
            ["prove", "production", "--profile", "production=development", "--create-probes"],
            "access: profile 'development' leads to account 111111111111, but role UpdateApp is in 999999999999",
        ),
        (["prove", "production", "--profile", "development=x"], "access: --profile development=x: 'development' is "),
        (["diff", "missing.json", "missing.json"], "access: missing.json can't be read: "),
        (["diff", "README.md", "README.md"], "access: README.md: "),
    ],
)
def test_what_can_not_be_proved_is_told_in_one_line(proved: Sandbox, arguments: list[str], told: str) -> None:
    done = access(proved, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(told)
    assert len(done.stderr.splitlines()) == 1
    assert proved.left_over_probes() == []


@pytest.mark.parametrize(
    "arguments",
    [[], ["production", "--wait", "-1"], ["production", "--at-once", "0"], ["production", "--profile", "production"]],
)
def test_what_is_not_understood_is_told_with_code_2(proved: Sandbox, arguments: list[str]) -> None:
    assert access(proved, "prove", *arguments).returncode == 2


def test_no_secret_is_told(proved: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets: list[str] = []
    sign_in = Account.session

    def session(account: Account, credentials: Credentials) -> Session:
        secrets.extend(filter(None, (credentials.secret_access_key, credentials.session_token)))
        return sign_in(account, credentials)

    monkeypatch.setattr(Account, "session", session)
    config = proved.layout.aws_config
    participants = [
        Participant(Account(stack, config), parse_stack_outputs(stack, proved.engine.outputs(stack)))
        for stack in STACKS
    ]
    told: list[str] = []
    proof = prove(participants, Settings(create_probes=True, patience=0), progress=told.append)
    told += [report.render(proof) for report in (json_report, junit_report, markdown_report, html_report)]
    told += [text_report.render(proof, colour=True), repr(proof)]
    assert len(secrets) > 10
    assert [secret for secret in secrets if any(secret in text for text in told)] == []


def test_a_proof_that_fails_midway_is_cleaned_up(proved: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AccessError("midway")

    monkeypatch.setattr("access.prove.proof._enter", fail)
    outputs = proved.engine.outputs("production")
    participants = [
        Participant(Account("production", proved.layout.aws_config), parse_stack_outputs("production", outputs)),
        Participant(Account(OUTSIDER, proved.layout.aws_config)),
    ]
    with pytest.raises(AccessError, match="midway"):
        prove(participants, Settings(create_probes=True, patience=0))
    assert proved.left_over_probes() == []

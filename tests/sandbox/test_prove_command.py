"""Test the command ``access prove`` against a deployed sandbox."""

import json
import os
import re
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
from sandbox.layout import REPOSITORY
from sandbox.profiles import OUTSIDER
from tests.sandbox.conftest import Sandbox, copy_of

STACKS = {"production": "999999999999", "development": "111111111111"}
PROVE = ["prove", *STACKS, "--outsider", OUTSIDER, "--create-probes", "--wait", "0"]


@pytest.fixture(scope="module")
def proved(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Return a sandbox with both stacks deployed and its profiles written."""
    made = copy_of(template, tmp_path_factory.mktemp("prove-command"))
    try:
        made.write_profiles()
        yield made
    finally:
        made.emulator.stop()


def command(sandbox: Sandbox) -> dict[str, Any]:
    """Return the command's environment, as after ``eval "$(python -m sandbox env development)"``."""
    variables = {**os.environ, **sandbox.engine.environment("development")}
    # The command reads the stacks' outputs with this CLI.
    variables["PATH"] = f"{sandbox.cli.path.parent}:{variables['PATH']}"
    return {"cwd": REPOSITORY, "env": variables, "text": True}


def access(sandbox: Sandbox, *arguments: str) -> subprocess.CompletedProcess[str]:
    whole = [sys.executable, "-m", "access", *arguments]
    return subprocess.run(whole, capture_output=True, check=False, **command(sandbox))


def test_the_proof_is_reported_in_every_format(proved: Sandbox, tmp_path: Path) -> None:
    forms = {name: tmp_path / f"proof.{name}" for name in ("json", "junit", "markdown", "html")}
    done = access(proved, *PROVE, *(word for name, path in forms.items() for word in (f"--{name}", str(path))))
    assert done.returncode == 0, done.stderr
    assert "20 readings: 20 as declared, 0 not; 82 cells" in done.stdout
    assert done.stderr.splitlines()[3:] == [
        "waiting until AWS knows the users",
        "assuming roles",
        "testing the rights in the roles",
        "removing the test resources",
    ]
    assert all("UpdateApp" in path.read_text() for path in forms.values())
    proof = json_report.parse(forms["json"].read_text())
    assert (len(proof.cells), proof.holds) == (82, True)

    again = access(proved, *PROVE, "--json", "-")
    assert json_report.parse(again.stdout).holds
    changed = tmp_path / "changed.json"
    changed.write_text(again.stdout)
    difference = access(proved, "diff", str(forms["json"]), str(changed))
    assert (difference.returncode, difference.stderr) == (0, "")
    assert difference.stdout.startswith("## Nobody gained or lost anything\n")
    assert proved.left_over_probes() == []


def test_a_red_proof_fails_and_a_comparison_names_gains(proved: Sandbox, tmp_path: Path) -> None:
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
    difference = access(proved, "diff", str(before), str(after))
    assert difference.returncode == 1
    assert difference.stdout.startswith("## Gained, not expected: member of development/Testers, ")
    assert access(proved, "diff", str(after), str(before)).returncode == 0


def interrupted(sandbox: Sandbox, phase: str, *numbers: signal.Signals) -> tuple[int, str]:
    """Send signals to a proof when a phase begins, and return its exit code and the rest of its errors."""
    whole = [sys.executable, "-m", "access", *PROVE]
    with subprocess.Popen(whole, stderr=subprocess.PIPE, stdout=subprocess.PIPE, **command(sandbox)) as proving:
        assert proving.stderr is not None
        for line in proving.stderr:
            if line.startswith(phase):
                for number in numbers:
                    proving.send_signal(number)
                break
        errors = proving.stderr.read()
    assert "Traceback" not in errors
    return proving.returncode, errors


@pytest.mark.parametrize(
    ("phase", "numbers"),
    [
        ("creating users", (signal.SIGINT,)),
        ("assuming roles", (signal.SIGTERM,)),
        ("testing the rights", (signal.SIGHUP, signal.SIGTERM)),
        ("removing the test resources", (signal.SIGINT, signal.SIGINT)),
    ],
)
def test_an_interrupted_proof_leaves_nothing(proved: Sandbox, phase: str, numbers: tuple[signal.Signals, ...]) -> None:
    code, errors = interrupted(proved, phase, *numbers)
    assert (code, errors.splitlines()[-1]) == (130, "access: interrupted")
    assert proved.left_over_probes() == []


def test_an_interrupted_removal_reports_the_rest(proved: Sandbox) -> None:
    code, errors = interrupted(proved, "removing the test resources", signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    last, left = errors.splitlines()[-1], proved.left_over_probes()
    if code == 130:  # the removal ended before the third signal
        assert (last, left) == ("access: interrupted", [])
    else:  # unanswered removals are named, though the emulator may have done them since
        assert code == 1
        assert last.startswith("access: not removed: ")
        assert "access prove … --clean" in last
    access(proved, *PROVE, "--clean", "--yes")
    assert proved.left_over_probes() == []


def test_leftovers_of_a_killed_proof_are_listed_and_removed_with_yes(proved: Sandbox) -> None:
    assert interrupted(proved, "assuming roles", signal.SIGKILL)[0] == -signal.SIGKILL
    left = proved.left_over_probes()
    assert left
    listed = access(proved, *PROVE, "--clean")
    assert listed.returncode == 0, listed.stderr
    assert "add --yes" in listed.stdout.splitlines()[-1]
    assert proved.left_over_probes() == left
    cleaned = access(proved, *PROVE, "--clean", "--yes")
    assert cleaned.returncode == 0, cleaned.stderr
    assert re.fullmatch(r"removed \d+: \d+ in account 111111111111, \d+ in .*", cleaned.stdout.splitlines()[-1])
    assert proved.left_over_probes() == []
    assert access(proved, *PROVE, "--clean").stdout == "no leftovers\n"


def test_without_probes_profiles_test_and_nothing_is_written(proved: Sandbox) -> None:
    saved = {path: path.read_bytes() for path in proved.layout.emulator_state.rglob("*") if path.is_file()}
    done = access(proved, "prove", *STACKS, "--as", "David", "--as", "Theresa", "--wait", "0", "--json", "-")
    assert done.returncode == 0, done.stderr
    proof = json_report.parse(done.stdout)
    assert [(item.name, item.groups) for item in proof.principals] == [
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
    # Access keys store their last use; nothing else may differ.
    differing = [path.name for path, before in saved.items() if path.read_bytes() != before]
    assert [name for name in differing if not name.startswith(("iam", "sts"))] == []
    assert proved.left_over_probes() == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["prove", "production", "--project", "nowhere"], "access: nowhere has no Pulumi.yaml"),
        (["prove", "production", "--declared", "nowhere.json"], "access: nowhere.json can't be read: "),
        (["prove", "production", "--declared", "README.md"], "access: README.md: not JSON"),
        (["prove", "production", "--yes"], "access: --yes needs --clean"),
        ([*PROVE, "--json", "nowhere/proof.json"], "access: nowhere/proof.json can't be written: No such file"),
        (["prove", "development", "--create-probes"], "access: none of the stacks exports a role"),
        (["prove", "nowhere"], "access: profile 'nowhere' is not in the AWS configuration; there are: production, "),
        (
            ["prove", "production", "--profile", "production=development", "--create-probes"],
            "access: profile 'development' leads to account 111111111111, but role UpdateApp is in 999999999999",
        ),
        (
            ["prove", "production", "--stack-profile", "development=x"],
            "access: --stack-profile development=x: 'development' is ",
        ),
        (["diff", "missing.json", "missing.json"], "access: missing.json can't be read: "),
        (["diff", "README.md", "README.md"], "access: README.md: "),
    ],
)
def test_errors_are_reported_in_one_line(proved: Sandbox, arguments: list[str], message: str) -> None:
    done = access(proved, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(message)
    assert len(done.stderr.splitlines()) == 1
    assert proved.left_over_probes() == []


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["production", "--wait", "-1"],
        ["production", "--at-once", "0"],
        ["production", "--stack-profile", "production"],
    ],
)
def test_invalid_arguments_exit_with_2(proved: Sandbox, arguments: list[str]) -> None:
    assert access(proved, "prove", *arguments).returncode == 2


def test_no_secret_is_printed(proved: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
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
    texts: list[str] = []
    proof = prove(participants, Settings(create_probes=True, wait_seconds=0), progress=texts.append)
    texts += [report.render(proof) for report in (json_report, junit_report, markdown_report, html_report)]
    texts += [text_report.render(proof, colour=True), repr(proof)]
    assert len(secrets) > 10
    assert [secret for secret in secrets if any(secret in text for text in texts)] == []


def test_a_failed_proof_is_cleaned_up(proved: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AccessError("midway")

    monkeypatch.setattr("access.prove.proof._test_assume_role", fail)
    outputs = proved.engine.outputs("production")
    participants = [
        Participant(Account("production", proved.layout.aws_config), parse_stack_outputs("production", outputs)),
        Participant(Account(OUTSIDER, proved.layout.aws_config)),
    ]
    with pytest.raises(AccessError, match="midway"):
        prove(participants, Settings(create_probes=True, wait_seconds=0))
    assert proved.left_over_probes() == []

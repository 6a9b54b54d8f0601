"""Faults of AWS, the network and this machine: each is one line, and never a traceback."""

import gc
import json
import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from access.__main__ import main
from access.switch.published import write_published
from tests.support.http_server import Request, Response, serving
from tests.support.role_list import ARN, PUBLISHED

REPOSITORY = Path(__file__).parents[4]
COMMANDS = {
    "exec": ["exec", ARN, "--", "true"],
    "env": ["env", ARN, "--shell", "bash"],
    "credential-process": ["credential-process", ARN],
    "console": ["console", ARN],
    "profile": ["profile", ARN],
    "whoami": ["whoami"],
    "revoke": ["revoke", ARN],
    "roles": ["roles"],
}
SECRET = "of a captive portal"  # noqa: S105
HTML = f"<html><body>{SECRET}</body></html>"
NOT_AWS = "with something that is not from AWS (HTML page, cut short); check the network or proxy"


def refusal(code: str) -> Response:
    return Response(f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>", 403)


FAULTS = {
    "cut": (Response("<GetCallerIdentityResponse><Get", missing=500), NOT_AWS),
    "ends early": (Response("<GetCallerIdentityResponse><Get"), NOT_AWS),
    "empty": (Response(), NOT_AWS),
    "HTML": (Response(HTML), NOT_AWS),
    "HTML 502": (Response(HTML, 502), "HTTP 502 Bad Gateway (GetCallerIdentity) instead of an answer of AWS"),
    "expired": (refusal("ExpiredToken"), "the credentials of the environment variables have expired"),
    "throttled": (refusal("Throttling"), "AWS limits the requests of this account (Throttling); try again in a minute"),
}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set up a home with a list of roles, keys in the environment, and one attempt at each call."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "XDG_"))]:
        monkeypatch.delenv(name)
    write_published(tmp_path / "roles.json", PUBLISHED)
    for name, value in {
        "HOME": str(tmp_path),
        "ACCESS_ROLES": str(tmp_path / "roles.json"),
        "AWS_ACCESS_KEY_ID": "AKIASTART",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    monkeypatch.setattr("access.switch.callers._ATTEMPTS", 1)
    yield
    gc.enable()  # a switch disables it


def only_line(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    """Return the one line that a failing command prints; `roles` still lists the known roles."""
    code = main(arguments)
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    if arguments == ["roles"]:
        assert (code, len(printed.out.splitlines())) == (0, 2)
        assert line.startswith("access: your rights to these roles are unknown: ")
    else:
        assert (code, printed.out) == (1, "false\n" if arguments[0] == "env" else "")
        assert line.startswith("access: ")
    assert SECRET not in line
    return line


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
class TestAws:
    @pytest.mark.parametrize(("response", "expected"), FAULTS.values(), ids=FAULTS)
    def test_a_wrong_answer(
        self,
        machine: None,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        arguments: list[str],
        response: Response,
        expected: str,
    ) -> None:
        with serving(lambda request: response) as address:
            monkeypatch.setenv("AWS_ENDPOINT_URL", address)
            assert expected in only_line(capsys, arguments)

    def test_no_answer_in_time(
        self, machine: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
    ) -> None:
        ended = threading.Event()

        def respond(request: Request) -> Response:
            ended.wait(20)
            return Response()

        monkeypatch.setattr("access.switch.callers._READ_SECONDS", 0.05)
        with serving(respond) as address:
            monkeypatch.setenv("AWS_ENDPOINT_URL", address)
            line = only_line(capsys, arguments)
            ended.set()
        assert line.endswith(f"{address} does not answer; check the network, HTTPS_PROXY and AWS_ENDPOINT_URL")


def test_an_unexpected_timeout(
    machine: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Botocore's timeouts are OSErrors too, with an unhelpful text."""
    from botocore.exceptions import ReadTimeoutError

    def fail(options: object) -> int:
        raise ReadTimeoutError(endpoint_url="https://me:secret@127.0.0.1:1/")

    monkeypatch.setattr("access.switch.commands._whoami", fail)
    assert only_line(capsys, ["whoami"]) == (
        "access: AWS: https://127.0.0.1:1 does not answer; check the network, HTTPS_PROXY and AWS_ENDPOINT_URL"
    )


def test_github_sends_half_an_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": 1}}))
    with serving(lambda request: Response("[{", missing=500)) as address:
        for name, value in {
            "API_URL": address,
            "EVENT_PATH": str(tmp_path / "event.json"),
            "REPOSITORY": "o/r",
            "RUN_ID": "1",
            "SERVER_URL": address,
            "TOKEN": "t",
        }.items():
            monkeypatch.setenv(f"GITHUB_{name}", value)
        assert only_line(capsys, ["comment", str(tmp_path / "missing")]).startswith("access: GitHub can't be reached: ")


@pytest.mark.parametrize("command", ["diff", "render --check --markdown"])
def test_an_unreadable_file(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    files = [str(tmp_path)] * (2 if command == "diff" else 1)
    project = ["--project", str(REPOSITORY)] if command != "diff" else []
    assert only_line(capsys, [*command.split(), *files, *project]).endswith(f"{tmp_path} can't be read: Is a directory")


def test_a_home_of_another_user(
    machine: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `sudo -E`: the switch works, and keeps nothing there."""

    def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if ".cache" in path.parts:
            raise PermissionError(13, "Permission denied", str(path))
        return os.stat(path, follow_symlinks=follow_symlinks)  # noqa: PTH116

    monkeypatch.setattr("pathlib.Path.stat", stat)
    monkeypatch.setattr("pathlib.Path.lstat", lambda path: stat(path, follow_symlinks=False))
    assert main(["forget"]) == 0
    assert capsys.readouterr().out == "0 kept sessions dropped\n"
    with serving(lambda request: refusal("Throttling")) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        assert "(Throttling); try again" in only_line(capsys, COMMANDS["exec"])


FULL = "access: standard output: No space left on device\n"


@pytest.mark.parametrize(
    ("command", "redirection", "code", "expected"),
    [
        ("forget", ">/dev/full", 1, FULL),
        ("forget", ">&-", 0, ""),
        ("completion bash", "<&- >&- 2>&-", 0, ""),
        ("--help", ">/dev/full", 1, FULL),
        ("exec arn:x", ">/dev/full", 1, "access: 'arn:x' is not a role's ARN;"),
        ("exec {ARN} <&-", ">&-", 1, "access: no command is given"),
        ("exec {ARN} -- sh -c 'exit 7'", ">&-", 7, ""),
    ],
)
def test_standard_output(
    machine: None,
    monkeypatch: pytest.MonkeyPatch,
    sts: str,
    command: str,
    redirection: str,
    code: int,
    expected: str,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", sts)
    line = f"{shlex.quote(sys.executable)} -m access {command.format(ARN=ARN)} {redirection}"
    script = f"set -o pipefail; {line}"
    done = subprocess.run(["/bin/bash", "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert done.stderr.startswith(expected) if expected else done.stderr == ""
    assert len(done.stderr.splitlines()) <= 1


def test_a_closed_pipe(machine: None) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "access", "forget"]
    done = subprocess.run(command, cwd=REPOSITORY, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.fixture
def sts() -> Iterator[str]:
    answers = {
        "GetCallerIdentity": "<Arn>arn:aws:iam::111111111111:user/David</Arn>",
        "AssumeRole": (
            "<Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
            "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
        ),
    }

    def respond(request: Request) -> Response:
        action = next(name for name in answers if f"Action={name}" in request.body)
        return Response(f"<{action}Response><{action}Result>{answers[action]}</{action}Result></{action}Response>")

    with serving(respond) as address:
        yield address

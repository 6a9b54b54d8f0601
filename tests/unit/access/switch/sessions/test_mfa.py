"""MFA: which device, and the prompt for its code on a terminal."""

import json
import shlex
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from access.switch.roles import Role
from access.switch.sessions import Choices
from tests.support.fake_sts import ARN, DEVICE, IN_ROLE, ON_TERMINAL, Aws, refused, session
from tests.unit.conftest import REPOSITORY


class TestMfa:
    @pytest.fixture(autouse=True)
    def asked_for(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        serials: list[str] = []

        def ask(serial: str) -> str:
            serials.append(serial)
            return "123456"

        monkeypatch.setattr("access.terminal.ask_for_code", ask)
        return serials

    WANTS = Role(ARN, "UpdateApp", requires_mfa=True)

    def test_the_device_of_the_option(self, aws: Aws, asked_for: list[str]) -> None:
        session(Choices(mfa_serial="GAHT12345678"), self.WANTS)
        assert asked_for == ["GAHT12345678"]
        assert (aws.asked[-1]["SerialNumber"], aws.asked[-1]["TokenCode"]) == ("GAHT12345678", "123456")
        assert "ListMFADevices" not in aws.actions

    def test_the_device_of_the_role_s_profile(self, aws: Aws, asked_for: list[str]) -> None:
        session(role=Role(ARN, "UpdateApp", mfa_serial="of-the-role"))
        assert asked_for == ["of-the-role"]

    def test_the_device_of_the_profile_to_start_from(self, aws: Aws, asked_for: list[str], tmp_path: Path) -> None:
        keys = "aws_access_key_id = A\naws_secret_access_key = B\n"
        (tmp_path / "config").write_text(f"[profile dev]\nmfa_serial = of-the-start\n{keys}")
        session(Choices(profile="dev"))
        assert asked_for == ["of-the-start"]

    def test_the_only_device_that_shows_codes(self, aws: Aws, asked_for: list[str]) -> None:
        aws.devices = ["arn:aws:iam::111111111111:u2f/user/David/key", DEVICE]
        session(role=self.WANTS)
        assert asked_for == [DEVICE]
        session(role=self.WANTS)
        assert asked_for == [DEVICE]
        assert aws.actions.count("ListMFADevices") == 1

    def test_no_mfa_unless_required(self, aws: Aws, asked_for: list[str]) -> None:
        session()
        assert asked_for == []
        assert "ListMFADevices" not in aws.actions

    @pytest.mark.parametrize(
        ("devices", "reason"),
        [
            ([], "you have no device that shows codes"),
            (["arn:aws:iam::111111111111:u2f/user/David/key"], "you have no device that shows codes"),
            ([DEVICE, "second"], f"you have several devices; use --mfa-serial: {DEVICE}, second"),
        ],
    )
    def test_no_device_or_several(self, aws: Aws, devices: list[str], reason: str) -> None:
        aws.devices = devices
        assert reason in refused(role=self.WANTS)

    def test_devices_cannot_be_listed(self, aws: Aws) -> None:
        aws.refusals["ListMFADevices"] = ("AccessDenied", "no")
        assert "can't be listed (AccessDenied); use --mfa-serial ARN" in refused(role=self.WANTS)

    def test_a_role_session_cannot_use_mfa(self, aws: Aws) -> None:
        aws.caller = IN_ROLE
        assert "requires MFA, which a session of role 'Admin' can't use; start from your own keys" in refused(
            role=self.WANTS
        )

    def test_a_wrong_code(self, aws: Aws) -> None:
        message = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
        aws.refusals["AssumeRole"] = ("AccessDenied", message)
        assert refused(role=self.WANTS).startswith("AWS refuses the MFA code: each works once")


ASK = [sys.executable, "-m", "access", "credential-process", ARN, "--mfa-serial", DEVICE]


def typed_at_prompt(typed: str, given: Path) -> tuple[int, str]:
    """Type at the prompt for a code; return the exit code and the terminal's output."""
    command = [*ON_TERMINAL, "sh", "-c", f"exec {shlex.join(ASK)} > {given}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY) as terminal:
        assert terminal.stdin
        assert terminal.stdout
        never = threading.Timer(20, terminal.kill)  # in case there is no prompt
        never.start()
        shown = b""
        while not shown.endswith(b": "):
            (letter,) = terminal.stdout.read(1)
            shown += bytes([letter])
        terminal.stdin.write(typed.encode())
        terminal.stdin.flush()
        shown += terminal.stdout.read()
        never.cancel()
    return terminal.returncode, shown.decode()


def test_the_terminal_asks_for_the_code(aws: Aws, tmp_path: Path) -> None:
    given = tmp_path / "given"
    assert typed_at_prompt("123456\n", given) == (0, f"MFA code of {DEVICE}: \r\n")  # no echo
    assert aws.asked[-1]["TokenCode"] == "123456"
    assert json.loads(given.read_text())["SessionToken"] == "token-of-the-session"
    assert "123456" not in "".join(file.read_text() for file in (tmp_path / "cache").rglob("*") if file.is_file())


@pytest.mark.parametrize(
    ("typed", "code", "expected"),
    [
        ("12345\n", 1, "an MFA code has 6 digits; try again"),
        ("\x04", 1, "an MFA code has 6 digits; try again"),
        ("\x03", 130, "interrupted"),
    ],
    ids=["short", "end of input", "Ctrl-C"],
)
def test_an_invalid_code(aws: Aws, tmp_path: Path, typed: str, code: int, expected: str) -> None:
    ended, shown = typed_at_prompt(typed, tmp_path / "given")
    assert ended == code
    assert shown.endswith(f"access: {expected}\r\n")
    assert "AssumeRole" not in aws.actions


def test_no_terminal_for_the_code(aws: Aws) -> None:
    done = subprocess.run(
        ASK, input="123456\n", cwd=REPOSITORY, capture_output=True, text=True, start_new_session=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"access: the role requires an MFA code ({DEVICE}), and there is no terminal to ask for it;"
        " run it once in a terminal: the session is kept for later runs\n"
    )

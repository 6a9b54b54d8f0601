"""Requests for a session, the cache, and messages of refusals, over HTTP with a fake STS."""

import gc
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from botocore.exceptions import TokenRetrievalError, UnauthorizedSSOTokenError

from access.__main__ import main
from access.command_line import COMMAND
from access.errors import AccessError
from access.switch.commands import _EXEC_FLAGS
from access.switch.config_file import read_profiles
from access.switch.failures import one_line_error
from access.switch.profiles import profile_settings
from access.switch.roles import Role, find_role
from access.switch.sessions import Choices, SessionCredentials, Switch
from tests.support.http_server import Request, Response, serving

REPOSITORY = Path(__file__).parents[4]
ARN = "arn:aws:iam::999999999999:role/UpdateApp"
DAVID = "arn:aws:iam::111111111111:user/David"
DEVICE = "arn:aws:iam::111111111111:mfa/David"
IN_ROLE = "arn:aws:sts::111111111111:assumed-role/Admin/David"
SECRETS = ("secret-to-start-from", "secret-of-the-session", "token-of-the-session", "an-external-id", "123456")


class Aws:
    """A fake STS and IAM that records requests."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.caller = DAVID
        self.devices = [DEVICE]
        self.refusals: dict[str, tuple[str, str]] = {}
        """An error's code and message, by action."""
        self.clock = datetime.now(UTC)
        """The date of refusals."""
        self.seconds = 3600
        self.sessions = 0

    def respond(self, request: Request) -> Response:
        asked = dict(parse_qsl(request.body))
        asked.pop("Version")
        self.asked.append(asked)
        action = asked["Action"]
        if action in self.refusals:
            code, message = self.refusals[action]
            body = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
            return Response(body, 403, {"Date": format_datetime(self.clock, usegmt=True)})
        result = getattr(self, action)()
        return Response(f"<{action}Response><{action}Result>{result}</{action}Result></{action}Response>")

    def GetCallerIdentity(self) -> str:  # noqa: N802
        return f"<Arn>{self.caller}</Arn>"

    def ListMFADevices(self) -> str:  # noqa: N802
        members = "".join(f"<member><SerialNumber>{device}</SerialNumber></member>" for device in self.devices)
        return f"<MFADevices>{members}</MFADevices><IsTruncated>false</IsTruncated>"

    def AssumeRole(self) -> str:  # noqa: N802
        self.sessions += 1
        expires_at = datetime.now(UTC) + timedelta(seconds=self.seconds)
        return (
            f"<Credentials><AccessKeyId>ASIA{self.sessions}</AccessKeyId>"
            "<SecretAccessKey>secret-of-the-session</SecretAccessKey><SessionToken>token-of-the-session</SessionToken>"
            f"<Expiration>{expires_at:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>"
        )

    @property
    def actions(self) -> list[str]:
        return [asked["Action"] for asked in self.asked]


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Serve the fake AWS, with the keys of an IAM user in environment variables."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    answering = Aws()
    with serving(answering.respond) as address:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "AKIASTART",
            "AWS_SECRET_ACCESS_KEY": "secret-to-start-from",
            "AWS_ENDPOINT_URL": address,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": str(tmp_path / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        }.items():
            monkeypatch.setenv(name, value)
        yield answering
    gc.enable()  # a switch disables it


def switch(choices: Choices | None = None, role: Role | None = None) -> Switch:
    return Switch(role or Role(ARN, "UpdateApp"), choices or Choices(), read_profiles())


def session(choices: Choices | None = None, role: Role | None = None) -> SessionCredentials:
    return switch(choices, role).session()


def refused(choices: Choices | None = None, role: Role | None = None) -> str:
    with pytest.raises(AccessError) as caught:
        session(choices, role)
    output = str(caught.value)
    assert "\n" not in output
    assert not [secret for secret in SECRETS if secret in output]
    assert caught.value.__cause__ is None
    return output


def test_a_plain_session(aws: Aws) -> None:
    given = session()
    assert (given.access_key_id, given.secret_access_key) == ("ASIA1", "secret-of-the-session")
    assert given.session_token == "token-of-the-session"  # noqa: S105
    assert datetime.fromisoformat(given.expiration) == given.expires_at
    assert not [secret for secret in SECRETS if secret in repr(given)]
    assert aws.asked == [
        {"Action": "GetCallerIdentity"},
        {"Action": "AssumeRole", "RoleArn": ARN, "RoleSessionName": "David"},
    ]


def test_all_options(aws: Aws) -> None:
    session(
        Choices(
            external_id="an-external-id",
            source_identity="David",
            session_name="David-ProdUpdate",
            duration=7200,
            policy='{"Statement":[]}',
            tags={"team": "a", "cost": "b=c"},
        )
    )
    assert aws.asked[-1] == {
        "Action": "AssumeRole",
        "RoleArn": ARN,
        "RoleSessionName": "David-ProdUpdate",
        "DurationSeconds": "7200",
        "ExternalId": "an-external-id",
        "SourceIdentity": "David",
        "Policy": '{"Statement":[]}',
        "Tags.member.1.Key": "team",
        "Tags.member.1.Value": "a",
        "Tags.member.2.Key": "cost",
        "Tags.member.2.Value": "b=c",
    }


def test_requirements_of_the_role(aws: Aws) -> None:
    wants = Role(
        ARN,
        "UpdateApp",
        external_id="its-id",
        requires_source_identity=True,
        session_tags={"team": ["a"]},
        duration=900,
    )
    session(role=wants)
    assert aws.asked[-1] == {
        "Action": "AssumeRole",
        "RoleArn": ARN,
        "RoleSessionName": "David",
        "DurationSeconds": "900",
        "ExternalId": "its-id",
        "SourceIdentity": "David",
        "Tags.member.1.Key": "team",
        "Tags.member.1.Value": "a",
    }
    # Options take precedence.
    mine = Choices(external_id="mine", source_identity="Me", session_name="My", duration=901, tags={"team": "b"})
    session(mine, wants)
    assert aws.asked[-1] == {
        **aws.asked[-2],
        "RoleSessionName": "My",
        "DurationSeconds": "901",
        "ExternalId": "mine",
        "SourceIdentity": "Me",
        "Tags.member.1.Value": "b",
    }


def test_a_tag_with_several_values_must_be_chosen(aws: Aws) -> None:
    output = refused(role=Role(ARN, "UpdateApp", session_tags={"team": ["a", "b"]}))
    assert output == f"{ARN} requires the tag 'team': --tag team=a|b"
    assert "AssumeRole" not in aws.actions


class TestKept:
    def test_a_second_run_makes_no_calls(self, aws: Aws) -> None:
        first, second = session(), session()
        assert first == second
        assert aws.actions == ["GetCallerIdentity", "AssumeRole"]

    def test_a_second_run_does_not_load_botocore(self, aws: Aws) -> None:
        """Loading it takes longer than all the rest of a switch."""
        session()
        run = f"import sys; from access.__main__ import main; main(['credential-process', {ARN!r}])"
        code = f"{run}; sys.exit('botocore.session' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)["AccessKeyId"] == "ASIA1"

    def test_no_cache(self, aws: Aws, tmp_path: Path) -> None:
        session(Choices(keep=False))
        assert session(Choices(keep=False)).access_key_id == "ASIA2"
        assert session().access_key_id == "ASIA3"
        # The owner of a key is cached all the same.
        assert aws.actions.count("GetCallerIdentity") == 1

    def test_no_cache_replaces_a_kept_session(self, aws: Aws) -> None:
        session()
        assert session(Choices(keep=False)).access_key_id == session().access_key_id == "ASIA2"

    def test_sessions_are_replaced_five_minutes_early(self, aws: Aws) -> None:
        aws.seconds = 5 * 60 + 1
        session()
        assert session().access_key_id == "ASIA1"
        aws.seconds = 5 * 60 - 1
        session(Choices(duration=900))
        assert session(Choices(duration=900)).access_key_id == "ASIA3"

    @pytest.mark.parametrize(
        "choices",
        [
            Choices(external_id="an-external-id"),
            Choices(source_identity="David"),
            Choices(session_name="Dave"),
            Choices(duration=900),
            Choices(policy="{}"),
            Choices(tags={"team": "a"}),
        ],
    )
    def test_one_session_for_each_set_of_options(self, aws: Aws, choices: Choices) -> None:
        assert session().access_key_id == "ASIA1"
        assert session(choices).access_key_id == "ASIA2"
        assert session(choices).access_key_id == "ASIA2"
        assert session().access_key_id == "ASIA1"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("AWS_ACCESS_KEY_ID", "AKIAOTHER"),
            ("AWS_ENDPOINT_URL_STS", ""),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
        ],
    )
    def test_one_session_for_each_source(
        self, aws: Aws, monkeypatch: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        session(Choices(session_name="David"))
        monkeypatch.setenv(name, value or os.environ["AWS_ENDPOINT_URL"])
        assert session(Choices(session_name="David")).access_key_id == "ASIA2"

    def test_the_owner_of_a_key_is_cached_for_each_endpoint(self, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
        session()
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", os.environ["AWS_ENDPOINT_URL"])
        aws.caller = "arn:aws:iam::222222222222:user/Mallory"
        session()
        assert aws.asked[-1]["RoleSessionName"] == "Mallory"

    def test_one_session_for_each_role_and_device(self, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("access.terminal.ask_for_code", lambda serial: "123456")
        session()
        assert session(role=Role(f"{ARN}2", "UpdateApp")).access_key_id == "ASIA2"
        assert session(Choices(mfa_serial=DEVICE)).access_key_id == "ASIA3"
        assert session(Choices(mfa_serial=f"{DEVICE}2")).access_key_id == "ASIA4"
        assert session(role=Role(ARN, "UpdateApp", requires_mfa=True)).access_key_id == "ASIA5"

    def test_files_hold_only_the_session(self, aws: Aws, tmp_path: Path) -> None:
        session(Choices(external_id="an-external-id"))
        written = "".join(f"{file} {file.read_text()}" for file in (tmp_path / "cache").rglob("*") if file.is_file())
        assert "secret-of-the-session" in written
        assert "secret-to-start-from" not in written
        assert "an-external-id" not in written

    def test_a_folder_that_others_may_change_is_refused(self, aws: Aws, tmp_path: Path) -> None:
        session()
        (tmp_path / "cache" / "cross-account-access").chmod(0o777)
        assert "others can change " in refused()
        assert session(Choices(keep=False)).access_key_id == "ASIA2"

    def test_files_of_another_version_are_ignored(self, aws: Aws, tmp_path: Path) -> None:
        session()
        for file in (tmp_path / "cache" / "cross-account-access").iterdir():
            file.write_text(file.read_text().replace("secretAccessKey", "secret").replace("arn", "who"))
        assert session().access_key_id == "ASIA2"
        assert aws.actions.count("GetCallerIdentity") == 2


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
ON_TERMINAL = [sys.executable, "-c", "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"]


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


def test_an_hour_at_most_from_role_to_role(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.caller = IN_ROLE
    session(Choices(duration=3600))
    assert capsys.readouterr().err == ""
    session(Choices(duration=7200, keep=False))
    assert "DurationSeconds" not in aws.asked[-1]
    assert capsys.readouterr().err == (
        "access: you are already in role 'Admin', where AWS allows an hour at most; using 3600 seconds, not 7200\n"
    )


def test_an_hour_at_most_from_a_user_session(
    aws: Aws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of GetSessionToken")
    session(Choices(duration=7200))
    assert "DurationSeconds" not in aws.asked[-1]
    assert capsys.readouterr().err.startswith("access: you start from a session, where AWS allows an hour")


CHAIN = f"""\
[profile base]
aws_access_key_id = A
aws_secret_access_key = B
mfa_serial = {DEVICE}
[profile jump]
role_arn = arn:aws:iam::111111111111:role/Jump
source_profile = base
mfa_serial = {DEVICE}
[profile app]
role_arn = {ARN}
source_profile = jump
"""


def test_a_chain_asks_for_mfa_once(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the program's own prompt; later runs do not ask, as the session on the way is kept too."""
    serials: list[str] = []

    def ask(serial: str) -> str:
        serials.append(serial)
        return "123456"

    monkeypatch.setattr("access.aws_session.ask_for_code", ask)
    monkeypatch.setattr("access.terminal.ask_for_code", ask)
    (tmp_path / "config").write_text(CHAIN)
    role = find_role("app", read_profiles())
    assert session(role=role).access_key_id == "ASIA2"
    assert session(role=role).access_key_id == "ASIA2"
    assert session(Choices(duration=900), role).access_key_id == "ASIA3"
    assert serials == [DEVICE]
    with_device = [asked["RoleArn"] for asked in aws.asked if "SerialNumber" in asked]
    assert with_device == ["arn:aws:iam::111111111111:role/Jump"]
    # New sessions along the whole chain replace the kept ones.
    session(Choices(keep=False), role)
    assert serials == [DEVICE, DEVICE]
    session(role=role)
    assert serials == [DEVICE, DEVICE]


def test_forget_drops_the_chain_to_a_role(
    aws: Aws, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    second = "\n[profile second]\nrole_arn = arn:aws:iam::999999999999:role/Second\nsource_profile = jump\n"
    (tmp_path / "config").write_text(CHAIN.replace("mfa_serial", "region") + second)

    def forget(*role: str) -> str:
        assert main(["forget", *role]) == 0
        return capsys.readouterr().out

    for name in ("second", "app"):
        session(role=find_role(name, read_profiles()))
    session()  # of the same role, from the user's own keys
    assert forget(ARN) == "3 kept sessions dropped\n"  # the session of Jump was kept for both chains
    assert forget("second") == "1 kept session dropped\n"

    session(role=find_role("second", read_profiles()))
    session()
    assert forget("jump") == "1 kept session dropped\n"
    assert forget("second") == "1 kept session dropped\n"
    assert forget() == "1 kept session dropped\n"


def test_a_chain_without_a_terminal(aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(CHAIN)
    command = [sys.executable, "-m", "access", "exec", "app", "--", "true"]
    done = subprocess.run(
        command, input="123456\n", cwd=REPOSITORY, capture_output=True, text=True, start_new_session=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"access: the role requires an MFA code ({DEVICE}), and there is no terminal")
    assert len(done.stderr.splitlines()) == 1


def test_a_source_profile_with_a_role(aws: Aws, tmp_path: Path) -> None:
    keys = "aws_access_key_id = A\naws_secret_access_key = B\n"
    admin = "arn:aws:iam::111111111111:role/Admin"
    (tmp_path / "config").write_text(
        f"[profile base]\n{keys}[profile admin]\nrole_arn = {admin}\nsource_profile = base\n"
    )
    (tmp_path / "credentials").write_text(f"[admin]\n{keys}")  # AWS tools prefer the role to these
    session(Choices(profile="admin"))
    assert [asked["RoleArn"] for asked in aws.asked if asked["Action"] == "AssumeRole"] == [admin, ARN]


def test_a_short_name(aws: Aws) -> None:
    aws.caller = "arn:aws:iam::111111111111:user/D"
    assert refused() == "your own name 'D' is too short for a session; use --session-name"


DENIED = "User: arn:aws:iam::111111111111:user/David is not authorized to perform: {} on resource: " + ARN


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("AccessDenied", DENIED.format("sts:AssumeRole"), rf"^{DAVID} may not switch to {ARN}; the usual reasons: "),
        (
            "AccessDenied",
            DENIED.format("sts:AssumeRole") + " with an explicit deny in an identity-based policy",
            rf"^{DAVID} may not switch to {ARN} \(an explicit deny\); .*group.*MFA.*--mfa-serial.*--external-id",
        ),
        ("AccessDenied", DENIED.format("sts:SetSourceIdentity"), "with this source identity; use your own name"),
        ("AccessDenied", DENIED.format("sts:TagSession"), "with tags; check --tag, and that your group allows them"),
        ("ExpiredToken", "x", "the credentials of the environment variables have expired; get new ones"),
        ("InvalidClientTokenId", "x", "AWS does not know the access key of the environment variables"),
        ("SignatureDoesNotMatch", "x", "the secret key of the environment variables does not belong to its access key"),
        ("RequestExpired", "x", "this machine's clock is wrong, so AWS refuses its signatures; set the clock"),
        (
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            "the session is too long: The requested .*; use a shorter --duration",
        ),
        ("RegionDisabledException", "x", "STS is not active in this region; set AWS_REGION to another"),
        ("PackedPolicyTooLarge", "too large", "AWS refuses the session policy or the tags: too large"),
        ("MalformedPolicyDocument", "Syntax", "AWS refuses the session policy or the tags: Syntax"),
        ("InternalFailure", "Sorry", rf"^{ARN} can't be assumed: InternalFailure \(AssumeRole\): Sorry$"),
    ],
)
def test_refusals(aws: Aws, code: str, message: str, expected: str) -> None:
    aws.refusals["AssumeRole"] = (code, message)
    assert re.search(expected, refused(Choices(session_name="David", external_id="an-external-id")))


@pytest.mark.parametrize(
    ("hours", "expected"), [(-3, "180 minutes fast"), (3, "180 minutes slow")], ids=["fast", "slow"]
)
def test_a_wrong_clock(aws: Aws, hours: int, expected: str) -> None:
    aws.clock += timedelta(hours=hours)
    aws.refusals["AssumeRole"] = ("SignatureDoesNotMatch", "Signature expired: 20300101T000000Z is now earlier than …")
    assert refused(Choices(session_name="David")) == (
        f"this machine's clock is {expected}, so AWS refuses its signatures; set the clock"
    )


def test_the_region_of_aws_region(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert session().access_key_id == "ASIA1"


def test_a_renamed_user_is_known_next_time(aws: Aws) -> None:
    session(Choices(keep=False))
    aws.caller = "arn:aws:iam::111111111111:user/Dave"
    aws.refusals["AssumeRole"] = ("AccessDenied", DENIED.format("sts:AssumeRole"))
    assert refused(Choices(keep=False)).startswith("arn:aws:iam::111111111111:user/Dave may not")
    aws.refusals.clear()
    session(Choices(keep=False))
    assert aws.asked[-1]["RoleSessionName"] == "Dave"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "http://127.0.0.1:1 does not answer; check the network"),
        ({"AWS_PROFILE": "nobody"}, "there is no AWS profile 'nobody'; check --profile"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, "no region is set; set AWS_REGION"),
    ],
)
def test_no_answer(aws: Aws, monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str], expected: str) -> None:
    for name, value in variables.items():
        if value:
            monkeypatch.setenv(name, value)
        else:
            monkeypatch.delenv(name)
    assert refused().startswith(expected)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        # aws-cli#6046: a role needs source_profile or credential_source, as for AWS tools.
        ("credential_process = true", "profile 'app' can't be used: Partial credentials found in assume-role, missing"),
        # boto3#2546
        ("credential_source = Ec2InstanceMetadata", "profile 'app' can't be used: Error when retrieving credentials"),
        (
            "source_profile = base\nregion = us east 1",
            "'us east 1' is not a region; check AWS_REGION and the profile's",
        ),
    ],
    ids=["process", "instance", "region"],
)
def test_messages_name_the_wrong_profile(
    aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str, expected: str
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    keys = "[profile base]\naws_access_key_id = A\naws_secret_access_key = B\n"
    (tmp_path / "config").write_text(f"{keys}[profile app]\nrole_arn = {ARN}\n{settings}\n")
    assert refused(role=find_role("app", read_profiles())).startswith(expected)


SSO = """\
[sso-session dev]
sso_start_url = https://example.awsapps.com/start
sso_region = us-east-1
[profile people]
sso_session = dev
sso_account_id = 111111111111
sso_role_name = Dev
[profile old]
sso_start_url = https://example.awsapps.com/start
sso_region = us-east-1
sso_account_id = 111111111111
sso_role_name = Dev
[profile between]
role_arn = arn:aws:iam::111111111111:role/Between
source_profile = people
"""


@pytest.mark.parametrize(
    ("profile", "start"), [("people", "people"), ("old", "old"), ("between", "people")], ids=["session", "old", "chain"]
)
def test_a_missing_sign_in(aws: Aws, tmp_path: Path, profile: str, start: str) -> None:
    (tmp_path / "config").write_text(SSO)
    assert refused(Choices(profile=profile)) == (
        f"profile {profile!r} is not signed in, or no longer; run `aws sso login --profile {start}`"
    )
    assert not aws.asked


@pytest.mark.parametrize(
    "error",
    [
        TokenRetrievalError(provider="sso", error_msg="Token has expired and refresh failed"),
        UnauthorizedSSOTokenError(),
    ],
)
def test_an_expired_sign_in(error: Exception) -> None:
    assert str(one_line_error(error, "profile 'a b'", "a b")) == (
        "profile 'a b' is not signed in, or no longer; run `aws sso login --profile 'a b'`"
    )


@pytest.mark.parametrize("profile", ["signed-in", "between"])
def test_a_sign_in_without_its_package(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str) -> None:
    monkeypatch.setattr("botocore.credentials.EC", None)  # as without awscrt
    arn = "arn:aws:iam::111111111111:user/David"
    between = "role_arn = arn:aws:iam::111111111111:role/Between\nsource_profile = signed-in"
    text = f"[profile signed-in]\nlogin_session = {arn}\n[profile between]\n{between}\n"
    (tmp_path / "config").write_text(text)
    output = refused(Choices(profile=profile))
    assert output.startswith(f"profile {profile!r} can't be used: botocore[crt] is not installed; add it: ")
    assert "pipx inject --force cross-account-access 'botocore[crt]'" in output


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


@pytest.mark.parametrize(
    ("caller", "name"),
    [
        (DAVID, "David"),
        ("arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/d@example.com", "d@example.com"),
        ("arn:aws:sts::111111111111:assumed-role/Admin/botocore-session-1795568939", None),
        ("arn:aws:sts::111111111111:assumed-role/Runner/i-0123456789abcdef0", None),
    ],
    ids=["user", "Identity Center", "chain", "instance"],
)
def test_profiles_omit_the_names_of_short_lived_sessions(aws: Aws, caller: str, name: str | None) -> None:
    aws.caller = caller
    assert profile_settings(switch()).get("role_session_name") == name
    assert profile_settings(switch(Choices(session_name="me")))["role_session_name"] == "me"


def test_profiles_know_the_limit_of_an_hour(
    aws: Aws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert profile_settings(switch(Choices(duration=43200)))["duration_seconds"] == "43200"
    aws.caller = IN_ROLE
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")  # David's key is cached
    assert "duration_seconds" not in profile_settings(switch(Choices(duration=43200)))
    assert "AWS allows an hour at most; using 3600 seconds, not 43200" in capsys.readouterr().err


def test_profiles_inherit_endpoints(aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        "[profile dev]\nuse_fips_endpoint = true\nservices = local\nretry_mode = adaptive\nregion = x\noutput = json\n"
        "aws_access_key_id = A\naws_secret_access_key = B\n[services local]\ns3 =\n  endpoint_url = https://one\n"
    )
    found = profile_settings(switch(Choices(profile="dev")))
    assert (found["use_fips_endpoint"], found["services"], found["retry_mode"]) == ("true", "local", "adaptive")
    assert not found.keys() & {"output", "aws_access_key_id", "aws_secret_access_key"}


def test_profiles_with_mfa_name_tools_that_cannot_ask(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", ARN, "--mfa-serial", DEVICE]) == 0
    output = capsys.readouterr()
    assert f"mfa_serial = {DEVICE}\n" in output.out
    assert "ask for the MFA code; Terraform, Pulumi and other Go programs can't, so run them with" in output.err


def test_whoami_shows_the_expiry_of_keys_in_a_file(
    aws: Aws, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = "[saml]\naws_access_key_id = A\naws_secret_access_key = B\naws_session_token = C\n"
    (tmp_path / "credentials").write_text(f"{keys}x_security_token_expires = 2099-01-31T12:00:00+00:00\n")
    assert main(["whoami", "--profile", "saml"]) == 0
    assert "until    2099-01-31 12:00:00 UTC" in capsys.readouterr().out
    # AWS accepts the keys, so the file is wrong.
    (tmp_path / "credentials").write_text(f"{keys}x_security_token_expires = 2020-01-31T12:00:00+00:00\n")
    assert main(["whoami", "--profile", "saml"]) == 0
    assert "until    not known" in capsys.readouterr().out

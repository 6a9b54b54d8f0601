"""Anything in place of an AWS answer: one line reports it, and nothing secret is printed or written.

The secrets are made here, sent over HTTP as AWS sends them, and searched for in all output.
"""

import gc
import json
import random
import string
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, quote

import pytest
from botocore.config import Config

from access.__main__ import main
from tests.support.http_server import Request, Response, serving

REPOSITORY = Path(__file__).parents[3]
ROLE = "arn:aws:iam::999999999999:role/UpdateApp"
IN_BASE64 = string.ascii_letters + string.digits + "+/"
START_SECRET, SESSION_SECRET = ("".join(random.choices(IN_BASE64, k=40)) for _ in range(2))  # noqa: S311
SESSION_TOKEN = "".join(random.choices(IN_BASE64, k=356))  # noqa: S311
EXTERNAL_ID = "".join(random.choices(string.ascii_letters + string.digits, k=32))  # noqa: S311
SIGN_IN_TOKEN = "".join(random.choices(IN_BASE64, k=200))  # noqa: S311
SECRETS = (START_SECRET, SESSION_SECRET, SESSION_TOKEN, EXTERNAL_ID, SIGN_IN_TOKEN)
_SHOWN = 12
"""The number of consecutive characters of a secret that counts as a leak."""

PAGE = f"<!DOCTYPE html>\n<html><body>Sign in<br>{' '.join(SECRETS)}</body></html>"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}],
}
DETAILS = (
    "<UserDetailList/><RoleDetailList/><GroupDetailList><member><GroupName>Developers</GroupName>"
    f"<Arn>arn:aws:iam::111111111111:group/{EXTERNAL_ID}</Arn></member></GroupDetailList><Policies/>"
    "<IsTruncated>false</IsTruncated>"
)

FAULTS: dict[str, Callable[[str], Response]] = {
    "cut in half": lambda body: Response(body[: len(body) // 2]),
    "cut at 97 %": lambda body: Response(body[: len(body) * 97 // 100]),
    "broken off": lambda body: Response(body[: len(body) // 2], missing=len(body) // 2),
    "page": lambda body: Response(PAGE),
    "502": lambda body: Response(PAGE, 502),
    "empty": lambda body: Response(""),
    "JSON": lambda body: Response(json.dumps({"rubbish": SECRETS})),
}


@dataclass
class Aws:
    """STS, IAM, IAM Access Analyzer and the sign-in service, with one corrupted answer."""

    spoilt: str = ""
    """The operation that it answers."""
    fault: Callable[[str], Response] = Response
    asked: list[str] = field(default_factory=list)
    """The operations."""

    def respond(self, request: Request) -> Response:
        operation, body = self._answer(request)
        self.asked.append(operation)
        return self.fault(body) if operation == self.spoilt else Response(body)

    def _answer(self, request: Request) -> tuple[str, str]:
        if request.path == "/policy/validation":
            finding = {"findingType": "SUGGESTION", "issueCode": "X", "findingDetails": "y", "learnMoreLink": "z"}
            return "ValidatePolicy", json.dumps({"findings": [finding]})
        action = parse_qs(request.body)["Action"][0]
        if action == "getSigninToken":
            return action, json.dumps({"SigninToken": SIGN_IN_TOKEN})
        result = getattr(self, f"_{action}")(request)
        space = "https://sts.amazonaws.com/doc/2011-06-15/"
        return action, f'<{action}Response xmlns="{space}"><{action}Result>{result}</{action}Result></{action}Response>'

    def _GetCallerIdentity(self, request: Request) -> str:  # noqa: N802
        account = "999999999999" if "AKIAPRODUCTION" in request.headers["Authorization"] else "111111111111"
        return f"<Arn>arn:aws:iam::{account}:user/David</Arn><UserId>AIDA</UserId><Account>{account}</Account>"

    def _AssumeRole(self, request: Request) -> str:  # noqa: N802
        expires_at = datetime.now(UTC) + timedelta(hours=1)
        return (
            f"<AssumedRoleUser><Arn>{ROLE}</Arn></AssumedRoleUser><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId>"
            f"<SecretAccessKey>{SESSION_SECRET}</SecretAccessKey><SessionToken>{SESSION_TOKEN}</SessionToken>"
            f"<Expiration>{expires_at:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>"
        )

    def _ListMFADevices(self, request: Request) -> str:  # noqa: N802
        return "<MFADevices/><IsTruncated>false</IsTruncated>"

    def _GetRole(self, request: Request) -> str:  # noqa: N802
        trust = quote(json.dumps(TRUST))
        return (
            f"<Role><RoleName>UpdateApp</RoleName><Arn>{ROLE}</Arn>"
            f"<AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument></Role>"
        )

    def _ListSAMLProviders(self, request: Request) -> str:  # noqa: N802
        return "<SAMLProviderList/>"

    def _ListOpenIDConnectProviders(self, request: Request) -> str:  # noqa: N802
        return "<OpenIDConnectProviderList/>"

    def _PutRolePolicy(self, request: Request) -> str:  # noqa: N802
        return ""

    def _ListAttachedRolePolicies(self, request: Request) -> str:  # noqa: N802
        return "<AttachedPolicies/><IsTruncated>false</IsTruncated>"

    def _GetAccountAuthorizationDetails(self, request: Request) -> str:  # noqa: N802
        return DETAILS


OUTPUTS = {
    "production": {
        "contractVersion": 1,
        "roleArns": {"UpdateApp": ROLE, "Guarded": f"{ROLE}2"},
        "roleOptions": {"Guarded": {"requireMfa": True}},
        "externalIds": {"UpdateApp": EXTERNAL_ID},
    },
    "development": {"contractVersion": 1, "assumableRoles": {"Developers": {"allow": [ROLE], "deny": []}}},
    "one-role": {"contractVersion": 1, "roleArns": {"UpdateApp": ROLE}, "externalIds": {"UpdateApp": EXTERNAL_ID}},
}
CONFIG = """\
[profile production]
aws_access_key_id = AKIAPRODUCTION
aws_secret_access_key = {secret}
[profile development]
aws_access_key_id = AKIADEVELOPMENT
aws_secret_access_key = {secret}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home folder with the profiles of two administrators."""
    config = tmp_path / "home" / ".aws" / "config"
    config.parent.mkdir(parents=True)
    config.write_text(CONFIG.format(secret=START_SECRET))
    return tmp_path / "home"


@pytest.fixture
def aws(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Serve AWS, and a Pulumi with the outputs; the keys of an IAM user are in environment variables."""
    pulumi = tmp_path / "bin" / "pulumi"
    pulumi.parent.mkdir()
    pulumi.write_text('#!/bin/sh\ncat "${0%/*}/$5"\n')
    pulumi.chmod(0o755)
    for stack, outputs in OUTPUTS.items():
        (pulumi.parent / stack).write_text(json.dumps(outputs))
    answering = Aws()
    with serving(answering.respond) as address:
        for name, value in {
            "PATH": f"{pulumi.parent}:/usr/bin:/bin",
            "HOME": str(home),
            "AWS_ACCESS_KEY_ID": "AKIASTART",
            "AWS_SECRET_ACCESS_KEY": START_SECRET,
            "AWS_ENDPOINT_URL": address,
            "AWS_SIGNIN_ENDPOINT_URL": address,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_CONFIG_FILE": str(home / ".aws" / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws" / "credentials"),
            "XDG_CACHE_HOME": str(home / ".cache"),
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
        monkeypatch.setattr("access.accounts._CONFIG", Config(retries={"total_max_attempts": 1}))
        yield answering
    gc.enable()  # a switch does not need it


def secrets_in(text: str) -> list[str]:
    """Return the secrets that are partly in a text, also if quoted for a link."""
    parts = {
        secret: [secret[start : start + _SHOWN] for start in range(len(secret) - _SHOWN + 1)] for secret in SECRETS
    }
    return [secret for secret, some in parts.items() if any(part in text or quote(part, "") in text for part in some)]


def written(home: Path) -> str:
    """Return the names and contents of all files in the home, except the person's own profiles."""
    config = home / ".aws" / "config"
    assert config.read_text() == CONFIG.format(secret=START_SECRET)
    return "".join(f"{file} {file.read_text()}\n" for file in home.rglob("*") if file.is_file() and file != config)


COMMANDS = {
    "env": ["env", "production/UpdateApp", "--shell", "bash"],
    "exec": ["exec", "production/UpdateApp", "--", "true"],
    "credential-process": ["credential-process", "production/UpdateApp"],
    "console": ["console", "production/UpdateApp"],
    "profile": ["profile", "production/UpdateApp", "--write"],
    "whoami": ["whoami"],
    "revoke": ["revoke", "production/UpdateApp"],
    "lint": ["lint", "one-role", "--stack-profile", "one-role=production"],
    "bypass": ["bypass", "one-role", "development", "--stack-profile", "one-role=production"],
    "device": ["env", "production/Guarded", "--shell", "bash"],
}
SWITCHES = ("env", "exec", "credential-process", "console")
SPOILT = [
    *((command, spoilt) for command in SWITCHES for spoilt in ("GetCallerIdentity", "AssumeRole")),
    ("profile", "GetCallerIdentity"),
    ("whoami", "GetCallerIdentity"),
    ("revoke", "GetCallerIdentity"),
    ("revoke", "PutRolePolicy"),
    ("device", "ListMFADevices"),
    *(("lint", spoilt) for spoilt in ("GetAccountAuthorizationDetails", "GetRole", "ValidatePolicy")),
    *(("bypass", spoilt) for spoilt in ("GetCallerIdentity", "GetRole", "GetAccountAuthorizationDetails")),
    ("bypass", "ListSAMLProviders"),
]


def last_line(printed: str) -> str:
    """Return the only line that a command printed, except the progress of ``bypass``."""
    *others, last = printed.splitlines()
    assert not [line for line in others if not line.startswith("reading the ")]
    return last


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("command", "spoilt"), SPOILT)
def test_one_line_and_nothing_secret(
    aws: Aws, home: Path, capfd: pytest.CaptureFixture[str], command: str, spoilt: str, fault: str
) -> None:
    aws.spoilt, aws.fault = spoilt, FAULTS[fault]
    assert main(COMMANDS[command]) == 1
    printed = capfd.readouterr()
    message = last_line(printed.err)
    assert message.startswith("access: ")
    assert ("HTTP 502 Bad Gateway" if fault == "502" else "something that is not from AWS") in message
    assert spoilt in message or command == "device"
    assert not secrets_in(printed.out + printed.err + written(home))
    assert printed.out == ("false\n" if COMMANDS[command][0] == "env" else "")  # for the shell that evaluates it


@pytest.mark.parametrize(("command", "spoilt"), [("whoami", "GetCallerIdentity"), ("env", "AssumeRole")])
def test_an_error_about_neither_credentials_nor_a_role(
    aws: Aws, capfd: pytest.CaptureFixture[str], command: str, spoilt: str
) -> None:
    aws.spoilt, aws.fault = spoilt, FAULTS["502"]
    assert main(COMMANDS[command]) == 1
    assert last_line(capfd.readouterr().err) == (
        f"access: HTTP 502 Bad Gateway ({spoilt}) instead of an answer of AWS; check the network or proxy,"
        " and try again"
    )


def test_one_line_from_a_separate_process(aws: Aws) -> None:
    aws.spoilt, aws.fault = "AssumeRole", FAULTS["cut at 97 %"]
    command = [sys.executable, "-m", "access", *COMMANDS["env"]]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "false\n")
    assert last_line(done.stderr).startswith("access: 127.0.0.1:")
    assert not secrets_in(done.stderr)


def test_an_unencrypted_sign_in_is_refused(
    aws: Aws, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SIGNIN_ENDPOINT_URL", "http://sign-in.example")
    assert main(COMMANDS["console"]) == 1
    assert last_line(capfd.readouterr().err).startswith("access: AWS_SIGNIN_ENDPOINT_URL is")
    assert not aws.asked


@pytest.mark.parametrize("fault", FAULTS)
def test_a_sign_in_prints_nothing_secret(aws: Aws, home: Path, capfd: pytest.CaptureFixture[str], fault: str) -> None:
    aws.spoilt, aws.fault = "getSigninToken", FAULTS[fault]
    assert main([*COMMANDS["console"], "--no-cache"]) == 1
    printed = capfd.readouterr()
    assert printed.out == ""
    assert last_line(printed.err).startswith("access: 127.0.0.1:")
    assert not secrets_in(printed.err + written(home))


@pytest.mark.parametrize("command", COMMANDS)
def test_the_secrets_that_each_command_prints_on_purpose(
    aws: Aws, home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Check that a command without a fault prints its result and no more. The cache holds the session's keys."""
    given: dict[str, str] = {}
    monkeypatch.setattr("os.execvpe", lambda file, arguments, environment: given.update(environment))
    main([argument for argument in COMMANDS[command] if argument != "--write"])
    printed = capfd.readouterr()
    keys, cached = {SESSION_SECRET, SESSION_TOKEN}, command in SWITCHES
    shown = {
        "env": keys,
        "credential-process": keys,
        "console": {SIGN_IN_TOKEN},
        "profile": {EXTERNAL_ID},
    }.get(command, set())
    assert set(secrets_in(printed.out)) == shown
    assert not secrets_in(printed.err)
    assert set(secrets_in(written(home))) == (keys if cached else set())
    assert set(secrets_in(" ".join(given.values()))) == (keys if command == "exec" else set())

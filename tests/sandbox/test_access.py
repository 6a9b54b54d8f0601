"""Tests of ``python -m access lint`` in a deployed sandbox."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

from sandbox.layout import REPOSITORY
from tests.sandbox.conftest import Sandbox


def finding(severity: str) -> dict[str, Any]:
    return {
        "findingType": severity,
        "issueCode": "SOME_CODE",
        "findingDetails": "what is wrong",
        "learnMoreLink": "",
        "locations": [],
    }


class Analyzer:
    """A stub of IAM Access Analyzer, which the emulator lacks. It returns one finding per page."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answers: dict[str, list[dict[str, Any]]] = {}
        """The findings, by a text in the document."""

    def answer(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        url = urlparse(path)
        assert url.path == "/policy/validation"
        page = int(parse_qs(url.query).get("nextToken", ["0"])[0])
        if not page:
            self.asked.append(body)
        found = [item for text, items in self.answers.items() if text in body["policyDocument"] for item in items]
        more = {"nextToken": str(page + 1)} if page + 1 < len(found) else {}
        return {"findings": found[page : page + 1], **more}


@pytest.fixture
def analyzer() -> Iterator[tuple[Analyzer, str]]:
    """Yield an analyzer and its address."""
    answering = Analyzer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            content = json.dumps(answering.answer(self.path, body)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever).start()
    yield answering, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def administrator(sandbox: Sandbox, stack: str) -> str:
    """Return the profile of a stack's administrator."""
    found = sandbox.engine.environment(stack)
    keys = {name: found[name.upper()] for name in ("aws_access_key_id", "aws_secret_access_key")}
    return "\n".join([f"[profile {stack}]", *(f"{name} = {value}" for name, value in keys.items()), ""])


def access(sandbox: Sandbox, stack: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    config = sandbox.layout.aws_config.with_name("administrators")
    config.write_text("".join(map(partial(administrator, sandbox), ("production", "development"))))
    everything = {**os.environ, **sandbox.engine.environment(stack), "AWS_CONFIG_FILE": str(config), **variables}
    everything["PATH"] = f"{sandbox.cli.path.parent}:{everything['PATH']}"
    command = [sys.executable, "-m", "access", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, env=everything, capture_output=True, text=True, check=False)


def test_lint_checks_every_deployed_policy(read_only: Sandbox, analyzer: tuple[Analyzer, str]) -> None:
    answering, address = analyzer
    done = access(read_only, "production", "lint", "production", AWS_ENDPOINT_URL_ACCESSANALYZER=address)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "trust policy of role UpdateApp: no findings",
        "policy read-write-app-bucket of role UpdateApp: no findings",
        "policy of bucket productionapp: no findings",
    ]
    trust, identity, bucket = answering.asked
    assert trust["policyType"] == "RESOURCE_POLICY"
    assert trust["validatePolicyResourceType"] == "AWS::IAM::AssumeRolePolicyDocument"
    assert json.loads(trust["policyDocument"])["Statement"][0]["Sid"] == "TrustAccount"
    assert identity["policyType"] == "IDENTITY_POLICY"
    assert [statement["Sid"] for statement in json.loads(identity["policyDocument"])["Statement"]] == [
        "ListAllBuckets",
        "ListBucket",
        "ReadWriteObjects",
    ]
    assert (bucket["policyType"], bucket["validatePolicyResourceType"]) == ("RESOURCE_POLICY", "AWS::S3::Bucket")

    done = access(read_only, "development", "lint", "development", AWS_ENDPOINT_URL_ACCESSANALYZER=address)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == [  # groups are in the order in which they were created
        "policy allow-assume-S3-role-in-production of group Developers: no findings",
        "policy deny-assume-S3-role-in-production of group Testers: no findings",
    ]


@pytest.mark.parametrize(
    ("severities", "code"),
    [(["SUGGESTION", "WARNING"], 0), (["SUGGESTION", "SECURITY_WARNING"], 1), (["ERROR"], 1)],
    ids=["suggestions pass", "security warnings fail", "errors fail"],
)
def test_lint_fails_on_errors_and_security_warnings(
    read_only: Sandbox, analyzer: tuple[Analyzer, str], severities: list[str], code: int
) -> None:
    answering, address = analyzer
    answering.answers["TrustAccount"] = [finding(severity) for severity in severities]
    done = access(read_only, "production", "lint", "production", AWS_ENDPOINT_URL_ACCESSANALYZER=address)
    assert done.returncode == code, done.stderr
    findings = [f"  {severity} SOME_CODE: what is wrong" for severity in severities]
    assert done.stdout.splitlines() == [
        f"trust policy of role UpdateApp: {len(severities)} findings",
        *findings,
        "policy read-write-app-bucket of role UpdateApp: no findings",
        "policy of bucket productionapp: no findings",
    ]


@pytest.mark.parametrize(
    ("account", "stack", "reason"),
    [
        (
            "production",
            "nowhere",
            "access: the outputs of stack 'nowhere' can't be read: no stack named 'nowhere' found",
        ),
        (
            "development",
            "production",
            "access: role UpdateApp of 111111111111 could not be read: it does not exist; name the profile of",
        ),
        ("production", "production", "access: AWS: UnsupportedOperation (ValidatePolicy)"),
    ],
    ids=["a stack that is not there", "another account's profile", "no Access Analyzer"],
)
def test_lint_reports_a_failure_in_one_line(read_only: Sandbox, account: str, stack: str, reason: str) -> None:
    leads = ("--stack-profile", f"{stack}={account}")
    done = access(read_only, account, "lint", stack, *leads, PULUMI_OPTION_STACK=stack)
    assert done.returncode == 1
    assert done.stderr.startswith(reason)
    assert len(done.stderr.splitlines()) == 1

"""Tests of the link that opens the console in the deployed role, with a sign-in endpoint of their own."""

import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from tests.sandbox.person import (
    ARN,
    IN_ROLE,
    Person,
    failed,
    ok,
)


@dataclass
class SignIn:
    """The sign-in endpoint, which the emulator lacks."""

    address: str = ""
    status: int = 200
    answer: bytes = b'{"SigninToken": "sign-in+token"}'
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)


@pytest.fixture
def sign_in() -> Iterator[SignIn]:
    answering = SignIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            answering.asked.append((self.path, parse_qs(body)))
            self.send_response(answering.status)
            self.send_header("Content-Length", str(len(answering.answer)))
            self.end_headers()
            self.wfile.write(answering.answer)

        def log_message(self, format: str, *arguments: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    answering.address = f"http://127.0.0.1:{server.server_port}"
    yield answering
    server.shutdown()
    server.server_close()


BROWSER = """\
import http.client, json, subprocess, sys, urllib.parse

address = urllib.parse.urlsplit(sys.argv[2])
def get(path):
    connection = http.client.HTTPConnection(address.netloc)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders())

found = {"wrong path": get("/"), "first": get(address.path), "second": get(address.path)}
found["seen by all"] = subprocess.run(["ps", "-axww", "-o", "args="], capture_output=True, text=True).stdout
open(sys.argv[1], "w").write(json.dumps(found))
"""


class TestConsole:
    def test_a_link(self, developer: Person, sign_in: SignIn) -> None:
        link = urlsplit(ok(developer.access("console", ARN, AWS_SIGNIN_ENDPOINT_URL=sign_in.address)))
        assert f"{link.scheme}://{link.netloc}{link.path}" == f"{sign_in.address}/federation"
        assert parse_qs(link.query) == {
            "Action": ["login"],
            "Destination": ["https://console.aws.amazon.com/console/home?region=us-east-1"],
            "SigninToken": ["sign-in+token"],
        }
        ((path, body),) = sign_in.asked
        assert path == "/federation"  # the secrets are in the body
        assert (sorted(body), body["Action"]) == (["Action", "Session"], ["getSigninToken"])
        keys = json.loads(body["Session"][0])
        session = boto3.Session(keys["sessionId"], keys["sessionKey"], keys["sessionToken"], region_name="us-east-1")
        sts = session.client(
            "sts",
            endpoint_url=developer.variables["AWS_ENDPOINT_URL"],
            verify=developer.variables["AWS_CA_BUNDLE"],
        )
        assert sts.get_caller_identity()["Arn"] == IN_ROLE

    def test_open_hides_the_link(self, developer: Person, sign_in: SignIn) -> None:
        script, seen = developer.home / "browser.py", developer.home / "seen"
        script.write_text(BROWSER)
        variables = {
            "AWS_SIGNIN_ENDPOINT_URL": sign_in.address,
            "BROWSER": f"{sys.executable} {script} {seen} %s",
        }
        done = developer.access("console", ARN, "--open", **variables)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "access: opened in the browser\n")
        found = json.loads(seen.read_text())
        status, headers = found["first"]
        assert (status, headers["Cache-Control"], headers["Referrer-Policy"]) == (302, "no-store", "no-referrer")
        assert headers["Location"].startswith(f"{sign_in.address}/federation?")
        assert headers["Location"].endswith("SigninToken=sign-in%2Btoken")
        assert (found["wrong path"][0], found["second"][0]) == (404, 404)
        assert str(script) in found["seen by all"]
        assert "sign-in" not in found["seen by all"]

    def test_no_browser(self, developer: Person, sign_in: SignIn) -> None:
        variables = {"AWS_SIGNIN_ENDPOINT_URL": sign_in.address, "BROWSER": "false %s", "PATH": "/bin"}
        output = failed(developer.access("console", ARN, "--open", **variables))
        assert output == "access: there is no browser to open; omit --open to print the link"

    @pytest.mark.parametrize(
        ("status", "answer", "reason"),
        [
            (400, b"Invalid Credentials Parameter", "refuses the sign-in of the role's session (HTTP 400)"),
            (200, b"<html>", "did not return a sign-in token"),
            (200, b"{}", "did not return a sign-in token"),
            (200, b"[]", "did not return a sign-in token"),
        ],
    )
    def test_refused(self, developer: Person, sign_in: SignIn, status: int, answer: bytes, reason: str) -> None:
        sign_in.status, sign_in.answer = status, answer
        output = failed(developer.access("console", ARN, AWS_SIGNIN_ENDPOINT_URL=sign_in.address))
        assert output == f"access: {urlsplit(sign_in.address).netloc} {reason}"

    def test_no_answer(self, developer: Person) -> None:
        output = failed(developer.access("console", ARN, AWS_SIGNIN_ENDPOINT_URL="http://127.0.0.1:1"))
        assert output == "access: 127.0.0.1:1 does not answer; check the network, HTTPS_PROXY and AWS_CA_BUNDLE"

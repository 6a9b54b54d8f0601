"""Only the sign-in endpoint receives a session's keys; nobody on the way can read them."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from access.__main__ import main
from access.errors import AccessError
from access.switch.console_link import console_link, sign_in_address
from access.switch.sessions import SessionCredentials
from tests.support.http_server import Request, Response, serving

SESSION = SessionCredentials("ASIAEXAMPLE", "secret-of-the-session", "token-of-the-session", datetime.now(UTC))


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SIGNIN_ENDPOINT_URL", "AWS_CA_BUNDLE", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("partition", "host"),
    [
        ("aws", "signin.aws.amazon.com"),
        ("aws-us-gov", "signin.amazonaws-us-gov.com"),
        ("aws-cn", "signin.amazonaws.cn"),
    ],
)
def test_sign_in_at_aws(partition: str, host: str) -> None:
    assert sign_in_address(partition) == f"https://{host}/federation"


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://sign-in.example",
        "HTTPS://sign-in.example:8443/",
        "http://127.0.0.1:4566",
        "http://127.1.2.3",
        "http://[::1]:4566/",
        "http://localhost:4566",
    ],
)
def test_private_endpoints(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("AWS_SIGNIN_ENDPOINT_URL", endpoint)
    assert sign_in_address("aws") == f"{endpoint.rstrip('/')}/federation"


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://sign-in.example",
        "http://127.0.0.1.example",
        "http://localhost.example",
        "http://127.0.0.1@sign-in.example",
        "http://me:password@127.0.0.1",
        "https://me:password@sign-in.example",
        "http://192.168.0.1",
        "http://0.0.0.0:4566",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "127.0.0.1:4566",
        "sign-in.example",
        "https://",
        "https:///federation",
        "https://[::1",
        "https://sign-in.example:port",
        "https://sign-in.example\n.evil.example",
        "https://sign-in.example evil.example",
    ],
)
def test_public_endpoints_are_refused(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("AWS_SIGNIN_ENDPOINT_URL", endpoint)
    with pytest.raises(AccessError, match=r"^AWS_SIGNIN_ENDPOINT_URL is '.*use an https:// address, or") as caught:
        sign_in_address("aws")
    assert "\n" not in str(caught.value)
    assert "password" not in str(caught.value)


def test_help_names_the_endpoint_variable(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["console", "--help"])
    output = " ".join(capsys.readouterr().out.split())
    assert "AWS_SIGNIN_ENDPOINT_URL: another sign-in address" in output
    assert "https:// address, or on this machine" in output


def test_no_proxy_for_addresses_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    proxied: list[Request] = []

    def sign_in(request: Request) -> Response:
        keys = json.loads(parse_qs(request.body)["Session"][0])
        assert keys["sessionKey"] == "secret-of-the-session"
        return Response('{"SigninToken": "token"}')

    def proxy(request: Request) -> Response:
        proxied.append(request)
        return Response(status=502)

    with serving(sign_in) as address, serving(proxy) as proxy_address:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy_address)
        link = console_link(SESSION, f"{address}/federation", "aws", "us-east-1")
        assert parse_qs(urlsplit(link).query)["SigninToken"] == ["token"]
        assert not proxied
        # Other addresses are reached by the proxy, which sees only a request for a tunnel.
        with pytest.raises(AccessError, match=r"sign-in\.example does not answer; check the network, HTTPS_PROXY"):
            console_link(SESSION, "https://sign-in.example/federation", "aws", None)
        assert [(request.method, request.body) for request in proxied] == [("CONNECT", "")]


@pytest.mark.parametrize(
    "response",
    [
        Response("["),
        Response("[" * 20000),
        Response('{"SigninToken": {"secret": "secret-of-the-session"}}'),
        Response('{"SigninToken": "token"}', missing=1),
        Response("{}", 200, {"Content-Length": "none"}),
    ],
    ids=["cut", "deep", "not text", "broken off", "no length"],
)
def test_no_token(response: Response) -> None:
    with serving(lambda request: response) as address, pytest.raises(AccessError) as caught:
        console_link(SESSION, f"{address}/federation", "aws", None)
    assert str(caught.value) == f"{urlsplit(address).netloc} did not return a sign-in token"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None

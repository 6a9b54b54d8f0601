"""Tests that the sandbox is sealed: no access without its secrets, and no effect of the caller's own settings."""

import json
import os
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from botocore import UNSIGNED
from botocore.auth import S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from pulumi.automation import PulumiCommand

from sandbox import toolchain
from sandbox.__main__ import main
from sandbox.emulator import Emulator
from sandbox.engine import Engine
from sandbox.errors import SandboxError
from sandbox.generated import write_project_files
from sandbox.layout import REPOSITORY, Layout
from sandbox.secret_key import make_key
from tests.sandbox.conftest import Sandbox

ACCOUNT = "111111111111"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Sealed"
LISTING = {"iam": "list_users", "s3": "list_buckets", "sts": "get_caller_identity"}
UNKNOWN_KEY = {"iam": "InvalidClientTokenId", "s3": "InvalidAccessKeyId", "sts": "InvalidClientTokenId"}
UNSIGNED_ERROR = {"iam": "MissingAuthenticationToken", "s3": "AccessDenied", "sts": "MissingAuthenticationToken"}


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    """Yield the files of an emulator that runs during this module's tests."""
    made = Layout(tmp_path_factory.mktemp("sealed"))
    emulator = Emulator(made)
    emulator.start(toolchain.emulator_python(print))
    yield made
    emulator.stop()


@pytest.fixture(scope="module")
def user(layout: Layout) -> dict[str, str]:
    """Return the keys of a user and of the user's session."""
    iam = client(layout, "iam", ACCOUNT, Emulator(layout).secret_of(ACCOUNT))
    iam.create_user(UserName="Sealed")
    anything = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    document = json.dumps({"Version": "2012-10-17", "Statement": anything})
    iam.put_user_policy(UserName="Sealed", PolicyName="anything", PolicyDocument=document)
    trusting = [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}]
    document = json.dumps({"Version": "2012-10-17", "Statement": trusting})
    iam.create_role(RoleName="Sealed", AssumeRolePolicyDocument=document)
    key = iam.create_access_key(UserName="Sealed")["AccessKey"]
    sts = client(layout, "sts", key["AccessKeyId"], key["SecretAccessKey"])
    session = sts.assume_role(RoleArn=ROLE, RoleSessionName="Sealed")["Credentials"]
    return {
        "key": key["AccessKeyId"],
        "secret": key["SecretAccessKey"],
        "session": session["AccessKeyId"],
        "session secret": session["SecretAccessKey"],
        "token": session["SessionToken"],
    }


def client(layout: Layout, service: str, *keys: str, **settings: Any) -> Any:  # noqa: ANN401 (boto3 makes its classes as it runs)
    """Return a client of the emulator."""
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=Emulator(layout).endpoint,
        region_name="us-east-1",
        verify=str(layout.ca_bundle),
        config=Config(retries={"total_max_attempts": 1}, **settings),
        **dict(zip(names, keys, strict=False)),
    )


def code(called: Any, **arguments: object) -> str:  # noqa: ANN401
    """Return the error code of a refused call."""
    with pytest.raises(ClientError) as caught:
        called(**arguments)
    return str(caught.value.response["Error"]["Code"])


def send(layout: Layout, request: AWSRequest) -> int:
    """Return the status of the answer to a request."""
    headers = dict(request.headers.items())
    sent = urllib.request.Request(str(request.url), request.data or None, headers, method=request.method)  # noqa: S310
    trust = ssl.create_default_context(cafile=layout.ca_bundle)
    try:
        with urllib.request.urlopen(sent, context=trust) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def signed(layout: Layout, key: str, secret: str) -> AWSRequest:
    """Return a signed request for the caller's identity."""
    host = Emulator(layout).endpoint.removeprefix("https://")
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Host": host}
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest("POST", Emulator(layout).endpoint + "/", headers, body)
    SigV4Auth(Credentials(key, secret), "sts", "us-east-1").add_auth(request)
    return request


@pytest.mark.parametrize("service", LISTING)
def test_a_stranger_is_refused(layout: Layout, user: dict[str, str], service: str) -> None:
    def listed(*keys: str, **settings: object) -> str:
        return code(getattr(client(layout, service, *keys, **settings), LISTING[service]))

    for guessed in ("sandbox", user["secret"], Emulator(layout).secret_of("222222222222")):
        assert listed(ACCOUNT, guessed) == "SignatureDoesNotMatch"
    assert listed(user["key"], "guessed") == "SignatureDoesNotMatch"
    assert listed(user["session"], "guessed", user["token"]) == "SignatureDoesNotMatch"
    assert listed(user["session"], user["session secret"]) == UNKNOWN_KEY[service]
    assert listed("test", "test") == UNKNOWN_KEY[service]
    assert listed("AKIAIOSFODNN7EXAMPLE", "guessed") == UNKNOWN_KEY[service]
    assert listed(signature_version=UNSIGNED) == UNSIGNED_ERROR[service]


@pytest.mark.parametrize("service", LISTING)
def test_a_caller_with_a_secret_is_served(layout: Layout, user: dict[str, str], service: str) -> None:
    for keys in (
        (ACCOUNT, Emulator(layout).secret_of(ACCOUNT)),
        (user["key"], user["secret"]),
    ):
        assert getattr(client(layout, service, *keys), LISTING[service])()
    arn = client(layout, "sts", user["session"], user["session secret"], user["token"]).get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/Sealed/Sealed"


def test_each_account_and_each_sandbox_has_its_own_secret(layout: Layout, tmp_path: Path) -> None:
    other = Layout(tmp_path)
    make_key(other.secret_key)
    secrets = {Emulator(place).secret_of(account) for place in (layout, other) for account in (ACCOUNT, "2" * 12)}
    assert len(secrets) == 4
    assert layout.secret_key.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("service", ["lambda", "sqs", "sns", "ec2", "dynamodb", "organizations"])
def test_no_other_service_is_served(layout: Layout, service: str) -> None:
    calls: dict[str, tuple[str, dict[str, object]]] = {
        "lambda": ("list_functions", {}),
        "sqs": ("list_queues", {}),
        "sns": ("list_topics", {}),
        "ec2": ("describe_vpcs", {}),
        "dynamodb": ("list_tables", {}),
        "organizations": ("describe_organization", {}),
    }
    name, arguments = calls[service]
    assert code(getattr(client(layout, service, ACCOUNT, Emulator(layout).secret_of(ACCOUNT)), name), **arguments) in (
        "UnsupportedOperation",
        "UnsupportedOperationException",
    )


def test_only_health_answers_without_a_signature(layout: Layout) -> None:
    def status(method: str, path: str, **headers: str) -> int:
        return send(layout, AWSRequest(method, Emulator(layout).endpoint + path, headers))

    assert status("GET", "/_ministack/health") == 200
    for method, path in (
        ("POST", "/_ministack/reset"),
        ("POST", "/_ministack/config"),
        ("GET", "/_ministack/ready"),
        ("GET", "/_localstack/health"),
        ("GET", "/_aws/sqs/messages"),
        ("POST", "/_ministack/health"),
    ):
        assert status(method, path) == 404, path
    for method, path in (
        ("GET", "/"),
        ("OPTIONS", "/bucket"),
        ("GET", "/iceberg/v1/config"),
        ("POST", "/2015-03-31/functions"),
        ("GET", "/.well-known/jwks.json"),
    ):
        assert status(method, path) == 403, path
    # A signed request can't reach another service than its own either.
    key = Credentials(ACCOUNT, Emulator(layout).secret_of(ACCOUNT))
    for path in ("/iceberg/v1/config", "/v20180820/accesspoint", "/2015-03-31/functions"):
        request = AWSRequest("GET", Emulator(layout).endpoint + path)
        S3SigV4QueryAuth(key, "s3", "us-east-1").add_auth(request)
        assert send(layout, request) == 404, path


def test_a_signature_holds_only_for_its_request_and_for_a_limited_time(layout: Layout, user: dict[str, str]) -> None:
    request = signed(layout, user["key"], user["secret"])
    assert send(layout, request) == 200
    request.data = b"Action=GetSessionToken&Version=2011-06-15"
    assert send(layout, request) == 403
    with pytest.MonkeyPatch.context() as patch:
        earlier = datetime.now(UTC) - timedelta(minutes=16)
        patch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: earlier)
        request = signed(layout, ACCOUNT, Emulator(layout).secret_of(ACCOUNT))
    assert send(layout, request) == 403
    # Two credentials in one header: the signature check could read one and the policies the other.
    request = signed(layout, user["key"], user["secret"])
    authorization = request.headers["Authorization"]
    parts = authorization.removeprefix("AWS4-HMAC-SHA256 ")
    root = parts.split(",")[0].replace(user["key"], ACCOUNT)
    for twice in (f"AWS4-HMAC-SHA256 {root}, {parts}", f"{authorization}, {root}"):
        del request.headers["Authorization"]
        request.headers["Authorization"] = twice
        assert send(layout, request) == 400, twice


def test_presigned_urls_are_checked_too(layout: Layout) -> None:
    keys = (ACCOUNT, Emulator(layout).secret_of(ACCOUNT))
    s3 = client(layout, "s3", *keys, signature_version="s3v4")
    s3.create_bucket(Bucket="sealed")
    s3.put_object(Bucket="sealed", Key="a b/ü+c", Body=b"content")
    named = {"Bucket": "sealed", "Key": "a b/ü+c"}

    def status(address: str) -> int:
        return send(layout, AWSRequest("GET", address))

    address = s3.generate_presigned_url("get_object", Params=named)
    assert status(address) == 200
    assert status(address.replace("X-Amz-Expires=3600", "X-Amz-Expires=3601")) == 403
    assert status(address + "&x-amz-credential=" + ACCOUNT) == 400
    guessed = client(layout, "s3", ACCOUNT, "sandbox", signature_version="s3v4")
    assert status(guessed.generate_presigned_url("get_object", Params=named)) == 403
    assert status(s3.generate_presigned_url("get_object", Params=named, ExpiresIn=-1)) == 400
    older = client(layout, "s3", *keys, signature_version="s3")
    assert status(older.generate_presigned_url("get_object", Params=named)) == 403


# The caller's settings have no effect.


class Decoy:
    """A server and proxy that nobody should contact; it records all requests."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._tcp.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        for watch in (self._watch_tcp, self._watch_udp):
            threading.Thread(target=watch, daemon=True).start()

    def _watch_tcp(self) -> None:
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                self.received.append(connection.recv(300))

    def _watch_udp(self) -> None:
        while True:
            try:
                self.received.append(self._udp.recv(300))
            except OSError:
                return

    def close(self) -> None:
        for listening in (self._tcp, self._udp):
            listening.close()

    def environment(self, home: Path) -> dict[str, str]:
        """Return variables that each redirect requests to this server."""
        aws = home / ".aws"
        aws.mkdir()
        (aws / "credentials").write_text("".join(f"[{name}]\n{self._profile()}" for name in PROFILES))
        sections = (name if name == "default" else f"profile {name}" for name in PROFILES)
        other = "retry_mode = nonsense\ndefaults_mode = nonsense\n"
        (aws / "config").write_text("".join(f"[{name}]\n{other}{self._profile()}" for name in sections))
        known = [names for _, names, *_ in BOTOCORE_DEFAUT_SESSION_VARIABLES.values() if names]
        every = {name for names in known for name in ([names] if isinstance(names, str) else names)}
        led = dict.fromkeys((*every, *ENDPOINTS), self.address)
        led |= {"AWS_CSM_ENABLED": "true", "AWS_CSM_HOST": "127.0.0.1", "AWS_CSM_PORT": str(self.port)}
        led |= {"AWS_PROFILE": "production", "AWS_DEFAULT_PROFILE": "production"}
        led |= dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), str(aws / "config"))
        led |= {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": KEY, "AWS_SESSION_TOKEN": KEY}
        led |= {"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1"}
        led |= {"PULUMI_HOME": str(home / "pulumi"), "PULUMI_DEBUG_PROVIDERS": f"aws:{self.port}"}
        led |= {"PULUMI_CONFIG_PASSPHRASE": KEY, "PULUMI_STACK": "elsewhere", "PULUMI_CONFIG": '{"a:b": "c"}'}
        led |= {"PULUMI_OPTION_STACK": "elsewhere", "PULUMI_PROJECT": "elsewhere", "PULUMI_ORGANIZATION": "elsewhere"}
        led |= {"SERVICES": "sqs", "GATEWAY_PORT": str(self.port), "MINISTACK_ACCOUNT_ID": "000000000001"}
        proxies = ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy")
        led |= dict.fromkeys((*proxies, *map(str.upper, proxies)), self.address)
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {**kept, **led, "HOME": str(home), "PYTHONPATH": str(REPOSITORY), "NO_PROXY": "example.org"}

    def _profile(self) -> str:
        return f"aws_access_key_id = {KEY}\naws_secret_access_key = {KEY}\nendpoint_url = {self.address}\n\n"


KEY = "AKIADECOYDECOYDECOY0"
PROFILES = ("default", "production", "development", "outsider", "David", "Theresa")
ENDPOINTS = (
    *(f"AWS_ENDPOINT_URL{service}" for service in ("", "_IAM", "_S3", "_STS", "_SSO")),
    *(f"AWS_{service}_ENDPOINT" for service in ("IAM", "S3", "STS")),
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SIGNIN_ENDPOINT_URL",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "PULUMI_API",
    "PULUMI_BACKEND_URL",
    "PULUMI_LOG_OTLP_ENDPOINT",
)


@pytest.fixture
def decoy() -> Iterator[Decoy]:
    made = Decoy()
    yield made
    made.close()


def sandbox_command(layout: Layout, *arguments: str) -> list[str]:
    """Return a sandbox command in its own process and folder."""
    run = "sys.exit(main(sys.argv[2:], Layout(Path(sys.argv[1]))))"
    imports = "import sys; from pathlib import Path; from sandbox.__main__ import main"
    script = f"{imports}; from sandbox.layout import Layout; {run}"
    return [sys.executable, "-c", script, str(layout.directory), *arguments]


def test_up_uses_none_of_the_callers_settings(tmp_path: Path, decoy: Decoy) -> None:
    layout = Layout(tmp_path / "sandbox")
    home = tmp_path / "home"
    home.mkdir()
    variables = decoy.environment(home)
    try:
        up = subprocess.run(
            sandbox_command(layout, "up"), env=variables, cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        assert up.returncode == 0, up.stdout + up.stderr
        assert up.stdout.endswith("\ndeployed\n")
        assert decoy.received == []
        files = [file for file in layout.directory.rglob("*") if file.is_file()]
        assert len(files) > 10
        for file in files:
            content = file.read_bytes()
            assert KEY.encode() not in content, file
            assert f"127.0.0.1:{decoy.port}".encode() not in content, file
        secrets = [Emulator(layout).secret_of(account) for account in (ACCOUNT, "9" * 12)]
        assert not [secret for secret in secrets if secret in up.stdout + up.stderr]
    finally:
        Emulator(layout).stop()


def test_a_shell_with_env_reaches_only_the_sandbox(read_only: Sandbox, tmp_path: Path, decoy: Decoy) -> None:
    layout = read_only.layout
    variables = decoy.environment(tmp_path)
    script = """
import boto3, json, os
for service, call in (("iam", "list_users"), ("s3", "list_buckets")):
    getattr(boto3.client(service), call)()
print(json.dumps([boto3.client("sts").get_caller_identity()["Account"], os.environ["NO_PROXY"]]))
"""
    evaluated = f'eval "$({shlex.join(sandbox_command(layout, "env", "development"))})"'
    command = f"{evaluated}; {shlex.join([sys.executable, '-c', script])}"
    done = subprocess.run(
        ["/bin/sh", "-c", command], env=variables, cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [ACCOUNT, "example.org,127.0.0.1,localhost"]
    assert decoy.received == []


def test_a_proxy_does_not_hide_the_emulator(layout: Layout, decoy: Decoy, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, decoy.address)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name)
    emulator = Emulator(layout)
    pid = emulator.pid
    assert emulator.running
    assert not emulator.start(toolchain.emulator_python(print))
    assert emulator.pid == pid
    assert decoy.received == []


def test_a_process_gets_none_of_the_callers_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout(tmp_path / "sandbox")
    layout.project("cross-account-access").mkdir(parents=True)
    printing = tmp_path / "printing"
    printing.write_text("#!/bin/sh\nenv\n")
    printing.chmod(0o755)
    for name in ("AWS_PROFILE", "HTTPS_PROXY", "MINISTACK_REGION", "PULUMI_CONFIG", "PYTHONSTARTUP", "SERVICES"):
        monkeypatch.setenv(name, "of the caller")
    emulator = Emulator(layout)
    with pytest.raises(SandboxError, match="does not start"):
        emulator.start(printing)
    cli = toolchain.Cli(cast(PulumiCommand, SimpleNamespace(command=str(printing))), "made for the test")
    engine = Engine(layout, emulator, cli)
    write_project_files(engine.folder, engine.project, "production", emulator.endpoint)
    by_engine = "\n".join(engine.run("production", "version").lines)
    by_emulator = layout.emulator_log.read_text()
    assert "PATH=" in by_engine
    assert "PATH=" in by_emulator
    assert "of the caller" not in by_engine + by_emulator


# Nothing stays running.


def test_a_failed_set_up_stops_the_emulator_that_it_started(
    tmp_path: Path, layout: Layout, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(say: toolchain.Say) -> toolchain.Cli:
        raise SandboxError("no Pulumi CLI")

    monkeypatch.setattr(toolchain, "pulumi_cli", none)
    started = Layout(tmp_path)
    assert main(["up"], started) == 1
    assert capsys.readouterr().err == "sandbox: no Pulumi CLI\n"
    assert started.emulator_log.exists()
    assert Emulator(started).pid is None
    pid = Emulator(layout).pid
    assert main(["up"], layout) == 1
    assert Emulator(layout).pid == pid  # it was running before


def test_an_emulator_ends_with_its_folder(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "sandbox")
    layout.directory.mkdir()
    emulator = Emulator(layout)
    emulator.start(toolchain.emulator_python(print))
    shutil.rmtree(layout.directory)
    deadline = time.monotonic() + 10
    while emulator.pid is not None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert not layout.directory.exists()


def test_a_sandbox_of_an_older_version_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = Layout(tmp_path)
    layout.emulator_state.mkdir()
    assert main(["up"], layout) == 1
    (message,) = capsys.readouterr().err.splitlines()
    assert "down --wipe" in message
    assert layout.emulator_state.exists()

"""Tests that the sandbox gives nobody access without its secrets."""

import json
import ssl
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.auth import S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from sandbox.emulator import Emulator
from sandbox.layout import Layout
from sandbox.secret_key import make_key

ACCOUNT = "111111111111"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Sealed"
LISTING = {"iam": "list_users", "s3": "list_buckets", "sts": "get_caller_identity"}
UNKNOWN_KEY = {"iam": "InvalidClientTokenId", "s3": "InvalidAccessKeyId", "sts": "InvalidClientTokenId"}
UNSIGNED_ERROR = {"iam": "MissingAuthenticationToken", "s3": "AccessDenied", "sts": "MissingAuthenticationToken"}


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

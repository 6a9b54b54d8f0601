"""Tests of the stand-in provider with answers that are not from AWS, with cancels, and with several connections."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, cast

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from pulumi.runtime.proto import provider_pb2

from sandbox.provider.configuration import Aws, Configuration
from sandbox.provider.service import AwsProvider
from sandbox.provider.values import DEFAULTS, to_struct
from tests.support.stand_in_provider import (
    ATTACHMENT,
    BUCKET_POLICY,
    PEER,
    POLICY_ARN,
    READ,
    ROLE,
    AbortedError,
    FakeContext,
    account,
    answer,
    new_provider,
    stubbed,
    urn,
)
from tests.support.stubbed_aws import CREATE_ROLE, create_bucket

HTML = b"<html><body>Sign in</body></html>"
AWS_HEADERS = {"x-amzn-RequestId": "1"}
Reply = tuple[int, dict[str, str], bytes]
"""An HTTP answer: status, headers and body."""


@contextmanager
def server(*answers: Reply) -> Iterator[tuple[str, list[str]]]:
    """Serve these HTTP answers in turn, repeating the last; yield the address and the requests received."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            asked.append(body if body.startswith("Action=") else f"{self.command} {self.path}")
            status, headers, answer = answers[min(len(asked), len(answers)) - 1]
            self.send_response(status)
            for name, value in {"Content-Length": str(len(answer)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        do_PUT = do_HEAD = do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}", asked
        made.shutdown()


def reaching(address: str, **configuration: Any) -> AwsProvider:  # noqa: ANN401
    endpoints = dict.fromkeys(("iam", "s3", "sts"), address)
    return new_provider(endpoints=endpoints, path_style=True, **{"max_attempts": 1, **configuration})


ATTACH = provider_pb2.CreateRequest(
    urn=urn(ATTACHMENT), properties=to_struct({DEFAULTS: [], "role": "r", "policyArn": POLICY_ARN})
)
PUT_POLICY = provider_pb2.CreateRequest(
    urn=urn(BUCKET_POLICY), properties=to_struct({DEFAULTS: [], "bucket": "b", "policy": READ})
)


@pytest.mark.parametrize(
    ("request_", "operation"), [(ATTACH, "AttachRolePolicy"), (PUT_POLICY, "PutBucketPolicy")], ids=["iam", "s3"]
)
def test_a_web_page_is_no_answer_to_a_call_that_returns_nothing(request_: Message, operation: str) -> None:
    with server((200, {"Content-Type": "text/html"}, HTML)) as (address, asked):
        context = FakeContext()
        with pytest.raises(AbortedError) as aborted:
            answer(reaching(address), "Create", request_, context)
    assert f"operation {operation}: the answer did not come from AWS (status code 200, text/html)" in str(aborted.value)
    assert context.trailing == {}
    assert len(asked) == 1


def test_a_web_page_instead_of_a_new_bucket_s_answer_leaves_no_bucket() -> None:
    absent: Reply = (404, {}, b"")
    page: Reply = (200, {"Content-Type": "text/html"}, HTML)
    with server(absent, absent, page, absent) as (address, asked):
        context = FakeContext()
        with pytest.raises(AbortedError, match="operation CreateBucket: the answer did not come from AWS"):
            answer(reaching(address), "Create", create_bucket("us-east-1"), context)
    assert asked == ["HEAD /b", "HEAD /b", "PUT /b", "HEAD /b"]
    assert context.trailing == {}


@pytest.mark.parametrize(
    "reply",
    [(404, {"Content-Type": "text/html"}, b"not <xml"), (200, AWS_HEADERS, b"<GetRoleResponse><GetRoleResult><Role>")],
    ids=["a stranger's", "cut short"],
)
def test_an_unreadable_answer_is_reported_without_its_text(reply: Reply) -> None:
    with server(reply) as (address, _), pytest.raises(AbortedError) as aborted:
        answer(reaching(address), "Read", provider_pb2.ReadRequest(urn=urn(ROLE), id="r"))
    reason = "the answer can't be read: it was cut short, or did not come from AWS"
    assert aborted.value.args == (grpc.StatusCode.UNKNOWN, f"reading {urn(ROLE)}: {reason}")


def test_after_a_cancel_pending_calls_are_not_retried() -> None:
    with server((503, {}, b"")) as (address, asked):
        provider = reaching(address)
        provider.Cancel(Empty(), cast(grpc.ServicerContext, FakeContext()))
        with pytest.raises(AbortedError) as aborted:
            answer(provider, "Read", provider_pb2.ReadRequest(urn=urn(ROLE), id="r"))
    reason = "AWS did not answer, and the call is not retried because the engine is stopping"
    assert aborted.value.args == (grpc.StatusCode.UNKNOWN, f"reading {urn(ROLE)}: {reason}")
    assert len(asked) == 1


def test_after_a_cancel_calls_without_a_retry_succeed() -> None:
    provider = new_provider()
    provider.Cancel(Empty(), cast(grpc.ServicerContext, FakeContext()))
    with stubbed(provider, "iam") as iam:
        iam.add_client_error("get_role", "NoSuchEntity")
        assert answer(provider, "Read", provider_pb2.ReadRequest(urn=urn(ROLE), id="r")) == {}


class OtherContext(FakeContext):
    """Return another connection of the engine."""

    def peer(self) -> str:
        return "ipv4:127.0.0.1:2"


@pytest.mark.parametrize("cancelled", [True, False])
def test_a_cancel_concerns_one_connection(cancelled: bool) -> None:
    """Test as the engine does: it replaces a provider by one on another connection, and then cancels the first."""
    variables = {"aws:config:region": "us-east-1", "aws:config:accessKey": "x", "aws:config:secretKey": "x"}
    provider = AwsProvider({})
    for context in (FakeContext(), OtherContext()):
        answer(provider, "Configure", provider_pb2.ConfigureRequest(variables=variables), context)
    provider.Cancel(Empty(), cast(grpc.ServicerContext, FakeContext() if cancelled else OtherContext()))
    assert account(provider)._cancelled.is_set() is cancelled
    assert provider._accounts[OtherContext().peer()]._cancelled.is_set() is not cancelled


def test_each_connection_uses_its_own_account() -> None:
    provider = new_provider()
    provider._accounts[OtherContext().peer()] = Aws(Configuration("cn-north-1"))
    request = provider_pb2.InvokeRequest(tok="aws:index/getPartition:getPartition")
    assert answer(provider, "Invoke", request)["return"]["partition"] == "aws"
    assert answer(provider, "Invoke", request, OtherContext())["return"]["partition"] == "aws-cn"


def test_a_new_connection_uses_the_last_account() -> None:
    provider = AwsProvider({})
    provider._accounts[PEER] = Aws(Configuration("cn-north-1"))
    request = provider_pb2.InvokeRequest(tok="aws:index/getPartition:getPartition")
    assert answer(provider, "Invoke", request, OtherContext())["return"]["partition"] == "aws-cn"


def test_cancelling_an_unconfigured_connection_is_no_error() -> None:
    assert answer(new_provider(), "Cancel", Empty(), OtherContext()) == {}


def test_pending_creates_are_recorded_when_the_engine_stops() -> None:
    """Test a create without an answer: the provider is cancelled, so the next run finds out if it was done."""
    provider_ready: list[AwsProvider] = []

    def cancel_first() -> None:
        provider_ready[0].Cancel(Empty(), cast(grpc.ServicerContext, FakeContext()))

    free = (404, AWS_HEADERS, b"<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>")
    with server(free, (503, {}, b"")) as (address, asked):
        provider_ready.append(reaching(address))
        account(provider_ready[0]).iam.meta.events.register("before-call.iam.CreateRole", lambda **_: cancel_first())
        context = FakeContext()
        with pytest.raises(AbortedError):
            answer(provider_ready[0], "Create", CREATE_ROLE, context)
    assert [line.partition("&")[0] for line in asked] == ["Action=GetRole", "Action=CreateRole", "Action=GetRole"]
    assert "grpc-status-details-bin" in context.trailing

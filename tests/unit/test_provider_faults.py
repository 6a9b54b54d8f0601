"""The stand-in provider in several regions, among strangers, and when the engine wants it to stop."""

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
from sandbox.provider.resource import changes
from sandbox.provider.service import RESOURCE_TYPES, AwsProvider
from sandbox.provider.values import DEFAULTS, Properties, to_struct
from tests.unit.test_provider import (
    ATTACHMENT,
    BUCKET_POLICY,
    OF_A_BUCKET,
    PEER,
    POLICY_ARN,
    READ,
    ROLE,
    STATE,
    AbortedError,
    FakeContext,
    account,
    answer,
    delete,
    new_provider,
    stubbed,
    urn,
)

# --- Regions of resources


def test_a_resource_stays_in_its_region_when_the_provider_s_changes() -> None:
    provider, elsewhere = new_provider(region="eu-west-1"), new_provider()
    account(provider)._elsewhere["us-east-1"] = account(elsewhere)
    olds: Properties = {"bucket": "b", "region": "us-east-1", "policy": READ}
    with stubbed(elsewhere, "s3") as s3:
        s3.add_response("get_bucket_policy", {"Policy": READ}, {"Bucket": "b"})
        request = provider_pb2.ReadRequest(urn=urn(BUCKET_POLICY), id="b", properties=to_struct(olds))
        assert answer(provider, "Read", request)["properties"]["region"] == "us-east-1"
        s3.add_response("put_bucket_policy", {}, {"Bucket": "b", "Policy": READ})
        s3.add_response("get_bucket_policy", {"Policy": READ}, {"Bucket": "b"})
        update = provider_pb2.UpdateRequest(urn=urn(BUCKET_POLICY), id="b", olds=to_struct(olds), news=to_struct(olds))
        assert answer(provider, "Update", update)["properties"]["region"] == "us-east-1"
        s3.add_response("delete_bucket_policy", {}, {"Bucket": "b"})
        delete(provider, BUCKET_POLICY, "b", olds)


def test_a_resource_is_made_in_the_region_that_the_program_names() -> None:
    provider, elsewhere = new_provider(), new_provider(region="eu-west-1")
    account(provider)._elsewhere["eu-west-1"] = account(elsewhere)
    inputs: Properties = {DEFAULTS: [], "bucket": "b", "region": "eu-west-1", "policy": READ}
    with stubbed(elsewhere, "s3") as s3:
        s3.add_response("put_bucket_policy", {}, {"Bucket": "b", "Policy": READ})
        s3.add_response("get_bucket_policy", {"Policy": READ}, {"Bucket": "b"})
        request = provider_pb2.CreateRequest(urn=urn(BUCKET_POLICY), properties=to_struct(inputs))
        assert answer(provider, "Create", request)["properties"]["region"] == "eu-west-1"


def test_a_resource_of_another_region_is_imported_by_id_and_region() -> None:
    provider, elsewhere = new_provider(), new_provider(region="eu-west-1")
    account(provider)._elsewhere["eu-west-1"] = account(elsewhere)
    with stubbed(elsewhere, "s3") as s3:
        s3.add_response("get_bucket_policy", {"Policy": READ}, {"Bucket": "b"})
        read = answer(provider, "Read", provider_pb2.ReadRequest(urn=urn(BUCKET_POLICY), id="b@eu-west-1"))
    assert (read["id"], read["inputs"]) == ("b", {"bucket": "b", "policy": READ, "region": "eu-west-1"})


def test_the_account_elsewhere_is_reached_in_the_same_way_and_ends_with_it() -> None:
    aws = Aws(Configuration("us-east-1", access_key="k", secret_key="s", endpoints={"s3": "http://127.0.0.1:1"}))  # noqa: S106
    there = aws.in_region("eu-west-1")
    assert (there.region, there.s3.meta.region_name, there.s3.meta.endpoint_url) == (
        "eu-west-1",
        "eu-west-1",
        "http://127.0.0.1:1",
    )
    assert aws.in_region("eu-west-1") is there
    assert aws.in_region("us-east-1") is aws
    aws.cancel()
    assert there._cancelled.is_set()


@pytest.mark.parametrize("token", OF_A_BUCKET)
def test_a_region_that_a_state_does_not_know_yet_replaces_nothing(token: str) -> None:
    state = STATE[token]["response"]
    news = {**state["inputs"], "region": "us-east-1"}
    found = changes(RESOURCE_TYPES[token], state["properties"], state["inputs"], news)
    assert [(change.name, change.kind, change.replace) for change in found] == [("region", "ADD", False)]


# --- On the wire

HTML = b"<html><body>Sign in</body></html>"
AWS_HEADERS = {"x-amzn-RequestId": "1"}
Reply = tuple[int, dict[str, str], bytes]
"""An HTTP answer: status, headers and body."""


@contextmanager
def server(*answers: Reply) -> Iterator[tuple[str, list[str]]]:
    """An HTTP server that gives these answers in turn, the last for good; its address, and what it was asked."""
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
def test_a_page_is_not_taken_for_the_answer_of_a_call_that_returns_nothing(request_: Message, operation: str) -> None:
    with server((200, {"Content-Type": "text/html"}, HTML)) as (address, asked):
        context = FakeContext()
        with pytest.raises(AbortedError) as aborted:
            answer(reaching(address), "Create", request_, context)
    assert f"operation {operation}: the answer did not come from AWS (status code 200, text/html)" in str(aborted.value)
    assert context.trailing == {}
    assert len(asked) == 1


@pytest.mark.parametrize(
    "reply",
    [(404, {"Content-Type": "text/html"}, b"not <xml"), (200, AWS_HEADERS, b"<GetRoleResponse><GetRoleResult><Role>")],
    ids=["a stranger's", "cut short"],
)
def test_an_answer_that_can_not_be_read_is_told_without_its_text(reply: Reply) -> None:
    with server(reply) as (address, _), pytest.raises(AbortedError) as aborted:
        answer(reaching(address), "Read", provider_pb2.ReadRequest(urn=urn(ROLE), id="r"))
    reason = "the answer can't be read: it was cut short, or did not come from AWS"
    assert aborted.value.args == (grpc.StatusCode.UNKNOWN, f"reading {urn(ROLE)}: {reason}")


def test_after_a_cancel_the_calls_under_way_ask_nothing_again() -> None:
    with server((503, {}, b"")) as (address, asked):
        provider = reaching(address)
        provider.Cancel(Empty(), cast(grpc.ServicerContext, FakeContext()))
        with pytest.raises(AbortedError) as aborted:
            answer(provider, "Read", provider_pb2.ReadRequest(urn=urn(ROLE), id="r"))
    reason = "AWS did not answer, and is not asked again as the engine was told to stop"
    assert aborted.value.args == (grpc.StatusCode.UNKNOWN, f"reading {urn(ROLE)}: {reason}")
    assert len(asked) == 1


def test_after_a_cancel_calls_that_need_no_second_try_are_made() -> None:
    provider = new_provider()
    provider.Cancel(Empty(), cast(grpc.ServicerContext, FakeContext()))
    with stubbed(provider, "iam") as iam:
        iam.add_client_error("get_role", "NoSuchEntity")
        assert answer(provider, "Read", provider_pb2.ReadRequest(urn=urn(ROLE), id="r")) == {}


class OtherContext(FakeContext):
    """Another connection of the engine."""

    def peer(self) -> str:
        return "ipv4:127.0.0.1:2"


@pytest.mark.parametrize("cancelled", [True, False])
def test_the_cancel_of_one_connection_is_not_that_of_another(cancelled: bool) -> None:
    """The engine replaces a provider by one on another connection, and then cancels the first."""
    variables = {"aws:config:region": "us-east-1", "aws:config:accessKey": "x", "aws:config:secretKey": "x"}
    provider = AwsProvider({})
    for context in (FakeContext(), OtherContext()):
        answer(provider, "Configure", provider_pb2.ConfigureRequest(variables=variables), context)
    provider.Cancel(Empty(), cast(grpc.ServicerContext, FakeContext() if cancelled else OtherContext()))
    assert account(provider)._cancelled.is_set() is cancelled
    assert provider._accounts[OtherContext().peer()]._cancelled.is_set() is not cancelled


def test_each_connection_reaches_the_account_that_it_configured() -> None:
    provider = new_provider()
    provider._accounts[OtherContext().peer()] = Aws(Configuration("cn-north-1"))
    request = provider_pb2.InvokeRequest(tok="aws:index/getPartition:getPartition")
    assert answer(provider, "Invoke", request)["return"]["partition"] == "aws"
    assert answer(provider, "Invoke", request, OtherContext())["return"]["partition"] == "aws-cn"


def test_a_connection_that_is_made_anew_reaches_the_account_of_the_last() -> None:
    provider = AwsProvider({})
    provider._accounts[PEER] = Aws(Configuration("cn-north-1"))
    request = provider_pb2.InvokeRequest(tok="aws:index/getPartition:getPartition")
    assert answer(provider, "Invoke", request, OtherContext())["return"]["partition"] == "aws-cn"


def test_the_cancel_of_a_connection_that_configured_nothing_is_no_error() -> None:
    assert answer(new_provider(), "Cancel", Empty(), OtherContext()) == {}

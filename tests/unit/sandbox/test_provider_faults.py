"""Tests of the stand-in provider when answers get lost or are not AWS's, and when the engine cancels it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, cast

import grpc
import pytest
from botocore.stub import Stubber
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from pulumi.runtime.proto import provider_pb2

from sandbox.provider.configuration import Aws, Configuration
from sandbox.provider.creations import Creations, read_creations
from sandbox.provider.resource import changes
from sandbox.provider.service import RESOURCE_TYPES, AwsProvider
from sandbox.provider.values import DEFAULTS, UNKNOWN, Properties, from_struct, to_struct
from tests.unit.sandbox.test_provider import (
    ATTACHMENT,
    BUCKET,
    BUCKET_POLICY,
    CREATE_ROLE,
    GROUP,
    LONG_AGO,
    OF_A_BUCKET,
    PEER,
    POLICY,
    POLICY_ARN,
    READ,
    ROLE,
    ROLE_INPUTS,
    STATE,
    AbortedError,
    FakeContext,
    account,
    add_created_role,
    add_free_role,
    add_role,
    answer,
    delete,
    new_provider,
    recorded_failure,
    stubbed,
    urn,
)

# --- Lost answers

ROLE_TAGS = [{"Key": "env", "Value": "dev"}]


def add_refused_role(stub: Stubber, code: str = "EntityAlreadyExists", status: int = 409) -> None:
    """Stub a creation that ends with an error after the name was free."""
    add_free_role(stub)
    stub.add_client_error("create_role", code, "no answer", status)


def test_a_role_whose_creation_succeeded_without_an_answer_is_created() -> None:
    provider = new_provider()
    with stubbed(provider, "iam") as iam:
        add_refused_role(iam)
        for _ in range(2):
            add_role(iam, Tags=ROLE_TAGS)
        found = answer(provider, "Create", CREATE_ROLE)
    assert found["id"] == "r"
    assert found["properties"]["tagsAll"] == {"env": "dev"}


@pytest.mark.parametrize("other", [{"Path": "/other/"}, {"Description": "other"}, {"AssumeRolePolicyDocument": READ}])
def test_a_role_that_differs_from_the_inputs_belongs_to_somebody_else(other: dict[str, str]) -> None:
    provider, context = new_provider(), FakeContext()
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError, match="CreateRole: EntityAlreadyExists"):
        add_refused_role(iam)
        add_role(iam, Tags=ROLE_TAGS, **other)
        answer(provider, "Create", CREATE_ROLE, context)
    assert context.trailing == {}


def test_a_role_that_existed_before_belongs_to_somebody_else() -> None:
    provider, context = new_provider(), FakeContext()
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError, match="CreateRole: EntityAlreadyExists"):
        add_role(iam, Tags=ROLE_TAGS)
        iam.add_client_error("create_role", "EntityAlreadyExists", "taken", 409)
        answer(provider, "Create", CREATE_ROLE, context)
    assert context.trailing == {}


def test_without_the_right_to_look_up_a_name_the_create_decides() -> None:
    provider = new_provider()
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError, match="CreateRole: AccessDenied: nor this"):
        iam.add_client_error("get_role", "AccessDenied", "not this", 403)
        iam.add_client_error("create_role", "AccessDenied", "nor this", 403)
        answer(provider, "Create", CREATE_ROLE)


def test_a_refused_create_is_not_looked_up() -> None:
    provider = new_provider()
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError, match="CreateRole: LimitExceeded"):
        add_refused_role(iam, "LimitExceeded", 400)
        answer(provider, "Create", CREATE_ROLE)


def test_a_create_that_failed_is_an_error_and_not_recorded() -> None:
    provider, context = new_provider(), FakeContext()
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError, match="CreateRole: ServiceFailure"):
        add_refused_role(iam, "ServiceFailure", 500)
        add_free_role(iam)
        answer(provider, "Create", CREATE_ROLE, context)
    assert context.trailing == {}


def uncertain(provider: AwsProvider) -> Properties:
    """Create a role whose existence stays unknown, and return what the engine records."""
    context = FakeContext()
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError):
        add_refused_role(iam, "ServiceFailure", 500)
        iam.add_client_error("get_role", "ServiceUnavailable", http_status_code=503)
        answer(provider, "Create", CREATE_ROLE, context)
    cause = "operation CreateRole: ServiceFailure: no answer (status code 500, request id None)"
    detail = recorded_failure(context, f"creating {urn(ROLE)}: {cause}; AWS may still have created it: run again")
    assert detail.id == "r"
    assert from_struct(detail.inputs) == ROLE_INPUTS
    remembered = from_struct(detail.properties)
    assert UNKNOWN not in remembered.values()
    assert changes(RESOURCE_TYPES[ROLE], remembered, ROLE_INPUTS, ROLE_INPUTS) == []
    return remembered


def next_run(remembered: Properties) -> provider_pb2.UpdateRequest:
    """Return the engine's call about a resource that is not complete."""
    return provider_pb2.UpdateRequest(urn=urn(ROLE), id="r", olds=to_struct(remembered), news=to_struct(ROLE_INPUTS))


def test_the_next_run_creates_a_missing_resource() -> None:
    provider = new_provider()
    remembered = uncertain(provider)
    with stubbed(provider, "iam") as iam:
        add_created_role(iam)  # looked up, then created
        add_role(iam, Tags=ROLE_TAGS)
        found = answer(provider, "Update", next_run(remembered))
    assert found["properties"].keys() == STATE[ROLE]["response"]["properties"].keys()


def test_the_next_run_completes_a_created_resource() -> None:
    provider = new_provider()
    remembered = uncertain(provider)
    with stubbed(provider, "iam") as iam:
        for _ in range(2):
            add_role(iam, Tags=ROLE_TAGS)
        found = answer(provider, "Update", next_run(remembered))
    assert found["properties"].keys() == STATE[ROLE]["response"]["properties"].keys()


def test_a_resource_that_was_never_created_can_be_deleted() -> None:
    provider = new_provider()
    remembered = uncertain(provider)
    with stubbed(provider, "iam") as iam:
        iam.add_client_error("delete_role", "NoSuchEntity")
        delete(provider, ROLE, "r", remembered)


def test_a_known_resource_that_is_missing_is_not_created_again() -> None:
    provider = new_provider()
    olds = {**STATE[ROLE]["response"]["properties"], "name": "r", "tagsAll": {"env": "dev"}}
    request = provider_pb2.UpdateRequest(
        urn=urn(ROLE), id="r", olds=to_struct(olds), news=to_struct({**ROLE_INPUTS, "assumeRolePolicy": READ})
    )
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError, match="UpdateAssumeRolePolicy: NoSuchEntity"):
        iam.add_client_error("update_assume_role_policy", "NoSuchEntity")
        answer(provider, "Update", request)


def test_a_policy_is_looked_up_by_its_arn() -> None:
    provider = new_provider()
    vars(account(provider))["account_id"] = "999999999999"
    inputs: Properties = {DEFAULTS: [], "name": "p", "path": "/team/", "policy": READ}
    arn = "arn:aws:iam::999999999999:policy/team/p"
    policy = {"Arn": arn, "PolicyName": "p", "Path": "/team/", "PolicyId": "A" * 16, "AttachmentCount": 0}
    version = {"Document": READ, "VersionId": "v1", "IsDefaultVersion": True, "CreateDate": LONG_AGO}
    with stubbed(provider, "iam") as iam:
        iam.add_client_error("get_policy", "NoSuchEntity", expected_params={"PolicyArn": arn})
        iam.add_client_error("create_policy", "EntityAlreadyExists", http_status_code=409)
        for _ in range(2):
            iam.add_response("get_policy", {"Policy": {**policy, "DefaultVersionId": "v1"}}, {"PolicyArn": arn})
            iam.add_response(
                "get_policy_version", {"PolicyVersion": {**version}}, {"PolicyArn": arn, "VersionId": "v1"}
            )
        request = provider_pb2.CreateRequest(urn=urn(POLICY), properties=to_struct(inputs))
        assert answer(provider, "Create", request)["id"] == arn


GROUP_OLDS: Properties = {"name": "old", "path": "/", "arn": "a", "uniqueId": "A" * 16}


def a_group(unique_id: str) -> dict[str, Any]:
    arn = "arn:aws:iam::999999999999:group/new"
    group = {"GroupName": "new", "GroupId": unique_id, "Path": "/", "Arn": arn, "CreateDate": LONG_AGO}
    return {"Group": group, "Users": []}


@pytest.mark.parametrize("code", ["EntityAlreadyExists", "NoSuchEntity"])
def test_a_rename_without_an_answer_is_recognized(code: str) -> None:
    provider = new_provider()
    with stubbed(provider, "iam") as iam:
        iam.add_client_error("update_group", code)
        iam.add_response("get_group", a_group("A" * 16), {"GroupName": "new"})
        RESOURCE_TYPES[GROUP].update(account(provider), "old", GROUP_OLDS, {"name": "new"})


@pytest.mark.parametrize("other", ["B" * 16, None])
def test_another_group_with_the_new_name_is_left_alone(other: str | None) -> None:
    provider = new_provider()
    with stubbed(provider, "iam") as iam, pytest.raises(account(provider).iam.exceptions.NoSuchEntityException):
        iam.add_client_error("update_group", "NoSuchEntity")
        if other:
            iam.add_response("get_group", a_group(other), {"GroupName": "new"})
        else:
            iam.add_client_error("get_group", "NoSuchEntity")
        RESOURCE_TYPES[GROUP].update(account(provider), "old", GROUP_OLDS, {"name": "new"})


@pytest.mark.parametrize("known", ["A" * 16, "B" * 16])
def test_a_group_renamed_outside_the_engine_is_found_by_its_unique_id(known: str) -> None:
    provider = new_provider()
    with stubbed(provider, "iam") as iam:
        iam.add_client_error("get_group", "NoSuchEntity")
        iam.add_response("list_groups", {"Groups": [a_group("A" * 16)["Group"]]})
        found = RESOURCE_TYPES[GROUP].read(account(provider), "old", {**GROUP_OLDS, "uniqueId": known})
    assert (found or {}).get("name") == ("new" if known == "A" * 16 else None)


# --- Existing buckets


def create_bucket(region: str) -> Message:
    inputs: Properties = {DEFAULTS: [], "bucket": "b", "region": region, "tags": {"k": "v"}, "tagsAll": {"k": "v"}}
    return provider_pb2.CreateRequest(urn=urn(BUCKET), properties=to_struct(inputs))


def add_bucket(stub: Stubber, region: str) -> None:
    """Stub the calls that read a bucket without settings."""
    stub.add_response("head_bucket", {"BucketRegion": region})
    stub.add_response("get_bucket_acl", {"Grants": []})
    for operation, code in (
        ("get_bucket_tagging", "NoSuchTagSet"),
        ("get_bucket_policy", "NoSuchBucketPolicy"),
        ("get_bucket_versioning", ""),
        ("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError"),
    ):
        if code:
            stub.add_client_error(operation, code)
        else:
            stub.add_response(operation, {})


def test_a_bucket_created_without_an_answer_gets_its_tags() -> None:
    provider = new_provider(region="eu-west-1")
    with stubbed(provider, "s3") as s3:
        s3.add_client_error("head_bucket", "404", http_status_code=404)
        s3.add_client_error("create_bucket", "BucketAlreadyOwnedByYou", http_status_code=409)
        add_bucket(s3, "eu-west-1")
        s3.add_response("put_bucket_tagging", {})
        add_bucket(s3, "eu-west-1")
        assert answer(provider, "Create", create_bucket("eu-west-1"))["id"] == "b"


def test_an_existing_bucket_is_refused_where_s3_would_accept_it() -> None:
    """Test as upstream: S3 answers 200 in us-east-1 (terraform-provider-aws#26011)."""
    provider = new_provider()
    with stubbed(provider, "s3") as s3, pytest.raises(AbortedError, match="BucketAlreadyOwnedByYou: the account has"):
        add_bucket(s3, "us-east-1")
        s3.add_response("head_bucket", {})
        answer(provider, "Create", create_bucket("us-east-1"))


def test_a_bucket_of_another_account_is_refused_with_s3_s_message() -> None:
    provider = new_provider()
    with stubbed(provider, "s3") as s3, pytest.raises(AbortedError, match="CreateBucket: BucketAlreadyExists: taken"):
        for _ in range(2):
            s3.add_client_error("head_bucket", "403", http_status_code=403)
        s3.add_client_error("create_bucket", "BucketAlreadyExists", "taken", 409)
        answer(provider, "Create", create_bucket("us-east-1"))


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


def test_a_resource_is_created_in_the_program_s_region() -> None:
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


def test_other_regions_share_the_configuration_and_the_cancel() -> None:
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
def test_a_region_missing_in_the_state_replaces_nothing(token: str) -> None:
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


# --- The record of what is made


def recording(path: Path) -> AwsProvider:
    provider = new_provider()
    provider._creations = Creations(path)
    provider._configured[PEER] = provider_pb2.ConfigureRequest(urn=urn("pulumi:providers:aws"), id="p")
    return provider


def recorded_ids(path: Path) -> list[str | None]:
    return [item.get("id") for item in read_creations(path) if not item["type"].startswith("pulumi:")]


@contextmanager
def before(stub: Stubber, operation: str, act: Callable[[], object]) -> Iterator[None]:
    """Do something whenever AWS is about to be asked for an operation."""

    def acted(**_: object) -> None:
        act()

    event = f"before-parameter-build.iam.{operation}"
    stub.client.meta.events.register(event, acted)
    yield
    stub.client.meta.events.unregister(event, acted)


def test_a_creation_is_recorded_before_the_call_to_aws(tmp_path: Path) -> None:
    path, seen = tmp_path / "begun", []
    provider = recording(path)
    with stubbed(provider, "iam") as iam, before(iam, "CreateRole", lambda: seen.append(recorded_ids(path))):
        add_created_role(iam)
        add_role(iam, Tags=ROLE_TAGS)
        answer(provider, "Create", CREATE_ROLE)
    assert seen == [[None]]
    assert recorded_ids(path) == ["r"]


def test_an_existing_resource_is_never_taken_for_created(tmp_path: Path) -> None:
    provider = recording(tmp_path / "begun")
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError, match="EntityAlreadyExists"):
        add_role(iam)
        iam.add_client_error("create_role", "EntityAlreadyExists", "it is there", 409)
        answer(provider, "Create", CREATE_ROLE)
    assert not (tmp_path / "begun").exists()


def test_a_refused_resource_is_not_taken_for_created(tmp_path: Path) -> None:
    provider = recording(tmp_path / "begun")
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError, match="AccessDenied"):
        add_refused_role(iam, "AccessDenied", 403)
        answer(provider, "Create", CREATE_ROLE)
    assert recorded_ids(tmp_path / "begun") == []


def test_a_resource_that_may_exist_is_recorded_as_created(tmp_path: Path) -> None:
    provider = recording(tmp_path / "begun")
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError, match="may still have created it"):
        add_refused_role(iam, "ServiceFailure", 500)
        iam.add_client_error("get_role", "ServiceFailure", "no answer", 500)
        answer(provider, "Create", CREATE_ROLE)
    assert recorded_ids(tmp_path / "begun") == ["r"]


def test_nothing_is_created_without_a_record(tmp_path: Path) -> None:
    provider = recording(tmp_path / "gone" / "begun")
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError, match="begun: No such file or directory"):
        add_free_role(iam)
        answer(provider, "Create", CREATE_ROLE)
    with stubbed(provider, "iam"), pytest.raises(AbortedError, match="begun: No such file or directory"):
        delete(provider, ROLE, "r", {"name": "r"})


def test_a_resource_without_a_name_is_recorded_too(tmp_path: Path) -> None:
    path, seen = tmp_path / "begun", []
    provider = recording(path)
    inputs = to_struct({DEFAULTS: [], "role": "r", "policyArn": POLICY_ARN})
    with (
        stubbed(provider, "iam") as iam,
        before(iam, "AttachRolePolicy", lambda: seen.append(recorded_ids(path))),
        pytest.raises(AbortedError, match="AccessDenied"),
    ):
        iam.add_client_error("attach_role_policy", "AccessDenied", "no", 403)
        answer(provider, "Create", provider_pb2.CreateRequest(urn=urn(ATTACHMENT), properties=inputs))
    assert seen == [[None]]


def test_an_update_is_recorded_before_the_call_to_aws(tmp_path: Path) -> None:
    path, seen = tmp_path / "begun", []
    provider = recording(path)
    olds, news = to_struct({"name": "old", "arn": "known"}), to_struct({DEFAULTS: [], "name": "new"})
    request = provider_pb2.UpdateRequest(urn=urn(GROUP), id="old", olds=olds, news=news)
    with (
        stubbed(provider, "iam") as iam,
        before(iam, "UpdateGroup", lambda: seen.append(path.exists())),
        pytest.raises(AbortedError, match="AccessDenied"),
    ):
        iam.add_client_error("update_group", "AccessDenied", "no", 403)
        answer(provider, "Update", request)
    assert seen == [True]


def test_a_change_is_recorded_before_the_call_to_aws(tmp_path: Path) -> None:
    path, seen = tmp_path / "begun", []
    provider = recording(path)
    with stubbed(provider, "iam") as iam, before(iam, "DetachRolePolicy", lambda: seen.append(path.exists())):
        iam.add_response("detach_role_policy", {})
        delete(provider, ATTACHMENT, "r/p", {"role": "r", "policyArn": POLICY_ARN})
    assert seen == [True]

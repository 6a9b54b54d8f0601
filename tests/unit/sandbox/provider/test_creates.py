"""Tests of what the stand-in provider records of a created resource, also if a later call fails."""

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.provider import lifecycle
from sandbox.provider.resource import changes
from sandbox.provider.service import RESOURCE_TYPES
from sandbox.provider.values import DEFAULTS, UNKNOWN, Properties, from_struct, to_struct
from tests.support.stand_in_provider import (
    BUCKET,
    ROLE,
    STATE,
    AbortedError,
    FakeContext,
    account,
    answer,
    new_provider,
    recorded_failure,
    stubbed,
    urn,
)
from tests.support.stubbed_aws import (
    CREATE_ROLE,
    NEW_ROLE,
    ROLE_INPUTS,
    add_created_role,
    add_free_bucket,
    add_free_role,
    add_role,
)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("Throttling", "operation GetRole: Throttling: slow down (status code 400, request id None)"),
        ("NoSuchEntity", "AWS does not show it yet; run again"),
    ],
)
def test_a_new_resource_that_can_not_be_read_is_recorded(code: str, reason: str) -> None:
    provider, context = new_provider(), FakeContext()
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError) as aborted:
        add_created_role(iam)
        iam.add_client_error("get_role", code, "slow down")
        answer(provider, "Create", CREATE_ROLE, context)
    message = f"creating {urn(ROLE)}: {reason}"
    assert aborted.value.args == (grpc.StatusCode.UNKNOWN, message)
    detail = recorded_failure(context, message)
    assert detail.id == "r"
    outputs = from_struct(detail.properties)
    assert from_struct(detail.inputs) == ROLE_INPUTS
    assert outputs["id"] == "r" and UNKNOWN not in outputs.values()
    assert changes(RESOURCE_TYPES[ROLE], outputs, ROLE_INPUTS, ROLE_INPUTS) == []


def test_a_bucket_whose_tags_are_refused_is_recorded_and_tagged_in_the_next_run() -> None:
    provider, context = new_provider(), FakeContext()
    inputs: Properties = {DEFAULTS: [], "bucket": "b", "tags": {"k": "v"}, "tagsAll": {"k": "v"}}
    tagging = {"Bucket": "b", "Tagging": {"TagSet": [{"Key": "k", "Value": "v"}]}}
    with stubbed(provider, "s3") as s3, pytest.raises(AbortedError):
        add_free_bucket(s3)
        s3.add_response("create_bucket", {}, {"Bucket": "b"})
        s3.add_client_error("put_bucket_tagging", "AccessDenied", "no", 403, expected_params=tagging)
        request = provider_pb2.CreateRequest(urn=urn(BUCKET), properties=to_struct(inputs))
        answer(provider, "Create", request, context)
    reason = "operation PutBucketTagging: AccessDenied: no (status code 403, request id None)"
    detail = recorded_failure(context, f"creating {urn(BUCKET)}: {reason}")
    assert detail.id == "b"
    assert from_struct(detail.inputs) == inputs
    with stubbed(provider, "s3") as s3:  # the engine updates what is not complete, changed or not
        s3.add_response("put_bucket_tagging", {}, tagging)
        RESOURCE_TYPES[BUCKET].update(account(provider), "b", from_struct(detail.properties), inputs)


def test_an_unexpected_error_after_a_create_leaves_the_resource_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    provider, context = new_provider(), FakeContext()
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError):
        add_created_role(iam)
        monkeypatch.setattr(lifecycle, "read", lambda *_: dict[str, str]()["missing"])
        answer(provider, "Create", CREATE_ROLE, context)
    assert recorded_failure(context, f"creating {urn(ROLE)}: 'missing'").id == "r"


def test_a_created_resource_is_returned_as_read() -> None:
    provider = new_provider()
    with stubbed(provider, "iam") as iam:
        add_created_role(iam)
        add_role(iam, Tags=[{"Key": "env", "Value": "dev"}])
        found = answer(provider, "Create", CREATE_ROLE)
    assert found["id"] == "r"
    assert found["properties"].keys() == STATE[ROLE]["response"]["properties"].keys()
    assert (found["properties"]["createDate"], found["properties"]["tags"]) == ("2020-01-01T00:00:00Z", {"env": "dev"})


def test_an_error_of_aws_is_reported_in_one_line() -> None:
    provider, context = new_provider(), FakeContext()
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError) as aborted:
        add_free_role(iam)
        iam.add_client_error(
            "create_role", "MalformedPolicyDocument", "Syntax\n  errors", 400, response_meta={"RequestId": "1-2"}
        )
        answer(provider, "Create", CREATE_ROLE, context)
    assert aborted.value.args == (
        grpc.StatusCode.UNKNOWN,
        f"creating {urn(ROLE)}: operation CreateRole: MalformedPolicyDocument: Syntax errors"
        " (status code 400, request id 1-2)",
    )
    assert context.trailing == {}


def test_a_resource_missing_after_its_update_is_an_error() -> None:
    provider = new_provider()
    request = provider_pb2.UpdateRequest(
        urn=urn(ROLE),
        id="r",
        olds=to_struct({**ROLE_INPUTS, "arn": NEW_ROLE["Arn"]}),
        news=to_struct({**ROLE_INPUTS, "tagsAll": {}}),
    )
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError) as aborted:
        iam.add_response("untag_role", {}, {"RoleName": "r", "TagKeys": ["env"]})
        iam.add_client_error("get_role", "NoSuchEntity")
        answer(provider, "Update", request)
    message = f"updating {urn(ROLE)}: it does not exist any more; run `pulumi refresh`"
    assert aborted.value.args == (grpc.StatusCode.NOT_FOUND, message)

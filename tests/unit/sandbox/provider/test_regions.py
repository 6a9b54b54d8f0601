"""Tests of the regions of the stand-in provider's resources."""

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.provider.configuration import Aws, Configuration
from sandbox.provider.resource import changes
from sandbox.provider.service import RESOURCE_TYPES
from sandbox.provider.values import DEFAULTS, Properties, to_struct
from tests.support.stand_in_provider import (
    BUCKET_POLICY,
    READ,
    STATE,
    account,
    answer,
    delete,
    new_provider,
    stubbed,
    urn,
)
from tests.support.stubbed_aws import OF_A_BUCKET


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

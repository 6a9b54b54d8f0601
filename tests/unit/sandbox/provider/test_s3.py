"""Tests of the calls that the stand-in provider makes for buckets."""

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.provider.resource import changes
from sandbox.provider.service import RESOURCE_TYPES
from sandbox.provider.values import DEFAULTS, Properties, to_struct
from tests.support.stand_in_provider import (
    BUCKET,
    ENCRYPTION,
    STATE,
    VERSIONING,
    AbortedError,
    account,
    answer,
    checked,
    delete,
    new_provider,
    stubbed,
    urn,
)
from tests.support.stubbed_aws import versioned


def test_a_bucket_without_tags_needs_no_call_for_tags() -> None:
    provider = new_provider()
    with stubbed(provider, "s3"):
        RESOURCE_TYPES[BUCKET].complete(account(provider), "b", {"bucket": "b"})


def test_a_bucket_is_emptied_if_force_destroy_is_set() -> None:
    provider, bucket = new_provider(), {"Bucket": "b"}
    with stubbed(provider, "s3") as s3:
        page = {"Versions": [{"Key": "k", "VersionId": "1"}], "DeleteMarkers": [{"Key": "k", "VersionId": "2"}]}
        s3.add_response("list_object_versions", page, bucket)
        s3.add_response("delete_object", {}, {**bucket, "Key": "k", "VersionId": "1"})
        s3.add_response("delete_object", {}, {**bucket, "Key": "k", "VersionId": "2"})
        s3.add_response("delete_bucket", {}, bucket)
        delete(provider, BUCKET, "b", {"forceDestroy": True})


def test_disabled_versioning_is_created_and_read() -> None:
    provider = new_provider()
    inputs: Properties = {DEFAULTS: [], **versioned(status="Disabled")}
    with stubbed(provider, "s3") as s3:
        s3.add_response("get_bucket_versioning", {}, {"Bucket": "b"})
        request = provider_pb2.CreateRequest(urn=urn(VERSIONING), properties=to_struct(inputs))
        outputs = answer(provider, "Create", request)["properties"]
    assert outputs["versioningConfiguration"] == {"mfaDelete": "", "status": "Disabled"}


KEY_ARN = "arn:aws:kms:us-east-1:999999999999:key/k"


def test_a_key_and_blocked_encryption_types_are_set_and_read() -> None:
    provider = new_provider()
    default: Properties = {"kmsMasterKeyId": KEY_ARN, "sseAlgorithm": "aws:kms"}
    rule: Properties = {
        "applyServerSideEncryptionByDefault": default,
        "blockedEncryptionTypes": ["SSE-C"],
        "bucketKeyEnabled": True,
    }
    theirs = {
        "ApplyServerSideEncryptionByDefault": {"KMSMasterKeyID": KEY_ARN, "SSEAlgorithm": "aws:kms"},
        "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
        "BucketKeyEnabled": True,
    }
    asked = {"ServerSideEncryptionConfiguration": {"Rules": [theirs]}}
    with stubbed(provider, "s3") as s3:
        s3.add_response("put_bucket_encryption", {}, {"Bucket": "b", **asked})
        s3.add_response("get_bucket_encryption", asked, {"Bucket": "b"})
        request = provider_pb2.CreateRequest(
            urn=urn(ENCRYPTION), properties=to_struct(checked(ENCRYPTION, {"bucket": "b", "rules": [rule]}))
        )
        assert answer(provider, "Create", request)["properties"]["rules"] == [rule]


def test_encryption_types_can_be_blocked_without_a_default() -> None:
    provider, rule = new_provider(), Properties(blockedEncryptionTypes=["NONE"])
    with stubbed(provider, "s3") as s3:
        theirs = {"BlockedEncryptionTypes": {"EncryptionType": ["NONE"]}}
        rules = {"ServerSideEncryptionConfiguration": {"Rules": [theirs]}}
        s3.add_response("put_bucket_encryption", {}, {"Bucket": "b", **rules})
        s3.add_response("get_bucket_encryption", rules)
        request = provider_pb2.CreateRequest(
            urn=urn(ENCRYPTION), properties=to_struct(checked(ENCRYPTION, {"bucket": "b", "rules": [rule]}))
        )
        found = answer(provider, "Create", request)["properties"]["rules"]
    assert found == [{"blockedEncryptionTypes": ["NONE"], "bucketKeyEnabled": False}]


def test_encryption_types_that_aws_blocks_are_no_change() -> None:
    """Test what S3 reports for every bucket since April 2026 (terraform-provider-aws#47320)."""
    state = STATE[ENCRYPTION]["response"]
    rule = {**state["properties"]["rules"][0], "blockedEncryptionTypes": ["SSE-C"]}
    kind, outputs = RESOURCE_TYPES[ENCRYPTION], {**state["properties"], "rules": [rule]}
    assert changes(kind, outputs, state["inputs"], state["inputs"]) == []


@pytest.mark.parametrize("status", ["Enabled", "Suspended"])
def test_versioning_can_not_be_turned_off(status: str) -> None:
    provider = new_provider()
    message = f"versioning_configuration.status cannot be updated from '{status}' to 'Disabled'"
    request = provider_pb2.UpdateRequest(
        urn=urn(VERSIONING),
        id="b",
        olds=to_struct(versioned(status=status)),
        news=to_struct(versioned(status="Disabled")),
    )
    with pytest.raises(AbortedError, match=message):
        answer(provider, "Update", request)


def test_versioning_that_was_never_on_is_not_suspended() -> None:
    provider = new_provider()
    with stubbed(provider, "s3"):
        delete(provider, VERSIONING, "b", versioned(status="Disabled"))


@pytest.mark.parametrize(
    ("region", "place"),
    [("us-east-1", {}), ("eu-west-1", {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}})],
)
def test_a_bucket_is_created_in_the_configured_region(region: str, place: dict[str, Any]) -> None:
    provider = new_provider(region=region)
    with stubbed(provider, "s3") as s3:
        if not place:
            s3.add_client_error("head_bucket", "404", http_status_code=404)
        s3.add_response("create_bucket", {}, {"Bucket": "b", **place})
        assert RESOURCE_TYPES[BUCKET].create(account(provider), {"bucket": "b", "tagsAll": {"k": "v"}}) == "b"

"""Tests of the stand-in provider with a bucket that exists already."""

import pytest
from botocore.stub import Stubber

from tests.support.stand_in_provider import AbortedError, answer, new_provider, stubbed
from tests.support.stubbed_aws import create_bucket


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

"""Tests of the stand-in provider with resources that are missing in AWS, and with invalid ids."""

from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.provider.values import to_struct
from tests.support.stand_in_provider import (
    ACCESS_BLOCK,
    ATTACHMENT,
    BUCKET,
    BUCKET_POLICY,
    ENCRYPTION,
    GROUP,
    GROUP_POLICY,
    MEMBERSHIP,
    OFFLINE,
    OWNERSHIP,
    POLICY,
    POLICY_ARN,
    ROLE,
    ROLE_POLICY,
    USER_GROUPS,
    VERSIONING,
    AbortedError,
    answer,
    delete,
    new_provider,
    stubbed,
    urn,
)
from tests.support.stubbed_aws import OLDS

GONE_DELETED = [
    (ROLE, "r", "delete_role", "NoSuchEntity"),
    (POLICY, POLICY_ARN, "list_policy_versions", "NoSuchEntity"),
    (ATTACHMENT, "r-1", "detach_role_policy", "NoSuchEntity"),
    (GROUP, "g", "delete_group", "NoSuchEntity"),
    (GROUP_POLICY, "g:p", "delete_group_policy", "NoSuchEntity"),
    (ROLE_POLICY, "r:p", "delete_role_policy", "NoSuchEntity"),
    (MEMBERSHIP, "m", "remove_user_from_group", "NoSuchEntity"),
    (USER_GROUPS, "t-1", "remove_user_from_group", "NoSuchEntity"),
    (BUCKET, "b", "delete_bucket", "NoSuchBucket"),
    (ACCESS_BLOCK, "b", "delete_public_access_block", "NoSuchBucket"),
    (OWNERSHIP, "b", "delete_bucket_ownership_controls", "NoSuchBucket"),
    (ENCRYPTION, "b", "delete_bucket_encryption", "NoSuchBucket"),
    (VERSIONING, "b", "put_bucket_versioning", "NoSuchBucket"),
    (BUCKET_POLICY, "b", "delete_bucket_policy", "NoSuchBucket"),
]


@pytest.mark.parametrize(("token", "resource_id", "operation", "code"), GONE_DELETED)
def test_deleting_a_missing_resource_succeeds(token: str, resource_id: str, operation: str, code: str) -> None:
    provider = new_provider()
    with stubbed(provider, token[4 : token.index("/")]) as stub:
        stub.add_client_error(operation, code)
        delete(provider, token, resource_id, OLDS.get(token, {}))


def test_deleting_a_missing_bucket_with_force_destroy_succeeds() -> None:
    provider = new_provider()
    with stubbed(provider, "s3") as s3:
        s3.add_client_error("list_object_versions", "NoSuchBucket")
        s3.add_client_error("delete_bucket", "NoSuchBucket")
        delete(provider, BUCKET, "b", {"forceDestroy": True})


def test_a_refused_delete_is_an_error() -> None:
    provider = new_provider()
    with stubbed(provider, "s3") as s3, pytest.raises(AbortedError, match="DeleteBucket: BucketNotEmpty: full"):
        s3.add_client_error("delete_bucket", "BucketNotEmpty", "full")
        delete(provider, BUCKET, "b", {})


@pytest.mark.parametrize(
    ("token", "resource_id", "operation", "code"),
    [
        (ROLE, "r", "get_role", "NoSuchEntity"),
        (POLICY, POLICY_ARN, "get_policy", "NoSuchEntity"),
        (ATTACHMENT, "r-1", "list_attached_role_policies", "NoSuchEntity"),
        (GROUP, "g", "get_group", "NoSuchEntity"),
        (GROUP_POLICY, "g:p", "get_group_policy", "NoSuchEntity"),
        (ROLE_POLICY, "r:p", "get_role_policy", "NoSuchEntity"),
        (MEMBERSHIP, "m", "get_group", "NoSuchEntity"),
        (USER_GROUPS, "t-1", "list_groups_for_user", "NoSuchEntity"),
        (BUCKET, "b", "head_bucket", "404"),
        (ACCESS_BLOCK, "b", "get_public_access_block", "NoSuchPublicAccessBlockConfiguration"),
        (OWNERSHIP, "b", "get_bucket_ownership_controls", "OwnershipControlsNotFoundError"),
        (ENCRYPTION, "b", "get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError"),
        (VERSIONING, "b", "get_bucket_versioning", "NoSuchBucket"),
        (BUCKET_POLICY, "b", "get_bucket_policy", "NoSuchBucketPolicy"),
    ],
)
def test_a_missing_resource_is_read_as_nothing(token: str, resource_id: str, operation: str, code: str) -> None:
    provider = new_provider()
    request = provider_pb2.ReadRequest(urn=urn(token), id=resource_id, properties=to_struct(OLDS.get(token, {})))
    with stubbed(provider, token[4 : token.index("/")]) as stub:
        stub.add_client_error(operation, code)
        assert answer(provider, "Read", request) == {}


@pytest.mark.parametrize(("attached", "found"), [([], {}), ([{"PolicyName": "probe", "PolicyArn": POLICY_ARN}], None)])
def test_an_attachment_is_imported_by_role_and_policy(attached: list[Any], found: dict[str, Any] | None) -> None:
    provider, resource_id = new_provider(), f"r/{POLICY_ARN}"
    with stubbed(provider, "iam") as iam:
        iam.add_response("list_attached_role_policies", {"AttachedPolicies": attached}, {"RoleName": "r"})
        read = answer(provider, "Read", provider_pb2.ReadRequest(urn=urn(ATTACHMENT), id=resource_id))
    inputs = {"role": "r", "policyArn": POLICY_ARN}
    imported = {"id": resource_id, "inputs": inputs, "properties": {"id": resource_id, **inputs}}
    assert read == (imported if found is None else found)


@pytest.mark.parametrize(
    ("token", "resource_id", "form"),
    [
        (GROUP_POLICY, "developers", "<group name>:<policy name>"),
        (GROUP_POLICY, ":p", "<group name>:<policy name>"),
        (GROUP_POLICY, "g:", "<group name>:<policy name>"),
        (ROLE_POLICY, "uploaders", "<role name>:<policy name>"),
        (ATTACHMENT, "role", "<role-name>/<policy_arn>"),
        (ATTACHMENT, "role/", "<role-name>/<policy_arn>"),
        (POLICY, "probe", "the policy's ARN"),
        (USER_GROUPS, "u", "<user-name>/<group-name1>/..."),
        (USER_GROUPS, "u/", "<user-name>/<group-name1>/..."),
        (USER_GROUPS, "/g", "<user-name>/<group-name1>/..."),
    ],
)
def test_an_invalid_id_is_refused_with_the_expected_format(token: str, resource_id: str, form: str) -> None:
    with pytest.raises(AbortedError) as aborted:
        answer(OFFLINE, "Read", provider_pb2.ReadRequest(urn=urn(token), id=resource_id))
    message = f"reading {urn(token)}: unexpected format of ID ({resource_id}), expected {form}"
    assert aborted.value.args == (grpc.StatusCode.UNKNOWN, message)

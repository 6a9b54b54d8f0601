"""Tests of the calls that the stand-in provider makes for roles and policies."""

from typing import Any

import pytest
from botocore.stub import Stubber
from pulumi.runtime.proto import provider_pb2

from sandbox.provider import iam as provider_iam
from sandbox.provider.service import RESOURCE_TYPES
from sandbox.provider.values import Properties, to_struct
from tests.support.stand_in_provider import (
    ATTACHMENT,
    GROUP_POLICY,
    POLICY,
    POLICY_ARN,
    READ,
    ROLE,
    ROLE_POLICY,
    WRITE,
    AbortedError,
    account,
    answer,
    delete,
    new_provider,
    stubbed,
    urn,
)
from tests.support.stubbed_aws import OLDS, version

BOUNDARY = "arn:aws:iam::999999999999:policy/boundary"


@pytest.mark.parametrize(
    ("olds", "news", "asked"),
    [
        ({}, {"forceDetachPolicies": True}, {}),
        ({}, {"assumeRolePolicy": WRITE}, {"update_assume_role_policy": {"PolicyDocument": WRITE}}),
        ({}, {"description": "d"}, {"update_role": {"Description": "d", "MaxSessionDuration": 3600}}),
        ({"description": "d"}, {}, {"update_role": {"Description": "", "MaxSessionDuration": 3600}}),
        ({}, {"maxSessionDuration": 7200}, {"update_role": {"Description": "", "MaxSessionDuration": 7200}}),
        ({}, {"permissionsBoundary": BOUNDARY}, {"put_role_permissions_boundary": {"PermissionsBoundary": BOUNDARY}}),
        ({"permissionsBoundary": BOUNDARY}, {"permissionsBoundary": BOUNDARY}, {}),
        ({"permissionsBoundary": BOUNDARY}, {}, {"delete_role_permissions_boundary": {}}),
        ({"tagsAll": {"a": "1", "b": "1"}}, {"tagsAll": {"a": "1", "b": "1"}}, {}),
        (
            {"tagsAll": {"a": "1", "b": "1", "c": "1"}},
            {"tagsAll": {"a": "1", "b": "2"}},
            {"untag_role": {"TagKeys": ["c"]}, "tag_role": {"Tags": [{"Key": "b", "Value": "2"}]}},
        ),
    ],
)
def test_only_changed_settings_of_a_role_are_sent(olds: Properties, news: Properties, asked: dict[str, Any]) -> None:
    provider, base = new_provider(), Properties(assumeRolePolicy=READ)
    with stubbed(provider, "iam") as iam:
        for operation, parameters in asked.items():
            iam.add_response(operation, {}, {"RoleName": "r", **parameters})
        RESOURCE_TYPES[ROLE].update(account(provider), "r", {**base, **olds}, {**base, **news})


def test_a_boundary_that_is_removed_already_is_no_error() -> None:
    provider, base = new_provider(), Properties(assumeRolePolicy=READ)
    with stubbed(provider, "iam") as iam:
        iam.add_client_error("delete_role_permissions_boundary", "NoSuchEntity")
        RESOURCE_TYPES[ROLE].update(account(provider), "r", {**base, "permissionsBoundary": BOUNDARY}, base)


ONE_TO_FIVE = [version(5, default=True), version(3), version(2), version(1), version(4)]
ROLLED_BACK = [version(5), version(4), version(3), version(2), version(1, default=True)]


@pytest.mark.parametrize(
    ("versions", "pruned"), [(ONE_TO_FIVE, "v1"), (ROLLED_BACK, "v2"), (ONE_TO_FIVE[:4], None), (ONE_TO_FIVE[:1], None)]
)
def test_a_policy_s_oldest_version_is_deleted_at_the_limit(versions: list[dict[str, Any]], pruned: str | None) -> None:
    provider, arn = new_provider(), {"PolicyArn": POLICY_ARN}
    with stubbed(provider, "iam") as iam:
        iam.add_response("list_policy_versions", {"Versions": versions}, arn)
        if pruned:
            iam.add_response("delete_policy_version", {}, {**arn, "VersionId": pruned})
        asked = {**arn, "PolicyDocument": WRITE, "SetAsDefault": True}
        iam.add_response("create_policy_version", {"PolicyVersion": version(6)}, asked)
        RESOURCE_TYPES[POLICY].update(account(provider), POLICY_ARN, {"policy": READ}, {"policy": WRITE})


def test_a_change_of_tags_makes_no_new_policy_version() -> None:
    provider, arn = new_provider(), {"PolicyArn": POLICY_ARN}
    with stubbed(provider, "iam") as iam:
        iam.add_response("untag_policy", {}, {**arn, "TagKeys": ["env"]})
        iam.add_response("tag_policy", {}, {**arn, "Tags": [{"Key": "team", "Value": "a"}]})
        olds: Properties = {"policy": READ, "tagsAll": {"env": "dev"}}
        RESOURCE_TYPES[POLICY].update(account(provider), POLICY_ARN, olds, {"policy": READ, "tagsAll": {"team": "a"}})


def test_a_policy_is_deleted_after_its_other_versions() -> None:
    provider, arn = new_provider(), {"PolicyArn": POLICY_ARN}
    with stubbed(provider, "iam") as iam:
        iam.add_response("list_policy_versions", {"Versions": ONE_TO_FIVE}, arn)
        for other in ("v3", "v2", "v1", "v4"):
            iam.add_response("delete_policy_version", {}, {**arn, "VersionId": other})
        iam.add_response("delete_policy", {}, arn)
        delete(provider, POLICY, POLICY_ARN, {})


def add_policies(stub: Stubber) -> None:
    """Stub two pages of a role's managed policies and two of its inline policies, and the removal of each policy."""
    role = {"RoleName": "r"}
    for marker, name, more in ({}, "a", {"IsTruncated": True, "Marker": "m"}), ({"Marker": "m"}, "b", {}):
        arn = f"arn:aws:iam::999999999999:policy/{name}"
        page = {"AttachedPolicies": [{"PolicyName": name, "PolicyArn": arn}], **more}
        stub.add_response("list_attached_role_policies", page, {**role, **marker})
    stub.add_client_error(
        "detach_role_policy",
        "NoSuchEntity",
        expected_params={**role, "PolicyArn": "arn:aws:iam::999999999999:policy/a"},
    )
    stub.add_response("detach_role_policy", {}, {**role, "PolicyArn": "arn:aws:iam::999999999999:policy/b"})
    stub.add_response("list_role_policies", {"PolicyNames": ["x"], "IsTruncated": True, "Marker": "m"}, role)
    stub.add_response("list_role_policies", {"PolicyNames": ["y"]}, {**role, "Marker": "m"})
    stub.add_client_error("delete_role_policy", "NoSuchEntity", expected_params={**role, "PolicyName": "x"})
    stub.add_response("delete_role_policy", {}, {**role, "PolicyName": "y"})


@pytest.mark.parametrize(
    "olds", [{"forceDetachPolicies": True}, {"managedPolicyArns": [POLICY_ARN], "inlinePolicies": [{"name": "x"}]}]
)
def test_a_role_s_known_policies_are_removed_before_it(olds: Properties) -> None:
    provider = new_provider()
    with stubbed(provider, "iam") as iam:
        add_policies(iam)
        iam.add_response("delete_role", {}, {"RoleName": "r"})
        delete(provider, ROLE, "r", olds)


def test_a_role_with_unknown_policies_is_not_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = new_provider()
    monkeypatch.setattr(provider_iam, "_EMPTYING_SECONDS", 0)
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError, match="DeleteRole: DeleteConflict: must detach"):
        iam.add_client_error("delete_role", "DeleteConflict", "must detach")
        delete(provider, ROLE, "r", {"managedPolicyArns": [], "inlinePolicies": []})


def test_a_role_is_deleted_after_its_policies() -> None:
    provider = new_provider()
    with stubbed(provider, "iam") as iam:
        iam.add_client_error("delete_role", "DeleteConflict", "must detach")
        iam.add_response("delete_role", {}, {"RoleName": "r"})
        delete(provider, ROLE, "r", {})


@pytest.mark.parametrize(("token", "owner"), [(GROUP_POLICY, "group"), (ROLE_POLICY, "role")])
def test_an_inline_policy_is_written_to_its_owner(token: str, owner: str) -> None:
    provider, names = new_provider(), {f"{owner.title()}Name": "o", "PolicyName": "p"}
    inputs: Properties = {owner: "o", "name": "p", "policy": READ}
    outputs: Properties = {"id": "o:p", "namePrefix": "", **inputs}
    create = provider_pb2.CreateRequest(urn=urn(token), properties=to_struct(inputs))
    news = to_struct({**inputs, "policy": WRITE})
    update = provider_pb2.UpdateRequest(urn=urn(token), id="o:p", olds=to_struct(outputs), news=news)
    with stubbed(provider, "iam") as iam:
        for document in (READ, WRITE):
            iam.add_response(f"put_{owner}_policy", {}, {**names, "PolicyDocument": document})
            iam.add_response(f"get_{owner}_policy", {**names, "PolicyDocument": document}, names)
        assert answer(provider, "Create", create) == {"id": "o:p", "properties": outputs}
        assert answer(provider, "Update", update) == {"properties": {**outputs, "policy": WRITE}}
        iam.add_response(f"delete_{owner}_policy", {}, names)
        delete(provider, token, "o:p", outputs)


def test_an_incomplete_attachment_is_attached_again() -> None:
    provider, olds = new_provider(), to_struct(OLDS[ATTACHMENT])
    request = provider_pb2.UpdateRequest(urn=urn(ATTACHMENT), id=f"r/{POLICY_ARN}", olds=olds, news=olds)
    with stubbed(provider, "iam") as iam:
        iam.add_response("attach_role_policy", {}, {"RoleName": "r", "PolicyArn": POLICY_ARN})
        page = {"AttachedPolicies": [{"PolicyName": "probe", "PolicyArn": POLICY_ARN}]}
        iam.add_response("list_attached_role_policies", page, {"RoleName": "r"})
        found = answer(provider, "Update", request)["properties"]
    assert found == {"id": f"r/{POLICY_ARN}", "role": "r", "policyArn": POLICY_ARN}

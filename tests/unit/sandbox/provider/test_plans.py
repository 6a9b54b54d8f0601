"""Tests of what the stand-in provider plans: an update, a replacement or nothing."""

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.provider.resource import changes, deletes_first, refreshed_inputs
from sandbox.provider.service import RESOURCE_TYPES
from sandbox.provider.values import DEFAULTS, UNKNOWN, Properties, Value, to_struct
from tests.support.stand_in_provider import (
    ACCESS_BLOCK,
    ATTACHMENT,
    BUCKET,
    BUCKET_POLICY,
    ENCRYPTION,
    GROUP,
    GROUP_POLICY,
    MEMBERS,
    MEMBERSHIP,
    MINIMAL,
    OFFLINE,
    OWNERSHIP,
    POLICY,
    ROLE,
    ROLE_POLICY,
    STATE,
    TRUST,
    USER_GROUPS,
    VERSIONING,
    WRITE,
    answer,
    checked,
    planned,
    region_of,
    urn,
)
from tests.support.stubbed_aws import OF_A_BUCKET


@pytest.mark.parametrize("users", [["a", "u"], ["u", "a"], ["u", "a", "u"]])
def test_order_and_repetition_of_members_are_no_change(users: list[Value]) -> None:
    assert planned(MEMBERSHIP, {"users": users}) == ({}, False)
    inputs: Properties = {**MEMBERS, "users": users}
    assert refreshed_inputs(RESOURCE_TYPES[MEMBERSHIP], inputs, MEMBERS) == inputs


@pytest.mark.parametrize("token", RESOURCE_TYPES)
def test_the_recorded_inputs_are_no_change(token: str) -> None:
    assert planned(token, {}) == ({}, False)


BOTH_TAGS = {"tags": "UPDATE", "tagsAll": "UPDATE"}


@pytest.mark.parametrize(
    ("token", "change", "details"),
    [
        (POLICY, {"policy": WRITE}, {"policy": "UPDATE"}),
        (GROUP_POLICY, {"policy": WRITE}, {"policy": "UPDATE"}),
        (ROLE_POLICY, {"policy": WRITE}, {"policy": "UPDATE"}),
        *((MEMBERSHIP, {"users": users}, {"users": "UPDATE"}) for users in (["u", UNKNOWN], ["a"], [], UNKNOWN)),
        (BUCKET_POLICY, {"policy": WRITE}, {"policy": "UPDATE"}),
        (ROLE, {"assumeRolePolicy": TRUST}, {"assumeRolePolicy": "UPDATE"}),
        (ROLE, {"maxSessionDuration": 3600}, {"maxSessionDuration": "UPDATE"}),
        (ROLE, {"maxSessionDuration": None}, {"maxSessionDuration": "DELETE"}),
        (ROLE, {"description": "other"}, {"description": "UPDATE"}),
        (ROLE, {"description": None}, {"description": "DELETE"}),
        (ROLE, {"tags": {"env": "dev", "team": "b"}}, BOTH_TAGS),
        (POLICY, {"tags": {"env": "dev"}}, BOTH_TAGS),
        (BUCKET, {"tags": {"env": "dev", "team": "a", "more": ""}}, BOTH_TAGS),
        (BUCKET, {"tags": None}, {"tags": "DELETE", "tagsAll": "DELETE"}),
        (GROUP, {"name": "other"}, {"name": "UPDATE"}),
        (GROUP, {"path": None}, {"path": "DELETE"}),
        (VERSIONING, {"versioningConfiguration": {"status": "Suspended"}}, {"versioningConfiguration": "UPDATE"}),
        (ACCESS_BLOCK, {"blockPublicAcls": False}, {"blockPublicAcls": "UPDATE"}),
        (ACCESS_BLOCK, {"blockPublicAcls": None}, {"blockPublicAcls": "DELETE"}),
        (OWNERSHIP, {"rule": {"objectOwnership": "ObjectWriter"}}, {"rule": "UPDATE"}),
        (
            ENCRYPTION,
            {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]},
            {"rules": "UPDATE"},
        ),
        (BUCKET, {"forceDestroy": True}, {"forceDestroy": "ADD"}),
    ],
)
def test_an_update_is_planned(token: str, change: Properties, details: dict[str, str]) -> None:
    assert planned(token, change) == (details, False)


REPLACES: dict[str, dict[str, bool]] = {
    ROLE: {
        "assumeRolePolicy": False,
        "description": False,
        "forceDetachPolicies": False,
        "maxSessionDuration": False,
        "name": True,
        "path": True,
        "permissionsBoundary": False,
        "tags": False,
    },
    POLICY: {"description": True, "name": True, "path": True, "policy": False, "tags": False},
    ATTACHMENT: {"policyArn": True, "role": True},
    GROUP: {"name": False, "path": False},
    GROUP_POLICY: {"group": True, "name": True, "policy": False},
    ROLE_POLICY: {"role": True, "name": True, "policy": False},
    MEMBERSHIP: {"group": True, "name": True, "users": False},
    USER_GROUPS: {"user": True, "groups": False},
    BUCKET: {"bucket": True, "forceDestroy": False, "region": True, "tags": False},
    **{
        token: {"bucket": True, "region": True, **dict.fromkeys(in_place, False)}
        for token, in_place in OF_A_BUCKET.items()
    },
}
"""Every input of every type: ``True`` if a change replaces the resource (``ForceNew`` in terraform-provider-aws)."""
OTHER: dict[type, Value] = {str: "other", int: 4242, list: ["other"], dict: {"other": "x"}}


def test_every_input_is_replaced_or_updated_as_upstream() -> None:
    served = {
        token: {name: prop.replaces for name, prop in kind.inputs.items()} for token, kind in RESOURCE_TYPES.items()
    }
    assert served == REPLACES


@pytest.mark.parametrize(
    ("token", "name", "replaces"), [(token, *item) for token, table in REPLACES.items() for item in table.items()]
)
def test_a_change_is_planned_by_that_table(token: str, name: str, replaces: bool) -> None:
    kind, state = RESOURCE_TYPES[token], STATE[token]["response"]
    olds = {**state["properties"], **region_of(token)}
    prop, inputs = kind.inputs[name], {**state["inputs"], **region_of(token)}
    value: Value = not olds[name] if prop.type is bool else TRUST if prop.policy else OTHER[prop.type]
    found = changes(kind, olds, inputs, {**inputs, name: value})
    assert [(change.name, change.replace) for change in found] == [(name, replaces)]


# The name is given in all of these; a replacement without a physical name is created first.
@pytest.mark.parametrize(
    ("token", "change", "details", "delete_first"),
    [
        (ROLE, {"name": "other"}, {"name": "UPDATE_REPLACE"}, True),
        (ROLE, {"path": "/other/"}, {"path": "UPDATE_REPLACE"}, True),
        (ROLE, {"path": None}, {"path": "DELETE_REPLACE"}, True),
        (POLICY, {"name": "other"}, {"name": "UPDATE_REPLACE"}, True),
        (POLICY, {"path": "/other/"}, {"path": "UPDATE_REPLACE"}, True),
        (POLICY, {"description": "other"}, {"description": "UPDATE_REPLACE"}, True),
        (POLICY, {"description": None}, {"description": "DELETE_REPLACE"}, True),
        (ATTACHMENT, {"role": "other"}, {"role": "UPDATE_REPLACE"}, True),
        (ATTACHMENT, {"policyArn": UNKNOWN}, {"policyArn": "UPDATE_REPLACE"}, True),
        (GROUP_POLICY, {"group": "other"}, {"group": "UPDATE_REPLACE"}, True),
        (GROUP_POLICY, {"name": "other"}, {"name": "UPDATE_REPLACE"}, True),
        (ROLE_POLICY, {"role": "other"}, {"role": "UPDATE_REPLACE"}, True),
        (ROLE_POLICY, {"name": "other"}, {"name": "UPDATE_REPLACE"}, True),
        (MEMBERSHIP, {"group": "other"}, {"group": "UPDATE_REPLACE"}, True),
        (MEMBERSHIP, {"name": "other"}, {"name": "UPDATE_REPLACE"}, True),
        (USER_GROUPS, {"user": "other"}, {"user": "UPDATE_REPLACE"}, False),
        (BUCKET, {"bucket": "other"}, {"bucket": "UPDATE_REPLACE"}, True),
        (BUCKET, {"region": "eu-west-1"}, {"region": "UPDATE_REPLACE"}, True),
        *(
            (token, {"bucket": name}, {"bucket": "UPDATE_REPLACE"}, False)
            for token in OF_A_BUCKET
            for name in ("o", UNKNOWN)
        ),
    ],
)
def test_a_replacement_is_planned(token: str, change: Properties, details: dict[str, str], delete_first: bool) -> None:
    assert planned(token, change) == (details, delete_first)


def test_an_update_of_a_named_resource_is_in_place() -> None:
    assert planned(ROLE, {"description": "other"}) == ({"description": "UPDATE"}, False)


def test_a_resource_without_a_list_of_generated_names_is_created_first() -> None:
    """Test as the bridge does with states from before the list of generated names."""
    inputs = {name: value for name, value in checked(ROLE, MINIMAL[ROLE]).items() if name != DEFAULTS}
    assert not deletes_first(RESOURCE_TYPES[ROLE], inputs)
    assert deletes_first(RESOURCE_TYPES[ROLE], {**inputs, DEFAULTS: []})


def test_ignored_changes_are_no_change() -> None:
    state = STATE[ROLE]["response"]
    request = provider_pb2.DiffRequest(
        urn=urn(ROLE),
        olds=to_struct(state["properties"]),
        old_inputs=to_struct(state["inputs"]),
        news=to_struct({**state["inputs"], "description": "other"}),
        ignoreChanges=["description"],
    )
    assert answer(OFFLINE, "Diff", request) == {"changes": "DIFF_NONE", "hasDetailedDiff": True}

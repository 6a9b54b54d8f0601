"""Tests of the stand-in provider when the answer to a call gets lost."""

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.provider.resource import changes
from sandbox.provider.service import RESOURCE_TYPES, AwsProvider
from sandbox.provider.values import DEFAULTS, UNKNOWN, Properties, from_struct, to_struct
from tests.support.stand_in_provider import (
    GROUP,
    LONG_AGO,
    POLICY,
    READ,
    ROLE,
    STATE,
    AbortedError,
    FakeContext,
    account,
    answer,
    delete,
    new_provider,
    recorded_failure,
    stubbed,
    urn,
)
from tests.support.stubbed_aws import (
    CREATE_ROLE,
    ROLE_INPUTS,
    ROLE_TAGS,
    add_created_role,
    add_free_role,
    add_refused_role,
    add_role,
)


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

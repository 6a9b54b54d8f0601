"""Tests of the calls that the stand-in provider makes for groups and their members."""

from typing import Any

import pytest
from google.protobuf.message import Message
from pulumi.runtime.proto import provider_pb2

from sandbox.provider.service import RESOURCE_TYPES
from sandbox.provider.values import DEFAULTS, Properties, to_struct
from tests.support.stand_in_provider import (
    GROUP,
    LONG_AGO,
    MEMBERS,
    MEMBERSHIP,
    OFFLINE,
    STATE,
    USER_GROUPS,
    AbortedError,
    account,
    answer,
    delete,
    new_provider,
    stubbed,
    urn,
)
from tests.support.stubbed_aws import members


def test_members_are_added_and_read_sorted_from_all_pages() -> None:
    provider, group = new_provider(), {"GroupName": "g"}
    with stubbed(provider, "iam") as iam:
        iam.add_response("add_user_to_group", {}, {**group, "UserName": "a"})
        iam.add_response("add_user_to_group", {}, {**group, "UserName": "u"})
        iam.add_response("get_group", members("u", "z", marker="more"), group)
        iam.add_response("get_group", members("a"), {**group, "Marker": "more"})
        request = provider_pb2.CreateRequest(
            urn=urn(MEMBERSHIP), properties=to_struct({**MEMBERS, "users": ["u", "a", "u"]})
        )
        found = answer(provider, "Create", request)
    assert found == {"id": "m", "properties": {"id": "m", **MEMBERS, "users": ["a", "u", "z"]}}


def test_only_changed_members_are_sent_and_missing_ones_need_no_removal() -> None:
    provider, group = new_provider(), {"GroupName": "g"}
    request = provider_pb2.UpdateRequest(
        urn=urn(MEMBERSHIP),
        id="m",
        olds=to_struct({**MEMBERS, "users": ["a", "gone", "x"]}),
        news=to_struct({**MEMBERS, "users": ["u", "a"]}),
    )
    with stubbed(provider, "iam") as iam:
        iam.add_client_error("remove_user_from_group", "NoSuchEntity", expected_params={**group, "UserName": "gone"})
        iam.add_response("remove_user_from_group", {}, {**group, "UserName": "x"})
        iam.add_response("add_user_to_group", {}, {**group, "UserName": "u"})
        iam.add_response("get_group", members("a", "u"), group)
        found = answer(provider, "Update", request)
    assert found == {"properties": {"id": "m", **MEMBERS}}


def test_the_members_of_the_state_are_removed_even_if_one_is_missing() -> None:
    provider, group = new_provider(), {"GroupName": "g"}
    with stubbed(provider, "iam") as iam:
        iam.add_client_error("remove_user_from_group", "NoSuchEntity", expected_params={**group, "UserName": "a"})
        iam.add_response("remove_user_from_group", {}, {**group, "UserName": "u"})
        delete(provider, MEMBERSHIP, "m", MEMBERS)


@pytest.mark.parametrize("method", ["Create", "Update"])
def test_adding_a_missing_user_is_an_error(method: str) -> None:
    provider, properties = new_provider(), to_struct(MEMBERS)
    requests: dict[str, Message] = {
        "Create": provider_pb2.CreateRequest(urn=urn(MEMBERSHIP), properties=properties),
        "Update": provider_pb2.UpdateRequest(urn=urn(MEMBERSHIP), olds=to_struct({"users": []}), news=properties),
    }
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError, match="AddUserToGroup: NoSuchEntity: no a"):
        iam.add_client_error("add_user_to_group", "NoSuchEntity", "no a")
        answer(provider, method, requests[method])


def of_groups(*names: str) -> dict[str, Any]:
    """Return an answer of ListGroupsForUser."""
    return {"Groups": [{**members()["Group"], "GroupName": name} for name in names]}


def test_a_user_s_groups_are_added_and_removed() -> None:
    provider, user = new_provider(), {"UserName": "u"}
    inputs: Properties = {DEFAULTS: [], "groups": ["g", "a"], "user": "u"}
    with stubbed(provider, "iam") as iam:
        for group in ("a", "g"):
            iam.add_response("add_user_to_group", {}, {**user, "GroupName": group})
        iam.add_response("list_groups_for_user", of_groups("z", "g", "a"), user)
        request = provider_pb2.CreateRequest(urn=urn(USER_GROUPS), properties=to_struct(inputs))
        made = answer(provider, "Create", request)
        assert made["id"].startswith("terraform-")
        assert made["properties"] == {"id": made["id"], "groups": ["a", "g"], "user": "u"}
        iam.add_response("remove_user_from_group", {}, {**user, "GroupName": "a"})
        iam.add_response("add_user_to_group", {}, {**user, "GroupName": "b"})
        iam.add_response("list_groups_for_user", of_groups("z", "g", "b"), user)
        update = provider_pb2.UpdateRequest(
            urn=urn(USER_GROUPS),
            id=made["id"],
            olds=to_struct(made["properties"]),
            news=to_struct({**inputs, "groups": ["b", "g"]}),
        )
        assert answer(provider, "Update", update)["properties"]["groups"] == ["b", "g"]


def test_a_user_s_groups_are_imported_by_user_and_groups() -> None:
    provider = new_provider()
    with stubbed(provider, "iam") as iam:
        iam.add_response("list_groups_for_user", of_groups("z", "g"), {"UserName": "u"})
        read = answer(provider, "Read", provider_pb2.ReadRequest(urn=urn(USER_GROUPS), id="u/g/a"))
    assert read["inputs"] == {"groups": ["g"], "user": "u"}


def test_a_membership_can_not_be_imported() -> None:
    with pytest.raises(AbortedError, match=r"can't be imported: its ID \(m\) does not contain the group"):
        answer(OFFLINE, "Read", provider_pb2.ReadRequest(urn=urn(MEMBERSHIP), id="m"))


def test_an_unchanged_group_is_not_updated() -> None:
    provider = new_provider()
    with stubbed(provider, "iam"):
        RESOURCE_TYPES[GROUP].update(account(provider), "g", {"name": "g", "path": "/"}, {"name": "g"})


def test_a_renamed_group_is_read_by_its_new_name_and_a_removed_path_is_the_root() -> None:
    provider, olds = new_provider(), STATE[GROUP]["response"]["properties"]
    renamed = {"GroupName": "other", "Path": "/", "GroupId": "A" * 16, "Arn": "arn:aws:iam::999999999999:group/other"}
    request = provider_pb2.UpdateRequest(
        urn=urn(GROUP), id="probe-group", olds=to_struct(olds), news=to_struct({DEFAULTS: [], "name": "other"})
    )
    with stubbed(provider, "iam") as iam:
        asked = {"GroupName": "probe-group", "NewGroupName": "other", "NewPath": "/"}
        iam.add_response("update_group", {}, asked)
        group = {"Group": renamed | {"CreateDate": LONG_AGO}, "Users": []}
        iam.add_response("get_group", group, {"GroupName": "other"})
        outputs = answer(provider, "Update", request)["properties"]
        iam.add_response("delete_group", {}, {"GroupName": "other"})
        delete(provider, GROUP, "probe-group", outputs)
    assert outputs == {
        "id": "probe-group",
        "arn": renamed["Arn"],
        "name": "other",
        "path": "/",
        "uniqueId": renamed["GroupId"],
    }

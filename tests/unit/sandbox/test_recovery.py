"""Tests of the recovery of a state after the engine was killed."""

import json
from typing import Any

import pytest

from sandbox.recovery import as_if_created, with_created
from sandbox.state import set_endpoint

OLD: dict[str, Any] = {"urn": "urn:old", "pendingReplacement": True}


@pytest.mark.parametrize("made", [{"urn": "urn:old"}, {"urn": "urn:new", "aliases": ["urn:old"]}])
def test_a_deleted_resource_is_replaced_by_the_new_one(made: dict[str, Any]) -> None:
    assert with_created([{"urn": "urn:other"}, OLD], [made]) == [{"urn": "urn:other"}, made]


def test_unrelated_resources_are_kept() -> None:
    made = {"urn": "urn:new"}
    kept = [OLD, {"urn": "urn:new", "delete": True}]
    assert with_created(kept, [made]) == [*kept, made]


def test_a_provider_gets_the_emulators_present_address() -> None:
    endpoints = {"endpoints": json.dumps([{"iam": "https://127.0.0.1:1", "s3": "https://127.0.0.1:1"}])}
    provider = {"inputs": dict(endpoints), "outputs": dict(endpoints)}
    set_endpoint(provider, "https://127.0.0.1:2")
    wanted = {"endpoints": json.dumps([{"iam": "https://127.0.0.1:2", "s3": "https://127.0.0.1:2"}])}
    assert provider == {"inputs": wanted, "outputs": wanted}


def test_a_provider_without_an_address_is_unchanged() -> None:
    provider: dict[str, Any] = {"inputs": {"region": "us-east-1"}}
    set_endpoint(provider, "https://127.0.0.1:2")
    assert provider == {"inputs": {"region": "us-east-1"}}


def test_a_new_resource_comes_before_its_dependents() -> None:
    made, dependent = {"urn": "urn:old", "id": "new"}, {"urn": "urn:other", "dependencies": ["urn:old"]}
    assert with_created([OLD, dependent], [made]) == [made, dependent]


def test_an_existing_resource_is_not_added() -> None:
    there: list[dict[str, Any]] = [{"urn": "urn:component"}, {"urn": "urn:a", "id": "a", "outputs": {"arn": "1"}}]
    assert with_created(there, [{"urn": "urn:component"}, {"urn": "urn:a", "id": "a"}]) == there


def test_a_resource_comes_after_its_parent_provider_and_dependencies() -> None:
    provider = {"urn": "urn:p", "id": "1", "type": "pulumi:providers:aws"}
    needed = {"urn": "urn:needed", "id": "n", "provider": "urn:p::1"}
    made = {
        "urn": "urn:made",
        "id": "m",
        "provider": "urn:p::1",
        "parent": "urn:parent",
        "dependencies": ["urn:needed"],
        "propertyDependencies": {"a": ["urn:other"], "b": []},
    }
    other, parent = {"urn": "urn:other", "id": "o"}, {"urn": "urn:parent"}
    found = with_created([], [made, other, parent, needed, provider])
    assert sorted(item["urn"] for item in found) == ["urn:made", "urn:needed", "urn:other", "urn:p", "urn:parent"]
    assert found[-1] == made
    assert found.index(provider) < found.index(needed)


def test_a_replaced_resource_that_still_exists_is_marked_for_deletion() -> None:
    old, new = {"urn": "urn:a", "id": "old", "type": "t"}, {"urn": "urn:a", "id": "new", "type": "t"}
    assert with_created([old], [new]) == [{**old, "delete": True}, new]
    assert with_created([{**old, "delete": True}], [new]) == [{**old, "delete": True}, new]


def test_resources_that_swap_names_are_kept_under_the_present_names() -> None:
    first, second = ({"urn": f"urn:{name}", "id": name, "type": "t", "provider": "p::1"} for name in "ab")
    swapped = [{**first, "id": "b"}, {**second, "id": "a"}]
    assert with_created([first, second], swapped) == swapped


def test_the_same_name_in_another_account_is_another_resource() -> None:
    here = {"urn": "urn:a", "id": "name", "type": "t", "provider": "p::1"}
    there = {"urn": "urn:b", "id": "name", "type": "t", "provider": "q::1"}
    assert with_created([here], [there]) == [here, there]


def test_dependents_of_a_renamed_resource_follow_the_new_name() -> None:
    old = {"urn": "urn:old", "id": "same", "type": "t"}
    dependent = {
        "urn": "urn:x",
        "parent": "urn:old",
        "dependencies": ["urn:old", "urn:gone"],
        "propertyDependencies": {"a": ["urn:old"], "b": ["urn:gone"], "c": None},
    }
    new = {"urn": "urn:new", "id": "same", "type": "t"}
    assert with_created([old, dependent], [new]) == [
        new,
        {
            "urn": "urn:x",
            "parent": "urn:new",
            "dependencies": ["urn:new"],
            "propertyDependencies": {"a": ["urn:new"], "b": [], "c": []},
        },
    ]


def test_a_created_resource_keeps_the_id_from_aws() -> None:
    member: dict[str, Any] = {
        "custom": True,
        "type": "aws:iam/userGroupMembership:UserGroupMembership",
        "inputs": {"user": "Ann", "groups": ["Web"]},
    }
    assert as_if_created(member, "1")["id"] == "Ann/Web"
    assert as_if_created({**member, "id": "membership-1"}, "1") == {
        **member,
        "id": "membership-1",
        "outputs": member["inputs"],
    }


def test_a_component_has_no_id() -> None:
    assert as_if_created({"urn": "urn:c", "custom": False, "type": "t"}, "1") == {
        "urn": "urn:c",
        "custom": False,
        "type": "t",
    }

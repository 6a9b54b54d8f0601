"""A state is recovered from what a killed engine left."""

import json
from typing import Any

import pytest

from sandbox.recovery import as_if_made, with_made
from sandbox.state import lead_to

OLD: dict[str, Any] = {"urn": "urn:old", "pendingReplacement": True}


@pytest.mark.parametrize("made", [{"urn": "urn:old"}, {"urn": "urn:new", "aliases": ["urn:old"]}])
def test_what_was_deleted_for_what_was_being_made_is_not_kept_beside_it(made: dict[str, Any]) -> None:
    assert with_made([{"urn": "urn:other"}, OLD], [made]) == [{"urn": "urn:other"}, made]


def test_what_has_nothing_to_do_with_what_was_being_made_is_kept() -> None:
    made = {"urn": "urn:new"}
    kept = [OLD, {"urn": "urn:new", "delete": True}]
    assert with_made(kept, [made]) == [*kept, made]


def test_a_provider_is_led_to_where_the_emulator_listens_now() -> None:
    endpoints = {"endpoints": json.dumps([{"iam": "https://127.0.0.1:1", "s3": "https://127.0.0.1:1"}])}
    provider = {"inputs": dict(endpoints), "outputs": dict(endpoints)}
    lead_to(provider, "https://127.0.0.1:2")
    wanted = {"endpoints": json.dumps([{"iam": "https://127.0.0.1:2", "s3": "https://127.0.0.1:2"}])}
    assert provider == {"inputs": wanted, "outputs": wanted}


def test_a_provider_that_names_no_address_is_left_alone() -> None:
    provider: dict[str, Any] = {"inputs": {"region": "us-east-1"}}
    lead_to(provider, "https://127.0.0.1:2")
    assert provider == {"inputs": {"region": "us-east-1"}}


def test_what_was_being_made_stands_before_what_depends_on_it() -> None:
    made, dependent = {"urn": "urn:old", "id": "new"}, {"urn": "urn:other", "dependencies": ["urn:old"]}
    assert with_made([OLD, dependent], [made]) == [made, dependent]


def test_what_is_there_already_is_not_added() -> None:
    there: list[dict[str, Any]] = [{"urn": "urn:component"}, {"urn": "urn:a", "id": "a", "outputs": {"arn": "1"}}]
    assert with_made(there, [{"urn": "urn:component"}, {"urn": "urn:a", "id": "a"}]) == there


def test_what_is_made_stands_after_its_parent_its_provider_and_its_dependencies() -> None:
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
    found = with_made([], [made, other, parent, needed, provider])
    assert sorted(it["urn"] for it in found) == ["urn:made", "urn:needed", "urn:other", "urn:p", "urn:parent"]
    assert found[-1] == made
    assert found.index(provider) < found.index(needed)


def test_a_replaced_one_that_is_still_there_is_to_be_deleted() -> None:
    old, new = {"urn": "urn:a", "id": "old", "type": "t"}, {"urn": "urn:a", "id": "new", "type": "t"}
    assert with_made([old], [new]) == [{**old, "delete": True}, new]
    assert with_made([{**old, "delete": True}], [new]) == [{**old, "delete": True}, new]


def test_two_that_swap_their_names_keep_what_has_them_now() -> None:
    first, second = ({"urn": f"urn:{name}", "id": name, "type": "t", "provider": "p::1"} for name in "ab")
    swapped = [{**first, "id": "b"}, {**second, "id": "a"}]
    assert with_made([first, second], swapped) == swapped


def test_the_same_name_in_another_account_is_another_thing() -> None:
    here = {"urn": "urn:a", "id": "name", "type": "t", "provider": "p::1"}
    there = {"urn": "urn:b", "id": "name", "type": "t", "provider": "q::1"}
    assert with_made([here], [there]) == [here, there]


def test_what_depends_on_a_renamed_one_depends_on_it_under_its_new_name() -> None:
    old = {"urn": "urn:old", "id": "same", "type": "t"}
    dependent = {
        "urn": "urn:x",
        "parent": "urn:old",
        "dependencies": ["urn:old", "urn:gone"],
        "propertyDependencies": {"a": ["urn:old"], "b": ["urn:gone"], "c": None},
    }
    new = {"urn": "urn:new", "id": "same", "type": "t"}
    assert with_made([old, dependent], [new]) == [
        new,
        {
            "urn": "urn:x",
            "parent": "urn:new",
            "dependencies": ["urn:new"],
            "propertyDependencies": {"a": ["urn:new"], "b": [], "c": []},
        },
    ]


def test_one_that_was_made_is_recorded_under_the_id_that_aws_gave_it() -> None:
    member: dict[str, Any] = {
        "custom": True,
        "type": "aws:iam/userGroupMembership:UserGroupMembership",
        "inputs": {"user": "Ann", "groups": ["Web"]},
    }
    assert as_if_made(member, "1")["id"] == "Ann/Web"
    assert as_if_made({**member, "id": "membership-1"}, "1") == {
        **member,
        "id": "membership-1",
        "outputs": member["inputs"],
    }


def test_a_component_has_no_id() -> None:
    assert as_if_made({"urn": "urn:c", "custom": False, "type": "t"}, "1") == {
        "urn": "urn:c",
        "custom": False,
        "type": "t",
    }

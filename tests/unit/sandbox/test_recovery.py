"""A state is recovered from what a killed engine left."""

import json
from typing import Any

import pytest

from sandbox.recovery import with_made
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

"""Tests of what the stand-in provider records in a refresh or an import, and of updates after it."""

from typing import Any

import pytest

from sandbox.provider.resource import changes, planned_outputs, refreshed_inputs
from sandbox.provider.service import RESOURCE_TYPES
from sandbox.provider.values import DEFAULTS, Properties, Value
from tests.support.stand_in_provider import (
    BUCKET,
    ENCRYPTION,
    MINIMAL,
    POLICY,
    ROLE,
    STATE,
    TRUST,
    VERSIONING,
    WRITE,
    checked,
)
from tests.support.stubbed_aws import RULE_OF_AES


def test_a_planned_update_keeps_the_values_that_aws_chose() -> None:
    state = STATE[ROLE]["response"]
    plan = planned_outputs(RESOURCE_TYPES[ROLE], {**state["inputs"], "description": "other"}, state["properties"])
    assert plan == {**state["properties"], "description": "other"}


def test_a_planned_update_drops_removed_inputs() -> None:
    state = STATE[ROLE]["response"]
    plan = planned_outputs(RESOURCE_TYPES[ROLE], checked(ROLE, {"assumeRolePolicy": TRUST}), state["properties"])
    given_up = {"description": "", "maxSessionDuration": 3600, "path": "/", "tags": {}, "tagsAll": {}}
    assert {name: plan[name] for name in given_up} == given_up
    assert plan["arn"] == state["properties"]["arn"]


def test_a_refresh_records_an_outside_change_in_the_inputs() -> None:
    state = STATE[POLICY]["response"]
    outputs = {**state["properties"], "policy": WRITE}
    assert refreshed_inputs(RESOURCE_TYPES[POLICY], state["inputs"], outputs) == {**state["inputs"], "policy": WRITE}


def test_a_refresh_records_an_outside_change_only_in_the_program_s_fields() -> None:
    state = STATE[ENCRYPTION]["response"]
    wanted = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}
    default: Properties = {"kmsMasterKeyId": "key", "sseAlgorithm": "aws:kms"}
    found: Properties = {"applyServerSideEncryptionByDefault": default, "bucketKeyEnabled": True}
    outputs: Properties = {**state["properties"], "rules": [found]}
    assert refreshed_inputs(RESOURCE_TYPES[ENCRYPTION], state["inputs"], outputs) == {
        **state["inputs"],
        "rules": [wanted],
    }


def test_an_outside_change_of_an_unset_input_is_reverted() -> None:
    kind, inputs = RESOURCE_TYPES[ROLE], checked(ROLE, {"assumeRolePolicy": TRUST, "path": "/team/"})
    outputs = {**planned_outputs(kind, inputs), "description": "by hand"}
    refreshed = refreshed_inputs(kind, inputs, outputs)
    assert refreshed == inputs
    assert [(change.name, change.kind) for change in changes(kind, outputs, refreshed, inputs)] == [
        ("description", "DELETE")
    ]


@pytest.mark.parametrize("token", MINIMAL)
def test_missing_and_empty_outputs_are_equal(token: str) -> None:
    kind, inputs = RESOURCE_TYPES[token], checked(token, MINIMAL[token])
    outputs = {name: value for name, value in planned_outputs(kind, inputs).items() if value not in ("", False, {})}
    assert changes(kind, outputs, inputs, inputs) == []


@pytest.mark.parametrize(
    ("found", "tags"),
    [({"team": "a", "new": "x"}, {"team": "a", "new": "x"}), ({"team": "a"}, {"team": "a"}), ({}, None), (None, None)],
)
def test_a_refresh_records_the_present_tags(found: Value, tags: Value) -> None:
    state = STATE[BUCKET]["response"]
    refreshed = refreshed_inputs(
        RESOURCE_TYPES[BUCKET], state["inputs"], {**state["properties"], "tags": found, "tagsAll": found}
    )
    assert refreshed == {"bucket": "probe-bucket-1"} | ({"tags": tags, "tagsAll": tags} if tags else {})


def test_a_refresh_drops_removed_nested_fields() -> None:
    old: Properties = {"bucket": "b", "rules": [{**RULE_OF_AES, "bucketKeyEnabled": True}]}
    found = refreshed_inputs(RESOURCE_TYPES[ENCRYPTION], old, {"bucket": "b", "rules": [RULE_OF_AES]})
    assert found == {"bucket": "b", "rules": [RULE_OF_AES]}


def test_an_import_records_nested_inputs_that_are_not_empty() -> None:
    for token, name in ((ENCRYPTION, "rules"), (VERSIONING, "versioningConfiguration")):
        state = STATE[token]["response"]
        imported = refreshed_inputs(RESOURCE_TYPES[token], {}, state["properties"])
        assert imported == {"bucket": "probe-bucket-1", name: _written(state["inputs"][name])}
        checked(token, imported)


def _written(value: Any) -> Any:  # noqa: ANN401
    """Return the value as a program writes it."""
    if isinstance(value, dict):
        return {key: _written(item) for key, item in value.items() if key != DEFAULTS}
    return [_written(item) for item in value] if isinstance(value, list) else value


def test_an_import_records_values_that_are_not_the_default() -> None:
    outputs = STATE[ROLE]["response"]["properties"] | {"maxSessionDuration": 3600}
    names = ("assumeRolePolicy", "description", "name", "path", "tags", "tagsAll")
    assert refreshed_inputs(RESOURCE_TYPES[ROLE], {}, outputs) == {name: outputs[name] for name in names}

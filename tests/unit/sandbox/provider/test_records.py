"""Tests of the stand-in provider against a real one's recorded calls (``data/``)."""

import json
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.provider.resource import planned_outputs, refreshed_inputs
from sandbox.provider.service import RESOURCE_TYPES
from sandbox.provider.values import UNKNOWN, Properties, text
from tests.support.stand_in_provider import MEMBERSHIP, OFFLINE, answer, recorded, request_of


@pytest.mark.parametrize("call", recorded("check"))
def test_check_answers_as_recorded(call: dict[str, Any]) -> None:
    found = answer(OFFLINE, "Check", request_of(provider_pb2.CheckRequest(), call))
    if RESOURCE_TYPES[call["request"]["type"]].regional:  # the recorded provider is older than regions of resources
        assert found["inputs"].pop("region") == "us-east-1"
    assert found == call["response"]


@pytest.mark.parametrize("call", recorded("diff"))
def test_diff_answers_as_recorded(call: dict[str, Any]) -> None:
    assert answer(OFFLINE, "Diff", request_of(provider_pb2.DiffRequest(), call)) == call["response"]


PLANNED_OTHERWISE = {"permissionsBoundary"}
"""The outputs that are null in the recorded provider's preview, and known in this one's."""


@pytest.mark.parametrize("call", [call for call in recorded("create") if call.values[0]["request"].get("preview")])
def test_create_in_a_preview_answers_as_recorded(call: dict[str, Any]) -> None:
    found = answer(OFFLINE, "Create", request_of(provider_pb2.CreateRequest(), call))
    ours, theirs = found.pop("properties"), call["response"]["properties"]
    ours.pop("region", None)
    theirs.pop("region", None)
    assert found == {}
    assert ours.keys() == theirs.keys()
    _with_policies_parsed(call["request"]["type"], ours, theirs)
    assert {name: ours[name] for name in ours if name not in PLANNED_OTHERWISE} == {
        name: theirs[name] for name in theirs if name not in PLANNED_OTHERWISE
    }


NEWER_OUTPUTS = {"attachmentCount", "bucketRegion", "region"}
"""Outputs of 7.51.1 that the recorded provider, an older one, lacks."""


@pytest.mark.parametrize("call", [call for call in recorded("create") if not call.values[0]["request"].get("preview")])
def test_a_preview_has_every_recorded_output_and_only_true_values(call: dict[str, Any]) -> None:
    request, outputs = call["request"], call["response"]["properties"]
    of_region = {"region": "us-east-1"} if RESOURCE_TYPES[request["type"]].regional else {}
    plan = planned_outputs(RESOURCE_TYPES[request["type"]], of_region | request["properties"])
    assert plan.keys() - NEWER_OUTPUTS == outputs.keys() - NEWER_OUTPUTS
    unknown = {name for name, value in plan.items() if value == UNKNOWN}
    assert unknown == {"id", *RESOURCE_TYPES[request["type"]].computed}
    known = {name: value for name, value in plan.items() if value != UNKNOWN and name in outputs}
    kept = {name: value for name, value in outputs.items() if name in known}
    _with_policies_parsed(request["type"], known, kept)
    assert _without_aws_additions(kept, known) == known


def _with_policies_parsed(token: str, *several: Properties) -> None:
    """Parse each policy, because the order of its keys may differ."""
    for name, prop in RESOURCE_TYPES[token].inputs.items():
        for properties in several:
            if prop.policy:
                properties[name] = json.loads(text(properties[name]))


def _without_aws_additions(found: Any, wanted: Any) -> Any:  # noqa: ANN401
    """Drop nested fields that the inputs lack: AWS adds them, so they are not in the plan."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        return {key: _without_aws_additions(found[key], wanted[key]) for key in found if key in wanted}
    if isinstance(found, list) and isinstance(wanted, list):
        return [_without_aws_additions(*pair) for pair in zip(found, wanted, strict=True)]
    return found


@pytest.mark.parametrize("call", recorded("read"))
def test_a_refresh_records_the_inputs_as_recorded(call: dict[str, Any]) -> None:
    kind, outputs = RESOURCE_TYPES[call["request"]["type"]], call["response"]["properties"]
    assert refreshed_inputs(kind, call["request"]["inputs"], outputs) == call["response"]["inputs"]


def test_every_type_has_recorded_checks_creates_and_reads() -> None:
    for method in ("check", "create", "read"):
        assert {call.values[0]["request"]["type"] for call in recorded(method)} == set(RESOURCE_TYPES) - {MEMBERSHIP}

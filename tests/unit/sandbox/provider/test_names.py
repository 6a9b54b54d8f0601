"""Tests of the names that the stand-in provider generates."""

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.provider.resource import checked_inputs
from sandbox.provider.service import RESOURCE_TYPES
from sandbox.provider.values import DEFAULTS, Properties, to_struct
from tests.support.stand_in_provider import (
    BUCKET,
    GROUP_POLICY,
    MEMBERSHIP,
    MINIMAL,
    OFFLINE,
    POLICY,
    ROLE,
    ROLE_POLICY,
    SEED,
    answer,
    checked,
    planned,
    region_of,
    urn,
)

AUTO_NAMED = [(kind.token, kind.autoname) for kind in RESOURCE_TYPES.values() if kind.autoname]


@pytest.mark.parametrize(("token", "name"), AUTO_NAMED)
def test_a_missing_name_is_the_logical_name_and_seven_digits(token: str, name: str) -> None:
    kind = RESOURCE_TYPES[token]
    inputs, failures = checked_inputs(kind, "My.Thing", MINIMAL[token], {}, SEED, {})
    made_up = str(inputs[name])
    logical = "my.thing" if token == BUCKET else "My.Thing"
    assert failures == []
    assert made_up.startswith(f"{logical}-") and len(made_up) == len(logical) + 8
    assert set(made_up[-7:]) <= set("0123456789abcdef")
    assert inputs == {**MINIMAL[token], name: made_up, DEFAULTS: [name]}


@pytest.mark.parametrize(("token", "name"), AUTO_NAMED)
def test_a_generated_name_depends_on_the_seed_and_is_kept(token: str, name: str) -> None:
    first = checked(token, MINIMAL[token])
    assert checked(token, MINIMAL[token]) == first
    assert checked(token, MINIMAL[token], first, seed=b"another") == first
    assert checked(token, MINIMAL[token], {}, seed=b"another")[name] != first[name]


@pytest.mark.parametrize(("token", "name"), AUTO_NAMED)
def test_a_given_name_is_used_and_not_kept_after_its_removal(token: str, name: str) -> None:
    named = checked(token, {**MINIMAL[token], name: "mine"}, checked(token, MINIMAL[token]))
    assert named == {**MINIMAL[token], name: "mine", DEFAULTS: []}
    assert checked(token, MINIMAL[token], named) == checked(token, MINIMAL[token])


Autonaming = provider_pb2.CheckRequest.AutonamingOptions


def autonamed(token: str, autonaming: Autonaming, olds: Properties | None = None) -> dict[str, Any]:
    request = provider_pb2.CheckRequest(
        urn=urn(token),
        news=to_struct(MINIMAL[token]),
        olds=to_struct(olds or {}),
        randomSeed=SEED,
        autonaming=autonaming,
    )
    return answer(OFFLINE, "Check", request)


@pytest.mark.parametrize(("token", "name"), AUTO_NAMED)
@pytest.mark.parametrize("mode", [Autonaming.PROPOSE, Autonaming.ENFORCE])
def test_the_project_s_autonaming_is_used(token: str, name: str, mode: Autonaming.Mode.ValueType) -> None:
    found = autonamed(token, Autonaming(mode=mode, proposed_name="Mine"))
    lowered = token == BUCKET and mode == Autonaming.PROPOSE
    made_up = {name: "mine" if lowered else "Mine", DEFAULTS: [name]}
    assert found == {"inputs": {**MINIMAL[token], **region_of(token), **made_up}}
    kept = autonamed(token, Autonaming(mode=mode, proposed_name="other"), found["inputs"])
    assert kept == found


@pytest.mark.parametrize(("token", "name"), AUTO_NAMED)
def test_without_autonaming_a_name_is_required(token: str, name: str) -> None:
    found = autonamed(token, Autonaming(mode=Autonaming.DISABLE))
    assert found["inputs"] == {**MINIMAL[token], **region_of(token), DEFAULTS: []}
    assert found["failures"] == [
        {"reason": f"Missing required argument: \"{name}\" is required. Examine values at 'thing.{name}'."}
    ]


@pytest.mark.parametrize(
    ("token", "change"),
    [
        (ROLE, {"path": "/other/"}),
        (POLICY, {"path": "/other/"}),
        (POLICY, {"description": "other"}),
        (GROUP_POLICY, {"group": "other"}),
        (ROLE_POLICY, {"role": "other"}),
        (MEMBERSHIP, {"group": "other"}),
    ],
)
def test_a_replacement_of_an_auto_named_resource_is_created_first(token: str, change: Properties) -> None:
    assert planned(token, change, auto_named=True) == (dict.fromkeys(change, "UPDATE_REPLACE"), False)


def test_a_generated_name_that_is_too_long_fails_the_check() -> None:
    _, failures = checked_inputs(RESOURCE_TYPES[ROLE], "r" * 57, MINIMAL[ROLE], {}, SEED, {})
    assert [name for name, _ in failures] == ["name"]

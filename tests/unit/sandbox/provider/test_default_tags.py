"""Tests of the default tags of the stand-in provider."""

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.provider.resource import changes, checked_inputs
from sandbox.provider.service import RESOURCE_TYPES
from sandbox.provider.values import DEFAULTS, Properties, to_struct
from tests.support.stand_in_provider import (
    BUCKET,
    MINIMAL,
    ROLE,
    SEED,
    STATE,
    answer,
    new_provider,
    region_of,
    stubbed,
    urn,
)
from tests.support.stubbed_aws import add_role


@pytest.mark.parametrize("token", [kind.token for kind in RESOURCE_TYPES.values() if kind.taggable])
def test_default_tags_are_merged_and_the_resources_own_tags_take_precedence(token: str) -> None:
    provider = new_provider(default_tags={"env": "dev", "team": "a"})
    name = "bucket" if token == BUCKET else "name"
    tagged: Properties = {**MINIMAL[token], name: "n", "tags": {"team": "b", "more": "c"}}
    request = provider_pb2.CheckRequest(urn=urn(token), news=to_struct(tagged))
    assert answer(provider, "Check", request) == {
        "inputs": {
            DEFAULTS: [],
            **tagged,
            **region_of(token),
            "tagsAll": {"env": "dev", "team": "b", "more": "c"},
        }
    }


@pytest.mark.parametrize("token", [kind.token for kind in RESOURCE_TYPES.values() if not kind.taggable])
def test_a_type_without_tags_gets_no_default_tags(token: str) -> None:
    inputs, _ = checked_inputs(RESOURCE_TYPES[token], "thing", {}, {}, SEED, {"env": "dev"})
    assert "tagsAll" not in inputs


@pytest.mark.parametrize(
    ("default_tags", "kind"),
    [({"env": "dev"}, "UPDATE"), ({"env": "dev", "team": "a", "x": ""}, "UPDATE"), ({}, "DELETE")],
)
def test_a_changed_default_tag_changes_only_tags_all(default_tags: dict[str, str], kind: str) -> None:
    state = STATE[BUCKET]["response"]
    olds = {**state["properties"], "tags": None}
    news, _ = checked_inputs(RESOURCE_TYPES[BUCKET], "b", {"bucket": "probe-bucket-1"}, {}, SEED, default_tags)
    found = changes(RESOURCE_TYPES[BUCKET], olds, {"bucket": "probe-bucket-1"}, news)
    assert [(change.name, change.kind, change.replace) for change in found] == [("tagsAll", kind, False)]


def test_default_tags_that_are_read_are_not_the_resources_own() -> None:
    provider = new_provider(default_tags={"env": "dev", "team": "a"})
    aws_tags = [{"Key": "env", "Value": "dev"}, {"Key": "team", "Value": "a"}, {"Key": "more", "Value": "c"}]
    with stubbed(provider, "iam") as iam:
        add_role(iam, Tags=aws_tags)
        request = provider_pb2.ReadRequest(urn=urn(ROLE), id="r", properties=to_struct({"tags": {"env": "dev"}}))
        outputs = answer(provider, "Read", request)["properties"]
    assert (outputs["tags"], outputs["tagsAll"]) == (
        {"env": "dev", "more": "c"},
        {"env": "dev", "more": "c", "team": "a"},
    )

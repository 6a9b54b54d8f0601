"""Tests of secrets in the answers of the stand-in provider."""

import pytest
from google.protobuf import json_format
from pulumi.runtime.proto import provider_pb2

from sandbox.provider.values import Properties, from_struct, secret, to_struct
from tests.support.stand_in_provider import (
    ROLE,
    TRUST,
    AbortedError,
    FakeContext,
    answer,
    new_provider,
    recorded_failure,
    stubbed,
    urn,
)
from tests.support.stubbed_aws import NEW_ROLE, ROLE_INPUTS, add_created_role, add_free_role, add_role


def test_a_secret_tag_is_secret_in_every_answer() -> None:
    provider = new_provider(default_tags={"open": "o"})
    all_tags: Properties = {"open": "o", "env": secret("dev"), "team": "a"}
    own: Properties = {key: value for key, value in all_tags.items() if key != "open"}
    news = to_struct({"name": "r", "assumeRolePolicy": TRUST, "tags": own})
    inputs = answer(provider, "Check", provider_pb2.CheckRequest(urn=urn(ROLE), news=news))["inputs"]
    assert (inputs["tags"], inputs["tagsAll"]) == (own, all_tags)
    sent = to_struct(inputs)
    plan = answer(provider, "Create", provider_pb2.CreateRequest(urn=urn(ROLE), properties=sent, preview=True))
    assert (plan["properties"]["tags"], plan["properties"]["tagsAll"]) == (own, all_tags)
    aws_tags = [{"Key": "open", "Value": "o"}, {"Key": "env", "Value": "dev"}, {"Key": "team", "Value": "a"}]
    with stubbed(provider, "iam") as iam:
        add_free_role(iam)
        iam.add_response("create_role", {"Role": NEW_ROLE})
        add_role(iam, Tags=aws_tags)
        outputs = answer(provider, "Create", provider_pb2.CreateRequest(urn=urn(ROLE), properties=sent))["properties"]
        assert (outputs["tags"], outputs["tagsAll"]) == (own, all_tags)
        state = to_struct(outputs)
        add_role(iam, Tags=aws_tags)
        read = answer(provider, "Read", provider_pb2.ReadRequest(urn=urn(ROLE), id="r", properties=state, inputs=sent))
        for values in (read["properties"], read["inputs"]):
            assert (values["tags"], values["tagsAll"]) == (own, all_tags)
        add_role(iam, Tags=aws_tags)
        for preview in (True, False):
            request = provider_pb2.UpdateRequest(urn=urn(ROLE), id="r", olds=state, news=sent, preview=preview)
            outputs = answer(provider, "Update", request)["properties"]
            assert (outputs["tags"], outputs["tagsAll"]) == (own, all_tags)
    diff = provider_pb2.DiffRequest(urn=urn(ROLE), olds=state, old_inputs=sent, news=sent)
    assert answer(provider, "Diff", diff)["changes"] == "DIFF_NONE"


def test_all_tags_can_be_one_secret_and_a_secret_item_makes_a_list_secret() -> None:
    like = to_struct({"tags": secret({"env": "dev"}), "rules": [{"key": secret("k")}], "other": {"a": "b"}})
    struct = to_struct({"tags": {"env": "dev"}, "tagsAll": {"env": "dev"}, "rules": [{"key": "k"}], "other": "c"}, like)
    plain: Properties = {"tags": {"env": "dev"}, "tagsAll": {"env": "dev"}, "rules": [{"key": "k"}], "other": "c"}
    assert json_format.MessageToDict(struct) == {
        name: value if name == "other" else secret(value) for name, value in plain.items()
    }
    assert from_struct(struct) == plain


def test_an_incomplete_resource_keeps_its_secrets() -> None:
    provider, context = new_provider(), FakeContext()
    inputs = {**ROLE_INPUTS, "tags": {"env": secret("dev")}}
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError) as aborted:
        add_created_role(iam)
        iam.add_client_error("get_role", "Throttling")
        answer(provider, "Create", provider_pb2.CreateRequest(urn=urn(ROLE), properties=to_struct(inputs)), context)
    detail = recorded_failure(context, aborted.value.args[1])
    assert json_format.MessageToDict(detail.properties)["tagsAll"] == {"env": secret("dev")}
    assert json_format.MessageToDict(detail.inputs)["tags"] == {"env": secret("dev")}

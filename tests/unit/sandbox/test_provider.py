"""Tests of the stand-in provider against a real one's recorded calls (``data/``), the SDK, and stubbed AWS."""

import importlib
import importlib.metadata
import inspect
import json
import random
import re
import signal
import socket
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, cast

import boto3
import grpc
import pulumi_aws
import pytest
from botocore.stub import Stubber
from google.protobuf import json_format
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.provider import iam as provider_iam
from sandbox.provider import lifecycle, service
from sandbox.provider.configuration import Aws, Configuration, ConfigurationError
from sandbox.provider.resource import (
    changes,
    checked_inputs,
    deletes_first,
    planned_outputs,
    refreshed_inputs,
    same_policy,
)
from sandbox.provider.service import RESOURCE_TYPES, AwsProvider
from sandbox.provider.values import DEFAULTS, UNKNOWN, Properties, Value, from_struct, secret, text, to_struct

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/policy:Policy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
GROUP = "aws:iam/group:Group"
GROUP_POLICY = "aws:iam/groupPolicy:GroupPolicy"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
MEMBERSHIP = "aws:iam/groupMembership:GroupMembership"
USER_GROUPS = "aws:iam/userGroupMembership:UserGroupMembership"
BUCKET = "aws:s3/bucket:Bucket"
ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"

ROOT = Path(__file__).parents[3]
SEED = b"seed of one resource"
TRUST = '{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"AWS":"111111111111"}}]}'
READ = '{"Statement":[{"Action":"s3:GetObject","Effect":"Allow","Resource":"*"}]}'
WRITE = '{"Statement":[{"Action":"s3:PutObject","Effect":"Allow","Resource":"*"}]}'
POLICY_ARN = "arn:aws:iam::999999999999:policy/probe"
LONG_AGO = datetime(2020, 1, 1, tzinfo=timezone.utc)  # noqa: UP017

# Valid minimal inputs of the types that the tests below create.
MINIMAL: dict[str, Properties] = {
    ROLE: {"assumeRolePolicy": TRUST},
    POLICY: {"policy": READ},
    GROUP: {},
    GROUP_POLICY: {"group": "g", "policy": READ},
    ROLE_POLICY: {"role": "r", "policy": READ},
    MEMBERSHIP: {"group": "g", "users": ["u", "a"]},
    USER_GROUPS: {"user": "u", "groups": ["g", "a"]},
    BUCKET: {},
}


PEER = "ipv4:127.0.0.1:1"
"""The engine's connection."""


class AbortedError(Exception):
    """An error with which the provider ended a call."""


class FakeContext:
    """A gRPC context, as far as the provider uses it."""

    def __init__(self) -> None:
        self.trailing: dict[str, bytes] = {}

    def abort(self, code: grpc.StatusCode, details: str) -> None:
        raise AbortedError(code, details)

    def peer(self) -> str:
        return PEER

    def set_trailing_metadata(self, metadata: tuple[tuple[str, bytes], ...]) -> None:
        self.trailing = dict(metadata)


def region_of(token: str) -> Properties:
    """Return the input that Check adds to a regional resource."""
    return {"region": "us-east-1"} if RESOURCE_TYPES[token].regional else {}


def recorded(method: str) -> list[Any]:
    """Return the recorded calls of a method, as pytest parameters named after the resource."""
    lines = (Path(__file__).parent / "data" / f"{method}.jsonl").read_text().splitlines()
    calls = [json.loads(line) for line in lines]
    return [pytest.param(call, id=f"{number}-{call['request']['name']}") for number, call in enumerate(calls)]


MEMBERS: Properties = {"group": "g", "name": "m", "users": ["a", "u"]}
STATE = {call.values[0]["request"]["type"]: call.values[0] for call in recorded("read")}
"""The recorded state of one resource of each type; for a type without a record, after its provider's source."""
STATE[MEMBERSHIP] = {"response": {"inputs": {DEFAULTS: [], **MEMBERS}, "properties": {"id": "m", **MEMBERS}}}


def urn(token: str, name: str = "thing") -> str:
    return f"urn:pulumi:dev::probe::{token}::{name}"


def new_provider(**configuration: Any) -> AwsProvider:  # noqa: ANN401
    provider = AwsProvider({})
    values = {"region": "us-east-1", "access_key": "x", "secret_key": "x"} | configuration
    provider._accounts[PEER] = Aws(Configuration(**values))
    provider._configured[PEER] = provider_pb2.ConfigureRequest()
    return provider


def account(provider: AwsProvider) -> Aws:
    return provider._accounts[PEER]


OFFLINE = new_provider()
"""A provider for calls that only plan."""


def answer(provider: AwsProvider, method: str, request: Message, context: FakeContext | None = None) -> dict[str, Any]:
    """Return the provider's answer to a call, as the protocol's JSON."""
    response = getattr(provider, method)(request, cast(grpc.ServicerContext, context or FakeContext()))
    found: dict[str, Any] = json_format.MessageToDict(response)
    return found


_clients: dict[str, Any] = {}


def client(service: str) -> Any:  # noqa: ANN401
    """Return a client that is never used to send, cached because creating one is slow."""
    if service not in _clients:
        session = boto3.Session("x", "x", region_name="us-east-1")
        _clients[service] = session.client(service)  # type: ignore[call-overload]
    return _clients[service]


class stubbed:  # noqa: N801
    """Stub the provider's client of a service. The provider must make every stubbed call, in order."""

    def __init__(self, provider: AwsProvider, service: str) -> None:
        self._stub = Stubber(client(service))
        vars(account(provider))[service] = client(service)

    def __enter__(self) -> Stubber:
        self._stub.activate()
        return self._stub

    def __exit__(self, *error: object) -> None:
        self._stub.deactivate()
        if error[0] is None or error[0] is AbortedError:
            self._stub.assert_no_pending_responses()


def request_of(request: Message, call: dict[str, Any]) -> Message:
    return json_format.ParseDict(call["request"], request)


def checked(token: str, news: Properties, olds: Properties | None = None, seed: bytes = SEED) -> Properties:
    """Return the checked inputs of a valid resource."""
    inputs, failures = checked_inputs(RESOURCE_TYPES[token], "thing", news, olds or {}, seed, {})
    assert failures == []
    return inputs


def planned(token: str, change: Properties, *, auto_named: bool = False) -> tuple[dict[str, str], bool]:
    """Return Diff's plan after a change of the recorded resource's inputs: kinds by property, and delete-first."""
    state = STATE[token]["response"]
    kind = RESOURCE_TYPES[token]
    news = {key: value for key, value in {**state["inputs"], **change}.items() if value is not None}
    olds = dict(state["inputs"])
    if auto_named and kind.autoname:
        olds[DEFAULTS] = [kind.autoname]
        news.pop(kind.autoname)
    request = provider_pb2.DiffRequest(
        urn=urn(token),
        olds=to_struct(state["properties"]),
        old_inputs=to_struct(olds),
        news=to_struct(checked(token, news, olds)),
    )
    found = answer(OFFLINE, "Diff", request)
    details = {name: detail.get("kind", "ADD") for name, detail in found.get("detailedDiff", {}).items()}
    replaced = [name for name, detail in details.items() if detail.endswith("_REPLACE")]
    assert sorted(found.get("diffs", [])) == sorted(details)
    assert sorted(found.get("replaces", [])) == sorted(replaced)
    assert found["changes"] == ("DIFF_SOME" if details else "DIFF_NONE")
    return details, found.get("deleteBeforeReplace", False)


# --- The real provider's records


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


# --- Update or replace, as recorded

REORDERED = {
    ROLE: "assumeRolePolicy",
    POLICY: "policy",
    GROUP_POLICY: "policy",
    ROLE_POLICY: "policy",
    BUCKET_POLICY: "policy",
}


@pytest.mark.parametrize(("token", "name"), REORDERED.items())
def test_order_and_white_space_of_a_policy_are_no_change(token: str, name: str) -> None:
    document = json.loads(STATE[token]["response"]["inputs"][name])
    other = json.dumps(_rewritten(document, random.Random(1)), indent=3)  # noqa: S311
    assert planned(token, {name: other}) == ({}, False)


@pytest.mark.parametrize("users", [["a", "u"], ["u", "a"], ["u", "a", "u"]])
def test_order_and_repetition_of_members_are_no_change(users: list[Value]) -> None:
    assert planned(MEMBERSHIP, {"users": users}) == ({}, False)
    inputs: Properties = {**MEMBERS, "users": users}
    assert refreshed_inputs(RESOURCE_TYPES[MEMBERSHIP], inputs, MEMBERS) == inputs


@pytest.mark.parametrize("token", RESOURCE_TYPES)
def test_the_recorded_inputs_are_no_change(token: str) -> None:
    assert planned(token, {}) == ({}, False)


BOTH_TAGS = {"tags": "UPDATE", "tagsAll": "UPDATE"}


@pytest.mark.parametrize(
    ("token", "change", "details"),
    [
        (POLICY, {"policy": WRITE}, {"policy": "UPDATE"}),
        (GROUP_POLICY, {"policy": WRITE}, {"policy": "UPDATE"}),
        (ROLE_POLICY, {"policy": WRITE}, {"policy": "UPDATE"}),
        *((MEMBERSHIP, {"users": users}, {"users": "UPDATE"}) for users in (["u", UNKNOWN], ["a"], [], UNKNOWN)),
        (BUCKET_POLICY, {"policy": WRITE}, {"policy": "UPDATE"}),
        (ROLE, {"assumeRolePolicy": TRUST}, {"assumeRolePolicy": "UPDATE"}),
        (ROLE, {"maxSessionDuration": 3600}, {"maxSessionDuration": "UPDATE"}),
        (ROLE, {"maxSessionDuration": None}, {"maxSessionDuration": "DELETE"}),
        (ROLE, {"description": "other"}, {"description": "UPDATE"}),
        (ROLE, {"description": None}, {"description": "DELETE"}),
        (ROLE, {"tags": {"env": "dev", "team": "b"}}, BOTH_TAGS),
        (POLICY, {"tags": {"env": "dev"}}, BOTH_TAGS),
        (BUCKET, {"tags": {"env": "dev", "team": "a", "more": ""}}, BOTH_TAGS),
        (BUCKET, {"tags": None}, {"tags": "DELETE", "tagsAll": "DELETE"}),
        (GROUP, {"name": "other"}, {"name": "UPDATE"}),
        (GROUP, {"path": None}, {"path": "DELETE"}),
        (VERSIONING, {"versioningConfiguration": {"status": "Suspended"}}, {"versioningConfiguration": "UPDATE"}),
        (ACCESS_BLOCK, {"blockPublicAcls": False}, {"blockPublicAcls": "UPDATE"}),
        (ACCESS_BLOCK, {"blockPublicAcls": None}, {"blockPublicAcls": "DELETE"}),
        (OWNERSHIP, {"rule": {"objectOwnership": "ObjectWriter"}}, {"rule": "UPDATE"}),
        (
            ENCRYPTION,
            {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]},
            {"rules": "UPDATE"},
        ),
        (BUCKET, {"forceDestroy": True}, {"forceDestroy": "ADD"}),
    ],
)
def test_an_update_is_planned(token: str, change: Properties, details: dict[str, str]) -> None:
    assert planned(token, change) == (details, False)


ACCESS_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
OF_A_BUCKET: dict[str, tuple[str, ...]] = {
    ACCESS_BLOCK: ACCESS_BLOCKS,
    OWNERSHIP: ("rule",),
    ENCRYPTION: ("rules",),
    VERSIONING: ("versioningConfiguration",),
    BUCKET_POLICY: ("policy",),
}
"""The settings of a bucket, and the inputs that are updated in place."""
REPLACES: dict[str, dict[str, bool]] = {
    ROLE: {
        "assumeRolePolicy": False,
        "description": False,
        "forceDetachPolicies": False,
        "maxSessionDuration": False,
        "name": True,
        "path": True,
        "permissionsBoundary": False,
        "tags": False,
    },
    POLICY: {"description": True, "name": True, "path": True, "policy": False, "tags": False},
    ATTACHMENT: {"policyArn": True, "role": True},
    GROUP: {"name": False, "path": False},
    GROUP_POLICY: {"group": True, "name": True, "policy": False},
    ROLE_POLICY: {"role": True, "name": True, "policy": False},
    MEMBERSHIP: {"group": True, "name": True, "users": False},
    USER_GROUPS: {"user": True, "groups": False},
    BUCKET: {"bucket": True, "forceDestroy": False, "region": True, "tags": False},
    **{
        token: {"bucket": True, "region": True, **dict.fromkeys(in_place, False)}
        for token, in_place in OF_A_BUCKET.items()
    },
}
"""Every input of every type: ``True`` if a change replaces the resource (``ForceNew`` in terraform-provider-aws)."""
OTHER: dict[type, Value] = {str: "other", int: 4242, list: ["other"], dict: {"other": "x"}}


def test_every_input_is_replaced_or_updated_as_upstream() -> None:
    served = {
        token: {name: prop.replaces for name, prop in kind.inputs.items()} for token, kind in RESOURCE_TYPES.items()
    }
    assert served == REPLACES


@pytest.mark.parametrize(
    ("token", "name", "replaces"), [(token, *item) for token, table in REPLACES.items() for item in table.items()]
)
def test_a_change_is_planned_by_that_table(token: str, name: str, replaces: bool) -> None:
    kind, state = RESOURCE_TYPES[token], STATE[token]["response"]
    olds = {**state["properties"], **region_of(token)}
    prop, inputs = kind.inputs[name], {**state["inputs"], **region_of(token)}
    value: Value = not olds[name] if prop.type is bool else TRUST if prop.policy else OTHER[prop.type]
    found = changes(kind, olds, inputs, {**inputs, name: value})
    assert [(change.name, change.replace) for change in found] == [(name, replaces)]


# The name is given in all of these; a replacement without a physical name is created first.
@pytest.mark.parametrize(
    ("token", "change", "details", "delete_first"),
    [
        (ROLE, {"name": "other"}, {"name": "UPDATE_REPLACE"}, True),
        (ROLE, {"path": "/other/"}, {"path": "UPDATE_REPLACE"}, True),
        (ROLE, {"path": None}, {"path": "DELETE_REPLACE"}, True),
        (POLICY, {"name": "other"}, {"name": "UPDATE_REPLACE"}, True),
        (POLICY, {"path": "/other/"}, {"path": "UPDATE_REPLACE"}, True),
        (POLICY, {"description": "other"}, {"description": "UPDATE_REPLACE"}, True),
        (POLICY, {"description": None}, {"description": "DELETE_REPLACE"}, True),
        (ATTACHMENT, {"role": "other"}, {"role": "UPDATE_REPLACE"}, True),
        (ATTACHMENT, {"policyArn": UNKNOWN}, {"policyArn": "UPDATE_REPLACE"}, True),
        (GROUP_POLICY, {"group": "other"}, {"group": "UPDATE_REPLACE"}, True),
        (GROUP_POLICY, {"name": "other"}, {"name": "UPDATE_REPLACE"}, True),
        (ROLE_POLICY, {"role": "other"}, {"role": "UPDATE_REPLACE"}, True),
        (ROLE_POLICY, {"name": "other"}, {"name": "UPDATE_REPLACE"}, True),
        (MEMBERSHIP, {"group": "other"}, {"group": "UPDATE_REPLACE"}, True),
        (MEMBERSHIP, {"name": "other"}, {"name": "UPDATE_REPLACE"}, True),
        (USER_GROUPS, {"user": "other"}, {"user": "UPDATE_REPLACE"}, False),
        (BUCKET, {"bucket": "other"}, {"bucket": "UPDATE_REPLACE"}, True),
        (BUCKET, {"region": "eu-west-1"}, {"region": "UPDATE_REPLACE"}, True),
        *(
            (token, {"bucket": name}, {"bucket": "UPDATE_REPLACE"}, False)
            for token in OF_A_BUCKET
            for name in ("o", UNKNOWN)
        ),
    ],
)
def test_a_replacement_is_planned(token: str, change: Properties, details: dict[str, str], delete_first: bool) -> None:
    assert planned(token, change) == (details, delete_first)


def test_an_update_of_a_named_resource_is_in_place() -> None:
    assert planned(ROLE, {"description": "other"}) == ({"description": "UPDATE"}, False)


def test_a_resource_without_a_list_of_generated_names_is_created_first() -> None:
    """Test as the bridge does with states from before the list of generated names."""
    inputs = {name: value for name, value in checked(ROLE, MINIMAL[ROLE]).items() if name != DEFAULTS}
    assert not deletes_first(RESOURCE_TYPES[ROLE], inputs)
    assert deletes_first(RESOURCE_TYPES[ROLE], {**inputs, DEFAULTS: []})


def test_ignored_changes_are_no_change() -> None:
    state = STATE[ROLE]["response"]
    request = provider_pb2.DiffRequest(
        urn=urn(ROLE),
        olds=to_struct(state["properties"]),
        old_inputs=to_struct(state["inputs"]),
        news=to_struct({**state["inputs"], "description": "other"}),
        ignoreChanges=["description"],
    )
    assert answer(OFFLINE, "Diff", request) == {"changes": "DIFF_NONE", "hasDetailedDiff": True}


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


# --- Generated names

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


# --- Invalid inputs

WRONG: list[tuple[str, Properties, str, str]] = [
    (ROLE, {}, "assumeRolePolicy", 'Missing required argument: "assumeRolePolicy" is required.'),
    (POLICY, {"policy": None}, "policy", 'Missing required argument: "policy" is required.'),
    (ROLE, {"assumeRolePolicy": TRUST, "maxSessionDuration": "1h"}, "maxSessionDuration", "must be of type int."),
    (ROLE, {"assumeRolePolicy": TRUST, "maxSessionDuration": True}, "maxSessionDuration", "must be of type int."),
    (ROLE, {"assumeRolePolicy": TRUST, "tags": "env"}, "tags", "must be of type dict."),
    (ROLE, {"assumeRolePolicy": "{"}, "assumeRolePolicy", "contains an invalid JSON policy: not a JSON object."),
    (POLICY, {"policy": "[]"}, "policy", "contains an invalid JSON policy: not a JSON object."),
    (POLICY, {"policy": {}}, "policy", "must be of type str."),
    (BUCKET, {"acl": "private"}, "acl", "stand-in provider supports; supported: bucket, forceDestroy, region, tags."),
    (BUCKET, {"forceDestroy": "yes"}, "forceDestroy", "must be of type bool."),
    (ENCRYPTION, {"bucket": "b", "rules": {}}, "rules", "must be of type list."),
    (MEMBERSHIP, {"group": "g"}, "users", 'Missing required argument: "users" is required.'),
    (MEMBERSHIP, {"group": "g", "users": "u"}, "users", "must be of type list."),
    (MEMBERSHIP, {"group": "g", "users": ["u", {}]}, "users", "must be a list of texts."),
]


@pytest.mark.parametrize(("token", "inputs", "name", "reason"), WRONG)
def test_wrong_inputs_fail_the_check_and_the_property_is_named(
    token: str, inputs: Properties, name: str, reason: str
) -> None:
    request = provider_pb2.CheckRequest(urn=urn(token, "pol"), news=to_struct(inputs), randomSeed=SEED)
    failures = answer(OFFLINE, "Check", request)["failures"]
    assert len(failures) == 1
    message = failures[0]["reason"]
    assert f'"{name}"' in message and reason in message and message.endswith(f"Examine values at 'pol.{name}'.")


LENGTH, ONE, RANGE, OF = "expected length of", "expected", "to be in the range", "to be one of"
MAX = "maxSessionDuration"
STATUSES = '["Enabled" "Suspended" "Disabled"]'
KEYS_ALLOWED = '(must have 1 to 128 characters and not begin with "aws:")'
RULE_OF_AES: Properties = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
CHARACTERS = r"(must match [\w+=,.@-])"
PATH = '(must begin and end with "/", and have no spaces)'
RULE = "rules[0].applyServerSideEncryptionByDefault"
OWNERSHIPS = '"BucketOwnerPreferred" "ObjectWriter" "BucketOwnerEnforced"'


def encrypted(**default: Value) -> Properties:
    return {"bucket": "b", "rules": [{"applyServerSideEncryptionByDefault": default}]}


def versioned(**configuration: Value) -> Properties:
    return {"bucket": "b", "versioningConfiguration": configuration}


OUT_OF_BOUNDS: list[tuple[str, Properties, str, str]] = [
    (ROLE, {MAX: 3599}, MAX, f"expected max_session_duration {RANGE} (3600 - 43200), got 3599"),
    (ROLE, {MAX: 43201}, MAX, f"expected max_session_duration {RANGE} (3600 - 43200), got 43201"),
    (ROLE, {"name": "r" * 65}, "name", f"{LENGTH} name {RANGE} (1 - 64), got {'r' * 65}"),
    (ROLE, {"name": ""}, "name", f"{LENGTH} name {RANGE} (1 - 64), got "),
    (ROLE, {"name": "a b"}, "name", f"invalid value for name {CHARACTERS}"),
    (ROLE, {"name": "é"}, "name", f"invalid value for name {CHARACTERS}"),
    (ROLE, {"name": "a\n"}, "name", f"invalid value for name {CHARACTERS}"),
    (ROLE, {"description": "d" * 1001}, "description", f"{LENGTH} description {RANGE} (0 - 1000), got {'d' * 1001}"),
    (POLICY, {"description": "d" * 1001}, "description", f"{LENGTH} description {RANGE} (0 - 1000), got {'d' * 1001}"),
    (POLICY, {"name": "p" * 129}, "name", f"{LENGTH} name {RANGE} (1 - 128), got {'p' * 129}"),
    (POLICY, {"name": "a/b"}, "name", f"invalid value for name {CHARACTERS}"),
    (GROUP, {"name": "a:b"}, "name", f"invalid value for name {CHARACTERS}"),
    (GROUP_POLICY, {"name": "a b"}, "name", f"invalid value for name {CHARACTERS}"),
    (ROLE_POLICY, {"name": "a b"}, "name", f"invalid value for name {CHARACTERS}"),
    (ROLE, {"path": "team/"}, "path", f"invalid value for path {PATH}"),
    (POLICY, {"path": "/team"}, "path", f"invalid value for path {PATH}"),
    (GROUP, {"path": "/my team/"}, "path", f"invalid value for path {PATH}"),
    (BUCKET, {"bucket": "b" * 64}, "bucket", f"{LENGTH} bucket {RANGE} (1 - 63), got {'b' * 64}"),
    (ROLE, {"tags": {"n": 1}}, "tags", '"tags.n" must be of type str'),
    (POLICY, {"tags": {"n": "v" * 257}}, "tags", 'invalid value in tags: that of "n" has more than 256 characters'),
    (BUCKET, {"tags": {"aws:n": ""}}, "tags", f'invalid key in tags: "aws:n" {KEYS_ALLOWED}'),
    (BUCKET, {"tags": {"": "v"}}, "tags", f'invalid key in tags: "" {KEYS_ALLOWED}'),
    (VERSIONING, versioned(status="On"), "versioningConfiguration.status", f"{ONE} status {OF} {STATUSES}, got On"),
    (VERSIONING, versioned(), "versioningConfiguration.status", 'Missing required argument: "status" is required'),
    (OWNERSHIP, {"rule": {}}, "rule.objectOwnership", 'Missing required argument: "objectOwnership" is required'),
    (
        OWNERSHIP,
        {"rule": {"objectOwnership": "Me"}},
        "rule.objectOwnership",
        f"{ONE} object_ownership {OF} [{OWNERSHIPS}], got Me",
    ),
    (
        ENCRYPTION,
        encrypted(sseAlgorithm="DES"),
        f"{RULE}.sseAlgorithm",
        f'{ONE} sse_algorithm {OF} ["aws:kms" "aws:kms:dsse" "AES256"], got DES',
    ),
    (ENCRYPTION, encrypted(), f"{RULE}.sseAlgorithm", 'Missing required argument: "sseAlgorithm" is required'),
    (
        ENCRYPTION,
        encrypted(sseAlgorithm="AES256", algorithm="x"),
        f"{RULE}.algorithm",
        '"algorithm" is not an argument that the sandbox\'s stand-in provider supports;'
        " supported: kmsMasterKeyId, sseAlgorithm",
    ),
    (ENCRYPTION, {"rules": ["AES256"]}, "rules", '"rules" must be a list of objects'),
]


@pytest.mark.parametrize(("token", "inputs", "place", "reason"), OUT_OF_BOUNDS)
def test_invalid_values_fail_the_check(token: str, inputs: Properties, place: str, reason: str) -> None:
    given = {**MINIMAL.get(token, {"bucket": "b"}), **inputs}
    _, failures = checked_inputs(RESOURCE_TYPES[token], "thing", given, {}, SEED, {})
    assert [message for _, message in failures] == [f"{reason}. Examine values at 'thing.{place}'."]


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        (ROLE, {"maxSessionDuration": 43200, "name": "r" * 64, "description": "", "path": "/", "tags": {"k": ""}}),
        (POLICY, {"name": "a_Z+=,.@-9", "path": "/team/a-b/", "tags": {"k": UNKNOWN}}),
        (ENCRYPTION, {"rules": [UNKNOWN]}),
        (ENCRYPTION, encrypted(sseAlgorithm=UNKNOWN, kmsMasterKeyId=UNKNOWN)),
        (VERSIONING, versioned(status="Disabled")),
        (MEMBERSHIP, {"users": ["u", UNKNOWN]}),
        (MEMBERSHIP, {"users": []}),
    ],
)
def test_values_at_the_limits_and_unknown_parts_pass_the_check(token: str, inputs: Properties) -> None:
    checked(token, {**MINIMAL.get(token, {"bucket": "b"}), **inputs})


def test_a_generated_name_that_is_too_long_fails_the_check() -> None:
    _, failures = checked_inputs(RESOURCE_TYPES[ROLE], "r" * 57, MINIMAL[ROLE], {}, SEED, {})
    assert [name for name, _ in failures] == ["name"]


def test_null_inputs_are_ignored() -> None:
    inputs: Properties = {"bucket": "b", "rules": [{"bucketKeyEnabled": None, **RULE_OF_AES}], "tags": None}
    without_null: Properties = {"bucket": "b", "rules": [RULE_OF_AES]}
    assert checked(ENCRYPTION, inputs) == checked(ENCRYPTION, without_null)


def test_all_errors_are_reported_at_once() -> None:
    _, failures = checked_inputs(RESOURCE_TYPES[ATTACHMENT], "att", {"polcyArn": "x", "role": 1}, {}, SEED, {})
    assert [name for name, _ in failures] == ["policyArn", "polcyArn", "role"]


@pytest.mark.parametrize("token", RESOURCE_TYPES)
def test_unknown_values_pass_the_check(token: str) -> None:
    inputs: Properties = dict.fromkeys(RESOURCE_TYPES[token].inputs, UNKNOWN)
    tags: Properties = {"tagsAll": UNKNOWN} if "tags" in inputs else {}
    assert checked(token, inputs) == {DEFAULTS: [], **inputs, **tags}


# --- Equivalent policies

SOME = settings(max_examples=60, deadline=None, derandomize=True, database=None)

_words = st.sampled_from(["s3:GetObject", "s3:Put*", "iam:PassRole", "sts:AssumeRole", "*", "a b", ""])
_some = st.lists(_words, min_size=1, max_size=3, unique=True)
_statements = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Action": _some, "Resource": _some},
    optional={
        "Sid": _words,
        "Principal": st.just("*") | st.dictionaries(st.sampled_from(["AWS", "Service"]), _some, min_size=1),
        "Condition": st.dictionaries(
            st.sampled_from(["StringEquals", "StringLike"]),
            st.dictionaries(st.sampled_from(["aws:PrincipalArn", "sts:ExternalId"]), _some, min_size=1),
            min_size=1,
        ),
    },
)
_policies = st.fixed_dictionaries(
    {"Version": st.just("2012-10-17"), "Statement": st.lists(_statements, min_size=1, max_size=3)}
)


def _rewritten(element: Any, order: random.Random) -> Any:  # noqa: ANN401
    """Return the element with keys and lists shuffled, and one-element lists sometimes written without brackets."""
    if isinstance(element, dict):
        keys = order.sample(sorted(element), len(element))
        return {key: _rewritten(element[key], order) for key in keys}
    if isinstance(element, list):
        items = [_rewritten(item, order) for item in order.sample(element, len(element))]
        return items[0] if len(items) == 1 and order.random() < 0.5 else items
    return element


@SOME
@given(_policies, st.randoms(use_true_random=False), st.sampled_from([None, 0, 4]))
def test_order_white_space_and_brackets_do_not_change_a_policy(
    policy: dict[str, Any], order: random.Random, indent: int | None
) -> None:
    rewritten = json.dumps(_rewritten(policy, order), indent=indent)
    assert same_policy(json.dumps(policy), rewritten)
    assert same_policy(rewritten, json.dumps(policy))


@SOME
@given(_policies, st.randoms(use_true_random=False), st.sampled_from(["Effect", "Action", "Resource", "Statement"]))
def test_another_effect_action_resource_or_statement_changes_a_policy(
    policy: dict[str, Any], order: random.Random, what: str
) -> None:
    changed = json.loads(json.dumps(policy))
    statement = order.choice(changed["Statement"])
    if what == "Effect":
        statement["Effect"] = "Deny" if statement["Effect"] == "Allow" else "Allow"
    elif what == "Statement":
        changed["Statement"].append({"Effect": "Deny", "Action": "new:Action", "Resource": "*"})
    else:
        statement[what].append("new:*")
    assert not same_policy(json.dumps(policy), json.dumps(_rewritten(changed, order)))


@pytest.mark.parametrize(("left", "right", "same"), [("{", "{", True), ("{", "{}", False), (READ, WRITE, False)])
def test_invalid_policies_are_compared_as_text(left: str, right: str, same: bool) -> None:
    assert same_policy(left, right) is same


# --- Default tags


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


# --- Configuration


def test_every_key_of_a_configuration_is_parsed() -> None:
    values = {
        "accessKey": "999999999999",
        "allowedAccountIds": '[1234, "000000005678"]',
        "defaultTags": '{"tags":{"env":"dev"}}',
        "endpoints": '[{"iam":"http://127.0.0.1:1"},{"s3":"http://127.0.0.1:2"}]',
        "maxRetries": "2",
        "region": "eu-west-1",
        "s3UsePathStyle": "true",
        "secretKey": "hidden",
        "skipMetadataApiCheck": "true",
        "token": "hidden",
    }
    assert Configuration.parse(values) == Configuration(
        region="eu-west-1",
        access_key="999999999999",
        secret_key="hidden",  # noqa: S106
        token="hidden",  # noqa: S106
        allowed_account_ids=("000000001234", "000000005678"),
        endpoints={"iam": "http://127.0.0.1:1", "s3": "http://127.0.0.1:2"},
        default_tags={"env": "dev"},
        max_attempts=2,
        path_style=True,
    )


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.setenv(variable, "eu-west-1")
    assert Configuration.parse({}) == Configuration(region="eu-west-1")
    assert Configuration.parse({"region": "us-east-1"}) == Configuration(region="us-east-1")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "aws:region is missing"),
        ({"region": ""}, "aws:region is missing"),
        ({"region": "us-esat-1"}, "aws:region: 'us-esat-1' is not an AWS region"),
        ({"region": "aws-global"}, "aws:region: 'aws-global' is not an AWS region"),
        ({"region": "us-east-1", "profile": "me"}, "aws:profile is not supported by the sandbox's stand-in provider"),
        ({"region": "us-east-1", "allowedAccountIds": "[1"}, "aws:allowedAccountIds: '[1' is not a JSON list"),
        ({"region": "us-east-1", "allowedAccountIds": "1"}, "aws:allowedAccountIds: '1' is not a JSON list"),
        ({"region": "us-east-1", "endpoints": "{}"}, "aws:endpoints: '{}' is not a JSON list"),
        ({"region": "us-east-1", "endpoints": '["x"]'}, "aws:endpoints: 'x' is not an object"),
        ({"region": "us-east-1", "defaultTags": "[]"}, "aws:defaultTags: '[]' is not a JSON dict"),
        (
            {"region": "us-east-1", "defaultTags": '{"tags":["a"]}'},
            "aws:defaultTags: the tags ['a'] are not an object with text values",
        ),
        (
            {"region": "us-east-1", "defaultTags": '{"tags":{"a":1}}'},
            "aws:defaultTags: the tags {'a': 1} are not an object",
        ),
        ({"region": "us-east-1", "maxRetries": "many"}, "aws:maxRetries: 'many' is not a whole number"),
    ],
)
def test_a_wrong_configuration_is_refused(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], message: str
) -> None:
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(ConfigurationError) as refused:
        Configuration.parse(values)
    assert str(refused.value).startswith(message)
    variables = {f"aws:config:{key}": value for key, value in values.items()}
    with pytest.raises(AbortedError) as aborted:
        answer(AwsProvider({}), "Configure", provider_pb2.ConfigureRequest(variables=variables))
    assert aborted.value.args == (grpc.StatusCode.UNKNOWN, f"configuring the provider: {refused.value}")


def test_an_unknown_region_can_be_allowed() -> None:
    values = {"region": "xx-new-1", "skipRegionValidation": "true"}
    assert Configuration.parse(values).region == "xx-new-1"


def test_secrets_are_not_shown() -> None:
    shown = repr(
        Configuration.parse({"region": "us-east-1", "accessKey": "hidden", "secretKey": "hidden", "token": "hidden"})
    )
    assert "hidden" not in shown


def test_check_config_marks_secrets_and_refuses_unknown_keys() -> None:
    news: Properties = {"accessKey": "a", "profile": "me", "region": "us-east-1", "secretKey": "b", "token": "c"}
    found = answer(AwsProvider({}), "CheckConfig", provider_pb2.CheckRequest(news=to_struct(news)))
    assert found["inputs"] == {**news, "accessKey": secret("a"), "secretKey": secret("b"), "token": secret("c")}
    assert [failure["property"] for failure in found["failures"]] == ["profile"]
    assert "aws:profile is not supported" in found["failures"][0]["reason"]


def test_a_changed_configuration_replaces_no_provider() -> None:
    olds = to_struct({"region": "us-east-1", "maxRetries": "2"})
    news = to_struct({"region": "eu-west-1", "maxRetries": "3"})
    assert answer(AwsProvider({}), "DiffConfig", provider_pb2.DiffRequest(olds=olds, news=news)) == {
        "changes": "DIFF_SOME",
        "diffs": ["maxRetries", "region"],
    }
    assert answer(AwsProvider({}), "DiffConfig", provider_pb2.DiffRequest(olds=olds, news=olds)) == {
        "changes": "DIFF_NONE"
    }


@pytest.mark.parametrize("allowed", ["[111111111111]", '["111111111111", 222222222222]'])
def test_a_wrong_account_is_refused(monkeypatch: pytest.MonkeyPatch, allowed: str) -> None:
    with pytest.raises(AbortedError) as aborted:
        configure(monkeypatch, allowed)
    accounts = ", ".join(map(str, json.loads(allowed)))
    message = f"AWS account ID not allowed: 999999999999; allowed: {accounts}"
    assert aborted.value.args == (grpc.StatusCode.UNKNOWN, f"configuring the provider: {message}")


def test_an_allowed_account_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    _, found = configure(monkeypatch, "[999999999999]")
    assert found == {"acceptSecrets": True, "supportsPreview": True, "supportsAutonamingConfiguration": True}


def configure(monkeypatch: pytest.MonkeyPatch, allowed: str) -> tuple[AwsProvider, dict[str, Any]]:
    """Return a provider configured for account 999999999999, and its answer."""
    sts = client("sts")
    monkeypatch.setattr(Aws, "_client", lambda _aws, _service: sts)
    variables = {"aws:config:region": "us-east-1", "aws:config:allowedAccountIds": allowed}
    provider = AwsProvider({})
    with Stubber(sts) as stub:
        stub.add_response("get_caller_identity", IDENTITY, {})
        return provider, answer(provider, "Configure", provider_pb2.ConfigureRequest(variables=variables))


# --- Functions, and unsupported types

IDENTITY = {"Account": "999999999999", "Arn": "arn:aws:iam::999999999999:root", "UserId": "U"}


def test_the_caller_identity_is_returned() -> None:
    provider, request = new_provider(), provider_pb2.InvokeRequest(tok="aws:index/getCallerIdentity:getCallerIdentity")
    with stubbed(provider, "sts") as sts:
        sts.add_response("get_caller_identity", IDENTITY, {})
        found = answer(provider, "Invoke", request)
    account = "999999999999"
    assert found == {"return": {"accountId": account, "arn": IDENTITY["Arn"], "id": account, "userId": "U"}}


@pytest.mark.parametrize(
    ("region", "partition", "suffix", "reverse"),
    [
        ("us-east-1", "aws", "amazonaws.com", "com.amazonaws"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com", "com.amazonaws"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn", "cn.com.amazonaws"),
        ("eusc-de-east-1", "aws-eusc", "amazonaws.eu", "eu.amazonaws"),
        ("us-iso-east-1", "aws-iso", "c2s.ic.gov", "gov.ic.c2s"),
        ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov", "gov.sgov.sc2s"),
        ("eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk", "uk.adc-e.cloud"),
        ("us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov", "gov.ic.hci.csp"),
    ],
)
def test_the_partition_is_returned(region: str, partition: str, suffix: str, reverse: str) -> None:
    request = provider_pb2.InvokeRequest(tok="aws:index/getPartition:getPartition")
    assert answer(new_provider(region=region), "Invoke", request) == {
        "return": {"dnsSuffix": suffix, "id": partition, "partition": partition, "reverseDnsPrefix": reverse}
    }


@pytest.mark.parametrize(
    ("function", "operation", "kind"), [("getRoles", "list_roles", "Role"), ("getUsers", "list_users", "User")]
)
def test_all_pages_of_users_or_roles_are_listed(function: str, operation: str, kind: str) -> None:
    def page(name: str, marker: str = "") -> dict[str, Any]:
        arn = f"arn:aws:iam::999999999999:{kind.lower()}/{name}"
        item = {"Path": "/", f"{kind}Name": name, f"{kind}Id": "A" * 16, "Arn": arn, "CreateDate": LONG_AGO}
        return {f"{kind}s": [item], "IsTruncated": bool(marker), **({"Marker": marker} if marker else {})}

    provider, request = new_provider(), provider_pb2.InvokeRequest(tok=f"aws:iam/{function}:{function}")
    with stubbed(provider, "iam") as iam:
        iam.add_response(operation, page("a", marker="more"), {})
        iam.add_response(operation, page("b"), {"Marker": "more"})
        found = answer(provider, "Invoke", request)
    arns = [f"arn:aws:iam::999999999999:{kind.lower()}/{name}" for name in ("a", "b")]
    assert found == {"return": {"arns": arns, "id": "us-east-1", "names": ["a", "b"]}}


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("getRoles", {"pathPrefix": "/team/"}, "pathPrefix: the sandbox's stand-in provider expects no arguments"),
        ("getGroup", {}, "no arguments: the sandbox's stand-in provider expects groupName"),
    ],
)
def test_unsupported_arguments_of_a_function_are_named(function: str, arguments: Properties, message: str) -> None:
    request = provider_pb2.InvokeRequest(tok=f"aws:iam/{function}:{function}", args=to_struct(arguments))
    with pytest.raises(AbortedError, match=f"function aws:iam/{function}:{function}: {message}"):
        answer(OFFLINE, "Invoke", request)


def test_a_group_is_returned_with_all_pages_of_its_users() -> None:
    provider = new_provider()
    request = provider_pb2.InvokeRequest(tok="aws:iam/getGroup:getGroup", args=to_struct({"groupName": "g"}))
    with stubbed(provider, "iam") as iam:
        iam.add_response("get_group", members("u", marker="more"), {"GroupName": "g"})
        iam.add_response("get_group", members("a"), {"GroupName": "g", "Marker": "more"})
        found = answer(provider, "Invoke", request)["return"]
    users = [
        {"arn": f"arn:aws:iam::999999999999:user/{name}", "path": "/", "userId": "A" * 16, "userName": name}
        for name in ("u", "a")
    ]
    group = {"arn": "arn:aws:iam::999999999999:group/g", "groupId": "A" * 16, "groupName": "g", "id": "A" * 16}
    assert found == {**group, "path": "/", "users": users}


def test_a_group_that_does_not_exist_is_an_error() -> None:
    provider = new_provider()
    request = provider_pb2.InvokeRequest(tok="aws:iam/getGroup:getGroup", args=to_struct({"groupName": "g"}))
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError, match="GetGroup: NoSuchEntity: no g"):
        iam.add_client_error("get_group", "NoSuchEntity", "no g")
        answer(provider, "Invoke", request)


USER = "aws:iam/user:User"


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("Check", provider_pb2.CheckRequest(urn=urn(USER))),
        ("Diff", provider_pb2.DiffRequest(urn=urn(USER))),
        ("Create", provider_pb2.CreateRequest(urn=urn(USER))),
        ("Read", provider_pb2.ReadRequest(urn=urn(USER))),
        ("Update", provider_pb2.UpdateRequest(urn=urn(USER))),
        ("Delete", provider_pb2.DeleteRequest(urn=urn(USER))),
        ("Invoke", provider_pb2.InvokeRequest(tok="aws:iam/getUser:getUser")),
    ],
)
def test_unsupported_types_and_functions_are_named(method: str, request_: Message) -> None:
    with pytest.raises(AbortedError) as aborted:
        answer(OFFLINE, method, request_)
    code, message = aborted.value.args
    assert code is grpc.StatusCode.UNIMPLEMENTED
    subject = "function aws:iam/getUser:getUser" if method == "Invoke" else f"resource type {USER}"
    assert message.startswith(f"{subject} is not supported by the sandbox's stand-in provider; supported: aws:")


@pytest.mark.parametrize("method", ["Check", "Diff"])
def test_a_policy_that_is_nested_too_deeply_is_refused_in_one_line(method: str) -> None:
    news, olds = (
        to_struct({"name": "p", "policy": '{"a":' * 100_000 + "1" + "}" * 100_000 + end}) for end in ("", " ")
    )
    request = {
        "Check": provider_pb2.CheckRequest(urn=urn(POLICY), news=news),
        "Diff": provider_pb2.DiffRequest(urn=urn(POLICY), news=news, olds=olds, old_inputs=olds),
    }[method]
    with pytest.raises(AbortedError) as aborted:
        answer(OFFLINE, method, request)
    assert aborted.value.args == (
        grpc.StatusCode.INVALID_ARGUMENT,
        f"{method} {urn(POLICY)}: a value is nested too deeply",
    )


def test_a_component_s_child_is_found_by_its_own_type() -> None:
    nested = f"urn:pulumi:dev::probe::acme:index:Team$acme:index:Roles${GROUP}::g"
    request = provider_pb2.CheckRequest(urn=nested, news=to_struct({"name": "g"}))
    assert answer(OFFLINE, "Check", request) == {"inputs": {DEFAULTS: [], "name": "g"}}


def test_the_plugin_s_version_is_the_sdk_s() -> None:
    version = importlib.metadata.version("pulumi_aws")
    assert answer(AwsProvider({}), "GetPluginInfo", Empty()) == {"version": version}


# --- Names of the SDK


def sdk_class(token: str) -> type[Any]:
    _, path, name = token.split(":")
    service = path.partition("/")[0]
    return cast(type[Any], getattr(getattr(pulumi_aws, service), name))


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)


@pytest.mark.filterwarnings("ignore:.* deprecated in favor of:DeprecationWarning")
@pytest.mark.parametrize("token", RESOURCE_TYPES)
def test_every_input_and_output_exists_in_the_sdk(token: str) -> None:
    kind, sdk = RESOURCE_TYPES[token], sdk_class(token)
    assert sdk.pulumi_type == token
    inputs = {camel(name) for name in inspect.signature(sdk._internal_init).parameters}
    outputs = {camel(name) for name, value in vars(sdk).items() if isinstance(value, property)}
    served = {*kind.inputs, *kind.computed}
    assert set(kind.inputs) - inputs == set()
    assert served - outputs == set()


@pytest.mark.filterwarnings("ignore:.* deprecated in favor of:DeprecationWarning")
@pytest.mark.parametrize("token", RESOURCE_TYPES)
def test_inputs_that_the_sdk_requires_are_required(token: str) -> None:
    source = inspect.getsource(sdk_class(token)._internal_init)
    required = {camel(name) for name in re.findall("Missing required property '(.*)'", source)}
    assert {name for name, prop in RESOURCE_TYPES[token].inputs.items() if prop.required} == required


# --- Calls to AWS


NEW_ROLE: dict[str, Any] = {
    "Path": "/",
    "RoleName": "r",
    "RoleId": "A" * 16,
    "Arn": "arn:aws:iam::999999999999:role/r",
    "CreateDate": LONG_AGO,
}


def add_role(stub: Stubber, **changes: Any) -> None:  # noqa: ANN401
    """Stub the calls that read a role without policies."""
    role = {**NEW_ROLE, "AssumeRolePolicyDocument": TRUST, **changes}
    stub.add_response("get_role", {"Role": role}, {"RoleName": "r"})
    stub.add_response("list_attached_role_policies", {"AttachedPolicies": []}, {"RoleName": "r"})
    stub.add_response("list_role_policies", {"PolicyNames": []}, {"RoleName": "r"})


ROLE_INPUTS: Properties = {DEFAULTS: [], "name": "r", "assumeRolePolicy": TRUST, "tagsAll": {"env": "dev"}}
CREATE_ROLE = provider_pb2.CreateRequest(urn=urn(ROLE), properties=to_struct(ROLE_INPUTS))


def add_free_role(stub: Stubber) -> None:
    """Stub the call before the creation of a role."""
    stub.add_client_error("get_role", "NoSuchEntity", expected_params={"RoleName": "r"})


def add_created_role(stub: Stubber) -> None:
    add_free_role(stub)
    asked = {
        "RoleName": "r",
        "Path": "/",
        "AssumeRolePolicyDocument": TRUST,
        "Description": "",
        "MaxSessionDuration": 3600,
        "Tags": [{"Key": "env", "Value": "dev"}],
    }
    stub.add_response("create_role", {"Role": NEW_ROLE}, asked)


def recorded_failure(context: FakeContext, message: str) -> provider_pb2.ErrorResourceInitFailed:
    """Return the error's details about a resource that exists but is not complete."""
    status: Any = status_pb2.Status.FromString(context.trailing["grpc-status-details-bin"])
    detail = provider_pb2.ErrorResourceInitFailed()
    assert (status.code, status.message, len(status.details)) == (2, message, 1)
    assert status.details[0].Unpack(detail)
    assert list(detail.reasons) == [message]
    return detail


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("Throttling", "operation GetRole: Throttling: slow down (status code 400, request id None)"),
        ("NoSuchEntity", "AWS does not show it yet; run again"),
    ],
)
def test_a_new_resource_that_can_not_be_read_is_recorded(code: str, reason: str) -> None:
    provider, context = new_provider(), FakeContext()
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError) as aborted:
        add_created_role(iam)
        iam.add_client_error("get_role", code, "slow down")
        answer(provider, "Create", CREATE_ROLE, context)
    message = f"creating {urn(ROLE)}: {reason}"
    assert aborted.value.args == (grpc.StatusCode.UNKNOWN, message)
    detail = recorded_failure(context, message)
    assert detail.id == "r"
    outputs = from_struct(detail.properties)
    assert from_struct(detail.inputs) == ROLE_INPUTS
    assert outputs["id"] == "r" and UNKNOWN not in outputs.values()
    assert changes(RESOURCE_TYPES[ROLE], outputs, ROLE_INPUTS, ROLE_INPUTS) == []


def add_free_bucket(stub: Stubber) -> None:
    """Stub the calls before a bucket's creation: one for every type, one for us-east-1, which refuses no second one."""
    for _ in range(2):
        stub.add_client_error("head_bucket", "404", http_status_code=404, expected_params={"Bucket": "b"})


def test_a_bucket_whose_tags_are_refused_is_recorded_and_tagged_in_the_next_run() -> None:
    provider, context = new_provider(), FakeContext()
    inputs: Properties = {DEFAULTS: [], "bucket": "b", "tags": {"k": "v"}, "tagsAll": {"k": "v"}}
    tagging = {"Bucket": "b", "Tagging": {"TagSet": [{"Key": "k", "Value": "v"}]}}
    with stubbed(provider, "s3") as s3, pytest.raises(AbortedError):
        add_free_bucket(s3)
        s3.add_response("create_bucket", {}, {"Bucket": "b"})
        s3.add_client_error("put_bucket_tagging", "AccessDenied", "no", 403, expected_params=tagging)
        request = provider_pb2.CreateRequest(urn=urn(BUCKET), properties=to_struct(inputs))
        answer(provider, "Create", request, context)
    reason = "operation PutBucketTagging: AccessDenied: no (status code 403, request id None)"
    detail = recorded_failure(context, f"creating {urn(BUCKET)}: {reason}")
    assert detail.id == "b"
    assert from_struct(detail.inputs) == inputs
    with stubbed(provider, "s3") as s3:  # the engine updates what is not complete, changed or not
        s3.add_response("put_bucket_tagging", {}, tagging)
        RESOURCE_TYPES[BUCKET].update(account(provider), "b", from_struct(detail.properties), inputs)


def test_a_bucket_without_tags_needs_no_call_for_tags() -> None:
    provider = new_provider()
    with stubbed(provider, "s3"):
        RESOURCE_TYPES[BUCKET].complete(account(provider), "b", {"bucket": "b"})


def test_an_unexpected_error_after_a_create_leaves_the_resource_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    provider, context = new_provider(), FakeContext()
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError):
        add_created_role(iam)
        monkeypatch.setattr(lifecycle, "read", lambda *_: dict[str, str]()["missing"])
        answer(provider, "Create", CREATE_ROLE, context)
    assert recorded_failure(context, f"creating {urn(ROLE)}: 'missing'").id == "r"


def test_a_created_resource_is_returned_as_read() -> None:
    provider = new_provider()
    with stubbed(provider, "iam") as iam:
        add_created_role(iam)
        add_role(iam, Tags=[{"Key": "env", "Value": "dev"}])
        found = answer(provider, "Create", CREATE_ROLE)
    assert found["id"] == "r"
    assert found["properties"].keys() == STATE[ROLE]["response"]["properties"].keys()
    assert (found["properties"]["createDate"], found["properties"]["tags"]) == ("2020-01-01T00:00:00Z", {"env": "dev"})


def test_an_error_of_aws_is_reported_in_one_line() -> None:
    provider, context = new_provider(), FakeContext()
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError) as aborted:
        add_free_role(iam)
        iam.add_client_error(
            "create_role", "MalformedPolicyDocument", "Syntax\n  errors", 400, response_meta={"RequestId": "1-2"}
        )
        answer(provider, "Create", CREATE_ROLE, context)
    assert aborted.value.args == (
        grpc.StatusCode.UNKNOWN,
        f"creating {urn(ROLE)}: operation CreateRole: MalformedPolicyDocument: Syntax errors"
        " (status code 400, request id 1-2)",
    )
    assert context.trailing == {}


def test_a_resource_missing_after_its_update_is_an_error() -> None:
    provider = new_provider()
    request = provider_pb2.UpdateRequest(
        urn=urn(ROLE),
        id="r",
        olds=to_struct({**ROLE_INPUTS, "arn": NEW_ROLE["Arn"]}),
        news=to_struct({**ROLE_INPUTS, "tagsAll": {}}),
    )
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError) as aborted:
        iam.add_response("untag_role", {}, {"RoleName": "r", "TagKeys": ["env"]})
        iam.add_client_error("get_role", "NoSuchEntity")
        answer(provider, "Update", request)
    message = f"updating {urn(ROLE)}: it does not exist any more; run `pulumi refresh`"
    assert aborted.value.args == (grpc.StatusCode.NOT_FOUND, message)


BOUNDARY = "arn:aws:iam::999999999999:policy/boundary"


@pytest.mark.parametrize(
    ("olds", "news", "asked"),
    [
        ({}, {"forceDetachPolicies": True}, {}),
        ({}, {"assumeRolePolicy": WRITE}, {"update_assume_role_policy": {"PolicyDocument": WRITE}}),
        ({}, {"description": "d"}, {"update_role": {"Description": "d", "MaxSessionDuration": 3600}}),
        ({"description": "d"}, {}, {"update_role": {"Description": "", "MaxSessionDuration": 3600}}),
        ({}, {"maxSessionDuration": 7200}, {"update_role": {"Description": "", "MaxSessionDuration": 7200}}),
        ({}, {"permissionsBoundary": BOUNDARY}, {"put_role_permissions_boundary": {"PermissionsBoundary": BOUNDARY}}),
        ({"permissionsBoundary": BOUNDARY}, {"permissionsBoundary": BOUNDARY}, {}),
        ({"permissionsBoundary": BOUNDARY}, {}, {"delete_role_permissions_boundary": {}}),
        ({"tagsAll": {"a": "1", "b": "1"}}, {"tagsAll": {"a": "1", "b": "1"}}, {}),
        (
            {"tagsAll": {"a": "1", "b": "1", "c": "1"}},
            {"tagsAll": {"a": "1", "b": "2"}},
            {"untag_role": {"TagKeys": ["c"]}, "tag_role": {"Tags": [{"Key": "b", "Value": "2"}]}},
        ),
    ],
)
def test_only_changed_settings_of_a_role_are_sent(olds: Properties, news: Properties, asked: dict[str, Any]) -> None:
    provider, base = new_provider(), Properties(assumeRolePolicy=READ)
    with stubbed(provider, "iam") as iam:
        for operation, parameters in asked.items():
            iam.add_response(operation, {}, {"RoleName": "r", **parameters})
        RESOURCE_TYPES[ROLE].update(account(provider), "r", {**base, **olds}, {**base, **news})


def test_a_boundary_that_is_removed_already_is_no_error() -> None:
    provider, base = new_provider(), Properties(assumeRolePolicy=READ)
    with stubbed(provider, "iam") as iam:
        iam.add_client_error("delete_role_permissions_boundary", "NoSuchEntity")
        RESOURCE_TYPES[ROLE].update(account(provider), "r", {**base, "permissionsBoundary": BOUNDARY}, base)


def version(number: int, *, default: bool = False) -> dict[str, Any]:
    return {
        "VersionId": f"v{number}",
        "IsDefaultVersion": default,
        "CreateDate": LONG_AGO.replace(day=number),
    }


ONE_TO_FIVE = [version(5, default=True), version(3), version(2), version(1), version(4)]
ROLLED_BACK = [version(5), version(4), version(3), version(2), version(1, default=True)]


@pytest.mark.parametrize(
    ("versions", "pruned"), [(ONE_TO_FIVE, "v1"), (ROLLED_BACK, "v2"), (ONE_TO_FIVE[:4], None), (ONE_TO_FIVE[:1], None)]
)
def test_a_policy_s_oldest_version_is_deleted_at_the_limit(versions: list[dict[str, Any]], pruned: str | None) -> None:
    provider, arn = new_provider(), {"PolicyArn": POLICY_ARN}
    with stubbed(provider, "iam") as iam:
        iam.add_response("list_policy_versions", {"Versions": versions}, arn)
        if pruned:
            iam.add_response("delete_policy_version", {}, {**arn, "VersionId": pruned})
        asked = {**arn, "PolicyDocument": WRITE, "SetAsDefault": True}
        iam.add_response("create_policy_version", {"PolicyVersion": version(6)}, asked)
        RESOURCE_TYPES[POLICY].update(account(provider), POLICY_ARN, {"policy": READ}, {"policy": WRITE})


def test_a_change_of_tags_makes_no_new_policy_version() -> None:
    provider, arn = new_provider(), {"PolicyArn": POLICY_ARN}
    with stubbed(provider, "iam") as iam:
        iam.add_response("untag_policy", {}, {**arn, "TagKeys": ["env"]})
        iam.add_response("tag_policy", {}, {**arn, "Tags": [{"Key": "team", "Value": "a"}]})
        olds: Properties = {"policy": READ, "tagsAll": {"env": "dev"}}
        RESOURCE_TYPES[POLICY].update(account(provider), POLICY_ARN, olds, {"policy": READ, "tagsAll": {"team": "a"}})


def delete(provider: AwsProvider, token: str, resource_id: str, olds: Properties) -> None:
    request = provider_pb2.DeleteRequest(urn=urn(token), id=resource_id, properties=to_struct(olds))
    assert answer(provider, "Delete", request) == {}


def test_a_policy_is_deleted_after_its_other_versions() -> None:
    provider, arn = new_provider(), {"PolicyArn": POLICY_ARN}
    with stubbed(provider, "iam") as iam:
        iam.add_response("list_policy_versions", {"Versions": ONE_TO_FIVE}, arn)
        for other in ("v3", "v2", "v1", "v4"):
            iam.add_response("delete_policy_version", {}, {**arn, "VersionId": other})
        iam.add_response("delete_policy", {}, arn)
        delete(provider, POLICY, POLICY_ARN, {})


def add_policies(stub: Stubber) -> None:
    """Stub two pages of a role's managed policies and two of its inline policies, and the removal of each policy."""
    role = {"RoleName": "r"}
    for marker, name, more in ({}, "a", {"IsTruncated": True, "Marker": "m"}), ({"Marker": "m"}, "b", {}):
        arn = f"arn:aws:iam::999999999999:policy/{name}"
        page = {"AttachedPolicies": [{"PolicyName": name, "PolicyArn": arn}], **more}
        stub.add_response("list_attached_role_policies", page, {**role, **marker})
    stub.add_client_error(
        "detach_role_policy",
        "NoSuchEntity",
        expected_params={**role, "PolicyArn": "arn:aws:iam::999999999999:policy/a"},
    )
    stub.add_response("detach_role_policy", {}, {**role, "PolicyArn": "arn:aws:iam::999999999999:policy/b"})
    stub.add_response("list_role_policies", {"PolicyNames": ["x"], "IsTruncated": True, "Marker": "m"}, role)
    stub.add_response("list_role_policies", {"PolicyNames": ["y"]}, {**role, "Marker": "m"})
    stub.add_client_error("delete_role_policy", "NoSuchEntity", expected_params={**role, "PolicyName": "x"})
    stub.add_response("delete_role_policy", {}, {**role, "PolicyName": "y"})


@pytest.mark.parametrize(
    "olds", [{"forceDetachPolicies": True}, {"managedPolicyArns": [POLICY_ARN], "inlinePolicies": [{"name": "x"}]}]
)
def test_a_role_s_known_policies_are_removed_before_it(olds: Properties) -> None:
    provider = new_provider()
    with stubbed(provider, "iam") as iam:
        add_policies(iam)
        iam.add_response("delete_role", {}, {"RoleName": "r"})
        delete(provider, ROLE, "r", olds)


def test_a_role_with_unknown_policies_is_not_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = new_provider()
    monkeypatch.setattr(provider_iam, "_EMPTYING_SECONDS", 0)
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError, match="DeleteRole: DeleteConflict: must detach"):
        iam.add_client_error("delete_role", "DeleteConflict", "must detach")
        delete(provider, ROLE, "r", {"managedPolicyArns": [], "inlinePolicies": []})


def test_a_role_is_deleted_after_its_policies() -> None:
    provider = new_provider()
    with stubbed(provider, "iam") as iam:
        iam.add_client_error("delete_role", "DeleteConflict", "must detach")
        iam.add_response("delete_role", {}, {"RoleName": "r"})
        delete(provider, ROLE, "r", {})


def test_a_bucket_is_emptied_if_force_destroy_is_set() -> None:
    provider, bucket = new_provider(), {"Bucket": "b"}
    with stubbed(provider, "s3") as s3:
        page = {"Versions": [{"Key": "k", "VersionId": "1"}], "DeleteMarkers": [{"Key": "k", "VersionId": "2"}]}
        s3.add_response("list_object_versions", page, bucket)
        s3.add_response("delete_object", {}, {**bucket, "Key": "k", "VersionId": "1"})
        s3.add_response("delete_object", {}, {**bucket, "Key": "k", "VersionId": "2"})
        s3.add_response("delete_bucket", {}, bucket)
        delete(provider, BUCKET, "b", {"forceDestroy": True})


@pytest.mark.parametrize(("token", "owner"), [(GROUP_POLICY, "group"), (ROLE_POLICY, "role")])
def test_an_inline_policy_is_written_to_its_owner(token: str, owner: str) -> None:
    provider, names = new_provider(), {f"{owner.title()}Name": "o", "PolicyName": "p"}
    inputs: Properties = {owner: "o", "name": "p", "policy": READ}
    outputs: Properties = {"id": "o:p", "namePrefix": "", **inputs}
    create = provider_pb2.CreateRequest(urn=urn(token), properties=to_struct(inputs))
    news = to_struct({**inputs, "policy": WRITE})
    update = provider_pb2.UpdateRequest(urn=urn(token), id="o:p", olds=to_struct(outputs), news=news)
    with stubbed(provider, "iam") as iam:
        for document in (READ, WRITE):
            iam.add_response(f"put_{owner}_policy", {}, {**names, "PolicyDocument": document})
            iam.add_response(f"get_{owner}_policy", {**names, "PolicyDocument": document}, names)
        assert answer(provider, "Create", create) == {"id": "o:p", "properties": outputs}
        assert answer(provider, "Update", update) == {"properties": {**outputs, "policy": WRITE}}
        iam.add_response(f"delete_{owner}_policy", {}, names)
        delete(provider, token, "o:p", outputs)


def members(*names: str, marker: str = "") -> dict[str, Any]:
    """Return a page of GetGroup's answer."""
    ids = {"Path": "/", "CreateDate": LONG_AGO}
    group = {"GroupName": "g", "GroupId": "A" * 16, "Arn": "arn:aws:iam::999999999999:group/g", **ids}
    users = [
        {"UserName": name, "UserId": "A" * 16, "Arn": f"arn:aws:iam::999999999999:user/{name}", **ids} for name in names
    ]
    return {"Group": group, "Users": users, "IsTruncated": bool(marker), **({"Marker": marker} if marker else {})}


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


OLDS: dict[str, Properties] = {
    ATTACHMENT: {"role": "r", "policyArn": POLICY_ARN},
    MEMBERSHIP: {**MEMBERS, "users": ["u"]},
    USER_GROUPS: {"user": "u", "groups": ["g"]},
    VERSIONING: {"versioningConfiguration": {"status": "Enabled"}},
}
GONE_DELETED = [
    (ROLE, "r", "delete_role", "NoSuchEntity"),
    (POLICY, POLICY_ARN, "list_policy_versions", "NoSuchEntity"),
    (ATTACHMENT, "r-1", "detach_role_policy", "NoSuchEntity"),
    (GROUP, "g", "delete_group", "NoSuchEntity"),
    (GROUP_POLICY, "g:p", "delete_group_policy", "NoSuchEntity"),
    (ROLE_POLICY, "r:p", "delete_role_policy", "NoSuchEntity"),
    (MEMBERSHIP, "m", "remove_user_from_group", "NoSuchEntity"),
    (USER_GROUPS, "t-1", "remove_user_from_group", "NoSuchEntity"),
    (BUCKET, "b", "delete_bucket", "NoSuchBucket"),
    (ACCESS_BLOCK, "b", "delete_public_access_block", "NoSuchBucket"),
    (OWNERSHIP, "b", "delete_bucket_ownership_controls", "NoSuchBucket"),
    (ENCRYPTION, "b", "delete_bucket_encryption", "NoSuchBucket"),
    (VERSIONING, "b", "put_bucket_versioning", "NoSuchBucket"),
    (BUCKET_POLICY, "b", "delete_bucket_policy", "NoSuchBucket"),
]


@pytest.mark.parametrize(("token", "resource_id", "operation", "code"), GONE_DELETED)
def test_deleting_a_missing_resource_succeeds(token: str, resource_id: str, operation: str, code: str) -> None:
    provider = new_provider()
    with stubbed(provider, token[4 : token.index("/")]) as stub:
        stub.add_client_error(operation, code)
        delete(provider, token, resource_id, OLDS.get(token, {}))


def test_deleting_a_missing_bucket_with_force_destroy_succeeds() -> None:
    provider = new_provider()
    with stubbed(provider, "s3") as s3:
        s3.add_client_error("list_object_versions", "NoSuchBucket")
        s3.add_client_error("delete_bucket", "NoSuchBucket")
        delete(provider, BUCKET, "b", {"forceDestroy": True})


def test_a_refused_delete_is_an_error() -> None:
    provider = new_provider()
    with stubbed(provider, "s3") as s3, pytest.raises(AbortedError, match="DeleteBucket: BucketNotEmpty: full"):
        s3.add_client_error("delete_bucket", "BucketNotEmpty", "full")
        delete(provider, BUCKET, "b", {})


@pytest.mark.parametrize(
    ("token", "resource_id", "operation", "code"),
    [
        (ROLE, "r", "get_role", "NoSuchEntity"),
        (POLICY, POLICY_ARN, "get_policy", "NoSuchEntity"),
        (ATTACHMENT, "r-1", "list_attached_role_policies", "NoSuchEntity"),
        (GROUP, "g", "get_group", "NoSuchEntity"),
        (GROUP_POLICY, "g:p", "get_group_policy", "NoSuchEntity"),
        (ROLE_POLICY, "r:p", "get_role_policy", "NoSuchEntity"),
        (MEMBERSHIP, "m", "get_group", "NoSuchEntity"),
        (USER_GROUPS, "t-1", "list_groups_for_user", "NoSuchEntity"),
        (BUCKET, "b", "head_bucket", "404"),
        (ACCESS_BLOCK, "b", "get_public_access_block", "NoSuchPublicAccessBlockConfiguration"),
        (OWNERSHIP, "b", "get_bucket_ownership_controls", "OwnershipControlsNotFoundError"),
        (ENCRYPTION, "b", "get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError"),
        (VERSIONING, "b", "get_bucket_versioning", "NoSuchBucket"),
        (BUCKET_POLICY, "b", "get_bucket_policy", "NoSuchBucketPolicy"),
    ],
)
def test_a_missing_resource_is_read_as_nothing(token: str, resource_id: str, operation: str, code: str) -> None:
    provider = new_provider()
    request = provider_pb2.ReadRequest(urn=urn(token), id=resource_id, properties=to_struct(OLDS.get(token, {})))
    with stubbed(provider, token[4 : token.index("/")]) as stub:
        stub.add_client_error(operation, code)
        assert answer(provider, "Read", request) == {}


@pytest.mark.parametrize(("attached", "found"), [([], {}), ([{"PolicyName": "probe", "PolicyArn": POLICY_ARN}], None)])
def test_an_attachment_is_imported_by_role_and_policy(attached: list[Any], found: dict[str, Any] | None) -> None:
    provider, resource_id = new_provider(), f"r/{POLICY_ARN}"
    with stubbed(provider, "iam") as iam:
        iam.add_response("list_attached_role_policies", {"AttachedPolicies": attached}, {"RoleName": "r"})
        read = answer(provider, "Read", provider_pb2.ReadRequest(urn=urn(ATTACHMENT), id=resource_id))
    inputs = {"role": "r", "policyArn": POLICY_ARN}
    imported = {"id": resource_id, "inputs": inputs, "properties": {"id": resource_id, **inputs}}
    assert read == (imported if found is None else found)


@pytest.mark.parametrize(
    ("token", "resource_id", "form"),
    [
        (GROUP_POLICY, "developers", "<group name>:<policy name>"),
        (GROUP_POLICY, ":p", "<group name>:<policy name>"),
        (GROUP_POLICY, "g:", "<group name>:<policy name>"),
        (ROLE_POLICY, "uploaders", "<role name>:<policy name>"),
        (ATTACHMENT, "role", "<role-name>/<policy_arn>"),
        (ATTACHMENT, "role/", "<role-name>/<policy_arn>"),
        (POLICY, "probe", "the policy's ARN"),
        (USER_GROUPS, "u", "<user-name>/<group-name1>/..."),
        (USER_GROUPS, "u/", "<user-name>/<group-name1>/..."),
        (USER_GROUPS, "/g", "<user-name>/<group-name1>/..."),
    ],
)
def test_an_invalid_id_is_refused_with_the_expected_format(token: str, resource_id: str, form: str) -> None:
    with pytest.raises(AbortedError) as aborted:
        answer(OFFLINE, "Read", provider_pb2.ReadRequest(urn=urn(token), id=resource_id))
    message = f"reading {urn(token)}: unexpected format of ID ({resource_id}), expected {form}"
    assert aborted.value.args == (grpc.StatusCode.UNKNOWN, message)


CALLS: dict[str, Message] = {
    "Invoke": provider_pb2.InvokeRequest(tok="aws:index/getPartition:getPartition"),
    "Check": provider_pb2.CheckRequest(urn="u"),
    "Diff": provider_pb2.DiffRequest(urn="u"),
    "Create": provider_pb2.CreateRequest(urn="u"),
    "Read": provider_pb2.ReadRequest(urn="u"),
    "Update": provider_pb2.UpdateRequest(urn="u"),
    "Delete": provider_pb2.DeleteRequest(urn="u"),
}


@pytest.mark.parametrize("method", CALLS)
def test_a_defect_is_reported_in_one_line(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_resource_type", "_call_aws"):
        monkeypatch.setattr(service, name, lambda *_: dict[str, str]()["a\nb"])
    with pytest.raises(AbortedError) as aborted:
        answer(OFFLINE, method, CALLS[method])
    code, message = aborted.value.args
    subject = f"{method} u" if method != "Invoke" else method
    assert code is grpc.StatusCode.INTERNAL
    assert message == f"{subject}: a defect of the sandbox's stand-in provider: KeyError: 'a\\nb'"


def test_disabled_versioning_is_created_and_read() -> None:
    provider = new_provider()
    inputs: Properties = {DEFAULTS: [], **versioned(status="Disabled")}
    with stubbed(provider, "s3") as s3:
        s3.add_response("get_bucket_versioning", {}, {"Bucket": "b"})
        request = provider_pb2.CreateRequest(urn=urn(VERSIONING), properties=to_struct(inputs))
        outputs = answer(provider, "Create", request)["properties"]
    assert outputs["versioningConfiguration"] == {"mfaDelete": "", "status": "Disabled"}


KEY_ARN = "arn:aws:kms:us-east-1:999999999999:key/k"


def test_a_key_and_blocked_encryption_types_are_set_and_read() -> None:
    provider = new_provider()
    default: Properties = {"kmsMasterKeyId": KEY_ARN, "sseAlgorithm": "aws:kms"}
    rule: Properties = {
        "applyServerSideEncryptionByDefault": default,
        "blockedEncryptionTypes": ["SSE-C"],
        "bucketKeyEnabled": True,
    }
    theirs = {
        "ApplyServerSideEncryptionByDefault": {"KMSMasterKeyID": KEY_ARN, "SSEAlgorithm": "aws:kms"},
        "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
        "BucketKeyEnabled": True,
    }
    asked = {"ServerSideEncryptionConfiguration": {"Rules": [theirs]}}
    with stubbed(provider, "s3") as s3:
        s3.add_response("put_bucket_encryption", {}, {"Bucket": "b", **asked})
        s3.add_response("get_bucket_encryption", asked, {"Bucket": "b"})
        request = provider_pb2.CreateRequest(
            urn=urn(ENCRYPTION), properties=to_struct(checked(ENCRYPTION, {"bucket": "b", "rules": [rule]}))
        )
        assert answer(provider, "Create", request)["properties"]["rules"] == [rule]


def test_encryption_types_can_be_blocked_without_a_default() -> None:
    provider, rule = new_provider(), Properties(blockedEncryptionTypes=["NONE"])
    with stubbed(provider, "s3") as s3:
        theirs = {"BlockedEncryptionTypes": {"EncryptionType": ["NONE"]}}
        rules = {"ServerSideEncryptionConfiguration": {"Rules": [theirs]}}
        s3.add_response("put_bucket_encryption", {}, {"Bucket": "b", **rules})
        s3.add_response("get_bucket_encryption", rules)
        request = provider_pb2.CreateRequest(
            urn=urn(ENCRYPTION), properties=to_struct(checked(ENCRYPTION, {"bucket": "b", "rules": [rule]}))
        )
        found = answer(provider, "Create", request)["properties"]["rules"]
    assert found == [{"blockedEncryptionTypes": ["NONE"], "bucketKeyEnabled": False}]


def test_encryption_types_that_aws_blocks_are_no_change() -> None:
    """Test what S3 reports for every bucket since April 2026 (terraform-provider-aws#47320)."""
    state = STATE[ENCRYPTION]["response"]
    rule = {**state["properties"]["rules"][0], "blockedEncryptionTypes": ["SSE-C"]}
    kind, outputs = RESOURCE_TYPES[ENCRYPTION], {**state["properties"], "rules": [rule]}
    assert changes(kind, outputs, state["inputs"], state["inputs"]) == []


@pytest.mark.parametrize("status", ["Enabled", "Suspended"])
def test_versioning_can_not_be_turned_off(status: str) -> None:
    provider = new_provider()
    message = f"versioning_configuration.status cannot be updated from '{status}' to 'Disabled'"
    request = provider_pb2.UpdateRequest(
        urn=urn(VERSIONING),
        id="b",
        olds=to_struct(versioned(status=status)),
        news=to_struct(versioned(status="Disabled")),
    )
    with pytest.raises(AbortedError, match=message):
        answer(provider, "Update", request)


def test_versioning_that_was_never_on_is_not_suspended() -> None:
    provider = new_provider()
    with stubbed(provider, "s3"):
        delete(provider, VERSIONING, "b", versioned(status="Disabled"))


START = "import subprocess, sys; subprocess.run([sys.executable, '-m', 'sandbox.provider'])"


@pytest.mark.parametrize("command", [["-m", "sandbox.provider"], ["-c", START]], ids=["terminated", "orphaned"])
def test_the_process_ends_at_once_during_a_call(command: list[str]) -> None:
    number = signal.SIGKILL if START in command else signal.SIGTERM
    with (
        socket.create_server(("127.0.0.1", 0)) as aws,
        subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process,
    ):
        assert process.stdout is not None
        with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            endpoints = json.dumps([{"iam": f"http://127.0.0.1:{aws.getsockname()[1]}"}])
            values = {
                "region": "us-east-1",
                "accessKey": "x",
                "secretKey": "x",
                "endpoints": endpoints,
                "maxRetries": "1",
            }
            variables = {f"aws:config:{key}": value for key, value in values.items()}
            stub.Configure(provider_pb2.ConfigureRequest(variables=variables))
            waiting = stub.Create.future(CREATE_ROLE)
            connection, _ = aws.accept()
            with connection:
                connection.settimeout(5)
                assert connection.recv(4)
                process.send_signal(number)
                try:
                    while connection.recv(65536):  # until the process is gone, and not only its server
                        pass
                finally:
                    process.kill()
            assert waiting.exception() is not None


# --- Secrets


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


def test_an_unchanged_group_is_not_updated() -> None:
    provider = new_provider()
    with stubbed(provider, "iam"):
        RESOURCE_TYPES[GROUP].update(account(provider), "g", {"name": "g", "path": "/"}, {"name": "g"})


def test_an_incomplete_attachment_is_attached_again() -> None:
    provider, olds = new_provider(), to_struct(OLDS[ATTACHMENT])
    request = provider_pb2.UpdateRequest(urn=urn(ATTACHMENT), id=f"r/{POLICY_ARN}", olds=olds, news=olds)
    with stubbed(provider, "iam") as iam:
        iam.add_response("attach_role_policy", {}, {"RoleName": "r", "PolicyArn": POLICY_ARN})
        page = {"AttachedPolicies": [{"PolicyName": "probe", "PolicyArn": POLICY_ARN}]}
        iam.add_response("list_attached_role_policies", page, {"RoleName": "r"})
        found = answer(provider, "Update", request)["properties"]
    assert found == {"id": f"r/{POLICY_ARN}", "role": "r", "policyArn": POLICY_ARN}


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


@pytest.mark.parametrize(
    ("region", "place"),
    [("us-east-1", {}), ("eu-west-1", {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}})],
)
def test_a_bucket_is_created_in_the_configured_region(region: str, place: dict[str, Any]) -> None:
    provider = new_provider(region=region)
    with stubbed(provider, "s3") as s3:
        if not place:
            s3.add_client_error("head_bucket", "404", http_status_code=404)
        s3.add_response("create_bucket", {}, {"Bucket": "b", **place})
        assert RESOURCE_TYPES[BUCKET].create(account(provider), {"bucket": "b", "tagsAll": {"k": "v"}}) == "b"

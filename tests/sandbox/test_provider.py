"""Tests of the stand-in provider's calls for each resource type, against the emulator."""

import itertools
import json
from collections.abc import Iterator
from typing import Any, NoReturn, cast

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from pulumi.runtime.proto import provider_pb2

from sandbox.emulator import Emulator
from sandbox.layout import Layout
from sandbox.provider.service import RESOURCE_TYPES, AwsProvider
from sandbox.provider.values import UNKNOWN, Properties, to_struct
from tests.sandbox.provider_cases import ACCOUNT, CASES, Case, policy, trust

PEER = "ipv4:127.0.0.1:1"
"""The engine's connection."""
NUMBERS = itertools.count()
"""The numbers in the names of this module's resources."""


class FakeContext:
    """A gRPC context, as far as the provider uses it."""

    def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        raise AssertionError((code, details))

    def peer(self) -> str:
        return PEER

    def set_trailing_metadata(self, metadata: object) -> None:
        pass


@pytest.fixture(scope="module")
def provider(layout: Layout) -> Iterator[AwsProvider]:
    """Yield a provider configured for an account of the emulator."""
    configuration = {
        "accessKey": ACCOUNT,
        "secretKey": Emulator(layout).secret_of(ACCOUNT),
        "region": "us-east-1",
        "allowedAccountIds": json.dumps([ACCOUNT]),
        "endpoints": json.dumps([dict.fromkeys(("iam", "s3", "sts"), Emulator(layout).endpoint)]),
        "s3UsePathStyle": "true",
        "maxRetries": "2",
    }
    made = AwsProvider({})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_CA_BUNDLE", str(layout.ca_bundle))
        variables = {f"aws:config:{key}": value for key, value in configuration.items()}
        call(made, "Configure", provider_pb2.ConfigureRequest(variables=variables))
        yield made


class Thing:
    """A resource of a case, with its own name, and the engine's calls about it."""

    def __init__(self, provider: AwsProvider, case: Case, name: str) -> None:
        self.provider, self.aws, self.case, self.name = provider, provider._accounts[PEER], case, name
        self.urn = f"urn:pulumi:dev::probe::{case.token}::thing"
        self.inputs = self.check(self.named(case.inputs))
        self.outputs: Properties = {}
        self.id = ""

    def named(self, value: Any) -> Any:  # noqa: ANN401
        return json.loads(json.dumps(value).replace("NAME", self.name))

    def check(self, news: Properties) -> Properties:
        found = call(self.provider, "Check", provider_pb2.CheckRequest(urn=self.urn, news=to_struct(news)))
        assert "failures" not in found
        return cast(Properties, found["inputs"])

    def prepare(self) -> None:
        """Create the resources that this one needs."""
        aws, name = self.aws, self.name
        if self.case.needs == "bucket":
            aws.s3.create_bucket(Bucket=name)
        elif self.case.needs == "group":
            aws.iam.create_group(GroupName=name)
            aws.iam.create_group(GroupName=f"{name}-a")
            for number in (1, 2, 3):
                aws.iam.create_user(UserName=f"{name}-{number}")
        elif self.case.needs == "role":
            aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(ACCOUNT))
            aws.iam.create_policy(PolicyName=name, PolicyDocument=policy("s3:GetObject"))

    def create(self, *, preview: bool = False) -> Properties:
        request = provider_pb2.CreateRequest(urn=self.urn, properties=to_struct(self.inputs), preview=preview)
        found = call(self.provider, "Create", request)
        if not preview:
            self.id, self.outputs = found["id"], found["properties"]
        return cast(Properties, found["properties"])

    def diff(self, news: Properties) -> set[str]:
        request = provider_pb2.DiffRequest(
            urn=self.urn,
            id=self.id,
            olds=to_struct(self.outputs),
            old_inputs=to_struct(self.inputs),
            news=to_struct(news),
        )
        found = call(self.provider, "Diff", request)
        assert found.get("replaces", []) == []
        return set(found.get("diffs", []))

    def update(self, news: Properties) -> None:
        request = provider_pb2.UpdateRequest(
            urn=self.urn, id=self.id, olds=to_struct(self.outputs), news=to_struct(news)
        )
        self.outputs, self.inputs = call(self.provider, "Update", request)["properties"], news

    def read(self) -> dict[str, Any]:
        request = provider_pb2.ReadRequest(
            urn=self.urn, id=self.id, properties=to_struct(self.outputs), inputs=to_struct(self.inputs)
        )
        return call(self.provider, "Read", request)

    def delete(self) -> None:
        request = provider_pb2.DeleteRequest(urn=self.urn, id=self.id, properties=to_struct(self.outputs))
        assert call(self.provider, "Delete", request) == {}


def call(provider: AwsProvider, method: str, request: Message) -> dict[str, Any]:
    """Return the provider's answer, as the protocol's JSON."""
    response = getattr(provider, method)(request, cast(grpc.ServicerContext, FakeContext()))
    found: dict[str, Any] = json_format.MessageToDict(response)
    return found


@pytest.fixture(params=CASES, ids=str)
def thing(provider: AwsProvider, request: pytest.FixtureRequest) -> Thing:
    """Return a resource of each type, not created yet."""
    made = Thing(provider, request.param, f"thing-{next(NUMBERS)}")
    made.prepare()
    return made


@pytest.fixture
def created(thing: Thing) -> Thing:
    """Return a created resource of each type."""
    thing.create()
    return thing


def meaning(value: Any) -> Any:  # noqa: ANN401
    """Return the value with JSON texts parsed, and without the additions of the engine and AWS."""
    if isinstance(value, str) and value.startswith("{"):
        return json.loads(value)
    if isinstance(value, dict):
        return {key: meaning(item) for key, item in value.items() if key != "__defaults" and item not in ("", False)}
    return [meaning(item) for item in value] if isinstance(value, list) else value


def test_every_type_has_a_case() -> None:
    assert sorted(case.token for case in CASES) == sorted(RESOURCE_TYPES)


def test_a_created_resource_matches_its_plan(thing: Thing) -> None:
    plan = thing.create(preview=True)
    outputs = thing.create()
    assert plan.keys() == outputs.keys()
    known = {name: value for name, value in plan.items() if value != UNKNOWN and name != "tags"}
    assert meaning({name: outputs[name] for name in known}) == meaning(known)
    assert thing.diff(thing.inputs) == set()
    read = thing.read()
    assert (read["id"], read["properties"]) == (thing.id, outputs)
    assert meaning(read["inputs"]) == meaning(thing.inputs)


# In the other types every change is a replacement, or the emulator lacks the call (UpdateGroup).
@pytest.mark.parametrize("thing", [case for case in CASES if case.update], ids=str, indirect=True)
def test_an_update_leaves_nothing_to_change(created: Thing) -> None:
    news = created.check(created.named({**created.case.inputs, **created.case.update}))
    assert created.diff(news) - {"tagsAll"} == set(created.case.update)
    created.update(news)
    assert created.diff(news) == set()
    assert created.read()["properties"] == created.outputs


@pytest.mark.parametrize("thing", [case for case in CASES if case.notices], ids=str, indirect=True)
def test_a_refresh_finds_outside_changes(created: Thing) -> None:
    created.case.mischief(created.aws, created.name)
    found = created.read()
    wanted = {**created.inputs, **created.named(created.case.notices)}
    assert meaning(found["inputs"]) == meaning({name: value for name, value in wanted.items() if value is not None})
    created.outputs = found["properties"]
    assert created.diff(created.inputs) - {"tagsAll"} == set(created.case.notices) - {"tagsAll"}


@pytest.mark.parametrize("thing", [case for case in CASES if case.import_id], ids=str, indirect=True)
def test_an_imported_resource_matches_the_created_one(created: Thing) -> None:
    request = provider_pb2.ReadRequest(urn=created.urn, id=created.named(created.case.import_id))
    imported = call(created.provider, "Read", request)
    assert meaning(imported["inputs"]) == meaning(created.inputs)
    assert imported["properties"] == {**created.outputs, "id": imported["id"]}
    created.outputs = imported["properties"]
    assert created.diff(created.check(imported["inputs"])) == set()


def test_a_deleted_resource_can_be_deleted_again(created: Thing) -> None:
    created.delete()
    assert bool(created.read()) == created.case.survives
    created.delete()
    if created.case.needs == "bucket":
        created.aws.s3.delete_bucket(Bucket=created.name)
        assert created.read() == {}
        created.delete()

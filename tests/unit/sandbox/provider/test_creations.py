"""Tests of the record of created resources: it is written before the call to AWS, in the state's format."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2, resource_pb2

from sandbox.provider.creations import Creations, RecordError, read_creations
from sandbox.provider.values import SECRET_IN_STATE, secret, to_struct

STACK = "urn:pulumi:dev::probe"
ROOT = f"{STACK}::pulumi:pulumi:Stack::probe-dev"
OUTER, INNER = f"{STACK}::acme:Team::web", f"{STACK}::acme:Team$acme:Member::ann"
ROLE, POLICY = f"{STACK}::acme:Team$acme:Member$aws:iam/role:Role::role", f"{STACK}::aws:iam/policy:Policy::policy"
AWS = f"{STACK}::pulumi:providers:aws::default"
PROVIDER = provider_pb2.ConfigureRequest(
    urn=AWS, id="p1", args=to_struct({"region": "us-east-1", "secretKey": secret("topsecret")})
)


def declared(kind: str, name: str, parent: str = "", **more: Any) -> resource_pb2.RegisterResourceRequest:  # noqa: ANN401
    return resource_pb2.RegisterResourceRequest(type=kind, name=name, parent=parent, **more)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dev.json.begun"


@pytest.fixture
def creations(path: Path) -> Creations:
    made = Creations(path)
    needs = {"roles": resource_pb2.RegisterResourceRequest.PropertyDependencies(urns=[POLICY])}
    for request in (
        declared("pulumi:pulumi:Stack", "probe-dev"),
        declared("acme:Team", "web", ROOT),
        declared("acme:Member", "ann", OUTER),
        declared("aws:iam/policy:Policy", "policy", ROOT, custom=True),
        declared(
            "aws:iam/role:Role",
            "role",
            INNER,
            custom=True,
            protect=True,
            retainOnDelete=True,
            dependencies=[POLICY],
            propertyDependencies=needs,
        ),
    ):
        made.register(request, STACK)
    return made


def inputs(**values: Any) -> Struct:  # noqa: ANN401
    return to_struct(values)


def test_a_resource_is_recorded_after_its_components_and_its_provider(creations: Creations, path: Path) -> None:
    creations.begin(POLICY, inputs(name="web"), PROVIDER)
    creations.begin(ROLE, inputs(name="web"), PROVIDER)
    found = read_creations(path)
    assert [item["urn"] for item in found] == [AWS, ROOT, POLICY, OUTER, INNER, ROLE]
    assert [item["custom"] for item in found] == [True, False, True, False, False, True]
    assert found[0] == {
        "urn": AWS,
        "custom": True,
        "type": "pulumi:providers:aws",
        "id": "p1",
        "inputs": {"region": "us-east-1"},
    }
    assert found[-1] == {
        "urn": ROLE,
        "custom": True,
        "type": "aws:iam/role:Role",
        "parent": INNER,
        "dependencies": [POLICY],
        "propertyDependencies": {"roles": [POLICY]},
        "protect": True,
        "retainOnDelete": True,
        "inputs": {"name": "web"},
        "provider": f"{AWS}::p1",
    }


def test_no_secret_is_in_the_file(creations: Creations, path: Path) -> None:
    creations.begin(POLICY, inputs(name="web", policy=secret("topsecret"), tags=[{"a": secret("topsecret")}]), PROVIDER)
    assert "topsecret" not in path.read_text()
    assert read_creations(path)[-1]["inputs"] == {
        "name": "web",
        "policy": SECRET_IN_STATE,
        "tags": [{"a": SECRET_IN_STATE}],
    }


def test_a_refused_resource_is_dropped(creations: Creations, path: Path) -> None:
    creations.begin(POLICY, inputs(), PROVIDER)
    creations.begin(ROLE, inputs(), PROVIDER)
    creations.end(POLICY, None)
    creations.end(ROLE, "role-id")
    found = {item["urn"]: item.get("id") for item in read_creations(path) if item["custom"]}
    assert found == {AWS: "p1", ROLE: "role-id"}


def test_an_end_without_a_beginning_is_ignored(creations: Creations, path: Path) -> None:
    creations.end(POLICY, None)
    assert not path.exists()


def test_a_change_is_recorded_without_the_resource(creations: Creations, path: Path) -> None:
    with creations.changing(ROLE):
        assert path.exists()
        assert read_creations(path) == []


def answered(status: int) -> ClientError:
    response: Any = {"ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "DeleteRole")


@pytest.mark.parametrize(
    ("error", "stays"),
    [
        (None, False),
        (answered(403), False),
        (answered(500), True),
        (EndpointConnectionError(endpoint_url="https://127.0.0.1"), True),
    ],
    ids=["done", "refused", "an error of the server", "no answer"],
)
def test_a_change_without_an_answer_keeps_the_record(
    creations: Creations, path: Path, error: Exception | None, stays: bool
) -> None:
    with suppress(ClientError, EndpointConnectionError), creations.changing(ROLE):
        creations.forget()
        assert path.exists()
        if error:
            raise error
    creations.forget()
    assert path.exists() is stays


def test_an_incomplete_line_is_ignored(creations: Creations, path: Path) -> None:
    creations.begin(POLICY, inputs(), PROVIDER)
    text = path.read_text()
    path.write_text(text[:-20])
    assert [item["urn"] for item in read_creations(path)] == [AWS, ROOT]


def test_the_record_is_deleted_once_nothing_is_pending(creations: Creations, path: Path) -> None:
    creations.begin(POLICY, inputs(), PROVIDER)
    creations.forget()
    assert path.exists()
    creations.end(POLICY, "id")
    creations.forget()
    assert not path.exists()
    creations.forget()


def test_a_failed_record_prevents_the_creation(tmp_path: Path) -> None:
    creations = Creations(tmp_path / "gone" / "dev.json.begun")
    begins: list[Callable[[], None]] = [
        lambda: creations.begin(POLICY, inputs(), PROVIDER),
        lambda: creations.changing(POLICY).__enter__(),
    ]
    for begin in begins:
        with pytest.raises(RecordError, match=r"dev\.json\.begun: No such file or directory"):
            begin()
    creations.end(POLICY, "id")


def test_an_engine_that_saves_each_step_needs_no_record() -> None:
    creations = Creations(None)
    creations.begin(POLICY, inputs(), provider_pb2.ConfigureRequest())
    with creations.changing(POLICY):
        pass
    creations.end(POLICY, "id")
    creations.forget()


def test_an_undeclared_resource_is_recorded_as_far_as_known(path: Path) -> None:
    Creations(path).begin(ROLE, inputs(name="web"), PROVIDER)
    [_, made] = [json.loads(line) for line in path.read_text().splitlines()]
    assert made == {
        "urn": ROLE,
        "custom": True,
        "type": "aws:iam/role:Role",
        "inputs": {"name": "web"},
        "provider": f"{AWS}::p1",
    }

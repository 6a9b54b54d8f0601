"""Tests that the stand-in provider records what it creates before the call to AWS."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from botocore.stub import Stubber
from pulumi.runtime.proto import provider_pb2

from sandbox.provider.creations import Creations, read_creations
from sandbox.provider.service import AwsProvider
from sandbox.provider.values import DEFAULTS, to_struct
from tests.support.stand_in_provider import (
    ATTACHMENT,
    GROUP,
    PEER,
    POLICY_ARN,
    ROLE,
    AbortedError,
    answer,
    delete,
    new_provider,
    stubbed,
    urn,
)
from tests.support.stubbed_aws import (
    CREATE_ROLE,
    ROLE_TAGS,
    add_created_role,
    add_free_role,
    add_refused_role,
    add_role,
)


def recording(path: Path) -> AwsProvider:
    provider = new_provider()
    provider._creations = Creations(path)
    provider._configured[PEER] = provider_pb2.ConfigureRequest(urn=urn("pulumi:providers:aws"), id="p")
    return provider


def recorded_ids(path: Path) -> list[str | None]:
    return [item.get("id") for item in read_creations(path) if not item["type"].startswith("pulumi:")]


@contextmanager
def before(stub: Stubber, operation: str, act: Callable[[], object]) -> Iterator[None]:
    """Do something whenever AWS is about to be asked for an operation."""

    def acted(**_: object) -> None:
        act()

    event = f"before-parameter-build.iam.{operation}"
    stub.client.meta.events.register(event, acted)
    yield
    stub.client.meta.events.unregister(event, acted)


def test_a_creation_is_recorded_before_the_call_to_aws(tmp_path: Path) -> None:
    path, seen = tmp_path / "begun", []
    provider = recording(path)
    with stubbed(provider, "iam") as iam, before(iam, "CreateRole", lambda: seen.append(recorded_ids(path))):
        add_created_role(iam)
        add_role(iam, Tags=ROLE_TAGS)
        answer(provider, "Create", CREATE_ROLE)
    assert seen == [[None]]
    assert recorded_ids(path) == ["r"]


def test_an_existing_resource_is_never_taken_for_created(tmp_path: Path) -> None:
    provider = recording(tmp_path / "begun")
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError, match="EntityAlreadyExists"):
        add_role(iam)
        iam.add_client_error("create_role", "EntityAlreadyExists", "it is there", 409)
        answer(provider, "Create", CREATE_ROLE)
    assert not (tmp_path / "begun").exists()


def test_a_refused_resource_is_not_taken_for_created(tmp_path: Path) -> None:
    provider = recording(tmp_path / "begun")
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError, match="AccessDenied"):
        add_refused_role(iam, "AccessDenied", 403)
        answer(provider, "Create", CREATE_ROLE)
    assert recorded_ids(tmp_path / "begun") == []


def test_a_resource_that_may_exist_is_recorded_as_created(tmp_path: Path) -> None:
    provider = recording(tmp_path / "begun")
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError, match="may still have created it"):
        add_refused_role(iam, "ServiceFailure", 500)
        iam.add_client_error("get_role", "ServiceFailure", "no answer", 500)
        answer(provider, "Create", CREATE_ROLE)
    assert recorded_ids(tmp_path / "begun") == ["r"]


def test_nothing_is_created_without_a_record(tmp_path: Path) -> None:
    provider = recording(tmp_path / "gone" / "begun")
    with stubbed(provider, "iam") as iam, pytest.raises(AbortedError, match="begun: No such file or directory"):
        add_free_role(iam)
        answer(provider, "Create", CREATE_ROLE)
    with stubbed(provider, "iam"), pytest.raises(AbortedError, match="begun: No such file or directory"):
        delete(provider, ROLE, "r", {"name": "r"})


def test_a_resource_without_a_name_is_recorded_too(tmp_path: Path) -> None:
    path, seen = tmp_path / "begun", []
    provider = recording(path)
    inputs = to_struct({DEFAULTS: [], "role": "r", "policyArn": POLICY_ARN})
    with (
        stubbed(provider, "iam") as iam,
        before(iam, "AttachRolePolicy", lambda: seen.append(recorded_ids(path))),
        pytest.raises(AbortedError, match="AccessDenied"),
    ):
        iam.add_client_error("attach_role_policy", "AccessDenied", "no", 403)
        answer(provider, "Create", provider_pb2.CreateRequest(urn=urn(ATTACHMENT), properties=inputs))
    assert seen == [[None]]


def test_an_update_is_recorded_before_the_call_to_aws(tmp_path: Path) -> None:
    path, seen = tmp_path / "begun", []
    provider = recording(path)
    olds, news = to_struct({"name": "old", "arn": "known"}), to_struct({DEFAULTS: [], "name": "new"})
    request = provider_pb2.UpdateRequest(urn=urn(GROUP), id="old", olds=olds, news=news)
    with (
        stubbed(provider, "iam") as iam,
        before(iam, "UpdateGroup", lambda: seen.append(path.exists())),
        pytest.raises(AbortedError, match="AccessDenied"),
    ):
        iam.add_client_error("update_group", "AccessDenied", "no", 403)
        answer(provider, "Update", request)
    assert seen == [True]


def test_a_change_is_recorded_before_the_call_to_aws(tmp_path: Path) -> None:
    path, seen = tmp_path / "begun", []
    provider = recording(path)
    with stubbed(provider, "iam") as iam, before(iam, "DetachRolePolicy", lambda: seen.append(path.exists())):
        iam.add_response("detach_role_policy", {})
        delete(provider, ATTACHMENT, "r/p", {"role": "r", "policyArn": POLICY_ARN})
    assert seen == [True]

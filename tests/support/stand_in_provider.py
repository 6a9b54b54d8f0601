"""The stand-in provider for tests: types, recorded calls, and calls whose AWS is stubbed."""

import json
from datetime import datetime, timezone
from typing import Any, cast

import boto3
import grpc
import pytest
from botocore.stub import Stubber
from google.protobuf import json_format
from google.protobuf.message import Message
from pulumi.runtime.proto import provider_pb2, status_pb2

from sandbox.provider.configuration import Aws, Configuration
from sandbox.provider.resource import checked_inputs
from sandbox.provider.service import RESOURCE_TYPES, AwsProvider
from sandbox.provider.values import DEFAULTS, Properties, to_struct
from tests.unit.conftest import REPOSITORY

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

_RECORDS = REPOSITORY / "tests" / "unit" / "sandbox" / "provider" / "data"
SEED = b"seed of one resource"
TRUST = '{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"AWS":"111111111111"}}]}'
READ = '{"Statement":[{"Action":"s3:GetObject","Effect":"Allow","Resource":"*"}]}'
WRITE = '{"Statement":[{"Action":"s3:PutObject","Effect":"Allow","Resource":"*"}]}'
POLICY_ARN = "arn:aws:iam::999999999999:policy/probe"
IDENTITY = {"Account": "999999999999", "Arn": "arn:aws:iam::999999999999:root", "UserId": "U"}
LONG_AGO = datetime(2020, 1, 1, tzinfo=timezone.utc)  # noqa: UP017

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
"""Valid minimal inputs of the types that tests create."""


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
    lines = (_RECORDS / f"{method}.jsonl").read_text().splitlines()
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


def recorded_failure(context: FakeContext, message: str) -> provider_pb2.ErrorResourceInitFailed:
    """Return the error's details about a resource that exists but is not complete."""
    status: Any = status_pb2.Status.FromString(context.trailing["grpc-status-details-bin"])
    detail = provider_pb2.ErrorResourceInitFailed()
    assert (status.code, status.message, len(status.details)) == (2, message, 1)
    assert status.details[0].Unpack(detail)
    assert list(detail.reasons) == [message]
    return detail


def delete(provider: AwsProvider, token: str, resource_id: str, olds: Properties) -> None:
    request = provider_pb2.DeleteRequest(urn=urn(token), id=resource_id, properties=to_struct(olds))
    assert answer(provider, "Delete", request) == {}

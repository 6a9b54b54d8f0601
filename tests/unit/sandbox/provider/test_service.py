"""Tests of what the stand-in provider refuses in one line, and of how its process ends."""

import importlib
import importlib.metadata
import json
import signal
import socket
import subprocess
import sys

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.provider import service
from sandbox.provider.service import AwsProvider
from sandbox.provider.values import DEFAULTS, to_struct
from tests.support.stand_in_provider import GROUP, OFFLINE, POLICY, AbortedError, answer, urn
from tests.support.stubbed_aws import CREATE_ROLE
from tests.unit.conftest import REPOSITORY

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


START = "import subprocess, sys; subprocess.run([sys.executable, '-m', 'sandbox.provider'])"


@pytest.mark.parametrize("command", [["-m", "sandbox.provider"], ["-c", START]], ids=["terminated", "orphaned"])
def test_the_process_ends_at_once_during_a_call(command: list[str]) -> None:
    number = signal.SIGKILL if START in command else signal.SIGTERM
    with (
        socket.create_server(("127.0.0.1", 0)) as aws,
        subprocess.Popen([sys.executable, *command], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process,
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

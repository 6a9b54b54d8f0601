"""Fixtures of the unit tests: Pulumi's mocks, which record what a program registers."""

import json
import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from google.protobuf.json_format import MessageToDict
from pulumi import runtime
from pulumi.runtime import mocks

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = "cross-account-access"


@dataclass(frozen=True)
class Registration:
    """A resource that a program registered."""

    type: str
    inputs: Mapping[str, Any]
    parent: str
    """The parent's logical name."""
    protect: bool
    dependencies: tuple[str, ...]
    """The logical names of the resources that are made before it."""


@dataclass(frozen=True)
class Aws(mocks.Mocks):
    """Answers as AWS and other stacks would."""

    partition: str
    stacks: Mapping[str, Mapping[str, Any]]
    """The outputs of other stacks, by full name."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        if args.typ == "pulumi:pulumi:StackReference":
            return args.name, {**args.inputs, "outputs": dict(self.stacks[args.name])}
        arn = f"arn:{self.partition}:iam::999999999999:role/{args.inputs.get('name')}"
        return f"{args.name}-id", {**args.inputs, "arn": arn}

    def call(self, args: mocks.MockCallArgs) -> dict[Any, Any]:  # type: ignore[override]
        assert args.token.endswith(":getPartition"), args.token
        return {"id": self.partition, "partition": self.partition, "dnsSuffix": "", "reverseDnsPrefix": ""}


class Monitor(mocks.MockMonitor):
    """Records what is registered, and what each component and the stack give out."""

    def __init__(self, aws: Aws) -> None:
        super().__init__(aws)
        self.registrations: dict[str, Registration] = {}
        self.outputs: dict[str, dict[str, Any]] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: ANN401, N802 (the base class has no types)
        self.registrations[request.name] = Registration(
            request.type,
            MessageToDict(request.object),
            request.parent.rpartition("::")[2],
            request.protect,
            tuple(sorted(urn.rpartition("::")[2] for urn in request.dependencies)),
        )
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: ANN401, N802
        self.outputs[request.urn.rpartition("::")[2]] = MessageToDict(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Ran:
    """What a run came to."""

    registrations: Mapping[str, Registration]
    """By logical name."""
    component_outputs: Mapping[str, Mapping[str, Any]]
    """By logical name."""
    exports: Mapping[str, Any]

    def document(self, name: str, key: str = "policy") -> Any:  # noqa: ANN401 (JSON)
        """The policy document that a resource was given."""
        return json.loads(self.registrations[name].inputs[key])


Run = Callable[..., Ran]


@pytest.fixture
def run() -> Run:
    """Runs a piece of a program, or the whole program of a stack, under mocks of its own."""

    def run(
        program: Callable[[], object] | None = None,
        *,
        stack: str = "production",
        config: Mapping[str, Any] | None = None,
        partition: str = "aws",
        stacks: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Ran:
        aws = Aws(partition, stacks or {})
        monitor = Monitor(aws)
        runtime.reset_options()  # no stack of an earlier run
        mocks.set_mocks(aws, PROJECT, stack, preview=False, monitor=monitor, organization="organization")
        settings = {
            key: value if isinstance(value, str) else json.dumps(value) for key, value in (config or {}).items()
        }
        runtime.set_all_config(settings)
        exports: dict[str, Any] = {}

        @runtime.test  # type: ignore[untyped-decorator]
        def body() -> pulumi.Output[None]:
            if program is None:
                runpy.run_path(str(REPOSITORY / "__main__.py"), run_name="__main__")
            else:
                program()
            root = runtime.get_root_resource()
            assert isinstance(root, runtime.stack.Stack)
            return pulumi.Output.from_input(root.outputs).apply(exports.update)

        body()
        return Ran(monitor.registrations, monitor.outputs, exports)

    return run


def tracked_config(stack: str) -> dict[str, Any]:
    """The configuration in a tracked stack file."""
    config: dict[str, Any] = yaml.safe_load((REPOSITORY / f"Pulumi.{stack}.yaml").read_text())["config"]
    return config

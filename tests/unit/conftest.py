"""Fixtures of the unit tests: Pulumi's mocks, which record what a program registers."""

import asyncio
import json
import runpy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pulumi
import pytest
import yaml
from google.protobuf.json_format import MessageToDict
from pulumi import runtime
from pulumi.runtime import mocks, rpc

from tests.support import policy_lint

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
    """The logical names of the resources that are created before it."""
    aliases: tuple[str, ...] = ()
    """Its earlier URNs or logical names."""


DNS_SUFFIXES = {
    "aws": "amazonaws.com",
    "aws-cn": "amazonaws.com.cn",
    "aws-us-gov": "amazonaws.com",
}


class Refusal(grpc.RpcError):
    """The engine's error if the provider refuses a call."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Aws(mocks.Mocks):
    """Mocks of AWS and of other stacks."""

    partition: str
    stacks: Mapping[str, Mapping[str, Any]]
    """The outputs of other stacks, by full name."""
    groups: Mapping[str, Sequence[str]]
    """The users in existing groups."""
    principals: Sequence[str]
    """The ARNs of existing users and roles."""
    secret_outputs: Mapping[str, Sequence[str]]
    """The names of outputs that stacks mark as secret, by the stacks' full names."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        if args.typ == "pulumi:pulumi:StackReference":
            names = self.secret_outputs.get(args.name, ())
            exported: Any = dict(self.stacks[args.name])
            return args.name, {
                **args.inputs,
                "outputs": pulumi.Output.secret(exported) if names else exported,
                "secretOutputNames": list(names),
            }
        path = args.inputs.get("path", "/")
        arn = f"arn:{self.partition}:iam::999999999999:role{path}{args.inputs.get('name')}"
        made_up = {"policyId": "ANPAEXAMPLE"} if args.typ == "aws:iam/policy:Policy" else {}
        return f"{args.name}-id", {**args.inputs, **made_up, "arn": arn}

    def call(self, args: mocks.MockCallArgs) -> dict[Any, Any]:  # type: ignore[override]
        if args.token == "aws:iam/getGroup:getGroup":  # noqa: S105 (a function's token)
            if args.args["groupName"] not in self.groups:
                raise Refusal("NoSuchEntity: The group with that name cannot be found.")
            return {"users": [{"userName": name} for name in self.groups[args.args["groupName"]]]}
        if args.token in ("aws:iam/getUsers:getUsers", "aws:iam/getRoles:getRoles"):
            return {"arns": [arn for arn in self.principals if (":user/" in arn) == args.token.endswith("Users")]}
        assert args.token.endswith(":getPartition"), args.token
        return {
            "id": self.partition,
            "partition": self.partition,
            "dnsSuffix": DNS_SUFFIXES[self.partition],
            "reverseDnsPrefix": "",
        }


class Monitor(mocks.MockMonitor):
    """A monitor that records registered resources, and the outputs of components and the stack."""

    def __init__(self, aws: Aws) -> None:
        super().__init__(aws)
        self.registrations: dict[str, Registration] = {}
        self.read: list[str] = []
        self.outputs: dict[str, dict[str, Any]] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: ANN401, N802 (the base class has no types)
        self.registrations[request.name] = Registration(
            request.type,
            MessageToDict(request.object),
            request.parent.rpartition("::")[2],
            request.protect,
            tuple(sorted(urn.rpartition("::")[2] for urn in request.dependencies)),
            tuple(sorted(alias.urn or alias.spec.name for alias in request.aliases)),
        )
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def ReadResource(self, request: Any) -> Any:  # noqa: ANN401, N802
        self.read.append(f"{request.type} {request.id}")
        return super().ReadResource(request)  # type: ignore[no-untyped-call]

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: ANN401, N802
        self.outputs[request.urn.rpartition("::")[2]] = MessageToDict(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Ran:
    """The results of a run."""

    registrations: Mapping[str, Registration]
    """The registered resources by logical name."""
    component_outputs: Mapping[str, Mapping[str, Any]]
    """The components' outputs by logical name."""
    exports: Mapping[str, Any]
    read: tuple[str, ...] = ()
    """The types and ids of resources that are only read."""
    warnings: tuple[str, ...] = ()

    def document(self, name: str, key: str = "policy") -> Any:  # noqa: ANN401 (JSON)
        """Return the policy document of a resource."""
        return json.loads(revealed(self.registrations[name].inputs[key]))

    def findings(self) -> dict[str, tuple[str, ...]]:
        """Return the linter's findings in each policy document of a resource or for other accounts."""
        found = {}
        for name, made in self.registrations.items():
            for key, stands_on in (("policy", ""), ("assumeRolePolicy", policy_lint.ROLE_ARN)):
                if key in made.inputs:
                    found[f"{name}.{key}"] = policy_lint.findings(revealed(made.inputs[key]), stands_on)
        for name, outputs in self.component_outputs.items():
            for arn, statements in revealed(outputs.get("resource_policy_statements", {})).items():
                text = json.dumps({"Version": "2012-10-17", "Statement": json.loads(statements)})
                found[f"{name}: {arn}"] = policy_lint.findings(text, arn if ":kms:" in arn else "")
        return {where: wrong for where, wrong in found.items() if wrong}


Run = Callable[..., Ran]


@pytest.fixture(scope="session")
def event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Yield one event loop for all tests: each thread that Pulumi starts for a loop keeps a loop of its own open."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(autouse=True)
def current_event_loop(event_loop: asyncio.AbstractEventLoop) -> None:
    """Set the loop that Pulumi uses, because ``asyncio.run`` leaves a process without a current one."""
    asyncio.set_event_loop(event_loop)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs part of a program, or a whole stack, under mocks and lints its documents."""

    def run(
        program: Callable[[], object] | None = None,
        *,
        stack: str = "production",
        config: Mapping[str, Any] | None = None,
        partition: str = "aws",
        stacks: Mapping[str, Mapping[str, Any]] | None = None,
        groups: Mapping[str, Sequence[str]] | None = None,
        principals: Sequence[str] = (),
        secret_outputs: Mapping[str, Sequence[str]] | None = None,
        secret: Sequence[str] = (),
        folder: Path | None = None,
    ) -> Ran:
        aws = Aws(partition, stacks or {}, groups or {}, principals, secret_outputs or {})
        monitor = Monitor(aws)
        runtime.reset_options()  # no stack of an earlier run
        mocks.set_mocks(aws, PROJECT, stack, preview=False, monitor=monitor, organization="organization")
        settings = {
            key: value if isinstance(value, str) else json.dumps(value) for key, value in (config or {}).items()
        }
        runtime.settings.SETTINGS.root_directory = str(folder) if folder else None
        runtime.set_all_config(settings, list(secret))
        exports: dict[str, Any] = {}
        warnings: list[str] = []
        monkeypatch.setattr(pulumi.log, "warn", warnings.append)

        @runtime.test  # type: ignore[untyped-decorator]
        def body() -> pulumi.Output[None]:
            # The first failed output is raised; asyncio would report the others later, during other tests.
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
            if program is None:
                runpy.run_path(str(REPOSITORY / "__main__.py"), run_name="__main__")
            else:
                program()
            root = runtime.get_root_resource()
            assert isinstance(root, runtime.stack.Stack)
            return pulumi.Output.from_input(root.outputs).apply(exports.update)

        body()
        ran = Ran(monitor.registrations, monitor.outputs, exports, tuple(monitor.read), tuple(warnings))
        assert not ran.findings()
        return ran

    return run


def tracked_config(stack: str) -> dict[str, Any]:
    """Return the configuration in a tracked stack file."""
    config: dict[str, Any] = yaml.safe_load((REPOSITORY / f"Pulumi.{stack}.yaml").read_text())["config"]
    return config


def is_secret(value: object) -> bool:
    """Return whether a registered value is marked as a secret."""
    return bool(rpc.is_rpc_secret(value))


def revealed(value: Any) -> Any:  # noqa: ANN401 (as protobuf has it)
    """Return a registered value without the mark of a secret."""
    return rpc.unwrap_rpc_secret(value)

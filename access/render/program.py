"""Run a project's program under Pulumi's mocks, stack by stack, and print its resources and outputs.

This is a script for a process of its own. The project's interpreter runs it, which has the program's packages and need
not have ``access``. The request is JSON on standard input, the answer is JSON on standard output. Everything that the
program prints goes to standard error.

Source: Pulumi, "Unit testing Pulumi programs".
"""

import asyncio
import json
import logging
import os
import runpy
import sys
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pulumi
from google.protobuf.json_format import MessageToDict
from pulumi import runtime
from pulumi.runtime import mocks, rpc

_HIDDEN = "<secret>"
_STACK_REFERENCE = "pulumi:pulumi:StackReference"


class Refusal(grpc.RpcError):
    """The error for a call that only AWS could answer."""

    def code(self) -> grpc.StatusCode:
        """Return the engine's code for a provider's refusal."""
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        """Return the reason."""
        return str(self)


@dataclass
class Stack:
    """A stack to run, with its results."""

    request: Mapping[str, Any]
    resources: list[dict[str, Any]] = field(default_factory=list)
    exports: dict[str, Any] = field(default_factory=dict)
    secret_exports: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unresolved: list[int] = field(default_factory=list)
    """The roles that no stack exports, by their index in the request."""
    unknown: list[str] = field(default_factory=list)
    """The stacks whose outputs are not known."""

    @property
    def answer(self) -> dict[str, Any]:
        """The answer for the parent process."""
        outputs = {name: _HIDDEN if name in self.secret_exports else value for name, value in self.exports.items()}
        return {
            "resources": self.resources,
            "outputs": outputs,
            "warnings": self.warnings,
            "unresolved": self.unresolved,
        }


class Aws(mocks.Mocks):
    """Mocks of AWS, as far as its answers are known beforehand, and of stacks that have already run."""

    def __init__(self, stack: Stack, before: Mapping[str, Stack], opaque: "Opaque") -> None:
        """Mock AWS for one stack."""
        self._stack = stack
        self._before = before
        self._opaque = opaque

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """Return the id and the state of a resource."""
        if args.typ == _STACK_REFERENCE:
            return self._stack_reference(args)
        name = args.inputs.get("name") or args.inputs.get("bucket") or args.resource_id or args.name
        arn = self._arn(args.typ, name, args.inputs)
        known = {"name": name, "arn": arn}
        if args.typ.startswith("aws:s3/bucket"):
            known["bucket"] = name
        if args.typ == "aws:iam/policy:Policy":
            known["policyId"] = self._opaque.placeholder(f"generated id of policy {self._stack.request['name']}/{name}")
        given = {key: value for key, value in args.inputs.items() if value is not None}
        return arn if args.typ == "aws:iam/policy:Policy" else name, {**known, **given}

    def call(self, args: mocks.MockCallArgs) -> dict[Any, Any]:  # type: ignore[override]
        """Return AWS's answer about the stack's partition, account or region, and refuse other calls."""
        place = self._stack.request
        answers = {
            "getPartition": {
                "id": place["partition"],
                "partition": place["partition"],
                "dnsSuffix": place["dnsSuffix"],
                "reverseDnsPrefix": ".".join(reversed(place["dnsSuffix"].split("."))),
            },
            "getCallerIdentity": {"id": place["account"], "accountId": place["account"]},
            "getRegion": {"id": place["region"], "name": place["region"], "region": place["region"]},
        }
        answer = answers.get(args.token.rpartition(":")[2]) if args.token.startswith("aws:index/") else None
        if answer is None:
            raise Refusal(f"{args.token} calls AWS, which is not possible while a program is rendered")
        return answer

    def _arn(self, type_: str, name: str, inputs: Mapping[str, Any]) -> str:
        place = self._stack.request
        start, service = f"arn:{place['partition']}", type_.split(":")[1].partition("/")[0]
        kind = type_.rpartition(":")[2].lower()
        if service == "iam":
            return f"{start}:iam::{place['account']}:{kind}{inputs.get('path') or '/'}{name}"
        if service == "s3":
            return f"{start}:s3:::{name}"
        return f"{start}:{service}:{place['region']}:{place['account']}:{name}"

    def _stack_reference(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Return the outputs of a stack that has already run; of any other, the roles that the stack file names."""
        full_name = args.resource_id or args.inputs.get("name") or args.name
        name = full_name.partition("/")[2] if full_name.count("/") == 2 else full_name
        other = self._before.get(name)
        outputs: dict[str, Any] = dict(other.exports) if other else {}
        if not other:
            self._stack.unknown.append(full_name)
        for index, role in enumerate(self._stack.request["named"]):
            arns = outputs.get("roleArns", {})
            if role["stack"] == name and role["role"] not in arns:
                outputs["roleArns"] = {**arns, role["role"]: role["arn"]}
                self._stack.unresolved.append(index)
        secret = other.secret_exports if other else []
        kept: Any = pulumi.Output.secret(outputs) if secret else outputs
        return full_name, {**args.inputs, "name": full_name, "outputs": kept, "secretOutputNames": secret}


class Opaque:
    """Placeholders for unknown values. The prefix is random, so that no file can contain one."""

    def __init__(self, prefix: str) -> None:
        """Start without placeholders."""
        self._prefix = prefix
        self.meanings: dict[str, str] = {}
        """The meanings by placeholder."""

    def placeholder(self, meaning: str) -> str:
        """Return a placeholder for a meaning."""
        text = f"{self._prefix}C{len(self.meanings)}Z"
        self.meanings[text] = meaning
        return text


class Monitor(mocks.MockMonitor):
    """A monitor that records the registered resources."""

    def __init__(self, aws: Aws, stack: Stack) -> None:
        """Record for one stack."""
        super().__init__(aws)
        self._stack = stack

    def RegisterResource(self, request: Any) -> Any:  # noqa: ANN401, N802 (the base class has no types)
        """Record a resource, and answer like the base class."""
        if request.custom:
            inputs = _revealed(MessageToDict(request.object))
            self._stack.resources.append({"type": request.type, "name": request.name, "inputs": inputs})
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


class _Warnings(logging.Handler):
    def __init__(self, kept: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        self._kept.append(" ".join(record.getMessage().split()))


def main() -> None:
    """Answer the request on standard input."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    program = Path(request["program"])
    folder = program if program.is_dir() else program.parent
    sys.path.insert(0, str(folder))
    os.chdir(folder)
    before: dict[str, Stack] = {}
    opaque = Opaque(request["opaque"])
    answer: dict[str, Any] = {"stacks": {}}
    for each in request["stacks"]:
        stack = Stack(each)
        try:
            _run(request, program, stack, Aws(stack, before, opaque))
        except (Exception, SystemExit) as error:
            hint = f"; the outputs of {', '.join(stack.unknown)} are not known here" if stack.unknown else ""
            answer = {"stack": each["name"], "error": _reason(error, folder) + hint}
            break
        before[f"{request['project']}/{each['name']}"] = stack
        answer["stacks"][each["name"]] = stack.answer
        _forget_modules(folder)
    answers.write(json.dumps({**answer, "opaque": opaque.meanings}))
    answers.flush()
    os._exit(0)  # without waiting for anything that the program has left running


def _run(request: Mapping[str, Any], program: Path, stack: Stack, aws: Aws) -> None:
    asyncio.set_event_loop(asyncio.new_event_loop())
    runtime.reset_options()
    logger = logging.Logger(stack.request["name"])
    logger.addHandler(_Warnings(stack.warnings))
    monitor = Monitor(aws, stack)
    mocks.set_mocks(
        aws,
        request["project"],
        stack.request["name"],
        preview=False,
        logger=logger,
        monitor=monitor,
        organization="organization",
    )
    runtime.settings.SETTINGS.root_directory = request["folder"]
    runtime.set_all_config(dict(stack.request["config"]), stack.request["secret"])

    @runtime.test  # type: ignore[untyped-decorator]
    def body() -> pulumi.Output[None]:
        # The first failed output is raised; asyncio would report the others at some later time.
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        runpy.run_path(str(program), run_name="__main__")
        root = runtime.get_root_resource()
        exports = root.outputs if isinstance(root, runtime.stack.Stack) else {}
        return pulumi.Output.from_input(None).apply(lambda _: _keep_exports(stack, exports))

    body()


async def _keep_exports(stack: Stack, exports: Mapping[str, Any]) -> None:
    for name, value in exports.items():
        output = pulumi.Output.from_input(value)
        stack.exports[name] = await output.future()
        if await output.is_secret():
            stack.secret_exports.append(name)


def _revealed(value: Any) -> Any:  # noqa: ANN401 (as protobuf has it)
    """Return a value without the marks of secrets."""
    if rpc.is_rpc_secret(value):
        return _revealed(rpc.unwrap_rpc_secret(value))
    if isinstance(value, dict):
        return {key: _revealed(item) for key, item in value.items()}
    return [_revealed(item) for item in value] if isinstance(value, list) else value


def _reason(error: BaseException, folder: Path) -> str:
    """Return the error on one line, with its place in the program unless the program itself raised it for people."""
    message = " ".join(str(error).split()) or "no reason given"
    if isinstance(error, pulumi.RunError):
        return message
    frames: Iterable[traceback.FrameSummary] = reversed(traceback.extract_tb(error.__traceback__))
    own = next((frame for frame in frames if Path(frame.filename).is_relative_to(folder)), None)
    where = f" ({Path(own.filename).relative_to(folder)}, line {own.lineno})" if own else ""
    return f"{type(error).__name__}: {message}{where}"


def _forget_modules(folder: Path) -> None:
    """Make the next stack import the program's own modules again, because they may read the configuration."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name != "__main__" and file and Path(file).is_relative_to(folder) and "site-packages" not in file:
            del sys.modules[name]


if __name__ == "__main__":
    main()

"""The Pulumi engine at work on the sandbox: a project, by default the repository itself, deployed into accounts."""

import json
import os
import runpy
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from sandbox import toolchain
from sandbox.emulator import Emulator, command_of
from sandbox.errors import SandboxError
from sandbox.isolation import child_environment
from sandbox.layout import PULUMI_HOME, REPOSITORY, Layout
from sandbox.program_server import Program, served
from sandbox.provider import server as provider_server
from sandbox.secret_key import derived_secret, read_key
from sandbox.toolchain import Cli, Say

STACKS = ("production", "development")
"""The tutorial's stacks, in the order of their deployment: the second reads what the first exports."""

_ENGINE_END_SECONDS = 30.0


def run_program(source: Path = REPOSITORY) -> None:
    """The program of the project in a folder, as ``pulumi up`` runs it."""
    runpy.run_path(str(source / _project_file(source).get("main", ".") / "__main__.py"), run_name="__main__")


def account_id(stack: str, source: Path = REPOSITORY) -> str:
    """The account that a stack is deployed into: the one that its file allows."""
    allowed = _stack_file(source, stack)["config"]["aws:allowedAccountIds"]
    return str((json.loads(allowed) if isinstance(allowed, str) else allowed)[0])  # `pulumi new` writes text


def environment(layout: Layout, emulator: Emulator, stack: str) -> dict[str, str]:
    """The variables with which AWS and Pulumi tools work on a stack's account in the sandbox."""
    region = str(_stack_file(layout.source, stack)["config"]["aws:region"])
    account = account_id(stack, layout.source)
    return {
        "AWS_ACCESS_KEY_ID": account,  # the emulator takes an account's id as its root's key
        "AWS_SECRET_ACCESS_KEY": emulator.secret_of(account),
        "AWS_CA_BUNDLE": str(layout.ca_bundle),
        "AWS_CONFIG_FILE": str(layout.aws_config),
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PULUMI_BACKEND_URL": layout.backend.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": derived_secret(read_key(layout.secret_key), "passphrase"),
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(PULUMI_HOME),
        "PULUMI_OPTION_CONFIG_FILE": str(layout.project / f"Pulumi.{stack}.yaml"),
        "PULUMI_OPTION_STACK": stack,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


@dataclass(frozen=True)
class Finished:
    """A command of the CLI that has ended."""

    exit_code: int
    lines: tuple[str, ...]
    """What it printed."""
    changes: Mapping[str, int]
    """How many resources, by what was done or planned: create, update, replace, delete, same."""

    @property
    def changed(self) -> bool:
        """Whether any resource was, or would be, changed."""
        return any(count for operation, count in self.changes.items() if operation not in ("same", "read"))

    @property
    def reason(self) -> str:
        """The first error that was told, in one line."""
        errors = [line.strip().removeprefix("error: ") for line in self.lines if line.strip().startswith("error: ")]
        specific = [line for line in errors if line not in ("update failed", "preview failed")]
        return next(iter(specific or errors), f"exit code {self.exit_code}")


class Engine:
    """The Pulumi CLI, at work on one sandbox."""

    def __init__(self, layout: Layout, emulator: Emulator, cli: Cli, program: Program | None = None) -> None:
        self._layout = layout
        self._emulator = emulator
        self._cli = cli
        self._program = program or partial(run_program, layout.source)

    def prepare(self, stack: str, say: Say) -> None:
        """Make the stack if there is none, and finish what an interrupted run of it left.

        Raises:
            SandboxError: the engine can't make it.
        """
        self._write_project(stack)
        self._remove_broken_attributes()
        if not self._state(stack).exists():
            self._require(self.run(stack, "stack", "init"))
        self._recover(stack, say)

    def up(self, stack: str, say: Say) -> Finished:
        """Deploy a prepared stack, telling the engine's progress as it happens, and the outputs.

        Raises:
            SandboxError: the program, the engine or AWS refuses; the engine has told why.
        """
        return self._require(self.run(stack, "up", "--yes", "--skip-preview", say=say))

    def outputs(self, stack: str) -> dict[str, Any]:
        """A stack's outputs; none where it is not deployed."""
        if not self._state(stack).exists():
            return {}
        finished = self._require(self.run(stack, "stack", "output", "--json"))
        outputs: dict[str, Any] = json.loads("\n".join(finished.lines))
        return outputs

    def run(self, stack: str, *arguments: str, say: Say | None = None) -> Finished:
        """Run a command of the CLI on a stack; what runs the program gets it from this process."""
        log = self._layout.directory / f"{stack}.events"
        log.unlink(missing_ok=True)
        command = [str(self._cli.path), *arguments, "--non-interactive", "--color", "never"]
        variables = environment(self._layout, self._emulator, stack)
        with ExitStack() as context:
            if arguments[0] in ("up", "preview", "refresh", "destroy"):
                address = context.enter_context(served(self._program))
                command += ["--client", address, "--exec-kind", "auto.inline", "--event-log", str(log)]
                command += ["--suppress-progress"]
                if arguments[0] == "up":
                    command += ["--skip-plugin-pre-install"]  # set-up has installed it
                if toolchain.stand_in_installed():
                    # Served from here as the program is, its libraries are loaded once for all stacks.
                    port = context.enter_context(provider_server.served(_provider_defaults(variables)))
                    variables["PULUMI_DEBUG_PROVIDERS"] = f"aws:{port}"
            process = context.enter_context(
                subprocess.Popen(  # noqa: S603
                    command,
                    cwd=self._layout.project,
                    env={**child_environment(), **variables, "PULUMI_DEBUG_COMMANDS": "true"},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
            )
            lines = []
            for line in process.stdout or ():
                lines.append(line.rstrip())
                if say:
                    say(lines[-1])
        return Finished(process.returncode, tuple(lines), _summary(log))

    def _require(self, finished: Finished) -> Finished:
        if finished.exit_code != 0:
            raise SandboxError(f"the deployment failed: {finished.reason}")
        return finished

    def _state(self, stack: str) -> Path:
        project = str(_project_file(self._layout.source)["name"])
        return self._layout.backend / ".pulumi" / "stacks" / project / f"{stack}.json"

    def _remove_broken_attributes(self) -> None:
        """Remove what a killed engine had only begun to write about the state's files, and then can't read itself.

        It writes the files whole, but not their attributes, which say nothing that it needs.
        """
        for attributes in self._layout.backend.rglob("*.attrs"):
            try:
                json.loads(attributes.read_text())
            except ValueError:
                attributes.unlink()

    def _recover(self, stack: str, say: Say) -> None:
        """Release what a killed engine holds, and find out what became of the resources that it was at."""
        locks = list((self._layout.backend / ".pulumi" / "locks").glob(f"**/{stack}/*.json"))
        for lock in locks:
            _wait_for_end(int(json.loads(lock.read_text())["pid"]))
        if locks:
            say(f"{stack}: an earlier run was interrupted; finishing what it left")
            self._require(self.run(stack, "cancel", "--yes"))
        if '"pending_operations"' not in self._state(stack).read_text():
            return
        deployment = self._deployment(stack)
        pending = deployment.pop("pending_operations", [])
        say(f"{stack}: finding out what became of {len(pending)} resources")
        # The engine was ended before it could record the answer, but AWS knows. What was being made is recorded as if
        # it had been: the refresh reads it, or drops it where it was not.
        created = [operation["resource"] for operation in pending if operation["type"] == "creating"]
        made = [_as_if_made(resource, account_id(stack, self._layout.source)) for resource in created]
        deployment["resources"] += [resource for resource in made if resource["id"]]
        edited = self._layout.directory / f"{stack}.recovered.json"
        edited.write_text(json.dumps({"version": 3, "deployment": deployment}))
        self._require(self.run(stack, "stack", "import", "--file", str(edited)))
        edited.unlink()
        # The program tells where AWS is now: the emulator may listen elsewhere than when the state was written.
        self._require(self.run(stack, "refresh", "--yes", "--skip-preview", "--run-program"))

    def _deployment(self, stack: str) -> dict[str, Any]:
        exported = self._require(self.run(stack, "stack", "export"))
        deployment: dict[str, Any] = json.loads("\n".join(exported.lines))["deployment"]
        return deployment

    def _write_project(self, stack: str) -> None:
        """Write the project as the sandbox runs it. The tracked files are only read."""
        project = self._layout.project
        project.mkdir(parents=True, exist_ok=True)
        self._layout.backend.mkdir(exist_ok=True)
        (project / "Pulumi.yaml").write_text((self._layout.source / "Pulumi.yaml").read_text())
        settings = _stack_file(self._layout.source, stack)
        endpoint = self._emulator.endpoint
        settings["config"] |= {
            "aws:endpoints": [{"iam": endpoint, "s3": endpoint, "sts": endpoint}],
            "aws:maxRetries": "5",
            "aws:s3UsePathStyle": "true",
            "aws:skipMetadataApiCheck": "true",
        }
        target = project / f"Pulumi.{stack}.yaml"
        if target.exists():
            # The engine keeps the salt of the stack's passphrase in this file.
            settings |= {key: value for key, value in _stack_file(project, stack).items() if key == "encryptionsalt"}
        target.write_text(yaml.dump(settings, Dumper=_Dumper, sort_keys=False))


class _Dumper(yaml.SafeDumper):
    """Writes all text in quotes: to PyYAML 012345678901 is text, to the engine a number, which loses its zero."""


_Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'"))


def _provider_defaults(variables: Mapping[str, str]) -> dict[str, str]:
    """The provider's configuration, as far as it would take it from the environment."""
    return {
        "accessKey": variables["AWS_ACCESS_KEY_ID"],
        "secretKey": variables["AWS_SECRET_ACCESS_KEY"],
        "customCaBundle": variables["AWS_CA_BUNDLE"],
    }


def _as_if_made(resource: Mapping[str, Any], account: str) -> dict[str, Any]:
    """The state of a resource that was being made, as it would be recorded had the answer come."""
    inputs = resource.get("inputs", {})
    return {**resource, "id": _import_id(resource["type"], inputs, account), "outputs": inputs}


def _import_id(resource_type: str, inputs: Mapping[str, Any], account: str) -> str | None:
    """The id with which ``pulumi import`` finds a resource; the registry's page of each type tells its form."""
    if resource_type == "aws:iam/policy:Policy":
        return f"arn:aws:iam::{account}:policy{inputs.get('path', '/')}{inputs['name']}"
    if resource_type == "aws:iam/rolePolicyAttachment:RolePolicyAttachment":
        return f"{inputs['role']}/{inputs['policyArn']}"
    if resource_type == "aws:iam/groupPolicy:GroupPolicy":
        return f"{inputs['group']}:{inputs['name']}"
    if resource_type.startswith("aws:"):
        return str(inputs.get("bucket") or inputs["name"])
    return None


def _project_file(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((folder / "Pulumi.yaml").read_text())
    return content


def _stack_file(folder: Path, stack: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((folder / f"Pulumi.{stack}.yaml").read_text())
    return content


def _summary(log: Path) -> dict[str, int]:
    """How many resources were changed how, by the engine's own events."""
    changes: dict[str, int] = {}
    for line in log.read_text().splitlines() if log.exists() else ():
        changes = json.loads(line).get("summaryEvent", {}).get("resourceChanges") or changes
    return changes


def _wait_for_end(pid: int) -> None:
    """Wait for an engine whose caller was killed: it ends by itself once it notices."""
    deadline = time.monotonic() + _ENGINE_END_SECONDS
    while "pulumi" in command_of(pid) and time.monotonic() < deadline:
        time.sleep(0.1)

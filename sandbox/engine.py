"""Run the Pulumi engine on one project of the sandbox, and recover interrupted runs."""

import json
import runpy
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from access.project.files import Project, path_text, read_project
from access.project.yaml_file import shown
from sandbox.deployed_record import DeployedRecord, digest_of
from sandbox.emulator import Emulator, command_of
from sandbox.engine_output import EngineError, ProgressFilter, read_changes, read_errors
from sandbox.environment import environment
from sandbox.errors import SandboxError
from sandbox.generated import write_project_files
from sandbox.isolation import child_environment
from sandbox.layout import REPOSITORY, Layout
from sandbox.program_server import Program, serving
from sandbox.provider import server as provider_server
from sandbox.provider.creations import Creations, read_creations
from sandbox.recovery import as_if_created, with_created
from sandbox.refusals import Failure, one_line
from sandbox.secret_key import derived_secret, read_key
from sandbox.state import (
    PROVIDER,
    check_readable,
    creations_file,
    keep,
    read_deployed,
    read_parents,
    set_endpoint,
    state_file,
)
from sandbox.toolchain import Cli, Say

_ENGINE_END_SECONDS = 30.0
_OPERATIONS = ("up", "preview", "refresh", "destroy")
"""The commands that can run the program."""


def run_program(program: Path = REPOSITORY) -> None:
    """Run a project's program, as ``pulumi up`` does."""
    runpy.run_path(str(program / "__main__.py" if program.is_dir() else program), run_name="__main__")


@dataclass(frozen=True)
class Finished:
    """A finished command of the CLI."""

    exit_code: int
    lines: tuple[str, ...]
    """Its output."""
    changes: Mapping[str, int]
    """The numbers of resources by operation, done or planned: create, update, replace, delete, same."""
    errors: tuple[EngineError, ...] = ()

    @property
    def changed(self) -> bool:
        """``True`` if any resource was, or would be, changed."""
        return any(count for operation, count in self.changes.items() if operation not in ("same", "read"))

    @property
    def reason(self) -> str:
        """The first error, in one line."""
        return " ".join(self.errors[0].message.split()) if self.errors else f"exit code {self.exit_code}"


class Engine:
    """The Pulumi CLI for one project in a sandbox."""

    def __init__(
        self,
        layout: Layout,
        emulator: Emulator,
        cli: Cli,
        program: Program | None = None,
        project: Project | None = None,
        official: bool = False,
    ) -> None:
        """Store the settings; nothing is started yet.

        Args:
            layout: the sandbox.
            emulator: the emulator.
            cli: the Pulumi CLI.
            program: a program to run instead of the project's own.
            project: the project, by default the repository's.
            official: use the official AWS plugin rather than the stand-in.
        """
        self.project = project or read_project(REPOSITORY)
        self._layout = layout
        self._emulator = emulator
        self._cli = cli
        self._program = program or partial(run_program, self.project.program)
        self._official = official
        self._record = DeployedRecord(layout.deployed_record)

    @property
    def folder(self) -> Path:
        """The folder of the project's generated files."""
        return self._layout.project(self.project.name)

    def environment(self, stack: str) -> dict[str, str]:
        """Return the environment variables that point AWS and Pulumi tools at a stack's account in the sandbox.

        Raises:
            SandboxError: the sandbox was never started, or does not know the stack.
        """
        return environment(self._layout, self._emulator, self.project.name, stack, self._official)

    def prepare(self, stack: str, say: Say) -> None:
        """Write the stack's files, create the stack if it does not exist, and recover an interrupted run.

        Raises:
            SandboxError: the stack can't be created, or its state can't be loaded.
        """
        check_readable(self._state(stack))
        self._layout.backend.mkdir(exist_ok=True)
        wanted = write_project_files(self.folder, self.project, stack, self._emulator.endpoint)
        self._remove_broken_attributes()
        if not self._state(stack).exists():
            self._require(stack, self.run(stack, "stack", "init"))
        for path in wanted:
            self._make_secret(stack, path_text(path), say)
        self._recover(stack, say)

    def up(self, stack: str, say: Say) -> Finished:
        """Deploy a prepared stack, and show the progress and the outputs.

        If its files or the program have changed since the last deployment, it is previewed first, so that an error of
        the engine changes nothing.

        Raises:
            SandboxError: the program, the engine or AWS reports an error; the message has the reason.
        """
        full_name = self._full_name(stack)
        digest = digest_of(self._record, self.project, stack, self.folder / f"Pulumi.{stack}.yaml")
        is_new = read_deployed(self._state(stack)) is None
        skip = ["--skip-preview"] if is_new or self._record.digest(full_name) == digest else []
        self.forget_deployment(stack)
        finished = self._require(stack, self.run(stack, "up", *skip, say=say))
        self._record.remember(full_name, digest)
        return finished

    def forget_deployment(self, stack: str) -> None:
        """Delete the record of the stack's deployment: the stack is about to change."""
        self._record.forget(self._full_name(stack))

    def outputs(self, stack: str, secrets: bool = False) -> dict[str, Any]:
        """Return a stack's outputs, none if it is not deployed; secret ones are hidden by default."""
        if not self._state(stack).exists():
            return {}
        shown_too = ["--show-secrets"] if secrets else []
        finished = self._require(stack, self.run(stack, "stack", "output", "--json", *shown_too))
        outputs: dict[str, Any] = json.loads("\n".join(finished.lines))
        return outputs

    def check(self, stack: str, finished: Finished) -> None:
        """Check that a command has succeeded.

        Raises:
            SandboxError: it has failed; the message has the reason.
        """
        self._require(stack, finished)

    def run(self, stack: str, *arguments: str, say: Say | None = None, text: str = "") -> Finished:
        """Run a command of the CLI on a stack; return how it ended. This process serves the program and the provider.

        Args:
            stack: the stack.
            arguments: the command, with its options.
            say: prints the lines of progress.
            text: the command's standard input.
        """
        events, operation = self._file_of(stack, "events"), arguments[0]
        variables = {**child_environment(), **self.environment(stack), "PULUMI_DEBUG_COMMANDS": "true"}
        if "--preview-only" not in arguments:
            variables["PULUMI_OPTION_YES"] = "true"
        command = [str(self._cli.path), *arguments, "--non-interactive", "--color", "never"]
        with ExitStack() as context:
            if operation in (*_OPERATIONS, "import"):
                is_here = variables["PULUMI_BACKEND_URL"] == self._layout.backend.as_uri()
                is_recorded = is_here and not self._official
                creations = Creations(creations_file(self._state(stack)) if is_recorded else None)
                if not self._official:
                    # Served from this process, like the program, its libraries are loaded once for all stacks.
                    defaults = _provider_defaults(variables)
                    port = context.enter_context(provider_server.serving(defaults, creations))
                    variables["PULUMI_DEBUG_PROVIDERS"] = f"aws:{port}"
                if is_recorded:
                    variables["PULUMI_SKIP_CHECKPOINTS"] = "true"  # until the end, `creations` has the resources
                address = context.enter_context(serving(self._program, creations=creations))
                if operation == "import":
                    variables["PULUMI_DEBUG_LANGUAGES"] = f"python:{address.rpartition(':')[2]}"
                    command += ["--generate-code=false"]
                else:
                    events.unlink(missing_ok=True)
                    command += ["--client", address, "--exec-kind", "auto.inline", "--event-log", str(events)]
                    command += ["--suppress-progress"]
                if operation == "up":
                    command += ["--skip-plugin-pre-install"]  # set-up has installed it
                if operation in ("refresh", "destroy") and self._has_moved(stack):
                    command += ["--run-program"]  # it has the present address of AWS, the state a former one
                before = _version_of(self._state(stack))
                if operation == "import":
                    finished = self._captured(stack, command, variables, say, text)
                else:
                    finished = self._streamed(stack, command, variables, say)
                if _version_of(self._state(stack)) != before:
                    keep(self._state(stack))
                    creations.forget()
                return finished
        return self._captured(stack, command, variables, say, text)

    def _streamed(self, stack: str, command: Sequence[str], variables: Mapping[str, str], say: Say | None) -> Finished:
        shown_lines, lines = ProgressFilter(), []
        log, events, engine = (self._file_of(stack, kind) for kind in ("log", "events", "engine"))
        with (
            log.open("w", encoding="utf-8") as everything,
            subprocess.Popen(  # noqa: S603
                command,
                cwd=self.folder,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ) as process,
        ):
            engine.write_text(str(process.pid))
            for line in process.stdout or ():
                everything.write(line)
                lines.append(line.rstrip())
                if say:
                    for text in shown_lines.lines(lines[-1]):
                        say(text)
        engine.unlink()
        errors = read_errors(events, lines) if process.returncode else ()
        return Finished(process.returncode, tuple(lines), read_changes(events), errors)

    def _captured(
        self, stack: str, command: Sequence[str], variables: Mapping[str, str], say: Say | None, text: str
    ) -> Finished:
        done = subprocess.run(  # noqa: S603
            command, cwd=self.folder, env=variables, input=text, capture_output=True, text=True, check=False
        )
        lines, notes = done.stdout.splitlines(), done.stderr.splitlines()
        errors = read_errors(None, notes) if done.returncode else ()
        if say:
            for line in lines:
                say(line)
            for line in notes if not errors else ():
                print(line, file=sys.stderr)
        return Finished(done.returncode, tuple(lines), {}, errors)

    def _require(self, stack: str, finished: Finished) -> Finished:
        if finished.exit_code != 0:
            errors = finished.errors or (EngineError(finished.reason),)
            log = shown(self._file_of(stack, "log"))
            raise SandboxError(f"{stack}: {one_line(Failure(stack, errors, read_parents(self._state(stack)), log))}")
        return finished

    def _full_name(self, stack: str) -> str:
        return f"{self.project.name}/{stack}"

    def _state(self, stack: str) -> Path:
        return state_file(self._layout.backend, self.project.name, stack)

    def _file_of(self, stack: str, kind: str) -> Path:
        return self._layout.directory / f"{self.project.name}.{stack}.{kind}"

    def _has_moved(self, stack: str) -> bool:
        deployed = read_deployed(self._state(stack))
        return deployed is not None and deployed.endpoint not in (None, self._emulator.endpoint)

    # Recovery of interrupted runs.

    def _remove_broken_attributes(self) -> None:
        """Delete the incomplete attributes of state files that a killed engine leaves, and then can't read.

        The engine writes the files atomically, but not their attributes, which it does not need.
        """
        for attributes in self._layout.backend.rglob("*.attrs"):
            try:
                json.loads(attributes.read_text())
            except ValueError:
                attributes.unlink()

    def _recover(self, stack: str, say: Say) -> None:
        """Release a killed engine's locks, and look up the resources that it was creating."""
        engine = self._file_of(stack, "engine")
        with suppress(FileNotFoundError, ValueError):  # an engine whose caller was killed may take a lock only now
            _wait_for_end(int(engine.read_text()))
            engine.unlink()
        locks = list((self._layout.backend / ".pulumi" / "locks").glob(f"**/{self.project.name}/{stack}/*.json"))
        for lock in locks:
            _wait_for_end(_pid_of(lock))
        if locks:
            say(f"{stack}: an earlier run was interrupted; recovering it")
            self._require(stack, self.run(stack, "cancel"))
        state, edited = self._state(stack), self._file_of(stack, "recovered.json")
        creations = creations_file(state)
        if not (creations.exists() or edited.exists() or '"pending_operations"' in state.read_text()):
            return
        say(f"{stack}: looking up the resources that it was creating")
        deployment = self._deployment(stack)
        # The engine was killed before it could record the answers, but AWS knows. The resources are recorded as if they
        # had been created: the refresh reads them, or drops those that were not. `refresh --import-pending-creates`,
        # which is meant for this, exits with 0 and imports nothing in 3.259.0: it forgets the creations (tested).
        operations = deployment.pop("pending_operations", [])
        pending = [operation["resource"] for operation in operations if operation["type"] == "creating"]
        account_id = self.environment(stack)["AWS_ACCESS_KEY_ID"]
        created = [as_if_created(item, account_id) for item in [*pending, *read_creations(creations)]]
        created = [item for item in created if item.get("id") or not item.get("custom")]
        resources = deployment["resources"] = with_created(deployment.get("resources", []), created)
        for resource in resources:
            if resource["type"] == PROVIDER:  # the emulator's address may have changed since
                set_endpoint(resource, self._emulator.endpoint)
        edited.write_text(json.dumps({"version": 3, "deployment": deployment}))
        self._require(stack, self.run(stack, "stack", "import", "--file", str(edited)))
        # Without the program, which would protect a resource again that was just unprotected for its deletion.
        self._require(stack, self.run(stack, "refresh", "--yes", "--skip-preview"))
        creations.unlink(missing_ok=True)
        edited.unlink()  # last: without the refresh, the recorded resources would be taken for created

    def _deployment(self, stack: str) -> dict[str, Any]:
        exported = self._require(stack, self.run(stack, "stack", "export"))
        deployment: dict[str, Any] = json.loads("\n".join(exported.lines))["deployment"]
        return deployment

    def _make_secret(self, stack: str, key: str, say: Say) -> None:
        say(f"{stack}: {key} is encrypted for your own backend, so the sandbox uses its own value")
        value = derived_secret(read_key(self._layout.secret_key), f"{self._full_name(stack)}: {key}")
        self._require(stack, self.run(stack, "config", "set", "--secret", "--path", key, text=value))


def _version_of(file: Path) -> tuple[int, int] | None:
    """Return a value that changes when the file is replaced."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def _provider_defaults(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the part of the provider's configuration that it would read from the environment."""
    return {
        "accessKey": variables["AWS_ACCESS_KEY_ID"],
        "secretKey": variables["AWS_SECRET_ACCESS_KEY"],
        "customCaBundle": variables["AWS_CA_BUNDLE"],
    }


def _pid_of(lock: Path) -> int:
    """Return the process id in a lock; a killed process may have left the file unfinished."""
    try:
        return int(json.loads(lock.read_text())["pid"])
    except (ValueError, KeyError, TypeError):
        return 0


def _wait_for_end(pid: int) -> None:
    """Wait for an engine whose caller was killed: it ends by itself."""
    deadline = time.monotonic() + _ENGINE_END_SECONDS
    while "pulumi" in command_of(pid) and time.monotonic() < deadline:
        time.sleep(0.1)

"""Run a command with a fault at one of its calls, and compare the result with that of an undisturbed run.

The fault is injected between the sandbox and its emulator, or a process is killed before or after a call. Then the
command is run again, and the accounts and the state are compared.
"""

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from sandbox.__main__ import main
from sandbox.emulator import Emulator
from sandbox.layout import REPOSITORY, layout_of
from sandbox.strict import HEALTH_PATH
from sandbox.users import Accounts
from tests.sandbox.edits import DEVELOPMENT, ONE_ROLE, PRODUCTION, Stacks, all_of, group, role
from tests.sandbox.faulty_wire import Call, FaultyWire, Moment
from tests.sandbox.fingerprint import fingerprint
from tests.sandbox.project_folder import ProjectFolder
from tests.sandbox.state_comparison import difference, states
from tests.sandbox.wire import serving


def _edited() -> Stacks:
    stacks = deepcopy(ONE_ROLE)
    change = all_of(
        role(0, requireMfa=True, access="read", tags={"team": "web"}, maxSessionDuration=7200, policyName="web"),
        group(0, sessionTags=True),
        group(1, name="QA", renamedFrom="Testers"),
    )
    change(stacks)
    return stacks


@dataclass(frozen=True)
class Scenario:
    """A command whose calls get faults."""

    name: str
    command: tuple[str, ...]
    again: tuple[str, ...]
    """The command after the fault."""
    before: tuple[tuple[str, ...], ...] = ()
    """The commands before, in a separate folder."""
    edited: bool = False
    """``True``: the files are edited first."""


_UP_BOTH = (("up",),)
_UNPROTECTED = ("pulumi", "production", "--", "state", "unprotect", "--all")
_DESTROY_PRODUCTION, _DESTROY_DEVELOPMENT = (
    ("pulumi", stack, "--", "destroy") for stack in ("production", "development")
)
SCENARIOS = (
    Scenario("first up of production", ("up", "production"), ("up", "production")),
    Scenario("first up of development", ("up", "development"), ("up",), (("up", "production"),)),
    Scenario("update of production", ("up", "production"), ("up", "production"), _UP_BOTH, edited=True),
    Scenario("update of development", ("up", "development"), ("up", "development"), _UP_BOTH, edited=True),
    Scenario("destroy of development", _DESTROY_DEVELOPMENT, _DESTROY_DEVELOPMENT, _UP_BOTH),
    Scenario("destroy of production", _DESTROY_PRODUCTION, _DESTROY_PRODUCTION, (*_UP_BOTH, _UNPROTECTED)),
    Scenario("destroy of development, then up", _DESTROY_DEVELOPMENT, ("up",), _UP_BOTH),
    Scenario("destroy of production, then up", _DESTROY_PRODUCTION, ("up",), (*_UP_BOTH, _UNPROTECTED)),
)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run with a fault."""

    scenario: str
    call: str
    fault: str
    came: bool
    """``False``: the run made no such call."""
    passed: bool
    """``True`` if the fault did not fail the run."""
    message: str
    """The last line of a run that failed."""
    runs: int
    """The number of further runs until one passed; 0 if none did."""
    differs: str
    """The difference from an undisturbed run."""
    printed: str

    @property
    def converges(self) -> bool:
        """``True`` if the next run reached the result of an undisturbed one."""
        return self.runs == 1 and not self.differs

    @property
    def is_defect(self) -> bool:
        """``True`` if the message does not help the user."""
        if re.search(r"Traceback|a defect of|errors? occurred|exit code", self.message + self.printed):
            return True
        return not self.passed and not self.message and not self.fault.startswith("program")


class Bench:
    """A bench that runs commands in copies of deployed projects, at one address, one after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._wire = FaultyWire()
        self._now = layout_of(folder)
        self._wanted: dict[str, tuple[object, object]] = {}
        self._calls: dict[str, list[Call]] = {}
        self._child: subprocess.Popen[str] | None = None
        self.address = ""

    @contextmanager
    def open(self) -> Iterator["Bench"]:
        """Send all calls through the wire, and skip the proof, within the context."""
        with serving(lambda: self._now, self._wire) as self.address, at_address(self.address):
            yield self

    def calls(self, scenario: Scenario) -> list[Call]:
        """Return the calls of an undisturbed run."""
        self._prepare(scenario)
        return self._calls[scenario.name]

    def run(self, scenario: Scenario, call: Call | Moment, fault: str) -> Outcome:
        """Run the scenario with a fault at a call, or with a process killed at a moment, and run it again."""
        self._prepare(scenario)
        folder = self._copy(scenario, "faulty")
        kills: dict[str, Callable[[], object]] = {
            "emulator": self._kill_emulator,
            "engine": self._kill_engine,
            "program": self._kill_program,
            "folder": partial(shutil.rmtree, folder.layout.directory, ignore_errors=True),
        }
        self._wire.arm(call, fault, kills)
        apart = fault.startswith("program") or isinstance(call, Moment)
        code, message, printed = self._typed(folder, *scenario.command, apart=apart)
        self._wire.settle()
        came = self._wire.came
        self._wire.arm(None, "", {})
        runs, differs = 0, ""
        done = code == 0 and scenario.again == scenario.command and not isinstance(call, Moment)
        if done and self._found(folder) == self._wanted[scenario.name]:
            self._typed(folder, "down", "--wipe")
            return Outcome(scenario.name, str(call), fault, came, True, "", 1, "", printed)
        for number in (1, 2):
            code_again, message_again, printed_again = self._typed(folder, *scenario.again)
            printed += printed_again
            if code_again == 0:
                runs = number
                break
            differs = message_again
        if runs:
            wanted = self._wanted[scenario.name]
            found = self._found(folder)
            differs = "" if found == wanted else difference(wanted, found)
        self._typed(folder, "down", "--wipe")
        return Outcome(scenario.name, str(call), fault, came, code == 0, message, runs, differs, printed)

    def _prepare(self, scenario: Scenario) -> None:
        if scenario.name in self._calls:
            return
        folder = self._copy(scenario, "undisturbed")
        self._wire.arm(None, "", {})
        code, message, printed = self._typed(folder, *scenario.command)
        assert code == 0, message + printed
        calls = [call for call in self._wire.calls if not call.name.endswith(HEALTH_PATH)]
        if scenario.again != scenario.command:
            code, message, printed = self._typed(folder, *scenario.again)
            assert code == 0, message + printed
        self._wanted[scenario.name] = self._found(folder)
        self._typed(folder, "down", "--wipe")
        self._calls[scenario.name] = calls

    def _copy(self, scenario: Scenario, name: str) -> ProjectFolder:
        """Return a copy of a project after the commands before the scenario."""
        original = self._folder / "-".join(["original", *(word for words in scenario.before for word in words)])
        if not original.exists():
            original.mkdir()
            folder = ProjectFolder(original, ONE_ROLE)
            for command in scenario.before or (("outputs",),):
                self._typed(folder, *command)
            self._typed(folder, "down")
        target = self._folder / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(original, target)
        copy = ProjectFolder(target)
        if scenario.edited:
            copy.write(_edited())
        return copy

    def _typed(self, folder: ProjectFolder, *arguments: str, apart: bool = False) -> tuple[int, str, str]:
        """Run a command and return its exit code, its last line if it failed, and its output."""
        self._now = folder.layout
        command, *others = arguments
        place = others.index("--") if "--" in others else len(others)
        typed = [command, *others[:place], "--project", str(folder.folder), *others[place:]]
        if apart:
            script = "import sys; from tests.sandbox.faults import typed_apart; typed_apart(*sys.argv[1:])"
            with subprocess.Popen(
                [sys.executable, "-c", script, self.address, *typed],
                cwd=REPOSITORY,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            ) as self._child:
                printed, failures = self._child.communicate()
            code = self._child.returncode
            self._child = None
        else:
            with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as errors:
                code = main(typed)
            printed, failures = out.getvalue(), errors.getvalue()
        lines = failures.splitlines()
        message = lines[-1] if lines and code else ""
        return code, message.replace(str(folder.folder), "FOLDER"), printed + failures

    def _found(self, folder: ProjectFolder) -> tuple[object, object]:
        accounts = Accounts(folder.layout, Emulator(folder.layout), "us-east-1")
        found = {account: fingerprint(accounts.administrator(account)) for account in (PRODUCTION, DEVELOPMENT)}
        for rule in (rule for content in found.values() for rule in _encryption_rules(content)):
            if rule.get("BucketKeyEnabled") is False:  # S3's default, which MiniStack omits
                del rule["BucketKeyEnabled"]
        return found, states(folder.layout)

    def _kill_emulator(self) -> bool:
        pid = Emulator(self._now).pid
        if pid is None:
            return False
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            os.kill(pid, signal.SIGKILL)
            while Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
                pass
        return True

    def _kill_engine(self) -> bool:
        killed = False
        for lock in (self._now.backend / ".pulumi" / "locks").glob("**/*.json"):
            with suppress(FileNotFoundError, ProcessLookupError, ValueError):  # it is ending by itself
                os.kill(json.loads(lock.read_text())["pid"], signal.SIGKILL)
                killed = True
        return killed

    def _kill_program(self) -> bool:
        child = self._child
        if child:
            child.kill()
        return child is not None and child.poll() in (None, -signal.SIGKILL)


@contextmanager
def at_address(address: str) -> Iterator[None]:
    """Send all calls to an address, and skip the proof."""
    with (
        mock.patch.object(Emulator, "endpoint", property(lambda emulator: address)),
        mock.patch("sandbox.commands.start_rendering", lambda *arguments: {}),
        mock.patch("sandbox.commands.prove_access", lambda *arguments: True),
    ):
        yield


def typed_apart(address: str, *arguments: str) -> None:
    """Run a command in this process, which may be killed."""
    with at_address(address):
        code = main(list(arguments))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _encryption_rules(found: dict[str, Any]) -> list[dict[str, Any]]:
    buckets = [item for item in found.values() if isinstance(item, dict) and "encryption" in item]
    settings = [bucket["encryption"] for bucket in buckets]
    return [rule for setting in settings if isinstance(setting, dict) for rule in setting["Rules"]]

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
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast
from unittest import mock
from urllib.parse import parse_qs

from sandbox.__main__ import main
from sandbox.emulator import Emulator
from sandbox.layout import REPOSITORY, Layout, layout_of
from sandbox.strict import HEALTH_PATH
from sandbox.users import Accounts
from tests.sandbox.edits import DEVELOPMENT, ONE_ROLE, PRODUCTION, Stacks, all_of, group, role
from tests.sandbox.fingerprint import fingerprint
from tests.sandbox.project_folder import ProjectFolder
from tests.sandbox.wire import Fault, Wire, serving

WIRE_FAULTS: Sequence[Fault] = (
    "lost", "reset", "cut", "torn", "denied", "throttled", "failed", "page", "slow"
)  # fmt: skip
LASTING: Sequence[str] = ("expired", "never", "throttled for good")
"""Faults of a call and of all later calls."""
KILLS = tuple(f"{victim} killed {when}" for victim in ("emulator", "engine", "program") for when in ("before", "after"))
FAULTS: Sequence[str] = (*WIRE_FAULTS, *LASTING, *KILLS)

_NAMES = ("UserName", "GroupName", "RoleName", "PolicyName", "PolicyArn")


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
class Call:
    """A call of a run: the operation with its resource, and its number among equal ones."""

    name: str
    number: int

    def __str__(self) -> str:
        return self.name if self.number == 1 else f"{self.name} ({self.number})"


@dataclass(frozen=True)
class Moment:
    """A moment of a run: a time after a number of calls."""

    calls: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.seconds * 1000:.0f} ms after call {self.calls}"


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


class FaultyWire(Wire):
    """A wire with a fault, or a killed process, at one call. It counts all calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self._counts: Counter[str] = Counter()
        self._timer = threading.Timer(0, lambda: None)
        self.arm(None, "", {})

    def arm(self, at: Call | Moment | None, kind: str, kills: dict[str, Callable[[], object]]) -> None:
        """Prepare a run with a fault at a call, or with a process killed at a moment."""
        with self._lock:
            self._at, self._kind, self._kills = at, kind, kills
            self.came = self._lasts = self._kill_after = False
            self.calls = []
            self._counts.clear()

    def fault(self, operation: str, body: str) -> Fault | None:
        """Return the fault of a call."""
        name = _name(operation, body)
        with self._lock:
            self._counts[name] += 1
            call = Call(name, self._counts[name])
            self.calls.append(call)
            if isinstance(self._at, Moment):
                count = sum(not seen.name.endswith(HEALTH_PATH) for seen in self.calls)
                if count == self._at.calls and not name.endswith(HEALTH_PATH):
                    self._timer = threading.Timer(self._at.seconds, self._kill)
                    self._timer.start()
                return None
            is_target = call == self._at
            self.came = self.came or is_target
            if self._kind in LASTING and (is_target or self._lasts):
                self._lasts = True
                return cast(Fault, "reset" if self._kind == "never" else self._kind.partition(" ")[0])
            if not is_target:
                return None
            victim, _, when = self._kind.partition(" killed ")
            if when == "after":
                self._kill_after = True
                return "lost"
        if when == "before":
            self._kills[victim]()
            return "reset"
        return cast(Fault, self._kind)

    def settle(self) -> None:
        """Cancel a pending kill: the run is over."""
        if self._timer.ident:
            self._timer.cancel()
            self._timer.join()

    def _kill(self) -> None:
        self.came = bool(self._kills[self._kind.partition(" ")[0]]())

    def done(self) -> None:
        """Kill the process that is to be killed after a call."""
        if self._kill_after:
            self._kill_after = False
            self._kills[self._kind.partition(" ")[0]]()


def _name(operation: str, body: str) -> str:
    if " " in operation:
        return operation
    sent = parse_qs(body)
    about = [sent[name][0].rpartition("/")[2] for name in _NAMES if name in sent]
    return " ".join([operation, *about[:1]])


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
            differs = "" if found == wanted else _difference(wanted, found)
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
        return found, _states(folder.layout)

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


_COMPARED = ("urn", "type", "parent", "protect", "inputs", "initErrors", "external", "delete", "pendingReplacement")
"""The parts of a resource's state that must equal those of an undisturbed run. Outputs depend on later changes."""


def _states(layout: Layout) -> object:
    """Return the parts of all stacks' states that are equal after equal deployments."""
    found = {}
    for file in (layout.backend / ".pulumi" / "stacks").glob("*/*.json"):
        latest = json.loads(file.read_text())["checkpoint"].get("latest") or {}
        resources = [
            {key: _sorted(resource[key]) for key in _COMPARED if resource.get(key)}
            for resource in latest.get("resources") or ()
        ]
        found[file.stem] = (
            sorted(resources, key=lambda resource: resource["urn"]),
            latest.get("pending_operations") or [],
        )
    return found


def _sorted(value: Any) -> Any:  # noqa: ANN401 (JSON)
    if isinstance(value, dict):
        return {key: _sorted(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return sorted((_sorted(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def _difference(wanted: object, found: object, where: str = "") -> str:
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in [*wanted, *found]:
            if wanted.get(key) != found.get(key):
                return _difference(wanted.get(key), found.get(key), f"{where}/{key}")
    if isinstance(wanted, list | tuple) and isinstance(found, list | tuple) and len(wanted) == len(found):
        for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
            if one != other:
                return _difference(one, other, f"{where}/{number}")
    return f"{where}: {str(found)[:300]} in place of {str(wanted)[:300]}"

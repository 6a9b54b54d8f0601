"""Test all faults at all calls, and write docs/faults.md: ``python -m tests.sandbox.all_faults``."""

import json
import os
import random
import re
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

from sandbox.isolation import clear_environment
from sandbox.layout import REPOSITORY, TOOLS
from tests.sandbox.faults import SCENARIOS, Bench, Outcome, Scenario
from tests.sandbox.faulty_wire import FAULTS, Call

_PAGE = REPOSITORY / "docs" / "faults.md"
_RESULTS = TOOLS / "faults" / "results.jsonl"
"""The outcomes so far, kept until all cases are tested."""

_READS = re.compile(r"(Get|List)[A-Z]|GET |HEAD ")
_BESIDE = re.compile(
    r" (sandbox-administrator|David|Theresa|QA-member)\b|GetAccountAuthorizationDetails|List(Groups|Roles|Users)$"
)
"""The calls with which the sandbox manages people and profiles, without the engine."""
_AT_READS = ("cut", "denied", "expired", "never", "page", "emulator killed before")
"""The faults at calls that change nothing: a retry resolves the others."""
_HARMLESS = ("failed", "reset", "slow", "throttled", "torn")
"""The faults that a retry within the same run resolves."""
_BESIDE_AT_CHANGES = ("lost", "cut", "denied", "never", "emulator killed after", "program killed after")
_BESIDE_AT_READS = ("cut", "denied", "never", "page")
_TWICE = ("denied", "never", "engine killed after", "emulator killed after")
"""The faults of a scenario that differs from another one only in the next command."""


@dataclass(frozen=True)
class Case:
    """A fault at a call."""

    scenario: Scenario
    call: Call
    fault: str


def cases(bench: Bench) -> list[Case]:
    """Return all faults at all calls in random order, those closest to the stacks first."""
    found = [
        Case(scenario, call, fault)
        for scenario in SCENARIOS
        for call in bench.calls(scenario)
        for fault in _faults(scenario, call)
    ]
    random.Random(0).shuffle(found)  # noqa: S311 (an order)
    return sorted(found, key=lambda case: (bool(_BESIDE.search(case.call.name)), case.fault in _HARMLESS))


def _faults(scenario: Scenario, call: Call) -> Sequence[str]:
    reads, beside = bool(_READS.match(call.name)), bool(_BESIDE.search(call.name))
    if scenario.again != scenario.command and scenario.command[0] != "up":
        return () if reads or beside else _TWICE
    if beside:
        return _BESIDE_AT_READS if reads else _BESIDE_AT_CHANGES
    return _AT_READS if reads else FAULTS


def _try(arguments: tuple[int, int, Path, Path]) -> None:
    """Test one part of all cases without a result yet, and append their outcomes to the results."""
    part, parts, results, folder = arguments
    known = {(outcome.scenario, outcome.call, outcome.fault) for outcome in read(results)}
    with Bench(folder).open() as bench:
        for case in cases(bench):
            key = (case.scenario.name, str(case.call), case.fault)
            # Not by its position: the engine works concurrently, so the order of calls varies.
            if crc32(repr(key).encode()) % parts == part and key not in known:
                outcome = bench.run(case.scenario, case.call, case.fault)
                with results.open("a") as file:
                    file.write(json.dumps(asdict(outcome)) + "\n")


def read(results: Path) -> list[Outcome]:
    """Return the outcomes so far."""
    lines = results.read_text().splitlines() if results.exists() else []
    return [Outcome(**json.loads(line)) for line in lines]


def page(outcomes: Sequence[Outcome]) -> str:
    """Return the outcomes as a page, with one row for those with the same last line."""
    came = [outcome for outcome in outcomes if outcome.came]
    failed = [outcome for outcome in came if not outcome.converges]
    lines = [
        "# Faults",
        "",
        "What each fault does to a run of the sandbox, and whether the next run finishes it.",
        "",
        "`make faults` makes this page. It puts a fault on the wire between the sandbox and its emulator at a call of",
        "a run, or kills a process before or after the call. Then it runs the command again, and compares the accounts",
        "and the states with those of an undisturbed run. All of it was tried with the stand-in provider only.",
        "",
        f"Faults: {len(came)}. After {len(came) - len(failed)} of them the next run reached what an undisturbed run",
        "reaches.",
    ]
    for scenario in SCENARIOS:
        rows: dict[tuple[str, str, str], list[str]] = {}
        for outcome in sorted(came, key=lambda outcome: (outcome.call, outcome.fault)):
            if outcome.scenario == scenario.name:
                message = "passes" if outcome.passed else outcome.message.removeprefix("sandbox: ") or "nothing"
                rows.setdefault((outcome.call, message, _next(outcome)), []).append(outcome.fault)
        if rows:
            lines += ["", f"## {scenario.name[0].upper()}{scenario.name[1:]}", ""]
            lines += ["| call | fault | last line of the run | the next run |", "|---|---|---|---|"]
            lines += [
                f"| {call} | {', '.join(faults)} | {message.replace('|', chr(92) + '|')} | {then} |"
                for (call, message, then), faults in rows.items()
            ]
    return "\n".join(lines) + "\n"


def _next(outcome: Outcome) -> str:
    if outcome.converges:
        return "converges"
    return f"does not converge: {outcome.differs or f'{outcome.runs} runs'}".replace("|", r"\|")


def _try_all() -> int:
    """Test all cases, continue an interrupted run, and write the page; return 1 if any case fails."""
    _RESULTS.parent.mkdir(exist_ok=True)
    parts = os.cpu_count() or 1
    with TemporaryDirectory(prefix="faults-") as folder:
        work = [(part, parts, _RESULTS, Path(folder, str(part))) for part in range(parts)]
        for _, _, _, place in work:
            place.mkdir()
        with ProcessPoolExecutor(parts, get_context("spawn"), clear_environment) as pool:
            list(pool.map(_try, work))
    outcomes = read(_RESULTS)
    _PAGE.write_text(page(outcomes))
    _RESULTS.unlink()
    wrong = [outcome for outcome in outcomes if outcome.came and (outcome.is_defect or not outcome.converges)]
    for outcome in wrong:
        print(f"{outcome.scenario}, {outcome.call}, {outcome.fault}: {outcome.message}; {_next(outcome)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    clear_environment()
    sys.exit(_try_all())

"""Time ``up``: from nothing deployed to both stacks proved, and with nothing to change. Set-up must be done.

Run it with ``make benchmark``. Machines are noisy, so each figure is the median of the runs, beside a yardstick from
the same runs: the Automation API's ``Stack.up`` of two deployed stacks, without step 3. Memory is the largest sum of
the resident sets of all processes, including the emulator; shared pages count for each process.
"""

import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure, show
from sandbox.emulator import Emulator
from sandbox.layout import REPOSITORY, Layout, layout_of

TITLE = "both stacks, proved"
RUNS = 5
SAMPLE_SECONDS = 0.05
SANDBOX = [sys.executable, "-m", "sandbox"]
YARDSTICK = [sys.executable, "-m", "benchmarks.automation_api"]


@dataclass(frozen=True)
class Cost:
    """The cost of a command."""

    seconds: float
    processor_seconds: float
    """Of all its processes, including the emulator; other programs on the machine hardly change it."""
    megabytes: float
    """The peak memory of all its processes."""


def measured(command: Sequence[str], layout: Layout | None = None) -> Cost:
    """Run a command and return its cost.

    Args:
        command: the command.
        layout: the sandbox whose emulator counts too; by default the repository's.
    """
    layout = layout or layout_of(REPOSITORY)
    start, before = time.monotonic(), _processor_seconds(layout)
    largest, ended = 0.0, threading.Event()

    def watch() -> None:
        nonlocal largest
        while not ended.wait(SAMPLE_SECONDS):
            largest = max(largest, resident_megabytes({process.pid, Emulator(layout).pid}))

    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: S603
        watcher = threading.Thread(target=watch)
        watcher.start()
        _, status, used = os.wait4(process.pid, 0)
        failed = process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - start
    ended.set()
    watcher.join()
    if failed:
        sys.exit(f"{' '.join(command)} failed; run it alone to see the reason")
    of_emulator = max(0.0, _processor_seconds(layout) - before)
    return Cost(seconds, used.ru_utime + used.ru_stime + of_emulator, largest)


def _processor_seconds(layout: Layout) -> float:
    """Return the emulator's processor time so far; the emulator outlives the commands."""
    pid = Emulator(layout).pid if layout.directory.exists() else None
    if pid is None:
        return 0.0
    shown = subprocess.run(["ps", "-o", "time=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    seconds = 0.0
    for part in re.split("[-:]", shown.stdout.strip() or "0"):
        seconds = seconds * 60 + float(part)
    return seconds


def resident_megabytes(roots: set[int | None]) -> float:
    """Return the memory of these processes and of their children."""
    listed = subprocess.run(["ps", "-axo", "pid=,ppid=,rss="], capture_output=True, text=True, check=True)  # noqa: S607
    rows = sorted(tuple(map(int, line.split())) for line in listed.stdout.splitlines())
    family, kilobytes = set(roots), 0
    for pid, parent, rss in rows:
        if pid in family or parent in family:
            family.add(pid)
            kilobytes += rss
    return kilobytes / 1024


def figures() -> Iterator[Figure]:
    """Run the benchmark. It wipes the sandbox."""
    first, unchanged, yardstick = [], [], []
    for number in range(RUNS):
        print(f"run {number + 1} of {RUNS}", file=sys.stderr)
        measured([*SANDBOX, "down", "--wipe"])
        first.append(measured([*SANDBOX, "up"]))
        unchanged.append(measured([*SANDBOX, "up"]))
        yardstick.append(measured(YARDSTICK))
    measured([*SANDBOX, "down", "--wipe"])
    reference = statistics.median(it.seconds for it in yardstick)
    for name, runs in (
        ("up from nothing", first),
        ("up without change", unchanged),
        ("yardstick: Automation API, without change", yardstick),
    ):
        seconds = statistics.median(it.seconds for it in runs)
        yield Figure(name, seconds, seconds / reference, "the yardstick", max(it.megabytes for it in runs))


if __name__ == "__main__":
    show(TITLE, figures())

"""Kill processes at random moments: ``python -m tests.sandbox.random_kills [COUNT [SEED]]``.

SIGKILL ends the engine, the program or the emulator at a random moment of a first up, an update or a destroy. The next
run must reach the accounts and states of an undisturbed run: nothing is created twice or left over.
"""

import random
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox.isolation import clear_environment
from tests.sandbox.faults import SCENARIOS, Bench, Outcome
from tests.sandbox.faulty_wire import Moment

_VICTIMS = ("engine", "program", "emulator")
_MOST_SECONDS = 0.1
"""The longest time after a call; the next call comes earlier."""


def _try(count: int, seed: int) -> int:
    """Kill a number of processes, and return the number of runs from which the next one did not recover."""
    chance = random.Random(seed)  # noqa: S311 (moments)
    killed: Counter[str] = Counter()
    wrong = 0
    with TemporaryDirectory(prefix="kills-") as folder, Bench(Path(folder)).open() as bench:
        while killed.total() < count:
            scenario, victim = chance.choice(SCENARIOS), chance.choice(_VICTIMS)
            moment = Moment(chance.randint(1, len(bench.calls(scenario))), chance.uniform(0, _MOST_SECONDS))
            outcome = bench.run(scenario, moment, f"{victim} killed")
            if not outcome.came:  # the process had ended, or had not started
                continue
            killed[f"{scenario.name}, {victim}"] += 1
            fails = outcome.is_defect or not outcome.converges
            wrong += fails
            print(f"{killed.total():3} {_line(outcome)}", flush=True)
            if fails:
                print(outcome.printed, flush=True)
    for name, times in sorted(killed.items()):
        print(f"{times:4} {name}")
    print(f"{killed.total()} killed, {killed.total() - wrong} recovered by the next run")
    return wrong


def _line(outcome: Outcome) -> str:
    result = "converges" if outcome.converges else f"does not converge: {outcome.differs or f'{outcome.runs} runs'}"
    passed = " (after its end)" if outcome.passed else ""
    return f"{outcome.scenario}, {outcome.fault}, {outcome.call}{passed}: {result}"


if __name__ == "__main__":
    clear_environment()
    given = [int(number) for number in sys.argv[1:]]
    sys.exit(1 if _try(*given, *(50, 1)[len(given) :]) else 0)

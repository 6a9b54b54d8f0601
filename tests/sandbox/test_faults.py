"""Tests that the next run recovers from a fault at a call.

``make faults`` tests all faults at all calls; this is a sample.
"""

import re
from collections.abc import Iterator

import pytest

from tests.sandbox.faults import SCENARIOS, Bench
from tests.sandbox.faulty_wire import Call


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Bench(tmp_path_factory.mktemp("bench")).open() as opened:
        yield opened


@pytest.mark.parametrize(
    ("call", "fault", "message"),
    [
        (
            Call("GetRole UpdateApp", 2),
            "expired",
            r"production: role UpdateApp-role: ExpiredToken: .*; sign in again, then run it again to continue",
        ),
        (
            Call("PUT /productionapp?policy", 1),
            "engine killed after",
            r"production: the engine was killed by signal 9; run `python -m sandbox up --project FOLDER` to continue",
        ),
    ],
    ids=str,
)
def test_a_fault_is_reported_and_the_next_run_recovers(bench: Bench, call: Call, fault: str, message: str) -> None:
    outcome = bench.run(SCENARIOS[0], call, fault)
    assert outcome.came
    assert (outcome.passed, outcome.differs, outcome.runs) == (False, "", 1), outcome.printed
    assert re.match(f"sandbox: {message}", outcome.message), outcome.message
    assert not outcome.is_defect


def test_a_folder_deleted_during_a_run_is_reported(bench: Bench) -> None:
    outcome = bench.run(SCENARIOS[0], Call("PUT /productionapp?policy", 1), "folder killed after")
    way_out = "run `python -m sandbox down --project FOLDER --wipe`, then `python -m sandbox up --project FOLDER`"
    assert outcome.message == (
        f"sandbox: FOLDER/.sandbox was deleted while this command ran, and the accounts with it; {way_out}"
    )
    assert (outcome.runs, outcome.differs) == (  # the engine has written its state once more
        0,
        "sandbox: FOLDER/.sandbox has lost its key: part of it was deleted, or an older version of the"
        f" sandbox made it; {way_out}",
    )

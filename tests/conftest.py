"""Settings for all tests."""

import os
import signal
from collections.abc import Iterator

import hypothesis
import pytest

# Whatever is started in the background ignores these, and so does all that it starts. Some of it is to be interrupted.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

_SIGNALS = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ)

# Nor is anything read that whoever runs the tests has linked to.
os.environ["ACCESS_ROLES"] = ""

# How long an example takes is no matter of a test.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.load_profile("here")

_FIRST = (
    *("stacks", "deployment", "prove", "prove_command", "pipeline", "examples", "switch", "provider_runs", "faults"),
    *("removal", "commands", "prove_lag", "reuse", "options", "isolation", "distribution", "switch_profiles", "edits"),
    *("lost_state", "saving", "bypass"),
)
"""The files of tests/sandbox that take longest, which begin first: one that began last would keep all waiting."""


def pytest_xdist_auto_num_workers() -> int:
    """Return more workers than processors: a sandbox test waits for a good part of its time."""
    return max(2, (os.cpu_count() or 1) * 3 // 2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first. Within a file the order stays."""
    places = {f"tests/sandbox/test_{name}.py": place for place, name in enumerate(_FIRST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))


@pytest.fixture(autouse=True)
def signals_stay_as_they_are() -> Iterator[None]:
    """Fail where a test leaves a signal handled another way: it could end the process amid another test."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    yield
    after = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in before.items():
        if handler != after[number]:
            signal.signal(number, handler)
    assert after == before

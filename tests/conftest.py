"""What holds for all tests."""

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

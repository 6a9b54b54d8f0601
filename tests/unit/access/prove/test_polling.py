"""Test how answers are classified, and when they are accepted."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from access.prove import polling
from access.prove.fixture import workers
from access.prove.matrix import Result
from access.prove.polling import Answer, Deadline, answer, poll_until_stable


def refused(code: str) -> Callable[[], object]:
    def attempt() -> object:
        raise ClientError({"Error": {"Code": code, "Message": "why\n not"}}, "GetObject")

    return attempt


def unreachable() -> object:
    raise EndpointConnectionError(endpoint_url="https://127.0.0.1:1")


@pytest.mark.parametrize(
    ("attempt", "result"),
    [
        (lambda: None, "ALLOW"),
        (refused("AccessDenied"), "DENY"),
        (refused("NoSuchBucketPolicy"), "ALLOW"),
        (refused("NoSuchKey"), "INCONCLUSIVE"),
        (refused("AccessDeniedException"), "INCONCLUSIVE"),
        (refused("403"), "INCONCLUSIVE"),
        (refused("ExpiredToken"), "INCONCLUSIVE"),
        (refused(""), "INCONCLUSIVE"),
        (unreachable, "INCONCLUSIVE"),
    ],
)
def test_only_access_denied_is_a_deny(attempt: Callable[[], object], result: Result) -> None:
    found = answer(attempt, proves_allow="NoSuchBucketPolicy")
    assert found.result == result
    assert "\n" not in found.detail


def test_an_error_proves_an_allow_only_if_declared() -> None:
    assert answer(refused("NoSuchBucketPolicy")).result == "INCONCLUSIVE"
    assert answer(refused("")).result == "INCONCLUSIVE"


def saying(*results: Result) -> tuple[Callable[[], Answer], list[Result]]:
    """Answers so, the last again and again, and what it has answered."""
    said: list[Result] = []
    endless: Iterator[Result] = itertools.chain(results, itertools.repeat(results[-1]))

    def ask() -> Answer:
        said.append(next(endless))
        return Answer(said[-1], f"detail {len(said)}")

    return ask, said


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the elapsed seconds; a pause takes one."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def wait(_event: threading.Event, seconds: float) -> bool:
        now[0] += seconds
        return False

    monkeypatch.setattr(threading.Event, "wait", wait)
    return now


def test_without_waiting_it_calls_twice_at_once() -> None:
    for results, result in (
        (("ALLOW",), "ALLOW"),
        (("DENY",), "DENY"),
        (("DENY", "ALLOW"), "INCONCLUSIVE"),
        (("ALLOW", "DENY"), "INCONCLUSIVE"),
    ):
        ask, said = saying(*results)
        assert poll_until_stable(ask, "ALLOW", Deadline(0)).result == result
        assert len(said) == 2


def test_the_expected_answer_must_come_twice_in_a_row(clock: list[float]) -> None:
    ask, said = saying("INCONCLUSIVE", "DENY", "ALLOW", "DENY", "ALLOW", "ALLOW")
    assert poll_until_stable(ask, "ALLOW", Deadline(30)).result == "ALLOW"
    assert (len(said), clock) == (6, [5.0])


def test_another_answer_is_accepted_after_the_deadline(clock: list[float]) -> None:
    ask, said = saying("DENY")
    assert poll_until_stable(ask, "ALLOW", Deadline(30)).result == "DENY"
    assert (len(said), clock) == (31, [30.0])


def test_changing_answers_after_the_deadline_are_inconclusive(clock: list[float]) -> None:
    ask, _ = saying(*(("DENY", "ALLOW") * 20))
    found = poll_until_stable(ask, "ALLOW", Deadline(9))
    assert (found.result, found.detail) == ("INCONCLUSIVE", "first detail 9; then detail 10")


def test_an_interruption_cancels_waits_first() -> None:
    deadline, asked = Deadline(20), threading.Event()

    def ask() -> Answer:
        asked.set()
        return Answer("DENY", "")

    with pytest.raises(KeyboardInterrupt), workers(1, deadline) as pool:
        waiting = pool.submit(poll_until_stable, ask, "ALLOW", deadline)
        asked.wait()
        raise KeyboardInterrupt
    assert waiting.result().result == "DENY"
    assert deadline._ended.is_set()
    assert time.monotonic() < deadline._deadline


def test_a_cancelled_deadline_ends_its_waits() -> None:
    deadline = Deadline(600)
    deadline.cancel()
    ask, said = saying("DENY")
    assert poll_until_stable(ask, "ALLOW", deadline).result == "DENY"
    assert len(said) == 2
    assert polling._PAUSE_SECONDS > 0


def test_the_deadline_is_shared_and_restarts_after_a_change(clock: list[float]) -> None:
    deadline = Deadline(30)
    assert poll_until_stable(saying("DENY")[0], "ALLOW", deadline).result == "DENY"
    assert clock == [30.0]
    ask, said = saying("DENY")
    assert poll_until_stable(ask, "ALLOW", deadline).result == "DENY"
    assert (len(said), clock) == (2, [31.0])
    deadline.restart()
    assert poll_until_stable(saying("DENY", "DENY", "ALLOW")[0], "ALLOW", deadline).result == "ALLOW"

"""What is taken for an answer, and when it is taken."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from access.prove import settling
from access.prove.matrix import Result
from access.prove.settling import Answer, Patience, answer, settled
from access.prove.stage import workers


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
def test_a_deny_is_access_denied_and_nothing_else(attempt: Callable[[], object], result: Result) -> None:
    found = answer(attempt, proves_allow="NoSuchBucketPolicy")
    assert found.result == result
    assert "\n" not in found.detail


def test_an_error_proves_an_allow_only_where_it_is_known_to() -> None:
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
    """The seconds that have passed; a pause takes one of them."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def wait(_event: threading.Event, seconds: float) -> bool:
        now[0] += seconds
        return False

    monkeypatch.setattr(threading.Event, "wait", wait)
    return now


def test_without_patience_it_is_asked_twice_at_once() -> None:
    for results, result in (
        (("ALLOW",), "ALLOW"),
        (("DENY",), "DENY"),
        (("DENY", "ALLOW"), "INCONCLUSIVE"),
        (("ALLOW", "DENY"), "INCONCLUSIVE"),
    ):
        ask, said = saying(*results)
        assert settled(ask, "ALLOW", Patience(0)).result == result
        assert len(said) == 2


def test_an_expected_answer_is_waited_for_and_has_to_come_twice_in_a_row(clock: list[float]) -> None:
    ask, said = saying("INCONCLUSIVE", "DENY", "ALLOW", "DENY", "ALLOW", "ALLOW")
    assert settled(ask, "ALLOW", Patience(30)).result == "ALLOW"
    assert (len(said), clock) == (6, [5.0])


def test_another_answer_is_taken_once_there_is_no_time_left(clock: list[float]) -> None:
    ask, said = saying("DENY")
    assert settled(ask, "ALLOW", Patience(30)).result == "DENY"
    assert (len(said), clock) == (31, [30.0])


def test_answers_that_still_differ_then_decide_nothing(clock: list[float]) -> None:
    ask, _ = saying(*(("DENY", "ALLOW") * 20))
    found = settled(ask, "ALLOW", Patience(9))
    assert (found.result, found.detail) == ("INCONCLUSIVE", "first detail 9; then detail 10")


def test_an_interruption_ends_who_waits_before_it_waits_for_them() -> None:
    patience, asked = Patience(20), threading.Event()

    def ask() -> Answer:
        asked.set()
        return Answer("DENY", "")

    with pytest.raises(KeyboardInterrupt), workers(1, patience) as pool:
        waiting = pool.submit(settled, ask, "ALLOW", patience)
        asked.wait()
        raise KeyboardInterrupt
    assert waiting.result().result == "DENY"
    assert patience._ended.is_set()
    assert time.monotonic() < patience._deadline


def test_who_is_told_to_end_waits_no_longer() -> None:
    patience = Patience(600)
    patience.end()
    ask, said = saying("DENY")
    assert settled(ask, "ALLOW", patience).result == "DENY"
    assert len(said) == 2
    assert settling._PAUSE_SECONDS > 0


def test_all_answers_have_the_same_time_and_more_once_something_is_changed(clock: list[float]) -> None:
    patience = Patience(30)
    assert settled(saying("DENY")[0], "ALLOW", patience).result == "DENY"
    assert clock == [30.0]
    ask, said = saying("DENY")
    assert settled(ask, "ALLOW", patience).result == "DENY"
    assert (len(said), clock) == (2, [31.0])
    patience.begin_anew()
    assert settled(saying("DENY", "DENY", "ALLOW")[0], "ALLOW", patience).result == "ALLOW"

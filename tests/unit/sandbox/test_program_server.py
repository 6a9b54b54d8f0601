"""Tests of waiting for the program: the cost grows linearly with the number of its tasks."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from pulumi.runtime import reset_options
from pulumi.runtime.settings import SETTINGS

from sandbox import program_server


@pytest.fixture
def task_counts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Yield the list of the numbers of outstanding tasks at each wait."""
    counted: list[int] = []
    wait = asyncio.wait

    async def counting(outstanding: list[Any], **options: Any) -> Any:  # noqa: ANN401 (asyncio's)
        counted.append(len(outstanding))
        return await wait(outstanding, **options)

    monkeypatch.setattr(asyncio, "wait", counting)
    reset_options(project="test", stack="test")
    yield counted
    SETTINGS.outputs.clear()


async def after(steps: int, error: Exception | None = None) -> None:
    for _ in range(steps):
        await asyncio.sleep(0)
    if error:
        raise error


def outstanding(*coroutines: Any) -> None:  # noqa: ANN401
    for coroutine in coroutines:
        task = asyncio.ensure_future(coroutine)
        SETTINGS.outputs.add(task)
        task.add_done_callback(SETTINGS.outputs.discard)


def test_all_outstanding_tasks_are_awaited_at_once(task_counts: list[int]) -> None:
    def program() -> None:
        outstanding(*(after(number) for number in range(100)))

    asyncio.run(program_server._run_to_end(program))
    assert task_counts == [100]
    assert not SETTINGS.outputs


def test_later_tasks_are_awaited_too(task_counts: list[int]) -> None:
    async def begin() -> None:
        await after(3)
        outstanding(after(5), after(7))

    asyncio.run(program_server._run_to_end(lambda: outstanding(begin(), after(1))))
    assert task_counts == [2, 2]


def test_a_failure_ends_the_wait(task_counts: list[int]) -> None:
    async def run() -> None:
        forever = asyncio.get_running_loop().create_future()
        outstanding(forever, after(2, ValueError("refused")))
        await asyncio.wait_for(program_server._run_to_end(lambda: None), timeout=10)
        assert not forever.done()

    asyncio.run(run())
    assert task_counts == [2]

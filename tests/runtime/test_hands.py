"""A thread that works for tasks: what it does together, and that no call is ever lost."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from cachetory._runtime import async_
from cachetory._runtime.async_ import Hands
from tests.shell.async_crew import PATIENCE, until

if TYPE_CHECKING:
    from cachetory._runtime.async_ import Call, Outcome


class Work:
    """Does calls, and remembers how many it did at a time."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def together(self, calls: list[Call]) -> list[Outcome]:
        self.sizes.append(len(calls))
        assert self.may_go_on.wait(PATIENCE)
        return [(function(*arguments), None) for function, arguments in calls]


async def until_busy(work: Work) -> None:
    await until(lambda: bool(work.sizes))


async def test_calls_that_gather_are_done_together() -> None:
    work = Work()
    hands = Hands(work.together)
    work.may_go_on.clear()
    first = asyncio.create_task(hands.do(str, 0))
    await until_busy(work)
    others = [asyncio.create_task(hands.do(str, number)) for number in range(1, 100)]
    await asyncio.sleep(0)

    work.may_go_on.set()

    assert await asyncio.gather(first, *others) == [str(number) for number in range(100)]
    assert work.sizes == [1, 99]


async def test_call_of_which_the_caller_is_gone_is_not_done() -> None:
    work = Work()
    hands = Hands(work.together)
    done: list[int] = []
    work.may_go_on.clear()
    first = asyncio.create_task(hands.do(done.append, 0))
    await until_busy(work)
    others = [asyncio.create_task(hands.do(done.append, number)) for number in range(1, 4)]
    await asyncio.sleep(0)

    others[1].cancel()
    first.cancel()
    await asyncio.sleep(0)
    work.may_go_on.set()
    await asyncio.gather(others[0], others[2])

    assert done == [0, 1, 3]  # the first was under way
    assert others[1].cancelled()


async def test_error_of_the_work_is_that_of_every_call() -> None:
    def fail(_calls: list[Call]) -> list[Outcome]:
        raise ZeroDivisionError

    hands = Hands(fail)

    outcomes = await asyncio.gather(*(hands.do(int) for _ in range(3)), return_exceptions=True)

    assert [type(it) for it in outcomes] == [ZeroDivisionError] * 3


def test_calls_of_many_loops_get_their_own_results() -> None:
    hands = Hands(Work().together)

    async def call(name: str) -> list[str]:
        return await asyncio.gather(*(hands.do(f"{name} {{}}".format, it) for it in range(50)))

    results: dict[str, list[str]] = {}

    def run(name: str) -> None:
        results[name] = asyncio.run(call(name))

    threads = [threading.Thread(target=run, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert results == {name: [f"{name} {number}" for number in range(50)] for name in "abcd"}


async def test_loop_that_is_closed_keeps_nobody_else_waiting() -> None:
    work = Work()
    hands = Hands(work.together)
    work.may_go_on.clear()

    async def leave() -> None:
        asyncio.ensure_future(hands.do(int))  # noqa: RUF006 (it is to be lost)
        await until_busy(work)

    await asyncio.to_thread(partial(asyncio.run, leave()))
    work.may_go_on.set()

    assert await asyncio.wait_for(hands.do(int), PATIENCE) == 0


async def test_thread_that_could_not_be_started_is_started_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hands = Hands(Work().together)

    def refuse(_thread: Any) -> None:
        msg = "can't start new thread"
        raise RuntimeError(msg)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="new thread"):
            await hands.do(int)

    assert await asyncio.wait_for(hands.do(int), PATIENCE) == 0


async def test_call_just_as_the_thread_ends_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(async_, "_IDLE_FOR", 0.0005)
    hands = Hands(Work().together)

    for number in range(1000):
        assert await asyncio.wait_for(hands.do(int, number), PATIENCE) == number
        if number % 3:
            await asyncio.sleep(0.0005)

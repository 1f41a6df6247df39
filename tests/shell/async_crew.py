"""Callers that are under way at the same time: tasks here, threads in `sync_crew.py`."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from types import CodeType, FunctionType

    from typing_extensions import Self

PATIENCE = 30.0
"""Seconds after which something that is bound to happen counts as hanging."""


class Signal:
    """Something that is waited for until it has happened once."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        self._event.set()

    async def wait(self) -> None:
        await asyncio.wait_for(self._event.wait(), PATIENCE)


class Meeting:
    """Lets its parties go on when all of them have come."""

    def __init__(self, parties: int) -> None:
        self._absent = parties
        self._complete = Signal()

    async def join(self) -> None:
        self._absent -= 1
        if not self._absent:
            self._complete.set()
        await self._complete.wait()


class Caller:
    """One call under way."""

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self._task = task

    async def result(self) -> Any:
        """Wait for what the call returns, or raise what it raises."""
        return await asyncio.wait_for(self._task, PATIENCE)

    async def error(self) -> BaseException | None:
        """Wait for what the call raises."""
        await asyncio.wait((self._task,), timeout=PATIENCE)
        return self._task.exception()

    def cancel(self) -> None:
        self._task.cancel()

    @property
    def over(self) -> bool:
        return self._task.done()

    def is_within(self, function: FunctionType) -> bool:
        """Tell whether the call is suspended in the function, however deep."""
        return function.__code__ in _codes(self._task.get_coro())


class Crew:
    """Starts callers, and does not leave before all of them are done."""

    def __init__(self) -> None:
        self._callers: list[Caller] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, exc_type: type[BaseException] | None, *_rest: object) -> None:
        for caller in self._callers:
            if exc_type is not None:
                caller.cancel()
        await until(lambda: all(caller.over for caller in self._callers))

    def start(self, function: Callable[..., Awaitable[Any]], *arguments: object) -> Caller:
        caller = Caller(asyncio.ensure_future(function(*arguments)))
        self._callers.append(caller)
        return caller


async def until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds."""
    deadline = monotonic() + PATIENCE
    while not condition():
        assert monotonic() < deadline, "this hangs"
        await asyncio.sleep(0.001)


async def until_within(function: Any, *callers: Caller) -> None:
    """Wait until all the callers are suspended in the function."""
    await until(lambda: all(caller.is_within(function) for caller in callers))


def _codes(coroutine: Any) -> Iterator[CodeType]:
    while coroutine is not None:
        code = getattr(coroutine, "cr_code", None)
        if code is not None:
            yield code
        coroutine = getattr(coroutine, "cr_await", None)

"""What only an asynchronous decorated function is: a coroutine function, on any loop."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pydantic
import pytest

from cachetory.backends.async_ import MemoryBackend
from cachetory.caches.async_ import Cache
from cachetory.caches.sync import Cache as SyncCache
from cachetory.decorators.async_ import cached
from cachetory.errors import ConfigurationError
from cachetory.shortcuts.async_ import memory_cache
from tests.shell.async_.loads import HeldLoad

local = Cache[Any](backend=MemoryBackend(), serializer="noop://")
remote = Cache[Any](backend=MemoryBackend(), serializer="pickle://")


@cached(local)
async def by_hit_path(x: int) -> int:
    return x


@cached(remote)
async def by_key(x: int) -> int:
    return x


@cached(local)
def plain(x: int) -> int:
    return x


@dataclass(frozen=True)
class Holder:
    @cached(local)
    async def method(self, x: int) -> int:
        return x

    @cached(remote)
    @classmethod
    async def of_class(cls, x: int) -> int:
        return x

    @cached(local)
    @staticmethod
    async def static(x: int) -> int:
        return x


FUNCTIONS: list[Any] = [
    by_hit_path,
    by_key,
    plain,
    Holder.method,
    Holder().method,
    Holder.of_class,
    Holder().of_class,
    Holder.static,
    cached(None)(plain.__wrapped__),
    partial(by_hit_path, 1),
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_function_is_a_coroutine_function(function: Any) -> None:
    assert inspect.iscoroutinefunction(function)


@pytest.mark.parametrize("function", [by_hit_path, by_key, Holder().method, Holder.static])
async def test_call_is_a_coroutine_that_does_nothing_before_it_is_awaited(function: Any) -> None:
    call = function(1)

    assert inspect.iscoroutine(call)
    assert await call == 1


def test_function_serves_one_loop_after_another() -> None:
    for _ in range(2):
        assert asyncio.run(by_hit_path(7)) == 7  # type: ignore[arg-type]
        assert asyncio.run(by_key(7)) == 7  # type: ignore[arg-type]


def test_cache_of_the_other_colour_is_refused_with_the_way_out() -> None:
    other = SyncCache[Any](backend="memory://", serializer="noop://")

    with pytest.raises(ConfigurationError, match=r"cachetory\.caches\.async_"):
        cached(other)(by_key.__wrapped__)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError):
        cached("memory://")(by_key.__wrapped__)  # type: ignore[arg-type]


async def test_cancelled_caller_leaves_the_call_to_the_others() -> None:
    load = HeldLoad()
    function = cached(remote, key=lambda: 1)(load)
    callers = [asyncio.ensure_future(function()) for _ in range(5)]
    await load.started.wait()

    callers[0].cancel()
    await asyncio.wait(callers[:1])
    load.let_go.set()
    assert await asyncio.gather(*callers[1:]) == [1] * 4
    assert load.calls == 1


def test_decorated_plain_function_is_coroutine_function_with_its_signature() -> None:
    def plain(number: int, text: str = "a") -> str:
        return text * number

    decorated = cached(memory_cache())(plain)

    assert inspect.iscoroutinefunction(decorated)
    assert inspect.signature(decorated) == inspect.signature(plain)
    assert inspect.getfullargspec(decorated) == inspect.getfullargspec(plain)


async def test_validated_decorated_plain_function_is_awaited() -> None:
    def plain(number: int, text: str = "a") -> str:
        return text * number

    decorated = cached(memory_cache())(plain)

    assert await pydantic.validate_call(decorated)("2") == "aa"
    assert await decorated.func(3) == "aaa"  # as tools that look through partial functions call it


async def test_concurrent_callers_get_a_one_shot_value_each() -> None:
    may_end = asyncio.Event()

    async def rows(x: int) -> Any:
        await may_end.wait()
        return iter(range(x))

    function = cached(Cache[Any](backend=MemoryBackend(), serializer="noop://"), version=1)(rows)
    calls = [asyncio.ensure_future(function(3)) for _ in range(4)]
    await asyncio.sleep(0)
    may_end.set()
    results = await asyncio.gather(*calls)

    assert [list(it) for it in results] == [[0, 1, 2]] * 4


async def test_awaitable_that_a_plain_function_returns_is_awaited() -> None:
    def plain(x: int) -> Any:
        return asyncio.sleep(0, [x])

    plain.__annotations__["return"] = Awaitable[list[int]]
    function = cached(local, version=1)(plain)

    assert await function(1) is await function(1)

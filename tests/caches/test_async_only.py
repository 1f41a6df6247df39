"""What only the asynchronous cache does: refuse item access, and use the loop's executor."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import current_thread
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.backends import async_ as async_backends
from cachetory.backends import sync as sync_backends
from cachetory.backends.async_ import MemoryBackend
from cachetory.caches.async_ import Cache
from cachetory.errors import ConfigurationError
from cachetory.serializers import PickleSerializer

if TYPE_CHECKING:
    from collections.abc import Callable


class Witness(PickleSerializer[Any]):
    """Notes the threads in which it works."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: set[str] = set()

    def serialize(self, value: Any) -> bytes:
        self.threads.add(current_thread().name)
        return super().serialize(value)

    def deserialize(self, data: bytes) -> Any:
        self.threads.add(current_thread().name)
        return super().deserialize(data)


async def use(cache: Cache[Any, Any]) -> None:
    await cache.set("a", 1)
    await cache.set_many({"b": 2, "c": 3})
    assert await cache.get("a") == 1
    assert await cache.get_many("b", "c") == {"b": 2, "c": 3}
    assert await cache.get_or_set("d", lambda: 4) == 4


def set_item(cache: Any) -> None:
    cache["key"] = 1


def delete_item(cache: Any) -> None:
    del cache["key"]


@pytest.mark.parametrize(
    ("operation", "way_out"),
    [
        (lambda cache: cache["key"], r"`await cache\.get\('key'\)`"),
        (set_item, r"`await cache\.set\('key', value\)`"),
        (delete_item, r"`await cache\.delete\('key'\)`"),
        (lambda cache: "key" in cache, r"`await cache\.contains\('key'\)`"),
        (iter, "cannot be iterated"),
        (list, "cannot be iterated"),
    ],
    ids=["read", "write", "delete", "in", "iter", "list"],
)
def test_item_access_is_refused_with_the_way_out(
    operation: Callable[[Any], object], way_out: str
) -> None:
    cache = Cache[int](backend=MemoryBackend(), serializer="noop://")

    with pytest.raises(TypeError, match=way_out):
        operation(cache)


async def test_serializer_works_in_the_loop_unless_told_otherwise() -> None:
    witness = Witness()

    await use(Cache(backend=MemoryBackend(), serializer=witness))

    assert witness.threads == {current_thread().name}


async def test_no_executor_is_the_default_one_of_the_loop() -> None:
    witness = Witness()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="mine"))

    await use(Cache(backend=MemoryBackend(), serializer=witness, serialize_executor=None))

    assert witness.threads
    assert all(name.startswith("mine") for name in witness.threads)


async def test_every_value_is_worked_on_in_the_executor() -> None:
    witness = Witness()
    with ThreadPoolExecutor(thread_name_prefix="pool") as executor:
        await use(Cache(backend=MemoryBackend(), serializer=witness, serialize_executor=executor))

    assert witness.threads
    assert all(name.startswith("pool") for name in witness.threads)


async def test_backend_may_be_awaited_or_not() -> None:
    awaited = Cache[int](backend=await async_backends.from_url("memory://"), serializer="noop://")
    plain = Cache[int](backend=async_backends.from_url("memory://"), serializer="noop://")

    for cache in (awaited, plain):
        assert await cache.set("key", 1)
        assert await cache.get("key") == 1


def test_backend_refuses_a_plain_with() -> None:
    with pytest.raises(RuntimeError, match="`async with`"), MemoryBackend[int]():
        pass


def test_backend_of_the_other_colour_is_refused_with_the_way_out() -> None:
    with pytest.raises(ConfigurationError, match=r"`cachetory\.backends\.async_`"):
        Cache(backend=sync_backends.MemoryBackend(), serializer="noop://")  # type: ignore[arg-type]


def test_cache_serves_one_event_loop_after_another() -> None:
    cache = Cache[int](backend=MemoryBackend(), serializer="pickle://")

    async def load() -> int:
        await asyncio.sleep(0)
        return 1

    assert asyncio.run(cache.get_or_set("key", load)) == 1
    assert asyncio.run(cache.get("key")) == 1  # type: ignore[arg-type]
    assert asyncio.run(cache.delete("key"))
    assert asyncio.run(cache.get_or_set("key", load)) == 1


def test_cache_over_redis_serves_one_event_loop_after_another(redis_url: str) -> None:
    cache = Cache[int](backend=redis_url, serializer="pickle://")

    async def use_and_close(value: int) -> int | None:
        async with cache:
            previous = await cache.get("key")
            await cache.set("key", value)
            return previous

    assert [asyncio.run(use_and_close(value)) for value in (1, 2, 3)] == [None, 1, 2]


def test_plain_with_is_refused_with_the_remedy() -> None:
    cache = Cache[Any](serializer="pickle://", backend="memory://")

    with (
        pytest.raises(TypeError, match=r"use `async with`, or the cache from `cachetory.sync`"),
        cache,
    ):
        pass

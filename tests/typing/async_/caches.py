"""What type checkers make of a cache. Checked by mypy and pyright, never run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from typing_extensions import assert_type

from cachetory.backends.async_ import MemoryBackend, from_url
from cachetory.caches.async_ import Cache
from cachetory.events import Event, Hit
from cachetory.interfaces.backends.async_ import AsyncBackend
from cachetory.serializers import NoopSerializer, PickleSerializer
from cachetory.serializers import from_url as serializer_from_url
from cachetory.serializers.compressors import ZlibCompressor


def on_event(event: Event) -> None:
    if isinstance(event, Hit):
        assert_type(event.key, str)


async def with_one_type_parameter() -> None:
    cache = Cache[int](serializer="pickle+zstd://", backend="memory://", on_event=on_event)
    assert_type(await cache.get("key"), int | None)
    assert_type(await cache.get("key", 0), int)
    assert_type(await cache.get("key", "none"), int | str)
    assert_type(await cache.get("key", None), int | None)
    assert_type(await cache.get_many("a", "b"), dict[str, int])
    assert_type(await cache.set("key", 1), bool)
    assert_type(await cache.set("key", 1, timedelta(seconds=1), True), bool)
    assert_type(await cache.set("key", 1, time_to_live=1.5, if_not_exists=True), bool)
    await cache.set_many({"a": 1, "b": 2}, time_to_live=5)
    await cache.set_many([("a", 1)])
    assert_type(await cache.delete("key"), bool)
    assert_type(await cache.contains("key"), bool)
    await cache.set("key", "text")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def with_two_type_parameters() -> None:
    cache = Cache[int, bytes](serializer=PickleSerializer(), backend=MemoryBackend[bytes]())
    assert_type(cache, Cache[int, bytes])
    assert_type(cache.backend, AsyncBackend[bytes])
    async with cache as entered:
        assert_type(entered, Cache[int, bytes])


async def with_inferred_types() -> None:
    blobs = Cache(serializer=ZlibCompressor(), backend=from_url("redis://localhost"))
    assert_type(await blobs.get("key"), bytes | None)
    anything = Cache[Any](serializer=serializer_from_url("json://"), backend=from_url("dummy://"))
    assert_type(await anything.get("key"), Any | None)


async def with_values_as_they_are() -> None:
    cache = Cache[list[int], list[int]](serializer=NoopSerializer(), backend=MemoryBackend())
    assert_type(await cache.get("key"), list[int] | None)


async def getting_or_setting() -> None:
    cache = Cache[int](serializer="pickle://", backend="memory://")

    async def load() -> int:
        return 1

    assert_type(await cache.get_or_set("key", load, time_to_live=5), int)
    assert_type(await cache.get_or_set("key", lambda: 1), int)
    assert_type(cache.stats().hit_ratio, float)


async def a_backend_may_be_awaited() -> None:
    backend: AsyncBackend[Any] = await from_url("memory://")
    assert_type(await MemoryBackend[bytes]().from_url("memory://"), MemoryBackend[bytes])
    async for key, wire in backend.get_many("key"):
        assert_type(key, str)
        assert_type(wire, Any)

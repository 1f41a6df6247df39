"""Stored bytes that the serializer cannot read are a miss, or an error that is no `KeyError`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from cachetory._shell import failure_log
from cachetory.caches.async_ import Cache
from cachetory.errors import DecodeError
from cachetory.events import Event, Hit, Miss, Undecodable
from tests.canary import VALUE

if TYPE_CHECKING:
    from cachetory.backends.async_ import MemoryBackend
    from tests.clock import ManualClock

FOREIGN = [b"", b"garbage", b"\x80\x05.", b"\xc1\xff" * 20, b"\x1f\x8b\x08", "text", None, 5]


class Names:
    """Stores the position of a name in a list, and raises `KeyError` for one that is not there."""

    def __init__(self, *names: str) -> None:
        self._names = dict(enumerate(names))

    def serialize(self, value: str) -> int:
        return next(number for number, name in self._names.items() if name == value)

    def deserialize(self, data: int) -> str:
        return self._names[data]


@pytest.fixture
def cache(backend: MemoryBackend[Any]) -> Cache[Any, Any]:
    return Cache(backend=backend, serializer="pickle+zlib://", prefix="app:")


@pytest.fixture
def strict_cache(backend: MemoryBackend[Any]) -> Cache[Any, Any]:
    return Cache(
        backend=backend, serializer="pickle+zlib://", prefix="app:", on_undecodable="raise"
    )


async def test_foreign_bytes_are_a_miss(cache: Cache[Any], backend: MemoryBackend[Any]) -> None:
    for count, wire in enumerate(FOREIGN, start=1):
        await backend.set("app:key", wire)

        assert await cache.get("key") is None
        assert await cache.get("key", "default") == "default"
        assert cache.stats().undecodable == 2 * count
    assert cache.stats()[:2] == (0, 2 * len(FOREIGN))


async def test_foreign_bytes_are_left_out_of_many(
    cache: Cache[Any], backend: MemoryBackend[Any]
) -> None:
    await cache.set_many({"a": 1, "b": 2})
    await backend.set("app:foreign", b"garbage")

    assert await cache.get_many("a", "foreign", "b") == {"a": 1, "b": 2}
    assert (cache.stats().hits, cache.stats().misses, cache.stats().undecodable) == (2, 1, 1)


async def test_foreign_bytes_are_overwritten_by_what_is_loaded(
    cache: Cache[Any], backend: MemoryBackend[Any]
) -> None:
    await backend.set("app:key", b"garbage")

    assert await cache.get_or_set("key", lambda: 1) == 1
    assert await cache.get("key") == 1


async def test_foreign_bytes_can_be_deleted_and_overwritten(
    cache: Cache[Any], backend: MemoryBackend[Any]
) -> None:
    await backend.set("app:a", b"garbage")
    await backend.set("app:b", b"garbage")

    assert await cache.delete("a")
    await cache.set("b", 1)
    assert await cache.get_many("a", "b") == {"b": 1}


async def test_key_error_of_a_deserializer_is_counted_as_undecodable(
    backend: MemoryBackend[Any],
) -> None:
    await Cache[str](backend=backend, serializer=Names("one", "two")).set("key", "two")  # type: ignore[arg-type]
    told: list[Event] = []
    cache = Cache[str](backend=backend, serializer=Names("one"), on_event=told.append)  # type: ignore[arg-type]

    assert await cache.get("key") is None
    assert await cache.get_many("key") == {}
    match told:
        case [Undecodable("key", KeyError()), Miss("key"), Undecodable("key", KeyError()), Miss()]:
            pass
        case _:
            pytest.fail(f"{told}")


async def test_key_error_of_a_deserializer_is_a_decode_error_if_it_is_to_be_raised(
    backend: MemoryBackend[Any],
) -> None:
    cache = Cache[str](backend=backend, serializer=Names(), on_undecodable="raise")  # type: ignore[arg-type]
    await backend.set("key", 1)

    with pytest.raises(DecodeError) as caught:
        await cache.get("key")
    assert not isinstance(caught.value, KeyError)
    assert isinstance(caught.value.__cause__, KeyError)


async def test_undecodable_value_is_raised_if_it_is_to_be(
    strict_cache: Cache[Any], backend: MemoryBackend[Any]
) -> None:
    await strict_cache.set("fine", 1)
    await backend.set("app:key", b"garbage")

    with pytest.raises(DecodeError, match="'key'"):
        await strict_cache.get("key")
    with pytest.raises(DecodeError, match="'key'"):
        await strict_cache.get("key", "default")
    with pytest.raises(DecodeError, match="'key'"):
        await strict_cache.get_many("fine", "key")
    with pytest.raises(DecodeError, match="'key'"):
        await strict_cache.get_or_set("key", lambda: 1)
    assert strict_cache.stats().undecodable == 4
    assert await strict_cache.get("missing") is None
    assert await strict_cache.get("fine") == 1


async def test_undecodable_value_is_told_of_before_the_miss(
    backend: MemoryBackend[Any],
) -> None:
    told: list[Event] = []
    cache = Cache[Any](backend=backend, serializer="json://", on_event=told.append)
    await backend.set("key", b"{")

    await cache.get("key")
    await cache.get_or_set("key", lambda: 1)
    await cache.get("key")

    assert [type(event).__name__ for event in told] == [
        "Undecodable",
        "Miss",
        "Undecodable",
        "Miss",
        "Loaded",
        "Set",
        "Hit",
    ]
    assert told[-1] == Hit("key")


async def test_log_of_undecodable_values_shows_neither_value_nor_key(
    backend: MemoryBackend[Any],
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = failure_log.FailureLog("undecodable", clock=clock)
    monkeypatch.setattr(failure_log, "undecodable_values", log)
    cache = Cache[Any](backend=backend, serializer="json://")
    await backend.set("the-key", VALUE.encode())

    with caplog.at_level(logging.DEBUG, logger="cachetory"):
        for _ in range(3):
            await cache.get("the-key")

    levels = [record.levelno for record in caplog.records]
    assert levels.count(logging.WARNING) == 1
    for record in caplog.records:
        assert ("the-key" in record.getMessage()) == (record.levelno == logging.DEBUG)
        assert VALUE not in record.getMessage()

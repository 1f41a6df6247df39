"""What the synchronous cache alone can do: item access, and a serializer in the caller's thread."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from threading import current_thread
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.backends import async_ as async_backends
from cachetory.backends.sync import MemoryBackend
from cachetory.caches.sync import Cache
from cachetory.errors import ConfigurationError, DecodeError
from cachetory.serializers import PickleSerializer

if TYPE_CHECKING:
    from tests.clock import ManualClock


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


@pytest.fixture(params=["noop://", "pickle://"])
def cache(request: pytest.FixtureRequest) -> Cache[Any, Any]:
    return Cache(backend=MemoryBackend(), serializer=request.param, prefix="app:")


def test_items_are_read_and_written(cache: Cache[Any]) -> None:
    cache["key"] = 1

    assert cache["key"] == 1
    assert cache.get("key") == 1


def test_items_live_for_ever(clock: ManualClock) -> None:
    cache = Cache[Any](backend=MemoryBackend(clock=clock), serializer="noop://")
    cache.set("key", 1, 5)

    cache["key"] = None

    clock.advance(1e9)
    assert cache["key"] is None


def test_missing_item_is_a_key_error(cache: Cache[Any]) -> None:
    with pytest.raises(KeyError, match="'key'"):
        cache["key"]


def test_item_that_is_deleted_is_gone(cache: Cache[Any]) -> None:
    cache["key"] = 1

    del cache["key"]

    assert "key" not in cache


def test_missing_item_cannot_be_deleted(cache: Cache[Any]) -> None:
    with pytest.raises(KeyError, match="'key'"):
        del cache["key"]


def test_in_tells_whether_there_is_an_entry(cache: Cache[Any]) -> None:
    cache["key"] = None

    assert "key" in cache
    assert "missing" not in cache
    assert cache.stats()[:2] == (0, 0)


def test_iteration_is_refused_with_a_reason(cache: Cache[Any]) -> None:
    cache["key"] = 1

    with pytest.raises(TypeError, match="cannot be iterated"):
        iter(cache)
    with pytest.raises(TypeError, match="cannot be iterated"):
        list(cache)


def test_undecodable_item_is_a_key_error_or_a_decode_error() -> None:
    backend = MemoryBackend[Any]()
    cache = Cache[Any](backend=backend, serializer="pickle://")
    strict_cache = Cache[Any](backend=backend, serializer="pickle://", on_undecodable="raise")
    backend.set("key", b"garbage")

    with pytest.raises(KeyError):
        cache["key"]
    with pytest.raises(DecodeError) as caught:
        strict_cache["key"]
    assert not isinstance(caught.value, KeyError)


def test_single_values_are_worked_on_in_the_thread_of_the_caller() -> None:
    witness = Witness()
    with ThreadPoolExecutor() as executor:
        cache = Cache[Any](backend=MemoryBackend(), serializer=witness, serialize_executor=executor)
        cache.set("key", 1)
        cache.get("key")
        cache.get_or_set("other", lambda: 2)

    assert witness.threads == {current_thread().name}


def test_no_executor_is_the_thread_of_the_caller() -> None:
    witness = Witness()
    cache = Cache[Any](backend=MemoryBackend(), serializer=witness, serialize_executor=None)

    cache.set_many({"a": 1, "b": 2})

    assert cache.get_many("a", "b") == {"a": 1, "b": 2}
    assert witness.threads == {current_thread().name}


def test_bulk_values_are_worked_on_in_the_executor() -> None:
    witness = Witness()
    with ThreadPoolExecutor(thread_name_prefix="pool") as executor:
        cache = Cache[Any](backend=MemoryBackend(), serializer=witness, serialize_executor=executor)
        cache.set_many({"a": 1, "b": 2})
        cache.get_many("a", "b")

    assert all(name.startswith("pool") for name in witness.threads)


def test_backend_of_the_other_colour_is_refused_with_the_way_out() -> None:
    with pytest.raises(ConfigurationError, match=r"`cachetory\.backends\.sync`"):
        Cache(backend=async_backends.MemoryBackend(), serializer="noop://")  # type: ignore[arg-type]


def test_wire_is_what_the_serializer_writes_and_no_more() -> None:
    backend = MemoryBackend[bytes]()
    Cache[int](backend=backend, serializer="pickle://?pickle-protocol=4")["key"] = 5

    assert backend.get("key") == pickle.dumps(5, 4)


async def test_async_with_is_refused_with_the_remedy() -> None:
    cache = Cache[Any](serializer="pickle://", backend="memory://")

    with pytest.raises(TypeError, match=r"use `with`, or the cache from `cachetory.async_`"):
        async with cache:
            pass

"""Memory and dummy caches are copied and pickled; a copy is independent."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from copy import copy, deepcopy
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from cachetory.backends.async_ import DummyBackend, MemoryBackend, from_url
from cachetory.caches.async_ import Cache
from cachetory.decorators.async_ import cached
from cachetory.errors import NoValueError
from cachetory.policy import Policy
from cachetory.serializers import from_url as serializer_from_url
from cachetory.shortcuts.async_ import dummy_cache, memory_cache
from tests.clock import ManualClock

Copy = Callable[[Any], Any]

SERIALIZERS = ["noop://", "pickle://", "json://", "msgpack://", "pickle+zlib://", "pickle+zstd://"]
POLICY = Policy(time_to_live=10, stale_while_revalidate=50, negative_time_to_live=20)


def pickled(original: Any, protocol: int) -> Any:
    return pickle.loads(pickle.dumps(original, protocol))


COPIES = [deepcopy, *(partial(pickled, protocol=protocol) for protocol in range(2, 6))]


@pytest.fixture(params=COPIES, ids=lambda it: getattr(it, "__name__", "pickle"))
def copied(request: pytest.FixtureRequest) -> Copy:
    way: Copy = request.param
    return way


@pytest.mark.parametrize("serializer", SERIALIZERS)
@pytest.mark.parametrize("policy", [None, POLICY])
async def test_copy_of_a_cache_has_its_entries_and_is_independent(
    copied: Copy, serializer: str, policy: Policy | None
) -> None:
    cache = Cache[Any](serializer=serializer, backend="memory://", prefix="p:", policy=policy)
    await cache.set("key", ["value"])
    await cache.set("short", 1, time_to_live=1000)

    other = copied(cache)
    await cache.set("key", "changed")
    await other.set("new", 1)

    assert await other.get_many("key", "short", "new") == {"key": ["value"], "short": 1, "new": 1}
    assert await cache.get_many("key", "short", "new") == {"key": "changed", "short": 1}
    assert (other.prefix, other.policy) == (cache.prefix, cache.policy)


def test_copied_objects_are_copies(copied: Copy) -> None:
    backend = MemoryBackend[Any]()
    value = ["value"]
    backend.local_store.set("key", value, float("inf"))

    other = copied(backend)

    assert other.local_store.get("key", None) == value
    assert other.local_store.get("key", None) is not value


@pytest.mark.parametrize("policy", ["s3-fifo", "lru"])
async def test_copy_keeps_bounds_and_order(copied: Copy, policy: Any) -> None:
    backend = MemoryBackend[bytes](max_entries=3, max_weight=100, policy=policy)
    for key in "abc":
        await backend.set(key, b"value")

    other = copied(backend)
    for key in "defgh":
        await other.set(key, b"value")

    assert (other.size, backend.size) == (3, 3)
    assert await other.set("big", bytes(200)) is False


async def test_copy_keeps_times_and_leaves_expired_entries_and_claims_behind() -> None:
    clock = ManualClock()
    backend = MemoryBackend[int](clock=clock, wall_clock=clock)
    await backend.set("old", 1, time_to_live=1)
    await backend.set("new", 2, time_to_live=10)
    await backend.leases.claim(["new"], "mine", 5.0)
    clock.advance(2)

    other = deepcopy(backend)

    assert other.size == 1
    assert await other.leases.renew(["new"], "mine", 5.0) == [False]
    assert await backend.leases.renew(["new"], "mine", 5.0) == [True]
    clock.advance(7.5)
    assert await other.get("new") == 2
    clock.advance(0.5)
    with pytest.raises(KeyError):
        await other.get("new")


@pytest.mark.parametrize("serializer", ["noop://", "pickle://"])
async def test_copy_keeps_stale_and_negative_entries(copied: Copy, serializer: str) -> None:
    cache = Cache[int](serializer=serializer, backend="memory://", policy=POLICY)

    async def find_none() -> int:
        raise NoValueError

    async def load() -> int:
        return 1

    await cache.set("fresh", 1)
    with pytest.raises(NoValueError):
        await cache.get_or_set("none", find_none)

    other = copied(cache)

    with pytest.raises(NoValueError):
        await other.get_or_set("none", load)
    found, original = await other.lookup("fresh"), await cache.lookup("fresh")
    assert found.value == 1
    assert found.created_at == original.created_at


async def test_decorated_function_keeps_to_the_original(copied: Copy) -> None:
    cache = memory_cache()
    calls: list[int] = []

    @cached(cache, version=1)
    async def load(number: int) -> int:
        calls.append(number)
        return len(calls)

    await load(1)
    other = copied(cache)
    again = cached(other, version=1)(load.__wrapped__)
    await other.backend.clear()

    assert [await load(1), await load(1)] == [1, 1]
    assert [await again(1), await again(1)] == [2, 2]
    assert await load(1) == 1
    assert other.stats().loads == 1


async def test_cache_is_copied_while_it_loads(copied: Copy) -> None:
    cache = memory_cache()
    copies: list[Any] = []

    async def load() -> int:
        copies.append(copied(cache))
        return 1

    assert await cache.get_or_set("key", load) == 1
    assert await copies[0].get("key") is None
    assert await copies[0].get_or_set("key", lambda: 2) == 2


async def test_shallow_copy_uses_the_same_store() -> None:
    backend = MemoryBackend[int]()
    cache = Cache[int, int](serializer="noop://", backend=backend, prefix="p:")

    await copy(backend).set("p:key", 1)

    assert await copy(cache).get("key") == 1


async def test_named_store_is_copied_as_a_name(copied: Copy) -> None:
    backend = from_url("memory://copied-as-a-name?max-entries=5")

    other = copied(backend)
    await other.set("key", 1)

    assert await backend.get("key") == 1


async def test_dummy_cache_is_copied(copied: Copy) -> None:
    await copied(dummy_cache()).set("key", 1)
    assert isinstance(copied(DummyBackend()), DummyBackend)


async def test_copy_of_a_subclass_keeps_its_attributes(copied: Copy) -> None:
    cache = TenantCache("north")
    await cache.set("key", 1)

    other = copied(cache)

    assert isinstance(other, TenantCache)
    assert (other.tenant, await other.get("key")) == ("north", 1)


class TenantCache(Cache[int, bytes]):
    def __init__(self, tenant: str) -> None:
        super().__init__(
            serializer=serializer_from_url("pickle://"),
            backend=MemoryBackend(),
            prefix=f"{tenant}:",
        )
        self.tenant = tenant


async def test_listener_and_clocks_are_shared_by_a_deep_copy() -> None:
    clock = ManualClock()
    told: list[Any] = []
    cache = Cache[int](
        serializer="pickle://",
        backend=MemoryBackend(clock=clock),
        on_event=told.append,
        wall_clock=clock,
    )

    other = deepcopy(cache)
    await other.set("key", 1, time_to_live=timedelta(seconds=5))
    clock.advance(5)

    assert await other.get("key") is None
    assert len(told) == 2

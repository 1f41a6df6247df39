"""What memory backends do besides the contract: URLs, names, bounds and counts."""

from __future__ import annotations

import gc
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.backends.async_ import MemoryBackend, from_url
from cachetory.backends.memory_stores import DEFAULT_MAX_ENTRIES
from cachetory.errors import ConfigurationError
from cachetory.testing.async_only import collect, run_together
from tests.canary import PASSWORD

if TYPE_CHECKING:
    from tests.clock import ManualClock


async def fill(backend: MemoryBackend[Any], count: int, *, value: Any = b"value") -> None:
    for number in range(count):
        await backend.set(f"key {number}", value)


# URLs


async def test_from_url_without_parameters_is_bounded_by_default() -> None:
    backend = MemoryBackend[bytes].from_url("memory://")
    await fill(backend, DEFAULT_MAX_ENTRIES + 100)

    assert backend.size == DEFAULT_MAX_ENTRIES
    assert backend.local_store.evictions == 100


async def test_from_url_without_name_is_a_store_of_its_own() -> None:
    one, other = from_url("memory://"), from_url("memory://")

    await one.set("key", b"value")

    assert await other.contains("key") is False


@pytest.mark.parametrize(
    "url", ["memory://?max-entries=3", "memory:///?max-entries=3&policy=lru&max-weight=none"]
)
async def test_from_url_max_entries_bounds_the_store(url: str) -> None:
    backend = MemoryBackend[bytes].from_url(url)
    await fill(backend, 10)

    assert backend.size == 3


async def test_from_url_max_entries_none_is_unbounded() -> None:
    backend = MemoryBackend[None].from_url("memory://?max-entries=none")
    await fill(backend, DEFAULT_MAX_ENTRIES + 1, value=None)

    assert backend.size == DEFAULT_MAX_ENTRIES + 1


async def test_from_url_max_weight_counts_bytes_of_key_and_value() -> None:
    backend = MemoryBackend[bytes].from_url("memory://?max-weight=20")
    await backend.set("12", b"34567890")
    await backend.set("34", b"34567890")
    await backend.set("56", b"34567890")

    assert backend.size == 2
    assert backend.local_store.weight == 20


async def test_from_url_policy_lru_evicts_the_least_recently_used() -> None:
    backend = MemoryBackend[bytes].from_url("memory://?max-entries=3&policy=lru")
    await fill(backend, 3)
    await backend.get("key 0")
    await collect(backend.get_many("key 1"))

    await backend.set("newcomer", b"value")

    found = dict(await collect(backend.get_many("key 0", "key 1", "key 2", "newcomer")))
    assert list(found) == ["key 0", "key 1", "newcomer"]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("memory://?max-entires=5", "`max-entires`; known ones are `clock`, `max-entries`"),
        ("memory://?max_entries=5", "`max_entries`"),
        ("memory://?max-entries=5&max-entries=6", "more than once"),
        ("memory://?max-entries=0", "1 or more"),
        ("memory://?max-entries=-1", "1 or more"),
        ("memory://?max-entries=1.5", "whole number, or `none`"),
        ("memory://?max-entries=many", "whole number, or `none`"),
        ("memory://?max-weight=0", "1 or more"),
        ("memory://?policy=fifo", "`s3-fifo`, `lru`"),
        ("memory://?policy=", "`s3-fifo`, `lru`"),
        ("memory://?max-entries", "`name=value`"),
        ("memory://name/path", "has a path"),
        ("memory:///name", "has a path"),
        ("memory://#name", "fragment"),
    ],
)
async def test_from_url_that_cannot_work_tells_the_way_out(url: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        from_url(url)


@pytest.mark.parametrize("url", ["memory://user:{}@name/path", "memory://?password={}"])
async def test_from_url_error_shows_no_secret(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        from_url(url.format(PASSWORD))

    assert PASSWORD not in str(caught.value)


async def test_from_url_of_subclass_makes_its_instance() -> None:
    class Mine(MemoryBackend[bytes]):
        pass

    assert type(Mine.from_url("memory://")) is Mine
    assert type(Mine.from_url("memory://of-subclass")) is Mine


# Names


async def test_named_store_is_shared_by_all_who_name_it() -> None:
    one = MemoryBackend[bytes].from_url("memory://shared-async_")
    other = MemoryBackend[bytes].from_url("memory://shared-async_")

    await one.set("key", b"value")

    assert await other.get("key") == b"value"
    assert other.size == 1
    assert await other.delete("key") is True
    assert one.size == 0


async def test_named_store_keeps_names_apart() -> None:
    await from_url("memory://apart-async_").set("key", b"value")

    for url in ("memory://Apart-async_", "memory://apart-async_-too", "memory://"):
        assert await from_url(url).contains("key") is False


async def test_named_store_name_is_percent_decoded() -> None:
    await from_url("memory://a%20name-async_").set("key", b"value")

    assert await from_url("memory://a name-async_").get("key") == b"value"


async def test_named_store_bounds_are_those_of_the_first() -> None:
    url = "memory://bounded-async_?max-entries=2"
    await fill(MemoryBackend[bytes].from_url(url), 5)

    again = MemoryBackend[bytes].from_url(url)
    unasked = MemoryBackend[bytes].from_url("memory://bounded-async_")

    assert again.size == unasked.size == 2


async def test_named_store_other_bounds_are_refused() -> None:
    from_url("memory://refusing-async_?max-entries=2")

    with pytest.raises(ConfigurationError, match="memory://refusing-async_` is there already"):
        from_url("memory://refusing-async_?max-entries=3")
    from_url("memory://unasked-async_")
    with pytest.raises(ConfigurationError, match="is there already"):
        from_url("memory://unasked-async_?policy=lru")


async def test_named_store_lives_on_without_backends() -> None:
    await from_url("memory://lasting-async_").set("key", b"value")
    gc.collect()

    async with from_url("memory://lasting-async_") as backend:
        assert await backend.get("key") == b"value"
    assert await from_url("memory://lasting-async_").contains("key") is True


# Bounds and counts


@pytest.mark.parametrize("policy", ["s3-fifo", "lru"])
async def test_max_entries_is_never_exceeded(policy: Any) -> None:
    backend = MemoryBackend[bytes](max_entries=10, policy=policy)

    for number in range(500):
        await backend.set(f"key {number % 37}", b"value", time_to_live=60)
        assert backend.size <= 10
    await backend.set_many((f"bulk {number}", b"value") for number in range(100))

    assert backend.size == 10


@pytest.mark.parametrize("policy", ["s3-fifo", "lru"])
async def test_max_weight_is_never_exceeded(policy: Any) -> None:
    backend = MemoryBackend[int](
        max_entries=None, max_weight=100, weigher=lambda _, value: value, policy=policy
    )

    for number in range(500):
        await backend.set(f"key {number % 37}", number * 7 % 41)
        assert backend.local_store.weight <= 100
    await backend.set_many((f"bulk {number}", 9) for number in range(30))

    assert 0 < backend.local_store.weight <= 100


async def test_value_above_max_weight_removes_the_former_one() -> None:
    backend = MemoryBackend[bytes](max_weight=100)
    await backend.set("key", b"small")
    await backend.set("other", b"small")

    assert await backend.set("key", bytes(101)) is False
    assert await backend.contains("key") is False
    assert await backend.get("other") == b"small"


async def test_value_grown_makes_room_for_itself() -> None:
    backend = MemoryBackend[bytes](max_weight=30, policy="lru")
    for key in "abc":
        await backend.set(key, bytes(9))

    await backend.set("c", bytes(19))

    assert backend.local_store.weight == 30
    assert await backend.contains("a") is False
    assert await backend.get("c") == bytes(19)


async def test_weigher_is_called_with_key_and_value() -> None:
    calls: list[tuple[str, bytes]] = []

    def weigh(key: str, value: bytes) -> int:
        calls.append((key, value))
        return 1

    backend = MemoryBackend[bytes](max_weight=10, weigher=weigh)
    await backend.set("key", b"value")
    await backend.set_many([("other", b"value")])

    assert calls == [("key", b"value"), ("other", b"value")]


@pytest.mark.parametrize("weight", [-1, 1.5, "1", None])
async def test_weigher_that_gives_no_weight_is_refused(weight: Any) -> None:
    backend = MemoryBackend[bytes](max_weight=10, weigher=lambda _key, _value: weight)

    with pytest.raises(ConfigurationError, match="integer, zero or more"):
        await backend.set("key", b"value")
    assert backend.size == 0


async def test_max_weight_without_weigher_refuses_what_has_no_bytes() -> None:
    backend = MemoryBackend[Any](max_weight=10)
    await backend.set("key", "text")

    with pytest.raises(ConfigurationError, match="dict"):
        await backend.set("key", {})
    assert await backend.get("key") == "text"


@pytest.mark.parametrize(
    "options",
    [
        {"max_entries": 0},
        {"max_entries": -5},
        {"max_entries": 1.5},
        {"max_entries": True},
        {"max_entries": "10"},
        {"max_weight": 0},
        {"policy": "random"},
    ],
)
async def test_options_that_cannot_work_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        MemoryBackend(**options)


@pytest.mark.parametrize("policy", ["s3-fifo", "lru"])
async def test_evictions_and_expirations_are_counted_apart(policy: Any, clock: ManualClock) -> None:
    backend = MemoryBackend[bytes](max_entries=4, policy=policy, clock=clock)
    store = backend.local_store
    await fill(backend, 4)
    assert (store.evictions, store.expirations) == (0, 0)

    await fill(backend, 6)
    evictions = store.evictions
    assert evictions >= 2
    assert backend.size == 4

    await backend.clear()
    await backend.set("key", b"value", time_to_live=1)
    clock.advance(1)
    await backend.set("other", b"value")
    assert (store.evictions, store.expirations) == (evictions, 1)
    assert backend.size == 1


async def test_expired_entries_are_swept_by_later_writes(clock: ManualClock) -> None:
    backend = MemoryBackend[bytes](clock=clock)
    for number in range(1000):
        await backend.set(f"mortal {number}", b"value", time_to_live=1)
    clock.advance(1)
    assert backend.size == 1000

    for number in range(500):
        await backend.set(f"key {number}", b"value", time_to_live=60)

    assert backend.size == 500
    assert backend.local_store.expirations == 1000


async def test_expired_entries_are_swept_though_an_eternal_one_came_first(
    clock: ManualClock,
) -> None:
    backend = MemoryBackend[bytes](clock=clock)
    await backend.set("hour", b"value", time_to_live=3600)
    for number in range(20):
        await backend.set(f"mortal {number}", b"value", time_to_live=1)
    await backend.set("eternal", b"value", time_to_live=1)
    await backend.expire_in("eternal", None)
    clock.advance(1)

    for _ in range(100):
        await backend.set("key", b"value", time_to_live=60)

    assert backend.size == 3
    assert await backend.contains("eternal") is True


async def test_deadlines_are_told_against_the_wall_clock(clock: ManualClock) -> None:
    backend = MemoryBackend[bytes](clock=clock, wall_clock=lambda: 5000.0)
    await backend.set("key", b"value")

    await backend.expire_at("key", datetime.fromtimestamp(5010, timezone.utc))

    clock.advance(9.75)
    assert await backend.contains("key") is True
    clock.advance(0.25)
    assert await backend.contains("key") is False


async def test_values_are_kept_as_they_are() -> None:
    backend = MemoryBackend[Any]()
    value = object()
    await backend.set("key", value)

    assert await backend.get("key") is value


async def test_values_are_released_when_they_go(clock: ManualClock) -> None:
    class Value:
        alive = 0

        def __init__(self) -> None:
            Value.alive += 1

        def __del__(self) -> None:
            Value.alive -= 1

    backend = MemoryBackend[Value](max_entries=10, clock=clock)
    for number in range(100):
        await backend.set(f"key {number}", Value(), time_to_live=60)
    gc.collect()
    assert Value.alive == 10

    await backend.delete_many(*(f"key {number}" for number in range(95, 100)))
    await backend.clear()
    gc.collect()
    assert Value.alive == 0


async def test_many_users_of_a_full_store_find_nothing_foreign() -> None:
    backend = MemoryBackend[str](max_entries=20)

    def user(name: int) -> Any:
        async def work() -> None:
            for turn in range(400):
                key = f"key {(name * 7 + turn) % 50}"
                await backend.set(key, key, time_to_live=60)
                assert dict(await collect(backend.get_many(key, "nobody"))) in ({}, {key: key})
                if turn % 5 == 0:
                    await backend.delete(key)

        return work

    await run_together(user(name) for name in range(6))

    assert 0 < backend.size <= 20
    assert backend.local_store.weight == backend.size

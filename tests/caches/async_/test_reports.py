"""What a cache tells of its doings: events in order, counts, and lines in the log."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from cachetory._core.stats import Stats
from cachetory.backends.async_ import MemoryBackend, RedisBackend
from cachetory.caches.async_ import Cache
from cachetory.events import (
    Cleared,
    Deleted,
    Event,
    Expiring,
    Hit,
    Loaded,
    LoadFailed,
    Miss,
    NotStored,
    Set,
)

if TYPE_CHECKING:
    from tests.clock import ManualClock


@pytest.fixture
def told() -> list[Event]:
    """The events so far."""
    return []


@pytest.fixture
def cache(told: list[Event], backend: MemoryBackend[Any]) -> Cache[Any, Any]:
    return Cache(backend=backend, serializer="pickle://", prefix="app:", on_event=told.append)


async def fail() -> int:
    raise ZeroDivisionError


async def one() -> int:
    return 1


async def test_lookups_tell_hits_and_misses(cache: Cache[Any], told: list[Event]) -> None:
    await cache.set_many({"a": None, "b": 2})
    told.clear()

    await cache.get("a")
    await cache.get("missing", 0)
    await cache.get_many("missing", "b", "a", "b")
    await cache.contains("a")
    await cache.get_many()

    assert told == [Hit("a"), Miss("missing"), Miss("missing"), Hit("b"), Hit("a")]


async def test_writes_tell_keys_without_the_prefix(cache: Cache[Any], told: list[Event]) -> None:
    await cache.set("a", 1)
    await cache.set_many({"b": 2, "c": 3})
    await cache.expire_in("a", 5)
    await cache.expire_at("b", datetime.now(timezone.utc))
    await cache.delete("a")
    await cache.delete("missing")
    await cache.delete_many("b", "c")
    await cache.clear()

    assert told == [
        Set("a"),
        Set("b"),
        Set("c"),
        Expiring("a"),
        Expiring("b"),
        Deleted("a"),
        Deleted("missing"),
        Deleted("b"),
        Deleted("c"),
        Cleared("app:"),
    ]


async def test_set_that_leaves_the_store_as_it_is_tells_nothing(
    cache: Cache[Any], told: list[Event]
) -> None:
    await cache.set("a", 1)
    await cache.set("a", 2, if_not_exists=True)
    await cache.set("b", 1, 0)

    assert told == [Set("a")]
    assert cache.stats().sets == 1


async def test_get_or_set_tells_miss_load_and_set_in_this_order(
    cache: Cache[Any], told: list[Event]
) -> None:
    await cache.get_or_set("a", one)
    await cache.get_or_set("a", one)

    match told:
        case [Miss("a"), Loaded("a", seconds), Set("a"), Hit("a")]:
            assert 0 <= seconds < 60
        case _:
            pytest.fail(f"{told}")


async def test_get_or_set_tells_of_a_failed_load(cache: Cache[Any], told: list[Event]) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        await cache.get_or_set("a", fail)

    missed, failed = told
    assert missed == Miss("a")
    assert isinstance(failed, LoadFailed)
    assert (failed.key, failed.error) == ("a", caught.value)
    assert failed.seconds >= 0


async def test_get_or_set_tells_why_a_value_was_not_stored(
    cache: Cache[Any], told: list[Event]
) -> None:
    async def delete_meanwhile() -> int:
        await cache.delete("c")
        return 1

    await cache.get_or_set("a", one, exclude=lambda key, value: True)
    await cache.get_or_set("b", lambda: lambda: None)
    await cache.get_or_set("d", lambda: (it for it in ()))
    await cache.get_or_set("c", delete_meanwhile)

    assert [event for event in told if isinstance(event, (NotStored, Set))] == [
        NotStored("a", "excluded"),
        NotStored("b", "failed"),
        NotStored("d", "one-shot"),
        NotStored("c", "fenced"),
    ]


async def test_listener_that_raises_does_no_harm(
    backend: MemoryBackend[Any], caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(event: Event) -> None:
        raise ZeroDivisionError

    cache = Cache[Any](backend=backend, serializer="pickle://", on_event=refuse)

    with caplog.at_level(logging.DEBUG, logger="cachetory"):
        assert await cache.set("a", 1)
        assert await cache.get("a") == 1
        assert await cache.get_or_set("b", one) == 1
        assert await cache.get_many("a", "b") == {"a": 1, "b": 1}
        assert await cache.delete("a")
    assert "an `on_event` callback raised: ZeroDivisionError" in caplog.text


async def test_stats_count_what_was_told(
    cache: Cache[Any], backend: MemoryBackend[Any], clock: ManualClock
) -> None:
    await cache.set("a", 1)
    await cache.set_many({"b": 2, "c": 3}, time_to_live=5)
    await cache.get("a")
    await cache.get("missing")
    await cache.get_many("a", "b", "missing")
    await cache.get_or_set("d", one)
    await cache.get_or_set("e", one, exclude=lambda key, value: True)
    with pytest.raises(ZeroDivisionError):
        await cache.get_or_set("f", fail)
    await cache.delete("a")
    await cache.delete_many("missing", "d")
    await backend.set("app:b", b"garbage", time_to_live=5)
    await cache.get("b")
    clock.advance(5)
    await cache.set("g", 1)

    stats = cache.stats()
    assert stats == Stats(
        hits=3,
        misses=6,
        sets=5,
        deletes=3,
        loads=2,
        load_failures=1,
        not_stored=1,
        undecodable=1,
        backend_errors=0,
        entries=1,
        evictions=0,
        expirations=2,
    )
    assert stats.hit_ratio == pytest.approx(3 / 9)


async def test_stats_are_a_snapshot(cache: Cache[Any]) -> None:
    before = cache.stats()
    await cache.get("a")

    assert before.misses == 0
    assert cache.stats().misses == 1


async def test_stats_count_lookups_that_go_straight_to_the_store(
    backend: MemoryBackend[Any],
) -> None:
    cache = Cache[Any](backend=backend, serializer="noop://")
    await cache.set("a", 1)
    await cache.get("a")
    await cache.get("missing")

    assert cache.local_store is not None
    assert (cache.stats().hits, cache.stats().misses) == (1, 1)


async def test_stats_tell_of_evictions() -> None:
    cache = Cache[Any](backend=MemoryBackend(max_entries=2), serializer="noop://")
    await cache.set_many({"a": 1, "b": 2, "c": 3})

    assert (cache.stats().entries, cache.stats().evictions) == (2, 1)


async def test_stats_tell_nothing_of_the_entries_of_a_remote_store(redis_url: str) -> None:
    async with Cache[int](backend=RedisBackend.from_url(redis_url), serializer="pickle://") as it:
        await it.set("a", 1)

        assert (it.stats().entries, it.stats().evictions, it.stats().expirations) == (None,) * 3
        assert it.stats().sets == 1

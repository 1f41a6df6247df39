# Generated from tests/caches/async_/test_reports.py by tools/unasync.py. Do not edit: edit that file instead.
"""What a cache tells of its doings: events in order, counts, and lines in the log."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from cachetory._core.stats import Stats
from cachetory.backends.sync import MemoryBackend, RedisBackend
from cachetory.caches.sync import Cache
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


def fail() -> int:
    raise ZeroDivisionError


def one() -> int:
    return 1


def test_lookups_tell_hits_and_misses(cache: Cache[Any], told: list[Event]) -> None:
    cache.set_many({"a": None, "b": 2})
    told.clear()

    cache.get("a")
    cache.get("missing", 0)
    cache.get_many("missing", "b", "a", "b")
    cache.contains("a")
    cache.get_many()

    assert told == [Hit("a"), Miss("missing"), Miss("missing"), Hit("b"), Hit("a")]


def test_writes_tell_keys_without_the_prefix(cache: Cache[Any], told: list[Event]) -> None:
    cache.set("a", 1)
    cache.set_many({"b": 2, "c": 3})
    cache.expire_in("a", 5)
    cache.expire_at("b", datetime.now(timezone.utc))
    cache.delete("a")
    cache.delete("missing")
    cache.delete_many("b", "c")
    cache.clear()

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


def test_set_that_leaves_the_store_as_it_is_tells_nothing(
    cache: Cache[Any], told: list[Event]
) -> None:
    cache.set("a", 1)
    cache.set("a", 2, if_not_exists=True)
    cache.set("b", 1, 0)

    assert told == [Set("a")]
    assert cache.stats().sets == 1


def test_get_or_set_tells_miss_load_and_set_in_this_order(
    cache: Cache[Any], told: list[Event]
) -> None:
    cache.get_or_set("a", one)
    cache.get_or_set("a", one)

    match told:
        case [Miss("a"), Loaded("a", seconds), Set("a"), Hit("a")]:
            assert 0 <= seconds < 60
        case _:
            pytest.fail(f"{told}")


def test_get_or_set_tells_of_a_failed_load(cache: Cache[Any], told: list[Event]) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        cache.get_or_set("a", fail)

    missed, failed = told
    assert missed == Miss("a")
    assert isinstance(failed, LoadFailed)
    assert (failed.key, failed.error) == ("a", caught.value)
    assert failed.seconds >= 0


def test_get_or_set_tells_why_a_value_was_not_stored(cache: Cache[Any], told: list[Event]) -> None:
    def delete_meanwhile() -> int:
        cache.delete("c")
        return 1

    cache.get_or_set("a", one, exclude=lambda key, value: True)
    cache.get_or_set("b", lambda: lambda: None)
    cache.get_or_set("d", lambda: (it for it in ()))
    cache.get_or_set("c", delete_meanwhile)

    assert [event for event in told if isinstance(event, (NotStored, Set))] == [
        NotStored("a", "excluded"),
        NotStored("b", "failed"),
        NotStored("d", "one-shot"),
        NotStored("c", "fenced"),
    ]


def test_listener_that_raises_does_no_harm(
    backend: MemoryBackend[Any], caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(event: Event) -> None:
        raise ZeroDivisionError

    cache = Cache[Any](backend=backend, serializer="pickle://", on_event=refuse)

    with caplog.at_level(logging.DEBUG, logger="cachetory"):
        assert cache.set("a", 1)
        assert cache.get("a") == 1
        assert cache.get_or_set("b", one) == 1
        assert cache.get_many("a", "b") == {"a": 1, "b": 1}
        assert cache.delete("a")
    assert "an `on_event` callback raised: ZeroDivisionError" in caplog.text


def test_stats_count_what_was_told(
    cache: Cache[Any], backend: MemoryBackend[Any], clock: ManualClock
) -> None:
    cache.set("a", 1)
    cache.set_many({"b": 2, "c": 3}, time_to_live=5)
    cache.get("a")
    cache.get("missing")
    cache.get_many("a", "b", "missing")
    cache.get_or_set("d", one)
    cache.get_or_set("e", one, exclude=lambda key, value: True)
    with pytest.raises(ZeroDivisionError):
        cache.get_or_set("f", fail)
    cache.delete("a")
    cache.delete_many("missing", "d")
    backend.set("app:b", b"garbage", time_to_live=5)
    cache.get("b")
    clock.advance(5)
    cache.set("g", 1)

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


def test_stats_are_a_snapshot(cache: Cache[Any]) -> None:
    before = cache.stats()
    cache.get("a")

    assert before.misses == 0
    assert cache.stats().misses == 1


def test_stats_count_lookups_that_go_straight_to_the_store(
    backend: MemoryBackend[Any],
) -> None:
    cache = Cache[Any](backend=backend, serializer="noop://")
    cache.set("a", 1)
    cache.get("a")
    cache.get("missing")

    assert cache.local_store is not None
    assert (cache.stats().hits, cache.stats().misses) == (1, 1)


def test_stats_tell_of_evictions() -> None:
    cache = Cache[Any](backend=MemoryBackend(max_entries=2), serializer="noop://")
    cache.set_many({"a": 1, "b": 2, "c": 3})

    assert (cache.stats().entries, cache.stats().evictions) == (2, 1)


def test_stats_tell_nothing_of_the_entries_of_a_remote_store(redis_url: str) -> None:
    with Cache[int](backend=RedisBackend.from_url(redis_url), serializer="pickle://") as it:
        it.set("a", 1)

        assert (it.stats().entries, it.stats().evictions, it.stats().expirations) == (None,) * 3
        assert it.stats().sets == 1

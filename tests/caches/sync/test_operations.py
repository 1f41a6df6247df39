# Generated from tests/caches/async_/test_operations.py by tools/unasync.py. Do not edit: edit that file instead.
"""What each operation of a cache does, with and without a prefix, on values as bytes or as is."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.backends.sync import MemoryBackend, RedisBackend
from cachetory.caches.sync import Cache
from cachetory.errors import ConfigurationError, InvalidDurationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.clock import ManualClock

UNUSABLE_DURATIONS: list[Any] = [
    float("nan"),
    float("inf"),
    -float("inf"),
    True,
    "5",
    1e30,
    timedelta.max,
]
ODD_KEYS = ["", " ", "a b", "k" * 100_000, "ключ", "\U0001f511", "\udcff", "\ud83d", "a\0b", "*?["]


def moment(clock: ManualClock, seconds: float) -> datetime:
    """So many seconds from now, by the clock."""
    return datetime.fromtimestamp(clock() + seconds, tz=timezone.utc)


# Lookups


def test_get_missing_key_gives_none(cache: Cache[Any]) -> None:
    assert cache.get("missing") is None


def test_get_missing_key_gives_the_default(cache: Cache[Any]) -> None:
    default = object()

    assert cache.get("missing", default) is default
    assert cache.get("missing", default=default) is default


def test_get_falsy_value_is_not_the_default(cache: Cache[Any]) -> None:
    for value in (None, 0, "", False, [], {}):
        cache.set("key", value)

        assert cache.get("key", "default") == value


def test_get_gives_what_was_set(cache: Cache[Any]) -> None:
    cache.set("key", {"a": [1, 2]})

    assert cache.get("key") == {"a": [1, 2]}


def test_get_many_gives_those_that_there_are(cache: Cache[Any]) -> None:
    cache.set_many({"a": 1, "b": None, "c": 3})

    assert cache.get_many("c", "missing", "b") == {"c": 3, "b": None}


def test_get_many_without_keys_gives_nothing(cache: Cache[Any]) -> None:
    cache.set("key", 1)

    assert cache.get_many() == {}


def test_get_many_of_a_repeated_key_gives_it_once(cache: Cache[Any]) -> None:
    cache.set("key", 1)

    assert cache.get_many("key", "key", "missing", "missing") == {"key": 1}
    assert (cache.stats().hits, cache.stats().misses) == (1, 1)


def test_get_many_leaves_out_what_has_expired(cache: Cache[Any], clock: ManualClock) -> None:
    cache.set("short", 1, 5)
    cache.set("long", 2, 50)
    clock.advance(5)

    assert cache.get_many("short", "long") == {"long": 2}


def test_contains_tells_without_counting(cache: Cache[Any], clock: ManualClock) -> None:
    cache.set("key", None, 5)

    assert cache.contains("key")
    assert not cache.contains("missing")
    clock.advance(5)
    assert not cache.contains("key")
    assert cache.stats()[:2] == (0, 0)


# Prefixes


def test_prefix_keeps_caches_apart(backend: MemoryBackend[Any], serializer: str) -> None:
    ours, theirs, bare = (
        Cache[Any](backend=backend, serializer=serializer, prefix=prefix)
        for prefix in ("ours:", "theirs:", "")
    )
    for cache, value in ((ours, 1), (theirs, 2), (bare, 3)):
        cache.set("key", value)

    assert [it.get("key") for it in (ours, theirs, bare)] == [1, 2, 3]
    assert [it.get_many("key") for it in (ours, theirs, bare)] == [
        {"key": 1},
        {"key": 2},
        {"key": 3},
    ]
    assert bare.get("ours:key") == 1


def test_get_many_with_a_prefix_gives_no_value_of_another_owner(
    backend: MemoryBackend[Any], serializer: str
) -> None:
    Cache[Any](backend=backend, serializer=serializer).set("key", "somebody else's")
    cache = Cache[Any](backend=backend, serializer=serializer, prefix="app:")

    assert cache.get_many("key") == {}


def test_every_operation_puts_the_prefix_before_the_key(
    cache: Cache[Any], backend: MemoryBackend[Any], clock: ManualClock, prefix: str
) -> None:
    store = backend.local_store

    cache.set("one", 1)
    cache.set_many({"two": 2, "three": 3})
    assert sorted(store.keys()) == sorted(f"{prefix}{key}" for key in ("one", "two", "three"))
    cache.expire_in("one", 1)
    cache.expire_at("two", moment(clock, 1))
    clock.advance(1)
    assert store.keys() == [f"{prefix}three"]
    assert cache.delete("three")
    assert store.keys() == []


def test_clear_touches_nothing_but_its_own_prefix(
    backend: MemoryBackend[Any], serializer: str
) -> None:
    caches = [
        Cache[Any](backend=backend, serializer=serializer, prefix=prefix)
        for prefix in ("a*", "ab", "b")
    ]
    for cache in caches:
        cache.set("key", 1)

    caches[0].clear()

    assert [cache.get("key") for cache in caches] == [None, 1, 1]


def test_clear_touches_nothing_but_its_own_prefix_on_redis(redis_url: str) -> None:
    backend = RedisBackend.from_url(redis_url)
    with Cache[int](backend=backend, serializer="pickle://", prefix="a*") as cache:
        theirs = Cache[int](backend=backend, serializer="pickle://", prefix="ab")
        cache.set("key", 1)
        theirs.set("key", 2)

        cache.clear()

        assert cache.get("key") is None
        assert theirs.get("key") == 2


def test_clear_without_a_prefix_empties_a_store_of_its_own(
    backend: MemoryBackend[Any], serializer: str
) -> None:
    cache = Cache[Any](backend=backend, serializer=serializer)
    cache.set_many({"a": 1, "b": 2})

    cache.clear()

    assert backend.size == 0


def test_clear_without_a_prefix_is_refused_on_a_shared_store(redis_url: str) -> None:
    with Cache[int](backend=redis_url, serializer="pickle://") as cache:
        cache.set("key", 1)

        with pytest.raises(ConfigurationError, match=r"`prefix`.*`cache\.backend\.clear\(\)`"):
            cache.clear()
        assert cache.get("key") == 1
        cache.backend.clear()
        assert cache.get("key") is None


# Writes


def test_set_tells_whether_the_value_was_changed(cache: Cache[Any]) -> None:
    assert cache.set("key", 1) is True
    assert cache.set("key", 2) is True
    assert cache.set("key", 3, if_not_exists=True) is False
    assert cache.get("key") == 2
    assert cache.set("other", 4, if_not_exists=True) is True
    assert cache.get("other") == 4


def test_set_takes_all_arguments_by_position(cache: Cache[Any], clock: ManualClock) -> None:
    cache.set("key", 1, 5, True)

    assert not cache.set("key", 2, None, True)
    clock.advance(5)
    assert cache.get("key") is None


@pytest.mark.parametrize("time_to_live", [5, 5.0, timedelta(seconds=5)])
def test_set_with_a_time_to_live_expires(
    cache: Cache[Any], clock: ManualClock, time_to_live: float | timedelta
) -> None:
    cache.set("key", 1, time_to_live=time_to_live)

    clock.advance(4.5)
    assert cache.get("key") == 1
    clock.advance(0.5)
    assert cache.get("key") is None


def test_set_without_a_time_to_live_is_for_ever(cache: Cache[Any], clock: ManualClock) -> None:
    cache.set("key", 1, 5)
    cache.set("key", 2)

    clock.advance(1e9)
    assert cache.get("key") == 2


@pytest.mark.parametrize("time_to_live", [0, -5, timedelta(0), timedelta(days=-1)])
def test_set_with_no_time_left_stores_nothing_and_removes_what_is_there(
    cache: Cache[Any], time_to_live: float | timedelta
) -> None:
    cache.set("taken", 1)

    cache.set("taken", 2, time_to_live)
    cache.set("free", 2, time_to_live)

    assert cache.get_many("taken", "free") == {}


def test_set_with_no_time_left_if_not_exists_leaves_what_is_there(cache: Cache[Any]) -> None:
    cache.set("key", 1)

    assert not cache.set("key", 2, 0, if_not_exists=True)
    assert cache.get("key") == 1


def test_set_if_not_exists_stores_over_an_expired_entry(
    cache: Cache[Any], clock: ManualClock
) -> None:
    cache.set("key", 1, 5)
    clock.advance(5)

    assert cache.set("key", 2, if_not_exists=True)
    assert cache.get("key") == 2


def test_set_many_takes_mappings_and_pairs(cache: Cache[Any]) -> None:
    cache.set_many({"a": 1})
    cache.set_many([("b", 2), ("c", 3)])
    cache.set_many((key, 4) for key in ("d", "e"))
    cache.set_many({"f": 5}.items())

    assert cache.get_many(*"abcdef") == {"a": 1, "b": 2, "c": 3, "d": 4, "e": 4, "f": 5}


def test_set_many_of_a_repeated_key_keeps_the_last(cache: Cache[Any]) -> None:
    cache.set_many([("key", 1), ("key", 2)])

    assert cache.get("key") == 2


@pytest.mark.parametrize("nothing", [{}, [], iter(())])
def test_set_many_of_nothing_does_nothing(
    cache: Cache[Any], backend: MemoryBackend[Any], nothing: Any
) -> None:
    cache.set_many(nothing)
    cache.set_many(nothing, time_to_live=5)

    assert backend.size == 0
    assert cache.stats().sets == 0


@pytest.mark.parametrize("time_to_live", [5, timedelta(seconds=5)])
def test_set_many_with_a_time_to_live_expires(
    cache: Cache[Any], clock: ManualClock, time_to_live: float | timedelta
) -> None:
    cache.set_many({"a": 1, "b": 2}, time_to_live=time_to_live)

    clock.advance(4.5)
    assert cache.get_many("a", "b") == {"a": 1, "b": 2}
    clock.advance(0.5)
    assert cache.get_many("a", "b") == {}


def test_set_many_with_no_time_left_removes_what_is_there(cache: Cache[Any]) -> None:
    cache.set("a", 1)

    cache.set_many({"a": 2, "b": 2}, time_to_live=0)

    assert cache.get_many("a", "b") == {}


# Expiration


def test_expire_in_sets_another_time_to_live(cache: Cache[Any], clock: ManualClock) -> None:
    cache.set("key", 1)

    cache.expire_in("key", timedelta(seconds=5))

    clock.advance(4.5)
    assert cache.get("key") == 1
    clock.advance(0.5)
    assert cache.get("key") is None


@pytest.mark.parametrize("time_to_live", [0, -1, timedelta(0)])
def test_expire_in_no_time_is_now(cache: Cache[Any], time_to_live: float | timedelta) -> None:
    cache.set("key", 1)

    cache.expire_in("key", time_to_live)

    assert cache.get("key") is None


def test_expire_in_none_is_never(cache: Cache[Any], clock: ManualClock) -> None:
    cache.set("key", 1, 5)

    cache.expire_in("key")

    clock.advance(1e9)
    assert cache.get("key") == 1


def test_expire_in_missing_key_does_nothing(cache: Cache[Any]) -> None:
    cache.expire_in("missing", 5)
    cache.expire_in("missing", 0)
    cache.expire_in("missing")

    assert not cache.contains("missing")


def test_expire_at_sets_a_deadline(cache: Cache[Any], clock: ManualClock) -> None:
    cache.set("key", 1)

    cache.expire_at("key", moment(clock, 5))

    clock.advance(4.5)
    assert cache.get("key") == 1
    clock.advance(0.5)
    assert cache.get("key") is None


def test_expire_at_the_past_is_now(cache: Cache[Any], clock: ManualClock) -> None:
    cache.set("key", 1)

    cache.expire_at("key", moment(clock, -5))

    assert cache.get("key") is None


def test_expire_at_none_is_never(cache: Cache[Any], clock: ManualClock) -> None:
    cache.set("key", 1, 5)

    cache.expire_at("key", None)

    clock.advance(1e9)
    assert cache.get("key") == 1


def test_expire_at_naive_deadline_is_refused_and_changes_nothing(
    cache: Cache[Any], clock: ManualClock
) -> None:
    cache.set("key", 1)

    with pytest.raises(InvalidDurationError, match=r"naive.*timezone-aware"):
        cache.expire_at("key", datetime(2000, 1, 1))  # noqa: DTZ001 (that is the point)
    clock.advance(1e9)
    assert cache.get("key") == 1


def test_unusable_duration_is_refused_and_changes_nothing(cache: Cache[Any]) -> None:
    cache.set("key", 1)

    for duration in UNUSABLE_DURATIONS:
        with pytest.raises(InvalidDurationError):
            cache.set("key", 2, duration)
        with pytest.raises(InvalidDurationError):
            cache.set_many({"key": 2}, time_to_live=duration)
        with pytest.raises(InvalidDurationError):
            cache.expire_in("key", duration)
    assert cache.get("key") == 1


# Deletion


def test_delete_tells_whether_the_key_existed(cache: Cache[Any], clock: ManualClock) -> None:
    cache.set("key", None)
    cache.set("expired", 1, 5)
    clock.advance(5)

    assert cache.delete("key") is True
    assert cache.delete("key") is False
    assert cache.delete("expired") is False


def test_delete_many_deletes_what_there_is(cache: Cache[Any]) -> None:
    cache.set_many({"a": 1, "b": 2, "c": 3})

    cache.delete_many("a", "missing", "c")

    assert cache.get_many("a", "b", "c") == {"b": 2}


def test_delete_many_without_keys_does_nothing(cache: Cache[Any]) -> None:
    cache.set("key", 1)

    cache.delete_many()

    assert cache.get("key") == 1
    assert cache.stats().deletes == 0


# Keys


def test_keys_of_any_text_stay_distinct(cache: Cache[Any]) -> None:
    for value, key in enumerate(ODD_KEYS):
        cache.set(key, value)

    expected = {key: value for value, key in enumerate(ODD_KEYS)}
    assert {key: cache.get(key) for key in ODD_KEYS} == expected
    assert cache.get_many(*ODD_KEYS) == expected
    for key in ODD_KEYS:
        assert cache.delete(key)


USES_OF_A_KEY: dict[str, Callable[[Cache[Any], Any], Awaitable[object]]] = {
    "get": lambda cache, key: cache.get(key),
    "get with a default": lambda cache, key: cache.get(key, 1),
    "get_or_set": lambda cache, key: cache.get_or_set(key, lambda: 1),
    "set": lambda cache, key: cache.set(key, 1),
    "set_many": lambda cache, key: cache.set_many({key: 1}),
    "expire_in": lambda cache, key: cache.expire_in(key, 5),
    "expire_at": lambda cache, key: cache.expire_at(key, None),
    "delete": lambda cache, key: cache.delete(key),
    "delete_many": lambda cache, key: cache.delete_many("a", key),
    "get_many": lambda cache, key: cache.get_many("a", key),
    "contains": lambda cache, key: cache.contains(key),
}


@pytest.mark.parametrize("use", USES_OF_A_KEY)
def test_key_that_is_no_string_is_refused(
    cache: Cache[Any], backend: MemoryBackend[Any], use: str
) -> None:
    for key in (1, None, b"bytes", ("a",)):
        with pytest.raises(TypeError):
            USES_OF_A_KEY[use](cache, key)
    assert backend.size == 0
    assert cache.stats().backend_errors == 0


# Life


def test_cache_works_as_a_context_manager_and_without(cache: Cache[Any]) -> None:
    cache.set("key", 1)
    with cache as entered:
        assert entered is cache
        assert cache.get("key") == 1

    assert cache.get("key") == 1
    cache.close()
    assert cache.get("key") == 1


def test_cache_over_redis_works_again_after_it_was_left(redis_url: str) -> None:
    cache = Cache[int](backend=redis_url, serializer="pickle://")
    with cache:
        cache.set("key", 1)
    assert cache.get("key") == 1
    cache.close()
    with cache:
        assert cache.get("key") == 1


def test_dummy_backend_stores_nothing() -> None:
    cache = Cache[int](backend="dummy://", serializer="noop://")

    assert cache.set("key", 1)
    assert cache.get("key") is None
    assert cache.get_or_set("key", lambda: 2) == 2
    assert cache.get_many("key") == {}
    assert not cache.delete("key")
    cache.clear()

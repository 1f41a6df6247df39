"""Hits that skip the making of a key give just what the long way would give."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.backends.async_ import MemoryBackend
from cachetory.caches.async_ import Cache
from cachetory.decorators import hit_path
from cachetory.decorators.async_ import cached
from tests.decorators.async_.functions import compute, compute_any, compute_at_once

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.clock import ManualClock


class Number(int):
    def __cache_key__(self) -> int:
        return int(self)


def remembered(function: Any) -> int:
    """How many calls of the function are remembered by their arguments."""
    memory = function._calls._memory
    return 0 if memory is None else len(memory._entries)


# Where it is taken


async def test_hit_path_remembers_calls_with_plain_arguments(local_cache: Cache[Any]) -> None:
    function = cached(local_cache)(compute)

    for _ in range(3):
        assert await function(1) == 1
        assert await function(x=1, y=2) == 1
        assert await function("1") == 2
        assert await function(None, 2, z=3) == 3
    assert remembered(function) == 3


async def test_hit_path_remembers_no_call_with_other_arguments(local_cache: Cache[Any]) -> None:
    function = cached(local_cache)(compute)

    for argument in (True, 1.0, b"1", (1,), Number(1)):
        assert await function(argument) == await function(argument)
    assert remembered(function) == 0


async def test_hit_path_remembers_no_call_with_long_arguments(local_cache: Cache[Any]) -> None:
    function = cached(local_cache)(compute)

    for argument in ("x" * 1000, 10**1000):
        assert await function(argument) == await function(argument)
    assert remembered(function) == 0


async def test_hit_path_remembers_so_many_calls_and_no_more(
    local_cache: Cache[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hit_path, "MOST_REMEMBERED", 10)
    function = cached(local_cache)(compute)

    for argument in range(35):
        assert await function(argument) == argument + 1
        assert remembered(function) <= 10
    assert [await function(argument) for argument in range(35)] == list(range(1, 36))


@pytest.mark.parametrize(
    "options",
    [
        {"cache": {"serializer": "pickle://"}},
        {"cache": {"on_event": lambda event: None}},
        {"cache": {"backend": "memory://?policy=lru"}},
        {"cache": {"backend": "dummy://"}},
        {"key": lambda x, y=2, z=3: x},
        {"make_key": lambda wrapped, x: f"{x}"},
    ],
    ids=["serializer", "listener", "LRU", "dummy", "key", "make_key"],
)
async def test_hit_path_is_not_for_every_cache(options: dict[str, Any]) -> None:
    parts = {"backend": MemoryBackend(), "serializer": "noop://", **options.pop("cache", {})}
    function = cached(Cache[Any](**parts), **options)(compute)

    kept = parts["backend"] != "dummy://"
    assert [await function(1), await function(1)] == ([1, 1] if kept else [1, 2])
    assert remembered(function) == 0


async def test_hit_path_remembers_positional_calls_of_functions_that_take_anything(
    local_cache: Cache[Any],
) -> None:
    function = cached(local_cache)(compute_any)

    assert [await function(1), await function(1), await function(x=1)] == [1, 1, 2]
    assert [await function(1), await function(1, 2), await function(x=1)] == [1, 3, 2]
    assert remembered(function) == 2


async def test_hit_path_is_not_for_functions_that_see_variables_change(
    local_cache: Cache[Any],
) -> None:
    factor = 2

    @cached(local_cache)
    async def multiply(x: int) -> int:
        return factor * x

    assert [await multiply(5), await multiply(5)] == [10, 10]
    factor = 3
    assert [await multiply(5), await multiply(5)] == [15, 15]
    assert remembered(multiply) == 0


async def test_hit_path_serves_plain_functions_too(local_cache: Cache[Any]) -> None:
    function: Any = cached(local_cache)(compute_at_once)

    assert [await function(1), await function(1), await function(x=1)] == [1, 1, 1]
    assert remembered(function) == 1


async def test_hit_path_leaves_ignored_arguments_out(local_cache: Cache[Any]) -> None:
    function = cached(local_cache, ignore=("y", "z"))(compute)

    for ignored in (1, "two", object(), []):
        assert await function(1, ignored, z=ignored) == 1
    assert remembered(function) == 1


async def test_hit_path_of_a_function_without_arguments(local_cache: Cache[Any]) -> None:
    async def count() -> int:
        return 1

    function = cached(local_cache)(count)

    assert [await function(), await function(), await function()] == [1, 1, 1]
    assert await function.purge()
    assert remembered(function) == 1


async def test_hit_path_keeps_functions_apart(local_cache: Cache[Any]) -> None:
    one = cached(local_cache)(compute)
    other = cached(local_cache, version=1)(compute)

    assert [await one(1), await other(1), await one(1), await other(1)] == [1, 2, 1, 2]


async def test_hit_path_shares_entries_with_the_same_function_decorated_again(
    local_cache: Cache[Any],
) -> None:
    one, other = cached(local_cache)(compute), cached(local_cache)(compute)

    assert [await one(1), await other(1), await one(1), await other(1)] == [1, 1, 1, 1]
    assert await other.purge(1)
    assert [await one(1), await other(1)] == [2, 2]


async def test_hit_path_takes_default_values_as_they_were_defined(
    local_cache: Cache[Any],
) -> None:
    async def combine(x: int, y: str = "default", *, z: object = None) -> object:
        return x, y, z

    function = cached(local_cache)(combine)

    for _ in range(2):
        assert await function(1) == (1, "default", None)
        assert await function(1, "other", z=5) == (1, "other", 5)
    assert remembered(function) == 2


# What it honours

CHANGES: dict[str, tuple[Callable[[Any, Cache[Any], str], Awaitable[object]], object]] = {
    "purge": (lambda function, cache, key: function.purge(1), 2),
    "delete": (lambda function, cache, key: cache.delete(key), 2),
    "delete_many": (lambda function, cache, key: cache.delete_many(key, "other"), 2),
    "clear": (lambda function, cache, key: cache.clear(), 2),
    "clear of the backend": (lambda function, cache, key: cache.backend.clear(), 2),
    "expire_in": (lambda function, cache, key: cache.expire_in(key, 0), 2),
    "expire_at": (
        lambda function, cache, key: cache.expire_at(key, datetime.fromtimestamp(0, timezone.utc)),
        2,
    ),
    "set": (lambda function, cache, key: cache.set(key, "newer"), "newer"),
    "set to none": (lambda function, cache, key: cache.set(key, None), None),
    "set_many": (lambda function, cache, key: cache.set_many({key: "newer"}), "newer"),
    "set with no time left": (lambda function, cache, key: cache.set(key, "newer", 0), 2),
    "set by the backend": (
        lambda function, cache, key: cache.backend.set(cache.prefix + key, "newer"),
        "newer",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_hit_path_honours_changes_from_outside(
    local_cache: Cache[Any], backend: MemoryBackend[Any], change: str
) -> None:
    function = cached(local_cache)(compute)
    assert [await function(1), await function(1)] == [1, 1]
    (full_key,) = backend.local_store.keys()
    carry_out, expected = CHANGES[change]

    await carry_out(function, local_cache, full_key.removeprefix("app:"))

    assert [await function(1), await function(1)] == [expected, expected]


async def test_hit_path_honours_changes_by_another_cache_over_the_same_backend(
    local_cache: Cache[Any], backend: MemoryBackend[Any]
) -> None:
    other = Cache[Any](backend=backend, serializer="noop://")
    function = cached(local_cache)(compute)
    assert [await function(1), await function(1)] == [1, 1]
    (full_key,) = backend.local_store.keys()

    await other.set(full_key, "newer")
    assert await function(1) == "newer"
    await other.clear()
    assert await function(1) == 2


async def test_hit_path_honours_expiration(local_cache: Cache[Any], clock: ManualClock) -> None:
    function = cached(local_cache, time_to_live=5)(compute)
    assert [await function(1), await function(1)] == [1, 1]

    clock.advance(4.5)
    assert await function(1) == 1
    clock.advance(0.5)
    assert [await function(1), await function(1)] == [2, 2]
    clock.advance(5)
    assert await function(1) == 3


async def test_hit_path_honours_another_time_to_live(
    local_cache: Cache[Any], backend: MemoryBackend[Any], clock: ManualClock
) -> None:
    function = cached(local_cache)(compute)
    assert [await function(1), await function(1)] == [1, 1]
    (full_key,) = backend.local_store.keys()

    await local_cache.expire_in(full_key.removeprefix("app:"), 5)
    assert await function(1) == 1
    clock.advance(5)
    assert await function(1) == 2


async def test_hit_path_honours_eviction() -> None:
    cache = Cache[Any](backend=MemoryBackend(max_entries=10), serializer="noop://")
    function = cached(cache)(compute)
    assert [await function(0), await function(0)] == [1, 1]

    for number in range(1, 1000):
        assert await function(number) == number + 1
    assert cache.stats().entries == 10
    assert await function(0) == 1001


async def test_hit_path_keeps_what_is_in_use_from_eviction() -> None:
    cache = Cache[Any](backend=MemoryBackend(max_entries=10), serializer="noop://")
    function = cached(cache)(compute)
    first = await function("hot")

    for number in range(200):
        assert await function("hot") == first
        await function(number)


async def test_hit_path_remembers_nothing_that_was_not_stored(local_cache: Cache[Any]) -> None:
    function = cached(local_cache, exclude=lambda key, value: value == 1)(compute)

    assert [await function(1), await function(1), await function(1)] == [1, 2, 2]
    assert remembered(function) == 1


async def test_hit_path_counts_hits_and_misses(local_cache: Cache[Any]) -> None:
    function = cached(local_cache)(compute)

    for argument in (1, 1, 1, 2, 2, True, True):
        await function(argument)

    stats = local_cache.stats()
    assert (stats.hits, stats.misses, stats.loads, stats.sets) == (4, 3, 3, 3)

"""Functions of many items, whose results are cached one by one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from cachetory._runtime.async_ import Flight
from cachetory.backends.async_ import MemoryBackend
from cachetory.caches.async_ import Cache
from cachetory.decorators.async_ import cached, cached_many
from cachetory.errors import (
    ConfigurationError,
    InvalidDurationError,
    UncacheableFunctionError,
    UnkeyableArgumentError,
)
from cachetory.loading import current_load
from cachetory.lookup import Lookup
from cachetory.policy import Policy
from tests.decorators.async_.functions import calls
from tests.shell.async_crew import Crew, Signal, until_within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from tests.clock import ManualClock


@pytest.fixture(params=["noop://", "pickle://"], ids=["short way", "long way"])
async def cache(
    request: pytest.FixtureRequest, backend: MemoryBackend[Any], clock: ManualClock
) -> AsyncIterator[Cache[Any, Any]]:
    serializer = request.param
    async with Cache[Any, Any](
        backend=backend, serializer=serializer, prefix="app:", wall_clock=clock
    ) as cache:
        yield cache


async def compute_all(items: Iterable[Any], y: Any = 2, *, z: Any = 3) -> dict[Any, str]:
    """Give results that tell which call has computed them; there are none for what is negative."""
    calls.append(items)
    return {item: f"{item!r}, {y}, {z} by {len(calls)}" for item in items if not is_negative(item)}


def compute_all_at_once(items: list[Any]) -> dict[Any, str]:
    """Is not asynchronous in either colour."""
    calls.append(items)
    return {item: f"{item!r} by {len(calls)}" for item in items}


def is_negative(item: object) -> bool:
    return isinstance(item, int) and item < 0


class HeldMany:
    """Computes all items when it is let go."""

    def __init__(self) -> None:
        self.started, self.let_go = Signal(), Signal()

    async def __call__(self, items: list[Any]) -> dict[Any, str]:
        calls.append(items)
        self.started.set()
        await self.let_go.wait()
        return {item: f"{item} held" for item in items}


# What is computed


async def test_missing_items_are_computed_in_one_call(cache: Cache[Any]) -> None:
    function = cached_many(cache)(compute_all)

    assert await function([1, 2]) == {1: "1, 2, 3 by 1", 2: "2, 2, 3 by 1"}
    assert await function([2, 3, 1, 4]) == {
        2: "2, 2, 3 by 1",
        3: "3, 2, 3 by 2",
        1: "1, 2, 3 by 1",
        4: "4, 2, 3 by 2",
    }
    assert calls == [[1, 2], [3, 4]]
    assert await function([4, 2]) == {4: "4, 2, 3 by 2", 2: "2, 2, 3 by 1"}
    assert len(calls) == 2


async def test_results_keep_the_order_of_the_items(cache: Cache[Any]) -> None:
    function = cached_many(cache)(compute_all)
    await function([3, 1])

    assert list(await function([5, 3, 4, 1, 2])) == [5, 3, 4, 1, 2]


async def test_item_that_comes_twice_is_computed_once(cache: Cache[Any]) -> None:
    function = cached_many(cache)(compute_all)

    assert list(await function([1, 2, 1, 2, 1])) == [1, 2]
    assert calls == [[1, 2]]


@pytest.mark.parametrize(
    "form", [list, tuple, iter, dict.fromkeys, lambda items: (it for it in items)]
)
async def test_items_may_be_any_iterable_and_are_passed_on_as_a_list(
    cache: Cache[Any], form: Callable[[Any], Any]
) -> None:
    function = cached_many(cache)(compute_all)

    assert list(await function(form([1, 2]))) == [1, 2]
    assert list(await function(form([2, 3]))) == [2, 3]
    assert calls == [[1, 2], [3]]
    assert all(type(items) is list for items in calls)


async def test_no_items_are_no_call(cache: Cache[Any]) -> None:
    function = cached_many(cache)(compute_all)

    assert await function([]) == {}
    assert await function.refresh([]) == {}
    assert await function.lookup([]) == {}
    assert await function.key([]) == {}
    await function.purge([])
    assert calls == []


async def test_items_of_other_types_differ(cache: Cache[Any]) -> None:
    function = cached_many(cache)(compute_all)
    items = ["1", 1, b"1", None, (1,), "None", 2.5, "a:b", "a", frozenset({1})]

    results = await function(items)
    assert list(results) == items
    assert all(results[item].startswith(repr(item)) for item in items)
    assert await function(reversed(items)) == results
    assert len(calls) == 1


async def test_other_arguments_are_a_part_of_the_key(cache: Cache[Any]) -> None:
    function = cached_many(cache)(compute_all)

    assert await function([1]) == {1: "1, 2, 3 by 1"}
    assert await function([1], 5) == {1: "1, 5, 3 by 2"}
    assert await function([1], z=6) == {1: "1, 2, 6 by 3"}
    assert await function([1], 2, z=3) == {1: "1, 2, 3 by 1"}
    assert await function(y=5, items=[1]) == {1: "1, 5, 3 by 2"}


async def test_ignored_arguments_are_no_part_of_the_key(cache: Cache[Any]) -> None:
    function = cached_many(cache, ignore=("z",))(compute_all)

    assert await function([1], z=8) == {1: "1, 2, 8 by 1"}
    assert await function([1], z=9) == {1: "1, 2, 8 by 1"}
    assert await function([2], z=9) == {2: "2, 2, 9 by 2"}


async def test_functions_and_versions_do_not_share_results(cache: Cache[Any]) -> None:
    functions: list[Any] = [
        cached_many(cache)(compute_all),
        cached_many(cache, version=2)(compute_all),
        cached_many(cache)(compute_all_at_once),
    ]

    results = [(await function([1]))[1] for function in functions]
    assert results == ["1, 2, 3 by 1", "1, 2, 3 by 2", "1 by 3"]


async def test_items_may_be_taken_by_any_parameter(cache: Cache[Any]) -> None:
    async def find(region: str, names: list[str], limit: int = 5) -> dict[str, str]:
        calls.append(names)
        return {name: f"{name} in {region}" for name in names}

    function = cached_many(cache, items="names")(find)

    assert await function("eu", ["a", "b"]) == {"a": "a in eu", "b": "b in eu"}
    assert await function("us", names=["b", "c"]) == {"b": "b in us", "c": "c in us"}
    assert await function("eu", ["b", "c"], limit=5) == {"b": "b in eu", "c": "c in eu"}
    assert calls == [["a", "b"], ["b", "c"], ["c"]]


async def test_items_may_be_taken_by_name_only(cache: Cache[Any]) -> None:
    async def find(*, names: list[str]) -> dict[str, str]:
        calls.append(names)
        return {name: name.upper() for name in names}

    function = cached_many(cache)(find)

    assert await function(names=["a"]) == {"a": "A"}
    assert await function(names=["a", "b"]) == {"a": "A", "b": "B"}
    assert calls == [["a"], ["b"]]


async def test_items_that_are_left_out_are_what_the_function_takes_then(
    cache: Cache[Any],
) -> None:
    async def find(names: tuple[str, ...] = ("a", "b")) -> dict[str, str]:
        calls.append(list(names))
        return {name: name.upper() for name in names}

    function = cached_many(cache)(find)

    assert await function() == {"a": "A", "b": "B"}
    assert await function(("b", "c")) == {"b": "B", "c": "C"}
    assert calls == [["a", "b"], ["c"]]


async def test_function_may_give_more_than_it_was_asked_for(cache: Cache[Any]) -> None:
    async def find(names: list[str]) -> dict[str, int]:
        calls.append(names)
        return dict.fromkeys([*names, "more"], len(calls))

    function = cached_many(cache)(find)

    assert await function(["a"]) == {"a": 1}
    assert await function(["more"]) == {"more": 2}


async def test_none_is_a_result_like_any_other(cache: Cache[Any]) -> None:
    async def find(names: list[str]) -> dict[str, None]:
        calls.append(names)
        return dict.fromkeys(names)

    function = cached_many(cache)(find)

    assert [await function(["a"]), await function(["a"])] == [{"a": None}] * 2
    assert calls == [["a"]]


async def test_so_many_items_at_most_are_computed_at_a_time(cache: Cache[Any]) -> None:
    function = cached_many(cache, chunk_size=2)(compute_all)
    await function([3])

    assert list(await function([1, 2, 3, 4, 5, 6])) == [1, 2, 3, 4, 5, 6]
    assert calls == [[3], [1, 2], [4, 5], [6]]


# Results that there are not


async def test_item_without_a_result_is_left_out_and_asked_for_again(cache: Cache[Any]) -> None:
    function = cached_many(cache)(compute_all)

    assert list(await function([1, -1, 2])) == [1, 2]
    assert list(await function([1, -1, 2])) == [1, 2]
    assert calls == [[1, -1, 2], [-1]]


async def test_item_without_a_result_is_remembered_if_the_policy_says_so(
    cache: Cache[Any], clock: ManualClock
) -> None:
    policy = Policy(time_to_live=100, negative_time_to_live=10)
    function = cached_many(cache, policy=policy)(compute_all)

    assert list(await function([1, -1])) == [1]
    assert list(await function([1, -1, -2])) == [1]
    assert calls == [[1, -1], [-2]]
    assert (await function.lookup([-1]))[-1].is_negative
    clock.advance(11)
    assert list(await function([1, -1])) == [1]
    assert calls[2:] == [[-1]]


# Errors


async def test_error_reaches_the_caller_and_nothing_is_stored(cache: Cache[Any]) -> None:
    @cached_many(cache, version=1)
    async def fail_once(items: list[int]) -> dict[int, int]:
        calls.append(items)
        if len(calls) == 1:
            raise ZeroDivisionError
        return dict.fromkeys(items, len(calls))

    with pytest.raises(ZeroDivisionError):
        await fail_once([1, 2])
    assert await fail_once([1, 2]) == {1: 2, 2: 2}


async def test_what_was_computed_before_an_error_is_stored(cache: Cache[Any]) -> None:
    @cached_many(cache, version=1, chunk_size=2)
    async def fail_at_3(items: list[int]) -> dict[int, int]:
        calls.append(items)
        if 3 in items:
            raise ZeroDivisionError
        return dict.fromkeys(items, len(calls))

    with pytest.raises(ZeroDivisionError):
        await fail_at_3([1, 2, 3, 4, 5])
    assert calls == [[1, 2], [3, 4], [5]]
    assert await fail_at_3([1, 2, 5]) == {1: 1, 2: 1, 5: 3}


async def test_item_without_identity_is_refused(cache: Cache[Any]) -> None:
    function = cached_many(cache)(compute_all)

    with pytest.raises(UnkeyableArgumentError, match=r"`items`"):
        await function([1, object()])
    assert calls == []


@pytest.mark.parametrize(
    ("args", "kwargs"), [((), {}), (([1], 2, 3), {}), (([1],), {"items": [1]}), (([1],), {"w": 1})]
)
async def test_call_that_does_not_fit_is_a_type_error(
    cache: Cache[Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    function = cached_many(cache)(compute_all)

    for helper in (function, function.refresh, function.lookup, function.key, function.purge):
        with pytest.raises(TypeError):
            await helper(*args, **kwargs)
    assert calls == []


# Life of a result


async def test_result_is_computed_again_when_it_has_expired(
    cache: Cache[Any], clock: ManualClock
) -> None:
    function = cached_many(cache, time_to_live=10)(compute_all)
    await function([1])
    clock.advance(6)
    await function([1, 2])
    clock.advance(6)

    assert await function([1, 2]) == {1: "1, 2, 3 by 3", 2: "2, 2, 3 by 2"}
    assert calls == [[1], [2], [1]]


async def test_time_to_live_may_be_asked_for_by_key(cache: Cache[Any], clock: ManualClock) -> None:
    keys: list[str] = []

    def time_to_live(*, key: str) -> int | None:
        keys.append(key)
        return 10 if "items=1," in key else None

    function = cached_many(cache, time_to_live=time_to_live)(compute_all)
    await function([1, 2])
    clock.advance(11)

    assert await function([1, 2]) == {1: "1, 2, 3 by 2", 2: "2, 2, 3 by 1"}
    assert keys[:2] == list((await function.key([1, 2])).values())


async def test_excluded_results_are_not_kept(cache: Cache[Any]) -> None:
    function = cached_many(cache, exclude=lambda key, value: value.startswith("1"))(compute_all)

    assert list(await function([1, 2])) == [1, 2]
    assert list(await function([1, 2])) == [1, 2]
    assert list(await function.refresh([1, 2])) == [1, 2]
    assert calls == [[1, 2], [1], [1, 2]]
    assert [(await function.lookup([it]))[it].state for it in (1, 2)] == ["miss", "hit"]


async def test_stale_results_are_given_and_computed_behind(
    cache: Cache[Any], clock: ManualClock
) -> None:
    policy = Policy(time_to_live=10, stale_while_revalidate=20)
    function = cached_many(cache, policy=policy)(compute_all)
    await function([1, 2])
    clock.advance(6)
    await function([3])
    clock.advance(6)

    assert await function([1, 2, 3]) == {
        1: "1, 2, 3 by 1",
        2: "2, 2, 3 by 1",
        3: "3, 2, 3 by 2",
    }
    await cache.aclose()
    assert calls[2:] == [[1, 2]]
    assert await function([1, 2]) == {1: "1, 2, 3 by 3", 2: "2, 2, 3 by 3"}


async def test_stale_and_missing_results_are_computed_apart(
    cache: Cache[Any], clock: ManualClock
) -> None:
    policy = Policy(time_to_live=10, stale_while_revalidate=20)
    function = cached_many(cache, policy=policy)(compute_all)
    await function([1, 2])
    clock.advance(15)

    results = await function([1, 3, 2])
    await cache.aclose()
    assert list(results) == [1, 3, 2]
    assert (results[1], results[2]) == ("1, 2, 3 by 1", "2, 2, 3 by 1")
    assert sorted(calls[1:]) == [[1, 2], [3]]
    assert (await function([3]))[3] == results[3]


async def test_stale_results_stand_in_for_an_error(cache: Cache[Any], clock: ManualClock) -> None:
    policy = Policy(time_to_live=10, stale_if_error=20, retry_after_failure=3600)

    @cached_many(cache, version=1, policy=policy)
    async def work_once(items: list[int]) -> dict[int, int]:
        calls.append(items)
        if len(calls) > 1:
            raise ZeroDivisionError
        return dict.fromkeys(items, 1)

    assert await work_once([1, 2]) == {1: 1, 2: 1}
    clock.advance(15)
    assert await work_once([1, 2]) == {1: 1, 2: 1}
    assert await work_once([2]) == {2: 1}
    assert calls == [[1, 2]] * 2
    with pytest.raises(ZeroDivisionError):
        await work_once([1, 3])


# Calls that overlap


async def test_calls_that_overlap_share_what_they_compute(cache: Cache[Any]) -> None:
    held = HeldMany()
    function = cached_many(cache, ignore=("self",))(held)
    async with Crew() as crew:
        first = crew.start(function, [1, 2])
        await held.started.wait()
        second = crew.start(function, [2, 3])
        third = crew.start(function, [1])
        await until_within(Flight.follow, third)
        held.let_go.set()

        assert await first.result() == {1: "1 held", 2: "2 held"}
        assert await second.result() == {2: "2 held", 3: "3 held"}
        assert await third.result() == {1: "1 held"}
    assert sorted(calls) == [[1, 2], [3]]


async def test_purge_keeps_a_call_under_way_from_storing_its_results(cache: Cache[Any]) -> None:
    held = HeldMany()
    function = cached_many(cache, ignore=("self",))(held)
    async with Crew() as crew:
        caller = crew.start(function, [1, 2])
        await held.started.wait()
        await function.purge([2, 3])
        held.let_go.set()

        assert await caller.result() == {1: "1 held", 2: "2 held"}
    found = await function.lookup([1, 2, 3])
    assert [it.state for it in found.values()] == ["hit", "miss", "miss"]


# What there is besides


async def test_refresh_computes_whatever_is_cached(cache: Cache[Any]) -> None:
    function = cached_many(cache)(compute_all)
    await function([1, 2])

    assert await function.refresh([2, 3]) == {2: "2, 2, 3 by 2", 3: "3, 2, 3 by 2"}
    assert await function([1, 2, 3]) == {
        1: "1, 2, 3 by 1",
        2: "2, 2, 3 by 2",
        3: "3, 2, 3 by 2",
    }
    assert calls == [[1, 2], [2, 3]]


async def test_refresh_is_in_chunks_as_well(cache: Cache[Any]) -> None:
    function = cached_many(cache, chunk_size=2)(compute_all)

    assert list(await function.refresh([1, 2, 3])) == [1, 2, 3]
    assert calls == [[1, 2], [3]]


async def test_lookup_tells_of_each_item_and_computes_nothing(cache: Cache[Any]) -> None:
    function = cached_many(cache)(compute_all)
    await function([1])

    found = await function.lookup([2, 1])
    assert list(found) == [2, 1]
    assert all(isinstance(it, Lookup) for it in found.values())
    assert (found[1].state, found[1].value) == ("hit", "1, 2, 3 by 1")
    assert (found[2].state, found[2].value) == ("miss", None)
    assert {item: it.key for item, it in found.items()} == await function.key([1, 2])
    assert calls == [[1]]


async def test_key_tells_the_keys_in_the_store(
    cache: Cache[Any], backend: MemoryBackend[Any]
) -> None:
    function = cached_many(cache)(compute_all)
    keys = await function.key([1, "a"])
    assert calls == []
    await function([1, "a"])

    assert list(keys) == [1, "a"]
    assert sorted(backend.local_store.keys()) == sorted(f"app:{key}" for key in keys.values())
    assert await function.key(items=[1], z=3, y=2) == {1: keys[1]}


async def test_purge_deletes_the_results_of_the_items(cache: Cache[Any]) -> None:
    function = cached_many(cache)(compute_all)
    await function([1, 2, 3])
    await function.purge([1, 3, 4])

    found = await function.lookup([1, 2, 3])
    assert [it.state for it in found.values()] == ["miss", "hit", "miss"]
    assert len(calls) == 1


async def test_uncached_calls_the_function_and_stores_nothing(cache: Cache[Any]) -> None:
    function = cached_many(cache)(compute_all)
    await function([1])

    assert await function.uncached([1, 2]) == {1: "1, 2, 3 by 2", 2: "2, 2, 3 by 2"}
    assert await function.uncached((2,)) == {2: "2, 2, 3 by 3"}
    assert (await function.lookup([2]))[2].state == "miss"
    assert await function([1]) == {1: "1, 2, 3 by 1"}


# The load that the function is a part of


async def test_load_stands_for_all_items(cache: Cache[Any], clock: ManualClock) -> None:
    @cached_many(cache, version=1)
    async def count(items: list[int]) -> dict[int, str]:
        calls.append(items)
        load = current_load()
        load.time_to_live = 10
        return dict.fromkeys(items, f"{load.key!r} {load.has_stale} {len(calls)}")

    assert await count([1, 2]) == dict.fromkeys([1, 2], "'' False 1")
    clock.advance(11)
    assert await count([1, 2]) == dict.fromkeys([1, 2], "'' False 2")


async def test_function_may_have_its_results_not_stored(cache: Cache[Any]) -> None:
    @cached_many(cache, version=1)
    async def count(items: list[int]) -> dict[int, int]:
        calls.append(items)
        if len(calls) == 1:
            current_load().do_not_store()
        return dict.fromkeys(items, len(calls))

    assert [await count([1]), await count([1]), await count([1])] == [{1: 1}, {1: 2}, {1: 2}]


# Caches that are chosen, and no cache


async def test_cache_is_chosen_by_the_function_and_its_arguments(cache: Cache[Any]) -> None:
    asked: list[Any] = []

    async def choose(function: object, *args: Any, **kwargs: Any) -> Cache[Any]:
        asked.append((function, args, kwargs))
        return cache

    function = cached_many(choose)(compute_all)

    assert await function([1], z=4) == {1: "1, 2, 4 by 1"}
    assert await function([1], z=4) == {1: "1, 2, 4 by 1"}
    assert asked == [(compute_all, ([1],), {"z": 4})] * 2
    assert await function.refresh([1], z=4) == {1: "1, 2, 4 by 2"}
    assert (await function.lookup([1], z=4))[1].value == "1, 2, 4 by 2"
    await function.purge([1], z=4)
    assert (await function.lookup([1], z=4))[1].state == "miss"


@pytest.mark.parametrize("choice", [None, lambda *args, **kwargs: None], ids=["none", "chosen"])
async def test_without_a_cache_all_is_computed_and_nothing_found(choice: Any) -> None:
    function = cached_many(choice)(compute_all)

    assert await function([1, 2]) == {1: "1, 2, 3 by 1", 2: "2, 2, 3 by 1"}
    assert await function([1]) == {1: "1, 2, 3 by 2"}
    assert await function.refresh([1]) == {1: "1, 2, 3 by 3"}
    assert await function.uncached([1]) == {1: "1, 2, 3 by 4"}
    await function.purge([1])
    found = await function.lookup([1])
    assert (found[1].state, found[1].value) == ("miss", None)
    assert found[1].key == (await function.key([1]))[1]
    assert calls == [[1, 2], [1], [1], [1]]


async def test_chosen_cache_is_told_of_items_that_can_be_read_only_once(
    cache: Cache[Any],
) -> None:
    def choose(function: object, items: Iterable[int]) -> Cache[Any]:
        return cache

    function = cached_many(choose)(compute_all)

    assert list(await function(iter([1, 2]))) == [1, 2]


# What is decorated


shared = Cache[Any, Any](backend=MemoryBackend(), serializer="noop://")


@dataclass(frozen=True)
class Point:
    """Told by its fields."""

    x: int

    @cached_many(shared)
    async def plus(self, items: list[int], z: int = 0) -> dict[int, int]:
        calls.append(items)
        return {item: self.x + item + z for item in items}

    async def __call__(self, items: list[int]) -> dict[int, int]:
        calls.append(items)
        return {item: self.x * item for item in items}


class Service:
    """Told by nothing."""

    @cached_many(shared, ignore=("self",))
    async def count(self, items: list[int]) -> dict[int, int]:
        calls.append(items)
        return dict.fromkeys(items, len(calls))

    @cached_many(shared)
    async def refused(self, items: list[int]) -> dict[int, int]:
        raise AssertionError


@pytest.fixture(autouse=True)
async def _clean() -> None:
    await shared.clear()


async def test_method_shares_results_among_equal_instances() -> None:
    assert await Point(1).plus([1, 2]) == {1: 2, 2: 3}
    assert await Point(1).plus([2, 3]) == {2: 3, 3: 4}
    assert await Point(2).plus([2]) == {2: 4}
    assert await Point.plus(Point(1), [1, 2, 3]) == {1: 2, 2: 3, 3: 4}
    assert await Point(1).plus([1], z=5) == {1: 7}
    assert calls == [[1, 2], [3], [2], [1]]


async def test_method_has_all_besides() -> None:
    await Point(1).plus([1, 2])

    assert await Point(1).plus.refresh([2]) == {2: 3}
    assert {it.state for it in (await Point(1).plus.lookup([1, 2])).values()} == {"hit"}
    assert (await Point(2).plus.lookup([1]))[1].state == "miss"
    assert await Point(1).plus.key([1]) != await Point(2).plus.key([1])
    assert await Point(1).plus.uncached([5]) == {5: 6}
    await Point(1).plus.purge([1])
    assert (await Point.plus.lookup(Point(1), [1]))[1].state == "miss"
    assert calls == [[1, 2], [2], [5]]


async def test_method_that_ignores_self_shares_results_among_all_instances() -> None:
    assert await Service().count([1]) == {1: 1}
    assert await Service().count([1, 2]) == {1: 1, 2: 2}
    assert calls == [[1], [2]]


async def test_method_of_an_object_without_identity_is_refused() -> None:
    with pytest.raises(UnkeyableArgumentError, match="`self`"):
        await Service().refused([1])


@pytest.mark.parametrize("kind", [classmethod, staticmethod])
def test_class_methods_and_static_methods_are_refused_with_the_way_out(kind: Any) -> None:
    with pytest.raises(UncacheableFunctionError, match="decorate a function"):
        cached_many(shared)(kind(compute_all))


async def test_partial_function_is_the_function_inside() -> None:
    function: Any = cached_many(shared)(partial(compute_all, z=4))

    assert await function([1]) == {1: "1, 2, 4 by 1"}
    assert await cached_many(shared)(compute_all)([1], z=4) == {1: "1, 2, 4 by 1"}
    assert await function([1, 2], y=2) == {1: "1, 2, 4 by 1", 2: "2, 2, 4 by 2"}


async def test_partial_function_that_holds_arguments_before_the_items() -> None:
    async def find(region: str, names: list[str]) -> dict[str, str]:
        calls.append(names)
        return {name: f"{name} in {region}" for name in names}

    function: Any = cached_many(shared, version=1)(partial(find, "eu"))

    assert await function(["a"]) == {"a": "a in eu"}
    assert await function(["a", "b"]) == {"a": "a in eu", "b": "b in eu"}
    assert calls == [["a"], ["b"]]


async def test_objects_with_call_and_bound_methods_are_cached_with_their_object() -> None:
    for function in (cached_many(shared)(Point(2)), cached_many(shared)(Point(2).__call__)):
        assert await function([1, 2]) == {1: 2, 2: 4}
    assert await cached_many(shared)(Point(3))([1]) == {1: 3}
    assert calls == [[1, 2], [1]]


async def test_plain_function_is_cached(cache: Cache[Any]) -> None:
    function: Any = cached_many(cache)(compute_all_at_once)

    assert await function([1]) == {1: "1 by 1"}
    assert await function([1, 2]) == {1: "1 by 1", 2: "2 by 2"}


async def test_function_of_one_item_may_use_the_results_of_many(cache: Cache[Any]) -> None:
    many = cached_many(cache)(compute_all)

    @cached(cache, version=1)
    async def one(item: int) -> str:
        return (await many([item]))[item]

    await many([1, 2])
    assert [await one(1), await one(1), await one(3)] == [
        "1, 2, 3 by 1",
        "1, 2, 3 by 1",
        "3, 2, 3 by 2",
    ]


def test_function_keeps_its_name_and_documentation(cache: Cache[Any]) -> None:
    function: Any = cached_many(cache)(compute_all)

    assert (function.__name__, function.__doc__) == ("compute_all", compute_all.__doc__)
    assert function.__wrapped__ is compute_all
    assert repr(function) == f"<cached {compute_all!r}>"


# What is refused when decorating


async def take_nothing() -> dict[int, int]:
    return {}


def test_parameter_that_is_not_there_is_refused(cache: Cache[Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"`names`.*`items`, `y`, `z`"):
        cached_many(cache, items="names")(compute_all)
    with pytest.raises(ConfigurationError, match="there are: none"):
        cached_many(cache)(take_nothing)
    with pytest.raises(ConfigurationError, match="`w`"):
        cached_many(cache, ignore=("w",))(compute_all)


async def take_one_by_one(*items: str) -> dict[str, str]:
    return {item: item.upper() for item in items}


async def take_by_name(**items: str) -> dict[str, str]:
    return items


@pytest.mark.parametrize("function", [take_one_by_one, take_by_name])
def test_parameter_that_takes_items_one_by_one_is_refused(cache: Cache[Any], function: Any) -> None:
    with pytest.raises(ConfigurationError, match="`items`"):
        cached_many(cache)(function)


def test_items_that_are_no_part_of_the_key_are_refused(cache: Cache[Any]) -> None:
    with pytest.raises(ConfigurationError, match="`items`"):
        cached_many(cache, ignore=("items",))(compute_all)


def test_options_that_cannot_be_are_refused(cache: Cache[Any]) -> None:
    with pytest.raises(InvalidDurationError):
        cached_many(cache, time_to_live="5")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="not a cache for this decorator"):
        cached_many("memory://")  # type: ignore[arg-type]


def test_chunks_of_nothing_are_refused(cache: Cache[Any]) -> None:
    with pytest.raises(ConfigurationError, match="chunk_size"):
        cached_many(cache, chunk_size=0)(compute_all)


def test_policy_that_needs_envelopes_is_refused_where_these_are_forbidden() -> None:
    cache = Cache[Any](backend=MemoryBackend(), serializer="pickle://", envelope=False)

    with pytest.raises(ConfigurationError, match="`envelope` is False"):
        cached_many(cache, policy=Policy(negative_time_to_live=5))


async def generate(items: list[int]) -> AsyncIterator[int]:
    yield 1


def test_generator_is_refused(cache: Cache[Any]) -> None:
    with pytest.raises(UncacheableFunctionError, match=r"generator.* a list"):
        cached_many(cache)(generate)  # type: ignore[arg-type]

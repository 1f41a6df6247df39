"""What a cached function can do besides: `refresh`, `lookup`, `key`, `uncached` and `purge`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from cachetory._runtime.async_ import Flight
from cachetory.backends.async_ import MemoryBackend
from cachetory.caches.async_ import Cache
from cachetory.decorators.async_ import cached
from cachetory.decorators.shared import make_default_key
from cachetory.errors import UnkeyableArgumentError
from cachetory.loading import current_load
from cachetory.lookup import Lookup
from tests.decorators.async_.functions import calls, compute, compute_any, compute_at_once
from tests.shell.async_.loads import HeldLoad
from tests.shell.async_crew import Crew, until_within

if TYPE_CHECKING:
    from tests.clock import ManualClock

shared = Cache[Any, Any](backend=MemoryBackend(), serializer="noop://", prefix="shared:")


@pytest.fixture(autouse=True)
async def _clean() -> None:
    await shared.clear()


@dataclass(frozen=True)
class Point:
    """Told by its fields."""

    x: int

    @cached(shared)
    async def count(self, y: int, z: int = 0) -> int:
        calls.append(y)
        return len(calls)

    async def __call__(self, y: int, z: int = 0) -> int:
        calls.append(y)
        return len(calls)


class Service:
    """Told by nothing."""

    @cached(shared, ignore=("self",))
    async def count(self, y: int, z: int = 0) -> int:
        calls.append(y)
        return len(calls)

    @cached(shared)
    @classmethod
    async def of_class(cls, y: int, z: int = 0) -> int:
        calls.append(y)
        return len(calls)

    @cached(shared)
    @staticmethod
    async def static(y: int, z: int = 0) -> int:
        calls.append(y)
        return len(calls)


async def choose(function: object, *args: Any, **kwargs: Any) -> Cache[Any, Any] | None:
    """Give the cache, unless there is nothing to look up."""
    return None if args[:1] == (0,) else shared


def choose_at_once(function: object, *args: Any, **kwargs: Any) -> Cache[Any, Any]:
    """Give the cache."""
    return shared


SUBJECTS: dict[str, Any] = {
    "function": cached(shared)(compute),
    "function of anything": cached(shared)(compute_any),
    "plain function": cached(shared)(compute_at_once),
    "function with a key": cached(shared, key=lambda x: x)(compute),
    "function with make_key": cached(shared, make_key=make_default_key)(compute),
    "function with a version": cached(shared, version=2)(compute),
    "method": Point(1).count,
    "method that ignores self": Service().count,
    "method through its class": partial(Point.count, Point(1)),
    "class method": Service.of_class,
    "class method through an instance": Service().of_class,
    "static method": Service.static,
    "static method through an instance": Service().static,
    "partial function": cached(shared)(partial(compute, z=4)),
    "object with call": cached(shared)(Point(1)),
    "bound method": cached(shared)(Point(1).__call__),
    "function with a cache that is chosen": cached(choose)(compute),
    "function with a cache that is chosen at once": cached(choose_at_once)(compute),
}
TAKE_ANYTHING = ("function of anything", "function with make_key")


@pytest.fixture(params=SUBJECTS)
def subject(request: pytest.FixtureRequest) -> Any:
    """Something cached that takes a number and counts its calls, with what it has besides."""
    subject = SUBJECTS[request.param]
    if isinstance(subject, partial) and not hasattr(subject, "lookup"):
        method, point = subject.func, subject.args[0]
        subject.purge = partial(method.purge, point)  # type: ignore[attr-defined]
        subject.refresh = partial(method.refresh, point)  # type: ignore[attr-defined]
        subject.lookup = partial(method.lookup, point)  # type: ignore[attr-defined]
        subject.key = partial(method.key, point)  # type: ignore[attr-defined]
        subject.uncached = partial(method.uncached, point)  # type: ignore[attr-defined]
    return subject


# Whatever it is


async def test_refresh_computes_whatever_is_cached(subject: Any) -> None:
    first = await subject(1)
    calls.append("another result is due")

    refreshed = await subject.refresh(1)
    assert refreshed != first
    assert await subject(1) == refreshed


async def test_refresh_caches_what_was_not_cached(subject: Any) -> None:
    refreshed = await subject.refresh(1)
    calls.append("another result would be due")

    assert await subject(1) == refreshed


async def test_refresh_leaves_the_results_of_other_calls_alone(subject: Any) -> None:
    other = await subject(2)
    await subject.refresh(1)

    assert await subject(2) == other


async def test_lookup_tells_of_the_result_and_computes_nothing(subject: Any) -> None:
    before = await subject.lookup(1)
    assert (before.state, before.value) == ("miss", None)
    assert calls == []

    result = await subject(1)

    found = await subject.lookup(1)
    assert isinstance(found, Lookup)
    assert (found.state, found.value, found.source) == ("hit", result, "store")
    assert found.key == await subject.key(1)
    assert (await subject.lookup(2)).state == "miss"


async def test_key_is_the_one_in_the_store_and_computes_nothing(subject: Any) -> None:
    key = await subject.key(1)
    assert calls == []

    await subject(1)

    assert f"shared:{key}" in shared.backend.local_store.entries
    assert await subject.key(2) != key


async def test_uncached_calls_the_function_and_stores_nothing(subject: Any) -> None:
    first, second = await subject.uncached(1), await subject.uncached(1)
    assert (first, second) == (1, 2)
    assert (await subject.lookup(1)).state == "miss"

    result = await subject(1)
    await subject.uncached(1)

    assert await subject(1) == result


async def test_purge_makes_all_forget_the_result(subject: Any) -> None:
    await subject(1)
    other = await subject(2)

    assert await subject.purge(1) is True
    assert await subject.purge(1) is False
    assert (await subject.lookup(1)).state == "miss"
    assert await subject(2) == other


@pytest.mark.parametrize(
    "subject", [name for name in SUBJECTS if name not in TAKE_ANYTHING], indirect=True
)
async def test_call_that_does_not_fit_is_a_type_error_to_all(subject: Any) -> None:
    for helper in (subject, subject.refresh, subject.lookup, subject.key, subject.purge):
        with pytest.raises(TypeError):
            await helper(1, no_such_parameter=2)
    with pytest.raises(TypeError):
        await subject.uncached(1, no_such_parameter=2)
    assert calls == []


# How arguments are passed


async def test_arguments_may_be_passed_in_any_form(cache: Cache[Any]) -> None:
    function = cached(cache)(compute)
    forms: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        ((1,), {}),
        ((), {"x": 1}),
        ((1, 2), {}),
        ((), {"z": 3, "y": 2, "x": 1}),
    ]

    refreshed = [await function.refresh(*args, **kwargs) for args, kwargs in forms]
    assert refreshed == [1, 2, 3, 4]
    assert [(await function.lookup(*args, **kwargs)).value for args, kwargs in forms] == [4] * 4
    assert len({await function.key(*args, **kwargs) for args, kwargs in forms}) == 1
    assert await function.uncached(x=1, z=9) == 5
    assert calls[-1] == (1, 2, 9)


async def test_parameters_may_have_any_names(cache: Cache[Any]) -> None:
    async def awkward(self: int, key: int, args: int, load: int, policy: int) -> int:
        return self + key + args + load + policy

    function = cached(cache)(awkward)
    arguments = {"self": 1, "key": 2, "args": 3, "load": 4, "policy": 5}

    assert await function(**arguments) == 15
    assert await function.refresh(**arguments) == 15
    assert await function.uncached(**arguments) == 15
    assert (await function.lookup(**arguments)).value == 15
    assert "policy=5" in await function.key(**arguments)
    assert await function.purge(**arguments)


async def test_argument_without_identity_is_refused_where_a_key_is_needed(
    cache: Cache[Any],
) -> None:
    function = cached(cache)(compute)
    thing = object()

    for helper in (function.refresh, function.lookup, function.key, function.purge):
        with pytest.raises(UnkeyableArgumentError, match="`x`"):
            await helper(thing)
    assert calls == []
    assert await function.uncached(thing) == 1


async def test_call_with_too_few_arguments_is_a_type_error_whatever_makes_the_key(
    cache: Cache[Any],
) -> None:
    for function in (
        cached(cache, make_key=lambda *args, **kwargs: "key")(compute_at_once),
        cached(cache, key=lambda *args, **kwargs: "key")(compute_at_once),
    ):
        with pytest.raises(TypeError):
            await function()  # type: ignore[call-arg]
        with pytest.raises(TypeError):
            await function.refresh()  # type: ignore[call-arg]
    assert calls == []


# Keys


async def test_key_is_what_make_key_gives(cache: Cache[Any]) -> None:
    async def make_key(function: object, *args: Any) -> str:
        return f"key of {args}"

    function = cached(cache, make_key=make_key)(compute)

    assert await function.key(1) == "key of (1,)"
    assert await function(1) == await cache.get("key of (1,)") == 1
    assert (await function.lookup(1)).key == "key of (1,)"


async def test_key_follows_version_and_ignored_parameters(cache: Cache[Any]) -> None:
    plain = await cached(cache)(compute).key(1)

    assert await cached(cache, version=1)(compute).key(1) != plain
    ignoring = cached(cache, ignore=("z",))(compute)
    assert await ignoring.key(1) == await ignoring.key(1, z=9)
    assert await ignoring.key(1) != await ignoring.key(2)


async def test_key_is_without_the_prefix_of_the_cache(
    cache: Cache[Any], backend: MemoryBackend[Any]
) -> None:
    function = cached(cache)(compute)
    await function(1)

    assert backend.local_store.keys() == [f"app:{await function.key(1)}"]


# Refreshes


async def test_refresh_that_fails_leaves_what_is_cached(cache: Cache[Any]) -> None:
    @cached(cache, version=1)
    async def work_once(x: int) -> int:
        calls.append(x)
        if len(calls) > 1:
            raise ZeroDivisionError
        return len(calls)

    assert await work_once(1) == 1
    with pytest.raises(ZeroDivisionError):
        await work_once.refresh(1)
    assert await work_once(1) == 1


async def test_old_result_is_served_until_the_refresh_is_done(cache: Cache[Any]) -> None:
    load = HeldLoad()

    async def call(x: int) -> int:
        return await load()

    function = cached(cache, version=1)(call)
    await cache.set(await function.key(1), "old")
    async with Crew() as crew:
        refresher = crew.start(function.refresh, 1)
        await load.started.wait()

        assert await function(1) == "old"
        load.let_go.set()
        assert await refresher.result() == 1
    assert await function(1) == 1


async def test_refresh_keeps_a_call_under_way_from_storing_its_result(cache: Cache[Any]) -> None:
    load = HeldLoad()

    async def call(x: int) -> int:
        return await load()

    function = cached(cache, version=1)(call)
    async with Crew() as crew:
        early = crew.start(function, 1)
        await load.started.wait()

        assert await function.refresh(1) == 2
        load.let_go.set()
        assert await early.result() == 1
    assert await function(1) == 2


async def test_refresh_that_begins_last_is_stored(cache: Cache[Any]) -> None:
    load = HeldLoad()

    async def call(x: int) -> int:
        return await load()

    function = cached(cache, version=1)(call)
    async with Crew() as crew:
        early = crew.start(function.refresh, 1)
        await load.started.wait()
        assert await function.refresh(1) == 2
        load.let_go.set()
        assert await early.result() == 1
    assert await function(1) == 2


async def test_callers_join_a_refresh_of_what_is_not_cached(cache: Cache[Any]) -> None:
    load = HeldLoad()

    async def call(x: int) -> int:
        return await load()

    function = cached(cache, version=1)(call)
    async with Crew() as crew:
        refresher = crew.start(function.refresh, 1)
        await load.started.wait()
        callers = [crew.start(function, 1) for _ in range(5)]
        await until_within(Flight.follow, *callers)
        load.let_go.set()

        assert [await it.result() for it in (refresher, *callers)] == [1] * 6
    assert load.calls == 1


async def test_purge_keeps_a_refresh_under_way_from_storing_its_result(cache: Cache[Any]) -> None:
    load = HeldLoad()

    async def call(x: int) -> int:
        return await load()

    function = cached(cache, version=1)(call)
    async with Crew() as crew:
        refresher = crew.start(function.refresh, 1)
        await load.started.wait()
        await function.purge(1)
        load.let_go.set()

        assert await refresher.result() == 1
    assert (await function.lookup(1)).state == "miss"


async def test_refreshed_result_lives_as_long_as_others(
    cache: Cache[Any], clock: ManualClock
) -> None:
    for function in (
        cached(cache, time_to_live=5)(compute),
        cached(cache, time_to_live=lambda key: 5, version=2)(compute),
    ):
        refreshed = await function.refresh(1)
        clock.advance(4)
        assert await function(1) == refreshed
        clock.advance(2)

        assert await function(1) == refreshed + 1


async def test_refresh_does_not_keep_an_excluded_result(cache: Cache[Any]) -> None:
    function = cached(cache, exclude=lambda key, value: value == 2)(compute)

    assert await function(1) == 1
    assert await function.refresh(1) == 2
    assert await function(1) == 1
    assert await function.refresh(1) == 3
    assert await function(1) == 3


# Caches that are chosen, and no cache


async def test_cache_is_chosen_by_the_function_and_its_arguments(cache: Cache[Any]) -> None:
    asked: list[Any] = []

    def choose_by_arguments(function: object, x: int, y: int = 0, **rest: int) -> Cache[Any] | None:
        asked.append((function, x, y, rest))
        return cache if x else None

    function = cached(choose_by_arguments)(compute)

    assert await function.refresh(1, y=4) == 1
    assert (await function.lookup(1, y=4)).value == 1
    assert await function.purge(1, y=4)
    assert asked == [(compute, 1, 4, {})] * 3


@pytest.mark.parametrize("choice", [None, lambda *args, **kwargs: None], ids=["none", "chosen"])
async def test_without_a_cache_all_is_computed_and_nothing_found(choice: Any) -> None:
    function = cached(choice)(compute)

    assert [await function(1), await function(1)] == [1, 2]
    assert await function.refresh(1) == 3
    assert await function.uncached(1) == 4
    assert await function.purge(1) is False
    found = await function.lookup(1)
    assert (found.state, found.value, found.source) == ("miss", None, None)
    assert found.key == await function.key(1) == await cached(shared)(compute).key(1)
    assert len(calls) == 4


async def test_without_a_cache_arguments_need_no_identity() -> None:
    function = cached(None)(compute)

    assert await function(object()) == 1
    assert await function.refresh(object()) == 2
    assert await function.purge(object()) is False


async def test_call_without_a_cache_among_others_is_computed() -> None:
    function = cached(choose)(compute)

    assert [await function(0), await function(0), await function(1), await function(1)] == [
        1,
        2,
        3,
        3,
    ]
    assert (await function.lookup(0)).state == "miss"
    assert await function.purge(0) is False


# Functions that are cached twice


async def test_helpers_of_a_function_cached_twice_are_about_the_outer_cache() -> None:
    near = Cache[Any](backend="memory://", serializer="noop://")
    behind = Cache[Any](backend="memory://", serializer="pickle://")
    inner = cached(behind)(compute)
    outer = cached(near)(inner)
    assert await outer(1) == 1

    assert await outer.refresh(1) == 1  # which is what the inner one has
    assert await inner.refresh(1) == 2
    assert await outer(1) == 1
    assert await outer.refresh(1) == 2
    assert await outer.uncached(1) == 2
    assert (await outer.lookup(1)).value == 2
    assert await outer.key(1) == await inner.key(1)
    assert await outer.purge(1)
    assert ((await outer.lookup(1)).state, (await inner.lookup(1)).state) == ("miss", "hit")
    assert outer.__wrapped__ is inner


# The load that a cached function is a part of


async def test_function_knows_its_key(cache: Cache[Any]) -> None:
    @cached(cache, version=1)
    async def tell(x: int) -> str:
        return current_load().key

    assert await tell(1) == await tell.key(1)
    assert await tell.refresh(2) == await tell.key(2)


async def test_function_may_set_how_long_its_result_lives(
    cache: Cache[Any], clock: ManualClock
) -> None:
    @cached(cache, version=1, time_to_live=100)
    async def count(x: int) -> int:
        calls.append(x)
        current_load().time_to_live = x
        return len(calls)

    assert [await count(5), await count(50)] == [1, 2]
    assert await count.refresh(5) == 3
    clock.advance(6)

    assert [await count(5), await count(50)] == [4, 2]


async def test_function_may_have_its_result_not_stored(cache: Cache[Any]) -> None:
    @cached(cache, version=1)
    async def count(x: int) -> int:
        calls.append(x)
        if len(calls) == 1:
            current_load().do_not_store()
        return len(calls)

    assert [await count(1), await count(1), await count(1)] == [1, 2, 2]


async def test_function_may_say_that_there_is_none(cache: Cache[Any]) -> None:
    @cached(cache, version=1)
    async def find(x: int) -> list[int]:
        calls.append(x)
        current_load().there_is_none()
        return []

    assert [await find(1), await find(1)] == [[], []]
    assert calls == [1, 1]
    assert (await find.lookup(1)).state == "miss"


async def test_function_sees_the_result_that_it_replaces(cache: Cache[Any]) -> None:
    @cached(cache, version=1)
    async def add_one(x: int) -> int:
        load = current_load()
        return load.stale + 1 if load.has_stale else x

    assert await add_one(5) == 5
    assert await add_one.refresh(5) == 6
    assert await add_one.refresh(5) == 7
    assert await add_one.uncached(5) == 5
    assert await add_one(5) == 7


async def test_function_that_is_called_uncached_is_a_part_of_a_load_of_nothing() -> None:
    async def shy(x: int) -> str:
        load = current_load()
        load.do_not_store()
        load.there_is_none()
        load.time_to_live = 5
        return load.key

    assert await cached(shared, version=1)(shy).uncached(1) == ""
    assert await cached(None, version=1)(shy)(1) == ""


async def test_load_is_over_when_the_call_is(cache: Cache[Any]) -> None:
    function = cached(cache)(compute)
    await function(1)
    await function.refresh(1)
    await function.uncached(1)

    with pytest.raises(LookupError, match="no load is under way"):
        current_load()


async def test_function_that_calls_another_has_its_own_load_again_afterwards(
    cache: Cache[Any],
) -> None:
    @cached(cache, version=1)
    async def inner(x: int) -> str:
        return current_load().key

    @cached(cache, version=1)
    async def outer(x: int) -> tuple[str, str, str]:
        before = current_load().key
        between = await inner(x)
        await inner.uncached(x)
        return before, between, current_load().key

    key = await outer.key(1)
    assert await outer(1) == (key, await inner.key(1), key)

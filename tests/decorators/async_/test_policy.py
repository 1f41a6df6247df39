"""Functions that are cached by a policy: stale results, errors, results that there are not."""

from __future__ import annotations

from datetime import timedelta
from random import seed
from typing import TYPE_CHECKING, Any

import pytest

from cachetory._runtime.async_ import Flight, sleep
from cachetory.caches.async_ import Cache
from cachetory.decorators.async_ import cached
from cachetory.errors import ConfigurationError, LoadTimeoutError, NoValueError
from cachetory.loading import current_load
from cachetory.policy import Policy
from tests.decorators.async_.functions import calls, compute, compute_at_once
from tests.shell.async_.loads import HeldLoad
from tests.shell.async_crew import Crew, until_within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from cachetory.backends.async_ import MemoryBackend
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


class Source:
    """Fails, or has nothing to give, when it is told to."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.calls = 0

    async def ask(self, x: Any) -> str:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return f"{x}, {self.calls}"

    def cached(self, cache: Cache[Any, Any], **policy: Any) -> Callable[[Any], Any]:
        return cached(cache, key=lambda x: x, policy=Policy(**policy))(self.ask)


@pytest.fixture
def source() -> Source:
    return Source()


async def store_stale(cache: Cache[Any], key: str, clock: ManualClock, policy: Policy) -> None:
    """Store a value, and let it become stale."""

    async def load() -> str:
        return "stale"

    await cache.get_or_set(key, load, policy=policy)
    clock.advance(15)


# How long a result is fresh


async def test_result_is_fresh_for_the_time_of_the_policy(
    cache: Cache[Any], clock: ManualClock
) -> None:
    function = cached(cache, policy=Policy(time_to_live=timedelta(seconds=10)))(compute)

    assert await function(1) == 1
    clock.advance(9)
    assert await function(1) == 1
    clock.advance(2)
    assert await function(1) == 2


async def test_time_may_depend_on_the_result(cache: Cache[Any], clock: ManualClock) -> None:
    policy = Policy(time_to_live=lambda value: None if value == 1 else timedelta(seconds=5))
    function = cached(cache, policy=policy)(compute)

    assert [await function(1), await function(2)] == [1, 2]
    clock.advance(6)
    assert [await function(1), await function(2)] == [1, 3]


async def test_time_of_the_decorator_comes_before_that_of_the_policy(
    cache: Cache[Any], clock: ManualClock
) -> None:
    policy = Policy(time_to_live=100)
    fixed = cached(cache, policy=policy, time_to_live=5)(compute)
    by_key = cached(cache, policy=policy, time_to_live=lambda key: 5, version=2)(compute)
    assert [await fixed(1), await by_key(1)] == [1, 2]
    clock.advance(6)

    assert [await fixed(1), await by_key(1)] == [3, 4]


async def test_policy_of_the_function_stands_in_the_place_of_the_caches(
    backend: MemoryBackend[Any], clock: ManualClock
) -> None:
    cache = Cache[Any](
        backend=backend,
        serializer="pickle://",
        wall_clock=clock,
        policy=Policy(time_to_live=5, stale_while_revalidate=100),
    )
    by_its_own = cached(cache, policy=Policy(time_to_live=50))(compute)
    by_the_caches = cached(cache, version=2)(compute)
    assert [await by_its_own(1), await by_the_caches(1)] == [1, 2]

    clock.advance(10)
    assert [await by_its_own(1), await by_the_caches(1)] == [1, 2]
    assert cache.stats().stale == 1
    await cache.aclose()
    clock.advance(60)
    assert await by_its_own(1) == 4
    assert cache.stats().stale == 1
    assert calls[2:] == [(1, 2, 3), (1, 2, 3)]


async def test_jitter_only_shortens(cache: Cache[Any], clock: ManualClock) -> None:
    function = cached(cache, policy=Policy(time_to_live=10, jitter=0.5))(compute)
    results = [await function(x) for x in range(50)]

    clock.advance(4.9)
    assert [await function(x) for x in range(50)] == results
    clock.advance(5.2)
    assert [await function(x) for x in range(50)] == list(range(51, 101))


def test_policy_that_needs_envelopes_is_refused_where_these_are_forbidden(
    backend: MemoryBackend[Any],
) -> None:
    cache = Cache[Any](backend=backend, serializer="pickle://", envelope=False)

    with pytest.raises(ConfigurationError, match="`envelope` is False"):
        cached(cache, policy=Policy(stale_if_error=5))
    assert cached(cache, policy=Policy(time_to_live=5))(compute) is not None


async def test_policy_is_refused_by_a_chosen_cache_that_forbids_envelopes(
    backend: MemoryBackend[Any],
) -> None:
    cache = Cache[Any](backend=backend, serializer="pickle://", envelope=False)
    function = cached(lambda *args, **kwargs: cache, policy=Policy(stale_if_error=5))(compute)

    with pytest.raises(ConfigurationError, match="`envelope` is False"):
        await function(1)


async def test_result_whose_time_to_live_is_none_is_returned_and_not_stored(
    cache: Cache[Any],
) -> None:
    function = cached(cache, policy=Policy(time_to_live=lambda value: float("nan")))(compute)

    assert [await function(1), await function(1)] == [1, 2]
    assert cache.stats().not_stored == 2


# Stale results


async def test_stale_result_is_given_and_computed_behind(
    cache: Cache[Any], clock: ManualClock
) -> None:
    function = cached(cache, policy=Policy(time_to_live=10, stale_while_revalidate=20))(compute)
    assert await function(1) == 1
    clock.advance(15)

    assert await function(1) == 1
    await cache.aclose()
    assert calls == [(1, 2, 3)] * 2
    assert await function(1) == 2
    assert cache.stats().refreshes == 1


async def test_result_that_is_too_old_is_computed_at_once(
    cache: Cache[Any], clock: ManualClock
) -> None:
    function = cached(cache, policy=Policy(time_to_live=10, stale_while_revalidate=20))(compute)
    assert await function(1) == 1
    clock.advance(31)

    assert await function(1) == 2


async def test_stale_result_is_computed_once_for_many_callers(
    cache: Cache[Any], clock: ManualClock
) -> None:
    load = HeldLoad()

    async def call(x: int) -> int:
        return await load()

    policy = Policy(time_to_live=10, stale_while_revalidate=20)
    function = cached(cache, make_key=lambda *args: "key", policy=policy)(call)
    await store_stale(cache, "key", clock, policy)

    assert [await function(1) for _ in range(20)] == ["stale"] * 20
    await load.started.wait()
    assert await function(1) == "stale"
    load.let_go.set()
    await cache.aclose()
    assert await function(1) == 1
    assert load.calls == 1


async def test_purge_of_a_stale_result_computes_it_at_once(
    cache: Cache[Any], clock: ManualClock
) -> None:
    function = cached(cache, policy=Policy(time_to_live=10, stale_while_revalidate=20))(compute)
    await function(1)
    clock.advance(15)
    await function.purge(1)

    assert await function(1) == 2


async def test_purge_keeps_a_result_computed_behind_out(
    cache: Cache[Any], clock: ManualClock
) -> None:
    load = HeldLoad()

    async def call(x: int) -> int:
        return await load()

    policy = Policy(time_to_live=10, stale_while_revalidate=20)
    function = cached(cache, make_key=lambda *args: "key", policy=policy)(call)
    await store_stale(cache, "key", clock, policy)
    assert await function(1) == "stale"
    await load.started.wait()

    await function.purge(1)
    assert await function(1) == 2
    load.let_go.set()
    await cache.aclose()
    assert await function(1) == 2


async def test_lookup_tells_fresh_from_stale(cache: Cache[Any], clock: ManualClock) -> None:
    function = cached(cache, policy=Policy(time_to_live=10, stale_while_revalidate=20))(compute)
    await function(1)
    fresh = await function.lookup(1)
    clock.advance(15)

    stale = await function.lookup(1)
    assert (fresh.state, fresh.value, stale.state, stale.value) == ("hit", 1, "stale", 1)
    assert fresh.fresh_for == pytest.approx(10, abs=5)
    assert stale.fresh_for == pytest.approx(-5, abs=5)
    assert (fresh.age, stale.age) == (0, 15)
    assert calls == [(1, 2, 3)]
    clock.advance(20)
    assert (await function.lookup(1)).state == "miss"


async def test_function_sees_the_stale_result_that_it_replaces(
    cache: Cache[Any], clock: ManualClock
) -> None:
    @cached(cache, version=1, policy=Policy(time_to_live=10, stale_while_revalidate=20))
    async def add_one(x: int) -> int:
        load = current_load()
        return load.stale + 1 if load.has_stale else x

    assert await add_one(5) == 5
    clock.advance(15)
    assert await add_one(5) == 5
    await cache.aclose()

    assert await add_one(5) == 6


async def test_fresh_result_is_computed_early_behind_a_caller(
    cache: Cache[Any], clock: ManualClock
) -> None:
    seed(20)  # chance is on the side of the test

    @cached(cache, version=1, policy=Policy(time_to_live=10_000, early_refresh=1000))
    async def work(x: int) -> int:
        calls.append(x)
        await sleep(0.02)
        return len(calls)

    assert await work(1) == 1
    clock.advance(9_999.5)

    assert await work(1) == 1
    await cache.aclose()
    assert calls == [1, 1]
    assert await work(1) == 2
    assert cache.stats().stale == 0


# Errors


async def test_stale_result_stands_in_for_an_error(
    cache: Cache[Any], clock: ManualClock, source: Source
) -> None:
    function = source.cached(cache, time_to_live=10, stale_if_error=100, retry_after_failure=3600)
    assert await function("a") == "a, 1"
    clock.advance(50)
    source.error = ZeroDivisionError()

    assert [await function("a"), await function("a"), await function("a")] == ["a, 1"] * 3
    assert source.calls == 2  # and not again for a while
    assert cache.stats().stale == 3


async def test_result_is_computed_again_after_a_failure_if_the_policy_says_so(
    cache: Cache[Any], clock: ManualClock, source: Source
) -> None:
    function = source.cached(cache, time_to_live=10, stale_if_error=100, retry_after_failure=0)
    assert await function("a") == "a, 1"
    clock.advance(50)
    source.error = ZeroDivisionError()
    assert [await function("a"), await function("a")] == ["a, 1"] * 2
    source.error = None

    assert [await function("a"), await function("a")] == ["a, 4"] * 2


async def test_error_is_raised_when_the_stale_result_is_too_old(
    cache: Cache[Any], clock: ManualClock, source: Source
) -> None:
    function = source.cached(cache, time_to_live=10, stale_if_error=100)
    assert await function("a") == "a, 1"
    clock.advance(111)
    source.error = ZeroDivisionError()

    with pytest.raises(ZeroDivisionError):
        await function("a")
    source.error = None
    assert await function("a") == "a, 3"


async def test_error_of_a_refresh_is_raised_though_there_is_a_stale_result(
    cache: Cache[Any], clock: ManualClock, source: Source
) -> None:
    function: Any = source.cached(cache, time_to_live=10, stale_if_error=100)
    assert await function("a") == "a, 1"
    clock.advance(50)
    source.error = ZeroDivisionError()

    with pytest.raises(ZeroDivisionError):
        await function.refresh("a")
    assert await function("a") == "a, 1"


async def test_refresh_that_fails_does_not_keep_others_from_computing(
    cache: Cache[Any], clock: ManualClock, source: Source
) -> None:
    policy = {"stale_while_revalidate": 100, "stale_if_error": 100, "retry_after_failure": 3600}
    function: Any = source.cached(cache, time_to_live=10, **policy)
    assert await function("a") == "a, 1"
    clock.advance(5)
    source.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await function.refresh("a")
    source.error = None
    clock.advance(10)

    assert await function("a") == "a, 1"
    await cache.aclose()
    assert await function("a") == "a, 3"


async def test_stale_result_is_not_given_for_what_there_is_no_more(
    cache: Cache[Any], clock: ManualClock, source: Source
) -> None:
    function = source.cached(cache, time_to_live=10, stale_if_error=100)
    assert await function("a") == "a, 1"
    clock.advance(50)
    source.error = NoValueError()

    with pytest.raises(NoValueError):
        await function("a")


# What there is not


async def test_that_there_is_none_is_remembered_for_its_time(
    cache: Cache[Any], clock: ManualClock, source: Source
) -> None:
    function: Any = source.cached(cache, time_to_live=100, negative_time_to_live=10)
    source.error = NoValueError()

    for _ in range(3):
        with pytest.raises(NoValueError):
            await function("a")
    assert source.calls == 1
    found = await function.lookup("a")
    assert (found.state, found.is_negative, found.value) == ("hit", True, None)
    source.error = None
    clock.advance(11)
    assert await function("a") == "a, 2"


async def test_that_there_is_none_is_not_remembered_unless_the_policy_says_so(
    cache: Cache[Any], source: Source
) -> None:
    function = source.cached(cache, time_to_live=100)
    source.error = NoValueError()

    for _ in range(3):
        with pytest.raises(NoValueError):
            await function("a")
    assert source.calls == 3


async def test_purge_forgets_that_there_is_none(cache: Cache[Any], source: Source) -> None:
    function: Any = source.cached(cache, negative_time_to_live=10)
    source.error = NoValueError()
    with pytest.raises(NoValueError):
        await function("a")
    source.error = None
    await function.purge("a")

    assert await function("a") == "a, 2"


async def test_refresh_finds_what_there_was_not(cache: Cache[Any], source: Source) -> None:
    function: Any = source.cached(cache, negative_time_to_live=10)
    source.error = NoValueError()
    with pytest.raises(NoValueError):
        await function("a")
    source.error = None

    assert await function.refresh("a") == "a, 2"
    assert await function("a") == "a, 2"


async def test_result_in_the_place_of_none_is_remembered_and_given(
    cache: Cache[Any], clock: ManualClock
) -> None:
    @cached(cache, version=1, policy=Policy(time_to_live=100, negative_time_to_live=10))
    async def find(x: int) -> list[int]:
        calls.append(x)
        current_load().there_is_none()
        return []

    assert [await find(1), await find(1)] == [[], []]
    assert calls == [1]
    assert (await find.lookup(1)).is_negative
    assert await cache.get(await find.key(1), "nothing") == "nothing"
    clock.advance(11)
    await find(1)
    assert calls == [1, 1]


# Time that a call takes


async def test_stale_result_is_given_when_computing_takes_too_long(
    cache: Cache[Any], clock: ManualClock
) -> None:
    load = HeldLoad()

    async def call(x: int) -> int:
        return await load()

    policy = Policy(time_to_live=10, stale_if_error=100, soft_timeout=0.01)
    function = cached(cache, make_key=lambda *args: "key", policy=policy)(call)
    await store_stale(cache, "key", clock, policy)

    assert await function(1) == "stale"
    assert load.calls == 1
    assert cache.stats().late_loads == 1
    load.let_go.set()
    await cache.aclose()
    assert await function(1) == 1


async def test_call_that_takes_too_long_is_an_error_and_stored_later(cache: Cache[Any]) -> None:
    load = HeldLoad()

    async def call(x: int) -> int:
        return await load()

    function = cached(cache, version=1, policy=Policy(hard_timeout=0.01))(call)

    with pytest.raises(LoadTimeoutError, match=r"0\.01 s"):
        await function(1)
    load.let_go.set()
    await cache.aclose()
    assert await function(1) == 1
    assert load.calls == 1


# What is decorated


async def test_policy_of_a_function_counts_for_the_cache_that_is_chosen(
    cache: Cache[Any], clock: ManualClock
) -> None:
    policy = Policy(time_to_live=10, stale_while_revalidate=20)
    function = cached(lambda *args, **kwargs: cache, policy=policy)(compute)
    assert await function(1) == 1
    clock.advance(15)

    assert await function(1) == 1
    await cache.aclose()
    assert await function(1) == 2


async def test_policy_without_a_cache_changes_nothing() -> None:
    function = cached(None, policy=Policy(stale_while_revalidate=5))(compute)

    assert [await function(1), await function(1)] == [1, 2]


async def test_plain_function_is_cached_by_a_policy(cache: Cache[Any], clock: ManualClock) -> None:
    policy = Policy(time_to_live=10, stale_while_revalidate=20)
    function: Any = cached(cache, policy=policy)(compute_at_once)
    assert await function(1) == 1
    clock.advance(15)

    assert await function(1) == 1
    await cache.aclose()
    assert await function(1) == 2


async def test_methods_are_cached_by_a_policy(cache: Cache[Any], clock: ManualClock) -> None:
    policy = Policy(time_to_live=10, stale_while_revalidate=20)

    class Point:
        def __init__(self, x: int) -> None:
            self.x = x

        @cached(cache, key=lambda self, y: (self.x, y), policy=policy)
        async def count(self, y: int) -> int:
            calls.append((self.x, y))
            return len(calls)

        @cached(cache, key=lambda cls, y: y, policy=policy)
        @classmethod
        async def of_class(cls, y: int) -> int:
            calls.append((cls.__name__, y))
            return len(calls)

        @cached(cache, version=1, policy=policy)
        @staticmethod
        async def static(y: int) -> int:
            calls.append(y)
            return len(calls)

    methods: list[Any] = [Point(1).count, Point(2).count, Point.of_class, Point(1).static]
    results = [await method(5) for method in methods]
    assert results == [1, 2, 3, 4]
    clock.advance(15)

    assert [await method(5) for method in methods] == results
    await cache.aclose()
    assert sorted([await method(5) for method in methods]) == [5, 6, 7, 8]
    assert calls[:4] == [(1, 5), (2, 5), ("Point", 5), 5]
    assert all(call in calls[4:] for call in calls[:4])


async def test_function_cached_twice_has_two_policies(
    cache: Cache[Any], clock: ManualClock
) -> None:
    near = Cache[Any](backend="memory://", serializer="noop://")
    function = cached(near)(
        cached(cache, policy=Policy(time_to_live=10, stale_while_revalidate=20))(compute)
    )
    assert await function(1) == 1
    clock.advance(15)

    assert await function.refresh(1) == 1  # what the inner one gives is stale
    await cache.aclose()
    assert await function(1) == 1
    assert await function.refresh(1) == 2


async def test_callers_who_wait_share_what_stands_in_for_an_error(
    cache: Cache[Any], clock: ManualClock
) -> None:
    load = HeldLoad()

    async def call(x: int) -> int:
        await load()
        raise ZeroDivisionError

    policy = Policy(time_to_live=10, stale_if_error=100, retry_after_failure=3600)
    function = cached(cache, make_key=lambda *args: "key", policy=policy)(call)
    await store_stale(cache, "key", clock, policy)
    async with Crew() as crew:
        leader = crew.start(function, 1)
        await load.started.wait()
        followers = [crew.start(function, 1) for _ in range(10)]
        await until_within(Flight.follow, *followers)
        load.let_go.set()

        assert [await it.result() for it in (leader, *followers)] == ["stale"] * 11
    assert load.calls == 1

"""How long callers wait for a load, and what becomes of a load that takes longer."""

from __future__ import annotations

from contextvars import ContextVar
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

from cachetory._runtime.async_ import sleep
from cachetory.errors import CachetoryError, LoadTimeoutError, NoValueError
from cachetory.events import Event, Loaded, LoadLate, Miss, Set, Stale
from cachetory.loading import current_load
from cachetory.policy import Policy
from tests.caches.async_.policies import (
    KINDS,
    Caches,
    Source,
    eventually,
    until_found,
    until_landed,
)
from tests.shell.async_crew import PATIENCE, Crew, Meeting, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.clock import ManualClock

CALLERS = 20
SHORT = 0.05

FORGIVING = Policy(time_to_live=100, stale_if_error=50)
SOFT = FORGIVING.replace(soft_timeout=SHORT)
HARD = Policy(time_to_live=100, hard_timeout=SHORT)
PATIENT = Policy(time_to_live=100, hard_timeout=PATIENCE)
"""Has loads done behind the callers, who do not lose patience."""

FALSY = pytest.mark.parametrize("value", [None, 0, "", [], False], ids=repr)


@pytest.fixture(params=KINDS)
async def caches(request: pytest.FixtureRequest, clock: ManualClock) -> AsyncIterator[Caches]:
    async with Caches(request, clock) as caches:
        yield caches


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def told() -> list[Event]:
    """The events so far."""
    return []


# Soft


async def test_stale_value_is_given_after_the_soft_timeout_and_one_load_goes_on(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(SOFT)
    await cache.set("key", "old")
    clock.advance(101)
    hold = source.hold()
    began_at = monotonic()

    assert await cache.get_or_set("key", source) == "old"
    assert monotonic() - began_at >= SHORT
    await hold.begun.wait()
    assert [await cache.get_or_set("key", source) for _ in range(3)] == ["old"] * 3
    assert source.calls == 1
    hold.let_go.set()
    await until_found(cache, "key", 1)
    assert await cache.get_or_set("key", source) == 1
    assert (cache.stats().late_loads, cache.stats().stale) == (4, 4)


async def test_stale_value_is_given_in_time_to_all_who_wait(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(SOFT)
    await cache.set("key", "old")
    clock.advance(101)
    hold = source.hold()
    meeting = Meeting(CALLERS)

    async def call() -> Any:
        await meeting.join()
        return await cache.get_or_set("key", source)

    async with Crew() as crew:
        callers = [crew.start(call) for _ in range(CALLERS)]
        assert [await caller.result() for caller in callers] == ["old"] * CALLERS
    await hold.begun.wait()
    assert source.calls == 1
    hold.let_go.set()
    await until_found(cache, "key", 1)


async def test_load_within_the_soft_timeout_gives_the_new_value(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(FORGIVING.replace(soft_timeout=PATIENCE))
    await cache.set("key", "old")
    clock.advance(101)

    assert await cache.get_or_set("key", source) == 1
    assert await cache.get("key") == 1
    assert (cache.stats().late_loads, cache.stats().stale) == (0, 0)


@FALSY
async def test_stale_value_that_is_given_after_the_soft_timeout_may_be_any(
    caches: Caches, source: Source, clock: ManualClock, value: object
) -> None:
    cache = caches.make(SOFT)
    await cache.set("key", value)
    clock.advance(101)
    hold = source.hold()

    assert await cache.get_or_set("key", source) == value
    hold.let_go.set()
    await until_found(cache, "key", 1)


async def test_caller_without_a_stale_value_waits_beyond_the_soft_timeout(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(SOFT)
    await cache.set("key", "too old")
    clock.advance(151)
    hold = source.hold()
    async with Crew() as crew:
        caller = crew.start(cache.get_or_set, "key", source)
        await hold.begun.wait()
        await sleep(2 * SHORT)
        assert not caller.over
        hold.let_go.set()

        assert await caller.result() == 1
    assert cache.stats().late_loads == 0


async def test_late_load_is_told_of(
    caches: Caches, source: Source, clock: ManualClock, told: list[Event]
) -> None:
    cache = caches.make(SOFT, on_event=told.append)
    await cache.set("key", "old")
    clock.advance(101)
    told.clear()
    hold = source.hold()

    await cache.get_or_set("key", source)
    assert told == [Miss("key"), LoadLate("key", SHORT), Stale("key", "late")]
    told.clear()
    hold.let_go.set()
    await until(lambda: len(told) == 2)
    assert [type(event) for event in told] == [Loaded, Set]


async def test_load_that_fails_after_the_soft_timeout_fails_for_nobody(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(SOFT)
    await cache.set("key", "old")
    clock.advance(101)
    hold = source.hold()
    source.error = ZeroDivisionError()
    await cache.get_or_set("key", source)
    hold.let_go.set()
    await until(lambda: cache.stats().load_failures == 1)
    await until_landed(cache)

    assert [await cache.get_or_set("key", source) for _ in range(10)] == ["old"] * 10
    assert source.calls == 1


async def test_load_that_fails_within_the_soft_timeout_gives_the_stale_value(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(FORGIVING.replace(soft_timeout=PATIENCE))
    await cache.set("key", "old")
    clock.advance(101)
    source.error = ZeroDivisionError()

    assert await cache.get_or_set("key", source) == "old"
    assert (cache.stats().late_loads, cache.stats().load_failures) == (0, 1)


async def test_value_that_is_to_be_refreshed_behind_is_not_waited_for(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(
        Policy(time_to_live=100, stale_while_revalidate=50, soft_timeout=PATIENCE / 2)
    )
    await cache.set("key", "old")
    clock.advance(101)
    hold = source.hold()
    began_at = monotonic()

    assert await cache.get_or_set("key", source) == "old"
    assert monotonic() - began_at < PATIENCE / 2
    hold.let_go.set()
    await until_found(cache, "key", 1)


async def test_value_that_is_deleted_while_a_late_load_goes_on_stays_so(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(SOFT)
    await cache.set("key", "old")
    clock.advance(101)
    hold = source.hold()
    await cache.get_or_set("key", source)
    await hold.begun.wait()
    await cache.delete("key")
    hold.let_go.set()
    await cache.aclose()

    assert await cache.get("key") is None
    assert cache.stats().not_stored == 1


async def test_stale_value_is_given_before_the_hard_timeout(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(SOFT.replace(hard_timeout=PATIENCE))
    await cache.set("key", "old")
    clock.advance(101)
    hold = source.hold()

    assert await cache.get_or_set("key", source) == "old"
    hold.let_go.set()
    await until_found(cache, "key", 1)


async def test_soft_timeout_that_is_not_below_the_hard_one_means_nothing(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(FORGIVING.replace(soft_timeout=PATIENCE, hard_timeout=SHORT))
    await cache.set("key", "old")
    clock.advance(101)
    hold = source.hold()
    began_at = monotonic()

    assert await cache.get_or_set("key", source) == "old"
    assert monotonic() - began_at < PATIENCE
    hold.let_go.set()
    await until_found(cache, "key", 1)


async def test_keys_without_a_stale_value_are_waited_for_while_others_are_given_theirs(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(SOFT)
    await cache.set("old", "old")
    clock.advance(101)
    hold = source.hold()

    async def load(keys: list[str]) -> dict[str, int]:
        number = await source()
        return dict.fromkeys(keys, number)

    async with Crew() as crew:
        caller = crew.start(cache.get_or_set_many, ["new", "old"], load)
        await until(lambda: cache.stats().late_loads == 2)
        assert not caller.over
        hold.let_go.set()

        assert await caller.result() == {"new": 1, "old": "old"}
    await until_found(cache, "old", 1)
    assert source.calls == 1


# Hard


async def test_caller_gets_an_error_after_the_hard_timeout_and_the_load_is_stored(
    caches: Caches, source: Source
) -> None:
    cache = caches.make(HARD)
    hold = source.hold()
    began_at = monotonic()

    with pytest.raises(LoadTimeoutError) as caught:
        await cache.get_or_set("key", source)
    assert monotonic() - began_at >= SHORT
    assert str(caught.value) == "the load for 'key' takes longer than 0.05 s, the hard timeout"
    assert isinstance(caught.value, (TimeoutError, CachetoryError))
    hold.let_go.set()
    await until_found(cache, "key", 1)
    assert await cache.get_or_set("key", source) == 1
    assert source.calls == 1
    assert (cache.stats().late_loads, cache.stats().load_failures) == (1, 0)


async def test_all_who_wait_get_an_error_after_the_hard_timeout(
    caches: Caches, source: Source
) -> None:
    cache = caches.make(HARD)
    hold = source.hold()
    meeting = Meeting(CALLERS)

    async def call() -> Any:
        await meeting.join()
        return await cache.get_or_set("key", source)

    async with Crew() as crew:
        callers = [crew.start(call) for _ in range(CALLERS)]
        for caller in callers:
            assert isinstance(await caller.error(), LoadTimeoutError)
    await hold.begun.wait()
    assert source.calls == 1
    hold.let_go.set()
    await until_found(cache, "key", 1)


async def test_caller_who_comes_after_the_hard_timeout_of_another_joins_the_load(
    caches: Caches, source: Source
) -> None:
    cache = caches.make(HARD)
    hold = source.hold()
    with pytest.raises(LoadTimeoutError):
        await cache.get_or_set("key", source)
    async with Crew() as crew:
        caller = crew.start(lambda: cache.get_or_set("key", source, policy=PATIENT))
        await until(lambda: cache.stats().misses == 2)
        hold.let_go.set()

        assert await caller.result() == 1
    assert source.calls == 1


@FALSY
async def test_load_within_the_hard_timeout_gives_its_value(caches: Caches, value: object) -> None:
    cache = caches.make(PATIENT)

    assert await cache.get_or_set("key", lambda: value) == value
    assert await cache.get("key", "default") == value


async def test_error_of_a_load_within_the_hard_timeout_is_raised(
    caches: Caches, source: Source
) -> None:
    cache = caches.make(PATIENT)
    for error in (ZeroDivisionError(), NoValueError("none"), LoadTimeoutError("its own")):
        source.error = error
        with pytest.raises(type(error)) as caught:
            await cache.get_or_set("key", source)
        assert caught.value is error
    source.error = None

    assert await cache.get_or_set("key", source) == 4
    assert cache.stats().late_loads == 0


async def test_load_that_is_interrupted_interrupts_its_caller(
    caches: Caches, source: Source
) -> None:
    class Interruption(BaseException):
        pass

    cache = caches.make(PATIENT)
    source.error = Interruption()

    for _ in range(3):
        with pytest.raises(Interruption):
            await cache.get_or_set("key", source)
    source.error = None
    assert await cache.get_or_set("key", source) == 4


async def test_load_that_fails_after_the_hard_timeout_fails_for_nobody(
    caches: Caches, source: Source
) -> None:
    cache = caches.make(HARD)
    hold = source.hold()
    source.error = ZeroDivisionError()
    with pytest.raises(LoadTimeoutError):
        await cache.get_or_set("key", source)
    hold.let_go.set()
    await until(lambda: cache.stats().load_failures == 1)
    await until_landed(cache)
    source.error = None
    source.hold_no_more()

    async def is_loaded() -> bool:
        return await cache.get_or_set("key", source, policy=PATIENT) == 2

    await eventually(is_loaded)


async def test_value_that_is_set_while_a_late_load_goes_on_is_the_last_one(
    caches: Caches, source: Source
) -> None:
    cache = caches.make(HARD)
    hold = source.hold()
    with pytest.raises(LoadTimeoutError):
        await cache.get_or_set("key", source)
    await hold.begun.wait()
    await cache.set("key", "newer")
    hold.let_go.set()
    await cache.aclose()

    assert await cache.get("key") == "newer"


async def test_stale_value_is_given_in_the_place_of_an_error_after_the_hard_timeout(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(FORGIVING.replace(hard_timeout=SHORT))
    await cache.set("key", "old")
    clock.advance(101)
    hold = source.hold()

    assert await cache.get_or_set("key", source) == "old"
    assert (cache.stats().late_loads, cache.stats().stale) == (1, 1)
    hold.let_go.set()
    await until_found(cache, "key", 1)


async def test_value_that_is_too_old_does_not_stand_in_after_the_hard_timeout(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(FORGIVING.replace(hard_timeout=SHORT))
    await cache.set("key", "old")
    clock.advance(151)
    hold = source.hold()

    with pytest.raises(LoadTimeoutError):
        await cache.get_or_set("key", source)
    hold.let_go.set()
    await until_found(cache, "key", 1)


async def test_bulk_load_after_the_hard_timeout_is_an_error_and_stored(
    caches: Caches, source: Source
) -> None:
    cache = caches.make(HARD)
    hold = source.hold()

    async def load(keys: list[str]) -> dict[str, int]:
        number = await source()
        return dict.fromkeys(keys, number)

    with pytest.raises(LoadTimeoutError, match="'a'"):
        await cache.get_or_set_many(["a", "b"], load)
    hold.let_go.set()
    await until_found(cache, "b", 1)
    assert await cache.get_many("a", "b") == {"a": 1, "b": 1}


async def test_timeouts_of_the_call_stand_in_the_place_of_the_caches(
    caches: Caches, source: Source
) -> None:
    cache = caches.make(HARD)
    hold = source.hold()
    async with Crew() as crew:
        caller = crew.start(lambda: cache.get_or_set("key", source, policy=PATIENT))
        await hold.begun.wait()
        await sleep(2 * SHORT)
        assert not caller.over
        hold.let_go.set()

        assert await caller.result() == 1


async def test_caller_without_a_timeout_waits_for_the_load_of_one_who_had(
    caches: Caches, source: Source
) -> None:
    cache = caches.make()
    hold = source.hold()
    async with Crew() as crew:
        hasty = crew.start(lambda: cache.get_or_set("key", source, policy=HARD))
        await hold.begun.wait()
        patient = crew.start(cache.get_or_set, "key", source)
        assert isinstance(await hasty.error(), LoadTimeoutError)
        hold.let_go.set()

        assert await patient.result() == 1
    assert source.calls == 1


async def test_caller_with_a_timeout_does_not_wait_longer_for_the_load_of_one_who_had_none(
    caches: Caches, source: Source
) -> None:
    cache = caches.make()
    hold = source.hold()
    async with Crew() as crew:
        patient = crew.start(cache.get_or_set, "key", source)
        await hold.begun.wait()

        with pytest.raises(LoadTimeoutError):
            await cache.get_or_set("key", source, policy=HARD)
        hold.let_go.set()
        assert await patient.result() == 1
    assert await cache.get("key") == 1


async def test_full_house_behind_the_callers_makes_no_load_fail(
    caches: Caches, source: Source
) -> None:
    cache = caches.make(PATIENT)
    cache._loader._background._most = 0

    assert await cache.get_or_set("key", source) == 1


# What a loader finds when it runs behind its caller

place: ContextVar[str] = ContextVar("place", default="nowhere")


async def test_loader_finds_the_context_of_its_caller(caches: Caches) -> None:
    cache = caches.make(PATIENT)
    token = place.set("here")
    try:
        assert await cache.get_or_set("key", place.get) == "here"
        assert await cache.get_or_set("other", lambda: current_load().key) == "other"
    finally:
        place.reset(token)


async def test_loader_that_asks_for_its_own_key_computes_through(caches: Caches) -> None:
    cache = caches.make(PATIENT)

    async def load_a() -> str:
        return f"a({await cache.get_or_set('b', load_b)})"

    async def load_b() -> str:
        return f"b({await cache.get_or_set('a', lambda: 'a')})"

    assert await cache.get_or_set("a", load_a) == "a(b(a))"

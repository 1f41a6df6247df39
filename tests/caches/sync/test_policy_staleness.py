# Generated from tests/caches/async_/test_policy_staleness.py by tools/unasync.py. Do not edit: edit that file instead.
"""What callers get when a value's time is over, or nearly so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cachetory._runtime.sync import sleep
from cachetory.errors import NoValueError
from cachetory.events import (
    Event,
    Hit,
    Loaded,
    LoadFailed,
    Miss,
    NotStored,
    RefreshDropped,
    Refreshing,
    Set,
    Stale,
)
from cachetory.policy import Policy
from tests.caches.sync.policies import (
    KINDS,
    Caches,
    Source,
    eventually,
    until_found,
    until_landed,
)
from tests.shell.sync_crew import Crew, Meeting, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clock import ManualClock

CALLERS = 50

REVALIDATING = Policy(time_to_live=100, stale_while_revalidate=50)
FORGIVING = Policy(time_to_live=100, stale_if_error=50)
EAGER = Policy(time_to_live=1_000_000, early_refresh=1000)
"""So eager that a load of some milliseconds is repeated seconds before its value becomes stale."""

FALSY = pytest.mark.parametrize("value", [None, 0, "", [], False], ids=repr)


@pytest.fixture(params=KINDS)
def caches(request: pytest.FixtureRequest, clock: ManualClock) -> Iterator[Caches]:
    with Caches(request, clock) as caches:
        yield caches


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def told() -> list[Event]:
    """The events so far."""
    return []


# Stale while revalidate


def test_fresh_value_is_given_without_a_refresh(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(REVALIDATING)
    cache.get_or_set("key", source)
    clock.advance(99.9)

    assert [cache.get_or_set("key", source) for _ in range(3)] == [1, 1, 1]
    assert source.calls == 1
    assert (cache.stats().hits, cache.stats().stale, cache.stats().refreshes) == (3, 0, 0)


def test_stale_value_is_given_at_once_and_refreshed_behind(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(REVALIDATING)
    cache.get_or_set("key", source)
    clock.advance(101)
    hold = source.hold()

    assert cache.get_or_set("key", source) == 1
    hold.let_go.set()
    until_found(cache, "key", 2)
    assert cache.get_or_set("key", source) == 2
    assert source.calls == 2
    assert (cache.stats().stale, cache.stats().refreshes, cache.stats().loads) == (1, 1, 2)


def test_refreshed_value_is_fresh_from_the_refresh_on(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(REVALIDATING)
    cache.get_or_set("key", source)
    clock.advance(149)
    cache.get_or_set("key", source)
    until_found(cache, "key", 2)
    clock.advance(99)

    assert cache.get("key") == 2


def test_value_that_was_set_is_refreshed_like_a_loaded_one(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(REVALIDATING)
    cache.set("key", "set")
    cache.set_many({"other": "set"})
    clock.advance(101)

    assert cache.get_or_set("key", source) == "set"
    assert cache.get_or_set("other", source) == "set"
    until(lambda: source.calls == 2)


def test_value_that_is_stale_for_too_long_is_loaded_in_front(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(REVALIDATING)
    cache.get_or_set("key", source)
    clock.advance(151)

    assert cache.get_or_set("key", source) == 2
    assert cache.stats().stale == 0


def test_stale_value_is_refreshed_once_however_many_ask(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(REVALIDATING)
    cache.get_or_set("key", source)
    clock.advance(101)
    hold = source.hold()
    meeting = Meeting(CALLERS)

    def call() -> Any:
        meeting.join()
        return cache.get_or_set("key", source)

    with Crew() as crew:
        callers = [crew.start(call) for _ in range(CALLERS)]
        assert [caller.result() for caller in callers] == [1] * CALLERS
    hold.begun.wait()
    assert source.calls == 2
    assert (cache.stats().stale, cache.stats().refreshes) == (CALLERS, 1)
    hold.let_go.set()
    until_found(cache, "key", 2)
    assert source.calls == 2


@FALSY
def test_stale_value_may_be_any(caches: Caches, clock: ManualClock, value: object) -> None:
    cache = caches.make(REVALIDATING)
    cache.get_or_set("key", lambda: value)
    clock.advance(101)

    assert cache.get_or_set("key", lambda: "new") == value
    until_found(cache, "key", "new")


def test_stale_value_is_none_to_plain_lookups(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(REVALIDATING)
    cache.get_or_set("key", source)
    clock.advance(101)

    assert cache.get("key", "default") == "default"
    assert cache.get_many("key") == {}
    assert not cache.contains("key")
    assert cache.stats().misses == 3
    assert source.calls == 1


def test_refresh_behind_is_told_of(
    caches: Caches, source: Source, clock: ManualClock, told: list[Event]
) -> None:
    cache = caches.make(REVALIDATING, on_event=told.append)
    cache.get_or_set("key", source)
    clock.advance(101)
    told.clear()

    cache.get_or_set("key", source)
    until(lambda: Set("key") in told)

    assert told[:3] == [Hit("key"), Stale("key", "refreshing"), Refreshing("key", "stale")]
    assert [type(event) for event in told[3:]] == [Loaded, Set]


def test_failed_refresh_leaves_the_stale_value_and_is_not_tried_again_soon(
    caches: Caches, source: Source, clock: ManualClock, told: list[Event]
) -> None:
    cache = caches.make(REVALIDATING, on_event=told.append)
    cache.get_or_set("key", source)
    clock.advance(101)
    source.error = ZeroDivisionError()
    cache.get_or_set("key", source)
    until(lambda: any(isinstance(event, LoadFailed) for event in told))
    until_landed(cache)

    assert [cache.get_or_set("key", source) for _ in range(10)] == [1] * 10
    cache.close()
    assert source.calls == 2
    assert cache.stats().load_failures == 1


def test_stale_value_that_is_not_being_refreshed_is_not_said_to_be(
    caches: Caches, source: Source, clock: ManualClock, told: list[Event]
) -> None:
    cache = caches.make(REVALIDATING, on_event=told.append)
    cache.set("key", "old")
    clock.advance(101)
    source.error = ZeroDivisionError()
    cache.get_or_set("key", source)
    until(lambda: cache.stats().load_failures == 1)
    until_landed(cache)
    told.clear()

    assert cache.get_or_set("key", source) == "old"
    assert told == [Hit("key"), Stale("key", "failing")]


def test_refresh_is_tried_again_some_time_after_it_failed(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(REVALIDATING.replace(retry_after_failure=0.1))
    cache.get_or_set("key", source)
    clock.advance(101)
    source.error = ZeroDivisionError()
    cache.get_or_set("key", source)
    until(lambda: cache.stats().load_failures == 1)
    source.error = None

    def is_refreshed() -> bool:
        clock.advance(0.1)  # again and again: the failure may be noted later than it is counted
        return cache.get_or_set("key", source) != 1

    eventually(is_refreshed)
    assert cache.get("key") == 3


def test_failed_refresh_is_an_error_when_there_is_nothing_stale_any_more(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(REVALIDATING)
    cache.get_or_set("key", source)
    clock.advance(101)
    source.error = ZeroDivisionError()
    cache.get_or_set("key", source)
    until(lambda: cache.stats().load_failures == 1)
    until_landed(cache)
    clock.advance(50)

    with pytest.raises(ZeroDivisionError):
        cache.get_or_set("key", source)


@pytest.mark.parametrize("kept", ["newer", None])
def test_value_that_is_written_during_a_refresh_is_the_last_one(
    caches: Caches, source: Source, clock: ManualClock, kept: str | None
) -> None:
    cache = caches.make(REVALIDATING)
    cache.get_or_set("key", source)
    clock.advance(101)
    hold = source.hold()
    cache.get_or_set("key", source)
    hold.begun.wait()
    (cache.set("key", kept) if kept else cache.delete("key"))
    hold.let_go.set()
    cache.close()

    assert cache.get("key") == kept
    assert cache.stats().not_stored == 1


class Interruption(BaseException):
    """Not an `Exception`, as a cancellation is not."""


def test_refresh_that_is_interrupted_does_no_harm_however_often(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(Policy(time_to_live=100, stale_while_revalidate=1_000_000))
    cache.set("key", "old")
    clock.advance(101)
    source.error = Interruption()
    for number in range(1, 101):
        assert cache.get_or_set("key", source) == "old"
        until(lambda number=number: source.calls == number)
        until_landed(cache)
    source.error = None

    assert cache.get_or_set("key", source) == "old"
    until_found(cache, "key", 101)


def test_refresh_for_which_there_is_no_room_is_dropped_and_made_up_for(
    caches: Caches, source: Source, clock: ManualClock, told: list[Event]
) -> None:
    cache = caches.make(REVALIDATING, on_event=told.append)
    cache.get_or_set("key", source)
    clock.advance(101)
    told.clear()
    background = cache._loader._background
    background._most = 0

    assert cache.get_or_set("key", source) == 1
    assert told == [Hit("key"), Stale("key", "refreshing"), RefreshDropped("key")]
    assert (cache.stats().refreshes_dropped, cache.stats().refreshes) == (1, 0)
    background._most = 1
    assert cache.get_or_set("key", source) == 1
    until_found(cache, "key", 2)


def test_close_waits_for_refreshes(caches: Caches, source: Source, clock: ManualClock) -> None:
    cache = caches.make(REVALIDATING)
    cache.get_or_set("key", source)
    clock.advance(101)
    hold = source.hold()
    cache.get_or_set("key", source)
    hold.begun.wait()
    with Crew() as crew:
        closer = crew.start(cache.close)
        hold.let_go.set()
        closer.result()

    assert cache.get("key") == 2


def test_refreshed_value_that_is_excluded_leaves_the_stale_one(
    caches: Caches, source: Source, clock: ManualClock, told: list[Event]
) -> None:
    cache = caches.make(REVALIDATING, on_event=told.append)
    cache.get_or_set("key", source)
    clock.advance(101)

    cache.get_or_set("key", source, exclude=lambda key, value: value == 2)
    until(lambda: NotStored("key", "excluded") in told)
    until_landed(cache)

    assert cache.get_or_set("key", source) == 1
    until_found(cache, "key", 3)


def test_stale_value_is_replaced_though_it_is_to_be_set_only_if_there_is_none(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(REVALIDATING)
    cache.get_or_set("key", source)
    clock.advance(101)

    assert cache.get_or_set("key", source, if_not_exists=True) == 1
    until_found(cache, "key", 2)
    clock.advance(151)
    assert cache.get_or_set("key", source, if_not_exists=True) == 3
    assert cache.get("key") == 3


def test_policy_of_a_call_stands_in_the_place_of_the_caches(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(Policy(time_to_live=10))
    cache.get_or_set("key", source, policy=REVALIDATING)
    clock.advance(99)
    assert cache.get_or_set("key", source) == 1
    clock.advance(2)
    hold = source.hold()

    assert cache.get_or_set("key", source, policy=REVALIDATING) == 1
    hold.begun.wait()
    hold.let_go.set()
    until_found(cache, "key", 2)
    source.hold_no_more()
    clock.advance(101)
    assert cache.get_or_set("key", source) == 3  # which has no use for what is stale


def test_policy_of_a_cache_is_left_out_by_a_call_with_another(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(REVALIDATING)
    cache.get_or_set("key", source, policy=Policy(time_to_live=500))
    clock.advance(400)

    assert cache.get_or_set("key", source) == 1
    assert cache.get_or_set("key", source, policy=Policy()) == 1
    assert source.calls == 1


def test_caches_over_one_store_refresh_once_between_them(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    one, other = caches.make(REVALIDATING), caches.make(REVALIDATING)
    one.get_or_set("key", source)
    clock.advance(101)
    hold = source.hold()

    assert one.get_or_set("key", source) == 1
    assert other.get_or_set("key", source) == 1
    hold.begun.wait()
    hold.let_go.set()
    until_found(other, "key", 2)
    assert source.calls == 2


# Stale if error


def test_stale_value_is_given_if_loading_fails(
    caches: Caches, source: Source, clock: ManualClock, told: list[Event]
) -> None:
    cache = caches.make(FORGIVING, on_event=told.append)
    cache.get_or_set("key", source)
    clock.advance(101)
    source.error = ZeroDivisionError()
    told.clear()

    assert cache.get_or_set("key", source) == 1
    assert told[0] == Miss("key")
    assert isinstance(told[1], LoadFailed)
    assert told[1].error is source.error
    assert told[2:] == [Stale("key", "failing")]
    assert (cache.stats().stale, cache.stats().load_failures) == (1, 1)


def test_stale_value_is_not_given_if_loading_does_not_fail(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(FORGIVING)
    cache.get_or_set("key", source)
    clock.advance(101)

    assert cache.get_or_set("key", source) == 2
    assert cache.stats().stale == 0


@FALSY
def test_value_given_if_loading_fails_may_be_any(
    caches: Caches, source: Source, clock: ManualClock, value: object
) -> None:
    cache = caches.make(FORGIVING)
    cache.get_or_set("key", lambda: value)
    clock.advance(101)
    source.error = ZeroDivisionError()

    assert cache.get_or_set("key", source) == value
    assert cache.get_or_set("key", source) == value
    assert source.calls == 1


def test_failed_load_is_an_error_if_nothing_is_stale_or_not_any_more(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(FORGIVING)
    source.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        cache.get_or_set("key", source)
    source.error = None
    cache.get_or_set("key", source)
    clock.advance(151)
    source.error = ZeroDivisionError()

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            cache.get_or_set("key", source)
    assert source.calls == 4


def test_load_that_is_interrupted_is_no_failure(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(FORGIVING)
    cache.get_or_set("key", source)
    clock.advance(101)
    source.error = Interruption()

    with pytest.raises(Interruption):
        cache.get_or_set("key", source)
    source.error = None
    assert cache.get_or_set("key", source) == 3


def test_failed_load_is_not_repeated_for_a_while(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(FORGIVING)
    for key in ("key", "other"):
        cache.set(key, "old")
    clock.advance(101)
    source.error = ZeroDivisionError()

    assert [cache.get_or_set("key", source) for _ in range(10)] == ["old"] * 10
    assert source.calls == 1
    assert cache.stats().stale == 10
    source.error = None
    assert cache.get_or_set("other", source) == 2


def test_failed_load_is_repeated_after_a_while(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(FORGIVING.replace(retry_after_failure=0.1))
    cache.set("key", "old")
    clock.advance(101)
    source.error = ZeroDivisionError()
    cache.get_or_set("key", source)
    source.error = None
    clock.advance(0.1)

    def is_loaded() -> bool:
        return cache.get_or_set("key", source) == 2

    eventually(is_loaded)
    assert cache.get("key") == 2


def test_failed_load_is_repeated_at_once_if_it_is_to_be(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(FORGIVING.replace(retry_after_failure=0))
    cache.set("key", "old")
    clock.advance(101)
    source.error = ZeroDivisionError()

    assert [cache.get_or_set("key", source) for _ in range(3)] == ["old"] * 3
    assert source.calls == 3


def test_failed_load_is_not_repeated_by_another_process_either(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache, other = caches.make(FORGIVING), caches.make_apart(FORGIVING)
    cache.set("key", "old")
    clock.advance(101)
    source.error = ZeroDivisionError()
    cache.get_or_set("key", source)

    assert [other.get_or_set("key", source) for _ in range(10)] == ["old"] * 10
    assert source.calls == 1
    assert other.stats().stale == 10


def test_failed_load_does_not_hold_back_a_key_that_is_gone(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(FORGIVING)
    cache.set("key", "old")
    clock.advance(101)
    source.error = ZeroDivisionError()
    cache.get_or_set("key", source)
    source.error = None
    cache.delete("key")

    assert cache.get_or_set("key", source) == 2
    assert cache.get("key") == 2


def test_value_that_was_loaded_after_a_failure_holds_nothing_back(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(FORGIVING.replace(retry_after_failure=0.05))
    cache.set("key", "old")
    clock.advance(101)
    source.error = ZeroDivisionError()
    cache.get_or_set("key", source)
    source.error = None
    clock.advance(0.05)

    def is_loaded() -> bool:
        return cache.get_or_set("key", source) == 2

    eventually(is_loaded)
    clock.advance(101)
    assert cache.get_or_set("key", source) == 3


def test_failed_load_of_many_callers_is_one_and_all_get_the_stale_value(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(FORGIVING)
    cache.set("key", "old")
    clock.advance(101)
    source.error = ZeroDivisionError()
    meeting = Meeting(CALLERS)

    def call() -> Any:
        meeting.join()
        return cache.get_or_set("key", source)

    with Crew() as crew:
        callers = [crew.start(call) for _ in range(CALLERS)]
        assert [caller.result() for caller in callers] == ["old"] * CALLERS
    assert source.calls == 1


def test_stale_value_is_given_though_it_is_the_load_of_another_that_fails(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(FORGIVING)
    cache.set("key", "old")
    clock.advance(101)
    hold = source.hold()
    source.error = ZeroDivisionError()
    with Crew() as crew:
        unforgiving = crew.start(cache.refresh, "key", source)
        hold.begun.wait()
        caller = crew.start(cache.get_or_set, "key", source)
        until(lambda: cache.stats().misses == 1)
        hold.let_go.set()

        assert isinstance(unforgiving.error(), ZeroDivisionError)
        assert caller.result() == "old"


def test_stale_value_does_not_stand_in_for_one_that_there_is_not(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(FORGIVING)
    cache.set("key", "old")
    clock.advance(101)
    source.error = NoValueError("gone")

    with pytest.raises(NoValueError, match="gone"):
        cache.get_or_set("key", source)


def test_error_of_a_load_stays_with_the_call_whose_policy_does_not_forgive(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(FORGIVING)
    cache.set("key", "old")
    clock.advance(101)
    source.error = ZeroDivisionError()

    with pytest.raises(ZeroDivisionError):
        cache.get_or_set("key", source, policy=Policy(time_to_live=100))
    assert cache.get_or_set("key", source) == "old"


def test_value_is_refreshed_behind_first_and_forgiven_later(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    policy = Policy(
        time_to_live=100, stale_while_revalidate=10, stale_if_error=1000, retry_after_failure=0
    )
    cache = caches.make(policy)
    cache.set("key", "old")
    source.error = ZeroDivisionError()
    clock.advance(105)
    assert cache.get_or_set("key", source) == "old"
    until(lambda: cache.stats().load_failures == 1)
    until_landed(cache)
    clock.advance(500)

    assert cache.get_or_set("key", source) == "old"
    assert cache.stats().load_failures == 2
    source.error = None
    assert cache.get_or_set("key", source) == 3


# Early refresh


def slowly() -> str:
    """Load for some milliseconds."""
    sleep(0.01)
    return "old"


def test_value_is_refreshed_early_once_however_many_ask(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(EAGER)
    cache.get_or_set("key", slowly)
    clock.advance(999_999.999)
    hold = source.hold()
    meeting = Meeting(CALLERS)

    def call() -> Any:
        meeting.join()
        return cache.get_or_set("key", source)

    with Crew() as crew:
        callers = [crew.start(call) for _ in range(CALLERS)]
        assert [caller.result() for caller in callers] == ["old"] * CALLERS
    hold.begun.wait()
    hold.let_go.set()
    until_found(cache, "key", 1)
    with Crew() as crew:
        meeting = Meeting(CALLERS)
        callers = [crew.start(call) for _ in range(CALLERS)]
        assert [caller.result() for caller in callers] == [1] * CALLERS
    assert source.calls == 1
    assert (cache.stats().refreshes, cache.stats().stale) == (1, 0)


def test_value_is_not_refreshed_long_before_its_time_is_over(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(EAGER)
    cache.get_or_set("key", slowly)
    clock.advance(500_000)

    assert [cache.get_or_set("key", source) for _ in range(100)] == ["old"] * 100
    assert source.calls == 0


@pytest.mark.parametrize("policy", [EAGER.replace(early_refresh=0, stale_if_error=1), EAGER])
def test_value_is_not_refreshed_early_without_eagerness_or_a_load(
    caches: Caches, source: Source, clock: ManualClock, policy: Policy
) -> None:
    cache = caches.make(policy)
    if policy is EAGER:
        cache.set("key", "old")
    else:
        cache.get_or_set("key", slowly)
    clock.advance(999_999.99)

    assert [cache.get_or_set("key", source) for _ in range(100)] == ["old"] * 100
    assert source.calls == 0


def test_early_refresh_is_told_of(
    caches: Caches, source: Source, clock: ManualClock, told: list[Event]
) -> None:
    cache = caches.make(EAGER, on_event=told.append)
    cache.get_or_set("key", slowly)
    clock.advance(999_999.999)
    told.clear()

    def is_refreshed() -> bool:
        return cache.get_or_set("key", source) == 1

    eventually(is_refreshed)
    until(lambda: Set("key") in told)
    assert told.count(Refreshing("key", "early")) == 1
    assert {type(event) for event in told} == {Hit, Refreshing, Loaded, Set}


def test_early_refresh_that_fails_is_not_tried_again_soon(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(EAGER)
    cache.get_or_set("key", slowly)
    clock.advance(999_999.999)
    source.error = ZeroDivisionError()

    def is_tried() -> bool:
        assert cache.get_or_set("key", source) == "old"
        return cache.stats().load_failures == 1

    eventually(is_tried)
    until_landed(cache)
    assert [cache.get_or_set("key", source) for _ in range(100)] == ["old"] * 100
    cache.close()
    assert source.calls == 1


def test_value_that_was_not_refreshed_early_is_loaded_when_its_time_is_over(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(EAGER)
    cache.get_or_set("key", slowly)
    clock.advance(1_001_000)

    assert cache.get_or_set("key", source) == 1


def test_value_is_refreshed_early_by_the_policy_of_the_call(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make()
    cache.get_or_set("key", slowly, policy=EAGER)
    clock.advance(999_999.999)
    assert [cache.get_or_set("key", source) for _ in range(100)] == ["old"] * 100
    assert source.calls == 0

    def is_refreshed() -> bool:
        return cache.get_or_set("key", source, policy=EAGER) == 1

    eventually(is_refreshed)
    assert source.calls == 1

# Generated from tests/caches/async_/test_policy_negative.py by tools/unasync.py. Do not edit: edit that file instead.
"""That there is no value, and how that is told and remembered."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.errors import NoValueError
from cachetory.events import Event, Hit, Loaded, Miss, NotStored, Set
from cachetory.loading import MISSING, LoadContext, current_load
from cachetory.policy import Policy
from tests.caches.sync.policies import KINDS, Caches, Source, eventually
from tests.shell.sync_crew import Crew, Meeting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clock import ManualClock

CALLERS = 20

REMEMBERING = Policy(time_to_live=1000, negative_time_to_live=100)
FORGETFUL = Policy(time_to_live=1000)

PLACEHOLDERS = pytest.mark.parametrize("value", [None, 0, "", [], "nobody"], ids=repr)


@pytest.fixture(params=KINDS)
def caches(request: pytest.FixtureRequest, clock: ManualClock) -> Iterator[Caches]:
    with Caches(request, clock) as caches:
        yield caches


@pytest.fixture
def refusing() -> Source:
    """Says that there is no value, until it is told otherwise."""
    source = Source()
    source.error = NoValueError("nobody of that name")
    return source


class Placeholder:
    """Says that there is no value, and gives something in its place."""

    def __init__(self, value: object) -> None:
        self.value = value
        self.calls = 0

    def __call__(self, context: LoadContext) -> Any:
        self.calls += 1
        context.there_is_none()
        return self.value


# A loader that raises


def test_that_there_is_no_value_is_raised_and_remembered(
    caches: Caches, refusing: Source, clock: ManualClock
) -> None:
    cache = caches.make(REMEMBERING)
    with pytest.raises(NoValueError, match="nobody of that name"):
        cache.get_or_set("key", refusing)
    clock.advance(99.9)

    for _ in range(3):
        with pytest.raises(NoValueError, match="there is no value for 'key'"):
            cache.get_or_set("key", refusing)
    assert refusing.calls == 1
    assert (cache.stats().loads, cache.stats().load_failures, cache.stats().hits) == (1, 0, 3)


def test_that_there_is_no_value_is_forgotten_after_its_own_time(
    caches: Caches, refusing: Source, clock: ManualClock
) -> None:
    cache = caches.make(REMEMBERING)
    with pytest.raises(NoValueError):
        cache.get_or_set("key", refusing)
    clock.advance(101)
    refusing.error = None

    assert cache.get_or_set("key", refusing) == 2
    clock.advance(101)
    assert cache.get("key") == 2


@pytest.mark.parametrize("policy", [FORGETFUL, REMEMBERING.replace(negative_time_to_live=0), None])
def test_that_there_is_no_value_is_not_remembered_unless_asked_for(
    caches: Caches, refusing: Source, policy: Policy | None
) -> None:
    cache = caches.make(policy)

    for _ in range(2):
        with pytest.raises(NoValueError):
            cache.get_or_set("key", refusing)
    refusing.error = None
    assert cache.get_or_set("key", refusing) == 3


def test_error_of_a_kind_of_its_own_is_remembered_as_well(caches: Caches) -> None:
    class UserNotFoundError(NoValueError):
        pass

    def load() -> None:
        raise UserNotFoundError

    cache = caches.make(REMEMBERING)
    with pytest.raises(UserNotFoundError):
        cache.get_or_set("key", load)

    with pytest.raises(NoValueError):
        cache.get_or_set("key", lambda: "too late")


def test_key_error_of_a_loader_says_nothing_of_the_value(caches: Caches, refusing: Source) -> None:
    cache = caches.make(REMEMBERING)
    refusing.error = KeyError("a mistake")

    with pytest.raises(KeyError):
        cache.get_or_set("key", refusing)
    refusing.error = None
    assert cache.get_or_set("key", refusing) == 2


def test_loader_that_returns_missing_says_that_there_is_no_value(caches: Caches) -> None:
    cache = caches.make(REMEMBERING)

    for load in (lambda: MISSING, lambda: "too late"):
        with pytest.raises(NoValueError, match="there is no value for 'key'"):
            cache.get_or_set("key", load)


def test_all_who_wait_are_told_that_there_is_no_value(caches: Caches, refusing: Source) -> None:
    cache = caches.make(REMEMBERING)
    meeting = Meeting(CALLERS)

    def call() -> Any:
        meeting.join()
        return cache.get_or_set("key", refusing)

    with Crew() as crew:
        callers = [crew.start(call) for _ in range(CALLERS)]
        for caller in callers:
            assert isinstance(caller.error(), NoValueError)
    assert refusing.calls == 1


# A loader that says so, and returns something all the same


@PLACEHOLDERS
def test_what_a_loader_gives_in_the_place_of_a_value_is_given_to_all(
    caches: Caches, clock: ManualClock, value: object
) -> None:
    cache = caches.make(REMEMBERING)
    load = Placeholder(value)

    assert cache.get_or_set("key", load) == value
    clock.advance(99.9)
    assert cache.get_or_set("key", load) == value
    assert load.calls == 1
    clock.advance(2)
    assert cache.get_or_set("key", load) == value
    assert load.calls == 2


@PLACEHOLDERS
def test_what_a_loader_gives_in_the_place_of_a_value_is_not_kept_unless_asked_for(
    caches: Caches, value: object
) -> None:
    cache = caches.make(FORGETFUL)
    load = Placeholder(value)

    assert cache.get_or_set("key", load) == value
    assert cache.get_or_set("key", load) == value
    assert load.calls == 2


def test_current_load_may_be_told_that_there_is_no_value(caches: Caches) -> None:
    def load() -> None:
        current_load().there_is_none()

    cache = caches.make(REMEMBERING)

    assert cache.get_or_set("key", load) is None
    assert cache.get_or_set("key", lambda: "too late") is None
    assert cache.get("key", "default") == "default"


def test_what_is_neither_there_nor_to_be_stored_is_not_remembered(caches: Caches) -> None:
    def load(context: LoadContext) -> None:
        context.there_is_none()
        context.do_not_store()

    cache = caches.make(REMEMBERING)

    assert cache.get_or_set("key", load) is None
    assert cache.get_or_set("key", lambda: "value") == "value"


def test_time_to_live_of_the_context_is_not_that_of_no_value(
    caches: Caches, clock: ManualClock
) -> None:
    def load(context: LoadContext) -> None:
        context.time_to_live = 10_000
        context.there_is_none()

    cache = caches.make(REMEMBERING)
    cache.get_or_set("key", load)
    clock.advance(101)

    assert cache.get_or_set("key", lambda: "value") == "value"


# What others see


@pytest.mark.parametrize("load", [Placeholder(None), Placeholder("nobody"), lambda: MISSING])
def test_to_plain_lookups_there_is_no_value(caches: Caches, load: Any) -> None:
    cache = caches.make(REMEMBERING)
    cache.get_or_set_many(["other"], lambda keys: {"other": 1})
    with suppress(NoValueError):
        cache.get_or_set("key", load)

    assert cache.get("key", "default") == "default"
    assert cache.get_many("key", "other") == {"other": 1}
    assert not cache.contains("key")


def test_lookup_tells_that_there_is_no_value(caches: Caches, clock: ManualClock) -> None:
    cache = caches.make(REMEMBERING)
    cache.get_or_set("placeholder", Placeholder("nobody"))
    with pytest.raises(NoValueError):
        cache.get_or_set("refused", lambda: MISSING)
    clock.advance(10)

    placeholder, refused = cache.lookup("placeholder"), cache.lookup("refused")
    for found in (placeholder, refused):
        assert found.is_negative
        assert found.state == "hit"
        assert found.fresh_for == pytest.approx(90, abs=1)
    assert (placeholder.value, refused.value) == ("nobody", None)


def test_value_that_is_set_takes_the_place_of_none(caches: Caches, refusing: Source) -> None:
    cache = caches.make(REMEMBERING)
    with pytest.raises(NoValueError):
        cache.get_or_set("key", refusing)

    assert cache.set("key", "value")
    assert cache.get_or_set("key", refusing) == "value"


def test_value_that_is_set_if_there_is_none_takes_the_place_of_none(
    caches: Caches, refusing: Source
) -> None:
    cache = caches.make(REMEMBERING)
    with pytest.raises(NoValueError):
        cache.get_or_set("key", refusing)

    assert cache.set("key", "value", if_not_exists=True)
    assert cache.get("key") == "value"


@pytest.mark.parametrize("seconds", [10, 1000])
def test_memory_of_no_value_survives_another_time_to_live(
    caches: Caches, refusing: Source, seconds: float
) -> None:
    cache = caches.make(REMEMBERING)
    with pytest.raises(NoValueError):
        cache.get_or_set("key", refusing)
    cache.get_or_set("other", Placeholder("nobody"))
    cache.expire_in("key", seconds)
    cache.expire_in("other", seconds)

    with pytest.raises(NoValueError):
        cache.get_or_set("key", refusing)
    assert cache.get_or_set("other", lambda: "too late") == "nobody"
    assert cache.get_many("key", "other") == {}


def test_deletion_ends_the_memory_of_no_value(caches: Caches, refusing: Source) -> None:
    cache = caches.make(REMEMBERING)
    with pytest.raises(NoValueError):
        cache.get_or_set("key", refusing)
    refusing.error = None
    cache.delete("key")

    assert cache.get_or_set("key", refusing) == 2


def test_that_there_is_no_value_is_told_of(caches: Caches, refusing: Source) -> None:
    told: list[Event] = []
    cache = caches.make(REMEMBERING, on_event=told.append)
    with pytest.raises(NoValueError):
        cache.get_or_set("key", refusing)
    with pytest.raises(NoValueError):
        cache.get_or_set("key", refusing)

    assert [type(event) for event in told] == [Miss, Loaded, Set, Hit]


def test_that_there_is_no_value_and_that_is_not_kept_is_told_of(
    caches: Caches, refusing: Source
) -> None:
    told: list[Event] = []
    cache = caches.make(FORGETFUL, on_event=told.append)
    with pytest.raises(NoValueError):
        cache.get_or_set("key", refusing)

    assert [type(event) for event in told] == [Miss, Loaded, NotStored]
    assert told[-1] == NotStored("key", "excluded")


# Other options


def test_exclude_and_time_to_live_are_not_asked_about_no_value(
    caches: Caches, refusing: Source
) -> None:
    asked: list[object] = []

    def exclude(key: str, value: object) -> bool:
        asked.append(value)
        return True

    def time_to_live(value: object) -> float:
        asked.append(value)
        return 5.0

    cache = caches.make(REMEMBERING.replace(time_to_live=time_to_live))
    with pytest.raises(NoValueError):
        cache.get_or_set("key", refusing, exclude=exclude)
    cache.get_or_set("other", Placeholder("nobody"), exclude=exclude)

    assert asked == []
    with pytest.raises(NoValueError):
        cache.get_or_set("key", lambda: "too late")


def test_that_there_is_no_value_ends_a_stale_one(
    caches: Caches, refusing: Source, clock: ManualClock
) -> None:
    cache = caches.make(
        Policy(
            time_to_live=100,
            negative_time_to_live=10,
            stale_while_revalidate=1000,
            stale_if_error=1000,
        )
    )
    cache.set("key", "old")
    clock.advance(101)
    assert cache.get_or_set("key", refusing) == "old"

    def is_ended() -> bool:
        found = cache.lookup("key")
        return found.is_negative

    eventually(is_ended)
    with pytest.raises(NoValueError):
        cache.get_or_set("key", refusing)
    clock.advance(11)
    refusing.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        cache.get_or_set("key", refusing)


def test_no_value_is_not_given_when_its_time_is_over(
    caches: Caches, refusing: Source, clock: ManualClock
) -> None:
    cache = caches.make(REMEMBERING.replace(stale_while_revalidate=1000, stale_if_error=1000))
    with pytest.raises(NoValueError):
        cache.get_or_set("key", refusing)
    cache.get_or_set("other", Placeholder("nobody"))
    clock.advance(101)
    refusing.error = None

    assert cache.get_or_set("key", refusing) == 2
    assert cache.get_or_set("other", lambda: "somebody") == "somebody"


def test_policy_of_the_call_tells_whether_no_value_is_remembered(
    caches: Caches, refusing: Source, clock: ManualClock
) -> None:
    cache = caches.make()
    with pytest.raises(NoValueError):
        cache.get_or_set("key", refusing, policy=REMEMBERING)

    with pytest.raises(NoValueError):  # whoever asks
        cache.get_or_set("key", lambda: "too late")
    assert cache.get("key") is None
    clock.advance(101)
    assert cache.get_or_set("key", lambda: "value") == "value"


@pytest.mark.parametrize("load", [Placeholder(None), lambda: MISSING])
def test_cache_does_not_contain_no_value_whoever_remembers_it(caches: Caches, load: Any) -> None:
    cache = caches.make()
    with suppress(NoValueError):
        cache.get_or_set("key", load, policy=REMEMBERING)

    assert cache.get("key") is None
    assert not cache.contains("key")


def test_no_value_is_remembered_though_it_is_to_be_set_only_if_there_is_none(
    caches: Caches, refusing: Source
) -> None:
    cache = caches.make(REMEMBERING)

    for _ in range(2):
        with pytest.raises(NoValueError):
            cache.get_or_set("key", refusing, if_not_exists=True)
    assert refusing.calls == 1


def test_no_value_in_a_load_does_not_outlive_a_value_that_is_set_meanwhile(
    caches: Caches, refusing: Source
) -> None:
    cache = caches.make(REMEMBERING)
    hold = refusing.hold()
    with Crew() as crew:
        caller = crew.start(cache.get_or_set, "key", refusing)
        hold.begun.wait()
        cache.set("key", "newer")
        hold.let_go.set()

        assert isinstance(caller.error(), NoValueError)
    assert cache.get("key") == "newer"


def test_time_without_a_value_is_shortened_by_the_jitter(caches: Caches, refusing: Source) -> None:
    cache = caches.make(REMEMBERING.replace(jitter=0.5))
    for number in range(20):
        with pytest.raises(NoValueError):
            cache.get_or_set(f"{number}", refusing)

    lookups = [cache.lookup(f"{number}") for number in range(20)]
    times = [it.fresh_for or 0.0 for it in lookups]
    assert all(49.9 <= time <= 100 for time in times)
    assert len(set(times)) > 1

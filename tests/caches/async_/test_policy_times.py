"""How long values live under a policy, and who has a say in it."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta, timezone
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.caches.async_ import Cache
from cachetory.errors import ConfigurationError, DecodeError, InvalidDurationError, NoValueError
from cachetory.events import Event, NotStored, Undecodable
from cachetory.loading import MISSING, LoadContext, current_load
from cachetory.policy import Policy
from tests.caches.async_.policies import (
    IN_MEMORY,
    KINDS,
    OBJECTS,
    WIRES,
    Caches,
    Source,
    until_found,
)
from tests.faults import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from tests.clock import ManualClock

DAY = 86_400.0

PLAIN = Policy(time_to_live=100)
KEEPING = Policy(time_to_live=100, stale_if_error=500)
"""Has entries stored with their times, which is another path than that of `PLAIN`."""

POLICIES = pytest.mark.parametrize("policy", [PLAIN, KEEPING], ids=["plain", "keeping"])
IN_MEMORY_ONLY = pytest.mark.parametrize("caches", IN_MEMORY, indirect=True)
"""Where the store goes by the clock of the test, so that times may be short."""
ON_WIRES = pytest.mark.parametrize("caches", WIRES, indirect=True)
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


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


async def left_of(cache: Cache[Any], key: str) -> float | None:
    """Tell for how long a key is still fresh; `None` for ever."""
    found = await cache.lookup(key)
    assert found.state == "hit"
    return found.fresh_for


def about(seconds: float) -> Any:
    """Allow for the time that a load took, and for rounding."""
    return pytest.approx(seconds, abs=1)


# The time to live of loaded values


@IN_MEMORY_ONLY
@POLICIES
async def test_loaded_value_lives_as_long_as_the_policy_says(
    caches: Caches, source: Source, clock: ManualClock, policy: Policy
) -> None:
    cache = caches.make(policy)
    await cache.get_or_set("key", source)
    clock.advance(99.9)
    assert await cache.get_or_set("key", source) == 1
    clock.advance(1)

    assert await cache.get_or_set("key", source) == 2


@IN_MEMORY_ONLY
@pytest.mark.parametrize("policy", [None, Policy(), Policy(stale_if_error=5)])
async def test_loaded_value_lives_for_ever_if_the_policy_says_nothing(
    caches: Caches, source: Source, clock: ManualClock, policy: Policy | None
) -> None:
    cache = caches.make(policy)
    await cache.get_or_set("key", source)
    clock.advance(1e9)

    assert await cache.get_or_set("key", source) == 1


async def test_loaded_value_of_any_policy_is_stored_for_so_long(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(KEEPING)
    await cache.get_or_set("key", source)
    clock.advance(10)

    assert await left_of(cache, "key") == about(90)


@POLICIES
@pytest.mark.parametrize("time_to_live", [0, timedelta(seconds=-1)])
async def test_loaded_value_without_any_time_is_returned_and_not_stored(
    caches: Caches, source: Source, policy: Policy, time_to_live: float | timedelta
) -> None:
    cache = caches.make(policy.replace(time_to_live=time_to_live), on_backend_error="raise")

    assert [await cache.get_or_set("key", source) for _ in range(2)] == [1, 2]
    assert await cache.get("key") is None
    assert cache.stats().backend_errors == 0


@POLICIES
async def test_loaded_value_whose_context_leaves_it_no_time_removes_what_is_there(
    caches: Caches, policy: Policy
) -> None:
    def load(context: LoadContext) -> str:
        context.time_to_live = 0
        return "new"

    cache = caches.make(policy, on_backend_error="raise")
    await cache.set("key", "old")

    assert await cache.refresh("key", load) == "new"
    assert await cache.get("key") is None
    assert await cache.get_or_set("key", load) == "new"
    assert await cache.get("key") is None
    assert (cache.stats().backend_errors, cache.stats().sets) == (0, 1)


@IN_MEMORY_ONLY
@POLICIES
async def test_time_to_live_of_the_call_stands_in_the_place_of_the_policys(
    caches: Caches, source: Source, clock: ManualClock, policy: Policy
) -> None:
    cache = caches.make(policy)
    await cache.get_or_set("number", source, time_to_live=200)
    await cache.get_or_set("function", source, time_to_live=lambda key: timedelta(seconds=200))
    await cache.get_or_set("for ever", source, time_to_live=lambda key: None)
    clock.advance(199)
    assert await cache.get_many("number", "function", "for ever") == {
        "number": 1,
        "function": 2,
        "for ever": 3,
    }
    clock.advance(2)

    assert await cache.get_many("number", "function", "for ever") == {"for ever": 3}


@IN_MEMORY_ONLY
@POLICIES
@pytest.mark.parametrize(
    ("value", "seconds"), [("short", 10), ("delta", 20), ("for ever", None), (None, 30), (0, 40)]
)
async def test_time_to_live_may_depend_on_the_value(
    caches: Caches, clock: ManualClock, policy: Policy, value: object, seconds: float | None
) -> None:
    def time_to_live(value: object) -> float | timedelta | None:
        times = {"short": 10, "delta": timedelta(seconds=20), "for ever": None, None: 30, 0: 40}
        return times[value]  # type: ignore[index, return-value]

    cache = caches.make(policy.replace(time_to_live=time_to_live))
    await cache.get_or_set("key", lambda: value)
    clock.advance(9e8 if seconds is None else seconds - 0.1)
    assert await cache.get("key", "default") == value
    clock.advance(1)

    assert await cache.get("key", "default") == (value if seconds is None else "default")


@pytest.mark.parametrize("time_to_live", [float("nan"), "5", True])
async def test_value_whose_time_to_live_turns_out_to_be_none_is_returned_and_not_stored(
    caches: Caches, source: Source, told: list[Event], time_to_live: Any
) -> None:
    cache = caches.make(Policy(time_to_live=lambda value: time_to_live), on_event=told.append)

    assert await cache.get_or_set("key", source) == 1
    assert NotStored("key", "failed") in told
    assert await cache.get("key") is None


async def test_jitter_only_shortens(caches: Caches, source: Source) -> None:
    cache = caches.make(KEEPING.replace(jitter=0.5))
    for number in range(100):
        await cache.get_or_set(f"{number}", source)

    times = [await left_of(cache, f"{number}") or 0 for number in range(100)]
    assert all(49 <= time <= 100 for time in times)
    assert min(times) < 70
    assert max(times) > 80


@IN_MEMORY_ONLY
async def test_jitter_shortens_times_that_are_not_noted(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(PLAIN.replace(jitter=0.5))
    keys = [f"{number}" for number in range(100)]
    for key in keys:
        await cache.get_or_set(key, source)
    clock.advance(49.9)
    assert len(await cache.get_many(*keys)) == 100
    clock.advance(25)
    assert 20 <= len(await cache.get_many(*keys)) <= 80
    clock.advance(25.2)

    assert await cache.get_many(*keys) == {}


async def test_jitter_shortens_the_time_to_live_of_the_call_and_of_the_value(
    caches: Caches, source: Source
) -> None:
    cache = caches.make(KEEPING.replace(time_to_live=lambda value: 1000, jitter=1))
    for number in range(20):
        await cache.get_or_set(f"v{number}", source)
        await cache.get_or_set(f"c{number}", source, time_to_live=1000)

    for prefix in "vc":
        lookups = [await cache.lookup(f"{prefix}{number}") for number in range(20)]
        times = [it.fresh_for or 0 for it in lookups]
        assert max(times) <= 1000
        assert min(times) < 800


async def test_jitter_leaves_a_value_for_ever_alone(caches: Caches, source: Source) -> None:
    cache = caches.make(Policy(jitter=1, stale_if_error=1))
    await cache.get_or_set("key", source)

    assert await left_of(cache, "key") is None


# The context of a load


@IN_MEMORY_ONLY
@POLICIES
@pytest.mark.parametrize("time_to_live", [50, timedelta(seconds=50), None])
async def test_context_has_the_last_word_on_the_time_to_live(
    caches: Caches, clock: ManualClock, policy: Policy, time_to_live: Any
) -> None:
    def load(context: LoadContext) -> str:
        assert context.key == "key"
        context.time_to_live = time_to_live
        return "value"

    cache = caches.make(policy)
    await cache.get_or_set("key", load, time_to_live=1000)
    clock.advance(49 if time_to_live else 9e8)
    assert await cache.get("key") == "value"
    clock.advance(2)

    assert await cache.get("key") == (None if time_to_live else "value")


async def test_time_to_live_of_the_context_that_is_none_keeps_the_value_out(
    caches: Caches, told: list[Event]
) -> None:
    def load(context: LoadContext) -> str:
        context.time_to_live = float("nan")
        return "value"

    cache = caches.make(KEEPING, on_event=told.append)

    assert await cache.get_or_set("key", load) == "value"
    assert NotStored("key", "failed") in told


@POLICIES
async def test_context_may_have_the_value_not_stored(
    caches: Caches, policy: Policy, told: list[Event]
) -> None:
    def load(context: LoadContext) -> str:
        context.do_not_store()
        return "value"

    cache = caches.make(policy, on_event=told.append)

    assert await cache.get_or_set("key", load) == "value"
    assert NotStored("key", "excluded") in told
    assert await cache.get("key") is None


async def test_value_that_is_not_stored_leaves_the_stale_one(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    def load(context: LoadContext) -> str:
        context.do_not_store()
        return "for you alone"

    cache = caches.make(KEEPING)
    await cache.set("key", "old")
    clock.advance(101)

    assert await cache.get_or_set("key", load) == "for you alone"
    source.error = ZeroDivisionError()
    assert await cache.get_or_set("key", source) == "old"


@FALSY
async def test_loader_reads_the_stale_value(
    caches: Caches, clock: ManualClock, value: object
) -> None:
    seen: list[object] = []

    def load(context: LoadContext) -> object:
        seen.append((context.has_stale, context.stale))
        return value

    cache = caches.make(KEEPING)
    await cache.get_or_set("key", load)
    clock.advance(101)
    await cache.get_or_set("key", load)

    assert seen == [(False, MISSING), (True, value)]


async def test_loader_of_a_refresh_behind_reads_the_stale_value(
    caches: Caches, clock: ManualClock
) -> None:
    cache = caches.make(Policy(time_to_live=100, stale_while_revalidate=50))
    await cache.set("key", [1])
    clock.advance(101)

    assert await cache.get_or_set("key", lambda: [*current_load().stale, 2]) == [1]
    await until_found(cache, "key", [1, 2])


async def test_current_load_of_a_loader_within_a_loader_is_its_own(caches: Caches) -> None:
    cache = caches.make(KEEPING)
    seen: list[str] = []

    async def outer() -> str:
        seen.append(current_load().key)
        inner = await cache.get_or_set("inner", lambda: current_load().key)
        seen.append(current_load().key)
        return f"outer of {inner}"

    assert await cache.get_or_set("outer", outer) == "outer of inner"
    assert seen == ["outer", "outer"]
    with pytest.raises(LookupError):
        current_load()


class Loaders:
    """Loaders of many shapes; each gives the key of its context, or "none"."""

    def method(self, context: LoadContext) -> str:
        return context.key

    def method_without(self) -> str:
        return "none"

    @classmethod
    def class_method(cls, context: LoadContext) -> str:
        return context.key

    @staticmethod
    def static_method(context: LoadContext) -> str:
        return context.key


class CallableWith:
    def __call__(self, context: LoadContext) -> str:
        return context.key


class CallableWithout:
    def __call__(self) -> str:
        return "none"


def of_two(first: str, context: LoadContext) -> str:
    return first + context.key


def of_one_or_two(first: str, second: str = "none") -> str:
    return first + second


def with_session(function: Callable[[str, str], str]) -> Callable[..., str]:
    """Decorate a function as injectors do: the wrapper takes fewer arguments than the function."""

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> str:
        return function("session, ", *args, **kwargs)

    return wrapper


def passed_on(function: Callable[..., str]) -> Callable[..., str]:
    """Decorate a function as retries and timers do."""

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> str:
        return function(*args, **kwargs)

    return wrapper


@pytest.mark.parametrize(
    ("load", "value"),
    [
        (lambda context: context.key, "key"),
        (lambda: "none", "none"),
        (lambda default="none": default, "none"),
        (lambda context, default="!": context.key + default, "key!"),
        (lambda *, default="none": default, "none"),
        (lambda *args: str(len(args)), "0"),
        (lambda **kwargs: str(len(kwargs)), "0"),
        (Loaders().method, "key"),
        (Loaders().method_without, "none"),
        (Loaders.class_method, "key"),
        (Loaders.static_method, "key"),
        (CallableWith(), "key"),
        (CallableWithout(), "none"),
        (partial(of_two, "the "), "the key"),
        (partial(of_two, "the ", LoadContext("other")), "the other"),
        (partial(Loaders().method), "key"),
        (with_session(of_one_or_two), "session, none"),
        (passed_on(Loaders().method_without), "none"),
        (str, ""),
        (list, []),
    ],
)
async def test_loader_gets_its_context_if_it_takes_one_argument(load: Any, value: object) -> None:
    cache = Cache[Any](backend="memory://", serializer="noop://")

    assert await cache.get_or_set("key", load) == value


# Values that are set


@IN_MEMORY_ONLY
@POLICIES
async def test_value_that_is_set_lives_as_long_as_the_policy_says(
    caches: Caches, clock: ManualClock, policy: Policy
) -> None:
    cache = caches.make(policy)
    await cache.set("one", 1)
    await cache.set_many({"two": 2})
    await cache.set("longer", 3, 200)
    await cache.set_many({"even longer": 4}, time_to_live=timedelta(seconds=300))
    keys = ("one", "two", "longer", "even longer")
    clock.advance(99.9)
    assert await cache.get_many(*keys) == dict(zip(keys, (1, 2, 3, 4), strict=True))
    clock.advance(1)
    assert await cache.get_many(*keys) == {"longer": 3, "even longer": 4}
    clock.advance(100)

    assert await cache.get_many(*keys) == {"even longer": 4}


@IN_MEMORY_ONLY
@POLICIES
@pytest.mark.parametrize("write", ["set", "set_many"])
async def test_time_to_live_of_a_value_that_is_set_may_depend_on_it(
    caches: Caches, clock: ManualClock, policy: Policy, write: str
) -> None:
    cache = caches.make(policy.replace(time_to_live=lambda value: value))
    values = {"short": 10, "long": 1000}
    if write == "set":
        for key, value in values.items():
            await cache.set(key, value)
    else:
        await cache.set_many(values)
    clock.advance(11)

    assert await cache.get_many(*values) == {"long": 1000}


@POLICIES
async def test_value_that_is_set_without_any_time_removes_what_is_there(
    caches: Caches, policy: Policy
) -> None:
    cache = caches.make(policy)
    await cache.set_many({"a": "old", "b": "old", "c": "old"})

    assert await cache.set("a", "new", 0)
    await cache.set_many({"b": "new"}, time_to_live=timedelta(seconds=-1))
    assert not await cache.set("c", "new", 0, if_not_exists=True)
    assert await cache.get_many("a", "b", "c") == {"c": "old"}


@POLICIES
@FALSY
async def test_value_that_is_set_may_be_any(caches: Caches, policy: Policy, value: object) -> None:
    cache = caches.make(policy)
    await cache.set("key", value)
    await cache.set_many({"other": value})

    assert await cache.get("key", "default") == value
    assert await cache.get_many("key", "other") == {"key": value, "other": value}
    assert await cache.contains("key")


@POLICIES
async def test_value_that_is_there_is_left_alone_if_it_is_to_be(
    caches: Caches, policy: Policy
) -> None:
    cache = caches.make(policy)

    assert await cache.set("key", "first", if_not_exists=True)
    assert not await cache.set("key", "second", if_not_exists=True)
    assert await cache.get("key") == "first"


async def test_value_that_is_set_if_there_is_none_takes_the_place_of_a_stale_one(
    caches: Caches, clock: ManualClock
) -> None:
    cache = caches.make(KEEPING)
    await cache.set("key", "old")
    clock.advance(101)
    assert await cache.get("key") is None

    assert await cache.set("key", "new", if_not_exists=True)
    assert await cache.get("key") == "new"


@pytest.mark.parametrize("load", [lambda: "old", lambda: MISSING], ids=["stale", "negative"])
async def test_value_that_is_set_if_there_is_none_takes_the_place_of_what_a_call_has_left(
    caches: Caches, clock: ManualClock, load: Any
) -> None:
    policy = Policy(time_to_live=100, stale_if_error=500, negative_time_to_live=500)
    cache = caches.make()
    with suppress(NoValueError):
        await cache.get_or_set("key", load, policy=policy)
    clock.advance(101)
    assert await cache.get("key") is None

    assert await cache.set("key", "new", if_not_exists=True)
    assert await cache.get("key") == "new"


async def test_value_that_is_set_in_the_place_of_a_stale_one_is_fresh(
    caches: Caches, clock: ManualClock
) -> None:
    cache = caches.make(KEEPING)
    await cache.set("key", "old")
    clock.advance(101)
    await cache.set("key", "new")
    clock.advance(99)

    assert await cache.get("key") == "new"


@POLICIES
async def test_value_that_is_no_duration_is_refused_before_anything_is_written(
    caches: Caches, policy: Policy
) -> None:
    cache = caches.make(policy)
    await cache.set("key", "old")

    with pytest.raises(InvalidDurationError):
        await cache.set("key", "new", float("nan"))
    with pytest.raises(InvalidDurationError):
        await cache.set_many({"key": "new"}, time_to_live=True)
    assert await cache.get("key") == "old"


# Other times to live


def in_seconds(clock: ManualClock, seconds: float) -> datetime:
    return datetime.fromtimestamp(clock() + seconds, timezone.utc)


EXPIRE = pytest.mark.parametrize(
    "expire",
    [
        lambda cache, clock, seconds: cache.expire_in("key", seconds),
        lambda cache, clock, seconds: cache.expire_in("key", timedelta(seconds=seconds)),
        lambda cache, clock, seconds: cache.expire_at("key", in_seconds(clock, seconds)),
    ],
    ids=["seconds", "timedelta", "deadline"],
)


@EXPIRE
@pytest.mark.parametrize("seconds", [10, 50, 400])
async def test_fresh_value_is_made_to_live_for_so_long_from_now(
    caches: Caches, clock: ManualClock, expire: Any, seconds: float
) -> None:
    cache = caches.make(KEEPING)
    await cache.set("key", "value")
    clock.advance(50)

    await expire(cache, clock, seconds)

    assert await left_of(cache, "key") == pytest.approx(seconds, abs=0.01)
    clock.advance(seconds - 0.1)
    assert await cache.get("key") == "value"
    clock.advance(0.2)
    assert await cache.get("key") is None


@pytest.mark.parametrize("time_to_live", [100, None])
@EXPIRE
async def test_value_that_was_made_to_live_for_so_long_is_kept_after_that(
    caches: Caches,
    source: Source,
    clock: ManualClock,
    expire: Any,
    time_to_live: float | None,
) -> None:
    cache = caches.make(KEEPING.replace(time_to_live=time_to_live))
    await cache.set("key", "value")
    await expire(cache, clock, 10)
    clock.advance(11)
    source.error = ZeroDivisionError()

    assert await cache.get_or_set("key", source) == "value"
    clock.advance(500)
    with pytest.raises(ZeroDivisionError):
        await cache.get_or_set("key", source)


@EXPIRE
async def test_value_that_is_to_live_no_longer_is_gone(
    caches: Caches, source: Source, clock: ManualClock, expire: Any
) -> None:
    cache = caches.make(KEEPING)
    for seconds in (0, -5):
        await cache.set("key", "value")
        await expire(cache, clock, seconds)

        assert await cache.get("key") is None
        assert (await cache.lookup("key")).state == "miss"


@pytest.mark.parametrize("expire", ["expire_in", "expire_at"])
async def test_value_is_made_to_live_for_ever(
    caches: Caches, clock: ManualClock, expire: str
) -> None:
    cache = caches.make(KEEPING)
    await cache.set("key", "value")
    await getattr(cache, expire)("key", None)
    clock.advance(1e9)

    assert await left_of(cache, "key") is None
    assert await cache.get("key") == "value"


@EXPIRE
async def test_stale_value_stays_as_it_is(
    caches: Caches, source: Source, clock: ManualClock, expire: Any
) -> None:
    cache = caches.make(KEEPING)
    await cache.set("key", "value")
    clock.advance(101)

    await expire(cache, clock, 50)

    assert await cache.get("key") is None
    source.error = ZeroDivisionError()
    assert await cache.get_or_set("key", source) == "value"


@EXPIRE
async def test_time_of_what_is_not_there_changes_nothing(
    caches: Caches, clock: ManualClock, expire: Any
) -> None:
    cache = caches.make(KEEPING)

    await expire(cache, clock, 50)

    assert await cache.get("key") is None


@EXPIRE
async def test_old_value_is_made_to_live_for_longer(
    caches: Caches, clock: ManualClock, expire: Any
) -> None:
    cache = caches.make(KEEPING.replace(time_to_live=None))
    await cache.set("key", "value")
    clock.advance(60 * DAY)

    await expire(cache, clock, 50)

    assert await cache.get("key") == "value"


@IN_MEMORY_ONLY
@EXPIRE
async def test_value_of_a_policy_of_a_call_is_made_to_live_for_longer(
    caches: Caches, clock: ManualClock, expire: Any
) -> None:
    cache = caches.make()
    await cache.get_or_set("key", lambda: "value", policy=KEEPING)

    await expire(cache, clock, 400)

    clock.advance(399)
    assert await cache.get("key") == "value"


async def test_time_that_a_server_refuses_to_change_is_an_error(scripted: ScriptedServer) -> None:
    cache = Cache[str](backend=scripted.url, serializer="pickle://", policy=KEEPING)
    await cache.set("key", "value")
    scripted.fail("SET", "READONLY You can't write against a read only replica.")
    scripted.fail("EVALSHA", "READONLY You can't write against a read only replica.")
    scripted.fail("PEXPIRE", "READONLY You can't write against a read only replica.")

    with pytest.raises(Exception, match="read only replica"):
        await cache.expire_in("key", 50)
    await cache.aclose()


# Lookups


async def test_lookups_of_many_tell_fresh_values_from_stale_ones(
    caches: Caches, clock: ManualClock
) -> None:
    cache = caches.make(KEEPING)
    await cache.set("stale", 1)
    clock.advance(60)
    await cache.set("fresh", 2)
    clock.advance(41)
    keys = ("stale", "missing", "fresh", "stale")

    assert await cache.get_many(*keys) == {"fresh": 2}
    assert [await cache.contains(key) for key in keys] == [False, False, True, False]
    states = [(await cache.lookup(key)).state for key in keys]
    assert states == ["stale", "miss", "hit", "stale"]


async def test_cache_does_not_contain_a_stale_value_whoever_keeps_it(
    caches: Caches, clock: ManualClock
) -> None:
    cache = caches.make()
    await cache.get_or_set("key", lambda: "value", policy=KEEPING)
    assert await cache.contains("key")
    clock.advance(101)

    assert await cache.get("key") is None
    assert not await cache.contains("key")


async def test_lookup_tells_the_times_of_a_loaded_value(caches: Caches, clock: ManualClock) -> None:
    cache = caches.make(KEEPING)
    await cache.get_or_set("key", lambda: "value")
    created_at = clock()
    clock.advance(30)

    found = await cache.lookup("key")

    assert (found.state, found.value, found.source) == ("hit", "value", "store")
    assert (found.age, found.created_at) == (30, created_at)
    assert found.fresh_for == about(70)
    assert found.took is not None
    assert 0 <= found.took < 30
    clock.advance(100)
    found = await cache.lookup("key")
    assert (found.state, found.value) == ("stale", "value")
    assert found.fresh_for == about(-30)
    clock.advance(1000)
    assert (await cache.lookup("key")).state in ("stale", "miss")


async def test_lookup_counts_as_no_hit_and_no_miss(caches: Caches, told: list[Event]) -> None:
    cache = caches.make(KEEPING, on_event=told.append)
    await cache.set("key", "value")
    told.clear()

    await cache.lookup("key")
    await cache.lookup("missing")

    assert told == []
    assert (cache.stats().hits, cache.stats().misses) == (0, 0)


@pytest.mark.parametrize("write", ["set", "set_many", "get_or_set"])
async def test_cache_with_envelopes_notes_times_without_a_policy(
    caches: Caches, clock: ManualClock, write: str
) -> None:
    cache = caches.make(envelope=True)
    if write == "set":
        await cache.set("key", "value")
    elif write == "set_many":
        await cache.set_many({"key": "value"})
    else:
        await cache.get_or_set("key", lambda: "value")
    clock.advance(10)

    found = await cache.lookup("key")

    assert (found.state, found.age, found.fresh_for) == ("hit", 10, None)
    assert await cache.contains("key")
    assert await cache.get("key") == "value"


# The form in which values are stored


@ON_WIRES
async def test_value_in_no_envelope_is_undecodable_where_all_are_to_be_in_one(
    caches: Caches, source: Source
) -> None:
    strict, lenient = caches.make(envelope=True), caches.make()
    await lenient.set_many({"a": "bare", "b": "bare", "c": "bare"})

    assert await strict.get("a") is None
    assert await strict.get_many("a", "b") == {}
    assert not await strict.contains("a")
    assert (await strict.lookup("a")).state == "miss"
    assert strict.stats().undecodable == 5
    assert await strict.get_or_set("a", source) == 1
    assert await strict.set("b", "new", if_not_exists=True)
    assert await strict.get_or_set_many(["c"], lambda keys: dict.fromkeys(keys, "many"))
    assert await strict.get_many("a", "b", "c") == {"a": 1, "b": "new", "c": "many"}
    assert await lenient.get_many("a", "b", "c") == {"a": 1, "b": "new", "c": "many"}


@ON_WIRES
async def test_values_are_stored_bare_unless_the_policy_needs_their_times(
    caches: Caches, source: Source
) -> None:
    bare, wrapped = caches.make(PLAIN, prefix="bare:"), caches.make(KEEPING, prefix="wrapped:")
    for cache in (bare, wrapped):
        await cache.set("set", 1)
        await cache.set_many({"many": 1})
        await cache.get_or_set("loaded", source)

    for key in ("set", "many", "loaded"):
        assert (await caches.backend.get(f"bare:{key}"))[:1] != b"\xc1"
        assert (await caches.backend.get(f"wrapped:{key}"))[:1] == b"\xc1"


async def test_each_form_is_read_whatever_the_policy(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    bare, wrapped = caches.make(), caches.make(KEEPING)
    await bare.set("bare", 1)
    await wrapped.set("wrapped", 2)

    for cache in (bare, wrapped):
        assert await cache.get_many("bare", "wrapped") == {"bare": 1, "wrapped": 2}
        assert await cache.get("bare") == 1
        assert await cache.get("wrapped") == 2
    clock.advance(101)
    for cache in (bare, wrapped):
        assert await cache.get_many("bare", "wrapped") == {"bare": 1}
    source.error = ZeroDivisionError()
    assert await wrapped.get_or_set("wrapped", source) == 2
    with pytest.raises(ZeroDivisionError):
        await bare.get_or_set("wrapped", source)


@ON_WIRES
async def test_value_of_another_key_is_none_of_this_one(
    caches: Caches, source: Source, told: list[Event]
) -> None:
    cache = caches.make(KEEPING, on_event=told.append)
    await cache.set_many({"one": "the one's", "other": "the other's"})
    wire = await caches.backend.get("app:other")
    await caches.backend.set("app:one", wire)
    told.clear()

    assert await cache.get("one") is None
    assert await cache.get_many("one", "other") == {"other": "the other's"}
    assert await cache.get_or_set("one", source) == 1
    assert isinstance(told[0], Undecodable)
    assert isinstance(told[0].error, DecodeError)
    assert await cache.get("one") == 1
    assert cache.stats().undecodable == 3


@ON_WIRES
async def test_damaged_value_is_loaded_anew(caches: Caches, source: Source) -> None:
    cache = caches.make(KEEPING)
    await cache.set("key", "value")
    wire = await caches.backend.get("app:key")

    for at in range(1, len(wire)):
        await caches.backend.set("app:key", wire[:at] + bytes([wire[at] ^ 1]) + wire[at + 1 :])
        assert await cache.get("key") is None
    assert await cache.get_or_set("key", source) == 1
    assert await cache.get("key") == 1


@ON_WIRES
async def test_damaged_value_is_an_error_if_it_is_to_be(caches: Caches, source: Source) -> None:
    cache = caches.make(KEEPING, on_undecodable="raise")
    await cache.set("key", "value")
    wire = await caches.backend.get("app:key")
    await caches.backend.set("app:key", wire[:-1])

    for call in (cache.get, cache.get_many, cache.lookup):
        with pytest.raises(DecodeError, match="'key' cannot be decoded"):
            await call("key")


@ON_WIRES
async def test_policy_that_needs_times_is_refused_where_envelopes_are_forbidden(
    caches: Caches, source: Source
) -> None:
    with pytest.raises(ConfigurationError, match="but `envelope` is False"):
        caches.make(KEEPING, envelope=False)
    cache = caches.make(PLAIN, envelope=False)
    for call in (
        partial(cache.get_or_set, "key", source),
        partial(cache.refresh, "key", source),
        partial(cache.get_or_set_many, ["key"], lambda keys: {}),
    ):
        with pytest.raises(ConfigurationError, match="but `envelope` is False"):
            await call(policy=KEEPING)
    assert await cache.get_or_set("key", source) == 1


@pytest.mark.parametrize("caches", [OBJECTS], indirect=True)
async def test_objects_need_no_envelope(caches: Caches, source: Source, clock: ManualClock) -> None:
    cache = caches.make(KEEPING, envelope=False)
    value = object()
    await cache.set("key", value)
    clock.advance(101)
    source.error = ZeroDivisionError()

    assert await cache.get_or_set("key", source) is value


@pytest.mark.parametrize("caches", ["valkey"], indirect=True)
async def test_what_cannot_be_put_in_an_envelope_is_refused_or_returned(
    caches: Caches, told: list[Event]
) -> None:
    cache = Cache[Any](
        backend=caches.backend, serializer="noop://", policy=KEEPING, on_event=told.append
    )

    with pytest.raises(TypeError, match="an int would come back as another type"):
        await cache.set("key", 1)
    assert await cache.get_or_set("key", lambda: 1) == 1
    assert NotStored("key", "failed") in told
    for value in (b"bytes", "text", "", b""):
        await cache.set("key", value)
        assert await cache.get("key") == value


@pytest.mark.parametrize("caches", ["valkey"], indirect=True)
async def test_bytes_that_look_like_an_envelope_are_kept(
    caches: Caches, clock: ManualClock
) -> None:
    for policy in (None, PLAIN, KEEPING):
        cache = Cache[bytes](
            backend=caches.backend, serializer="noop://", policy=policy, wall_clock=clock
        )
        for value in (b"\xc1", b"\xc1\x01 and more"):
            await cache.set("key", value)
            assert await cache.get("key") == value
            await cache.delete("key")
            assert await cache.get_or_set("key", lambda value=value: value) == value
            assert await cache.get("key") == value

"""Values that are computed anew whatever is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cachetory._runtime.async_ import sleep
from cachetory.caches.async_ import Cache
from cachetory.errors import LoadTimeoutError, NoValueError
from cachetory.events import Event, Loaded, LoadFailed, NotStored, Refreshing, Set
from cachetory.loading import MISSING, LoadContext
from cachetory.policy import Policy
from tests.caches.async_.policies import KINDS, Caches, Source, until_found
from tests.ports import free_port
from tests.shell.async_crew import Crew

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.clock import ManualClock

KEEPING = Policy(time_to_live=100, stale_if_error=50)
POLICIES = pytest.mark.parametrize("policy", [None, KEEPING], ids=["plain", "keeping"])
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


@POLICIES
async def test_refresh_loads_whatever_is_there_and_sets_it(
    caches: Caches, source: Source, policy: Policy | None
) -> None:
    cache = caches.make(policy)

    assert await cache.refresh("key", source) == 1
    assert await cache.get("key") == 1
    assert await cache.refresh("key", source) == 2
    assert await cache.get("key") == 2


@FALSY
async def test_refreshed_value_may_be_any(caches: Caches, value: object) -> None:
    cache = caches.make(KEEPING)
    await cache.set("key", "old")

    assert await cache.refresh("key", lambda: value) == value
    assert await cache.get("key", "default") == value


@POLICIES
async def test_refresh_of_a_value_equal_to_the_old_one_begins_its_time_anew(
    caches: Caches, clock: ManualClock, policy: Policy | None
) -> None:
    cache = caches.make(policy)
    await cache.get_or_set("key", lambda: "same", time_to_live=1000)
    clock.advance(999)
    assert await cache.refresh("key", lambda: "same", time_to_live=1000) == "same"
    clock.advance(2)

    assert await cache.get("key") == "same"


async def test_old_value_is_given_until_the_new_one_is_there(
    caches: Caches, source: Source
) -> None:
    cache = caches.make(KEEPING)
    await cache.set("key", "old")
    hold = source.hold()
    async with Crew() as crew:
        caller = crew.start(cache.refresh, "key", source)
        await hold.begun.wait()
        assert await cache.get("key") == "old"
        assert await cache.get_or_set("key", source) == "old"
        hold.let_go.set()

        assert await caller.result() == 1
    assert await cache.get("key") == 1
    assert source.calls == 1


@POLICIES
async def test_value_of_a_load_that_began_before_is_not_stored(
    caches: Caches, source: Source, policy: Policy | None
) -> None:
    cache = caches.make(policy)
    hold = source.hold()
    async with Crew() as crew:
        caller = crew.start(cache.get_or_set, "key", source)
        await hold.begun.wait()
        assert await cache.refresh("key", lambda: "refreshed") == "refreshed"
        hold.let_go.set()

        assert await caller.result() == 1
    assert await cache.get("key") == "refreshed"
    assert cache.stats().not_stored == 1


async def test_value_of_a_load_in_another_process_that_began_before_is_not_stored(
    caches: Caches, source: Source
) -> None:
    cache, other = caches.make(KEEPING), caches.make_apart(KEEPING)
    hold = source.hold()
    async with Crew() as crew:
        caller = crew.start(other.get_or_set, "key", source)
        await hold.begun.wait()
        assert await cache.refresh("key", lambda: "refreshed") == "refreshed"
        hold.let_go.set()

        assert await caller.result() == 1
    assert await cache.get("key") == "refreshed"


async def test_later_of_two_refreshes_is_the_one_that_is_kept(
    caches: Caches, source: Source
) -> None:
    cache = caches.make(KEEPING)
    await cache.set("key", "old")
    hold = source.hold()
    async with Crew() as crew:
        earlier = crew.start(cache.refresh, "key", source)
        await hold.begun.wait()
        assert await cache.refresh("key", lambda: "later") == "later"
        hold.let_go.set()

        assert await earlier.result() == 1
    assert await cache.get("key") == "later"


@POLICIES
@pytest.mark.parametrize("kept", ["newer", None])
async def test_value_that_is_written_during_a_refresh_is_the_last_one(
    caches: Caches, source: Source, policy: Policy | None, kept: str | None
) -> None:
    cache = caches.make(policy)
    await cache.set("key", "old")
    hold = source.hold()
    async with Crew() as crew:
        caller = crew.start(cache.refresh, "key", source)
        await hold.begun.wait()
        await (cache.set("key", kept) if kept else cache.delete("key"))
        hold.let_go.set()

        assert await caller.result() == 1
    assert await cache.get("key") == kept


@POLICIES
@pytest.mark.parametrize("kept", ["newer", "old", None])
async def test_value_that_another_process_writes_during_a_refresh_is_the_last_one(
    caches: Caches, source: Source, clock: ManualClock, policy: Policy | None, kept: str | None
) -> None:
    cache, other = caches.make(policy), caches.make_apart(policy)
    await cache.set("key", "old", 1000)
    hold = source.hold()
    async with Crew() as crew:
        caller = crew.start(cache.refresh, "key", source)
        await hold.begun.wait()
        clock.advance(1)
        await (other.set("key", kept, 1000) if kept else other.delete("key"))
        hold.let_go.set()

        assert await caller.result() == 1
    assert await cache.get("key") == kept


@POLICIES
async def test_error_of_a_refresh_is_raised_and_what_is_there_stays(
    caches: Caches, source: Source, policy: Policy | None
) -> None:
    cache = caches.make(policy)
    await cache.set("key", "old")
    source.error = ZeroDivisionError()

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await cache.refresh("key", source)
    assert await cache.get("key") == "old"
    assert source.calls == 2


async def test_error_of_a_refresh_is_raised_though_a_stale_value_might_stand_in(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(KEEPING)
    await cache.set("key", "old")
    clock.advance(101)
    source.error = ZeroDivisionError()

    with pytest.raises(ZeroDivisionError):
        await cache.refresh("key", source)
    assert await cache.get_or_set("key", source) == "old"


async def test_refresh_is_made_though_loading_has_just_failed(
    caches: Caches, source: Source, clock: ManualClock
) -> None:
    cache = caches.make(KEEPING)
    await cache.set("key", "old")
    clock.advance(101)
    source.error = ZeroDivisionError()
    await cache.get_or_set("key", source)
    source.error = None

    assert await cache.refresh("key", source) == 2
    assert await cache.get("key") == 2
    clock.advance(101)
    assert await cache.get_or_set("key", source) == 3  # nothing holds it back any more


async def test_refresh_that_is_interrupted_leaves_what_is_there(
    caches: Caches, source: Source
) -> None:
    class Interruption(BaseException):
        pass

    cache = caches.make(KEEPING)
    await cache.set("key", "old")
    source.error = Interruption()

    with pytest.raises(Interruption):
        await cache.refresh("key", source)
    assert await cache.get("key") == "old"
    source.error = None
    assert await cache.refresh("key", source) == 2


async def test_refresh_that_finds_no_value_remembers_it_if_it_is_to(caches: Caches) -> None:
    cache = caches.make(KEEPING.replace(negative_time_to_live=10))
    await cache.set("key", "old")

    with pytest.raises(NoValueError):
        await cache.refresh("key", lambda: MISSING)
    assert await cache.get("key") is None
    with pytest.raises(NoValueError):
        await cache.get_or_set("key", lambda: "too late")
    assert await cache.refresh("key", lambda: "again") == "again"
    assert await cache.get("key") == "again"


async def test_refresh_asks_for_its_own_time_to_live_and_policy(
    caches: Caches, source: Source
) -> None:
    cache = caches.make(KEEPING)
    await cache.refresh("given", source, time_to_live=10)
    await cache.refresh("asked", source, time_to_live=lambda key: 20)
    await cache.refresh("policy", source, policy=KEEPING.replace(time_to_live=30))
    await cache.refresh("cache", source)

    lookups = {key: await cache.lookup(key) for key in ("given", "asked", "policy", "cache")}
    left = {key: it.fresh_for for key, it in lookups.items()}
    assert left == {
        "given": pytest.approx(10, abs=1),
        "asked": pytest.approx(20, abs=1),
        "policy": pytest.approx(30, abs=1),
        "cache": pytest.approx(100, abs=1),
    }


async def test_refresh_excludes_what_it_is_to(caches: Caches, source: Source) -> None:
    cache = caches.make(KEEPING)
    await cache.set("key", "old")

    assert await cache.refresh("key", source, exclude=lambda key, value: value == 1) == 1
    assert await cache.get("key") == "old"
    assert await cache.refresh("key", source, exclude=lambda key, value: value == 1) == 2
    assert await cache.get("key") == 2


async def test_loader_of_a_refresh_reads_the_value_that_is_to_be_replaced(
    caches: Caches, clock: ManualClock
) -> None:
    def load(context: LoadContext) -> list[Any]:
        return [context.key, context.has_stale, context.stale if context.has_stale else None]

    cache = caches.make(KEEPING)

    assert await cache.refresh("key", load) == ["key", False, None]
    assert await cache.refresh("key", load) == ["key", True, ["key", False, None]]
    await cache.set("key", None)
    clock.advance(101)
    assert await cache.refresh("key", load) == ["key", True, None]


async def test_refresh_within_the_load_of_its_own_key_computes_through(caches: Caches) -> None:
    cache = caches.make(KEEPING)

    async def load() -> str:
        inner = await cache.refresh("key", lambda: "inner")
        return f"outer of {inner}"

    assert await cache.refresh("key", load) == "outer of inner"


async def test_refresh_waits_for_its_value_beyond_the_soft_timeout(
    caches: Caches, source: Source
) -> None:
    cache = caches.make(KEEPING.replace(soft_timeout=0.05))
    await cache.set("key", "old")
    hold = source.hold()
    async with Crew() as crew:
        caller = crew.start(cache.refresh, "key", source)
        await hold.begun.wait()
        await sleep(0.1)
        hold.let_go.set()

        assert await caller.result() == 1
    assert cache.stats().stale == 0


async def test_refresh_after_the_hard_timeout_is_an_error_and_stored(
    caches: Caches, source: Source
) -> None:
    cache = caches.make(KEEPING.replace(hard_timeout=0.05))
    await cache.set("key", "old")
    hold = source.hold()

    with pytest.raises(LoadTimeoutError):
        await cache.refresh("key", source)
    hold.let_go.set()
    await until_found(cache, "key", 1)


async def test_refresh_is_told_of(caches: Caches, source: Source, told: list[Event]) -> None:
    cache = caches.make(KEEPING, on_event=told.append)

    await cache.refresh("key", source)
    assert [type(event) for event in told] == [Refreshing, Loaded, Set]
    assert told[0] == Refreshing("key", "asked")
    assert (cache.stats().refreshes, cache.stats().hits, cache.stats().misses) == (1, 0, 0)
    told.clear()
    source.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await cache.refresh("key", source)
    assert [type(event) for event in told] == [Refreshing, LoadFailed]


async def test_refresh_of_a_key_that_is_no_string_is_refused(
    caches: Caches, source: Source
) -> None:
    cache = caches.make()

    with pytest.raises(TypeError, match="a key is a string, not 1"):
        await cache.refresh(1, source)  # type: ignore[arg-type]
    assert source.calls == 0


async def test_refreshed_value_is_returned_though_the_store_is_down(source: Source) -> None:
    told: list[Event] = []
    cache = Cache[int](
        backend=f"redis://127.0.0.1:{free_port()}/0", serializer="pickle://", on_event=told.append
    )

    assert await cache.refresh("key", source) == 1
    assert told[-1] == NotStored("key", "failed")


# Many at once


@POLICIES
async def test_many_are_refreshed_together_whatever_is_there(
    caches: Caches, policy: Policy | None
) -> None:
    asked: list[list[str]] = []

    def load(keys: list[str]) -> dict[str, str]:
        asked.append(list(keys))
        return {key: f"{key}!" for key in keys if key != "c"}

    cache = caches.make(policy)
    await cache.set_many({"a": "old", "c": "old"})

    values = await cache.refresh_many(["b", "a", "c", "a"], load)

    assert list(values.items()) == [("b", "b!"), ("a", "a!")]
    assert asked == [["b", "a", "c"]]
    assert await cache.get_many("a", "b", "c") == {"a": "a!", "b": "b!"}


async def test_many_are_refreshed_in_chunks_and_with_options(caches: Caches) -> None:
    asked: list[list[str]] = []

    def load(keys: list[str]) -> dict[str, str]:
        asked.append(list(keys))
        return dict.fromkeys(keys, "new")

    cache = caches.make(KEEPING)
    await cache.set_many({"a": "old", "b": "old", "c": "old"})

    await cache.refresh_many(
        ["a", "b", "c"], load, chunk_size=2, time_to_live=10, exclude=lambda key, value: key == "b"
    )

    assert asked == [["a", "b"], ["c"]]
    assert await cache.get_many("a", "b", "c") == {"a": "new", "b": "old", "c": "new"}
    assert (await cache.lookup("c")).fresh_for == pytest.approx(10, abs=1)


async def test_refresh_of_no_keys_loads_nothing(caches: Caches) -> None:
    def load(keys: list[str]) -> dict[str, str]:
        raise AssertionError(keys)

    assert await caches.make().refresh_many([], load) == {}


async def test_error_in_the_refresh_of_many_is_raised_and_the_rest_is_kept(
    caches: Caches, clock: ManualClock
) -> None:
    def load(keys: list[str]) -> dict[str, str]:
        if "a" in keys:
            raise ZeroDivisionError
        return dict.fromkeys(keys, "new")

    cache = caches.make(KEEPING)
    await cache.set_many({"a": "old", "b": "old"})

    with pytest.raises(ZeroDivisionError):
        await cache.refresh_many(["a", "b"], load, chunk_size=1)
    assert await cache.get_many("a", "b") == {"a": "old", "b": "new"}

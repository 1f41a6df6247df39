"""Single flight among tasks: cancellation, several event loops, and warnings that must not come."""

from __future__ import annotations

import asyncio
import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from cachetory._runtime.async_ import Flight
from cachetory.backends.async_ import MemoryBackend
from cachetory.caches.async_ import Cache
from tests.runtime.forking import forks, in_fork
from tests.shell.async_.loads import HeldLoad, Load
from tests.shell.async_crew import Crew, Signal, until, until_within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def cache() -> AsyncIterator[Cache[Any, Any]]:
    """A cache that leaves neither a flight behind, nor a word in the loop's error handler."""
    complaints: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: complaints.append(context))
    cache = Cache[Any, Any](backend=MemoryBackend(), serializer="pickle://", prefix="app:")
    yield cache
    assert not cache._flights._flights
    gc.collect()
    assert complaints == []


class WatchedLoad(HeldLoad):
    """Tells whether it was cancelled."""

    cancelled = False

    async def __call__(self) -> int:
        try:
            return await super().__call__()
        except asyncio.CancelledError:
            self.cancelled = True
            raise


class Unstoppable(MemoryBackend[Any]):
    """Goes on writing when its caller is cancelled, as one does that writes in a thread."""

    def __init__(self) -> None:
        super().__init__()
        self.writing, self.let_go, self.written = Signal(), Signal(), Signal()

    @property
    def leases(self) -> None:
        """It keeps no claims, so that all goes by `set`."""
        return

    async def set(self, key: str, value: Any, **options: Any) -> bool:
        self._write = asyncio.ensure_future(self._set(key, value, options))
        self.writing.set()
        return await asyncio.shield(self._write)

    async def _set(self, key: str, value: Any, options: dict[str, Any]) -> bool:
        await self.let_go.wait()
        changed = await super().set(key, value, **options)
        self.written.set()
        return changed


# Cancellation


async def test_cancelled_leader_leaves_the_load_to_its_followers(cache: Cache[Any]) -> None:
    load = WatchedLoad()
    async with Crew() as crew:
        leader = crew.start(cache.get_or_set, "key", load)
        await load.started.wait()
        followers = [crew.start(cache.get_or_set, "key", load) for _ in range(20)]
        await until_within(Flight.follow, *followers)
        leader.cancel()
        await until(lambda: leader.over)
        load.let_go.set()

        assert [await caller.result() for caller in followers] == [1] * 20
        with pytest.raises(asyncio.CancelledError):
            await leader.result()
    assert (load.calls, load.cancelled) == (1, False)
    assert await cache.get("key") == 1


async def test_cancelled_followers_leave_the_others_alone(cache: Cache[Any]) -> None:
    load = WatchedLoad()
    async with Crew() as crew:
        leader = crew.start(cache.get_or_set, "key", load)
        await load.started.wait()
        followers = [crew.start(cache.get_or_set, "key", load) for _ in range(20)]
        await until_within(Flight.follow, *followers)
        for caller in followers[::2]:
            caller.cancel()
        await until(lambda: all(caller.over for caller in followers[::2]))
        load.let_go.set()

        assert await leader.result() == 1
        assert [await caller.result() for caller in followers[1::2]] == [1] * 10
    assert load.calls == 1


async def test_load_is_cancelled_when_the_last_caller_is(cache: Cache[Any]) -> None:
    load = WatchedLoad()
    async with Crew() as crew:
        callers = [crew.start(cache.get_or_set, "key", load) for _ in range(20)]
        await until_within(Flight.follow, *callers)
        for caller in callers:
            caller.cancel()
        await until(lambda: load.cancelled and all(caller.over for caller in callers))

        assert not cache._flights._flights
        assert await cache.get_or_set("key", load) == 2
    assert load.calls == 2


async def test_caller_who_comes_while_a_deserted_load_cleans_up_starts_a_new_one(
    cache: Cache[Any],
) -> None:
    cleaning_up, clean = Signal(), Signal()

    async def load() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            cleaning_up.set()
            await clean.wait()
        return 1

    async with Crew() as crew:
        caller = crew.start(cache.get_or_set, "key", load)
        await until_within(Flight.follow, caller)
        caller.cancel()
        await cleaning_up.wait()

        assert await cache.get_or_set("key", lambda: 2) == 2
        clean.set()
    assert await cache.get("key") == 2


async def test_deserted_load_that_fails_while_it_cleans_up_is_not_complained_about(
    cache: Cache[Any],
) -> None:
    failed = Signal()

    async def load() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            failed.set()
            raise ZeroDivisionError
        return 1

    async with Crew() as crew:
        caller = crew.start(cache.get_or_set, "key", load)
        await until_within(Flight.follow, caller)
        caller.cancel()
        await failed.wait()
    await until(lambda: len(asyncio.all_tasks()) == 1)


async def test_failed_load_whose_callers_were_cancelled_is_not_complained_about(
    cache: Cache[Any],
) -> None:
    held_load = HeldLoad()

    async def load() -> int:
        await held_load()
        raise ZeroDivisionError

    async with Crew() as crew:
        callers = [crew.start(cache.get_or_set, "key", load) for _ in range(3)]
        await until_within(Flight.follow, *callers)
        held_load.let_go.set()
        await asyncio.sleep(0)
        for caller in callers:
            caller.cancel()


async def test_load_that_cancels_itself_cancels_its_leader_alone(cache: Cache[Any]) -> None:
    held_load = HeldLoad()

    async def load() -> int:
        number = await held_load()
        if number == 1:
            raise asyncio.CancelledError
        return number

    async with Crew() as crew:
        leader = crew.start(cache.get_or_set, "key", load)
        await held_load.started.wait()
        followers = [crew.start(cache.get_or_set, "key", load) for _ in range(5)]
        await until_within(Flight.follow, *followers)
        held_load.let_go.set()

        with pytest.raises(asyncio.CancelledError):
            await leader.result()
        assert [await caller.result() for caller in followers] == [2] * 5
    assert held_load.calls == 2


async def test_delete_waits_for_a_deserted_write_that_cannot_be_stopped() -> None:
    backend = Unstoppable()
    cache = Cache[Any, Any](backend=backend, serializer="pickle://")
    async with Crew() as crew:
        caller = crew.start(cache.get_or_set, "key", lambda: "outdated")
        await backend.writing.wait()
        caller.cancel()
        await until(lambda: caller.over)
        deleter = crew.start(cache.delete, "key")
        await until(lambda: deleter.over or deleter.is_within(Flight.landed))
        backend.let_go.set()
        await deleter.result()
        await backend.written.wait()

    assert await cache.get("key") is None


async def test_timeout_around_a_call_ends_that_call_alone(cache: Cache[Any]) -> None:
    load = WatchedLoad()
    async with Crew() as crew:
        leader = crew.start(cache.get_or_set, "key", load)
        await load.started.wait()

        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(cache.get_or_set("key", load), 0.001)
        load.let_go.set()
        assert await leader.result() == 1
    assert not load.cancelled


async def test_cancelled_callers_at_random_harm_nobody_else(cache: Cache[Any]) -> None:
    random = Random(7)
    load = Load()

    async def slow_load() -> int:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return await load()

    async def call() -> object:
        await asyncio.sleep(0)
        return await cache.get_or_set(f"{random.randrange(3)}", slow_load)

    tasks: list[asyncio.Task[object]] = []
    doomed: list[asyncio.Task[object]] = []
    for _ in range(500):
        tasks.append(asyncio.ensure_future(call()))
        if random.random() < 0.3:
            doomed.append(random.choice(tasks))
            doomed[-1].cancel()
        if random.random() < 0.2:
            await cache.delete(f"{random.randrange(3)}")
        await asyncio.sleep(0)
    await asyncio.wait(tasks)

    for task in tasks:
        assert task in doomed or isinstance(task.result(), int)


# Contexts


async def test_load_runs_in_the_context_of_its_leader(cache: Cache[Any]) -> None:
    request: ContextVar[str] = ContextVar("request")
    seen: list[str] = []
    held_load = HeldLoad()

    async def load() -> int:
        seen.append(request.get())
        return await held_load()

    async def call(name: str) -> int:
        request.set(name)
        return await cache.get_or_set("key", load)

    async with Crew() as crew:
        leader = crew.start(call, "leader")
        await held_load.started.wait()
        follower = crew.start(call, "follower")
        await until_within(Flight.follow, follower)
        held_load.let_go.set()
        assert (await leader.result(), await follower.result()) == (1, 1)
    assert seen == ["leader"]
    assert Flight.under_way() == ()


async def test_load_whose_tasks_ask_for_its_key_computes_through(cache: Cache[Any]) -> None:
    async def load() -> int:
        return sum(await asyncio.gather(*(cache.get_or_set("key", lambda: 5) for _ in range(3))))

    assert await cache.get_or_set("key", load) == 15
    assert await cache.get("key") == 15


async def test_task_that_outlives_the_load_which_started_it_flies_like_any_other(
    cache: Cache[Any],
) -> None:
    left_behind: list[asyncio.Task[int]] = []
    landed = Signal()
    load = Load()

    async def later() -> int:
        await landed.wait()
        await cache.delete("key")
        return await cache.get_or_set("key", load)

    async def start_a_task() -> int:
        left_behind.append(asyncio.ensure_future(later()))
        return 0

    assert await cache.get_or_set("key", start_a_task) == 0
    landed.set()
    assert await left_behind[0] == 1
    assert await cache.get("key") == 1


# Event loops


def test_loops_in_threads_share_a_cache_without_harm() -> None:
    cache = Cache[Any, Any](backend=MemoryBackend(), serializer="pickle://")
    load = Load()
    meeting = threading.Barrier(4)
    outcomes: list[list[int]] = []

    async def slow_load() -> int:
        await asyncio.sleep(0.001)
        return await load()

    async def use() -> None:
        meeting.wait(30)
        for _ in range(5):
            callers = [cache.get_or_set("key", slow_load) for _ in range(20)]
            outcomes.append(await asyncio.gather(*callers))
            meeting.wait(30)  # a deletion amid a gathering would have its rest load once more
            await cache.delete("key")
            await cache.clear()
            meeting.wait(30)

    threads = [threading.Thread(target=asyncio.run, args=(use(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(outcomes) == 20
    assert load.calls <= 20
    assert not cache._flights._flights


def test_loops_in_threads_delete_what_others_load_without_harm() -> None:
    cache = Cache[Any, Any](backend=MemoryBackend(), serializer="pickle://")
    load = Load()
    meeting = threading.Barrier(4)
    outcomes: list[list[int]] = []

    async def slow_load() -> int:
        await asyncio.sleep(0.001)
        return await load()

    async def use() -> None:
        meeting.wait(30)
        for _ in range(5):
            callers = [cache.get_or_set("key", slow_load) for _ in range(20)]
            outcomes.append(await asyncio.gather(*callers))
            await cache.delete("key")
            await cache.clear()

    threads = [threading.Thread(target=asyncio.run, args=(use(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert [len(values) for values in outcomes] == [20] * 20
    assert all(1 <= value <= load.calls for values in outcomes for value in values)
    assert not cache._flights._flights


def test_load_in_another_loop_is_fenced_too() -> None:
    cache = Cache[Any, Any](backend=MemoryBackend(), serializer="pickle://")
    started, deleted = threading.Event(), threading.Event()

    async def load() -> int:
        started.set()
        await asyncio.get_running_loop().run_in_executor(None, deleted.wait, 30)
        return 1

    async def call() -> int:
        return int(await cache.get_or_set("key", load))

    with ThreadPoolExecutor(1) as threads:
        value = threads.submit(asyncio.run, call())
        assert started.wait(30)
        asyncio.run(cache.delete("key"))
        deleted.set()
        assert value.result(30) == 1
    assert asyncio.run(cache.get("key")) is None


def test_loop_that_ended_in_mid_flight_is_not_waited_for() -> None:
    cache = Cache[Any, Any](backend=MemoryBackend(), serializer="pickle://")

    async def give_up() -> None:
        caller = asyncio.ensure_future(cache.get_or_set("key", asyncio.Event().wait))
        await until(lambda: cache._flights._flights)
        caller.cancel()

    asyncio.run(give_up())
    assert asyncio.run(cache.get_or_set("key", lambda: 1)) == 1
    assert asyncio.run(cache.delete("key"))


@forks
def test_child_forked_in_mid_flight_loads_itself() -> None:
    cache = Cache[Any, Any](backend=MemoryBackend(), serializer="pickle://")

    async def fork_meanwhile() -> tuple[int, int]:
        load = HeldLoad()
        async with Crew() as crew:
            leader = crew.start(cache.get_or_set, "key", load)
            await load.started.wait()
            of_child = in_fork(lambda: fork_result(cache))
            load.let_go.set()
            return await leader.result(), of_child

    def fork_result(cache: Cache[Any, Any]) -> int:
        asyncio.events._set_running_loop(None)  # the child comes to life inside the loop
        return int(asyncio.run(cache.get_or_set("key", lambda: 5)))

    assert asyncio.run(fork_meanwhile()) == (1, 5)


async def test_load_that_outlives_its_callers_stores_nothing() -> None:
    cache = Cache[Any, Any](backend=MemoryBackend(), serializer="pickle://")
    started, finished = asyncio.Event(), asyncio.Event()

    async def load() -> str:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "a fallback"
        finally:
            finished.set()
        return "never"

    caller = asyncio.ensure_future(cache.get_or_set("key", load))
    await started.wait()
    caller.cancel()
    await finished.wait()
    await until(lambda: cache.stats().not_stored == 1)

    assert await cache.get("key") is None

"""Single flight among threads: interrupts, forks, and threads that a load itself starts."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any

import pytest

from cachetory._runtime.sync import Flight
from cachetory.backends.sync import MemoryBackend
from cachetory.caches.sync import Cache
from cachetory.events import Event, Set
from tests.runtime.forking import forks, in_fork
from tests.shell.sync.loads import HeldLoad
from tests.shell.sync_crew import Crew, until_within

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def cache() -> Iterator[Cache[Any, Any]]:
    cache = Cache[Any, Any](backend=MemoryBackend(), serializer="pickle://", prefix="app:")
    yield cache
    assert not cache._flights._flights


@pytest.fixture
def switch_often() -> Iterator[None]:
    """Let threads take turns every few bytecodes."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_followers_of_an_interrupted_leader_load_themselves(
    cache: Cache[Any], interrupt: type[BaseException]
) -> None:
    held_load = HeldLoad()

    def load() -> int:
        number = held_load()
        if number == 1:
            raise interrupt
        return number

    with Crew() as crew:
        leader = crew.start(cache.get_or_set, "key", load)
        held_load.started.wait()
        followers = [crew.start(cache.get_or_set, "key", load) for _ in range(20)]
        until_within(Flight.follow, *followers)
        held_load.let_go.set()

        assert isinstance(leader.error(), interrupt)
        assert [caller.result() for caller in followers] == [2] * 20
    assert held_load.calls == 2
    assert cache.get("key") == 2


def test_leader_loads_in_its_own_thread_and_context(cache: Cache[Any]) -> None:
    request: ContextVar[str] = ContextVar("request")
    request.set("mine")

    def load() -> tuple[int, str]:
        return threading.get_ident(), request.get()

    assert cache.get_or_set("key", load) == (threading.get_ident(), "mine")


def test_load_whose_workers_ask_for_its_key_computes_through(cache: Cache[Any]) -> None:
    def load() -> int:
        with ThreadPoolExecutor(2) as workers:
            futures = [
                workers.submit(copy_context().run, cache.get_or_set, "key", lambda: 5)
                for _ in range(2)
            ]
            return sum(future.result(30) for future in futures)

    assert cache.get_or_set("key", load) == 10
    assert cache.get("key") == 10


def test_listener_may_delete_what_was_just_stored() -> None:
    def forget(event: Event) -> None:
        if isinstance(event, Set):
            cache.delete(event.key)

    cache = Cache[int](backend=MemoryBackend(), serializer="pickle://", on_event=forget)

    assert cache.get_or_set("key", lambda: 1) == 1
    assert cache.get_or_set("key", lambda: 2) == 2


def test_caller_is_no_part_of_a_load_that_is_over(cache: Cache[Any]) -> None:
    cache.get_or_set("key", lambda: 1)

    assert Flight.under_way() == ()
    with pytest.raises(ZeroDivisionError):
        cache.get_or_set("other", lambda: 1 // 0)
    assert Flight.under_way() == ()


@forks
def test_child_forked_in_mid_flight_loads_itself(cache: Cache[Any]) -> None:
    held_load = HeldLoad()
    with Crew() as crew:
        leader = crew.start(cache.get_or_set, "key", held_load)
        held_load.started.wait()

        def call() -> tuple[int, int, bool]:
            value = cache.get_or_set("key", held_load)
            return value, cache.get_or_set("key", held_load), cache.delete("key")

        assert in_fork(call) == (2, 2, True)
        follower = crew.start(cache.get_or_set, "key", held_load)
        until_within(Flight.follow, follower)
        held_load.let_go.set()
        assert (leader.result(), follower.result()) == (1, 1)
    assert held_load.calls == 1


@forks
def test_child_forked_by_a_load_loads_itself(cache: Cache[Any]) -> None:
    def load() -> int:
        return in_fork(lambda: cache.get_or_set("key", lambda: 1)) + 1

    assert cache.get_or_set("key", load) == 2
    assert cache.get("key") == 2


@forks
def test_child_forked_while_a_value_is_deleted_is_not_held_up(cache: Cache[Any]) -> None:
    held_load = HeldLoad()
    with Crew() as crew:
        leader = crew.start(cache.get_or_set, "key", held_load)
        held_load.started.wait()

        def call() -> int:
            cache.delete("key")
            cache.clear()
            with Crew() as child_crew:
                callers = [child_crew.start(cache.get_or_set, "key", lambda: 5) for _ in range(5)]
                return sum(caller.result() for caller in callers)

        assert in_fork(call) == 25
        held_load.let_go.set()
        assert leader.result() == 1
    assert cache.get("key") == 1


def test_racing_threads_never_leave_a_deleted_value_behind(
    cache: Cache[Any], switch_often: None
) -> None:
    source = {"key": 0}
    rounds = 200

    def read() -> None:
        for _ in range(rounds):
            cache.get_or_set("key", lambda: source["key"])

    def write() -> None:
        for number in range(rounds):
            source["key"] = number
            cache.delete("key")
            assert cache.get_or_set("key", lambda: source["key"]) == number

    with Crew() as crew:
        callers = [crew.start(read) for _ in range(3)] + [crew.start(write)]
        for caller in callers:
            caller.result()
    assert cache.get("key") == rounds - 1

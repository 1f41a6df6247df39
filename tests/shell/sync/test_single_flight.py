# Generated from tests/shell/async_/test_single_flight.py by tools/unasync.py. Do not edit: edit that file instead.
"""Callers who ask for one key at the same time share one load, and nobody ever hangs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cachetory._runtime.sync import Flight
from cachetory.backends.sync import MemoryBackend
from cachetory.caches.sync import Cache
from tests.shell.sync_crew import Crew, Meeting, until_within

if TYPE_CHECKING:
    from tests.shell.sync.loads import HeldLoad, Load

CALLERS = 100


@pytest.mark.no_leaks
def test_callers_of_a_cold_key_share_one_load(cache: Cache[Any], held_load: HeldLoad) -> None:
    with Crew() as crew:
        leader = crew.start(cache.get_or_set, "key", held_load)
        held_load.started.wait()
        followers = [crew.start(cache.get_or_set, "key", held_load) for _ in range(CALLERS - 1)]
        until_within(Flight.follow, *followers)
        held_load.let_go.set()

        assert [caller.result() for caller in (leader, *followers)] == [1] * CALLERS
    assert held_load.calls == 1
    assert cache.stats().loads == 1
    assert cache.stats().sets == 1


def test_callers_who_start_together_share_one_load(cache: Cache[Any], load: Load) -> None:
    meeting = Meeting(CALLERS)

    def call() -> int:
        meeting.join()
        return cache.get_or_set("key", load)

    with Crew() as crew:
        callers = [crew.start(call) for _ in range(CALLERS)]

        assert [caller.result() for caller in callers] == [1] * CALLERS
    assert load.calls == 1


@pytest.mark.no_leaks
def test_error_reaches_all_who_wait_and_is_not_kept(cache: Cache[Any], held_load: HeldLoad) -> None:
    def fail() -> int:
        held_load()
        raise ZeroDivisionError

    with Crew() as crew:
        leader = crew.start(cache.get_or_set, "key", fail)
        held_load.started.wait()
        followers = [crew.start(cache.get_or_set, "key", fail) for _ in range(CALLERS - 1)]
        until_within(Flight.follow, *followers)
        held_load.let_go.set()

        for caller in (leader, *followers):
            assert isinstance(caller.error(), ZeroDivisionError)
    assert held_load.calls == 1
    assert cache.stats().load_failures == 1
    assert cache.get_or_set("key", held_load) == 2


def test_value_that_cannot_be_stored_reaches_all_who_wait(held_load: HeldLoad) -> None:
    cache = Cache[Any](backend=MemoryBackend(), serializer="json://")
    value = object()

    def load() -> object:
        held_load()
        return value

    with Crew() as crew:
        leader = crew.start(cache.get_or_set, "key", load)
        held_load.started.wait()
        followers = [crew.start(cache.get_or_set, "key", load) for _ in range(5)]
        until_within(Flight.follow, *followers)
        held_load.let_go.set()

        for caller in (leader, *followers):
            assert caller.result() is value
    assert held_load.calls == 1


def test_caller_who_comes_after_the_landing_finds_the_value(cache: Cache[Any], load: Load) -> None:
    assert cache.get_or_set("key", load) == 1
    assert cache.get_or_set("key", load) == 1
    assert load.calls == 1


def test_leader_looks_again_before_it_loads(
    cache: Cache[Any], backend: MemoryBackend[Any], load: Load
) -> None:
    class Late(MemoryBackend[Any]):
        """The first lookup is just too early to see a value."""

        leases = MemoryBackend.leases
        early = True

        def get(self, key: str) -> Any:
            if self.early:
                self.early = False
                raise KeyError(key)
            return super().get(key)

    cache = Cache[Any](backend=Late(), serializer="pickle://")
    cache.set("key", "there")

    assert cache.get_or_set("key", load) == "there"
    assert load.calls == 0


def test_other_keys_do_not_wait(cache: Cache[Any], held_load: HeldLoad, load: Load) -> None:
    with Crew() as crew:
        held = crew.start(cache.get_or_set, "key", held_load)
        held_load.started.wait()

        assert cache.get_or_set("other", load) == 1
        assert not held.over
        held_load.let_go.set()
        assert held.result() == 1


def test_caches_over_one_backend_share_loads_of_the_same_key_of_the_store(
    cache: Cache[Any], backend: MemoryBackend[Any], held_load: HeldLoad, load: Load
) -> None:
    same = Cache[Any](backend=backend, serializer="pickle://", prefix="app:")
    whole = Cache[Any](backend=backend, serializer="pickle://")
    other = Cache[Any](backend=backend, serializer="pickle://", prefix="other:")
    with Crew() as crew:
        leader = crew.start(cache.get_or_set, "key", held_load)
        held_load.started.wait()
        followers = [
            crew.start(same.get_or_set, "key", held_load),
            crew.start(whole.get_or_set, "app:key", held_load),
        ]
        until_within(Flight.follow, *followers)

        assert other.get_or_set("key", load) == 1
        held_load.let_go.set()
        assert [caller.result() for caller in (leader, *followers)] == [1, 1, 1]
    assert held_load.calls == 1


# Loads that ask the cache themselves


def test_load_that_asks_for_its_own_key_computes_through(cache: Cache[Any]) -> None:
    depths: list[int] = []

    def load(depth: int = 0) -> int:
        depths.append(depth)
        if depth < 3:
            return 1 + cache.get_or_set("key", lambda: load(depth + 1))
        return 0

    assert cache.get_or_set("key", load) == 3
    assert depths == [0, 1, 2, 3]
    assert cache.get("key") == 3


def test_load_that_asks_for_its_own_key_through_another_computes_through(
    cache: Cache[Any],
) -> None:
    def load_a() -> str:
        return f"a({cache.get_or_set('b', load_b)})"

    def load_b() -> str:
        return f"b({cache.get_or_set('a', lambda: 'a')})"

    assert cache.get_or_set("a", load_a) == "a(b(a))"
    assert cache.get_many("a", "b") == {"a": "a(b(a))", "b": "b(a)"}


def test_load_that_asks_for_another_key_joins_its_flight(
    cache: Cache[Any], held_load: HeldLoad
) -> None:
    def load_other() -> int:
        return 10 * cache.get_or_set("key", held_load)

    with Crew() as crew:
        leader = crew.start(cache.get_or_set, "key", held_load)
        held_load.started.wait()
        other = crew.start(cache.get_or_set, "other", load_other)
        held_load.let_go.set()

        assert other.result() == 10
        assert leader.result() == 1
    assert held_load.calls == 1


@pytest.mark.parametrize("size", [2, 3, 5])
def test_loads_that_wait_for_each_other_in_a_ring_all_end(cache: Cache[Any], size: int) -> None:
    meeting = Meeting(size)

    def ask_the_next(number: int) -> int:
        meeting.join()
        return 1 + cache.get_or_set(f"{(number + 1) % size}", lambda: compute_through(0))

    def compute_through(value: int) -> int:
        return value

    def call(number: int) -> int:
        return cache.get_or_set(f"{number}", lambda: ask_the_next(number))

    with Crew() as crew:
        callers = [crew.start(call, number) for number in range(size)]
        results = [caller.result() for caller in callers]

    # One of them had to compute the next key itself; those behind it waited for one another.
    assert sorted(results) == list(range(1, size + 1))


@pytest.mark.no_leaks
def test_many_callers_of_loads_that_wait_for_each_other_all_end(cache: Cache[Any]) -> None:
    meeting = Meeting(2)
    others = {"a": "b", "b": "a"}

    def load(key: str) -> str:
        meeting.join()
        return key + cache.get_or_set(others[key], lambda: through(others[key]))

    def through(key: str) -> str:
        return key.upper()

    def call(key: str) -> str:
        return cache.get_or_set(key, lambda: load(key))

    with Crew() as crew:
        callers = {key: [crew.start(call, key) for _ in range(20)] for key in others}
        results = {(key, caller.result()) for key, group in callers.items() for caller in group}

    assert results in ({("a", "aB"), ("b", "baB")}, {("a", "abA"), ("b", "bA")})

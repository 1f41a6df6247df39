"""Memory and Redis backends, in both colours, do what a dictionary with deadlines does."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cachetory.backends import async_, sync
from tests.backends.addresses import patient
from tests.clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory.durations import Duration
    from tests.servers import Server

KEYS = ["", "a*", "ab", "\ud800"]
PREFIXES = ["", "a", "a*", "\ud800", "nobody", "else"]

keys = st.sampled_from(KEYS)
some_keys = st.lists(keys, max_size=5)
values = st.binary(max_size=8)
items = st.lists(st.tuples(keys, values), max_size=6)
conditions = st.sampled_from([{}, {"if_not_exists": True}])
long_times: st.SearchStrategy[Any] = st.sampled_from([None, None, 3600, timedelta(hours=1), 0])
times: st.SearchStrategy[Any] = st.one_of(
    long_times, st.sampled_from([-1, 1e-9, 0.5, 1, timedelta(seconds=2)]), st.floats(0, 10)
)


class Model:
    """Values with their deadlines, by the plainest means."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.entries: dict[str, tuple[bytes, float]] = {}

    def alive(self) -> dict[str, bytes]:
        now = self.clock()
        return {key: value for key, (value, deadline) in self.entries.items() if deadline > now}

    def set(
        self, key: str, value: bytes, time_to_live: Duration | None, *, if_not_exists: bool = False
    ) -> bool:
        existed = key in self.alive()
        seconds = seconds_of(time_to_live)
        if if_not_exists and (existed or not seconds):
            return False
        self.entries.pop(key, None)
        if seconds:
            self.entries[key] = value, self.clock() + seconds
        return bool(seconds) or existed

    def expire(self, key: str, seconds: float) -> None:
        if key in self.alive():
            self.entries[key] = self.entries[key][0], self.clock() + seconds

    def delete(self, key: str) -> bool:
        existed = key in self.alive()
        self.entries.pop(key, None)
        return existed

    def clear(self, prefix: str) -> None:
        self.entries = {k: entry for k, entry in self.entries.items() if not k.startswith(prefix)}


def seconds_of(time_to_live: Duration | None) -> float:
    """Tell how long something lives: 0 if not at all, else at least a millisecond."""
    if time_to_live is None:
        return float("inf")
    if isinstance(time_to_live, timedelta):
        time_to_live = time_to_live.total_seconds()
    return max(time_to_live, 0.001) if time_to_live > 0 else 0.0


class Machine(RuleBasedStateMachine):
    """Does everything to a backend and to the model, and compares what comes of it.

    Args:
        backend: makes the backend, given the clock.
        has_clock: whether time passes for the backend as it does for the model.
        forgets: whether the backend may have evicted what the model still has.
    """

    def __init__(
        self,
        backend: Callable[[ManualClock], Any],
        *,
        has_clock: bool = True,
        forgets: bool = False,
    ) -> None:
        super().__init__()
        self.clock = ManualClock(start=0.0)
        self.model = Model(self.clock)
        self.backend = backend(self.clock)
        self.has_clock = has_clock
        self.forgets = forgets
        self.loop = asyncio.new_event_loop()
        self.ask("clear")

    def teardown(self) -> None:
        self.close()
        self.loop.close()

    def close(self) -> None:
        self.ask("aclose" if hasattr(self.backend, "aclose") else "close")

    def ask(self, operation: str, *arguments: Any, **options: Any) -> Any:
        return self.resolve(getattr(self.backend, operation)(*arguments, **options))

    def resolve(self, outcome: Any) -> Any:
        if hasattr(outcome, "__aiter__"):
            return self.loop.run_until_complete(_collect(outcome))
        if iscoroutine(outcome):
            return self.loop.run_until_complete(outcome)
        return list(outcome) if hasattr(outcome, "__next__") else outcome

    def lived_through(self, time_to_live: Any) -> bool:
        """Tell whether the model can follow a backend whose time passes by itself."""
        return self.has_clock or seconds_of(time_to_live) in (0, 3600, float("inf"))

    @rule(key=keys, value=values, time=times, long_time=long_times, options=conditions)
    def set(self, key: str, value: bytes, time: Any, long_time: Any, options: Any) -> None:
        time = time if self.lived_through(time) else long_time
        if self.forgets and not self.has(key):
            self.model.entries.pop(key, None)  # evicted, which ends no claim
        changed = self.ask("set", key, value, time_to_live=time, **options)
        assert changed is self.model.set(key, value, time, **options)

    @rule(items=items, time=times, long_time=long_times)
    def set_many(self, items: list[tuple[str, bytes]], time: Any, long_time: Any) -> None:
        time = time if self.lived_through(time) else long_time
        self.ask("set_many", iter(items), time_to_live=time)
        for key, value in items:
            self.model.set(key, value, time)

    @rule(key=keys)
    def get(self, key: str) -> None:
        alive = self.model.alive()
        try:
            found = self.ask("get", key)
        except KeyError:
            assert self.forgets or key not in alive
        else:
            assert alive[key] == found

    @rule(keys=some_keys)
    def get_many(self, keys: list[str]) -> None:
        alive = self.model.alive()
        found = self.ask("get_many", *keys)
        expected = [(key, alive[key]) for key in keys if key in alive]
        assert found == ([pair for pair in expected if pair in found] if self.forgets else expected)

    @rule(key=keys, time=times, long_time=long_times)
    def expire_in(self, key: str, time: Any, long_time: Any) -> None:
        time = time if self.lived_through(time) else long_time
        self.ask("expire_in", key, time)
        self.model.expire(key, seconds_of(time))

    @rule(key=keys, seconds=st.sampled_from([-100, -1, 3600]) | st.none())
    def expire_at(self, key: str, seconds: int | None) -> None:
        now = self.clock() if self.has_clock else datetime.now(timezone.utc).timestamp()
        deadline = None if seconds is None else datetime.fromtimestamp(now + seconds, timezone.utc)
        self.ask("expire_at", key, deadline)
        self.model.expire(key, float("inf") if seconds is None else seconds)

    @rule(key=keys)
    def delete(self, key: str) -> None:
        existed = self.ask("delete", key)
        expected = self.model.delete(key)
        assert existed is expected or (self.forgets and not existed)

    @rule(keys=some_keys)
    def delete_many(self, keys: list[str]) -> None:
        self.ask("delete_many", *keys)
        for key in keys:
            self.model.delete(key)

    @rule(prefix=st.sampled_from(PREFIXES))
    def clear_prefix(self, prefix: str) -> None:
        self.ask("clear_prefix", prefix)
        self.model.clear(prefix)

    @rule(operation=st.sampled_from(["clear", "close", "pause", "pause", "pause"]))
    def interrupt(self, operation: str) -> None:
        if operation == "clear":
            self.ask("clear")
            self.model.clear("")
        elif operation == "close":
            self.close()

    @precondition(lambda self: self.has_clock)
    @rule(seconds=st.sampled_from([0.0005, 0.001, 1, 60]) | st.floats(0, 10))
    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @invariant()
    def what_is_there_is_what_should_be(self) -> None:
        alive = self.model.alive()
        found = {key for key in KEYS if self.has(key)}
        assert found == (found & alive.keys() if self.forgets else alive.keys())

    @invariant()
    def store_is_within_its_bounds(self) -> None:
        store = getattr(self.backend, "local_store", None)
        if store is not None:
            assert len(store) == len(store.entries) >= 0
            assert store.weight == sum(entry.weight for entry in store.entries.values())
            assert not self.forgets or len(store) <= 4

    def has(self, key: str) -> bool:
        return bool(self.ask("contains", key))


async def _collect(pairs: Any) -> list[Any]:
    return [pair async for pair in pairs]


def run(machine: Callable[[], Machine], examples: int, steps: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("colour", [sync, async_], ids=["sync", "async"])
@pytest.mark.parametrize(
    "options",
    [
        {"policy": "s3-fifo", "max_entries": 100},
        {"policy": "lru", "max_entries": 100},
        {"max_entries": None},
        {"max_weight": 100_000, "policy": "lru"},
    ],
    ids=["s3-fifo", "lru", "unbounded", "weighed"],
)
def test_memory_backend_equals_the_model(colour: Any, options: dict[str, Any]) -> None:
    def backend(clock: ManualClock) -> Any:
        return colour.MemoryBackend(clock=clock, wall_clock=clock, **options)

    run(lambda: Machine(backend), examples=50, steps=40)


@pytest.mark.parametrize("policy", ["s3-fifo", "lru"])
@pytest.mark.parametrize("bound", ["max_entries", "max_weight"])
def test_memory_backend_that_is_full_only_forgets(policy: Any, bound: str) -> None:
    options: dict[str, Any] = {"max_entries": 4} if bound == "max_entries" else {"max_weight": 4}
    if bound == "max_weight":
        options |= {"max_entries": None, "weigher": lambda _key, _value: 1}

    def backend(clock: ManualClock) -> Any:
        return sync.MemoryBackend(clock=clock, wall_clock=clock, policy=policy, **options)

    run(lambda: Machine(backend, forgets=True), examples=40, steps=40)


@pytest.mark.parametrize("colour", [sync, async_], ids=["sync", "async"])
def test_redis_backend_equals_the_model(colour: Any, redis_server: Server) -> None:
    url = patient(redis_server.fresh_url())

    def backend(_clock: ManualClock) -> Any:
        return colour.RedisBackend.from_url(url)

    run(lambda: Machine(backend, has_clock=False), examples=15, steps=25)

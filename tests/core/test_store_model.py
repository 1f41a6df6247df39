"""Any sequence of operations on a memory store, against a dictionary."""

from __future__ import annotations

from collections import OrderedDict
from math import inf

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.clock import ManualClock
from tests.core.stores import assert_in_order, make_store

KEYS = st.sampled_from([*"abcdefgh", "p:a", "p:b", ""])
VALUES = st.integers(0, 12)
TIMES = st.one_of(st.just(inf), st.integers(-1, 5))


class AnyHistory(RuleBasedStateMachine):
    """A store against a dictionary; here the store is unbounded, so it forgets nothing."""

    max_entries: int | None = None
    max_weight: int | None = None
    policy = "s3-fifo"

    @initialize()
    def start(self) -> None:
        self.clock = ManualClock()
        self.model: dict[str, tuple[int, float]] = {}
        self.evictions = 0
        self.store = make_store(
            self.clock,
            max_entries=self.max_entries,
            max_weight=self.max_weight,
            weigher=None if self.max_weight is None else lambda _, value: value,
            policy=self.policy,
        )

    def live(self) -> dict[str, int]:
        now = self.clock()
        return {key: value for key, (value, at) in self.model.items() if at > now}

    def put(self, key: str, value: int, deadline: float) -> bool:
        self.model.pop(key, None)
        if deadline <= self.clock() or (self.max_weight is not None and value > self.max_weight):
            return False
        self.model[key] = (value, deadline)
        return True

    def forget_evicted(self) -> None:
        """Let the model follow, if the store has counted as many evictions."""
        lost = [key for key in self.live() if key not in self.store.entries]
        assert len(lost) <= self.store.evictions - self.evictions
        self.evictions = self.store.evictions
        for key in lost:
            del self.model[key]

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        assert self.store.get(key, None) == self.live().get(key)

    @rule(keys=st.lists(KEYS))
    def get_many(self, keys: list[str]) -> None:
        live = self.live()
        assert self.store.get_many(keys) == [(key, live[key]) for key in keys if key in live]

    @rule(key=KEYS, value=VALUES, time=TIMES)
    def set(self, key: str, value: int, time: float) -> None:
        is_stored = self.put(key, value, self.clock() + time)

        assert self.store.set(key, value, self.clock() + time) == is_stored
        if is_stored:
            assert self.store.get(key, None) == value
        self.forget_evicted()

    @rule(key=KEYS, value=VALUES, time=TIMES)
    def set_if_not_exists(self, key: str, value: int, time: float) -> None:
        deadline = self.clock() + time
        is_stored = key not in self.live() and self.put(key, value, deadline)

        assert self.store.set(key, value, deadline, if_not_exists=True) == is_stored
        if is_stored:
            assert self.store.get(key, None) == value
        self.forget_evicted()

    @rule(items=st.lists(st.tuples(KEYS, VALUES)), time=TIMES)
    def set_many(self, items: list[tuple[str, int]], time: float) -> None:
        for key, value in items:
            self.put(key, value, self.clock() + time)

        self.store.set_many(items, self.clock() + time)
        self.forget_evicted()

    @rule(key=KEYS, time=TIMES)
    def expire_at(self, key: str, time: float) -> None:
        is_live = key in self.live()
        if is_live:
            self.model[key] = (self.model[key][0], self.clock() + time)

        assert self.store.expire_at(key, self.clock() + time) == is_live

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        is_live = key in self.live()
        self.model.pop(key, None)

        assert self.store.delete(key) == is_live

    @rule(keys=st.lists(KEYS))
    def delete_many(self, keys: list[str]) -> None:
        live = self.live()
        for key in keys:
            self.model.pop(key, None)

        assert self.store.delete_many(keys) == len(live.keys() & set(keys))

    @rule(prefix=st.sampled_from(["", "p:", "a", "none"]))
    def clear(self, prefix: str) -> None:
        self.model = {k: item for k, item in self.model.items() if not k.startswith(prefix)}

        self.store.clear(prefix)

    @rule(prefix=st.sampled_from(["", "p:", "a", "none"]))
    def keys(self, prefix: str) -> None:
        live = sorted(key for key in self.live() if key.startswith(prefix))
        assert sorted(self.store.keys(prefix)) == live

    @rule(seconds=st.integers(1, 3))
    def advance(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @invariant()
    def is_within_bounds_and_in_order(self) -> None:
        assert self.max_entries is None or len(self.store) <= self.max_entries
        assert self.max_weight is None or self.store.weight <= self.max_weight
        assert_in_order(self.store)
        assert isinstance(self.store.entries, OrderedDict) == (not self.store.lock_free_hits)

    def teardown(self) -> None:
        if self.max_entries is None and self.max_weight is None:
            assert self.evictions == 0


class ByEntriesS3Fifo(AnyHistory):
    max_entries = 4


class ByEntriesLru(AnyHistory):
    max_entries = 4
    policy = "lru"


class ByWeightS3Fifo(AnyHistory):
    max_weight = 10


class ByWeightLru(AnyHistory):
    max_weight = 10
    policy = "lru"


class ByBothS3Fifo(AnyHistory):
    max_entries = 3
    max_weight = 10


LIMITS = settings(max_examples=40, stateful_step_count=40, deadline=None)

for machine in AnyHistory, ByEntriesS3Fifo, ByEntriesLru, ByWeightS3Fifo, ByWeightLru, ByBothS3Fifo:
    machine.TestCase.settings = LIMITS

TestUnbounded = AnyHistory.TestCase
TestByEntriesS3Fifo = ByEntriesS3Fifo.TestCase
TestByEntriesLru = ByEntriesLru.TestCase
TestByWeightS3Fifo = ByWeightS3Fifo.TestCase
TestByWeightLru = ByWeightLru.TestCase
TestByBothS3Fifo = ByBothS3Fifo.TestCase

"""The memory store: its rules, its bounds, its races."""

from __future__ import annotations

import gc
import random
import sys
import threading
from collections import OrderedDict
from itertools import count
from math import inf, nan
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cachetory._core.eviction import SATURATED, S3Fifo
from cachetory._core.store import Entry, Store
from cachetory.errors import ConfigurationError
from tests.clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POLICIES = ["s3-fifo", "lru"]


class StrictGuard:
    """Fails where a lock would block for ever: when code under the guard comes back."""

    def __init__(self) -> None:
        self.is_held = False

    def __enter__(self) -> None:
        assert not self.is_held, "the guard is held"
        self.is_held = True

    def __exit__(self, *_: object) -> None:
        self.is_held = False


def make_store(clock: Callable[[], float], **options: Any) -> Store[Any]:
    options = {"max_entries": None, "guard": StrictGuard(), "clock": clock} | options
    return Store(**options)


@pytest.fixture
def store(clock: ManualClock) -> Store[Any]:
    return make_store(clock)


@pytest.fixture(params=POLICIES)
def bounded(clock: ManualClock, request: pytest.FixtureRequest) -> Store[Any]:
    """A store of at most ten entries, of each policy."""
    return make_store(clock, max_entries=10, policy=request.param)


@pytest.fixture(params=[*POLICIES, "unbounded"])
def any_store(clock: ManualClock, request: pytest.FixtureRequest) -> Store[Any]:
    """A store that is not going to be full, of each kind."""
    if request.param == "unbounded":
        return make_store(clock)
    return make_store(clock, max_entries=1000, policy=request.param)


def assert_dead(entry: Entry[Any]) -> None:
    assert entry.deadline == -inf
    assert entry.value is None


# Reading and writing


def test_get_missing_key_returns_the_default(store: Store[Any]):
    assert store.get("missing", "default") == "default"


def test_get_of_none_returns_none(store: Store[Any]):
    store.set("key", None, inf)

    assert store.get("key", "default") is None


def test_get_before_the_deadline_returns_the_value(any_store: Store[Any], clock: ManualClock):
    any_store.set("key", "value", clock() + 10)
    clock.advance(9.99)

    assert any_store.get("key", None) == "value"


def test_get_at_the_deadline_returns_the_default(any_store: Store[Any], clock: ManualClock):
    any_store.set("key", "value", clock() + 10)
    clock.advance(10)

    assert any_store.get("key", "default") == "default"


def test_get_counts_accesses_up_to_saturation(store: Store[Any]):
    store.set("key", "value", inf)
    for _ in range(10):
        store.get("key", None)

    assert store.entries["key"].frequency == SATURATED


def test_set_over_a_live_value_keeps_the_entry(any_store: Store[Any], clock: ManualClock):
    any_store.set("key", "old", clock() + 1)
    entry = any_store.entries["key"]

    assert any_store.set("key", "new", inf)
    assert any_store.entries["key"] is entry
    assert (entry.value, entry.deadline) == ("new", inf)


def test_set_over_an_expired_value_makes_another_entry(any_store: Store[Any], clock: ManualClock):
    any_store.set("key", "old", clock() + 1)
    expired = any_store.entries["key"]
    clock.advance(1)
    any_store.set("key", "new", inf)

    assert any_store.get("key", None) == "new"
    assert_dead(expired)
    assert any_store.expirations == 1


def test_set_counts_as_an_access(clock: ManualClock):
    store = make_store(clock, max_entries=10)
    store.set("key", 1, inf)
    for _ in range(10):
        store.set("key", 2, inf)

    assert store.entries["key"].frequency == SATURATED


@pytest.mark.parametrize("deadline", [999.0, 1000.0, -inf])
def test_set_with_a_deadline_that_is_past_removes_the_key(store: Store[Any], deadline: float):
    store.set("key", "old", inf)

    assert not store.set("key", "new", deadline)
    assert len(store) == 0


def test_set_if_not_exists_stores_where_there_is_nothing(store: Store[Any]):
    assert store.set("key", "value", inf, if_not_exists=True)
    assert store.get("key", None) == "value"


def test_set_if_not_exists_leaves_a_live_value(store: Store[Any], clock: ManualClock):
    store.set("key", "old", clock() + 1)

    assert not store.set("key", "new", inf, if_not_exists=True)
    assert not store.set("key", "new", clock() - 1, if_not_exists=True)
    assert store.get("key", None) == "old"
    assert store.entries["key"].deadline == clock() + 1


def test_set_if_not_exists_stores_over_an_expired_value(store: Store[Any], clock: ManualClock):
    store.set("key", "old", clock() + 1)
    clock.advance(1)

    assert store.set("key", "new", inf, if_not_exists=True)
    assert store.get("key", None) == "new"


def test_get_many_returns_what_is_live(any_store: Store[Any], clock: ManualClock):
    any_store.set("expired", 1, clock() + 1)
    any_store.set("live", 2, clock() + 2)
    any_store.set("eternal", None, inf)
    clock.advance(1)

    found = any_store.get_many(["eternal", "missing", "expired", "live"])

    assert found == [("eternal", None), ("live", 2)]


def test_get_many_of_nothing_returns_nothing(store: Store[Any]):
    assert store.get_many([]) == []


def test_set_many_stores_all_with_one_deadline(any_store: Store[Any], clock: ManualClock):
    any_store.set("b", "old", inf)
    any_store.set_many([("a", 1), ("b", 2), ("b", 3)], clock() + 1)

    assert any_store.get_many("ab") == [("a", 1), ("b", 3)]
    clock.advance(1)
    assert any_store.get_many("ab") == []


def test_set_many_with_a_deadline_that_is_past_removes_the_keys(
    store: Store[Any], clock: ManualClock
):
    store.set("a", "old", inf)
    store.set_many([("a", 1), ("b", 2)], clock())

    assert len(store) == 0


def test_iterables_may_use_the_store(any_store: Store[Any]):
    any_store.set_many(((key, any_store.get("a", 0)) for key in "abc"), inf)

    assert any_store.get_many(k for k in "abx" if any_store.keys(k)) == [("a", 0), ("b", 0)]
    assert any_store.delete_many(k for k in "abx" if any_store.keys(k)) == 2


def test_expire_at_moves_the_deadline(any_store: Store[Any], clock: ManualClock):
    any_store.set("key", "value", inf)

    assert any_store.expire_at("key", clock() + 1)
    assert any_store.expire_at("key", clock() + 3)
    clock.advance(2)
    assert any_store.get("key", None) == "value"
    assert any_store.expire_at("key", inf)
    clock.advance(1000)
    assert any_store.get("key", None) == "value"


def test_expire_at_of_no_live_value_returns_false(any_store: Store[Any], clock: ManualClock):
    any_store.set("expired", "value", clock() + 1)
    clock.advance(1)

    assert not any_store.expire_at("missing", inf)
    assert not any_store.expire_at("expired", inf)
    assert any_store.get("expired", None) is None


def test_expire_at_a_deadline_that_is_past_removes_the_key(store: Store[Any], clock: ManualClock):
    store.set("key", "value", inf)

    assert store.expire_at("key", clock())
    assert len(store) == 0


def test_delete_tells_whether_there_was_a_live_value(any_store: Store[Any], clock: ManualClock):
    any_store.set("live", "value", clock() + 2)
    any_store.set("expired", "value", clock() + 1)
    clock.advance(1)

    assert any_store.delete("live")
    assert not any_store.delete("live")
    assert not any_store.delete("expired")
    assert len(any_store) == 0


def test_delete_many_counts_live_values(any_store: Store[Any], clock: ManualClock):
    any_store.set("expired", "value", clock() + 1)
    clock.advance(1)
    any_store.set_many(zip("abc", "xyz", strict=True), inf)

    assert any_store.delete_many(["a", "a", "missing", "expired", "b"]) == 2
    assert any_store.keys() == ["c"]


def test_keys_returns_live_ones_with_the_prefix(any_store: Store[Any], clock: ManualClock):
    any_store.set("a:1", "value", inf)
    any_store.set("a:2", "value", clock() + 1)
    any_store.set("b:1", "value", clock() + 2)
    clock.advance(1)

    assert sorted(any_store.keys()) == ["a:1", "b:1"]
    assert any_store.keys("a:") == ["a:1"]


def test_clear_removes_everything(any_store: Store[Any], clock: ManualClock):
    any_store.set_many(zip("abc", "xyz", strict=True), clock() + 1)
    any_store.clear()

    assert len(any_store) == any_store.weight == 0
    assert any_store.set("a", "again", inf)
    assert any_store.get_many("abc") == [("a", "again")]


def test_clear_with_a_prefix_removes_what_starts_with_it(any_store: Store[Any]):
    any_store.set_many([("a:1", 1), ("a:*", 2), ("b:1", 3), ("b:a:", 4)], inf)
    any_store.clear("a:")

    assert sorted(any_store.keys()) == ["b:1", "b:a:"]
    assert any_store.weight == 2


@pytest.mark.parametrize(
    "remove",
    [
        lambda store: store.delete("key"),
        lambda store: store.delete_many(["key"]),
        lambda store: store.clear(),
        lambda store: store.clear("k"),
        lambda store: store.expire_at("key", 0.0),
        lambda store: store.set("key", "new", 0.0),
        lambda store: store.set_many([("key", "new")], 0.0),
        lambda store: store.set("key", "too heavy", inf),
        lambda store: store.set_many([("key", "too heavy")], inf),
        lambda store: store.set_many([(str(number), 1) for number in range(100)], inf),
    ],
)
@pytest.mark.parametrize("policy", POLICIES)
def test_entry_that_has_left_is_dead(
    policy: str, remove: Callable[[Store[Any]], object], clock: ManualClock
):
    def weigh(_key: str, value: object) -> int:
        return 1000 if value == "too heavy" else 1

    store = make_store(clock, max_entries=10, max_weight=100, weigher=weigh, policy=policy)
    store.set("key", "value", inf)
    entry = store.entries["key"]
    remove(store)

    assert_dead(entry)
    assert "key" not in store.entries


# Bounds


def test_store_without_bounds_holds_everything(store: Store[Any]):
    for number in range(10_000):
        store.set(str(number), number, inf)

    assert len(store) == store.weight == 10_000
    assert store.evictions == 0


def test_store_never_holds_more_than_max_entries(bounded: Store[Any]):
    for number in range(100):
        bounded.set(str(number), number, inf)
        assert len(bounded) <= 10
        assert bounded.get(str(number), None) == number

    assert len(bounded) == 10
    assert bounded.evictions == 90


@pytest.mark.parametrize("policy", POLICIES)
def test_store_of_one_entry_holds_the_last(policy: str, clock: ManualClock):
    store = make_store(clock, max_entries=1, policy=policy)
    for number in range(10):
        store.set(str(number), number, inf)
        assert store.keys() == [str(number)]


@pytest.mark.parametrize("policy", POLICIES)
def test_store_never_weighs_more_than_max_weight(policy: str, clock: ManualClock):
    store = make_store(clock, max_weight=100, weigher=lambda _, value: len(value), policy=policy)
    source = random.Random(1)
    for _ in range(1000):
        key, value = str(source.randrange(50)), "x" * source.randrange(101)
        assert store.set(key, value, inf)
        assert store.get(key, None) == value
        assert (
            store.weight == sum(map(len, dict(store.get_many(map(str, range(50)))).values())) <= 100
        )


@pytest.mark.parametrize("policy", POLICIES)
def test_value_that_grows_in_place_evicts_others_only(policy: str, clock: ManualClock):
    store = make_store(clock, max_weight=10, weigher=lambda _, value: value, policy=policy)
    store.set_many([(key, 1) for key in "abcdefghij"], inf)
    entry = store.entries["a"]
    for weight in range(2, 11):
        store.set("a", weight, inf)
        assert store.entries["a"] is entry
        assert store.weight == 10
        assert len(store) == 11 - weight

    assert store.evictions == 9


def test_value_that_shrinks_makes_room(clock: ManualClock):
    store = make_store(clock, max_weight=10, weigher=lambda _, value: value)
    store.set("a", 9, inf)
    store.set("a", 1, inf)
    store.set("b", 9, inf)

    assert store.get_many("ab") == [("a", 1), ("b", 9)]


@pytest.mark.parametrize("policy", POLICIES)
def test_value_that_is_too_heavy_is_not_stored(policy: str, clock: ManualClock):
    store = make_store(clock, max_weight=10, weigher=lambda _, value: value, policy=policy)
    store.set_many([("a", 3), ("b", 4)], inf)

    assert not store.set("a", 11, inf)
    assert not store.set("b", 11, inf, if_not_exists=True)
    assert store.get_many("ab") == [("b", 4)]
    assert store.weight == 4


def test_weigher_is_called_once_for_each_value_and_outside_the_guard(clock: ManualClock):
    calls = []

    def weigh(key: str, value: object) -> int:
        calls.append((key, value, store.get_many(["a"])))
        return 1

    store = make_store(clock, weigher=weigh)
    store.set("a", 1, inf)
    store.set_many([("b", 2), ("c", 3)], inf)

    assert calls == [("a", 1, []), ("b", 2, [("a", 1)]), ("c", 3, [("a", 1)])]


def test_weigher_without_a_bound_counts(clock: ManualClock):
    store = make_store(clock, weigher=lambda _, value: len(value))
    store.set_many([("a", "x"), ("b", "xyz")], inf)

    assert store.weight == 4


@pytest.mark.parametrize("weight", [-1, 1.5, nan, None, "secret"])
def test_weigher_that_returns_no_weight_is_refused(weight: object, clock: ManualClock):
    store = make_store(clock, max_weight=10, weigher=lambda *_: weight)

    with pytest.raises(ConfigurationError, match="weigher returned") as caught:
        store.set("key", "value", inf)
    assert "secret" not in str(caught.value)
    assert len(store) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_entries": 0}, "max_entries.* 0"),
        ({"max_entries": -1}, "max_entries.* -1"),
        ({"max_entries": 1.5}, "max_entries.* 1.5"),
        ({"max_entries": True}, "max_entries.* True"),
        ({"max_weight": 0, "weigher": len}, "max_weight.* 0"),
        ({"max_weight": 1000}, "max_weight=1000 needs a weigher"),
        ({"policy": "mru"}, "'s3-fifo' or 'lru', not 'mru'"),
    ],
)
def test_store_with_impossible_options_is_refused(
    options: dict[str, Any], message: str, clock: ManualClock
):
    with pytest.raises(ConfigurationError, match=message):
        make_store(clock, **options)


# Policies


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.get("0", None),
        lambda store: store.get_many(["0"]),
        lambda store: store.set("0", "again", inf),
        lambda store: store.set_many([("0", "again")], inf),
    ],
)
def test_lru_keeps_what_was_used(use: Callable[[Store[Any]], object], clock: ManualClock):
    store = make_store(clock, max_entries=10, policy="lru")
    for number in range(10):
        store.set(str(number), number, inf)
    use(store)
    store.set("10", 10, inf)

    assert "0" in store.entries
    assert "1" not in store.entries


def test_lru_counts_no_frequency(clock: ManualClock):
    store = make_store(clock, max_entries=10, policy="lru")
    store.set("key", "value", inf)
    for _ in range(10):
        store.get("key", None)

    assert store.entries["key"].frequency == 0


def test_lru_value_set_over_an_expired_one_is_the_most_recent(clock: ManualClock):
    store = make_store(clock, max_entries=2, policy="lru")
    store.set("a", "old", clock() + 1)
    store.set("b", "value", inf)
    clock.advance(1)
    store.set("a", "new", inf)
    store.set("c", "value", inf)

    assert store.keys() == ["a", "c"]


def test_s3_fifo_scan_leaves_what_is_in_use(clock: ManualClock):
    store = make_store(clock, max_entries=100)
    for _ in range(3):
        for number in range(50):
            if not store.get(f"used {number}", None):
                store.set(f"used {number}", "value", inf)
    for number in range(10_000):
        store.set(f"scanned {number}", "value", inf)
        store.get(f"used {number % 50}", None)

    assert len(store.keys("used")) == 50


def test_lock_free_hits_are_told(clock: ManualClock):
    assert make_store(clock).lock_free_hits
    assert make_store(clock, policy="lru").lock_free_hits
    assert make_store(clock, max_entries=10).lock_free_hits
    assert not make_store(clock, max_entries=10, policy="lru").lock_free_hits


# Expiration


@pytest.mark.parametrize(
    "write",
    [
        lambda store, number: store.set(f"other {number}", "value", inf),
        lambda store, number: store.set(f"other {number}", "value", 9999.0),
        lambda store, _: store.set("same", "value", inf),
        lambda store, _: store.set_many([("same", "value")], inf),
        lambda store, _: store.expire_at("same", inf),
    ],
)
def test_writes_sweep_out_expired_entries(
    any_store: Store[Any], write: Callable[[Store[Any], int], object], clock: ManualClock
):
    for number in range(100):
        any_store.set(f"short {number}", "value", clock() + 1)
        any_store.set(f"long {number}", "value", clock() + 1000)
    entries = [any_store.entries[f"short {number}"] for number in range(100)]
    clock.advance(1)
    for number in range(210):
        write(any_store, number)

    assert any_store.expirations == 100
    assert len(any_store.keys("long")) == 100
    for entry in entries:
        assert_dead(entry)


def test_write_sweeps_out_a_few_at_a_time(store: Store[Any], clock: ManualClock):
    store.set_many([(str(number), number) for number in range(100)], clock() + 1)
    clock.advance(1)
    store.set("key", "value", inf)

    assert 90 <= len(store) < 100


def test_swept_entry_that_became_eternal_stays(store: Store[Any], clock: ManualClock):
    store.set("key", "value", clock() + 1)
    store.set("key", "value", inf)
    clock.advance(1)
    store.set("other", "value", inf)
    store.set("key", "value", clock() + 1)
    clock.advance(1)
    store.set("other", "value", inf)

    assert store.keys() == ["other"]
    assert len(store) == 1


@pytest.mark.parametrize("max_entries", [None, 10_000])
@pytest.mark.parametrize("policy", POLICIES)
def test_store_of_short_lived_entries_stays_small(
    policy: str, max_entries: int | None, clock: ManualClock
):
    store = make_store(clock, max_entries=max_entries, policy=policy)
    store.set_many([(f"long {number}", number) for number in range(1000)], clock() + 1e6)
    for number in range(20_000):
        clock.advance(1)
        store.set(str(number), number, clock() + 1000)

    assert len(store.keys()) == 2000
    assert size_of(store) < 2 * 3500


@pytest.mark.parametrize("policy", POLICIES)
def test_full_store_under_new_keys_stays_small(policy: str, clock: ManualClock):
    store = make_store(clock, max_entries=100, policy=policy)
    for number in range(20_000):
        store.set(str(number), number, clock() + 1e6)

    assert size_of(store) < 1000


@pytest.mark.parametrize("remove", ["delete", "expire"])
def test_store_from_which_everything_is_removed_stays_small(
    any_store: Store[Any], remove: str, clock: ManualClock
):
    for number in range(20_000):
        any_store.set(str(number), number, clock() + 1)
        if remove == "delete":
            any_store.delete(str(number))
        else:
            clock.advance(1)

    assert size_of(any_store) < 500


def test_overwriting_stays_small(any_store: Store[Any], clock: ManualClock):
    for number in range(20_000):
        any_store.set("key", number, clock() + number)
        any_store.expire_at("key", clock() + number if number % 2 else inf)

    assert size_of(any_store) < 10


def test_eternal_entries_are_not_watched(store: Store[Any]):
    store.set_many([(str(number), number) for number in range(100)], inf)

    assert not store._watched


def size_of(store: Store[Any]) -> int:
    """Count what all structures of a store hold."""
    sizes = [len(store.entries), len(store._watched), len(store._dropped)]
    policy = store._policy
    if isinstance(policy, S3Fifo):
        queues = (policy._small, policy._main, policy._ghosts, policy._ghost_order)
        sizes += map(len, queues)
    return sum(sizes)


# Code that is not ours


class Noisy:
    """A value whose finaliser uses the store."""

    def __init__(self, store: Store[Any], finalised: list[object]) -> None:
        self._store = store
        self._finalised = finalised

    def __del__(self) -> None:
        try:
            self._store.set("finalised", True, inf)
            self._store.delete("finalised")
        except AssertionError as error:
            self._finalised.append(error)
        else:
            self._finalised.append(None)


@pytest.mark.parametrize(
    "drop",
    [
        lambda store: store.set("key", "value", inf),
        lambda store: store.set_many([("key", "value")], inf),
        lambda store: store.set("key", "value", 0.0),
        lambda store: store.delete("key"),
        lambda store: store.expire_at("key", 0.0),
        lambda store: store.clear(),
        lambda store: store.clear("k"),
        lambda store: [store.set(str(number), "value", inf) for number in range(100)],
        lambda store: store.set_many([(str(number), "value") for number in range(100)], inf),
    ],
)
def test_finaliser_of_a_dropped_value_may_use_the_store(
    bounded: Store[Any], drop: Callable[[Store[Any]], object]
):
    finalised: list[object] = []
    bounded.set("key", Noisy(bounded, finalised), inf)
    drop(bounded)

    assert finalised == [None]


def test_finaliser_of_an_expired_value_may_use_the_store(any_store: Store[Any], clock: ManualClock):
    finalised: list[object] = []
    for drop in (
        lambda: any_store.set("key", "value", inf),
        lambda: any_store.set("other", "value", inf),
        lambda: any_store.delete("key"),
        lambda: any_store.expire_at("key", inf),
    ):
        any_store.clear()
        any_store.set("key", Noisy(any_store, finalised), clock() + 1)
        clock.advance(1)
        drop()

    assert finalised == [None] * 4


def test_collection_during_a_write_does_not_come_back_under_the_guard(clock: ManualClock):
    store = make_store(clock, max_entries=10)
    finalised: list[object] = []
    threshold = gc.get_threshold()
    gc.set_threshold(1)
    try:
        for number in range(200):
            cycle: list[Any] = [Noisy(store, finalised)]
            cycle.append(cycle)
            del cycle
            store.set(str(number), number, clock() + number % 3)
            store.get_many(["1", "2"])
            store.delete(str(number - 5))
    finally:
        gc.set_threshold(*threshold)
    gc.collect()

    assert finalised == [None] * 200


def test_value_removed_while_it_is_read_is_no_none():
    removes: list[str] = []

    def remove_and_tell() -> float:
        if removes:
            store.delete(removes.pop())
        return 1000.0

    store = make_store(remove_and_tell)
    store.set("key", "value", 1010.0)
    removes.append("key")

    assert store.get("key", "missing") == "value"
    assert store.get("key", "missing") == "missing"


# Threads


@pytest.fixture
def _frequent_switches() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


class Traffic:
    """Threads that write versions of values, and threads that check what they read."""

    def __init__(self, policy: str) -> None:
        self.ticks = count()
        self.now = self.ticks.__next__
        self.stop = threading.Event()
        self.problems: list[object] = []
        self.store = make_store(
            self.now,
            max_entries=20,
            max_weight=100,
            weigher=lambda _, value: 1 + value[1] % 9,
            policy=policy,
            guard=threading.Lock(),
        )

    def run(self) -> None:
        writers = [threading.Thread(target=self.write, args=(name,)) for name in "ab"]
        readers = [threading.Thread(target=self.read) for _ in range(2)]
        for thread in writers + readers:
            thread.start()
        for thread in writers:
            thread.join()
        self.stop.set()
        for thread in readers:
            thread.join()

    def write(self, name: str) -> None:
        source = random.Random(name)
        for version in range(3000):
            key = f"{name} {source.randrange(15)}"
            action = source.random()
            if action < 0.7:
                deadline = self.now() + source.choice([10, 300, inf])
                self.store.set(key, (key, version), deadline)
            elif action < 0.8:
                self.store.set_many([(key, (key, version)), ("all", ("all", version))], inf)
            elif action < 0.9:
                self.store.delete(key)
            else:
                self.store.expire_at(key, self.now() + source.choice([-1, 100, inf]))

    def read(self) -> None:
        newest: dict[str, int] = {}
        source = random.Random(1)
        while not self.stop.is_set():
            key = f"{source.choice('ab')} {source.randrange(15)}"
            for name, version in self.values_of(key):
                self.check(name == key and version >= newest.get(key, 0), key, name, version)
                newest[key] = version
            self.check(len(self.store) <= 20, "too many entries")
            for name, value in self.store.get_many(["all", key]):
                self.check(name == value[0], name, value)

    def values_of(self, key: str) -> Iterator[tuple[str, int]]:
        """Read in both ways: by `get`, and as one does who holds an entry."""
        value = self.store.get(key, "missing")
        if value != "missing":
            yield value
        entry = self.store.entries.get(key)
        if entry is not None:
            value = entry.value
            if entry.deadline > self.now():
                yield value

    def check(self, is_right: bool, *what: object) -> None:  # noqa: FBT001 like an assertion
        if not is_right:
            self.problems.append(what)


@pytest.mark.usefixtures("_frequent_switches")
@pytest.mark.parametrize("policy", POLICIES)
def test_threads_see_right_values_within_the_bounds(policy: str):
    traffic = Traffic(policy)
    traffic.run()

    assert not traffic.problems
    assert traffic.store.weight <= 100
    assert_in_order(traffic.store)


def assert_in_order(store: Store[Any]) -> None:
    """Check that the structures agree with each other."""
    entries = store.entries
    assert all(entry.key == key and entry.deadline > -inf for key, entry in entries.items())
    assert store.weight == sum(entry.weight for entry in entries.values())
    watched = [entry for entry in store._watched if entry.deadline > -inf]
    assert all(entry.is_watched for entry in watched)
    assert {entry.key for entry in entries.values() if entry.deadline < inf} <= {
        entry.key for entry in watched
    }
    assert len(watched) == len({entry.key for entry in watched})
    assert not store._dropped
    policy = store._policy
    if not isinstance(policy, S3Fifo):
        return
    small = [entry for entry in policy._small if entry.deadline > -inf]
    main = [entry for entry in policy._main if entry.deadline > -inf]
    assert not any(entry.in_main for entry in small)
    assert all(entry.in_main for entry in main)
    assert sorted(entry.key for entry in small + main) == sorted(entries)
    assert policy._small_weight == sum(entry.weight for entry in small)
    assert policy._main_weight == sum(entry.weight for entry in main)
    assert policy._tombstones == len(policy._small) + len(policy._main) - len(entries)
    assert policy._ghosts <= set(policy._ghost_order)


# Any sequence of operations

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

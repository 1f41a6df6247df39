"""The memory store: its rules and its bounds."""

from __future__ import annotations

import random
from math import inf, nan
from typing import TYPE_CHECKING, Any

import pytest

from cachetory._core.eviction import SATURATED
from cachetory.errors import ConfigurationError
from tests.core.stores import POLICIES, assert_dead, assert_in_order, make_store, size_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory._core.store import Store
    from tests.clock import ManualClock


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

    assert len(any_store) == any_store.weight == size_of(any_store) == 0
    assert any_store.set("a", "again", inf)
    assert any_store.get_many("abc") == [("a", "again")]
    assert_in_order(any_store)


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

"""The order in which entries leave, seen without a store around it."""

from __future__ import annotations

from collections import OrderedDict
from math import inf

import pytest

from cachetory._core.eviction import SATURATED, EvictionPolicy, Lru, S3Fifo
from cachetory._core.store import Entry

NOW = 1000.0


def make_entry(key: str, *, weight: int = 1, deadline: float = inf) -> Entry[str]:
    return Entry(key, f"value of {key}", deadline, weight)


def admit(policy: EvictionPolicy, *keys: str) -> list[Entry[str]]:
    entries = [make_entry(key) for key in keys]
    for entry in entries:
        policy.admit(entry)
    return entries


def evict(policy: EvictionPolicy, count: int) -> list[str]:
    return [policy.evict(NOW).key for _ in range(count)]


def kill(policy: EvictionPolicy, entry: Entry[str]) -> None:
    entry.deadline = -inf
    policy.forget(entry)


@pytest.fixture
def policy() -> S3Fifo:
    """Ten entries, one of which is the share of small."""
    return S3Fifo(max_entries=10, max_weight=None)


def fill(policy: S3Fifo) -> list[Entry[str]]:
    """Put one entry into small and nine into main."""
    return admit(policy, *"abcdefghij")


def test_s3_fifo_at_first_fills_main_once_small_is_full(policy: S3Fifo):
    entries = fill(policy)

    assert [entry.in_main for entry in entries] == [False] + [True] * 9


def test_s3_fifo_of_few_entries_has_one_in_small():
    entries = admit(S3Fifo(max_entries=5, max_weight=None), *"abcde")

    assert [entry.in_main for entry in entries] == [False] + [True] * 4


def test_s3_fifo_with_a_bound_by_weight_at_first_fills_main_once_small_is_full():
    policy = S3Fifo(max_entries=None, max_weight=100)
    entries = [make_entry(key, weight=5) for key in "abcde"]
    for entry in entries:
        policy.admit(entry)

    assert [entry.in_main for entry in entries] == [False, False, True, True, True]


def test_s3_fifo_newcomers_leave_first_in_first_out(policy: S3Fifo):
    fill(policy)
    left = []
    for key in "klmn":
        left += evict(policy, 1)
        admit(policy, key)

    assert left == ["a", "k", "l", "m"]


def test_s3_fifo_newcomer_used_twice_moves_to_main(policy: S3Fifo):
    newcomer = fill(policy)[0]
    policy.touch(newcomer)
    policy.touch(newcomer)

    assert evict(policy, 1) == ["b"]
    assert newcomer.in_main
    assert newcomer.frequency == 0


def test_s3_fifo_newcomer_used_once_leaves(policy: S3Fifo):
    newcomer = fill(policy)[0]
    policy.touch(newcomer)

    assert evict(policy, 1) == ["a"]


def test_s3_fifo_key_that_comes_back_goes_to_main(policy: S3Fifo):
    fill(policy)
    evict(policy, 1)
    stranger, returning = admit(policy, "k", "a")

    assert not stranger.in_main
    assert returning.in_main


def test_s3_fifo_key_is_a_ghost_once(policy: S3Fifo):
    fill(policy)
    evict(policy, 1)
    _, again = admit(policy, "a", "a")

    assert not again.in_main


def test_s3_fifo_keeps_no_more_ghosts_than_entries_in_main(policy: S3Fifo):
    fill(policy)
    for number in range(100):
        policy.evict(NOW)
        admit(policy, f"once {number}")

    assert len(policy._ghosts) == len(policy._ghost_order) == 9


def test_s3_fifo_main_spares_an_entry_once_for_each_use(policy: S3Fifo):
    entries = fill(policy)
    used = entries[1]
    policy.touch(used)
    evict(policy, 1)

    assert evict(policy, 9) == [*"cdefghij", "b"]


def test_s3_fifo_touch_counts_up_to_saturation(policy: S3Fifo):
    (entry,) = admit(policy, "a")
    for _ in range(10):
        policy.touch(entry)

    assert entry.frequency == SATURATED


def test_s3_fifo_expired_entry_leaves_however_often_it_was_used(policy: S3Fifo):
    entries = [make_entry(key, deadline=NOW) for key in ("small", "main")]
    for entry in entries:
        policy.admit(entry)
        entry.frequency = SATURATED
    admit(policy, "live")

    assert [entry.in_main for entry in entries] == [False, True]
    assert evict(policy, 3) == ["small", "main", "live"]


def test_s3_fifo_skips_entries_that_died_otherwise(policy: S3Fifo):
    entries = fill(policy)
    kill(policy, entries[0])
    kill(policy, entries[1])

    assert evict(policy, 1) == ["c"]
    assert evict(policy, 7) == [*"defghij"]


def test_s3_fifo_tombstones_do_not_pile_up(policy: S3Fifo):
    survivors = admit(policy, "a", "b", "c")
    for number in range(10_000):
        (entry,) = admit(policy, f"gone {number}")
        kill(policy, entry)
        assert len(policy._small) + len(policy._main) < 200

    assert evict(policy, 3) == [entry.key for entry in survivors]


def test_s3_fifo_compaction_keeps_the_order():
    policy = S3Fifo(max_entries=1000, max_weight=None)
    entries = admit(policy, *map(str, range(1000)))
    for entry in entries[::2] + entries[1::4]:
        kill(policy, entry)

    left = [entry.key for entry in entries if entry.deadline == inf]
    assert len(policy._small) + len(policy._main) < 500
    assert sorted(evict(policy, 250), key=int) == left
    assert not policy._small
    assert not policy._main


def test_s3_fifo_eviction_from_a_hot_store_walks_a_bounded_way():
    policy = S3Fifo(max_entries=10_000, max_weight=None)
    entries = admit(policy, *map(str, range(10_000)))
    for entry in entries:
        entry.frequency = SATURATED
    policy.evict(NOW)

    assert sum(entry.frequency < SATURATED for entry in entries) <= 130


def test_s3_fifo_evicts_from_small_while_it_weighs_a_tenth():
    policy = S3Fifo(max_entries=None, max_weight=100)
    heavy = [make_entry(key, weight=30) for key in "abc"]
    for entry in heavy:
        policy.admit(entry)
    evict(policy, 1)
    light = [make_entry(key, weight=4) for key in "xyz"]
    for entry in light:
        policy.admit(entry)

    assert evict(policy, 5) == ["x", "y", "b", "z", "c"]


def test_s3_fifo_learns_that_an_entry_has_grown():
    policy = S3Fifo(max_entries=None, max_weight=100)
    small, main = make_entry("small", weight=10), make_entry("main", weight=10)
    for entry, weight in ((small, 20), (main, 40)):
        policy.admit(entry)
        policy.reweigh(entry, weight)
        entry.weight = weight

    assert (policy._small_weight, policy._main_weight) == (20, 40)
    assert evict(policy, 2) == ["small", "main"]
    assert (policy._small_weight, policy._main_weight) == (0, 0)


def test_s3_fifo_entries_without_weight_still_leave():
    policy = S3Fifo(max_entries=3, max_weight=10)
    for key in "abc":
        policy.admit(make_entry(key, weight=0))

    assert sorted(evict(policy, 3)) == ["a", "b", "c"]


def test_s3_fifo_of_one_entry_works():
    policy = S3Fifo(max_entries=1, max_weight=None)
    admit(policy, "a")
    left = []
    for key in "bcb":
        left += evict(policy, 1)
        admit(policy, key)

    assert left == ["a", "b", "c"]


def test_s3_fifo_cleared_starts_again(policy: S3Fifo):
    fill(policy)
    evict(policy, 1)
    policy.clear()
    entries = fill(policy)

    assert [entry.in_main for entry in entries] == [False] + [True] * 9


def test_lru_evicts_what_was_touched_longest_ago():
    entries: OrderedDict[str, Entry[str]] = OrderedDict()
    policy = Lru(entries)
    for entry in map(make_entry, "abc"):
        policy.admit(entry)
        entries[entry.key] = entry
    policy.touch(entries["a"])

    assert evict(policy, 3) == ["b", "c", "a"]
    assert not entries


def test_lock_free_hits_are_told_apart():
    assert EvictionPolicy.lock_free_hits
    assert S3Fifo.lock_free_hits
    assert not Lru.lock_free_hits


def test_base_policy_has_nothing_to_evict():
    with pytest.raises(NotImplementedError):
        EvictionPolicy().evict(NOW)

"""The memory store: claims to load a key, and entries that are kept when their time is over."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

import pytest

import cachetory._core.store
from tests.core.stores import POLICIES, assert_in_order, make_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory._core.store import Store
    from tests.clock import ManualClock

NOTE = object()


@pytest.fixture(params=[*POLICIES, "unbounded"])
def store(clock: ManualClock, request: pytest.FixtureRequest) -> Store[Any]:
    """A store that is not going to be full, of each kind."""
    if request.param == "unbounded":
        return make_store(clock)
    return make_store(clock, max_entries=1000, policy=request.param)


@pytest.fixture(params=POLICIES)
def bounded(clock: ManualClock, request: pytest.FixtureRequest) -> Store[Any]:
    """A store of at most ten entries, of each policy."""
    return make_store(clock, max_entries=10, policy=request.param)


# Claiming


def test_claim_of_the_first_stands(store: Store[Any]) -> None:
    assert store.claim("key", "mine", inf) == "mine"
    assert store.claim("key", "theirs", inf) == "mine"
    assert store.claim("other", "theirs", inf) == "theirs"


def test_claim_again_by_the_same_token_stands(store: Store[Any]) -> None:
    store.claim("key", "mine", inf)

    assert store.claim("key", "mine", inf) == "mine"


def test_claim_that_takes_over_ends_the_former(store: Store[Any]) -> None:
    store.claim("key", "theirs", inf)

    assert store.claim("key", "mine", inf, takes_over=True) == "mine"
    assert not store.release("key", "theirs")
    assert store.claim("key", "another", inf) == "mine"


def test_claim_is_over_when_its_time_is(store: Store[Any], clock: ManualClock) -> None:
    store.claim("key", "theirs", clock() + 5)
    clock.advance(4.999)
    assert store.claim("key", "mine", inf) == "theirs"
    clock.advance(0.001)

    assert store.claim("key", "mine", inf) == "mine"


def test_claims_are_no_entries(store: Store[Any]) -> None:
    store.claim("key", "mine", inf)

    assert store.get("key", "default") == "default"
    assert len(store) == 0
    assert store.keys() == []


@pytest.mark.parametrize(
    "write",
    [
        lambda store: store.set("key", "value", inf),
        lambda store: store.set("key", "value", -1.0),
        lambda store: store.set("key", "value", inf, kept_until=inf, note=NOTE),
        lambda store: store.set_many([("key", "value")], inf),
        lambda store: store.set_many([("key", "value")], -1.0),
        lambda store: store.delete("key"),
        lambda store: store.delete_many(["other", "key"]),
        lambda store: store.clear(),
        lambda store: store.clear("k"),
    ],
)
@pytest.mark.parametrize("is_there", [True, False])
def test_claim_ends_with_whatever_writes_the_key(
    store: Store[Any], write: Callable[[Store[Any]], object], *, is_there: bool
) -> None:
    if is_there:
        store.set("key", "there", inf)
    store.claim("key", "mine", inf)

    write(store)

    assert not store.renew("key", "mine", inf)
    assert_in_order(store)


@pytest.mark.parametrize(
    "leave",
    [
        lambda store: store.set("key", "value", inf, if_not_exists=True),
        lambda store: store.set("key", "value", -1.0, if_not_exists=True),
        lambda store: store.set("other", "value", inf),
        lambda store: store.delete("other"),
        lambda store: store.clear("other"),
        lambda store: store.get("key", None),
        lambda store: store.get_many(["key"]),
        lambda store: store.peek("key"),
    ],
)
def test_claim_stands_while_the_key_is_left_as_it_is(
    store: Store[Any], leave: Callable[[Store[Any]], object]
) -> None:
    store.set("key", "there", inf)
    store.claim("key", "mine", inf)

    leave(store)

    assert store.get("key", None) == "there"
    assert store.renew("key", "mine", inf)


def test_claim_ends_with_a_value_that_was_set_as_there_was_none(store: Store[Any]) -> None:
    store.claim("key", "mine", inf)
    store.set("key", "value", inf, if_not_exists=True)

    assert not store.renew("key", "mine", inf)


def test_claim_survives_the_eviction_of_its_key(bounded: Store[Any]) -> None:
    bounded.set("key", "old", inf)
    bounded.claim("key", "mine", inf)
    for number in range(100):
        bounded.set(f"{number}", number, inf)
    assert bounded.get("key", None) is None

    assert bounded.set("key", "value", inf, token="mine")


def test_oldest_claims_are_forgotten_when_there_are_too_many(
    store: Store[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cachetory._core.store, "_MOST_CLAIMS", 10)

    for number in range(25):
        store.claim(f"{number}", "mine", inf)

    standing = [number for number in range(25) if store.renew(f"{number}", "mine", inf)]
    assert standing == list(range(15, 25))


# Renewing and releasing


def test_renewed_claim_stands_for_longer(store: Store[Any], clock: ManualClock) -> None:
    store.claim("key", "mine", clock() + 5)
    clock.advance(4)

    assert store.renew("key", "mine", clock() + 5)
    clock.advance(4)
    assert store.claim("key", "theirs", inf) == "mine"


def test_claim_that_does_not_stand_cannot_be_renewed(store: Store[Any], clock: ManualClock) -> None:
    assert not store.renew("key", "mine", inf)
    store.claim("key", "theirs", clock() + 5)
    assert not store.renew("key", "mine", inf)
    clock.advance(5)

    assert not store.renew("key", "theirs", inf)
    assert store.claim("key", "mine", inf) == "mine"


def test_released_claim_is_free_for_others(store: Store[Any]) -> None:
    store.claim("key", "mine", inf)

    assert store.release("key", "mine")
    assert not store.release("key", "mine")
    assert store.claim("key", "theirs", inf) == "theirs"


def test_claim_of_another_cannot_be_released(store: Store[Any]) -> None:
    store.claim("key", "theirs", inf)

    assert not store.release("key", "mine")
    assert store.claim("key", "mine", inf) == "theirs"


def test_released_claim_may_have_a_successor(store: Store[Any], clock: ManualClock) -> None:
    store.claim("key", "mine", inf)

    assert store.release("key", "mine", "successor", clock() + 5)
    assert store.claim("key", "theirs", inf) == "successor"
    clock.advance(5)
    assert store.claim("key", "theirs", inf) == "theirs"


def test_successor_of_a_claim_of_another_does_not_come_in(store: Store[Any]) -> None:
    store.claim("key", "theirs", inf)

    assert not store.release("key", "mine", "successor", inf)
    assert store.claim("key", "another", inf) == "theirs"


# Committing by token


@pytest.mark.parametrize("former", ["none", "live", "expired", "kept"])
def test_value_is_stored_by_the_token_of_a_claim_that_stands(
    store: Store[Any], clock: ManualClock, former: str
) -> None:
    if former == "live":
        store.set("key", "old", inf)
    elif former != "none":
        kept_until = clock() + 10 if former == "kept" else None
        store.set("key", "old", clock() + 1, kept_until=kept_until, note=NOTE)
    clock.advance(2)
    store.claim("key", "mine", inf)

    assert store.set("key", "new", clock() + 5, token="mine")
    assert store.get("key", None) == "new"
    assert store.peek("key") == ("new", clock() + 5, clock() + 5, None)
    assert not store.set("key", "newer", inf, token="mine")
    assert_in_order(store)


@pytest.mark.parametrize("is_there", [True, False])
def test_value_is_not_stored_by_a_token_without_a_claim(
    store: Store[Any], *, is_there: bool
) -> None:
    store.claim("key", "mine", inf)
    store.delete("key")
    if is_there:
        store.set("key", "there", inf)

    assert not store.set("key", "late", inf, token="mine")
    assert store.get("key", None) == ("there" if is_there else None)
    assert_in_order(store)


def test_value_is_not_stored_by_the_token_of_another(store: Store[Any]) -> None:
    store.claim("key", "theirs", inf)

    assert not store.set("key", "late", inf, token="mine")
    assert store.get("key", None) is None
    assert store.set("key", "theirs", inf, token="theirs")


def test_value_is_not_stored_by_a_claim_that_is_over(store: Store[Any], clock: ManualClock) -> None:
    store.claim("key", "mine", clock() + 5)
    clock.advance(5)

    assert not store.set("key", "late", inf, token="mine")
    assert store.get("key", None) is None


def test_value_by_token_leaves_a_live_one_alone_if_it_is_to(store: Store[Any]) -> None:
    store.set("key", "there", inf)
    store.claim("key", "mine", inf)

    assert not store.set("key", "late", inf, if_not_exists=True, token="mine")
    assert store.get("key", None) == "there"
    assert store.claim("key", "theirs", inf) == "theirs"


@pytest.mark.parametrize("stands", [True, False])
def test_value_that_is_over_already_removes_the_key_if_its_claim_stands(
    store: Store[Any], *, stands: bool
) -> None:
    store.set("key", "there", inf)
    store.claim("key", "mine" if stands else "theirs", inf)

    assert not store.set("key", "over", -1.0, token="mine")
    assert store.get("key", None) == (None if stands else "there")
    assert store.claim("key", "another", inf) == ("another" if stands else "theirs")


@pytest.mark.parametrize("stands", [True, False])
def test_value_that_is_too_heavy_removes_the_key_if_its_claim_stands(
    clock: ManualClock, *, stands: bool
) -> None:
    store = make_store(clock, max_weight=10, weigher=lambda key, value: len(value))
    store.set("key", "there", inf)
    store.claim("key", "mine" if stands else "theirs", inf)

    assert not store.set("key", "x" * 11, inf, token="mine")
    assert store.get("key", None) == (None if stands else "there")


def test_claim_of_nobody_is_made_by_storing(store: Store[Any]) -> None:
    store.set("key", "value", inf)

    assert store.claim("key", "mine", inf) == "mine"


# Entries that are kept


def test_kept_entry_is_not_found_but_by_a_peek(store: Store[Any], clock: ManualClock) -> None:
    store.set("key", "value", clock() + 5, kept_until=clock() + 15, note=NOTE)
    times = (clock() + 5, clock() + 15)
    clock.advance(5)

    assert store.get("key", "default") == "default"
    assert store.get_many(["key"]) == []
    assert store.keys() == []
    assert store.peek("key") == ("value", *times, NOTE)
    clock.advance(9.999)
    assert store.peek("key") == ("value", *times, NOTE)
    clock.advance(0.001)
    assert store.peek("key") is None


def test_peek_at_a_live_entry_gives_it_and_counts_as_no_access(store: Store[Any]) -> None:
    store.set("key", None, inf, note=NOTE)

    assert store.peek("key") == (None, inf, inf, NOTE)
    assert store.entries["key"].frequency == 0


def test_peek_at_nothing_gives_nothing(store: Store[Any], clock: ManualClock) -> None:
    store.set("key", "value", clock() + 5)
    clock.advance(5)

    assert store.peek("key") is None
    assert store.peek("missing") is None


def test_entry_may_be_stale_from_the_start(store: Store[Any], clock: ManualClock) -> None:
    assert store.set("key", "value", clock() - 1, kept_until=clock() + 5, note=NOTE)

    assert store.get("key", None) is None
    assert store.peek("key") == ("value", clock() - 1, clock() + 5, NOTE)
    assert_in_order(store)


def test_stale_entry_takes_the_place_of_a_live_one(store: Store[Any], clock: ManualClock) -> None:
    store.set("key", "old", inf)
    old = store.entries["key"]
    store.claim("key", "mine", inf)

    assert store.set("key", "new", clock() - 1, kept_until=clock() + 5, token="mine")
    assert store.get("key", None) is None
    assert store.peek("key") == ("new", clock() - 1, clock() + 5, None)
    assert (old.value, old.deadline) == (None, -inf)  # a reader must not take it for a live one
    assert_in_order(store)


def test_value_in_the_place_of_a_kept_one_has_nothing_of_it(
    store: Store[Any], clock: ManualClock
) -> None:
    store.set("key", "old", clock() + 1, kept_until=clock() + 100, note=NOTE)
    clock.advance(2)

    assert store.set("key", "new", clock() + 1, if_not_exists=True)
    assert store.peek("key") == ("new", clock() + 1, clock() + 1, None)


@pytest.mark.parametrize("replace", ["set", "set_many"])
def test_value_in_the_place_of_a_live_one_has_nothing_of_it(
    store: Store[Any], clock: ManualClock, replace: str
) -> None:
    store.set("key", "old", clock() + 1, kept_until=clock() + 100, note=NOTE)
    if replace == "set":
        store.set("key", "new", clock() + 1)
    else:
        store.set_many([("key", "new")], clock() + 1)

    assert store.peek("key") == ("new", clock() + 1, clock() + 1, None)


@pytest.mark.parametrize("deadline_in", [2, 50, 1000])
@pytest.mark.parametrize("kept_for", [0, 30])
def test_live_entry_is_kept_for_so_long_after_its_new_deadline(
    store: Store[Any], clock: ManualClock, deadline_in: float, kept_for: float
) -> None:
    store.set("key", "value", clock() + 5, kept_until=clock() + 15, note=NOTE)
    deadline = clock() + deadline_in

    assert store.expire_at("key", deadline, kept_for=kept_for)
    assert store.peek("key") == ("value", deadline, deadline + kept_for, NOTE)
    assert_in_order(store)


@pytest.mark.parametrize("kept_until", [15, inf])
def test_live_entry_without_a_deadline_any_more_is_kept_for_ever(
    store: Store[Any], clock: ManualClock, kept_until: float
) -> None:
    store.set("key", "value", clock() + 5, kept_until=clock() + kept_until, note=NOTE)

    assert store.expire_at("key", inf, kept_for=30)
    assert store.peek("key") == ("value", inf, inf, NOTE)


def test_kept_entry_stays_as_it_is_if_it_is_to_live_for_longer(
    store: Store[Any], clock: ManualClock
) -> None:
    store.set("key", "value", clock() + 5, kept_until=clock() + 15, note=NOTE)
    times = (clock() + 5, clock() + 15)
    clock.advance(5)

    assert not store.expire_at("key", clock() + 50, kept_for=30)
    assert not store.expire_at("key", inf)
    assert store.get("key", None) is None
    assert store.peek("key") == ("value", *times, NOTE)


def test_kept_entry_is_removed_if_it_is_to_live_no_longer(
    store: Store[Any], clock: ManualClock
) -> None:
    store.set("key", "value", clock() + 5, kept_until=clock() + 15, note=NOTE)
    clock.advance(5)

    assert not store.expire_at("key", clock())
    assert store.peek("key") is None
    assert_in_order(store)


def test_kept_entry_is_deleted_as_any_other(store: Store[Any], clock: ManualClock) -> None:
    store.set("key", "value", clock() + 5, kept_until=clock() + 15)
    clock.advance(5)

    assert store.delete("key")
    assert store.peek("key") is None
    assert_in_order(store)


def test_kept_entry_is_cleared(store: Store[Any], clock: ManualClock) -> None:
    store.set("key", "value", clock() + 5, kept_until=clock() + 15)
    clock.advance(5)
    store.clear("k")

    assert store.peek("key") is None
    assert_in_order(store)


# Sweeping


def write_often(store: Store[Any], clock: ManualClock) -> None:
    for _ in range(100):
        store.set("other", "value", clock() + 1)


def test_kept_entry_is_not_swept_before_it_goes(store: Store[Any], clock: ManualClock) -> None:
    for number in range(20):
        store.set(f"{number}", number, clock() + 5, kept_until=clock() + 15)
    clock.advance(14.9)
    write_often(store, clock)

    assert len(store) == 21
    assert store.peek("0") is not None


def test_kept_entry_is_swept_when_it_goes(store: Store[Any], clock: ManualClock) -> None:
    for number in range(20):
        store.set(f"{number}", number, clock() + 5, kept_until=clock() + 15)
    clock.advance(15)
    write_often(store, clock)

    assert list(store.entries) == ["other"]
    assert store.expirations == 20
    assert_in_order(store)


def test_entry_that_is_stale_from_the_start_is_swept_when_it_goes(
    store: Store[Any], clock: ManualClock
) -> None:
    for number in range(20):
        store.set(f"{number}", number, clock() - 1, kept_until=clock() + 15)
    clock.advance(15)
    write_often(store, clock)

    assert list(store.entries) == ["other"]
    assert_in_order(store)


def test_kept_entries_do_not_hide_expired_ones_from_the_sweep(
    store: Store[Any], clock: ManualClock
) -> None:
    for number in range(100):
        kept_until = clock() + 1000 if number % 2 else None
        store.set(f"{number}", number, clock() + 5, kept_until=kept_until)
    clock.advance(5)
    write_often(store, clock)
    write_often(store, clock)

    assert len(store) == 51
    assert_in_order(store)


def test_entry_whose_deadline_was_brought_forward_is_swept_in_time(
    store: Store[Any], clock: ManualClock
) -> None:
    store.set("key", "value", inf, note=NOTE)
    store.expire_at("key", clock() + 5)
    clock.advance(5)
    write_often(store, clock)

    assert list(store.entries) == ["other"]


def test_kept_entries_count_towards_the_bound(bounded: Store[Any], clock: ManualClock) -> None:
    for number in range(25):
        bounded.set(f"{number}", number, clock() + 5, kept_until=clock() + 1000)
    clock.advance(5)
    for number in range(25, 50):
        bounded.set(f"{number}", number, clock() + 5, kept_until=clock() + 1000)

    assert len(bounded) == 10
    assert_in_order(bounded)

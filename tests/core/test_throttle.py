"""Keys that are held back for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cachetory._core.throttle import MOST_KEYS, Throttle

if TYPE_CHECKING:
    from tests.clock import ManualClock


@pytest.fixture
def throttle(clock: ManualClock) -> Throttle:
    return Throttle(clock)


def test_key_is_held_for_so_long(throttle: Throttle, clock: ManualClock) -> None:
    throttle.hold("key", 5)

    assert throttle.holds("key")
    clock.advance(4.999)
    assert throttle.holds("key")
    clock.advance(0.001)
    assert not throttle.holds("key")
    assert not throttle.holds("key")


def test_other_keys_are_not_held(throttle: Throttle) -> None:
    assert not throttle.holds("key")
    throttle.hold("key", 5)

    assert not throttle.holds("other")


def test_key_that_is_released_is_not_held(throttle: Throttle) -> None:
    throttle.release("key")
    throttle.hold("key", 5)
    throttle.hold("other", 5)
    throttle.release("key")

    assert not throttle.holds("key")
    assert throttle.holds("other")


@pytest.mark.parametrize("seconds", [1, 9])
def test_key_is_held_as_it_was_said_last(
    throttle: Throttle, clock: ManualClock, seconds: float
) -> None:
    throttle.hold("key", 5)
    throttle.hold("key", seconds)
    clock.advance(seconds - 0.001)

    assert throttle.holds("key")
    clock.advance(0.001)
    assert not throttle.holds("key")


@pytest.mark.parametrize("seconds", [0, -1])
def test_key_that_is_held_for_no_time_is_not_held(throttle: Throttle, seconds: float) -> None:
    throttle.hold("key", seconds)

    assert not throttle.holds("key")


def test_oldest_keys_are_forgotten_when_there_are_too_many(throttle: Throttle) -> None:
    for number in range(MOST_KEYS):
        throttle.hold(f"{number}", 5)
    assert throttle.holds("0")

    throttle.hold("one more", 5)

    forgotten = [number for number in range(MOST_KEYS) if not throttle.holds(f"{number}")]
    assert forgotten == list(range(MOST_KEYS // 10))
    assert throttle.holds("one more")


def test_key_that_is_held_anew_is_not_among_the_oldest(throttle: Throttle) -> None:
    for number in range(MOST_KEYS):
        throttle.hold(f"{number}", 5)
    throttle.hold("0", 5)
    throttle.hold("one more", 5)

    assert throttle.holds("0")
    assert not throttle.holds("1")


def test_number_of_keys_is_bounded(throttle: Throttle) -> None:
    for number in range(3 * MOST_KEYS):
        throttle.hold(f"{number}", 5)

    assert len(throttle._until) <= MOST_KEYS

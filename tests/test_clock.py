"""The injected clock moves when told to, and never back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.clock import ManualClock


def test_clock_advanced_moves_by_that_much(clock: ManualClock) -> None:
    before = clock()

    clock.advance(2.5)

    assert clock() - before == 2.5
    assert clock() == clock()


def test_clock_turned_back_is_refused(clock: ManualClock) -> None:
    with pytest.raises(ValueError, match="monotonic"):
        clock.advance(-1)

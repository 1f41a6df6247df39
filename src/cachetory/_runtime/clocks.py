"""The clocks of caches, which follow the time that freezegun or time-machine sets in a test."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from time import monotonic, time
from types import BuiltinFunctionType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

ClockName = Literal["monotonic", "wall"]


def wall_time() -> float:
    """Return epoch seconds, as freezegun and time-machine set them."""
    if type(time) is not BuiltinFunctionType:
        # freezegun replaced it. Its replacement returns the real time to functions that a thread
        # has just begun with; its `datetime` makes no such difference.
        return datetime.now(timezone.utc).timestamp()
    now: float = time()
    return now


CLOCKS: dict[ClockName, Callable[[], float]] = {"monotonic": monotonic, "wall": wall_time}


def choose_clock() -> Callable[[], float]:
    """Return the monotonic clock; or the wall clock, if a library is loaded that moves time."""
    is_time_moved = "freezegun" in sys.modules or "time_machine" in sys.modules
    return CLOCKS["wall" if is_time_moved else "monotonic"]


def elapsed_time() -> float:
    """Return the seconds of the clock that `choose_clock` returns now."""
    return choose_clock()()

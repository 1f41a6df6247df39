"""A monotonic clock that stands still until a test moves it."""

from __future__ import annotations

SLOW = 30.0
"""Seconds within which everything ends that does not hang, however busy the machine is."""


class ManualClock:
    """Call it for the time in seconds, as one calls `time.monotonic`."""

    def __init__(self, start: float = 1000.0) -> None:
        self._now = start

    def __call__(self) -> float:
        return self._now

    def __repr__(self) -> str:
        return f"ManualClock({self._now!r})"

    def advance(self, seconds: float) -> None:
        """Move the clock forward.

        Raises:
            ValueError: if `seconds` is negative: this clock is monotonic.
        """
        if seconds < 0:
            msg = f"a monotonic clock cannot go back by {-seconds!r} s"
            raise ValueError(msg)
        self._now += seconds

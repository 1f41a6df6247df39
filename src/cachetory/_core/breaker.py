"""A circuit breaker: after some failures in a row, do not ask a store for a while.

Pure: the caller passes the time. A few threads that race here cost a few probes more, no harm.
"""

from __future__ import annotations

from math import inf

OPENS_AFTER = 5
"""So many failures in a row open it."""

PROBES_EVERY = 0.5
"""Seconds from a failure to the next probe while it is open."""


class Breaker:
    """Counts failures. Closed, all goes to the store; open, only a probe now and then."""

    __slots__ = ("_failures", "_probe_at")

    def __init__(self) -> None:
        self._failures = 0
        self._probe_at = inf

    @property
    def is_open(self) -> bool:
        """Whether the store is not to be asked."""
        return self._failures >= OPENS_AFTER

    @property
    def failures(self) -> int:
        """How often in a row the store has failed."""
        return self._failures

    def may_probe(self, now: float) -> bool:
        """Tell whether it is time to try the store while open; the next one is told no."""
        if now < self._probe_at:
            return False
        self._probe_at = now + PROBES_EVERY
        return True

    def failed(self, now: float) -> bool:
        """Note a failure, and tell whether it has opened the breaker."""
        self._failures += 1
        self._probe_at = now + PROBES_EVERY
        return self._failures == OPENS_AFTER

    def succeeded(self) -> bool:
        """Note that the store has answered, and tell whether that has closed the breaker."""
        was_open = self._failures >= OPENS_AFTER
        self._failures = 0
        return was_open

"""Keys that are not to be loaded again for a while, since that has just failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_KEYS = 10_000
"""So many keys are remembered at most; then the oldest tenth is forgotten."""


class Throttle:
    """Keys and until when they are held back. Threads may share it.

    Args:
        clock: monotonic seconds.
    """

    __slots__ = ("_clock", "_until")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def hold(self, key: str, seconds: float) -> None:
        """Hold a key back for so long from now."""
        until = self._until
        until.pop(key, None)
        if len(until) >= MOST_KEYS:
            for oldest in list(until)[: MOST_KEYS // 10]:
                until.pop(oldest, None)
        until[key] = self._clock() + seconds

    def release(self, key: str) -> None:
        """Hold a key back no longer."""
        if self._until:
            self._until.pop(key, None)

    def holds(self, key: str) -> bool:
        """Tell whether a key is held back."""
        if not self._until:
            return False
        until = self._until.get(key)
        if until is None:
            return False
        if until > self._clock():
            return True
        self._until.pop(key, None)
        return False

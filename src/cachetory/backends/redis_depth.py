"""A check that the stack has room for what must not be interrupted by its end."""

from __future__ import annotations

FRAMES = 100
"""Frames that opening a connection by redis-py takes at most, by way of Sentinels and TLS too."""


def require_frames(count: int = FRAMES) -> None:
    """Raise a `RecursionError` now if the stack has no room for the given number of frames.

    What follows then either does not begin, or is not cut short by the recursion limit.
    """
    if count:
        require_frames(count - 1)

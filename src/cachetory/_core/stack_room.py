"""Whether the call stack has room for a load."""

from __future__ import annotations

ROOM = 40
"""Number of frames that the load path itself needs at most, without the loader."""


def check_stack_room(frames: int = ROOM) -> None:
    """Raise `RecursionError` now if the stack has not so many frames left.

    Before a load has begun, there is nothing to be tidied up. Later, the load path could fail
    between any two steps of its own, and while it tidies up after that.
    """
    if frames:
        check_stack_room(frames - 1)

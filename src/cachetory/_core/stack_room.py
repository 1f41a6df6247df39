"""Whether the call stack has room for a load."""

from __future__ import annotations

ROOM = 40
"""Number of frames that the load path itself needs at most, without the loader."""


def check_stack_room(frames: int = ROOM) -> None:
    """Raise `RecursionError` now if the stack has fewer free frames than the load path needs.

    Before a load has begun, there is nothing to clean up. During a load, the error could interrupt
    any step, and the clean-up too.
    """
    if frames:
        check_stack_room(frames - 1)

"""Which processor works for whom, where the system lets that be chosen.

A client that waits for a server works on the same one: whether the scheduler puts them on one or on
two, which differs from process to process, would matter more than what the client does.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


def choose() -> int | None:
    """Give the processor that client and server share; `None` if it cannot be chosen."""
    return max(os.sched_getaffinity(0)) if sys.platform == "linux" else None


def pin(process: int, processors: Collection[int]) -> None:
    """Have all threads of a process work on some processors."""
    if sys.platform == "linux":
        for thread in Path(f"/proc/{process}/task").iterdir():
            with suppress(ProcessLookupError):  # it has just ended
                os.sched_setaffinity(int(thread.name), processors)


@contextmanager
def pinned(processor: int | None) -> Iterator[None]:
    """Have this process work on one processor meanwhile, unless that is `None`."""
    if processor is None or sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    pin(os.getpid(), {processor})
    try:
        yield
    finally:
        pin(os.getpid(), before)

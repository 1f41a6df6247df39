"""What a test may leave open: descriptors, threads and asyncio tasks, counted before and after."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Generator

_DESCRIPTORS = Path("/proc/self/fd")
GRACE = 5.0
"""How long something that was told to end may take to do so, in seconds."""


@contextmanager
def no_leaked_resources() -> Generator[None]:
    """Fail if there are more threads or file descriptors afterwards than before.

    Descriptors are counted on Linux only.

    Raises:
        AssertionError: naming what is new.
    """
    gc.collect()
    threads, descriptors = _threads(), _descriptors()
    yield
    deadline = time.monotonic() + GRACE
    gc.collect()
    while _has_grown(threads, descriptors) and time.monotonic() < deadline:
        time.sleep(0.01)
    _refuse("threads", threads, _threads())
    _refuse("file descriptors", descriptors, _descriptors())


@contextmanager
def no_leaked_tasks() -> Generator[None]:
    """Fail if there are more unfinished asyncio tasks afterwards than before, on any loop.

    Raises:
        AssertionError: naming what is new.
    """
    before = _tasks()
    yield
    _refuse("asyncio tasks", before, _tasks())


def _has_grown(threads: Collection[str], descriptors: Collection[str]) -> bool:
    return len(_threads()) > len(threads) or len(_descriptors()) > len(descriptors)


def _refuse(what: str, before: Collection[str], after: Collection[str]) -> None:
    new = sorted(set(after) - set(before))
    if len(after) > len(before):
        msg = f"{len(after) - len(before)} leaked {what}, among {new}"
        raise AssertionError(msg)


def _threads() -> list[str]:
    # Those of cachetory itself are kept for a while on purpose, a few to a process.
    return [
        f"{thread.name} ({thread.ident})"
        for thread in threading.enumerate()
        if not thread.name.startswith("cachetory-")
    ]


def _descriptors() -> list[str]:
    if not _DESCRIPTORS.exists():
        return []
    return [f"{entry.name} {_target(entry)}" for entry in _DESCRIPTORS.iterdir()]


def _target(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except OSError:  # such as the one by which the directory itself is read
        return "gone"


def _tasks() -> list[str]:
    # The loop of a test is out of reach from here; the garbage collector knows all the tasks. The
    # lazy objects of Django would come to life at an `isinstance`.
    return [
        repr(item)
        for item in gc.get_objects()
        if issubclass(type(item), asyncio.Task) and not item.done()
    ]

"""What belongs to the process, whatever the colour: locks that survive a fork, and fork hooks."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary, WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable

    Lock = threading.RLock

T = TypeVar("T")

_locks: WeakSet[Lock] = WeakSet()
_held_for_fork: list[Lock] = []
_child_hooks: WeakKeyDictionary[Any, Callable[[Any], None]] = WeakKeyDictionary()


def fork_safe_lock() -> Lock:
    """Make a re-entrant lock that a fork never leaves held by a thread which the child lacks.

    It is taken just before a fork and released on both sides just after it, so that what it
    guards is never seen half changed by the child.
    """
    lock = threading.RLock()
    _locks.add(lock)
    return lock


def call_in_child(owner: T, hook: Callable[[T], None]) -> None:
    """Call the hook with its owner in every forked child, for as long as the owner lives."""
    with _hooks_guard:
        _child_hooks[owner] = hook


_hooks_guard = fork_safe_lock()


def _before_fork() -> None:
    _held_for_fork[:] = list(_locks)
    for lock in _held_for_fork:
        lock.acquire()


def _after_fork() -> None:
    while _held_for_fork:
        _held_for_fork.pop().release()


def _after_fork_in_child() -> None:
    _after_fork()
    for owner, hook in list(_child_hooks.items()):
        hook(owner)


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork,
        after_in_child=_after_fork_in_child,
    )

"""What belongs to the process, whatever the colour: locks that survive a fork, and fork hooks."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakKeyDictionary, WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable

    Lock = threading.RLock

T = TypeVar("T")

_registry = threading.RLock()
_locks: WeakSet[Lock] = WeakSet()
_child_hooks: WeakKeyDictionary[Any, Callable[[Any], None]] = WeakKeyDictionary()

_forker = threading.RLock()
_held_for_fork: list[Lock] = []


def fork_safe_lock() -> Lock:
    """Make a re-entrant lock that a fork never leaves held by a thread which the child lacks.

    It is taken just before a fork and released on both sides just after it, so that what it
    guards is never seen half changed by the child.
    """
    lock = threading.RLock()
    with _registry:
        _locks.add(lock)
    return lock


def call_in_child(owner: T, hook: Callable[[T], None]) -> None:
    """Call the hook with its owner in every forked child, for as long as the owner lives."""
    with _registry:
        _child_hooks[owner] = hook


def _before_fork() -> None:
    _forker.acquire()  # one fork at a time, until it is over
    busy = _hold_all()
    while busy is not None:
        with busy:  # waited for while nothing is held that its holder might want, and then kept
            busy = _hold_all()


def _hold_all() -> Lock | None:
    """Take every lock without waiting, or none of them, and give one that was not to be had."""
    if not _registry.acquire(blocking=False):
        return _registry
    _held_for_fork.append(_registry)
    for lock in list(_locks):
        if not lock.acquire(blocking=False):
            _release_all()
            return lock
        _held_for_fork.append(lock)
    return None


def _release_all() -> None:
    while _held_for_fork:
        _held_for_fork.pop().release()


def _after_fork() -> None:
    _release_all()
    _forker.release()


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


class PerThread(Generic[T]):
    """One object for each thread, made when the thread first asks for it.

    It goes when its thread has ended. A forked child makes its own, and keeps those of its parent
    from going.

    Args:
        make: makes one, which can be weakly referenced.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._local = threading.local()
        self._all: WeakSet[Any] = WeakSet()
        call_in_child(self, lambda it: it.leave_to_the_parent())

    def get(self) -> T:
        """Give the object of this thread."""
        try:
            made: T = self._local.made
        except AttributeError:
            made = self._local.made = self._make()
            self._all.add(made)
        return made

    def drop(self) -> None:
        """Let go of all; one that is in use goes after that. Later, new ones are made."""
        self._local = threading.local()

    def leave_to_the_parent(self) -> None:
        """Use those of the parent no more in a forked child, and keep them from going."""
        _left_to_the_parent.extend(self._all)
        self._local = threading.local()
        self._all = WeakSet()


_left_to_the_parent: list[Any] = []

"""What belongs to the process, whatever the colour: locks that survive a fork, and fork hooks."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakKeyDictionary, WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable

    Lock = threading.RLock

T = TypeVar("T")
S = TypeVar("S")

this_thread = threading.get_ident
"""Give the number of the thread that asks, which is not 0."""

_registry = threading.RLock()
_locks: WeakSet[Lock] = WeakSet()
_child_hooks: WeakKeyDictionary[Any, Callable[[Any], None]] = WeakKeyDictionary()
_parent_hooks: WeakKeyDictionary[Any, Callable[[Any], None]] = WeakKeyDictionary()

_HARDLY = 0.02
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


def call_before_fork(owner: T, hook: Callable[[T], None]) -> None:
    """Call the hook with its owner before every fork, while all locks are held."""
    with _registry:
        _parent_hooks[owner] = hook


def _before_fork() -> None:
    _forker.acquire()  # one fork at a time, until it is over
    busy = _hold_all()
    while busy is not None:
        with busy:  # waited for while nothing else is held, and then kept
            busy = _hold_all()
    for owner, hook in list(_parent_hooks.items()):
        hook(owner)


def _hold_all() -> Lock | None:
    """Take every lock with hardly any patience, or none, and give one that was not to be had."""
    if not _registry.acquire(timeout=_HARDLY):
        return _registry
    _held_for_fork.append(_registry)
    for lock in list(_locks):
        if not lock.acquire(timeout=_HARDLY):  # its holder might want one that is held here
            _release_all()
            return lock
        _held_for_fork.append(lock)
    return None


def _release_all() -> None:
    while _held_for_fork:
        _held_for_fork.pop().release()


def _after_fork() -> None:
    _release_all()
    with suppress(RuntimeError):  # it is not held: a server in C forked without telling before
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
    """One object for each thread, made when the thread first uses it, and closed when that ends.

    None crosses a fork: all are closed just before it, while no thread uses any.

    Args:
        make: makes one.
        close: closes one.
    """

    def __init__(self, make: Callable[[], T], close: Callable[[T], None]) -> None:
        self.make = make
        self.close_one = close
        self.round = 0
        self._local = threading.local()
        self._seats: WeakSet[Seat[T]] = WeakSet()
        self._guard = fork_safe_lock()
        call_before_fork(self, lambda it: it.close())

    def use(self, work: Callable[..., S], *arguments: Any) -> S:
        """Call a function with the object of this thread, and more arguments. Not to be nested."""
        try:
            seat: Seat[T] = self._local.seat
        except AttributeError:
            seat = self._make_seat()
        try:
            with seat.lock:  # not by a method of ours, in which a signal could leave it held
                made = seat.made if seat.round == self.round else None
                return work(seat.get() if made is None else made, *arguments)
        finally:
            if seat.round != self.round:
                seat.close_if_unused()

    def close(self) -> None:
        """Close all; one that is in use is closed after that. Later, new ones are made."""
        with self._guard:
            self.round += 1
            seats = list(self._seats)
        for seat in seats:
            seat.close_if_unused()

    def _make_seat(self) -> Seat[T]:
        seat = self._local.seat = Seat(self)
        with self._guard:
            self._seats.add(seat)
        return seat


class Seat(Generic[T]):
    """What a thread has of a `PerThread`.

    Attributes:
        lock: Is held while the object is in use.
        made: The object, if there is one.
        round: That of the owner when the object was made.
    """

    __slots__ = ("__weakref__", "_owner", "lock", "made", "round")

    def __init__(self, owner: PerThread[T]) -> None:
        self._owner = owner
        self.lock = fork_safe_lock()
        self.made: T | None = None
        self.round = 0

    def get(self) -> T:
        """Make the object anew, and give it, while the lock is held."""
        self._close()
        self.round = self._owner.round
        self.made = made = self._owner.make()
        return made

    def __del__(self) -> None:
        """Close it, now that the thread has ended."""
        self._close()

    def close_if_unused(self) -> None:
        """Close the object, unless the thread is using it."""
        if self.lock.acquire(blocking=False):
            try:
                self._close()
            finally:
                self.lock.release()

    def _close(self) -> None:
        made, self.made = self.made, None
        if made is not None:
            self._owner.close_one(made)

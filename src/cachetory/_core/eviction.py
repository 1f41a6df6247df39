"""Decide which entry leaves a full store: S3-FIFO, LRU, or none.

A policy keeps the order of the entries, the store keeps everything else. The store calls all
methods under its guard, so they should not allocate objects (see `cachetory._core.store`).
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections import OrderedDict

    from cachetory._core.store import Entry

SATURATED = 3
"""Accesses to an entry are counted up to this number."""

_PROVEN = 2
"""An entry with so many accesses moves from the small queue to the main one."""

_MOST_SPARED = 128
"""So many entries may be spared before one has to leave, lest a hot store stalls."""

_WORTH_COMPACTING = 64
"""Fewer tombstones than this stay where they are."""


class EvictionPolicy:
    """No order at all: the policy of a store that never is full, and the base of the others."""

    __slots__ = ()

    lock_free_hits: ClassVar[bool] = True
    """Whether a hit needs nothing but `frequency` to be incremented up to `SATURATED`."""

    def admit(self, entry: Entry[Any]) -> None:
        """Take a new entry into the order."""

    def touch(self, entry: Entry[Any]) -> None:
        """Count an access to an entry."""

    def reweigh(self, entry: Entry[Any], weight: int) -> None:
        """Note the new weight of an entry, which still carries its old one."""

    def evict(self, now: float) -> Entry[Any]:
        """Pick the entry to leave and take it out of the order. There has to be one."""
        raise NotImplementedError

    def forget(self, entry: Entry[Any]) -> None:
        """Give up an entry that has died for another reason."""

    def clear(self) -> None:
        """Forget all entries."""


class Lru(EvictionPolicy):
    """Least recently used first: the order of the store's own `OrderedDict`."""

    __slots__ = ("_entries",)

    lock_free_hits = False

    def __init__(self, entries: OrderedDict[str, Entry[Any]]) -> None:
        self._entries = entries

    def touch(self, entry: Entry[Any]) -> None:
        """Make the entry the most recent one."""
        self._entries.move_to_end(entry.key)

    def evict(self, now: float) -> Entry[Any]:
        """Take the least recently used entry out of the dictionary.

        The pair is allocated when that is done, so a finaliser finds the store in order.
        """
        _, entry = self._entries.popitem(last=False)
        return entry


class S3Fifo(EvictionPolicy):
    """Three queues: small for newcomers, main for the proven, ghosts for those who left early.

    A newcomer that nobody asks for again leaves through the small queue, a tenth of the whole,
    and pushes out nothing that is in use. Its hash stays behind for a while: who comes back goes
    straight to main. Until the store is full for the first time, main takes what small cannot.

    An entry that dies otherwise stays queued as a tombstone. Tombstones are skipped when their
    turn comes, and swept out when they outnumber the living.

    Args:
        max_entries: How many entries the store may hold, if there is such a bound.
        max_weight: What they may weigh in total, if there is such a bound.
    """

    __slots__ = (
        "_ghost_order",
        "_ghosts",
        "_has_been_full",
        "_main",
        "_main_weight",
        "_small",
        "_small_entries_at_first",
        "_small_weight",
        "_small_weight_at_first",
        "_tombstones",
    )

    def __init__(self, max_entries: int | None, max_weight: int | None) -> None:
        self._small: deque[Entry[Any]] = deque()
        self._main: deque[Entry[Any]] = deque()
        self._ghosts: set[int] = set()
        self._ghost_order: deque[int] = deque()
        self._small_weight = 0
        self._main_weight = 0
        self._tombstones = 0
        self._has_been_full = False
        self._small_entries_at_first = inf if max_entries is None else max(max_entries // 10, 1)
        self._small_weight_at_first = inf if max_weight is None else max_weight / 10

    def admit(self, entry: Entry[Any]) -> None:
        """Queue a new entry: in small, unless it has come back, or small is full at first."""
        fingerprint = hash(entry.key)
        if fingerprint in self._ghosts:
            self._ghosts.remove(fingerprint)
            self._append_to_main(entry)
        elif self._has_been_full or self._has_room_in_small():
            entry.in_main = False
            self._small.append(entry)
            self._small_weight += entry.weight
        else:
            self._append_to_main(entry)

    def touch(self, entry: Entry[Any]) -> None:
        """Count an access."""
        if entry.frequency < SATURATED:
            entry.frequency += 1

    def reweigh(self, entry: Entry[Any], weight: int) -> None:
        """Correct the weight of the queue that the entry is in."""
        if entry.in_main:
            self._main_weight += weight - entry.weight
        else:
            self._small_weight += weight - entry.weight

    def evict(self, now: float) -> Entry[Any]:
        """Pick the first entry whose time is over, or which has not earned another round."""
        self._has_been_full = True
        chances = _MOST_SPARED
        while True:
            if self._small and self._small_weight * 9 >= self._main_weight:
                victim = self._pop_small(now, chances)
            else:
                victim = self._pop_main(now, chances)
            if victim is not None:
                return victim
            chances -= 1

    def forget(self, entry: Entry[Any]) -> None:
        """Leave the entry in its queue as a tombstone."""
        if entry.in_main:
            self._main_weight -= entry.weight
        else:
            self._small_weight -= entry.weight
        self._tombstones += 1
        queued = len(self._small) + len(self._main)
        if self._tombstones > _WORTH_COMPACTING and self._tombstones * 2 > queued:
            _compact(self._small)
            _compact(self._main)
            self._tombstones = 0

    def clear(self) -> None:
        """Empty all queues and start from the beginning."""
        self._small.clear()
        self._main.clear()
        self._ghosts.clear()
        self._ghost_order.clear()
        self._small_weight = 0
        self._main_weight = 0
        self._tombstones = 0
        self._has_been_full = False

    def _has_room_in_small(self) -> bool:
        return (
            len(self._small) < self._small_entries_at_first
            and self._small_weight < self._small_weight_at_first
        )

    def _append_to_main(self, entry: Entry[Any]) -> None:
        entry.in_main = True
        self._main.append(entry)
        self._main_weight += entry.weight

    def _pop_small(self, now: float, chances: int) -> Entry[Any] | None:
        """Take the first of small: to leave, or else (`None`) to move to main if it is proven."""
        entry = self._small.popleft()
        if entry.deadline == -inf:
            self._tombstones -= 1
            return None
        self._small_weight -= entry.weight
        if entry.frequency < _PROVEN or entry.deadline <= now or chances <= 0:
            self._remember(entry.key)
            return entry
        entry.frequency = 0
        self._append_to_main(entry)
        return None

    def _pop_main(self, now: float, chances: int) -> Entry[Any] | None:
        """Take the first of main: to leave, or else (`None`) to go round if it has been used."""
        entry = self._main.popleft()
        if entry.deadline == -inf:
            self._tombstones -= 1
            return None
        if entry.frequency == 0 or entry.deadline <= now or chances <= 0:
            self._main_weight -= entry.weight
            return entry
        entry.frequency -= 1
        self._main.append(entry)
        return None

    def _remember(self, key: str) -> None:
        """Add a ghost, and let the first ones go: there are nine for ten entries.

        A ghost that came back leaves its place in the order behind, so it may go early when it is
        added again; that costs next to no hits.
        """
        fingerprint = hash(key)
        self._ghosts.add(fingerprint)
        order = self._ghost_order
        order.append(fingerprint)
        while len(order) > len(self._main):
            self._ghosts.discard(order.popleft())


def _compact(queue: deque[Entry[Any]]) -> None:
    """Remove the tombstones, in place."""
    for _ in range(len(queue)):
        entry = queue.popleft()
        if entry.deadline != -inf:
            queue.append(entry)

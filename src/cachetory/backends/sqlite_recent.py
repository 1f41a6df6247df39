"""What a process has read lately from a SQLite file, for as long as nobody has written it."""

from __future__ import annotations

from sys import getsizeof
from time import monotonic
from typing import TYPE_CHECKING, Any

from cachetory.backends.sqlite_stamps import slot_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory.backends.sqlite_stamps import Stamps

LASTS = 1.0
"""Seconds after which all is read again, in case somebody has written without renewing stamps."""

_OVERHEAD = 256
"""Bytes that an entry takes besides its key and value, roughly."""


class Recent:
    """What was read within a second, and was not written since.

    Args:
        stamps: tell what was written; `None` if nothing can be remembered.
        room: bytes that it may take.

    Attributes:
        stamps: the same.
        until: When the second is over, by `monotonic`.
    """

    __slots__ = ("_entries", "_numbers", "_room", "stamps", "until")

    def __init__(self, stamps: Stamps | None, room: int) -> None:
        self.stamps: Stamps | None = stamps
        self.until: float = monotonic() + LASTS
        self._numbers: Any = () if stamps is None else stamps.numbers
        self._room = 0 if stamps is None else room
        self._entries: dict[bytes, tuple[Any, int | None, int, int, int]] = {}

    def get(self, name: bytes, now: Callable[[], int]) -> Any:
        """Give the value of a key; `None` if it is not known, or may have changed.

        Args:
            name: the key.
            now: epoch milliseconds.
        """
        found = self._entries.get(name)
        if found is None:
            return None
        value, expires_at, slot, stamp, _size = found
        if self._numbers[slot] != stamp or monotonic() > self.until:
            return None
        if expires_at is not None and expires_at <= now():
            return None
        return value

    def mark(self, name: bytes) -> tuple[int, int] | None:
        """Give what `put` has to be told of a key, before that is read; `None` for no need."""
        if self.stamps is None or self._room <= 0:
            return None
        slot = slot_of(name)
        return slot, self._numbers[slot]

    def put(
        self, name: bytes, value: bytes | str, expires_at: int | None, mark: tuple[int, int]
    ) -> None:
        """Remember what was read after the mark was given, unless there is no room."""
        size = len(name) + getsizeof(value) + _OVERHEAD
        former = self._entries.pop(name, None)
        if former is not None:
            self._room += former[4]
        if size <= self._room:
            self._room -= size
            self._entries[name] = (value, expires_at, *mark, size)

    def drop(self, name: bytes) -> None:
        """Forget a key; its room is not used again."""
        self._entries.pop(name, None)

"""How many entries a SQLite file holds, and which of them have to go.

All of it happens within the transactions of writers: reading is only remembered.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

from cachetory.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

COUNTS = (
    "counts.entries, counts.bytes, counts.age, counts.evicted, counts.max_entries, counts.max_bytes"
)

Bound = int | Literal["kept"] | None
"""How much there may be: `None` for no limit, `"kept"` for what was said last of the file."""

OVERHEAD = 64
"""Bytes that an entry takes besides its key and value, roughly."""

STEP = 32
"""Sizes are rounded up to whole steps, so that a value of about the same size changes no count."""

MOST_HITS = 3
"""How often an entry is spared at most before it has to be read again."""

TOUCHED_AT_MOST = 1024
"""How many keys that were read are remembered until that is noted in the file."""

TIDIES_EVERY = 64
"""After so many writes, what has expired is removed, and what was read is noted for others."""

NOTED_AT_ONCE = 256
"""How many keys that were read are noted earlier than that."""

_NOTED_FROM = 0.5
"""Nothing is noted while the file is not that full: it is not needed for a while."""

MOST_SPARED = 1000
"""How many entries are spared in one transaction at most, so that nobody waits for long."""

_MOST_SWEPT = 256
_SWEPT_FOR = 1000
_GREATEST = (1 << 63) - 1
_GIVES_BACK_EVERY = 128
_PAGES_GIVEN_BACK = 256

_NOTE_HIT = f"UPDATE entries SET hits = hits + 1 WHERE name = ? AND hits < {MOST_HITS}"  # noqa: S608


class Counts:
    """What is in a file and may be there, as a transaction finds and leaves it.

    Args:
        row: the columns `COUNTS`.

    Attributes:
        entries: How many entries there are.
        bytes: What they take, see `OVERHEAD`.
        age: The highest number that an entry was given.
        evicted: How many had to go for others.
        max_entries: How many entries there may be; `None` for no limit.
        max_bytes: What they may take; `None` for no limit.
        removed: The keys that were removed.
    """

    __slots__ = (
        "_found",
        "age",
        "bytes",
        "entries",
        "evicted",
        "max_bytes",
        "max_entries",
        "removed",
    )

    def __init__(self, row: tuple[Any, ...]) -> None:
        self._found = row
        self.entries: int = row[0]
        self.bytes: int = row[1]
        self.age: int = row[2]
        self.evicted: int = row[3]
        self.max_entries: int | None = row[4]
        self.max_bytes: int | None = row[5]
        self.removed: list[bytes] = []

    @staticmethod
    def read(connection: sqlite3.Connection) -> Counts:
        """Read them.

        Raises:
            sqlite3.DatabaseError: if there are none.
        """
        row = connection.execute(f"SELECT {COUNTS} FROM counts").fetchone()  # noqa: S608
        if row is None:
            raise malformed()
        return Counts(row)

    def write(self, connection: sqlite3.Connection) -> None:
        """Write them, if they have changed."""
        left = (
            self.entries,
            self.bytes,
            self.age,
            self.evicted,
            self.max_entries,
            self.max_bytes,
        )
        if left != self._found:
            connection.execute(
                "UPDATE counts SET entries = ?, bytes = ?, age = ?, evicted = ?, "
                "max_entries = ?, max_bytes = ?",
                left,
            )

    def are_over(self, part: float = 1.0) -> bool:
        """Tell whether there is more than a part of what there may be."""
        return (self.max_entries is not None and self.entries > part * self.max_entries) or (
            self.max_bytes is not None and self.bytes > part * self.max_bytes
        )

    def leave_no_room(self, size: int) -> bool:
        """Tell whether an entry of that size would not fit into an empty file."""
        return self.max_bytes is not None and size > self.max_bytes

    def remove(
        self, connection: sqlite3.Connection, name: bytes, size: int, big: int | None
    ) -> None:
        """Remove an entry."""
        connection.execute("DELETE FROM entries WHERE name = ?", (name,))
        if big is not None:
            connection.execute("DELETE FROM bigs WHERE id = ?", (big,))
        self.removed.append(name)
        self.entries -= 1
        self.bytes -= size


class Bounds:
    """Keeps a file within its bounds, by what it hears of reading and writing.

    Args:
        max_entries: how many entries it holds at most.
        max_bytes: how many bytes they may take.
        now: epoch milliseconds.

    Raises:
        ConfigurationError: for bounds that cannot work.

    Attributes:
        writes: How many writes there were.
    """

    def __init__(self, max_entries: Bound, max_bytes: Bound, now: Callable[[], int]) -> None:
        given = {"max_entries": max_entries, "max_bytes": max_bytes}
        self._asked = {name: _checked(name, it) for name, it in given.items() if it != "kept"}
        self._wanted = self._asked
        self._now = now
        self._touched: set[bytes] = set()
        self.writes: int = 0
        self._tidies_at = TIDIES_EVERY
        self._gives_back_at = _GIVES_BACK_EVERY
        self._swept_at = -_SWEPT_FOR

    def touch(self, name: bytes) -> None:
        """Remember that an entry was read."""
        if len(self._touched) < TOUCHED_AT_MOST:
            self._touched.add(name)

    def apply(self, counts: Counts) -> None:
        """Have the file keep what is wanted of it."""
        for name, bound in self._wanted.items():
            setattr(counts, name, bound)

    def are_kept(self) -> None:
        """Hear that the file keeps them now. Others may change them from now on."""
        self._wanted = {}

    def are_lost(self) -> None:
        """Hear that there is another file, which does not know them."""
        self._wanted = self._asked

    def are_due(self) -> bool:
        """Tell whether the next write has more to do than what it is made for."""
        return self.writes + 1 >= self._tidies_at or len(self._touched) >= NOTED_AT_ONCE

    def settle(self, connection: sqlite3.Connection, counts: Counts) -> None:
        """Make room, and now and then tidy up, at the end of a transaction."""
        is_due = self.are_due()
        self.writes += 1
        if is_due:
            self._tidies_at = self.writes + TIDIES_EVERY
            self._sweep(connection, counts)
            connection.execute("DELETE FROM claims WHERE stands_until <= ?", (self._now(),))
            touched, self._touched = self._touched, set()
            if counts.are_over(_NOTED_FROM):
                # A copy, since a reader may just be adding one.
                connection.executemany(_NOTE_HIT, [(name,) for name in list(touched)])
        if counts.are_over():
            self._evict(connection, counts)

    def give_back(self, connection: sqlite3.Connection) -> None:
        """Now and then, give the disk some of what is free in the file, after a transaction."""
        if self.writes < self._gives_back_at:
            return
        self._gives_back_at = self.writes + _GIVES_BACK_EVERY
        with suppress(sqlite3.OperationalError):  # another time
            free = connection.execute("PRAGMA freelist_count").fetchone()[0]
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            if free > max(_PAGES_GIVEN_BACK, pages // 8):
                # `execute` would stop after the first page.
                connection.executescript(f"PRAGMA incremental_vacuum({_PAGES_GIVEN_BACK})")

    def _evict(self, connection: sqlite3.Connection, counts: Counts) -> None:
        """Remove what has expired, then what is old and was not read since it was looked at last.

        This is CLOCK with small counters, also called FIFO with reinsertion: Corbató, "A paging
        experiment with the Multics system", 1969. An old entry that was read goes behind the
        youngest, with one hit less.
        """
        self._sweep(connection, counts)
        spared = min(MOST_SPARED, (counts.entries - 1) // 2)  # what was written last stays
        while counts.are_over():
            row = connection.execute(
                "SELECT name, size, big, hits FROM entries ORDER BY age LIMIT 1"
            ).fetchone()
            if row is None:
                raise malformed()
            name, size, big, hits = row
            if name in self._touched:
                self._touched.discard(name)
                hits += 1
            if hits and spared:
                spared -= 1
                counts.age += 1
                connection.execute(
                    "UPDATE entries SET age = ?, hits = ? WHERE name = ?",
                    (counts.age, hits - 1, name),
                )
            else:
                counts.remove(connection, name, size, big)
                counts.evicted += 1

    def _sweep(self, connection: sqlite3.Connection, counts: Counts) -> None:
        """Remove some of what has expired; if that was all, there is no more for a while.

        Those that expire later in this minute are looked at too, which may be many.
        """
        now = self._now()
        if abs(now - self._swept_at) < _SWEPT_FOR:
            return
        rows = connection.execute(
            "SELECT name, size, big FROM entries WHERE minute <= ? AND expires_at <= ? "
            "ORDER BY minute LIMIT ?",
            (minute_of(now), now, _MOST_SWEPT),
        ).fetchall()
        for row in rows:
            counts.remove(connection, *row)
        if len(rows) < _MOST_SWEPT:
            self._swept_at = now


def _checked(name: str, bound: object) -> int | None:
    if bound is None:
        return None
    if type(bound) is not int or bound > _GREATEST:
        msg = f"{name}={bound!r} is no bound: give a whole number, None, or 'kept'"
        raise ConfigurationError(msg)
    if bound < 1:
        msg = f"{name}={bound} leaves no room for anything: give a positive number, or None"
        raise ConfigurationError(msg)
    return bound


def size_of(name: bytes, length: int) -> int:
    """Tell how many bytes an entry takes whose value has that length, rounded up."""
    return -(-(len(name) + length + OVERHEAD) // STEP) * STEP


def minute_of(milliseconds: int | None) -> int | None:
    """Tell the minute of a time, by which what expires is found."""
    return None if milliseconds is None else milliseconds // 60_000


def malformed() -> sqlite3.DatabaseError:
    """Make the error of a file whose rows make no sense."""
    return sqlite3.DatabaseError("malformed: the counts are wrong, or the keys are none")

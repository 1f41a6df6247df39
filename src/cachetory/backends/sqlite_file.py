"""A cache in a SQLite file that threads and processes share, without any colour.

Each thread has a connection of its own. Writes of a process take turns before they ask SQLite for
the turn of the process, since its waiting is by polling. Readers wait for nobody.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from copy import copy
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple

from cachetory._core.magic import BUFFERS
from cachetory._runtime.process import PerThread, fork_safe_lock
from cachetory.backends import sqlite_schema as schema
from cachetory.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

STEP = 1000
"""How many entries are deleted, or listed, at a time, so that nobody waits for long."""

OVERHEAD = 64
"""Bytes that an entry takes besides its key and value, roughly."""

MOST_HITS = 3
"""How often an entry is spared at most before it has to be read again."""

TOUCHED_AT_MOST = 1024
"""How many keys that were read are remembered until the next write, which notes them."""

_SWEEPS_EVERY = 64
_GIVES_BACK_EVERY = 128
_PAGES_GIVEN_BACK = 256

_GET = "SELECT value, expires_at, big FROM entries WHERE name = ?"
_GET_BIG = "SELECT value FROM bigs WHERE id = (SELECT big FROM entries WHERE name = ?)"
_FIND = "SELECT size, big, expires_at, minute FROM entries WHERE name = ?"
KEPT = -1
"""In the place of the milliseconds to live: those that are left of what is stored."""

_INSERT = "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, 0)"
_UPDATE = "UPDATE entries SET value = ?, big = ?, expires_at = ?, size = ? WHERE name = ?"
_UPDATE_MINUTE = "UPDATE entries SET minute = ? WHERE name = ?"
_DELETE = "DELETE FROM entries WHERE name = ?"
_END_CLAIM = "DELETE FROM claims WHERE name = ?"


class SqliteStats(NamedTuple):
    """What a file holds: expired entries that are not yet removed count too."""

    entries: int
    bytes: int
    """Of keys and values, with some for each entry."""
    evicted: int
    """How many entries had to go for others since the file was made."""
    file_size: int
    """Bytes on the disk, what is written ahead included."""


class SqliteFile:
    """The entries of a file.

    Args:
        path: the file.
        max_entries: how many entries it holds at most; `None` for as many as there are.
        max_bytes: how many bytes they may take; `None` for no limit.
        busy_timeout: seconds to wait for the turn of another process.
        replaces_damaged: whether a file that is corrupt or somebody else's is set aside.
        clock: epoch seconds, by which entries expire.
    """

    def __init__(
        self,
        path: str,
        *,
        max_entries: int | None = None,
        max_bytes: int | None = None,
        busy_timeout: float = 1.0,
        replaces_damaged: bool = True,
        clock: Callable[[], float] = time,
    ) -> None:
        self.path = path
        self.clock = clock
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._is_bounded = max_entries is not None or max_bytes is not None
        self._busy_timeout = busy_timeout
        self._replaces_damaged = replaces_damaged
        self._inode: int | None = None
        self._connections = PerThread(self._connect)
        self._writing = fork_safe_lock()
        self._counts = [0, 0, 0, 0]  # entries, bytes, age, evicted; within a transaction
        self._touched: set[bytes] = set()
        self._writes = 0

    def close(self) -> None:
        """Close all connections at rest, the others after use; later operations open new ones."""
        self._connections.drop()

    # Reading

    def get(self, name: bytes) -> Any:
        """Give the value of a key; `None` if there is none."""
        try:
            connection = self._connections.get()
            row = connection.execute(_GET, (name,)).fetchone()
            if row is None:
                return None
            value, expires_at, big = row
            if expires_at is not None and expires_at <= self.clock() * 1000:
                return None
            if big is not None:
                row = connection.execute(_GET_BIG, (name,)).fetchone()
                if row is None:  # it has become another one, or none, since
                    return self.get(name)
                value = row[0]
        except sqlite3.DatabaseError as error:
            raise self._suffer(error) from None
        if self._is_bounded and len(self._touched) < TOUCHED_AT_MOST:
            self._touched.add(name)
        return value

    def get_many(self, names: Sequence[bytes]) -> list[Any]:
        """Give the values of keys, all from the same instant."""
        connection = self._connections.get()
        if connection.in_transaction or len(names) == 1:
            return [self.get(name) for name in names]
        connection.execute("BEGIN")
        try:
            return [self.get(name) for name in names]
        finally:
            connection.execute("COMMIT")

    def contains(self, name: bytes) -> bool:
        """Tell whether a key has a value."""
        return self.get(name) is not None

    def names(self, prefix: bytes, after: bytes | None = None) -> list[bytes]:
        """List keys that begin with the prefix in order, a step of those that come after one."""
        lower, comparison = (prefix, ">=") if after is None else (after, ">")
        rows = self._connections.get().execute(
            f"SELECT name FROM entries WHERE name {comparison} ? AND name < ? "  # noqa: S608
            "AND (expires_at IS NULL OR expires_at > ?) ORDER BY name LIMIT ?",
            (lower, _end_of(prefix), self._now(), STEP),
        )
        return [row[0] for row in rows]

    def stats(self) -> SqliteStats:
        """Tell what the file holds."""
        entries, size, _, evicted = self._read_counts(self._connections.get())
        file_size = 0
        for suffix in ("", "-wal"):
            with suppress(OSError):
                file_size += Path(self.path + suffix).stat().st_size
        return SqliteStats(entries, size, evicted, file_size)

    # Writing

    def set(
        self,
        name: bytes,
        value: Any,
        milliseconds: int | None,
        if_not_exists: bool,  # noqa: FBT001
    ) -> bool:
        """Set the value of a key, for so long or for ever, and tell whether it was changed."""
        checked = check_wire(value)
        changed: bool = self.transact(self._set, name, checked, milliseconds, if_not_exists)
        return changed

    def set_many(self, items: Iterable[tuple[bytes, Any]], milliseconds: int | None) -> None:
        """Set many values at once."""
        checked = [(name, check_wire(value)) for name, value in items]

        def set_all(connection: sqlite3.Connection) -> None:
            for name, value in checked:
                self._set(connection, name, value, milliseconds, False)  # noqa: FBT003

        self.transact(set_all)

    def expire(self, name: bytes, expires_at: int | None) -> None:
        """Let a key live until then, in epoch milliseconds, or for ever."""

        def expire(connection: sqlite3.Connection) -> None:
            now = self._now()
            if expires_at is not None and expires_at <= now:
                self._delete(connection, name)
            else:
                connection.execute(
                    "UPDATE entries SET expires_at = ?, minute = ? WHERE name = ? "
                    "AND (expires_at IS NULL OR expires_at > ?)",
                    (expires_at, _minute_of(expires_at), name, now),
                )

        self.transact(expire)

    def delete(self, name: bytes) -> bool:
        """Delete a key and tell whether it was there."""
        was_there: bool = self.transact(self._delete, name)
        return was_there

    def delete_many(self, names: Sequence[bytes]) -> None:
        """Delete many keys at once."""

        def delete_all(connection: sqlite3.Connection) -> None:
            for name in names:
                self._delete(connection, name)

        self.transact(delete_all)

    def clear(self) -> None:
        """Delete every key."""

        def clear(connection: sqlite3.Connection) -> None:
            for table in ("claims", "entries", "bigs"):
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 (no input)
            self._counts[:2] = 0, 0

        self.transact(clear)

    def clear_step(self, prefix: bytes) -> bool:
        """Delete some keys that begin with the prefix, and tell whether there may be more."""

        def clear(connection: sqlite3.Connection) -> bool:
            bounds = (prefix, _end_of(prefix))
            connection.execute("DELETE FROM claims WHERE name >= ? AND name < ?", bounds)
            rows = connection.execute(
                "SELECT name, size, big FROM entries WHERE name >= ? AND name < ? LIMIT ?",
                (*bounds, STEP),
            ).fetchall()
            for row in rows:
                self._remove(connection, *row)
            return len(rows) == STEP

        has_more: bool = self.transact(clear)
        return has_more

    # Claims

    def claim(
        self,
        names: Sequence[bytes],
        token: str,
        milliseconds: int,
        takes_over: bool,  # noqa: FBT001 (handed on)
    ) -> list[tuple[str, Any]]:
        """Claim those keys that nobody has claimed, and look them up; see `SqliteLeases`."""

        def claim(connection: sqlite3.Connection) -> list[tuple[str, Any]]:
            now = self._now()
            holders = [
                self._claim(
                    connection,
                    name,
                    token,
                    now=now,
                    until=now + milliseconds,
                    takes_over=takes_over,
                )
                for name in names
            ]
            return list(zip(holders, self.get_many(names), strict=True))

        holders: list[tuple[str, Any]] = self.transact(claim)
        return holders

    def renew(self, names: Sequence[bytes], token: str, milliseconds: int) -> list[bool]:
        """Let the claims of the token stand for so long from now, and tell which still stood."""

        def renew(connection: sqlite3.Connection) -> list[bool]:
            now = self._now()
            return [
                connection.execute(
                    "UPDATE claims SET stands_until = ? "
                    "WHERE name = ? AND token = ? AND stands_until > ?",
                    (now + milliseconds, name, token, now),
                ).rowcount
                == 1
                for name in names
            ]

        stand: list[bool] = self.transact(renew)
        return stand

    def commit(self, commits: Sequence[tuple[bytes, str, Any, int | None]]) -> list[bool]:
        """Store each value whose claim still stands, and end that; tell which were stored.

        Args:
            commits: keys, tokens, values, and milliseconds to live: `None` is for ever, zero has
                what is stored deleted, and `KEPT` is as long as what is stored.
        """
        checked = [(name, token, check_wire(wire), left) for name, token, wire, left in commits]

        def commit(connection: sqlite3.Connection) -> list[bool]:
            stored: list[bool] = []
            for name, token, value, milliseconds in checked:
                stands = self._holder(connection, name, self._now()) == token
                left = self._left(connection, name) if milliseconds == KEPT else milliseconds
                if stands and left == 0:
                    self._delete(connection, name)
                elif stands:
                    self._set(connection, name, value, left, False)  # noqa: FBT003
                stored.append(stands and not (milliseconds == KEPT and left == 0))
            return stored

        stored: list[bool] = self.transact(commit)
        return stored

    def together(
        self, calls: Sequence[tuple[Callable[..., Any], tuple[Any, ...]]]
    ) -> list[tuple[Any, Exception | None]]:
        """Make calls to the methods above in one transaction; give their results and errors.

        If the file fails, nothing is done, and that is the error of all.
        """

        def do_all(_connection: sqlite3.Connection) -> list[tuple[Any, Exception | None]]:
            outcomes: list[tuple[Any, Exception | None]] = []
            for method, arguments in calls:
                try:
                    outcomes.append((method(*arguments), None))
                except sqlite3.Error:
                    raise
                except Exception as error:
                    outcomes.append((None, error))
            return outcomes

        try:
            outcomes: list[tuple[Any, Exception | None]] = self.transact(do_all)
        except sqlite3.Error as error:
            return [(None, copy(error)) for _ in calls]
        return outcomes

    def release(
        self, names: Sequence[bytes], token: str, successor: str, milliseconds: int
    ) -> None:
        """End the claims of the token, or put a successor's in their place for so long."""

        def release(connection: sqlite3.Connection) -> None:
            now = self._now()
            for name in names:
                if self._holder(connection, name, now) != token:
                    continue
                if successor:
                    connection.execute(
                        "UPDATE claims SET token = ?, stands_until = ? WHERE name = ?",
                        (successor, now + milliseconds, name),
                    )
                else:
                    connection.execute(_END_CLAIM, (name,))

        self.transact(release)

    # Transactions

    def transact(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do work on a connection in a transaction: that which is under way, or one of its own.

        Raises:
            sqlite3.Error: if the file is locked, full, read-only or corrupt. Nothing is done then.
        """
        try:
            connection = self._connections.get()
            if connection.in_transaction:
                return work(connection, *arguments)
            with self._writing:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    before = self._read_counts(connection)
                    self._counts[:] = before
                    result = work(connection, *arguments)
                    self._settle(connection, before)
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
                self._give_back(connection)
                return result
        except sqlite3.DatabaseError as error:
            raise self._suffer(error) from None

    def _settle(self, connection: sqlite3.Connection, before: tuple[int, ...]) -> None:
        """Note what was read, make room, and write the counts if they have changed."""
        self._writes += 1
        if self._writes % _SWEEPS_EVERY == 0:
            for row in self._expired(connection):
                self._remove(connection, *row)
        if self._is_bounded:
            self._note_touched(connection)
            if self._is_over():
                self._evict(connection)
        if (*self._counts,) != before:
            connection.execute(
                "UPDATE counts SET entries = ?, bytes = ?, age = ?, evicted = ?", self._counts
            )

    def _read_counts(self, connection: sqlite3.Connection) -> tuple[int, int, int, int]:
        row: tuple[int, int, int, int] = connection.execute(
            "SELECT entries, bytes, age, evicted FROM counts"
        ).fetchone()
        return row

    def _set(
        self,
        connection: sqlite3.Connection,
        name: bytes,
        value: Any,
        milliseconds: int | None,
        if_not_exists: bool,  # noqa: FBT001 (handed on)
    ) -> bool:
        now = self._now()
        found = connection.execute(_FIND, (name,)).fetchone()
        if found is not None and if_not_exists and (found[2] is None or found[2] > now):
            return False
        expires_at = None if milliseconds is None else now + milliseconds
        length = len(value)
        size = len(name) + length + OVERHEAD
        counts = self._counts
        big = None if found is None else found[1]
        if big is not None or length > schema.BIG:
            big, value = self._put_big(connection, big, value, is_big=length > schema.BIG)
        if found is None:
            counts[0] += 1
            counts[1] += size
            counts[2] += 1
            connection.execute(
                _INSERT, (name, value, big, expires_at, _minute_of(expires_at), size, counts[2])
            )
        else:
            counts[1] += size - found[0]
            connection.execute(_UPDATE, (value, big, expires_at, size, name))
            if (minute := _minute_of(expires_at)) != found[3]:
                connection.execute(_UPDATE_MINUTE, (minute, name))
        connection.execute(_END_CLAIM, (name,))
        return True

    def _left(self, connection: sqlite3.Connection, name: bytes) -> int | None:
        """Tell how many milliseconds a key has left: `None` is for ever, zero if it is gone."""
        found = connection.execute(_FIND, (name,)).fetchone()
        if found is None:
            return 0
        return None if found[2] is None else max(found[2] - self._now(), 0)

    def _put_big(
        self, connection: sqlite3.Connection, big: int | None, value: Any, *, is_big: bool
    ) -> tuple[int | None, Any]:
        """Put a value apart, or take apart what is no longer big; give what stands in its row."""
        if not is_big:
            connection.execute("DELETE FROM bigs WHERE id = ?", (big,))
            return None, value
        if big is None:
            row = connection.execute("INSERT INTO bigs (value) VALUES (?)", (value,))
            return row.lastrowid, None
        connection.execute("UPDATE bigs SET value = ? WHERE id = ?", (value, big))
        return big, None

    def _delete(self, connection: sqlite3.Connection, name: bytes) -> bool:
        connection.execute(_END_CLAIM, (name,))
        found = connection.execute(_FIND, (name,)).fetchone()
        if found is None:
            return False
        size, big, expires_at, _ = found
        self._remove(connection, name, size, big)
        return expires_at is None or expires_at > self._now()

    def _remove(
        self, connection: sqlite3.Connection, name: bytes, size: int, big: int | None
    ) -> None:
        connection.execute(_DELETE, (name,))
        if big is not None:
            connection.execute("DELETE FROM bigs WHERE id = ?", (big,))
        self._counts[0] -= 1
        self._counts[1] -= size

    def _claim(
        self,
        connection: sqlite3.Connection,
        name: bytes,
        token: str,
        *,
        now: int,
        until: int,
        takes_over: bool,
    ) -> str:
        holder = None if takes_over else self._holder(connection, name, now)
        if holder is not None:
            return holder
        connection.execute("REPLACE INTO claims VALUES (?, ?, ?)", (name, token, until))
        return token

    def _holder(self, connection: sqlite3.Connection, name: bytes, now: int) -> str | None:
        found = connection.execute(
            "SELECT token FROM claims WHERE name = ? AND stands_until > ?", (name, now)
        ).fetchone()
        return None if found is None else str(found[0])

    # Bounds

    def _is_over(self) -> bool:
        entries, size, _, _ = self._counts
        return (self._max_entries is not None and entries > self._max_entries) or (
            self._max_bytes is not None and size > self._max_bytes
        )

    def _note_touched(self, connection: sqlite3.Connection) -> None:
        """Note which entries were read since the last write, so that reading need not write."""
        if self._touched:
            touched, self._touched = self._touched, set()
            connection.executemany(
                f"UPDATE entries SET hits = hits + 1 WHERE name = ? AND hits < {MOST_HITS}",  # noqa: S608
                [(name,) for name in touched],
            )

    def _evict(self, connection: sqlite3.Connection) -> None:
        """Remove what has expired, then what is old and was not read since it was looked at last.

        This is CLOCK with small counters, also called FIFO with reinsertion: Corbató, "A paging
        experiment with the Multics system", 1969. An old entry that was read goes behind the
        youngest, with one hit less.
        """
        for row in self._expired(connection):
            self._remove(connection, *row)
        counts = self._counts
        while self._is_over():
            name, size, big, hits = connection.execute(
                "SELECT name, size, big, hits FROM entries ORDER BY age LIMIT 1"
            ).fetchone()
            if hits:
                counts[2] += 1
                connection.execute(
                    "UPDATE entries SET age = ?, hits = ? WHERE name = ?",
                    (counts[2], hits - 1, name),
                )
            else:
                self._remove(connection, name, size, big)
                counts[3] += 1

    def _expired(self, connection: sqlite3.Connection) -> list[tuple[bytes, int, int | None]]:
        """Give some of what has expired."""
        now = self._now()
        return connection.execute(
            "SELECT name, size, big FROM entries WHERE minute <= ? AND expires_at <= ? "
            "ORDER BY minute LIMIT 256",
            (_minute_of(now), now),
        ).fetchall()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        """Now and then, give the disk some of what is free in the file."""
        if self._writes % _GIVES_BACK_EVERY:
            return
        with suppress(sqlite3.OperationalError):  # another time
            free = connection.execute("PRAGMA freelist_count").fetchone()[0]
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            if free > max(_PAGES_GIVEN_BACK, pages // 8):
                connection.execute(f"PRAGMA incremental_vacuum({_PAGES_GIVEN_BACK})").fetchall()

    # The file

    def _now(self) -> int:
        return int(self.clock() * 1000)

    def _connect(self) -> sqlite3.Connection:
        with self._writing:
            try:
                connection = schema.connect(self.path, self._busy_timeout)
            except sqlite3.DatabaseError as error:
                if not (self._replaces_damaged and schema.is_damage(error)):
                    raise
                schema.set_aside(self.path, schema.inode_of(self.path), error)
                connection = schema.connect(self.path, self._busy_timeout)
            self._inode = schema.inode_of(self.path)
            return connection

    def _suffer(self, error: sqlite3.DatabaseError) -> sqlite3.DatabaseError:
        """Set the file aside if it is damaged, so that the next operation begins a new one."""
        if self._replaces_damaged and schema.is_damage(error):
            with self._writing:
                schema.set_aside(self.path, self._inode, error)
                self._connections.drop()
        return error


def check_wire(value: object) -> Any:
    """Refuse what the file cannot keep as it is.

    Raises:
        TypeError: for anything that is neither bytes nor text.
    """
    if isinstance(value, str) or value.__class__ is bytes:
        return value
    if isinstance(value, BUFFERS):
        return bytes(value)  # type: ignore[call-overload]  # they are bytes-like
    msg = (
        f"SQLite stores bytes and text, not a {type(value).__name__}: "
        "use a serializer that makes bytes, such as `msgpack://` or `json://`"
    )
    raise TypeError(msg)


def check_bounds(max_entries: int | None, max_bytes: int | None) -> None:
    """Refuse bounds that cannot work.

    Raises:
        ConfigurationError: for one that is not positive.
    """
    for name, bound in (("max_entries", max_entries), ("max_bytes", max_bytes)):
        if bound is not None and bound < 1:
            msg = f"{name}={bound} leaves no room for anything: give a positive number, or None"
            raise ConfigurationError(msg)


def _minute_of(milliseconds: int | None) -> int | None:
    return None if milliseconds is None else milliseconds // 60_000


def _end_of(prefix: bytes) -> bytes:
    """Give what comes after all keys that begin with the prefix; no byte of UTF-8 is so big."""
    return prefix + b"\xff"

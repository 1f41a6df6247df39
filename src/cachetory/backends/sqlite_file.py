"""A cache in a SQLite file that threads and processes share, without any colour.

Each thread has a connection of its own. Writes of a process take turns before they ask SQLite for
the turn of the process, since its waiting is by polling. Readers wait for nobody.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from copy import copy
from pathlib import Path
from time import monotonic, time
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from cachetory._core.magic import BUFFERS
from cachetory._runtime.process import PerThread, fork_safe_lock
from cachetory.backends import sqlite_schema as schema
from cachetory.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cachetory._runtime.process import Lock

T = TypeVar("T")

STEP = 1000
"""How many entries are deleted, or listed, at a time, so that nobody waits for long."""

KEEP = -1
"""Instead of milliseconds to live: the end of what is there is kept."""

OVERHEAD = 64
"""Bytes that an entry takes besides its key and value, roughly."""

MOST_HITS = 3
"""How often an entry is spared at most before it has to be read again."""

TOUCHED_AT_MOST = 1024
"""How many keys that were read are remembered until the next write, which notes them."""

MOST_SPARED = 1000
"""How many entries are spared in one transaction at most, so that nobody waits for long."""

_SWEEPS_EVERY = 64
_GIVES_BACK_EVERY = 128
_PAGES_GIVEN_BACK = 256
_LOOKS_EVERY = 1.0
_MOST_SWEPT = 256
_SWEPT_FOR = 1000
_MOST_PATIENCE = 86_400.0

_GET = (
    "SELECT coalesce(value, (SELECT value FROM bigs WHERE id = big)) FROM entries "
    "WHERE name = ? AND (expires_at IS NULL OR expires_at > ?)"
)
_FIND = "SELECT size, big, expires_at, minute FROM entries WHERE name = ?"
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
        self._patience = min(max(busy_timeout, 0.0), _MOST_PATIENCE)
        self._replaces_damaged = replaces_damaged
        self._inode: int | None = None
        self._looked_at = 0.0
        self._connections = PerThread(self._connect, sqlite3.Connection.close)
        self._opening = fork_safe_lock()
        self._writing = fork_safe_lock()
        self._current: sqlite3.Connection | None = None  # while `_writing` is held
        self._counts = [0, 0, 0, 0]  # entries, bytes, age, evicted; within a transaction
        self._touched: set[bytes] = set()
        self._writes = 0
        self._swept_at = -_SWEPT_FOR

    def close(self) -> None:
        """Close all connections at rest, the others after use; later operations open new ones."""
        self._connections.close()

    # Reading

    def get(self, name: bytes) -> Any:
        """Give the value of a key; `None` if there is none."""
        return self._read(self._get, name)

    def get_many(self, names: Sequence[bytes]) -> list[Any]:
        """Give the values of keys, all from the same instant."""
        return self._read(self._get_many, names)

    def contains(self, name: bytes) -> bool:
        """Tell whether a key has a value."""
        return self.get(name) is not None

    def keys(self, prefix: bytes, after: bytes | None = None) -> list[str]:
        """List keys that begin with the prefix in order, a step of those that come after one."""
        return self._read(self._keys, prefix, after)

    def stats(self) -> SqliteStats:
        """Tell what the file holds."""
        entries, size, _, evicted = self._read(self._read_counts)
        file_size = 0
        for suffix in ("", "-wal"):
            with suppress(OSError):
                file_size += Path(self.path + suffix).stat().st_size
        return SqliteStats(entries, size, evicted, file_size)

    def _read(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do work on a connection, outside of a transaction."""
        if monotonic() - self._looked_at > _LOOKS_EVERY:
            self._look()
        number = self._connections.round
        try:
            with self._connections.use() as connection:
                return work(connection, *arguments)
        except sqlite3.DatabaseError as error:
            self._suffer(error, number)
            raise

    def _get(self, connection: sqlite3.Connection, name: bytes) -> Any:
        row = connection.execute(_GET, (name, self._now())).fetchone()
        if row is None:
            return None
        if self._is_bounded and len(self._touched) < TOUCHED_AT_MOST:
            self._touched.add(name)
        return row[0]

    def _get_many(self, connection: sqlite3.Connection, names: Sequence[bytes]) -> list[Any]:
        try:
            connection.execute("BEGIN")
            return [self._get(connection, name) for name in names]
        finally:
            if connection.in_transaction:
                connection.execute("COMMIT")

    def _keys(
        self, connection: sqlite3.Connection, prefix: bytes, after: bytes | None
    ) -> list[str]:
        lower, comparison = (prefix, ">=") if after is None else (after, ">")
        rows = connection.execute(
            f"SELECT name FROM entries WHERE name {comparison} ? AND name < ? "  # noqa: S608
            "AND (expires_at IS NULL OR expires_at > ?) ORDER BY name LIMIT ?",
            (lower, _end_of(prefix), self._now(), STEP),
        )
        try:
            return [row[0].decode("utf-8", "surrogatepass") for row in rows]
        except (AttributeError, UnicodeDecodeError):
            raise _malformed() from None

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
            return [
                (holder, self._get(connection, name))
                for holder, name in zip(holders, names, strict=True)
            ]

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
                what is stored deleted, and `KEEP` leaves the time to live as it is.
        """
        checked = [(name, token, check_wire(wire), left) for name, token, wire, left in commits]

        def commit(connection: sqlite3.Connection) -> list[bool]:
            stored: list[bool] = []
            for name, token, value, milliseconds in checked:
                stands = self._holder(connection, name, self._now()) == token
                if stands and milliseconds == 0:
                    self._delete(connection, name)
                elif stands:
                    stands = self._set(connection, name, value, milliseconds, False)  # noqa: FBT003
                stored.append(stands)
            return stored

        stored: list[bool] = self.transact(commit)
        return stored

    def together(
        self, calls: Sequence[tuple[Callable[..., Any], tuple[Any, ...]]]
    ) -> list[tuple[Any, Exception | None]]:
        """Make calls to the methods above in one transaction; give their results and errors.

        What fails is done again without the others, unless there is no more patience left.
        """

        def do_all(_connection: sqlite3.Connection) -> list[tuple[Any, Exception | None]]:
            return [(method(*arguments), None) for method, arguments in calls]

        try:
            outcomes: list[tuple[Any, Exception | None]] = self.transact(do_all)
        except Exception as error:
            if len(calls) == 1 or schema.is_busy(error):
                return [(None, copy(error)) for _ in calls]
            half = len(calls) // 2
            return self.together(calls[:half]) + self.together(calls[half:])
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
        self._take(self._writing)
        try:
            if self._current is not None:
                return work(self._current, *arguments)
            self._look()
            number = self._connections.round
            try:
                with self._connections.use() as connection:
                    return self._transact(connection, work, *arguments)
            except sqlite3.DatabaseError as error:
                self._suffer(error, number)
                raise
        finally:
            self._writing.release()

    def _take(self, lock: Lock) -> None:
        """Take a lock, unless those who have it have to wait for too long."""
        if not lock.acquire(timeout=self._patience):
            msg = "database is locked: other threads wait for it too"
            raise sqlite3.OperationalError(msg)

    def _transact(
        self, connection: sqlite3.Connection, work: Callable[..., Any], *arguments: Any
    ) -> Any:
        try:
            connection.execute("BEGIN IMMEDIATE")
            self._current = connection
            before = self._read_counts(connection)
            self._counts[:] = before
            result = work(connection, *arguments)
            self._settle(connection, before)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        finally:
            self._current = None
        self._give_back(connection)
        return result

    def _settle(self, connection: sqlite3.Connection, before: tuple[int, ...]) -> None:
        """Note what was read, make room, and write the counts if they have changed."""
        self._writes += 1
        if self._writes % _SWEEPS_EVERY == 0:
            self._sweep(connection)
            connection.execute("DELETE FROM claims WHERE stands_until <= ?", (self._now(),))
        if self._is_bounded:
            self._note_touched(connection)
            if self._is_over():
                self._evict(connection)
        if (*self._counts,) != before:
            connection.execute(
                "UPDATE counts SET entries = ?, bytes = ?, age = ?, evicted = ?", self._counts
            )

    def _read_counts(self, connection: sqlite3.Connection) -> tuple[int, int, int, int]:
        row: tuple[int, int, int, int] | None = connection.execute(
            "SELECT entries, bytes, age, evicted FROM counts"
        ).fetchone()
        if row is None:
            raise _malformed()
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
        if milliseconds == KEEP:
            if found is None or (found[2] is not None and found[2] <= now):
                return False
            expires_at = found[2]
        length = len(value.encode()) if isinstance(value, str) else len(value)
        size = len(name) + length + OVERHEAD
        if self._max_bytes is not None and size > self._max_bytes:
            self._delete(connection, name)
            return False
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
                [(name,) for name in list(touched)],  # a reader may just be adding one
            )

    def _evict(self, connection: sqlite3.Connection) -> None:
        """Remove what has expired, then what is old and was not read since it was looked at last.

        This is CLOCK with small counters, also called FIFO with reinsertion: Corbató, "A paging
        experiment with the Multics system", 1969. An old entry that was read goes behind the
        youngest, with one hit less.
        """
        self._sweep(connection)
        counts = self._counts
        spared = min(MOST_SPARED, (counts[0] - 1) // 2)  # what was written last is not reached
        while self._is_over():
            row = connection.execute(
                "SELECT name, size, big, hits FROM entries ORDER BY age LIMIT 1"
            ).fetchone()
            if row is None:
                raise _malformed()
            name, size, big, hits = row
            if hits and spared:
                spared -= 1
                counts[2] += 1
                connection.execute(
                    "UPDATE entries SET age = ?, hits = ? WHERE name = ?",
                    (counts[2], hits - 1, name),
                )
            else:
                self._remove(connection, name, size, big)
                counts[3] += 1

    def _sweep(self, connection: sqlite3.Connection) -> None:
        """Remove some of what has expired; if that was all, there is no more for a while.

        Those that expire later in this minute are looked at too, which may be many.
        """
        now = self._now()
        if abs(now - self._swept_at) < _SWEPT_FOR:
            return
        rows = connection.execute(
            "SELECT name, size, big FROM entries WHERE minute <= ? AND expires_at <= ? "
            "ORDER BY minute LIMIT ?",
            (_minute_of(now), now, _MOST_SWEPT),
        ).fetchall()
        for row in rows:
            self._remove(connection, *row)
        if len(rows) < _MOST_SWEPT:
            self._swept_at = now

    def _give_back(self, connection: sqlite3.Connection) -> None:
        """Now and then, give the disk some of what is free in the file."""
        if self._writes % _GIVES_BACK_EVERY:
            return
        with suppress(sqlite3.OperationalError):  # another time
            free = connection.execute("PRAGMA freelist_count").fetchone()[0]
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            if free > max(_PAGES_GIVEN_BACK, pages // 8):
                # `execute` would stop after the first page.
                connection.executescript(f"PRAGMA incremental_vacuum({_PAGES_GIVEN_BACK})")

    # The file

    def _now(self) -> int:
        return round(self.clock() * 1000)

    def _connect(self) -> sqlite3.Connection:
        self._take(self._opening)
        try:
            with schema.turn(self.path, self._patience):
                connection = self._open()
                inode = schema.inode_of(self.path)
                if self._inode not in {None, inode}:  # other threads have another file
                    self._connections.close()
                self._inode = inode
                self._looked_at = monotonic()
                return connection
        finally:
            self._opening.release()

    def _open(self) -> sqlite3.Connection:
        try:
            return schema.connect(self.path, self._patience)
        except sqlite3.DatabaseError as error:
            if not (self._replaces_damaged and schema.is_damage(error)):
                raise
            try:
                schema.set_aside(self.path, error)
            except OSError:  # the directory is read-only
                raise error from None
        return schema.connect(self.path, self._patience)

    def _look(self) -> None:
        """Let go of a file that is not there any more: others use another one by now."""
        self._looked_at = monotonic()
        if self._inode is not None and schema.inode_of(self.path) != self._inode:
            self._connections.close()

    def _suffer(self, error: sqlite3.DatabaseError, number: int) -> None:
        """Set the file aside if it is damaged, so that the next operation begins a new one.

        Args:
            error: what a connection met.
            number: that of the round of connections that it belongs to.
        """
        if not (self._replaces_damaged and schema.is_damage(error)):
            return
        with suppress(OSError, sqlite3.OperationalError), self._opening:
            if number != self._connections.round:
                return
            with schema.turn(self.path, self._patience):
                if schema.inode_of(self.path) == self._inode:
                    schema.set_aside(self.path, error)
            self._connections.close()


def _malformed() -> sqlite3.DatabaseError:
    return sqlite3.DatabaseError("malformed: the counts are wrong, or the keys are none")


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

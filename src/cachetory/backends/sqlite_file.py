"""The entries of a cache in a SQLite file, and the claims to their keys, without any colour."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from copy import copy
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple

from cachetory._core.magic import BUFFERS
from cachetory.backends.sqlite_access import SqliteAccess
from cachetory.backends.sqlite_bounds import COUNTS, Bounds, Counts, malformed, minute_of, size_of
from cachetory.backends.sqlite_errors import describe, describes_errors, is_busy
from cachetory.backends.sqlite_schema import BIG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cachetory.backends.sqlite_bounds import Bound
    from cachetory.backends.sqlite_schema import Connection

STEP = 1000
"""How many entries are deleted, or listed, at a time, so that nobody waits for long."""

RENEWED_AT_MOST = 256
"""For how many keys stamps are renewed one by one; for more, all are."""

KEEP = -1
"""Instead of milliseconds to live: the end of what is there is kept."""


_GET = (
    "SELECT coalesce(value, (SELECT value FROM bigs WHERE id = big)), expires_at FROM entries "
    "WHERE name = ? AND (expires_at IS NULL OR expires_at > ?)"
)
_REPLACE = (
    "UPDATE entries SET value = ?, expires_at = ? "
    "WHERE name = ? AND size = ? AND minute IS ? AND big IS NULL "
    "AND NOT EXISTS (SELECT 1 FROM claims WHERE claims.name = entries.name)"
)
_FIND = (
    "SELECT size, big, expires_at, minute, "  # noqa: S608 (no input)
    f"EXISTS (SELECT 1 FROM claims WHERE claims.name = ?), {COUNTS} "
    "FROM counts LEFT JOIN entries ON entries.name = ?"
)
_INSERT = "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, 0)"
_UPDATE = "UPDATE entries SET value = ?, big = ?, expires_at = ?, size = ? WHERE name = ?"
_UPDATE_MINUTE = "UPDATE entries SET minute = ? WHERE name = ?"
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
    max_entries: int | None
    """How many entries there may be; `None` for no limit."""
    max_bytes: int | None
    """What they may take, in `bytes`; `None` for no limit."""


class _Known(NamedTuple):
    """What is known of a key that is to be written."""

    size: int | None
    """`None` if there is no entry."""
    big: int | None
    expires_at: int | None
    minute: int | None
    is_claimed: int


class SqliteFile(SqliteAccess):
    """The entries of a file.

    Args:
        path: the file.
        max_entries: how many entries it holds at most.
        max_bytes: how many bytes they may take.
        busy_timeout: seconds to wait for the turn of others.
        memory_bytes: how much may be taken by what was read lately.
        replaces_damaged: whether a cache file that is corrupt is set aside.
        clock: epoch seconds, by which entries expire.

    Raises:
        ConfigurationError: for bounds that cannot work.
    """

    def __init__(
        self,
        path: str,
        *,
        max_entries: Bound = "kept",
        max_bytes: Bound = "kept",
        busy_timeout: float = 1.0,
        memory_bytes: int = 0,
        replaces_damaged: bool = True,
        clock: Callable[[], float] = time,
    ) -> None:
        super().__init__(
            path,
            busy_timeout=busy_timeout,
            memory_bytes=memory_bytes,
            replaces_damaged=replaces_damaged,
        )
        self._clock = clock
        self._bounds = Bounds(max_entries, max_bytes, self._now)
        self._counts: Counts | None = None  # of the transaction under way, once they were read
        self._written: set[bytes] = set()  # by the transaction under way
        self._has_cleared = False  # that transaction, so that any key may be gone
        self._replaces = False  # whether a value was there when the last one was set

    # Reading

    def recall(self, name: bytes) -> Any:
        """Give the value of a key that was read lately, if it is still true; else `None`."""
        value = self._watch.recent.get(name, self._now)
        if value is not None:
            self._bounds.touch(name)
        return value

    @describes_errors
    def get(self, name: bytes) -> Any:
        """Give the value of a key; `None` if there is none."""
        return self._get_noted(name)

    @describes_errors
    def get_many(self, names: Sequence[bytes]) -> list[Any]:
        """Give the values of keys, all from the same instant."""
        return self.read(self._get_many, names)

    @describes_errors
    def contains(self, name: bytes) -> bool:
        """Tell whether a key has a value."""
        return self._get_noted(name) is not None

    @describes_errors
    def keys(self, prefix: bytes, after: bytes | None = None) -> list[str]:
        """List keys that begin with the prefix in order, a step of those that come after one."""
        return self.read(self._keys, prefix, after)

    @describes_errors
    def stats(self) -> SqliteStats:
        """Tell what the file holds."""
        counts = self.read(Counts.read)
        file_size = 0
        for suffix in ("", "-wal"):
            with suppress(OSError):
                file_size += Path(self.path + suffix).stat().st_size
        return SqliteStats(
            counts.entries,
            counts.bytes,
            counts.evicted,
            file_size,
            counts.max_entries,
            counts.max_bytes,
        )

    def _get_noted(self, name: bytes) -> Any:
        """Return the value of a key; note it as read lately."""
        recent = self._watch.recent
        mark = recent.mark(name)
        value, expires_at = self.read(self._find_value, name)
        if mark is not None and value is not None:
            recent.put(name, value, expires_at, mark)
        return value

    def _get(self, connection: Connection, name: bytes) -> Any:
        """Get a value as of this transaction; a value of before is not to be given after that."""
        self._watch.recent.drop(name)
        return self._find_value(connection, name)[0]

    def _find_value(self, connection: Connection, name: bytes) -> tuple[Any, Any]:
        row = connection.execute(_GET, (name, self._now())).fetchone()
        if row is None:
            return (None, None)
        self._bounds.touch(name)
        found: tuple[Any, Any] = row
        return found

    def _get_many(self, connection: Connection, names: Sequence[bytes]) -> list[Any]:
        try:
            connection.execute("BEGIN")
            return [self._get(connection, name) for name in names]
        finally:
            if connection.in_transaction:
                connection.execute("COMMIT")

    def _keys(self, connection: Connection, prefix: bytes, after: bytes | None) -> list[str]:
        lower, comparison = (prefix, ">=") if after is None else (after, ">")
        rows = connection.execute(
            f"SELECT name FROM entries WHERE name {comparison} ? AND name < ? "  # noqa: S608
            "AND (expires_at IS NULL OR expires_at > ?) ORDER BY name LIMIT ?",
            (lower, _end_of(prefix), self._now(), STEP),
        )
        try:
            return [row[0].decode("utf-8", "surrogatepass") for row in rows.fetchall()]
        except (AttributeError, UnicodeDecodeError):
            raise malformed() from None

    # Writing

    @describes_errors
    def set(
        self,
        name: bytes,
        value: Any,
        milliseconds: int | None,
        if_not_exists: bool,  # noqa: FBT001
    ) -> bool:
        """Set the value of a key, for so long or for ever, and tell whether it was changed."""
        checked = check_wire(value)
        if self._replaces and not if_not_exists and not self._bounds.are_due():
            self._replaces = self.write(self._replace, name, checked, milliseconds)
            if self._replaces:
                return True
        changed: bool = self.transact(self._set, name, checked, milliseconds, if_not_exists)
        return changed

    @describes_errors
    def set_many(self, items: Iterable[tuple[bytes, Any]], milliseconds: int | None) -> None:
        """Set many values at once."""
        checked = [(name, check_wire(value)) for name, value in items]

        def set_all(connection: Connection) -> None:
            for name, value in checked:
                self._set(connection, name, value, milliseconds, False)  # noqa: FBT003

        self.transact(set_all)

    @describes_errors
    def expire(self, name: bytes, expires_at: int | None) -> None:
        """Let a key live until then, in epoch milliseconds, or for ever."""

        def expire(connection: Connection) -> None:
            now = self._now()
            self._written.add(name)
            if expires_at is not None and expires_at <= now:
                self._delete(connection, name)
            else:
                connection.execute(
                    "UPDATE entries SET expires_at = ?, minute = ? WHERE name = ? "
                    "AND (expires_at IS NULL OR expires_at > ?)",
                    (expires_at, minute_of(expires_at), name, now),
                )

        self.transact(expire)

    @describes_errors
    def delete(self, name: bytes) -> bool:
        """Delete a key and tell whether it was there."""
        was_there: bool = self.transact(self._delete, name)
        return was_there

    @describes_errors
    def delete_many(self, names: Sequence[bytes]) -> None:
        """Delete many keys at once."""

        def delete_all(connection: Connection) -> None:
            for name in names:
                self._delete(connection, name)

        self.transact(delete_all)

    @describes_errors
    def clear(self) -> None:
        """Delete every key."""

        def clear(connection: Connection) -> None:
            for table in ("claims", "entries", "bigs"):
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 (no input)
            self._has_cleared = True
            counts = self._counted(connection)
            counts.entries = counts.bytes = 0

        self.transact(clear)

    @describes_errors
    def clear_step(self, prefix: bytes) -> bool:
        """Delete some keys that begin with the prefix, and tell whether there may be more."""

        def clear(connection: Connection) -> bool:
            bounds = (prefix, _end_of(prefix))
            connection.execute("DELETE FROM claims WHERE name >= ? AND name < ?", bounds)
            rows = connection.execute(
                "SELECT name, size, big FROM entries WHERE name >= ? AND name < ? LIMIT ?",
                (*bounds, STEP),
            ).fetchall()
            self._has_cleared = True
            counts = self._counted(connection)
            for row in rows:
                counts.remove(connection, *row)
            return len(rows) == STEP

        has_more: bool = self.transact(clear)
        return has_more

    # Claims

    @describes_errors
    def claim(
        self,
        names: Sequence[bytes],
        token: str,
        milliseconds: int,
        takes_over: bool,  # noqa: FBT001 (handed on)
    ) -> list[tuple[str, Any]]:
        """Claim those keys that nobody has claimed, and look them up; see `SqliteLeases`."""

        def claim(connection: Connection) -> list[tuple[str, Any]]:
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

    @describes_errors
    def renew(self, names: Sequence[bytes], token: str, milliseconds: int) -> list[bool]:
        """Let the claims of the token stand for so long from now, and tell which still stood."""

        def renew(connection: Connection) -> list[bool]:
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

    @describes_errors
    def commit(self, commits: Sequence[tuple[bytes, str, Any, int | None]]) -> list[bool]:
        """Store each value whose claim still stands, and end that; tell which were stored.

        Args:
            commits: keys, tokens, values, and milliseconds to live: `None` is for ever, zero has
                what is stored deleted, and `KEEP` leaves the time to live as it is.
        """
        checked = [(name, token, check_wire(wire), left) for name, token, wire, left in commits]

        def commit(connection: Connection) -> list[bool]:
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

        def do_all(_connection: Connection | None = None) -> list[tuple[Any, Exception | None]]:
            return [(method(*arguments), None) for method, arguments in calls]

        try:
            outcomes: list[tuple[Any, Exception | None]]
            outcomes = do_all() if len(calls) == 1 else self.transact(do_all)
        except Exception as error:
            if len(calls) == 1:
                return [(None, copy(error))]
            if isinstance(error, sqlite3.Error) and is_busy(error):
                return [(None, describe(copy(error), it.__name__, self.path)) for it, _ in calls]
            half = len(calls) // 2
            return self.together(calls[:half]) + self.together(calls[half:])
        return outcomes

    @describes_errors
    def release(
        self, names: Sequence[bytes], token: str, successor: str, milliseconds: int
    ) -> None:
        """End the claims of the token, or put a successor's in their place for so long."""

        def release(connection: Connection) -> None:
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

    # Within a transaction, or as one

    def _replace(
        self, connection: Connection, name: bytes, value: Any, milliseconds: int | None
    ) -> bool:
        """Set a value if that takes one statement, and tell whether it did.

        That is if one of about the same size is there, expires about then, and is not claimed.
        """
        length = _length_of(value)
        if length > BIG:
            return False
        expires_at = None if milliseconds is None else self._now() + milliseconds
        row = (value, expires_at, name, size_of(name, length), minute_of(expires_at))
        try:
            is_done = connection.execute(_REPLACE, row).rowcount == 1
        except sqlite3.Error:
            raise
        except BaseException:  # a signal's: perhaps it was done
            self._has_written(connection, name)
            raise
        if is_done:
            self._has_written(connection, name)
        return is_done

    def _has_written(self, connection: Connection, name: bytes) -> None:
        """Hear that one statement has changed a key."""
        self._written.add(name)
        if self._current is None:  # so this was a transaction of its own
            self._bounds.writes += 1
            self._ended(connection)

    def _within(self, connection: Connection, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do work, and keep count of what there is."""
        self._counts = None
        result = work(connection, *arguments)
        counts = self._counted(connection)
        self._bounds.settle(connection, counts)
        counts.write(connection)
        self._written.update(counts.removed)
        return result

    def _ended(self, connection: Connection) -> None:
        """Let all know what was written, whether it was committed or not."""
        written, self._written = self._written, set()
        if (stamps := connection.stamps) is not None:
            if self._has_cleared or len(written) > RENEWED_AT_MOST:
                stamps.renew_all()
            else:
                stamps.renew(written)
        self._has_cleared = False

    def _begun_anew(self) -> None:
        """Want of a new file what was wanted of the last one."""
        self._bounds.are_lost()

    def _after(self, connection: Connection) -> None:
        """Give the disk some of what is free."""
        self._bounds.are_kept()
        self._bounds.give_back(connection)

    def _set(
        self,
        connection: Connection,
        name: bytes,
        value: Any,
        milliseconds: int | None,
        if_not_exists: bool,  # noqa: FBT001 (handed on)
    ) -> bool:
        now = self._now()
        found, counts = self._find(connection, name)
        is_there = found.size is not None and (found.expires_at is None or found.expires_at > now)
        if is_there and if_not_exists:
            return False
        expires_at = None if milliseconds is None else now + milliseconds
        if milliseconds == KEEP:
            if not is_there:
                return False
            expires_at = found.expires_at
        length = _length_of(value)
        size = size_of(name, length)
        if counts.leave_no_room(size):
            self._delete(connection, name)
            return False
        self._written.add(name)
        minute = minute_of(expires_at)
        big = found.big
        if big is not None or length > BIG:
            big, value = self._put_big(connection, big, value, is_big=length > BIG)
        if found.size is None:
            counts.entries += 1
            counts.bytes += size
            counts.age += 1
            connection.execute(_INSERT, (name, value, big, expires_at, minute, size, counts.age))
        else:
            counts.bytes += size - found.size
            connection.execute(_UPDATE, (value, big, expires_at, size, name))
            if minute != found.minute:
                connection.execute(_UPDATE_MINUTE, (minute, name))
        if found.is_claimed:
            connection.execute(_END_CLAIM, (name,))
        else:
            self._replaces = big is None and (found.size, found.minute) == (size, minute)
        return True

    def _put_big(
        self, connection: Connection, big: int | None, value: Any, *, is_big: bool
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

    def _delete(self, connection: Connection, name: bytes) -> bool:
        found, counts = self._find(connection, name)
        self._written.add(name)  # also if others have deleted it, and have not told yet
        if found.is_claimed:
            connection.execute(_END_CLAIM, (name,))
        if found.size is None:
            return False
        counts.remove(connection, name, found.size, found.big)
        return found.expires_at is None or found.expires_at > self._now()

    def _find(self, connection: Connection, name: bytes) -> tuple[_Known, Counts]:
        """Tell what is known of a key; the counts come along, and so cost no further statement."""
        row = connection.execute(_FIND, (name, name)).fetchone()
        if row is None:
            raise malformed()
        return _Known(*row[:5]), self._counts or self._begin(Counts(row[5:]))

    def _counted(self, connection: Connection) -> Counts:
        """Give the counts of the transaction under way."""
        return self._counts or self._begin(Counts.read(connection))

    def _begin(self, counts: Counts) -> Counts:
        """Take what a transaction finds, and what is wanted."""
        self._bounds.apply(counts)
        self._counts = counts
        return counts

    def _claim(
        self,
        connection: Connection,
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

    def _holder(self, connection: Connection, name: bytes, now: int) -> str | None:
        found = connection.execute(
            "SELECT token FROM claims WHERE name = ? AND stands_until > ?", (name, now)
        ).fetchone()
        return None if found is None else str(found[0])

    def _now(self) -> int:
        return round(self._clock() * 1000)


def _length_of(value: bytes | str) -> int:
    return len(value.encode()) if isinstance(value, str) else len(value)


def check_wire(value: object) -> Any:
    """Refuse what the file cannot keep as it is.

    Raises:
        TypeError: for anything that is neither bytes nor text.
    """
    if isinstance(value, str) or value.__class__ is bytes:
        return value
    if isinstance(value, BUFFERS):
        return bytes(value)  # type: ignore[call-overload]  # they are bytes-like  # pyright: ignore[reportArgumentType]
    msg = (
        f"SQLite stores bytes and text, not a {type(value).__name__}: "
        "use a serializer that makes bytes, such as `msgpack://` or `json://`"
    )
    raise TypeError(msg)


def _end_of(prefix: bytes) -> bytes:
    """Give what comes after all keys that begin with the prefix; no byte of UTF-8 is so big."""
    return prefix + b"\xff"

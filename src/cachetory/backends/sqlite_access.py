"""Access to a SQLite file that threads and processes share, for whatever is done to it.

Each thread has a connection of its own. Writes of a process take turns before they ask SQLite for
the turn of the process, since that waiting is by polling. Readers wait for nobody, as a rule. What
they have read lately is known to the whole process.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, TypeVar

from cachetory._runtime.chance import chance
from cachetory._runtime.process import PerThread, fork_safe_lock
from cachetory.backends import sqlite_schema as schema
from cachetory.backends.sqlite_recent import Recent
from cachetory.backends.sqlite_stamps import SUFFIX, Stamps

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory._runtime.process import Lock
    from cachetory.backends.sqlite_schema import Connection

T = TypeVar("T")

SHORTEST_PAUSE = 0.00005
LONGEST_PAUSE = 0.002
"""Seconds between two attempts to have one's turn, which grow from one to the other."""

_MOST_PATIENCE = 86_400.0


class SqliteAccess:
    """Does work on the connections to a file; each piece is given one, and what it is called with.

    Args:
        path: the file.
        busy_timeout: seconds to wait for the turn of others.
        replaces_damaged: whether a file that is corrupt or somebody else's is set aside.
        memory_bytes: how much may be taken by what was read lately.
    """

    def __init__(
        self, path: str, *, busy_timeout: float, replaces_damaged: bool, memory_bytes: int = 0
    ) -> None:
        self.path = path
        self._patience = min(max(busy_timeout, 0.0), _MOST_PATIENCE)
        self._replaces_damaged = replaces_damaged
        self._memory_bytes = memory_bytes
        self._inode: int | None = None
        self._era = 0
        self._recent = Recent(None, 0)
        self._connections = PerThread(self._connect, schema.Connection.close)
        self._opening = fork_safe_lock()
        self._writing = fork_safe_lock()
        self._current: Connection | None = None  # while `_writing` is held

    def close(self) -> None:
        """Close all connections at rest, the others after use; later operations open new ones."""
        self._recent = Recent(None, 0)
        self._connections.close()

    def read(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do work on a connection, outside of a transaction; again, if others are in the way."""
        since = monotonic()
        if since > self._recent.until:
            self._read_anew()
        patience: _Patience | None = None
        while True:
            number = self._connections.round
            try:
                with self._connections.use() as connection:
                    return work(connection, *arguments)
            except sqlite3.DatabaseError as error:
                patience = patience or _Patience(since + self._patience)
                if not patience.outlasts(error):
                    self._suffer(error, number)
                    raise

    def transact(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do work on a connection in a transaction: that which is under way, or one of its own.

        Raises:
            sqlite3.Error: if the file is locked, full, read-only or corrupt. Nothing is done then.
        """
        return self._in_turn(self._transact, work, *arguments)

    def write(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do work that is one statement, which SQLite makes a transaction if none is under way.

        Raises:
            sqlite3.Error: see `transact`.
        """
        result: T = self._in_turn(self._patiently, work, *arguments)
        return result

    def _in_turn(self, do: Callable[..., T], work: Callable[..., Any], *arguments: Any) -> T:
        """Write, while no other thread does."""
        self._take(self._writing)
        try:
            if self._current is not None:
                result: T = work(self._current, *arguments)
                return result
            self._look()
            number = self._connections.round
            try:
                with self._connections.use() as connection:
                    return do(connection, work, *arguments)
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

    def _transact(self, connection: Connection, work: Callable[..., Any], *arguments: Any) -> Any:
        try:
            self._patiently(connection, _begin)
            self._current = connection
            result = self._within(connection, work, *arguments)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        finally:
            self._current = None
            self._ended(connection)
        self._after(connection)
        return result

    def _patiently(self, connection: Connection, work: Callable[..., T], *arguments: Any) -> T:
        """Do work, and again while others are in the way."""
        try:
            return work(connection, *arguments)
        except sqlite3.OperationalError as error:
            patience = _Patience(monotonic() + self._patience)
            last = error
        while patience.outlasts(last):
            try:
                return work(connection, *arguments)
            except sqlite3.OperationalError as error:
                last = error
        raise last

    def _within(self, connection: Connection, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do work in a transaction that has just begun."""
        return work(connection, *arguments)

    def _ended(self, connection: Connection) -> None:
        """Hear that a transaction has ended, one way or the other."""

    def _after(self, connection: Connection) -> None:
        """Do what is to be done after a transaction that was committed."""

    def _connect(self) -> Connection:
        self._take(self._opening)
        try:
            with schema.turn(self.path, self._patience):
                there = schema.inode_of(self.path)
                connection = self._open()
                inode = schema.inode_of(self.path)
                if self._inode not in {None, inode}:  # other threads have another file
                    self.close()
                self._inode = inode
                if schema.is_written_ahead(connection):
                    connection.stamps = self._open_stamps(is_new=inode != there)
                return connection
        finally:
            self._opening.release()

    def _open(self) -> Connection:
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

    def _open_stamps(self, *, is_new: bool) -> Stamps | None:
        """Begin to remember what is read, if all who write to the file can be heard of."""
        stamps = self._recent.stamps
        if stamps is None or not self._is_current(stamps):
            stamps = Stamps.open(self.path)
            self._recent = Recent(stamps, self._memory_bytes)
        if stamps is not None:
            if is_new:
                stamps.begin_era()
            self._era = stamps.era
        return stamps

    def _is_current(self, stamps: Stamps) -> bool:
        return schema.inode_of(self.path + SUFFIX) == stamps.inode

    def _look(self) -> None:
        """Let go of a file that is not there any more: others use another one by now.

        That they began one is heard of at once; that it was taken away is looked for now and then.
        """
        stamps = self._recent.stamps
        if stamps is None or stamps.era != self._era:
            self._look_closely()
        elif monotonic() > self._recent.until:
            self._read_anew()

    def _read_anew(self) -> None:
        """Forget what was read, and look whether the files are still those that others use."""
        stamps = self._recent.stamps
        if stamps is not None and not self._is_current(stamps):
            self.close()
        self._look_closely()
        self._recent = Recent(self._recent.stamps, self._memory_bytes)

    def _look_closely(self) -> None:
        if self._inode is not None and schema.inode_of(self.path) != self._inode:
            self.close()

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
                    if self._recent.stamps is not None:
                        self._recent.stamps.begin_era()
            self.close()


def _begin(connection: Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")


class _Patience:
    """Waits while others keep the file to themselves, and tries again until it is exhausted.

    SQLite itself sleeps for a millisecond at least, in which dozens of transactions can be made,
    and for up to 100 ms after that.
    """

    __slots__ = ("_deadline", "_pause")

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._pause = SHORTEST_PAUSE

    def outlasts(self, error: sqlite3.DatabaseError) -> bool:
        """Tell whether to try again after an error, having waited for that."""
        if not schema.is_busy(error) or monotonic() > self._deadline:
            return False
        sleep(self._pause * (0.5 + chance()))
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        return True

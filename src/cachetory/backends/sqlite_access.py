"""Access to a SQLite file that threads and processes share, for whatever is done to it.

Each thread has a connection of its own. Writes of a process take turns before they ask SQLite for
the turn of the process, since that waiting is by polling. Readers wait for nobody, as a rule.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, TypeVar

from cachetory._runtime.chance import chance
from cachetory._runtime.process import PerThread, fork_safe_lock
from cachetory.backends import sqlite_schema as schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory._runtime.process import Lock

T = TypeVar("T")

SHORTEST_PAUSE = 0.00005
LONGEST_PAUSE = 0.002
"""Seconds between two attempts to have one's turn, which grow from one to the other."""

_LOOKS_EVERY = 1.0
_MOST_PATIENCE = 86_400.0


class SqliteAccess:
    """Does work on the connections to a file; each piece is given one, and what it is called with.

    Args:
        path: the file.
        busy_timeout: seconds to wait for the turn of others.
        replaces_damaged: whether a file that is corrupt or somebody else's is set aside.
    """

    def __init__(self, path: str, *, busy_timeout: float, replaces_damaged: bool) -> None:
        self.path = path
        self._patience = min(max(busy_timeout, 0.0), _MOST_PATIENCE)
        self._replaces_damaged = replaces_damaged
        self._inode: int | None = None
        self._looked_at = 0.0
        self._connections = PerThread(self._connect, sqlite3.Connection.close)
        self._opening = fork_safe_lock()
        self._writing = fork_safe_lock()
        self._current: sqlite3.Connection | None = None  # while `_writing` is held

    def close(self) -> None:
        """Close all connections at rest, the others after use; later operations open new ones."""
        self._connections.close()

    def read(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do work on a connection, outside of a transaction; again, if others are in the way."""
        since = monotonic()
        if since - self._looked_at > _LOOKS_EVERY:
            self._look()
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
            self._begin(connection)
            self._current = connection
            result = self._within(connection, work, *arguments)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        finally:
            self._current = None
        self._after(connection)
        return result

    def _begin(self, connection: sqlite3.Connection) -> None:
        since = monotonic()
        patience: _Patience | None = None
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                patience = patience or _Patience(since + self._patience)
                if not patience.outlasts(error):
                    raise
            else:
                return

    def _within(
        self, connection: sqlite3.Connection, work: Callable[..., Any], *arguments: Any
    ) -> Any:
        """Do work in a transaction that has just begun."""
        return work(connection, *arguments)

    def _after(self, connection: sqlite3.Connection) -> None:
        """Do what is to be done after a transaction."""

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

"""Access to a SQLite file that threads and processes share, for whatever is done to it.

Each thread has a connection of its own. Writes of a process take turns before they ask SQLite for
the turn of the process, since that waiting is by polling. Readers wait for nobody, as a rule. What
they have read lately is known to the whole process.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, TypeVar

from cachetory._runtime.chance import chance
from cachetory._runtime.process import PerThread, fork_safe_lock, this_thread
from cachetory.backends import sqlite_schema as schema
from cachetory.backends.sqlite_errors import is_busy, is_damage
from cachetory.backends.sqlite_identity import identify, refuse_foreign_file
from cachetory.backends.sqlite_watch import SqliteWatch
from cachetory.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

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
        replaces_damaged: whether a cache file that is corrupt is set aside.
        memory_bytes: how much may be taken by what was read lately.
    """

    def __init__(
        self, path: str, *, busy_timeout: float, replaces_damaged: bool, memory_bytes: int = 0
    ) -> None:
        self.path: str = os.path.realpath(path)  # as SQLite does for the files beside it
        self._patience = min(max(busy_timeout, 0.0), _MOST_PATIENCE)
        self._replaces_damaged = replaces_damaged
        self._watch = SqliteWatch(self.path, memory_bytes)
        self._connections = PerThread(self._connect, schema.Connection.close)
        self._opening = fork_safe_lock()
        self._writing = fork_safe_lock()
        self._writer = 0  # the thread that holds it
        self._current: Connection | None = None  # while `_writing` is held

    def refuse_foreign_file(self) -> None:
        """Refuse a file that is not the file of a cache, before anything is done with it.

        It is looked at twice: the first time, another process may just be making it, or setting
        it aside. If others keep the directory for too long, the first operation looks again.

        Raises:
            ForeignFileError: if the file is not known to be the file of a cache.
        """
        if identify(self.path).kind in {"free", "ours"}:
            return
        try:
            with schema.turn(self.path, self._patience):
                refuse_foreign_file(self.path)
        except sqlite3.OperationalError:
            return

    def close(self) -> None:
        """Close all connections at rest, the others after use; later operations open new ones."""
        self._watch.forget()
        self._connections.close()

    def read(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do work on a connection, outside of a transaction; again, if others are in the way."""
        if self._watch.is_over(to="read"):
            self.close()
        result: T = self._use(self._patiently, work, *arguments)
        return result

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

    def _in_turn(self, do: Callable[..., Any], work: Callable[..., Any], *arguments: Any) -> Any:
        """Write, while no other thread does."""
        if self._writer == this_thread():
            if self._current is None:  # as a signal handler does that came in between
                msg = "database is locked: this very thread is writing"
                raise sqlite3.OperationalError(msg)
            return work(self._current, *arguments)
        if not self._writing.acquire(timeout=self._patience):
            raise _crowded()
        try:  # at once, lest a signal's exception come in between
            self._writer = this_thread()
            if self._watch.is_over(to="write"):
                self.close()
            return self._use(do, work, *arguments)
        finally:
            self._writer = 0
            self._writing.release()

    def _use(self, do: Callable[..., Any], *arguments: Any) -> Any:
        """Do something with the connection of this thread; a file that is damaged is set aside."""
        number = self._connections.round
        try:
            return self._connections.use(do, *arguments)
        except sqlite3.DatabaseError as error:
            self._suffer(error, number)
            raise

    def _transact(self, connection: Connection, work: Callable[..., Any], *arguments: Any) -> Any:
        try:
            self._patiently(connection, _begin)
            try:
                self._current = connection
                result = self._within(connection, work, *arguments)
            finally:
                self._current = None
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        finally:
            self._ended(connection)
        self._after(connection)
        return result

    def _patiently(self, connection: Connection, work: Callable[..., T], *arguments: Any) -> T:
        """Do work, and again while others are in the way."""
        patience: _Patience | None = None
        while True:
            try:
                return work(connection, *arguments)
            except sqlite3.OperationalError as error:
                patience = patience or _Patience(monotonic() + self._patience)
                if not patience.outlasts(error):
                    raise

    def _within(self, connection: Connection, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do work in a transaction that has just begun."""
        return work(connection, *arguments)

    def _ended(self, connection: Connection) -> None:
        """Hear that a transaction has ended, one way or the other."""

    def _after(self, connection: Connection) -> None:
        """Do what is to be done after a transaction that was committed."""

    def _begun_anew(self) -> None:
        """Hear that there is a new file."""

    def _connect(self) -> Connection:
        if not self._opening.acquire(timeout=self._patience):
            raise _crowded()
        try:
            with schema.turn(self.path, self._patience):
                return self._open_and_adopt()
        finally:
            self._opening.release()

    def _open_and_adopt(self) -> Connection:
        number = self._connections.round
        known, former = self._watch.inode, schema.inode_of(self.path)
        connection = self._open()
        try:
            has_stamps = schema.is_written_ahead(connection)
            connection.stamps, is_over = self._watch.adopt(former=former, has_stamps=has_stamps)
        except BaseException:
            connection.close()
            raise
        if not known == former == self._watch.inode:
            self._begun_anew()
        if self._connections.round != number:  # everything was closed meanwhile
            self._watch.forget()
        elif is_over:
            self._connections.close()
        return connection

    def _open(self) -> Connection:
        refuse_foreign_file(self.path)
        try:
            return schema.connect(self.path, self._patience)
        except sqlite3.DatabaseError as error:
            if not self._may_replace(error) or identify(self.path).kind != "ours":
                raise
            try:
                schema.set_aside(self.path, error)
            except OSError:  # the directory is read-only
                raise error from None
        return schema.connect(self.path, self._patience)

    def _suffer(self, error: sqlite3.DatabaseError, number: int) -> None:
        """Set the file aside if it is damaged, so that the next operation begins a new one.

        A file that cannot be told is the one that the connection has found to be a cache. But if a
        healthy database of another program was copied over it, that is left alone.

        Args:
            error: what a connection met.
            number: that of the round of connections that it belongs to.
        """
        if not self._may_replace(error):
            return
        with suppress(OSError, sqlite3.OperationalError), self._opening:
            if number != self._connections.round:
                return
            with schema.turn(self.path, self._patience):
                if self._watch.is_right and identify(self.path).kind in {"ours", "unknown"}:
                    schema.set_aside(self.path, error)
                    self._watch.tell()
            self.close()

    def _may_replace(self, error: sqlite3.DatabaseError) -> bool:
        """Return whether an error is a reason to set a file of ours aside."""
        is_foreign = isinstance(error, ConfigurationError)
        return self._replaces_damaged and not is_foreign and is_damage(error)


def _crowded() -> sqlite3.OperationalError:
    return sqlite3.OperationalError("database is locked: other threads wait for it too")


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
        if not is_busy(error) or monotonic() > self._deadline:
            return False
        sleep(self._pause * (0.5 + chance()))
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        return True

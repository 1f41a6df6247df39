"""How a cache is laid out in a SQLite file, and how such a file is opened, made and set aside."""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep, time
from typing import TYPE_CHECKING, Any

if sys.platform != "win32":  # where nobody can take an open file away
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Generator

    from cachetory.backends.sqlite_stamps import Stamps

APPLICATION = 0x43616368
"""What tells our files from others': `PRAGMA application_id`."""

VERSION = 2
"""Of the layout: `PRAGMA user_version`."""

BIG = 2048
"""Values of more bytes than this lie in a table of their own, so that rows stay close together."""

MAX_BYTES = 1 << 30
"""How many bytes entries may take in a new file, unless somebody says something else."""

_TABLES = (
    # `age` grows with each insertion: the smallest is the next to be looked at for eviction, and
    # `hits` says how often it is spared. `minute` is that of `expires_at`, so that an entry that is
    # set again and again stays at its place in the index.
    """
    CREATE TABLE entries (
        name BLOB PRIMARY KEY,
        value,
        big INTEGER,
        expires_at INTEGER,
        minute INTEGER,
        size INTEGER NOT NULL,
        age INTEGER NOT NULL,
        hits INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX entries_by_age ON entries (age)",
    "CREATE INDEX entries_by_minute ON entries (minute) WHERE minute IS NOT NULL",
    "CREATE TABLE bigs (id INTEGER PRIMARY KEY, value NOT NULL)",
    """
    CREATE TABLE claims (
        name BLOB PRIMARY KEY,
        token TEXT NOT NULL,
        stands_until INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE counts (
        id INTEGER PRIMARY KEY,
        entries INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        age INTEGER NOT NULL,
        evicted INTEGER NOT NULL,
        max_entries INTEGER,
        max_bytes INTEGER
    )
    """,
    f"INSERT INTO counts VALUES (1, 0, 0, 0, 0, NULL, {MAX_BYTES})",  # noqa: S608 (no input)
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)
_BETWEEN_TRIES = 0.02
_DAMAGED = ("malformed", "not a database", "encrypted", "no such table", "Could not decode")

_logger = logging.getLogger("cachetory")


class ForeignFileError(sqlite3.DatabaseError):
    """A file is a database, but none of a cache of this version."""


class Connection(sqlite3.Connection):
    """A connection that knows how to tell others what it has written.

    Attributes:
        stamps: tell it; `None` if nobody can be told.
    """

    stamps: Stamps | None = None


@contextmanager
def turn(path: str, patience: float) -> Generator[None, None, None]:
    """Be the only process that opens the file or sets it aside: neither is safe beside the other.

    Raises:
        sqlite3.OperationalError: if others take too long.
    """
    try:
        directory = os.open(Path(path).parent, os.O_RDONLY)
    except OSError:  # SQLite will complain, or this is Windows
        yield
        return
    try:
        _lock(directory, monotonic() + patience)
        yield
    finally:
        os.close(directory)


def _lock(directory: int, deadline: float) -> None:
    while sys.platform != "win32":
        try:
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if monotonic() > deadline:
                msg = "database is locked: others open it, or another in its directory"
                raise sqlite3.OperationalError(msg) from None
        except OSError:  # no such locks, as on some networks
            return
        else:
            return
        sleep(_BETWEEN_TRIES)


def connect(path: str, patience: float) -> Connection:
    """Open a file, which is made if there is none, in one's turn.

    Raises:
        sqlite3.Error: if it cannot be opened, or is no cache; see `is_damage`.
    """
    connection = sqlite3.connect(
        path,
        timeout=patience,
        isolation_level=None,
        check_same_thread=False,  # the one that closes it may be another
        factory=Connection,
    )
    try:
        if _is_empty(connection):
            _make(connection, path, patience)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA journal_size_limit = 16777216")
        connection.execute("PRAGMA wal_autocheckpoint = 2000")  # half as many waits for the disk
        if is_written_ahead(connection):
            connection.execute("PRAGMA busy_timeout = 0")  # whoever uses it waits by itself
    except BaseException:
        connection.close()
        raise
    return connection


def is_written_ahead(connection: sqlite3.Connection) -> bool:
    """Tell whether readers and a writer do not wait for each other, on one machine."""
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    return bool(mode == "wal")


def is_busy(error: BaseException) -> bool:
    """Tell whether an error means that others kept the file to themselves for too long."""
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def is_damage(error: BaseException) -> bool:
    """Tell whether an error means that the file is corrupt, or somebody else's."""
    return isinstance(error, ForeignFileError) or (
        isinstance(error, sqlite3.DatabaseError) and any(it in str(error) for it in _DAMAGED)
    )


def set_aside(path: str, error: BaseException) -> None:
    """Give a file another name, so that a new one can be begun, in one's turn; log that."""
    name = f"{path}.damaged-{int(time() * 1000)}"
    for suffix in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            Path(path + suffix).replace(name + suffix)
    _logger.warning("%s cannot be used as a cache (%s): it is now %s", path, error, name)


def inode_of(path: str) -> int | None:
    """Tell which file a path leads to."""
    try:
        return os.stat(path).st_ino  # noqa: PTH116 (twice as fast)
    except OSError:
        return None


def _is_empty(connection: sqlite3.Connection) -> bool:
    """Tell whether there is nothing in a file yet.

    Raises:
        ForeignFileError: if there is something else than a cache in it.
    """
    application = _pragma(connection, "application_id")
    version = _pragma(connection, "user_version")
    if (application, version) == (APPLICATION, VERSION):
        return False
    if application == 0 and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        return True
    msg = f"it is of application {application:#x}, version {version}"
    raise ForeignFileError(msg)


def _make(connection: sqlite3.Connection, path: str, patience: float) -> None:
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    if _write_ahead(connection, patience) != "wal":
        _logger.warning("%s cannot be written ahead, as on a network: readers wait there", path)
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _is_empty(connection):  # still
            for statement in _TABLES:
                connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _write_ahead(connection: sqlite3.Connection, patience: float) -> Any:
    """Have readers and a writer not wait for each other; SQLite itself has no patience here."""
    deadline = monotonic() + patience
    while True:
        try:
            return connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError as error:
            if not is_busy(error) or monotonic() > deadline:
                raise
        sleep(_BETWEEN_TRIES)


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])

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

from cachetory.backends.sqlite_errors import is_busy
from cachetory.backends.sqlite_identity import APPLICATION, TABLES, VERSIONS, foreign_file

if sys.platform != "win32":  # where nobody can take an open file away
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Generator

    from cachetory.backends.sqlite_stamps import Stamps

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
_FROM_VERSION_1 = (
    "ALTER TABLE counts ADD COLUMN max_entries INTEGER",
    "ALTER TABLE counts ADD COLUMN max_bytes INTEGER",
    f"UPDATE counts SET max_bytes = {MAX_BYTES}",  # noqa: S608 (no input)
    f"PRAGMA user_version = {VERSION}",
)
_STATEMENTS = {0: _TABLES, 1: _FROM_VERSION_1, VERSION: ()}
"""What brings a file of a version to the present one."""

_OUR_TABLES = ", ".join(f"'{name}'" for name in sorted(TABLES))
_ANY_TABLE = "SELECT 1 FROM sqlite_master"
_BETWEEN_TRIES = 0.02

_logger = logging.getLogger("cachetory")


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
        ForeignFileError: if it is not the file of a cache. It is not changed then.
        sqlite3.Error: if it cannot be opened; see `is_damage`.
    """
    connection = sqlite3.connect(
        path,
        timeout=patience,
        isolation_level=None,
        check_same_thread=False,  # the one that closes it may be another
        factory=Connection,
    )
    try:
        _make_or_upgrade(connection, path, patience)
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


def _make_or_upgrade(connection: sqlite3.Connection, path: str, patience: float) -> None:
    """Bring an empty or older file to the present layout.

    What is there is looked at again within the transaction, since another program may have made
    its own tables in between. Only a file that is ours by then is written ahead.
    """
    if _version_of(connection, path) == VERSION:
        return
    if not connection.execute("PRAGMA page_count").fetchone()[0]:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _STATEMENTS[_version_of(connection, path)]:
            connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    if _write_ahead(connection, patience) != "wal":
        _logger.warning(
            "%s does not support WAL mode (a network file system?): readers will wait for writers",
            path,
        )


def _version_of(connection: sqlite3.Connection, path: str) -> int:
    """Return the version of a file; 0 if there is nothing in it yet.

    Raises:
        ForeignFileError: if there is something else than a cache in it.
    """
    application = _pragma(connection, "application_id")
    version = _pragma(connection, "user_version")
    others = connection.execute(
        f"SELECT name FROM sqlite_master WHERE tbl_name NOT IN ({_OUR_TABLES}) "  # noqa: S608
        "AND tbl_name NOT LIKE 'sqlite^_%' ESCAPE '^' LIMIT 1"
    ).fetchone()
    if others is None and application == APPLICATION and version in VERSIONS:
        return version
    if application == version == 0 and not connection.execute(_ANY_TABLE).fetchone():
        return 0
    what = f"a SQLite database of application {application:#010x}, version {version}"
    raise foreign_file(path, what if others is None else f"{what}, with {others[0]!r} in it")


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

"""Stores in files, opened alike, for the benchmarks: ours, and what else there is.

All keep an hour's time to live, and check it when they read. All are as safe as the others: what
was written last may be lost if the machine loses its power, nothing if a process is killed.
"""

# ruff: noqa: PLC0415
# A library is imported where it is measured, so that one may be missing.

from __future__ import annotations

import sqlite3
import struct
import threading
from functools import partial
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.cases import MAX_ENTRIES, SECONDS, TIME_TO_LIVE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class FileStore(NamedTuple):
    """The operations of one library; whatever it writes lives for an hour."""

    get: Callable[[str], Any]
    put: Callable[[str, bytes], Any]


def plain_sqlite(path: Path) -> FileStore:
    """A table by hand, written ahead, with a connection for each thread; unbounded."""
    local = threading.local()

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path, timeout=60, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS entries"
            "(key TEXT PRIMARY KEY, value BLOB, expires_at REAL) WITHOUT ROWID"
        )
        local.connection = connection
        return connection

    def execute(statement: str, arguments: tuple[Any, ...]) -> sqlite3.Cursor:
        try:
            connection = local.connection
        except AttributeError:
            connection = connect()
        return connection.execute(statement, arguments)

    def get(key: str) -> Any:
        row = execute("SELECT value, expires_at FROM entries WHERE key = ?", (key,)).fetchone()
        return None if row is None or row[1] <= time() else row[0]

    def put(key: str, value: bytes) -> None:
        execute("REPLACE INTO entries VALUES (?, ?, ?)", (key, value, time() + SECONDS))

    return FileStore(get, put)


def cachetory(path: Path) -> FileStore:
    """A cache, with the serializer that leaves bytes alone; bounded."""
    from cachetory.backends.sync import SqliteBackend
    from cachetory.caches.sync import Cache
    from cachetory.serializers import NoopSerializer

    backend = SqliteBackend(path, max_entries=MAX_ENTRIES, busy_timeout=60)
    cache = Cache[bytes, bytes](serializer=NoopSerializer(), backend=backend)
    return FileStore(cache.get, partial(cache.set, time_to_live=TIME_TO_LIVE))


def backend(path: Path) -> FileStore:
    """The backend alone; bounded."""
    from cachetory.backends.sync import SqliteBackend

    backend = SqliteBackend(path, max_entries=MAX_ENTRIES, busy_timeout=60)
    return FileStore(backend.get, partial(backend.set, time_to_live=TIME_TO_LIVE))


def forgetful(path: Path) -> FileStore:
    """The backend alone, which has each value read from the file."""
    from cachetory.backends.sync import SqliteBackend

    backend = SqliteBackend(path, max_entries=MAX_ENTRIES, busy_timeout=60, memory_bytes=0)
    return FileStore(backend.get, partial(backend.set, time_to_live=TIME_TO_LIVE))


def diskcache(path: Path) -> FileStore:
    """As it is by default: bounded to 1 GB, the oldest goes first."""
    from diskcache import Cache

    cache = Cache(str(path), timeout=60)
    return FileStore(cache.get, partial(cache.set, expire=SECONDS))


def lmdb(path: Path) -> FileStore:
    """A memory map, not synced; it knows no time to live, so that is put before each value."""
    from lmdb import open as open_map

    environment = open_map(str(path), map_size=1 << 30, subdir=False, sync=False, metasync=False)
    stamp = struct.Struct("<d")

    def get(key: str) -> bytes | None:
        with environment.begin(buffers=True) as transaction:
            found = transaction.get(key.encode())
            if found is None or stamp.unpack_from(found)[0] <= time():
                return None
            return bytes(found[8:])

    def put(key: str, value: bytes) -> None:
        with environment.begin(write=True) as transaction:
            transaction.put(key.encode(), stamp.pack(time() + SECONDS) + value)

    return FileStore(get, put)

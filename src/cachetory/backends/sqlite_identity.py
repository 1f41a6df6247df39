"""Whose file is at a path: a file of a cache, a free place, or the file of another program.

Nothing here locks, changes or creates a file, so that the files of other programs stay as they are.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import struct
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from cachetory.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

APPLICATION = 0x43616368
"""The number that marks our files: `PRAGMA application_id`."""

TABLES = frozenset({"entries", "bigs", "claims", "counts"})
"""The tables of a cache."""

VERSIONS = frozenset({1, 2})
"""The layouts that can be opened: `PRAGMA user_version`."""

_MARK_AT = 68  # https://www.sqlite.org/fileformat2.html#the_database_header
_MARK = struct.pack(">I", APPLICATION)
_OUR_SCHEMA = (b"CREATE INDEX entries_by_age ON entries (age)", b"stands_until INTEGER NOT NULL")
_FIRST_PAGE = 65_536
"""Bytes to search: the largest size of a page."""

_WAL_MAGIC = (0x377F0682, 0x377F0683)
_WAL_HEADER = struct.Struct(">8I")
_FRAME_HEADER = struct.Struct(">6I")


class ForeignFileError(ConfigurationError, sqlite3.DatabaseError):
    """The file at the path of a cache is not the file of a cache. It is never changed."""

    quotes_no_value = True  # so the log may show the text


class Identity(NamedTuple):
    """Whose file is at a path."""

    kind: Literal["free", "ours", "foreign", "unknown"]
    """`"foreign"` is a healthy file of another program; `"unknown"` cannot be identified."""
    what: str = ""
    """What is there, for a message."""


def refuse_unusable_path(path: str, mode: str = "") -> None:
    """Refuse a path that names a SQLite database in memory, a URI of SQLite, or no file.

    Args:
        path: the path, as the user wrote it.
        mode: the value of a parameter `mode`, which such a URI may have.

    Raises:
        ConfigurationError: for `":memory:"`, an empty path, `mode=memory`, `file:` URIs, and
            a path with a null character.
    """
    name = path.replace("\\", "/").rstrip("/").rpartition("/")[2].lower()
    if not path or ":memory:" in name or "mode=memory" in name or mode.lower() == "memory":
        msg = (
            f"{path!r} names no file, and a SQLite cache cannot be a database in memory: use "
            "`memory://` for a cache in memory, `sqlite:///relative/path.db`, or "
            "`sqlite:////absolute/path.db`"
        )
        raise ConfigurationError(msg)
    if "\0" in path:
        msg = f"{path!r} is not a path: it contains a null character"
        raise ConfigurationError(msg)
    if path.startswith("file:"):
        msg = f"{path!r} is a URI of SQLite: give a path, or `sqlite:///relative/path.db`"
        raise ConfigurationError(msg)


def refuse_foreign_file(path: str) -> None:
    """Refuse a path where a file is that no cache has written.

    Raises:
        ForeignFileError: if the file is not known to be the file of a cache.
    """
    found = identify(path)
    if found.kind in {"foreign", "unknown"}:
        raise foreign_file(path, found.what)


def foreign_file(path: str, what: str) -> ForeignFileError:
    """Return the error for a file that is not the file of a cache."""
    return ForeignFileError(
        f"{path!r} is not a cache file: {what}. It was not changed. "
        "Give the cache another path, or move or delete the file if nobody needs it"
    )


def identify(path: str) -> Identity:
    """Return whose file is at a path, without changing it or what is beside it."""
    try:
        found = os.stat(path)  # noqa: PTH116 (a path is text)
    except OSError:  # it is missing, or SQLite fails to open it and says why
        return Identity("free")
    if not stat.S_ISREG(found.st_mode):
        return Identity("foreign", f"it is {_name_of(found.st_mode)}")
    if found.st_size == 0:
        return Identity("free")
    if not os.access(path, os.R_OK):  # the connection will fail and say so
        return Identity("free")
    try:
        return _identify_database(path)
    except sqlite3.DatabaseError as error:
        return _identify_damaged(path, str(error))


def _name_of(mode: int) -> str:
    names = {
        stat.S_ISDIR: "a directory",
        stat.S_ISFIFO: "a named pipe",
        stat.S_ISSOCK: "a socket",
        stat.S_ISCHR: "a device",
        stat.S_ISBLK: "a device",
    }
    return next((name for is_kind, name in names.items() if is_kind(mode)), "not a regular file")


def _identify_database(path: str) -> Identity:
    """Return whose database is in a file.

    `immutable` makes SQLite read the main file alone, without a lock, and without making or
    removing the files beside it.
    """
    with closing(_open_immutable(path)) as connection:
        if not _pragma(connection, "page_count"):  # SQLite would write over so short a file
            return _identify_damaged(path, "file is too short")
        application = _pragma(connection, "application_id")
        version = _pragma(connection, "user_version")
        names = _tables(connection)
    in_wal = list(_marks_in_wal(path))
    if application == APPLICATION:
        return _identify_cache(version, names)
    if application == 0 and APPLICATION in in_wal:
        return Identity("ours")
    if application:
        return Identity("foreign", f"a SQLite database of application {application:#010x}")
    return _identify_unmarked(version, names, has_log=bool(in_wal))


def _identify_unmarked(version: int, names: set[str], *, has_log: bool) -> Identity:
    """Return whether a database without a mark belongs to anybody."""
    if names or has_log:
        return Identity("foreign", _database_with(names))
    if version:
        return Identity("foreign", f"an empty SQLite database of user_version {version}")
    return Identity("free")


def _identify_cache(version: int, names: set[str]) -> Identity:
    """Return whether a file with our mark is one that this release can use."""
    if others := names - TABLES:
        return Identity("foreign", _database_with(others))
    if version not in VERSIONS | {0}:  # 0: it is being made, or its header is damaged
        return Identity(
            "foreign", f"a cache of another release of cachetory (file version {version})"
        )
    return Identity("ours")


def _identify_damaged(path: str, reason: str) -> Identity:
    """Return, from traces in its first page, whether a file that SQLite cannot read was a cache."""
    with suppress(OSError), open(path, "rb") as file:  # noqa: PTH123 (a path is text)
        page = file.read(_FIRST_PAGE)
        if page[_MARK_AT : _MARK_AT + 4] == _MARK or all(it in page for it in _OUR_SCHEMA):
            return Identity("ours")
    if not os.path.exists(path):  # noqa: PTH110 (a path is text): it was moved in between
        return Identity("free")
    return Identity("unknown", f"{reason}, and nothing in it shows that it was a cache")


def _open_immutable(path: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{Path(path).as_uri()}?mode=ro&immutable=1", uri=True)


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _tables(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
        "AND name NOT LIKE 'sqlite^_%' ESCAPE '^'"
    )
    return {str(name) for (name,) in rows}


def _database_with(names: set[str]) -> str:
    listed = ", ".join(repr(name) for name in sorted(names)[:3])
    return f"a SQLite database with tables of another program ({listed or 'not yet in the file'})"


def _marks_in_wal(path: str) -> Iterator[int]:
    """List the application of each first page that waits in the write-ahead log.

    SQLite holds no lock on this file that opening and closing it could drop.
    """
    with suppress(OSError, struct.error), open(path + "-wal", "rb") as file:  # noqa: PTH123
        magic, _, size, _, *salts, _, _ = _WAL_HEADER.unpack(file.read(_WAL_HEADER.size))
        if magic not in _WAL_MAGIC:
            return
        while True:
            number, _, *frame_salts, _, _ = _FRAME_HEADER.unpack(file.read(_FRAME_HEADER.size))
            if frame_salts != salts:
                return
            if number == 1:
                page = file.read(size)
                yield struct.unpack_from(">I", page, _MARK_AT)[0]
            else:
                file.seek(size, os.SEEK_CUR)

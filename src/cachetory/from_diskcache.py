"""Copies what is safe to read of a directory of diskcache into a cache: no pickle is opened.

    python -m cachetory.from_diskcache OLD_DIRECTORY sqlite:///new.db --prefix pages:

It reads the layout that diskcache has had since version 1, and does not need that package.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
import zlib
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cachetory._runtime.clocks import wall_time
from cachetory.backends.sqlite_errors import describe
from cachetory.caches.sync import Cache
from cachetory.errors import ConfigurationError, DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from os import PathLike

_RAW, _BINARY, _TEXT, _PICKLE = 1, 2, 3, 4
_INFLATED_AT_MOST = 64 << 20

_ROWS = "SELECT key, raw, expire_time, mode, filename, value FROM Cache WHERE typeof(key) "


class Report(NamedTuple):
    """What became of the entries of a directory."""

    copied: int
    present: int
    """The cache has the key already, or two old keys have one name, such as `7` and `"7"`."""
    expired: int
    """Their time was over."""
    pickled: int
    """Key or value is a pickle. To open one may run code, so none is."""
    unnamed: int
    """The key is neither text, nor a number, nor text as bytes."""
    unreadable: int
    """The value is not where it should be, or not what it should be."""
    refused: int
    """The serializer or the backend does not take the value or key."""


class _Row(NamedTuple):
    key: Any
    raw: int
    expire_time: float | None
    mode: int
    filename: str | None
    value: Any


class _SkipError(Exception):
    """An entry is not copied; the first argument is a field of the report."""


def copy_into(
    cache: Cache[Any, Any],
    directory: str | PathLike[str],
    *,
    json_disk: bool = False,
    wall_clock: Callable[[], float] = wall_time,
) -> Report:
    """Copy the entries of a `Cache`, `FanoutCache` or `DjangoCache`, with the times they expire at.

    The directory stays as it is, and may be in use. What the cache has already is left alone, so
    this may be done again, and while others use the cache.

    Keys are text here: a number becomes what `str` makes of it, and bytes the text that they are
    in UTF-8.

    Args:
        cache: where the values go, through its serializer.
        directory: where diskcache keeps them.
        json_disk: whether diskcache was given its `JSONDisk`.
        wall_clock: epoch seconds, by which entries expire.

    Raises:
        ConfigurationError: if there is nothing of diskcache in the directory.
        sqlite3.Error: if what is there cannot be read, or the cache fails.
    """
    folders = _folders(Path(directory))
    counts: Counter[str] = Counter()
    for kind in ("= 'text'", "!= 'text'"):  # text first, which keeps its name
        for folder in folders:
            for row in _rows(folder, _ROWS + kind):
                counts[_copy(cache, folder, row, json_disk, wall_clock)] += 1
    return Report(*(counts[name] for name in Report._fields))


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line asks for, and print the report."""
    options = _parse(arguments)
    try:
        with Cache[Any, Any](
            serializer=options.serializer, backend=options.backend, prefix=options.prefix
        ) as cache:
            report = copy_into(cache, options.directory, json_disk=options.json_disk)
    except (ConfigurationError, sqlite3.Error) as error:
        sys.exit(f"error: {error}")
    for name, count in report._asdict().items():
        sys.stdout.write(f"{name:<10} {count:>10,}\n")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m cachetory.from_diskcache",
        description="Copy what is safe to read of a directory of diskcache: no pickle is opened.",
    )
    parser.add_argument("directory", help="where diskcache keeps its entries")
    parser.add_argument("backend", help="where they go: a URL, such as sqlite:///new.db")
    parser.add_argument("--prefix", default="", help="what to put before every key")
    parser.add_argument(
        "--serializer",
        default="msgpack://",
        help="writes the values, by default %(default)s; noop:// leaves bytes and text as they are",
    )
    parser.add_argument("--json-disk", action="store_true", help="the directory is of a JSONDisk")
    return parser.parse_args(arguments)


def _folders(directory: Path) -> list[Path]:
    """Give the folders with a database: the directory, or the shards in it."""
    for pattern in ("cache.db", "[0-9][0-9][0-9]/cache.db"):
        if found := sorted(directory.glob(pattern)):
            return [path.parent for path in found]
    msg = f"{str(directory)!r} is not of diskcache: no `cache.db` in it, nor in shards `000` and on"
    raise ConfigurationError(msg)


def _rows(folder: Path, query: str) -> Iterator[_Row]:
    path = (folder / "cache.db").absolute()
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            rows = iter(connection.execute(query))
            while (row := next(rows, None)) is not None:
                yield _Row._make(row)
    except sqlite3.Error as error:
        describe(error, "read diskcache", str(path))
        raise


def _copy(
    cache: Cache[Any, Any],
    folder: Path,
    row: _Row,
    json_disk: bool,  # noqa: FBT001 (handed on)
    wall_clock: Callable[[], float],
) -> str:
    """Copy an entry, and tell in which field of the report it counts."""
    time_to_live = None if row.expire_time is None else row.expire_time - wall_clock()
    if time_to_live is not None and time_to_live <= 0:
        return "expired"
    try:
        name = _name_of(_from_json(row.key) if json_disk else _raw(row))
        value = _read(folder, row)
        if json_disk:
            value = _from_json(value)
    except _SkipError as skipped:
        return str(skipped)
    except (OSError, ValueError):
        return "unreadable"
    try:
        is_new = cache.set(name, value, time_to_live, if_not_exists=True)
    except (TypeError, ValueError, OverflowError):
        return "refused"
    return "copied" if is_new else "present"


def _raw(row: _Row) -> Any:
    if not row.raw or row.mode == _PICKLE:
        raise _SkipError("pickled")  # noqa: EM101 (a word of the report)
    return row.key


def _name_of(key: Any) -> str:
    if isinstance(key, bytes):
        try:
            return key.decode()
        except UnicodeDecodeError:
            raise _SkipError("unnamed") from None  # noqa: EM101
    if isinstance(key, (str, int, float)) and not isinstance(key, bool):
        return str(key)
    raise _SkipError("unnamed")  # noqa: EM101


def _read(folder: Path, row: _Row) -> Any:
    if row.mode == _RAW and row.value is not None:
        return row.value
    if row.mode not in (_BINARY, _TEXT) or row.filename is None:
        raise _SkipError("unreadable")  # noqa: EM101
    home = folder.resolve()
    path = (home / row.filename).resolve()
    if not path.is_relative_to(home):  # whoever wrote the directory may not choose any file
        raise _SkipError("unreadable")  # noqa: EM101
    if row.mode == _BINARY:
        return path.read_bytes()
    with path.open(encoding="utf-8", newline="" if os.linesep == "\n" else None) as file:
        return file.read()


def _from_json(data: Any) -> Any:
    """Read what `JSONDisk` wrote.

    Raises:
        ValueError: if it did not.
    """
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(data, _INFLATED_AT_MOST)
        if inflater.eof:
            return json.loads(text)
    except (TypeError, RecursionError, zlib.error):
        pass
    msg = "this is not what `JSONDisk` writes, or too much of it"
    raise DecodeError(msg)


if __name__ == "__main__":
    main()

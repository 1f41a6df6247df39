"""Directories of diskcache are copied, but for pickles."""

from __future__ import annotations

import json
import pickle
import sqlite3
import subprocess
import sys
import zlib
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.errors import ConfigurationError
from cachetory.from_diskcache import Report, copy_into, main
from cachetory.sync import Cache, SqliteBackend
from tests.clock import ManualClock

if TYPE_CHECKING:
    from pathlib import Path

RAW, BINARY, TEXT, PICKLE = 1, 2, 3, 4
NOW = 1_800_000_000.0

LAYOUT = """
CREATE TABLE Settings (key TEXT NOT NULL UNIQUE, value);
CREATE TABLE Cache (
    rowid INTEGER PRIMARY KEY, key BLOB, raw INTEGER, store_time REAL, expire_time REAL,
    access_time REAL, access_count INTEGER DEFAULT 0, tag BLOB, size INTEGER DEFAULT 0,
    mode INTEGER DEFAULT 0, filename TEXT, value BLOB
);
CREATE UNIQUE INDEX Cache_key_raw ON Cache(key, raw);
PRAGMA journal_mode = WAL;
"""


class Directory:
    """What diskcache 5.6.3 leaves behind, written without it."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True)
        self.path = path
        with closing(sqlite3.connect(path / "cache.db")) as connection:
            connection.executescript(LAYOUT)

    def put(self, key: Any, value: Any, *, expires_at: float | None = None) -> None:
        self.put_row(key, 1, expires_at, RAW, None, value)

    def put_row(self, *row: Any) -> None:
        with closing(sqlite3.connect(self.path / "cache.db")) as connection, connection:
            connection.execute(
                "INSERT INTO Cache (key, raw, expire_time, mode, filename, value) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )

    def put_file(self, key: Any, mode: int, content: bytes, name: str = "ab/cd/ef.val") -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        self.put_row(key, 1, None, mode, name, None)


class Explosive:
    """Its pickle calls a function that tells that it was opened."""

    def __reduce__(self) -> Any:
        return pytest.fail, ("a pickle was opened",)


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return Directory(tmp_path / "old")


@pytest.fixture
def cache() -> Cache[Any]:
    return Cache(backend="memory://", serializer="noop://")


def report(**counts: int) -> Report:
    return Report(**{**dict.fromkeys(Report._fields, 0), **counts})


@pytest.mark.parametrize("value", ["text", "", "é\r\n", b"\x00\xff", b"", 42, -(2**63), 1.5])
def test_raw_value_is_copied_as_it_is(directory, cache, value):
    directory.put("key", value)

    assert copy_into(cache, directory.path) == report(copied=1)

    copied = cache.get("key")
    assert (type(copied), copied) == (type(value), value)


@pytest.mark.parametrize(
    ("mode", "content", "value"),
    [(BINARY, b"\x00\r\n\xff", b"\x00\r\n\xff"), (TEXT, "é\n".encode(), "é\n")],
)
def test_value_in_a_file_is_copied(directory, cache, mode, content, value):
    directory.put_file("key", mode, content)

    assert copy_into(cache, directory.path) == report(copied=1)

    assert cache.get("key") == value


@pytest.mark.parametrize(("key", "name"), [(7, "7"), (1.5, "1.5"), ("é".encode(), "é")])
def test_key_that_is_no_text_gets_a_name(directory, cache, key, name):
    directory.put(key, "value")

    assert copy_into(cache, directory.path) == report(copied=1)

    assert cache.get(name) == "value"


def test_key_whose_name_is_that_of_a_text_is_not_copied(directory, cache):
    directory.put(7, "of the number")
    directory.put("7", "of the text")
    directory.put(b"7", "of the bytes")

    assert copy_into(cache, directory.path) == report(copied=1, present=2)

    assert cache.get("7") == "of the text"


def test_key_of_foreign_bytes_is_not_copied(directory, cache):
    directory.put(b"\xff", "value")

    assert copy_into(cache, directory.path) == report(unnamed=1)


def test_pickles_are_counted_and_never_opened(directory, cache):
    bomb = pickle.dumps(Explosive())
    directory.put_row("value", 1, None, PICKLE, None, bomb)
    directory.put_row(bomb, 0, None, RAW, None, "value")
    directory.put_file("file", PICKLE, bomb)

    assert copy_into(cache, directory.path) == report(pickled=3)


def test_entry_keeps_the_time_it_expires_at(directory, tmp_path):
    clock = ManualClock(NOW)
    backend = SqliteBackend(tmp_path / "new.db", wall_clock=clock)
    directory.put("long", 1, expires_at=NOW + 60)
    directory.put("over", 2, expires_at=NOW)
    directory.put("for ever", 3)

    with Cache[Any](backend=backend, serializer="json://") as cache:
        assert copy_into(cache, directory.path, wall_clock=clock) == report(copied=2, expired=1)

        clock.advance(59)
        assert cache.get_many("long", "over", "for ever") == {"long": 1, "for ever": 3}
        clock.advance(2)
        assert cache.get_many("long", "over", "for ever") == {"for ever": 3}


def test_copying_again_leaves_alone_what_is_there(directory, cache):
    directory.put("key", "old")
    copy_into(cache, directory.path)
    cache.set("key", "new")

    assert copy_into(cache, directory.path) == report(present=1)

    assert cache.get("key") == "new"


def test_shards_of_a_fanout_cache_are_copied(tmp_path, cache):
    Directory(tmp_path / "fan" / "000").put(1, "number")
    Directory(tmp_path / "fan" / "001").put("1", "text")

    assert copy_into(cache, tmp_path / "fan") == report(copied=1, present=1)

    assert cache.get("1") == "text"


def test_directory_of_a_json_disk_is_copied_if_told_so(directory, cache):
    def deflate(value: Any) -> bytes:
        return zlib.compress(json.dumps(value).encode())

    directory.put(deflate("key"), deflate({"a": [1, None]}))
    directory.put(deflate(7), deflate(True))
    directory.put(deflate(["a", "list"]), deflate(1))
    directory.put(deflate("damaged"), deflate(1)[:-1])
    directory.put(deflate("not deflated"), b"{}")
    directory.put(deflate("text"), "{}")
    directory.put_file(deflate("file"), BINARY, deflate("long"))

    counted = copy_into(cache, directory.path, json_disk=True)

    assert counted == report(copied=3, unnamed=1, unreadable=3)
    assert cache.get_many("key", "7", "file") == {
        "key": {"a": [1, None]},
        "7": True,
        "file": "long",
    }


def test_file_that_is_lost_or_no_text_is_counted(directory, cache):
    directory.put_row("lost", 1, None, BINARY, "no/such/file.val", None)
    directory.put_row("unnamed", 1, None, BINARY, None, None)
    directory.put_row("unknown", 1, None, 99, None, b"")
    directory.put_file("no text", TEXT, b"\xff")

    assert copy_into(cache, directory.path) == report(unreadable=4)


def test_file_outside_of_the_directory_is_not_read(directory, cache):
    secret = directory.path.parent / "secret"
    secret.write_text("secret")
    (directory.path / "link").symlink_to(secret)
    directory.put_row("up", 1, None, TEXT, "../secret", None)
    directory.put_row("absolute", 1, None, TEXT, str(secret), None)
    directory.put_row("link", 1, None, TEXT, "link", None)

    assert copy_into(cache, directory.path) == report(unreadable=3)


def test_value_that_the_serializer_does_not_take_is_counted(directory):
    cache = Cache[Any](backend="memory://", serializer="json://")
    directory.put("bytes", b"bytes")
    directory.put("text", "text")

    assert copy_into(cache, directory.path) == report(copied=1, refused=1)


def test_directory_stays_as_it_is(directory, cache):
    directory.put("key", "value")
    before = (directory.path / "cache.db").read_bytes()

    copy_into(cache, directory.path)

    assert (directory.path / "cache.db").read_bytes() == before


def test_directory_without_a_cache_is_refused(tmp_path, cache):
    with pytest.raises(ConfigurationError, match="not of diskcache"):
        copy_into(cache, tmp_path)


def test_command_copies_and_prints_the_report(directory, tmp_path, capsys):
    directory.put("key", b"value")
    directory.put("expired", b"value", expires_at=1.0)
    url = f"sqlite:///{tmp_path}/new.db"

    main([str(directory.path), url, "--prefix", "old:", "--serializer", "noop://"])

    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [
        [name, str(count)] for name, count in report(copied=1, expired=1)._asdict().items()
    ]
    with Cache[bytes](backend=url, serializer="noop://", prefix="old:") as cache:
        assert cache.get("key") == b"value"


def test_command_without_a_cache_tells_why(tmp_path):
    outcome = subprocess.run(
        [sys.executable, "-m", "cachetory.from_diskcache", str(tmp_path), "dummy://"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome.returncode == 1
    assert outcome.stderr.startswith("error: ")

"""A SQLite cache leaves the files of other programs alone, and names the file in each error."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import zipfile
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cachetory._shell.failure_log import backend_failures
from cachetory._shell.health import Health
from cachetory.backends import async_, sync
from cachetory.backends.sqlite_errors import describe
from cachetory.backends.sqlite_identity import APPLICATION, ForeignFileError, identify
from cachetory.backends.sqlite_schema import VERSION
from cachetory.caches.async_ import Cache as AsyncCache
from cachetory.caches.sync import Cache
from cachetory.errors import ConfigurationError
from cachetory.from_diskcache import copy_into

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLASSES = {"sync": sync.SqliteBackend, "async": async_.SqliteBackend}
VERSION_1 = f"""
CREATE TABLE entries (name BLOB PRIMARY KEY, value, big INTEGER, expires_at INTEGER,
    minute INTEGER, size INTEGER NOT NULL, age INTEGER NOT NULL, hits INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE INDEX entries_by_age ON entries (age);
CREATE INDEX entries_by_minute ON entries (minute) WHERE minute IS NOT NULL;
CREATE TABLE bigs (id INTEGER PRIMARY KEY, value NOT NULL);
CREATE TABLE claims (name BLOB PRIMARY KEY, token TEXT NOT NULL, stands_until INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE TABLE counts (id INTEGER PRIMARY KEY, entries INTEGER NOT NULL, bytes INTEGER NOT NULL,
    age INTEGER NOT NULL, evicted INTEGER NOT NULL);
INSERT INTO counts VALUES (1, 1, 96, 1, 0);
INSERT INTO entries
    VALUES (CAST('key' AS BLOB), CAST('value' AS BLOB), NULL, NULL, NULL, 96, 1, 0);
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = 1
""".split(";")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.db"


@pytest.fixture(params=CLASSES)
def backend_class(request: pytest.FixtureRequest) -> Any:
    return CLASSES[request.param]


@pytest.fixture
def kept() -> Iterator[ExitStack]:
    """Closes at the end what has to stay open during a test."""
    with ExitStack() as stack:
        yield stack


def execute(path: Path, *statements: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    return connection


def fill(path: Path) -> None:
    with sync.SqliteBackend(path) as backend:
        backend.set("key", b"value")


def run(backend: Any, operation: str, *arguments: Any) -> Any:
    """Call an operation of a backend of either API."""
    if isinstance(backend, sync.SqliteBackend):
        return getattr(backend, operation)(*arguments)

    async def call() -> Any:
        return await getattr(backend, operation)(*arguments)

    return asyncio.run(call())


def state(directory: Path) -> dict[str, Any]:
    """Return everything that must not change in a directory."""
    found: dict[str, Any] = {}
    for it in directory.iterdir():
        status = it.lstat()
        content = it.read_bytes() if it.is_file() and os.access(it, os.R_OK) else None
        found[it.name] = (status.st_ino, status.st_mode, status.st_mtime_ns, content)
    return found


# Files of other programs


def database(path: Path, _kept: ExitStack) -> None:
    execute(path, "CREATE TABLE people (name)", "INSERT INTO people VALUES ('Ada')").close()


def database_with_a_table_named_like_ours(path: Path, _kept: ExitStack) -> None:
    execute(path, "CREATE TABLE entries (precious)").close()


def database_with_a_view(path: Path, _kept: ExitStack) -> None:
    execute(path, "CREATE VIEW one AS SELECT 1").close()


def other_application(path: Path, _kept: ExitStack) -> None:
    execute(path, "PRAGMA application_id = 7").close()


def other_version(path: Path, _kept: ExitStack) -> None:
    execute(path, "PRAGMA user_version = 7").close()


def cache_of_a_later_release(path: Path, _kept: ExitStack) -> None:
    fill(path)
    execute(path, f"PRAGMA user_version = {VERSION + 1}").close()


def cache_under_another_application(path: Path, _kept: ExitStack) -> None:
    fill(path)
    execute(path, "PRAGMA application_id = 7").close()


def cache_with_tables_of_others(path: Path, _kept: ExitStack) -> None:
    fill(path)
    execute(path, "CREATE TABLE people (name)").close()


def written_ahead(path: Path, kept: ExitStack) -> None:
    statements = ("PRAGMA journal_mode = WAL", "CREATE TABLE people (name)")
    kept.enter_context(closing(execute(path, *statements)))


def written_ahead_and_at_rest(path: Path, _kept: ExitStack) -> None:
    execute(path, "PRAGMA journal_mode = WAL", "CREATE TABLE people (name)").close()


def written_ahead_by_a_program_that_died(path: Path, _kept: ExitStack) -> None:
    origin = path.with_name("origin.db")
    with closing(execute(origin, "PRAGMA journal_mode = WAL", "CREATE TABLE people (name)")):
        for suffix in ("", "-wal"):
            Path(f"{path}{suffix}").write_bytes(Path(f"{origin}{suffix}").read_bytes())


def in_a_transaction(path: Path, kept: ExitStack) -> None:
    statements = ("CREATE TABLE people (name)", "BEGIN", "INSERT INTO people VALUES ('Ada')")
    kept.enter_context(closing(execute(path, *statements)))


def locked(path: Path, kept: ExitStack) -> None:
    kept.enter_context(closing(execute(path, "CREATE TABLE people (name)", "BEGIN EXCLUSIVE")))


def read_only(path: Path, kept: ExitStack) -> None:
    database(path, kept)
    path.chmod(0o400)


def link(path: Path, kept: ExitStack) -> None:
    database(path.with_name("theirs.db"), kept)
    path.symlink_to("theirs.db")


def damaged_database(path: Path, kept: ExitStack) -> None:
    database(path, kept)
    content = bytearray(path.read_bytes())
    content[100:2000] = b"\xff" * 1900
    path.write_bytes(content)


def encrypted(path: Path, _kept: ExitStack) -> None:
    path.write_bytes(bytes((number * 193 + 7) % 251 for number in range(8192)))


def text(path: Path, _kept: ExitStack) -> None:
    path.write_text("my diary\n" * 1000)


def json_text(path: Path, _kept: ExitStack) -> None:
    path.write_text('{"application_id": "Cach"}')


def one_byte(path: Path, _kept: ExitStack) -> None:
    path.write_bytes(b"S")


def archive(path: Path, _kept: ExitStack) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("people.txt", "Ada")


def picture(path: Path, _kept: ExitStack) -> None:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 2000)


def directory(path: Path, _kept: ExitStack) -> None:
    path.mkdir()


def pipe(path: Path, _kept: ExitStack) -> None:
    os.mkfifo(path)


def text_beside_side_files_of_a_cache(path: Path, _kept: ExitStack) -> None:
    fill(path)
    path.unlink()
    path.write_text("my diary\n" * 1000)


FOREIGN = [
    database,
    database_with_a_table_named_like_ours,
    database_with_a_view,
    other_application,
    other_version,
    cache_of_a_later_release,
    cache_under_another_application,
    cache_with_tables_of_others,
    written_ahead,
    written_ahead_and_at_rest,
    written_ahead_by_a_program_that_died,
    in_a_transaction,
    locked,
    read_only,
    link,
    damaged_database,
    encrypted,
    text,
    json_text,
    one_byte,
    archive,
    picture,
    directory,
    pipe,
    text_beside_side_files_of_a_cache,
]


@pytest.mark.parametrize("on_corrupt", ["replace", "raise"])
@pytest.mark.parametrize("make_file", FOREIGN)
def test_backend_over_a_foreign_file_is_refused_and_changes_nothing(
    path: Path,
    make_file: Callable[[Path, ExitStack], None],
    backend_class: Any,
    on_corrupt: str,
    kept: ExitStack,
) -> None:
    make_file(path, kept)
    before = state(path.parent)

    with pytest.raises(ConfigurationError, match="is not a cache file") as caught:
        backend_class(path, on_corrupt=on_corrupt)

    assert state(path.parent) == before
    assert repr(os.path.realpath(path)) in str(caught.value)
    assert isinstance(caught.value, sqlite3.DatabaseError)


@pytest.mark.parametrize("make_file", FOREIGN)
def test_operation_when_a_foreign_file_has_appeared_raises_and_changes_nothing(
    path: Path,
    make_file: Callable[[Path, ExitStack], None],
    backend_class: Any,
    kept: ExitStack,
) -> None:
    other = path.with_name("other.db")
    path.symlink_to(other)  # so that the backend looks at a path where nothing is yet
    backend = backend_class(path, busy_timeout=0.05)
    make_file(other, kept)
    before = state(path.parent)

    for operation, arguments in (("get", ("key",)), ("set", ("key", b"")), ("clear", ())):
        with pytest.raises(ForeignFileError, match="is not a cache file"):
            run(backend, operation, *arguments)

    assert state(path.parent) == before


@pytest.mark.parametrize("on_backend_error", ["miss", "raise"])
@pytest.mark.parametrize("cache_class", [Cache, AsyncCache])
def test_cache_over_a_foreign_file_raises_instead_of_missing(
    path: Path, cache_class: Any, on_backend_error: str, kept: ExitStack
) -> None:
    cache = cache_class(
        backend=f"sqlite:///{path}",
        serializer="json://",
        prefix="app:",
        on_backend_error=on_backend_error,
    )
    database(path, kept)

    async def get() -> Any:
        return await cache.get("key")

    for _ in range(10):  # more often than the breaker needs to open
        with pytest.raises(ConfigurationError, match="is not a cache file"):
            cache.get("key") if cache_class is Cache else asyncio.run(get())


@settings(deadline=None, max_examples=100)
@given(content=st.binary(min_size=1, max_size=300), magic=st.booleans())
def test_file_of_any_bytes_without_our_mark_is_not_changed(
    tmp_path_factory: pytest.TempPathFactory, *, content: bytes, magic: bool
) -> None:
    path = tmp_path_factory.mktemp("any") / "cache.db"
    content = (b"SQLite format 3\0" if magic else b"") + content
    path.write_bytes(content)

    with pytest.raises(ConfigurationError):
        sync.SqliteBackend(path)

    assert path.read_bytes() == content
    assert [it.name for it in path.parent.iterdir()] == [path.name]


def test_foreign_database_that_replaces_an_open_cache_is_left_alone(
    path: Path, backend_class: Any, kept: ExitStack
) -> None:
    backend = backend_class(path)
    run(backend, "set", "key", b"value")
    theirs = path.with_name("theirs.db")
    database(theirs, kept)
    content = theirs.read_bytes()
    theirs.replace(path)
    backend._file._watch.recent.until -= 1.0  # which is when it looks again

    with pytest.raises(ForeignFileError):
        run(backend, "set", "key", b"value")

    assert path.read_bytes() == content
    backend._file.close()
    assert path.read_bytes() == content


# Files of a cache, and free places


def test_place_that_is_free_is_taken(path: Path, backend_class: Any) -> None:
    path.touch()

    backend = backend_class(path)
    run(backend, "set", "key", b"value")

    assert run(backend, "get", "key") == b"value"
    backend._file.close()


def test_backend_is_made_before_its_directory_is_there(path: Path, backend_class: Any) -> None:
    backend = backend_class(path.parent / "later" / "cache.db")
    (path.parent / "later").mkdir()

    run(backend, "set", "key", b"value")

    assert run(backend, "get", "key") == b"value"
    backend._file.close()


@pytest.mark.parametrize("is_written_ahead", [True, False])
def test_cache_of_version_1_is_opened_with_its_entries(
    path: Path, backend_class: Any, *, is_written_ahead: bool
) -> None:
    mode = "PRAGMA journal_mode = " + ("WAL" if is_written_ahead else "DELETE")
    execute(path, mode, *VERSION_1).close()

    backend = backend_class(path)

    assert run(backend, "get", "key") == b"value"
    run(backend, "set", "another", b"value")
    assert run(backend, "stats").entries == 2
    backend._file.close()


def test_cache_whose_mark_is_in_the_write_ahead_log_is_ours(path: Path) -> None:
    with closing(execute(path, "PRAGMA journal_mode = WAL", "BEGIN", *VERSION_1, "COMMIT")):
        assert identify(str(path)).kind == "ours"
        backend = sync.SqliteBackend(path)
        assert backend.get("key") == b"value"
        backend.close()


# Paths that name no file


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///:memory:",
        "sqlite://:memory:",
        "sqlite:///%3Amemory%3A",
        "sqlite:////:memory:",
        "sqlite:///file::memory:",
        "sqlite://file::memory:?cache=shared",
        "sqlite:///shared?mode=memory",
        "sqlite:///shared?mode=memory&cache=shared",
        "sqlite:///",
        "sqlite://",
    ],
)
@pytest.mark.parametrize("module", [sync, async_])
def test_url_of_a_database_in_memory_is_refused(
    url: str, module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigurationError, match="`memory://`"):
        module.from_url(url)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "given_path",
    [":memory:", "", Path(":memory:"), "file::memory:?cache=shared", "file:x?mode=memory"],
)
def test_path_of_a_database_in_memory_is_refused(given_path: Any, backend_class: Any) -> None:
    with pytest.raises(ConfigurationError, match="`memory://`"):
        backend_class(given_path)


@pytest.mark.parametrize("given_path", ["file:x.db", "a\0b"])
def test_path_that_is_none_is_refused(given_path: str, backend_class: Any) -> None:
    with pytest.raises(ConfigurationError):
        backend_class(given_path)


# What errors say

OPERATIONS: dict[str, tuple[Any, ...]] = {
    "get": ("key",),
    "contains": ("key",),
    "set": ("key", b"value"),
    "set_many": ([("key", b"value")],),
    "delete": ("key",),
    "delete_many": ("key",),
    "clear": (),
    "stats": (),
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_error_names_the_file_and_the_operation_and_the_way_out(
    tmp_path: Path, operation: str, backend_class: Any
) -> None:
    path = tmp_path / "full locked readonly" / "cache.db"  # its words say nothing about the error
    backend = backend_class(path)

    with pytest.raises(sqlite3.OperationalError) as caught:
        run(backend, operation, *OPERATIONS[operation])

    assert str(caught.value) == (
        f"unable to open database file ({operation} in {str(path)!r}): "
        f"create the directory {str(path.parent)!r}, which does not exist"
    )
    assert backend.is_outage(caught.value)


def test_error_of_a_locked_file_names_it(path: Path, backend_class: Any) -> None:
    fill(path)
    backend = backend_class(path, busy_timeout=0.05)
    with (
        closing(execute(path, "BEGIN IMMEDIATE")),
        pytest.raises(sqlite3.OperationalError, match="locked") as caught,
    ):
        run(backend, "set", "key", b"value")

    assert f"(set in {str(path)!r})" in str(caught.value)
    assert "`busy_timeout`" in str(caught.value)
    backend._file.close()


def test_errors_of_a_batch_name_each_operation(path: Path) -> None:
    fill(path)

    async def use() -> list[Any]:
        backend = async_.SqliteBackend(path, busy_timeout=0.05)
        calls = [backend.set("key", b"value"), backend.delete("key"), backend.clear()]
        return await asyncio.gather(*calls, return_exceptions=True)

    with closing(execute(path, "BEGIN IMMEDIATE")):
        errors = asyncio.run(use())

    for error, operation in zip(errors, ("set", "delete", "clear"), strict=True):
        assert isinstance(error, sqlite3.OperationalError)
        assert f"({operation} in {str(path)!r})" in str(error)


def test_error_of_a_diskcache_directory_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "cache.db").write_bytes(b"no database" * 100)

    with pytest.raises(sqlite3.DatabaseError) as caught:
        copy_into(Cache(backend="memory://", serializer="json://", prefix="old:"), tmp_path)

    assert f"(read diskcache in {str(tmp_path / 'cache.db')!r})" in str(caught.value)


def test_cache_whose_store_was_down_raises_once_the_file_is_foreign(
    path: Path, kept: ExitStack
) -> None:
    cache = Cache[int](
        backend=sync.SqliteBackend(path.parent / "later" / "cache.db"),
        serializer="json://",
        prefix="app:",
    )
    for _ in range(5):
        assert cache.get("key") is None  # the directory is missing, and the breaker opens
    assert Health.of(cache.backend).is_down
    path.parent.joinpath("later").mkdir()
    database(path.parent / "later" / "cache.db", kept)

    shelf: Any = cache._shelf
    shelf._probe("key")

    with pytest.raises(ConfigurationError, match="is not a cache file"):
        cache.get("key")


def test_log_line_of_a_failure_names_the_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend_failures, "_quiet_until", float("-inf"))
    path = tmp_path / "nowhere" / "cache.db"
    cache = Cache[int](backend=sync.SqliteBackend(path), serializer="json://", prefix="app:")

    assert cache.get("key") is None

    assert f"(get in {str(path)!r})" in caplog.text
    assert "create the directory" in caplog.text


@pytest.mark.parametrize(
    ("path", "way_out"),
    [
        ("missing/cache.db", "create the directory"),
        ("file/cache.db", "is not a directory"),
        ("cache.db", "give this user the right"),
    ],
)
def test_file_that_does_not_open_is_explained(tmp_path: Path, path: str, way_out: str) -> None:
    (tmp_path / "file").write_text("")
    error = sqlite3.OperationalError("unable to open database file")

    described = describe(error, "get", str(tmp_path / path))
    assert way_out in str(described)

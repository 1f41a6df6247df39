"""What the SQLite backend does besides the contract: paths, values, bounds, claims and counts."""

from __future__ import annotations

import gc
import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.backends import sqlite_bounds
from cachetory.backends.async_ import SqliteBackend, from_url
from cachetory.backends.sqlite_schema import BIG
from cachetory.errors import ConfigurationError
from cachetory.interfaces.leases.async_ import Commit
from cachetory.testing.async_only import collect, run_together

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.clock import ManualClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.db"


@pytest.fixture
async def backend(path: Path, clock: ManualClock) -> AsyncIterator[SqliteBackend]:
    async with SqliteBackend(path, wall_clock=clock) as backend:
        yield backend


@pytest.fixture
async def small(path: Path, clock: ManualClock) -> AsyncIterator[SqliteBackend]:
    """A backend for ten entries."""
    async with SqliteBackend(path, max_entries=10, wall_clock=clock) as backend:
        yield backend


def ask(path: Path, query: str) -> Any:
    """Ask the file itself for one value."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchone()[0]


def open_files(path: Path) -> list[str]:
    """List what the process has open of a file."""
    gc.collect()
    links = [str(it.readlink()) for it in Path("/proc/self/fd").iterdir() if it.is_symlink()]
    return [link for link in links if link.startswith(str(path))]


def files_in(folder: Path) -> list[str]:
    return sorted(it.name for it in folder.iterdir())


def remove_all(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def put_aside(path: Path) -> None:
    path.rename(path.with_suffix(".old"))


def size_of(path: Path) -> int:
    return path.stat().st_size


async def fill(backend: SqliteBackend, count: int, value: bytes = b"value") -> None:
    for number in range(count):
        await backend.set(f"key {number}", value)


async def found(backend: SqliteBackend) -> list[str]:
    return await collect(backend.keys())


# Paths and URLs


async def test_path_of_any_kind_leads_to_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "some where").mkdir()
    ways: list[Any] = [
        SqliteBackend(Path("some where/a?.db")),
        SqliteBackend("some where/a?.db"),
        SqliteBackend(tmp_path / "some where" / "a?.db"),
        from_url("sqlite:///some where/a%3F.db"),
        from_url("sqlite:///some%20where/a%3f.db?max-entries=none"),
        from_url(f"sqlite:///{tmp_path}/some where/a%3F.db"),
    ]
    await ways[0].set("key", b"value")

    assert [await way.get("key") for way in ways] == [b"value"] * 6
    for way in ways:
        await way.aclose()


async def test_relative_path_stays_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with SqliteBackend("cache.db") as backend:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")

        await backend.set("key", b"value")

    assert "cache.db" in files_in(tmp_path)


def test_backend_that_is_not_used_makes_no_file(path: Path) -> None:
    SqliteBackend(path)

    assert not path.exists()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite://", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite://cache.db", "sqlite:///relative/path.db"),
        ("sqlite://host/cache.db", "names no file"),
        ("sqlite:///cache.db?max-entries=0", "max_entries=0 leaves no room"),
        ("sqlite:///cache.db?max-bytes=-1", "expected a number of bytes"),
        ("sqlite:///cache.db?max-bytes=0", "max_bytes=0 leaves no room"),
        ("sqlite:///cache.db?max-entries=many", "expected a whole number, or `none`"),
        ("sqlite:///cache.db?busy-timeout=inf", "expected a number"),
        ("sqlite:///cache.db?on-corrupt=ignore", "expected one of `replace`, `raise`"),
        ("sqlite:///cache.db?timeout=1", "does not know the parameter `timeout`"),
        ("sqlite:///cache.db#table", "fragment"),
    ],
)
def test_url_that_makes_no_sense_is_refused(url: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        from_url(url)


def test_url_with_a_password_is_refused_without_it() -> None:
    with pytest.raises(ConfigurationError) as caught:
        from_url("sqlite://user:hunter2@host/cache.db")

    assert "hunter2" not in str(caught.value)


async def test_url_options_are_those_of_the_backend(path: Path) -> None:
    url = f"sqlite:///{path}?max-entries=3&max-bytes=1KiB&busy-timeout=0.5&on-corrupt=raise"
    backend: Any
    async with from_url(url) as backend:
        await fill(backend, 10)
        assert (await backend.stats()).entries == 3

        await fill(backend, 3, b"v" * 500)
        assert (await backend.stats()).bytes <= 1024


# Values


@pytest.mark.parametrize("size", [0, 5, BIG, BIG + 1, 100_000])
@pytest.mark.parametrize("make", [bytes, bytearray, memoryview])
async def test_buffer_comes_back_as_bytes(
    backend: SqliteBackend, make: Callable[[bytes], Any], size: int
) -> None:
    value = Random(size).randbytes(size)

    await backend.set("key", make(value))

    given: Any = await backend.get("key")
    assert (given, type(given)) == (value, bytes)


async def test_memoryview_with_gaps_comes_back_as_what_it_shows(backend: SqliteBackend) -> None:
    value: Any = memoryview(b"a-b-c-")[::2]

    await backend.set("key", value)

    assert await backend.get("key") == b"abc"


@pytest.mark.parametrize("text", ["", "text", "a\0b", "ä" * BIG])
async def test_text_comes_back_as_text(backend: SqliteBackend, text: str) -> None:
    value: Any = text

    await backend.set("key", value)

    assert await backend.get("key") == value
    assert (await backend.stats()).bytes == sqlite_bounds.size_of(b"key", len(text.encode()))


@pytest.mark.parametrize("value", [None, 1, {"a": 1}, [b"a"]])
async def test_value_that_is_no_wire_is_refused(backend: SqliteBackend, value: Any) -> None:
    await backend.set("key", b"before")

    with pytest.raises(TypeError, match="SQLite stores bytes and text"):
        await backend.set("key", value)

    assert await backend.get("key") == b"before"


async def test_text_that_is_no_unicode_fails_and_harms_nobody(backend: SqliteBackend) -> None:
    bad: Any = "\ud800"

    async def set_bad() -> str:
        try:
            await backend.set("bad", bad)
        except UnicodeEncodeError as error:
            return type(error).__name__
        return "stored"

    def setter(number: int) -> Callable[[], Any]:
        async def set_good() -> bool:
            return await backend.set(f"key {number}", b"value")

        return set_bad if number % 5 == 3 else set_good

    outcomes = await run_together([setter(number) for number in range(20)])

    expected = ["UnicodeEncodeError" if it % 5 == 3 else True for it in range(20)]
    assert outcomes == expected
    assert len(await found(backend)) == (await backend.stats()).entries == 16


async def test_value_grown_and_shrunk_leaves_nothing_behind(
    backend: SqliteBackend, path: Path
) -> None:
    for size in (1, BIG + 1, BIG, 50_000, BIG + 1, 0, 100_000):
        await backend.set("key", b"v" * size)

        assert await backend.get("key") == b"v" * size
        assert ask(path, "SELECT count(*) FROM bigs") == (size > BIG)
        assert (await backend.stats()).bytes == sqlite_bounds.size_of(b"key", size)


@pytest.mark.parametrize(
    "way", ["delete", "delete_many", "clear", "clear_prefix", "expire_in", "set_zero", "evict"]
)
async def test_big_value_that_goes_leaves_nothing_behind(
    small: SqliteBackend, path: Path, way: str
) -> None:
    await small.set_many([(f"key {number}", b"v" * 5000) for number in range(10)])

    for number in range(10):
        if way == "delete":
            await small.delete(f"key {number}")
        elif way == "delete_many":
            await small.delete_many(f"key {number}", "nobody")
        elif way == "expire_in":
            await small.expire_in(f"key {number}", 0)
        elif way == "set_zero":
            await small.set(f"key {number}", b"v" * 5000, time_to_live=0)
        elif way == "evict":
            await small.set(f"another {number}", b"v")
    if way == "clear":
        await small.clear()
    elif way == "clear_prefix":
        await small.clear_prefix("key ")

    assert ask(path, "SELECT count(*) FROM bigs") == 0
    assert (await small.stats()).entries == (10 if way == "evict" else 0)


# Keys


async def test_keys_come_in_order_in_many_steps(backend: SqliteBackend) -> None:
    keys = [f"key {number:04}" for number in range(2500)]
    await backend.set_many([(key, b"") for key in reversed(keys)])
    await backend.set_many([("kex", b""), ("key", b""), ("kez", b""), ("", b"")])

    assert await collect(backend.keys("key ")) == keys
    assert await collect(backend.keys()) == ["", "kex", "key", *keys, "kez"]


@pytest.mark.parametrize("prefix", ["%", "a_", "a*", "é", "\ud800", "\U0010ffff", "\x00", "z"])
async def test_prefix_is_taken_by_the_letter(backend: SqliteBackend, prefix: str) -> None:
    others = ["", "a", "ab", "abc", "e", "\ud801", "\uffff", "\x01"]
    mine = [prefix, f"{prefix}1", f"{prefix}\U0010ffff", f"{prefix}\ud800"]
    await backend.set_many([(key, b"") for key in [*mine, *others]])

    assert sorted(await collect(backend.keys(prefix))) == sorted(mine)

    await backend.clear_prefix(prefix)
    assert sorted(await found(backend)) == sorted(others)


async def test_keys_that_go_meanwhile_do_no_harm(backend: SqliteBackend) -> None:
    await backend.set_many([(f"key {number:04}", b"") for number in range(1500)])
    listed = []

    keys = backend.keys()
    async for key in keys:
        listed.append(key)
        if key == "key 0999":
            await backend.clear_prefix("key 1")

    assert listed == [f"key {number:04}" for number in range(1000)]


async def test_expired_keys_are_not_listed(backend: SqliteBackend, clock: ManualClock) -> None:
    await backend.set("one", b"")
    await backend.set("two", b"", time_to_live=10)
    clock.advance(10)

    assert await found(backend) == ["one"]


async def test_prefix_of_many_keys_is_cleared(backend: SqliteBackend) -> None:
    await backend.set_many([(f"{number % 2}{number}", b"v" * 10) for number in range(5000)])

    await backend.clear_prefix("1")

    assert len(await found(backend)) == (await backend.stats()).entries == 2500


# Bounds


async def test_bound_by_entries_is_never_passed(small: SqliteBackend) -> None:
    for number in range(100):
        await small.set(f"key {number % 37}", b"value")
        assert await small.contains(f"key {number % 37}")
        assert len(await found(small)) == (await small.stats()).entries <= 10


async def test_bound_by_bytes_is_never_passed(path: Path) -> None:
    random = Random(0)
    async with SqliteBackend(path, max_bytes=20_000) as backend:
        for number in range(200):
            await backend.set(f"key {number % 37}", b"v" * random.randrange(6000))

            held = await backend.stats()
            assert held.bytes <= 20_000
            assert held.entries == len(await found(backend)) > 0


async def bounds_of(backend: SqliteBackend) -> tuple[int | None, int | None]:
    held = await backend.stats()
    return held.max_entries, held.max_bytes


async def test_new_file_is_bound_to_a_gibibyte(backend: SqliteBackend) -> None:
    assert await bounds_of(backend) == (None, 1 << 30)


async def test_file_keeps_the_bounds_that_it_was_given_last(path: Path) -> None:
    async with SqliteBackend(path, max_entries=20, max_bytes=None) as first:
        await fill(first, 20)
        assert await bounds_of(first) == (20, None)

        async with SqliteBackend(path) as script, SqliteBackend(path, max_entries=5) as other:
            await script.set("key 0", b"by one that says nothing of bounds")
            assert await bounds_of(script) == (20, None)
            assert len(await found(first)) == 20

            await other.set("key 19", b"by one that wants another")
            assert len(await found(first)) == 5

            await first.set("key", b"by one that wanted something before")
            assert await bounds_of(first) == (5, None)
            assert len(await found(first)) == 5

    async with SqliteBackend(path, max_entries=None, max_bytes=50_000) as later:
        await later.set("key", b"value")
        assert await bounds_of(later) == (None, 50_000)


async def test_new_file_is_given_the_bounds_that_were_asked_for(path: Path) -> None:
    async with SqliteBackend(path, max_entries=5) as backend:
        await fill(backend, 10)
        put_aside(path)
        backend._file._watch.recent.until -= 1.0

        await fill(backend, 10)

        assert len(await found(backend)) == 5


@pytest.mark.parametrize("bound", [0, -1, 0.5, True, "10", float("nan"), 1 << 63])
@pytest.mark.parametrize("name", ["max_entries", "max_bytes"])
def test_bound_that_makes_no_sense_is_refused(path: Path, name: str, bound: Any) -> None:
    with pytest.raises(ConfigurationError, match=name):
        SqliteBackend(path, **{name: bound})


async def test_bounds_that_could_not_be_written_are_written_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with SqliteBackend(path) as other, SqliteBackend(path, max_entries=5) as backend:
        await fill(other, 20)
        value: Any = 5
        with pytest.raises(TypeError):
            await backend.set("key", value)
        with monkeypatch.context() as patch:
            patch.setattr(sqlite_bounds.Bounds, "settle", fail)
            with pytest.raises(sqlite3.OperationalError, match="disk"):
                await backend.set("key", b"value")
        assert (await bounds_of(backend))[0] is None

        await backend.set("key", b"value")

        assert (await bounds_of(backend))[0] == 5
        assert len(await found(other)) == 5


def fail(*_arguments: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


async def test_many_entries_set_at_once_stay_within_the_bound(small: SqliteBackend) -> None:
    await fill(small, 10)

    await small.set_many([(f"new {number}", b"") for number in range(25)])

    assert await found(small) == sorted(f"new {number}" for number in range(15, 25))
    assert (await small.stats()).evicted == 25


async def test_expired_entries_go_first(small: SqliteBackend, clock: ManualClock) -> None:
    for number in range(10):
        await small.set(f"key {number}", b"", time_to_live=60 if number in (4, 7) else None)
    clock.advance(60)

    await small.set("new 0", b"")
    await small.set("new 1", b"")

    expected = [f"key {number}" for number in range(10) if number not in (4, 7)]
    assert await found(small) == [*expected, "new 0", "new 1"]
    assert (await small.stats()).evicted == 0


async def test_expired_entries_go_by_and_by_without_any_bound(
    backend: SqliteBackend, clock: ManualClock
) -> None:
    await backend.set_many([(f"key {it}", b"v" * (it * 10)) for it in range(500)], time_to_live=1)
    clock.advance(1)

    await fill(backend, 200)

    assert (await backend.stats()).entries == 200


async def test_entry_that_was_read_outlives_older_and_younger_ones(small: SqliteBackend) -> None:
    await fill(small, 10)
    await small.get("key 0")
    await collect(small.get_many("key 3", "nobody"))

    for number in range(6):
        await small.set(f"new {number}", b"")

    survivors = [it for it in await found(small) if it.startswith("key")]
    assert survivors == ["key 0", "key 3", "key 8", "key 9"]


@pytest.mark.parametrize("reads", [1, sqlite_bounds.NOTED_AT_ONCE])
async def test_entries_that_were_read_are_spared_by_others_too_after_some_writes(
    path: Path, reads: int
) -> None:
    count = reads + 10
    async with (
        SqliteBackend(path, max_entries=count) as one,
        SqliteBackend(path, max_entries=count) as other,
    ):
        await fill(one, count)
        await collect(one.get_many(*(f"key {number}" for number in range(reads))))
        for _ in range(1 if reads > 1 else sqlite_bounds.TIDIES_EVERY):
            await one.set("key 10", b"again")

        for number in range(5):
            await other.set(f"new {number}", b"")

        assert await one.contains("key 0")
        assert len(await found(one)) == count


async def test_newcomer_stays_though_all_others_have_been_read(small: SqliteBackend) -> None:
    await fill(small, 10)
    for number in range(20):
        for key in await found(small):
            await small.get(key)

        await small.set(f"new {number}", b"")

        assert await small.contains(f"new {number}")
        assert (await small.stats()).entries == 10


async def test_eviction_spares_so_many_at_most(
    small: SqliteBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_bounds, "MOST_SPARED", 2)
    await fill(small, 10)
    await collect(small.get_many(*(f"key {number}" for number in range(10))))

    await small.set("new", b"")

    assert "key 2" not in await found(small)


async def test_reading_writes_nothing(small: SqliteBackend, path: Path) -> None:
    await fill(small, 10)
    before = ask(path, "PRAGMA data_version"), (await small.stats()).file_size

    with closing(sqlite3.connect(path)) as other:
        version = other.execute("PRAGMA data_version").fetchone()
        for number in range(300):
            await small.get(f"key {number % 10}")
        assert other.execute("PRAGMA data_version").fetchone() == version

    assert (await small.stats()).file_size == before[1]


async def test_entry_bigger_than_the_bound_takes_nothing_with_it_but_its_former_self(
    path: Path,
) -> None:
    async with SqliteBackend(path, max_bytes=10_000) as backend:
        await fill(backend, 10)

        assert await backend.set("key 3", b"v" * 10_000) is False
        await backend.set_many([("key 4", b"v" * 10_000), ("new", b"")])

        expected = [f"key {number}" for number in range(10) if number not in (3, 4)]
        assert await found(backend) == [*expected, "new"]
        assert (await backend.stats()).evicted == 0


async def test_pages_are_given_back_in_small_steps(backend: SqliteBackend, path: Path) -> None:
    await backend.set_many([(f"key {number}", b"v" * 4000) for number in range(3000)])
    await backend.delete_many(*(f"key {number}" for number in range(3000)))
    pages = [ask(path, "PRAGMA page_count")]

    while len(pages) < 20 and pages[-1] > 500:
        for number in range(128):
            await backend.set(f"key {number}", b"value")
        pages.append(ask(path, "PRAGMA page_count"))

    steps = [before - after for before, after in pairwise(pages)]
    assert pages[-1] <= 500, pages
    assert all(0 <= step <= 260 for step in steps), pages  # 256, and some of the file's own
    await backend.aclose()
    assert size_of(path) == pages[-1] * 4096


# Claims


async def test_claims_of_the_dead_are_removed_in_time(
    backend: SqliteBackend, path: Path, clock: ManualClock
) -> None:
    await backend.leases.claim([f"key {number}" for number in range(100)], "token", 5.0)
    clock.advance(5)

    await fill(backend, 70)

    assert ask(path, "SELECT count(*) FROM claims") == 0


async def test_commit_of_an_entry_bigger_than_the_bound_stores_nothing(path: Path) -> None:
    async with SqliteBackend(path, max_bytes=10_000) as backend:
        await fill(backend, 3)
        await backend.leases.claim(["key 1"], "token", 5.0)

        commit = Commit("key 1", "token", b"v" * 10_000, time_to_live=None, former=None)
        assert await backend.leases.commit([commit]) == [False]

        assert await found(backend) == ["key 0", "key 2"]
        assert ask(path, "SELECT count(*) FROM claims") == 0


async def test_claims_and_writes_at_once_leave_one_holder_each(backend: SqliteBackend) -> None:
    def claimer(token: str) -> Callable[[], Any]:
        async def claim() -> list[Any]:
            return await backend.leases.claim(["one", "two"], token, 5.0)

        return claim

    outcomes = await run_together([claimer(f"token {number}") for number in range(16)])

    assert len({str(outcome) for outcome in outcomes}) == 1


# Together, and closing


async def test_many_callers_at_once_get_what_is_theirs(backend: SqliteBackend) -> None:
    def caller(number: int) -> Callable[[], Any]:
        async def call() -> list[bytes]:
            given = []
            for turn in range(10):
                key, value = f"{number} {turn}", f"value {number} {turn}".encode() * 50 * turn
                await backend.set(key, value)
                given.append((await backend.get(key), value))
            return [got for got, value in given if got != value]

        return call

    assert await run_together([caller(number) for number in range(32)]) == [[]] * 32
    held = await backend.stats()
    assert held.entries == len(await found(backend)) == 320


async def test_closing_while_others_use_it_disturbs_nobody(backend: SqliteBackend) -> None:
    def user(number: int) -> Callable[[], Any]:
        async def use() -> None:
            for turn in range(30):
                key = f"{number} {turn}"
                token = f"token {key}"
                await backend.set(key, b"value" * turn)
                assert await backend.get(key) == b"value" * turn
                assert await collect(backend.get_many(key, key)) == [(key, b"value" * turn)] * 2
                ((holder, wire),) = await backend.leases.claim([key], token, 5.0)
                assert (holder, wire) == (token, b"value" * turn)

        return use

    async def close() -> None:
        for _ in range(30):
            await backend.aclose()

    await run_together([*(user(number) for number in range(6)), close, close])

    assert (await backend.stats()).entries == 180


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are known on Linux")
async def test_closed_backend_has_nothing_open_at_once(backend: SqliteBackend, path: Path) -> None:
    gc.disable()
    try:
        await fill(backend, 3)
        await backend.get("key 0")
        await backend.aclose()

        assert files_in(path.parent) == ["cache.db", "cache.db-stamps"]
    finally:
        gc.enable()
    assert open_files(path) == []
    assert await backend.get("key 1") == b"value"


async def test_file_that_somebody_removed_is_begun_anew_in_a_second(
    backend: SqliteBackend, path: Path
) -> None:
    await fill(backend, 3)
    remove_all(path.parent)
    backend._file._watch.recent.until -= 1.0

    await backend.set("new", b"value")

    assert await found(backend) == ["new"]
    async with SqliteBackend(path) as other:
        assert await found(other) == ["new"]


async def test_reader_of_a_file_that_somebody_replaced_notices_in_a_second(
    backend: SqliteBackend, path: Path
) -> None:
    await backend.set("key", b"old")
    await backend.get("key")
    put_aside(path)
    async with SqliteBackend(path) as other:
        await other.set("key", b"new")

        backend._file._watch.recent.until -= 1.0

        assert await backend.get("key") == b"new"

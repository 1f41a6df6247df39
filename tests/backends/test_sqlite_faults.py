"""A SQLite file that is damaged, foreign, locked, full or read-only: an event, and the value."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from random import Random
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

import pytest

from cachetory._shell.health import Health
from cachetory.backends import async_, sync
from cachetory.backends.sqlite_access import SqliteAccess
from cachetory.backends.sqlite_errors import reason_of
from cachetory.backends.sqlite_identity import APPLICATION
from cachetory.backends.sqlite_schema import VERSION
from cachetory.caches.async_ import Cache as AsyncCache
from cachetory.caches.sync import Cache
from cachetory.decorators.sync import cached
from cachetory.events import BackendFailed
from cachetory.policy import Policy
from tests.clock import SLOW
from tests.shell.sync_crew import Crew, Signal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cachetory.events import Event

ROOT = Path(__file__).parents[2]
PAGE = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.db"


def fill(path: Path, count: int = 200) -> None:
    """Make a good file, and close it."""
    with sync.SqliteBackend(path) as backend:
        backend.set_many(
            [(f"key {number}", b"<%d>" % number * (number * 10)) for number in range(count)]
        )


def is_value(key: str, value: bytes) -> bool:
    number = int(key.split()[1])
    return value == b"<%d>" % number * (number * 10)


def garbage(path: Path) -> None:
    """Leave nothing of a cache but its mark."""
    content = bytearray(Random(0).randbytes(20_000))
    content[68:72] = APPLICATION.to_bytes(4, "big")
    path.write_bytes(content)


def truncated(path: Path) -> None:
    fill(path)
    os.truncate(path, path.stat().st_size // 2)


def a_page_and_a_half(path: Path) -> None:
    fill(path)
    os.truncate(path, PAGE * 3 // 2)


def no_header(path: Path) -> None:
    fill(path)
    with path.open("r+b") as file:
        file.write(b"\0" * 100)


def no_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {VERSION}")


def no_counts(path: Path) -> None:
    fill(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM counts")
        connection.commit()


DAMAGED = [garbage, truncated, a_page_and_a_half, no_header, no_tables, no_counts]


def set_aside(path: Path) -> list[Path]:
    return sorted(it for it in path.parent.iterdir() if "damaged" in it.name and it.name[-4] != "-")


class Told:
    """A cache of a colour over a backend, and the events that it tells."""

    def __init__(self, backend: Any, policy: Policy | None = None) -> None:
        self.events: list[Event] = []
        self.loads = 0
        self.is_async = isinstance(backend, async_.SqliteBackend)
        cache_class: Any = AsyncCache if self.is_async else Cache
        self.cache = cache_class(
            backend=backend,
            serializer="json://",
            prefix="app:",
            policy=policy,
            on_event=self.events.append,
        )

    def get_or_set(self, key: str) -> Any:
        """Get a key, or load it."""
        if self.is_async:

            async def load_soon() -> str:
                return self.load(key)

            async def get() -> Any:
                async with self.cache:
                    return await self.cache.get_or_set(key, load_soon)

            return asyncio.run(get())
        return self.cache.get_or_set(key, lambda: self.load(key))

    def load(self, key: str) -> str:
        self.loads += 1
        return f"value of {key}"

    def failures(self) -> list[str]:
        return [reason_of(it.error) for it in self.events if isinstance(it, BackendFailed)]


POLICIES = {"no policy": None, "lease": Policy(time_to_live=3600, lease=5.0)}


@pytest.fixture(params=POLICIES)
def policy(request: pytest.FixtureRequest) -> Policy | None:
    return POLICIES[request.param]


@pytest.fixture(params=["sync", "async"])
def make(request: pytest.FixtureRequest, path: Path) -> Iterator[Callable[..., Any]]:
    """Makes a backend of either colour, which is closed after the test."""
    backend_class: Any = {"sync": sync, "async": async_}[request.param].SqliteBackend
    made: list[Any] = []

    def make(**options: Any) -> Any:
        made.append(backend_class(path, **({"busy_timeout": 0.2} | options)))
        return made[-1]

    yield make
    for backend in made:
        backend._file.close()


# Damaged files


@pytest.mark.parametrize("make_file", DAMAGED)
def test_file_that_is_no_good_is_set_aside_and_a_new_one_begun(
    path: Path, make_file: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    make_file(path)
    wrong: list[str] = []
    with sync.SqliteBackend(path) as backend:
        for number in range(200):
            key = f"key {number}"
            try:
                if not is_value(key, backend.get(key)):
                    wrong.append(key)
            except (KeyError, sqlite3.DatabaseError):
                backend.set(key, b"<%d>" % number * (number * 10))

        with suppress(sqlite3.DatabaseError):
            backend.set("key 1", b"<1>" * 10)
        backend.set("key 1", b"<1>" * 10)

        assert wrong == []
        keys = list(backend.keys())
        assert all(is_value(key, backend.get(key)) for key in keys)
        assert backend.stats().entries == len(keys)
    (old,) = set_aside(path)
    (record,) = caplog.records
    assert (record.levelno, record.name) == (logging.WARNING, "cachetory")
    assert str(old) in record.getMessage()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("make_file", DAMAGED)
def test_file_that_is_no_good_is_left_alone_if_so_wished(
    path: Path, make_file: Callable[[Path], None]
) -> None:
    make_file(path)
    content = path.read_bytes()
    with sync.SqliteBackend(path, on_corrupt="raise") as backend:
        for _ in range(2):
            with pytest.raises(sqlite3.DatabaseError) as caught:
                backend.set_many([(f"key {number}", b"") for number in range(200)])

    assert repr(str(path)) in str(caught.value)
    assert set_aside(path) == []
    if make_file is garbage:
        assert path.read_bytes() == content


@pytest.mark.parametrize("make_file", [garbage, truncated])
@pytest.mark.parametrize("on_corrupt", ["replace", "raise"])
def test_cache_over_a_file_that_is_no_good_gives_every_value(
    path: Path,
    make: Callable[..., Any],
    make_file: Callable[[Path], None],
    on_corrupt: str,
    policy: Policy | None,
) -> None:
    make_file(path)
    told = Told(make(on_corrupt=on_corrupt), policy)

    values = [told.get_or_set(f"key {number % 5}") for number in range(20)]

    assert values == [f"value of key {number % 5}" for number in range(20)]
    if on_corrupt == "raise":
        assert told.failures()
        assert told.loads == 20
    else:
        assert told.loads < 20


@pytest.mark.parametrize("seed", range(12))
def test_bytes_flipped_in_the_middle_lead_to_no_error_but_those_of_the_file(
    path: Path, seed: int
) -> None:
    fill(path)
    random = Random(seed)
    content = bytearray(path.read_bytes())
    for _ in range(30):
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    path.write_bytes(content)
    with sync.SqliteBackend(path, max_entries=150) as backend:
        for turn in range(4):
            for number in range(200):
                with _file_errors(KeyError):
                    backend.get(f"key {number}")
                with _file_errors():
                    backend.set(f"key {number}", b"<%d>" % number * (number * 10 * turn))
            with _file_errors():
                list(backend.keys("key"))
            with _file_errors():
                backend.clear_prefix("key 1")

        backend.set("key", b"value")
        assert backend.get("key") == b"value"


@contextmanager
def _file_errors(*others: type[Exception]) -> Iterator[None]:
    try:
        yield
    except (sqlite3.DatabaseError, *others):
        pass


def test_damage_that_shows_while_the_file_is_in_use_is_met_once(path: Path) -> None:
    fill(path)
    told = Told(sync.SqliteBackend(path))
    told.get_or_set("key 1")
    with sync.SqliteBackend(path):
        path.write_bytes(b"garbage" * 10_000)  # the same file, while nobody has it open

    values = [told.get_or_set(f"key {number}") for number in range(20)]

    assert values == [f"value of key {number}" for number in range(20)]
    assert len(set_aside(path)) == 1
    assert told.loads >= 20
    told.cache.backend.close()


def test_file_that_is_truncated_while_it_is_open_is_begun_anew(path: Path) -> None:
    with sync.SqliteBackend(path) as backend:
        fill(path)
        backend.get("key 1")
        with closing(sqlite3.connect(path)) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        os.truncate(path, PAGE * 2)

        for number in range(200):
            try:
                assert is_value(f"key {number}", backend.get(f"key {number}"))
            except (KeyError, sqlite3.DatabaseError):
                continue
        backend.set("key 1", b"<1>" * 10)

        assert backend.get("key 1") == b"<1>" * 10
    assert len(set_aside(path)) == 1


def test_file_is_set_aside_once_however_many_threads_meet_the_damage(path: Path) -> None:
    fill(path)
    with sync.SqliteBackend(path, busy_timeout=20.0) as backend:
        crew_size = 8
        ready, go = [Signal() for _ in range(crew_size)], Signal()

        def use(number: int) -> list[str]:
            wrong: list[str] = []
            backend.get("key 1")
            ready[number].set()
            go.wait()
            for turn in range(50):
                key = f"key {turn}"
                try:
                    backend.set(key, b"<%d>" % turn * (turn * 10))
                    if not is_value(key, backend.get(key)):
                        wrong.append(key)
                except (KeyError, sqlite3.DatabaseError):
                    continue
            return wrong

        with Crew() as crew:
            users = [crew.start(use, number) for number in range(crew_size)]
            for signal in ready:
                signal.wait()
            with closing(sqlite3.connect(path)) as other:
                other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            os.truncate(path, PAGE)
            go.set()
            assert [user.result() for user in users] == [[]] * crew_size
        assert backend.stats().entries == len(list(backend.keys())) > 0
    assert len(set_aside(path)) == 1


def test_process_that_has_the_damaged_file_open_goes_over_to_the_new_one(path: Path) -> None:
    fill(path)
    script = """
import sys
from cachetory.backends.sync import SqliteBackend
backend = SqliteBackend(sys.argv[1])
print(len(backend.get("key 1")), flush=True)
sys.stdin.readline()
backend.set("theirs", b"value")
backend._file._watch.recent.until -= 1.0
print(backend.get("ours").decode(), sorted(backend.keys()), flush=True)
backend.close()
sys.stdin.readline()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, path],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "30\n"
        with sync.SqliteBackend(path) as backend:
            backend.get("key 1")
            damage = sqlite3.DatabaseError("malformed: so the test says")
            backend._file._suffer(damage, backend._file._connections.round)
            backend.set("ours", b"value")
            other.stdin.write("\n")
            other.stdin.flush()

            assert other.stdout.readline() == "value ['ours', 'theirs']\n"
            assert backend.get("theirs") == b"value"
            other.stdin.write("\n")
            other.stdin.flush()
            other.wait(30)
            # The other one has closed the old file by now, which takes nothing of the new one away.
            backend.set("more", b"value")
    with sync.SqliteBackend(path) as backend:
        assert sorted(backend.keys()) == ["more", "ours", "theirs"]
    assert len(set_aside(path)) == 1


# Files that cannot be used


def test_directory_that_is_missing_is_told(
    tmp_path: Path, make: Callable[..., Any], path: Path, policy: Policy | None
) -> None:
    tmp_path.rmdir()
    told = Told(make(), policy)

    assert told.get_or_set("key") == "value of key"

    assert set(told.failures()) == {"unable to open database file"}
    tmp_path.mkdir()
    assert told.get_or_set("key") == "value of key"
    assert path.exists()


def test_file_that_is_locked_is_told(
    path: Path, make: Callable[..., Any], policy: Policy | None
) -> None:
    told = Told(make(), policy)
    told.get_or_set("before")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")

        assert told.get_or_set("key") == "value of key"
        assert "database is locked" in told.failures()
        assert told.get_or_set("before") == "value of before"
        other.execute("ROLLBACK")

    loads = told.loads
    Health.of(told.cache.backend).answered()
    told.get_or_set("key")
    told.get_or_set("key")
    assert told.loads == loads + 1


def test_reading_while_another_process_mends_the_file_waits_for_that(path: Path) -> None:
    access = SqliteAccess(str(path), busy_timeout=60, replaces_damaged=True)
    tries: list[sqlite3.Connection] = []

    def look(connection: sqlite3.Connection) -> int:
        tries.append(connection)
        if len(tries) < 10:
            raise sqlite3.OperationalError("database is locked")
        return len(tries)

    assert access.read(look) == 10
    assert len(set(tries)) == 1
    access.close()


def test_reading_waits_no_longer_than_it_may(path: Path) -> None:
    access = SqliteAccess(str(path), busy_timeout=0.05, replaces_damaged=True)

    def look(_connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("database is locked")

    with pytest.raises(sqlite3.OperationalError, match="locked"):
        access.read(look)
    access.close()


@pytest.mark.parametrize("callers", [1, 16])
def test_new_file_that_is_locked_keeps_callers_no_longer_than_they_wait(
    path: Path, callers: int
) -> None:
    backend = sync.SqliteBackend(path, busy_timeout=2.0)
    with closing(sqlite3.connect(path, isolation_level=None)) as other, Crew() as crew:
        other.execute("BEGIN EXCLUSIVE")
        began = monotonic()

        setters = [crew.start(backend.set, f"key {it}", b"") for it in range(callers)]
        errors = [setter.error() for setter in setters]

        took = monotonic() - began
        other.execute("ROLLBACK")
    assert all("locked" in str(error) for error in errors)
    assert all(isinstance(error, sqlite3.OperationalError) for error in errors)
    assert took < SLOW  # one after another, 16 callers would take 32 seconds
    backend.set("key", b"value")
    backend.close()


def test_file_that_is_full_is_told_and_what_it_holds_is_served(
    path: Path, make: Callable[..., Any], policy: Policy | None
) -> None:
    told = Told(make(), policy)
    told.get_or_set("before")
    _allow_pages(told.cache.backend, 20)
    loads = told.loads
    for number in range(400):
        assert (
            told.get_or_set(f"key {number} " + "x" * 300) == f"value of key {number} " + "x" * 300
        )
        if told.failures():
            break
    else:
        pytest.fail("the file was never full")

    assert set(told.failures()) == {"database or disk is full"}
    assert told.get_or_set("before") == "value of before"
    assert told.loads == loads + number + 1
    assert set_aside(path) == []


def _allow_pages(backend: Any, pages: int) -> None:
    """Let all connections from now on see a full disk once there are so many pages."""
    file = backend._file
    connect = file._connections.make

    def make() -> sqlite3.Connection:
        connection = cast("sqlite3.Connection", connect())
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    file._connections.make = make
    file.close()


def test_disk_that_is_full_for_some_of_a_batch_takes_the_rest(path: Path) -> None:
    async def use() -> list[Any]:
        async with async_.SqliteBackend(path) as backend:
            await backend.set("old", b"value")
            _allow_pages(backend, 80)
            sets = [backend.set(f"key {number}", b"v" * 1000) for number in range(30)]
            return await asyncio.gather(
                *sets,
                backend.set("big", b"v" * 1_000_000),
                backend.delete("old"),
                return_exceptions=True,
            )

    *small, big, deleted = asyncio.run(use())

    assert small == [True] * 30
    assert reason_of(big) == "database or disk is full"
    assert deleted is True


LIMITED = """
import json, resource, signal, sqlite3, sys
from cachetory.caches.sync import Cache
from cachetory.backends.sync import SqliteBackend
from cachetory._shell.health import Health
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
failures, wrong = [], 0
with Cache(backend=SqliteBackend(sys.argv[1]), serializer="json://", prefix="app:",
           on_event=lambda it: failures.append(str(it.error)) if hasattr(it, "error") else None,
           ) as cache:
    for number in range(2000):
        Health.of(cache.backend).answered()
        value = f"<{number % 500}>" * 100
        wrong += cache.get_or_set(f"key {number % 500}", lambda: value) != value
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
with sqlite3.connect(sys.argv[1]) as connection:
    integrity = connection.execute("PRAGMA integrity_check").fetchone()[0]
print(json.dumps({"failures": sorted(set(failures)), "wrong": wrong, "integrity": integrity}))
"""


def test_process_that_may_write_no_more_gives_values_and_breaks_nothing(path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", LIMITED, path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )

    assert result.returncode == 0, result.stderr
    outcome = json.loads(result.stdout)
    assert outcome["failures"]
    reasons = {it.partition(" (")[0] for it in outcome["failures"]}
    assert reasons <= {"disk I/O error", "database or disk is full"}
    assert (outcome["wrong"], outcome["integrity"]) == (0, "ok")
    assert set_aside(path) == []


def test_file_that_may_only_be_read_is_read(
    path: Path, make: Callable[..., Any], policy: Policy | None
) -> None:
    told = Told(make(), policy)
    told.get_or_set("before")
    file = told.cache.backend._file
    connect = file._connections.make

    def make_reader() -> sqlite3.Connection:
        connection = cast("sqlite3.Connection", connect())
        connection.execute("PRAGMA query_only = ON")
        return connection

    file._connections.make = make_reader
    file.close()
    for _ in range(20):
        assert told.get_or_set("key") == "value of key"

    assert set(told.failures()) == {"attempt to write a readonly database"}
    loads = told.loads
    assert told.get_or_set("before") == "value of before"
    assert told.loads == loads  # reading goes on, whatever fails


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root may write anywhere")
def test_file_in_a_read_only_directory_is_told(
    path: Path, make: Callable[..., Any], tmp_path: Path
) -> None:
    garbage(path)
    tmp_path.chmod(0o500)
    try:
        told = Told(make())
        assert told.get_or_set("key") == "value of key"
        assert set(told.failures()) == {"file is not a database"}
    finally:
        tmp_path.chmod(0o700)


def test_damaged_file_that_cannot_be_moved_is_told(
    path: Path, make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    garbage(path)

    def refuse(_path: Path, _target: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "replace", refuse)
    told = Told(make())

    assert told.get_or_set("key") == "value of key"

    assert set(told.failures()) == {"file is not a database"}


def test_cached_function_over_a_file_that_cannot_be_used_is_called(tmp_path: Path) -> None:
    events: list[Event] = []
    cache = Cache[str, Any](
        backend=sync.SqliteBackend(tmp_path / "nowhere" / "cache.db"),
        serializer="json://",
        prefix="app:",
        on_event=events.append,
    )

    @cached(cache)
    def square(number: int) -> int:
        return number * number

    assert [square(number) for number in range(5)] == [0, 1, 4, 9, 16]
    assert any(isinstance(it, BackendFailed) for it in events)

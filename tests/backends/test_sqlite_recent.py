"""What was read of a SQLite file is given again only as long as no process has written it."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.backends import async_, sqlite_recent, sync
from cachetory.backends.sqlite_errors import reason_of
from cachetory.backends.sqlite_recent import Recent
from cachetory.backends.sqlite_stamps import SLOTS, Stamps, slot_of
from cachetory.interfaces.leases.sync import Commit
from tests.shell.sync_crew import Crew

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cachetory.backends.sqlite_schema import Connection
    from tests.clock import ManualClock

ROOT = Path(__file__).parents[2]
ROUNDS = int(os.environ.get("SQLITE_ROUNDS", "3000"))

RACE = """
import asyncio, mmap, os, random, struct, sys
from cachetory.backends import async_, sqlite_recent, sync

path, rounds = sys.argv[1], int(sys.argv[2])
WRITERS, KEYS, CLEARED = 3, 4, 4

# For each key, the number of the state that is being written, and of that which was written last.
# It is deleted in each third state, and its value tells the number in the others.
states = memoryview(mmap.mmap(-1, 8 * 2 * WRITERS * (KEYS + CLEARED))).cast("Q")

def write(backend, me):
    for number in range(1, rounds):
        which = random.randrange(KEYS)
        key, at = f"{me} {which}", 2 * (me * (KEYS + CLEARED) + which)
        state = states[at] = states[at] + 1
        if state % 3:
            value = b"%d" % state
            if state % 5:
                backend.set(key, value, time_to_live=3600)
            else:
                backend.set_many([(key, value), (f"other {me}", b"")])
        elif state % 2:
            backend.delete(key)
        else:
            backend.expire_in(key, 0)
        states[at + 1] = state
        if number % 50 == 0:
            for it in range(CLEARED):
                at = 2 * (me * (KEYS + CLEARED) + KEYS + it)
                states[at] += 2
                backend.set(f"{me} cleared {it}", b"%d" % states[at])
                states[at + 1] = states[at]
            for it in range(CLEARED):
                at = 2 * (me * (KEYS + CLEARED) + KEYS + it)
                states[at] += 1
            backend.clear_prefix(f"{me} cleared")
            for it in range(CLEARED):
                at = 2 * (me * (KEYS + CLEARED) + KEYS + it)
                states[at + 1] = states[at]

def check(key, at, least, value):
    most = states[at]
    state = None if value is None else int(value)
    if state is not None:
        fine = state % 3 and least <= state <= most
    else:
        fine = any(it % 3 == 0 for it in range(least, most + 1))
    if not fine:
        raise AssertionError(f"{key} was {value} when it was from {least} to {most}")

def choose():
    me, which = random.randrange(WRITERS), random.randrange(KEYS + CLEARED)
    key = f"{me} {which}" if which < KEYS else f"{me} cleared {which - KEYS}"
    return key, 2 * (me * (KEYS + CLEARED) + which)

def read(backend, is_over):
    reads = 0
    while not is_over():
        key, at = choose()
        for _ in range(3):
            least = states[at + 1]
            try:
                value = backend.get(key)
            except KeyError:
                value = None
            check(key, at, least, value)
            reads += 1
    return reads

async def read_in_tasks(is_over):
    async def one(backend):
        while not is_over():
            key, at = choose()
            least = states[at + 1]
            try:
                value = await backend.get(key)
            except KeyError:
                value = None
            check(key, at, least, value)
            await asyncio.sleep(0)
    async with async_.SqliteBackend(path, busy_timeout=60.0) as backend:
        await asyncio.gather(*(one(backend) for _ in range(4)))

def start(work):
    pid = os.fork()
    if not pid:
        random.seed(7)  # all the same: what must be different may not hang on this
        try:
            work()
        except BaseException as error:
            os.write(2, f"error: {error!r}\\n".encode())
            os._exit(1)
        os._exit(0)
    return pid

backend = sync.SqliteBackend(path, busy_timeout=60.0)
backend.set("first", b"")
writers = [start(lambda me=me: write(backend, me)) for me in range(WRITERS)]
over, tell = os.pipe()
os.set_blocking(over, False)

def is_over():
    try:
        return os.read(over, 1) == b""
    except BlockingIOError:
        return False

def reading():
    os.close(tell)
    read(backend, is_over)

def reading_in_tasks():
    os.close(tell)
    asyncio.run(read_in_tasks(is_over))

readers = [start(reading), start(reading_in_tasks)]
failed = [os.waitpid(pid, 0)[1] for pid in writers]
os.close(tell)
failed += [os.waitpid(pid, 0)[1] for pid in readers]
sys.exit(any(failed))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.db"


@pytest.fixture
def backend(path: Path, clock: ManualClock) -> Iterator[sync.SqliteBackend]:
    with sync.SqliteBackend(path, wall_clock=clock) as backend:
        yield backend


@pytest.fixture(autouse=True)
def long_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no second pass by itself."""
    monkeypatch.setattr(sqlite_recent, "LASTS", 3600.0)


def let_a_second_pass(backend: sync.SqliteBackend) -> None:
    backend._file._watch.recent.until = 0.0


def written_without_stamps(path: Path, value: bytes) -> None:
    """Change all values as another program would that knows nothing of stamps."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE entries SET value = ?", (value,))


def is_remembered(backend: sync.SqliteBackend, path: Path, key: str = "key") -> bool:
    """Tell whether a key is read without the file."""
    before = backend.get(key)
    assert before != b"from the file"
    written_without_stamps(path, b"from the file")
    value = backend.get(key)
    written_without_stamps(path, before)
    return value == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_nobody_reads_what_was_written_over_or_deleted_before(path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", RACE, str(path), str(ROUNDS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert result.stderr == ""
    assert result.returncode == 0


def test_value_that_was_read_is_given_again_without_the_file(
    backend: sync.SqliteBackend, path: Path
) -> None:
    backend.set("key", b"value")

    assert is_remembered(backend, path)


def set_it(backend: sync.SqliteBackend) -> None:
    backend.set("key", b"new")


def set_many(backend: sync.SqliteBackend) -> None:
    backend.set_many([("key", b"new"), ("another", b"new")])


def set_very_many(backend: sync.SqliteBackend) -> None:
    backend.set_many([(f"key {number}", b"new") for number in range(1000)] + [("key", b"new")])


def delete(backend: sync.SqliteBackend) -> None:
    backend.delete("key")


def delete_many(backend: sync.SqliteBackend) -> None:
    backend.delete_many("another", "key")


def expire_in(backend: sync.SqliteBackend) -> None:
    backend.expire_in("key", 0)


def live_shorter(backend: sync.SqliteBackend) -> None:
    backend.expire_in("key", 1)


def clear(backend: sync.SqliteBackend) -> None:
    backend.clear()


def clear_prefix(backend: sync.SqliteBackend) -> None:
    backend.clear_prefix("k")


def commit(backend: sync.SqliteBackend) -> None:
    backend.leases.claim(["key"], "token", 5.0)
    assert backend.leases.commit([Commit("key", "token", b"new", time_to_live=None, former=None)])


def evict(backend: sync.SqliteBackend) -> None:
    with sync.SqliteBackend(
        backend._file.path, max_entries=1, wall_clock=backend._wall_clock
    ) as bounded:
        bounded.set_many([(f"key {number}", b"new") for number in range(10)])


WAYS = [
    set_it,
    set_many,
    set_very_many,
    delete,
    delete_many,
    expire_in,
    live_shorter,
    clear,
    clear_prefix,
    commit,
    evict,
]


@pytest.mark.parametrize("write", WAYS, ids=lambda it: it.__name__)
@pytest.mark.parametrize("by", ["itself", "another"])
@pytest.mark.parametrize("colour", [sync, async_], ids=["sync", "async"])
async def test_whatever_is_written_is_seen_at_once(
    path: Path, clock: ManualClock, colour: Any, write: Callable[..., None], by: str
) -> None:
    with sync.SqliteBackend(path, wall_clock=clock) as writer:
        reader = (
            writer
            if by == "itself" and colour is sync
            else colour.SqliteBackend(path, wall_clock=clock)
        )

        async def get() -> Any:
            try:
                value = reader.get("key")
                return await value if colour is async_ else value
            except KeyError:
                return None

        writer.set("key", b"old", time_to_live=60)
        assert await get() == b"old"
        assert await get() == b"old"

        write(writer)
        clock.advance(2)

        found = await get()
        there = dict(writer.get_many("key")).get("key")
        assert found == there
        assert found != b"old"
        await reader.aclose() if colour is async_ else reader.close()


def test_value_is_over_when_its_time_is(backend: sync.SqliteBackend, clock: ManualClock) -> None:
    backend.set("key", b"value", time_to_live=5)
    assert backend.get("key") == b"value"

    clock.advance(4.9)
    assert backend.get("key") == b"value"
    clock.advance(0.1)

    assert not backend.contains("key")
    with pytest.raises(KeyError):
        backend.get("key")


def test_what_others_wrote_without_stamps_is_seen_in_a_second(
    backend: sync.SqliteBackend, path: Path
) -> None:
    backend.set("key", b"value")
    backend.get("key")
    written_without_stamps(path, b"new")

    let_a_second_pass(backend)

    assert backend.get("key") == b"new"


def test_memory_holds_no_more_than_it_may(path: Path) -> None:
    with sync.SqliteBackend(path, memory_bytes=10_000) as backend:
        backend.set("key", b"v" * 10_000)
        assert not is_remembered(backend, path)
        backend.set_many([(f"key {number}", b"v" * 1000) for number in range(20)])
        let_a_second_pass(backend)
        for number in range(20):
            backend.get(f"key {number}")
        written_without_stamps(path, b"new")

        old = [key for key in backend.keys("key ") if backend.get(key) != b"new"]

        assert 5 <= len(old) < 10


def test_memory_of_nothing_has_all_read_from_the_file(path: Path) -> None:
    with sync.SqliteBackend.from_url(f"sqlite:///{path}?memory-bytes=0") as backend:
        backend.set("key", b"value")

        assert not is_remembered(backend, path)


def test_what_a_transaction_has_not_committed_is_not_remembered(path: Path) -> None:
    with sync.SqliteBackend(path) as backend:
        file = backend._file
        backend.set("key", b"old")

        def change_look_and_fail(connection: Connection) -> None:
            file._set(connection, b"key", b"new", None, False)
            assert file._get(connection, b"key") == b"new"
            raise sqlite3.OperationalError("disk I/O error")

        with pytest.raises(sqlite3.OperationalError, match="disk I/O"):
            file.transact(change_look_and_fail)

        assert backend.get("key") == b"old"


def test_stamps_are_for_whoever_may_use_the_database(path: Path) -> None:
    path.touch(mode=0o600)
    path.chmod(0o664)
    umask = os.umask(0o077)
    try:
        with sync.SqliteBackend(path) as backend:
            backend.set("key", b"value")
    finally:
        os.umask(umask)

    stamps = path.with_name("cache.db-stamps")
    assert stat.S_IMODE(stamps.stat().st_mode) == 0o664


@pytest.mark.parametrize("size", [0, 100, SLOTS * 8])
def test_stamps_that_were_cut_off_are_completed(path: Path, size: int) -> None:
    path.with_name("cache.db-stamps").write_bytes(bytes(size))

    with sync.SqliteBackend(path) as backend:
        backend.set("key", b"value")
        assert is_remembered(backend, path)


def test_without_stamps_all_is_read_from_the_file(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.with_name("cache.db-stamps").mkdir()

    with sync.SqliteBackend(path) as backend:
        backend.set("key", b"value")
        assert not is_remembered(backend, path)

    assert "cache.db-stamps cannot be used" in caplog.text


def test_stamps_that_somebody_removed_are_made_anew_in_a_second(
    backend: sync.SqliteBackend, path: Path
) -> None:
    backend.set("key", b"old")
    backend.get("key")
    path.with_name("cache.db-stamps").unlink()
    with sync.SqliteBackend(path) as other:
        other.set("key", b"new")

        let_a_second_pass(backend)

        assert backend.get("key") == b"new"
        assert is_remembered(backend, path)
        other.set("key", b"newer")
        assert backend.get("key") == b"newer"


def test_file_with_a_rollback_journal_is_always_asked(path: Path) -> None:
    with sync.SqliteBackend(path) as backend:
        backend.set("key", b"value")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")

    with sync.SqliteBackend(path) as backend:
        assert not is_remembered(backend, path)


def test_mark_that_was_given_before_a_write_is_worth_nothing_after_it(path: Path) -> None:
    path.touch()
    stamps = Stamps(f"{path}-stamps", path.stat())
    recent = Recent(stamps, 1000)
    mark = recent.mark(b"key")
    assert mark is not None

    stamps.renew([b"key"])
    recent.put(b"key", b"value", None, mark)

    assert recent.get(b"key", lambda: 0) is None


def test_programs_that_seed_chance_alike_give_different_stamps(path: Path) -> None:
    path.touch()
    seen = []
    for _ in range(2):
        random.seed(1)
        stamps = Stamps(f"{path}-stamps", path.stat())
        stamps.renew([b"key"])
        seen.append(stamps.numbers[slot_of(b"key")])
    assert seen[0] != seen[1]


FORK = """
import ctypes, json, os, sys
from cachetory.backends.sqlite_stamps import Stamps, slot_of

def fork_in_c():
    pid = ctypes.CDLL(None).fork()
    if not pid:
        ctypes.pythonapi.PyOS_AfterFork_Child()
    return pid

fork = {"python": os.fork, "c": fork_in_c}[sys.argv[2]]
open(sys.argv[1], "w").close()
stamps = Stamps(sys.argv[1] + "-stamps", os.stat(sys.argv[1]))
seen = []
for _ in range(3):
    pid = fork()
    if not pid:
        stamps.renew([b"key"])
        os._exit(0)
    os.waitpid(pid, 0)
    seen.append(stamps.numbers[slot_of(b"key")])
stamps.renew([b"key"])
print(json.dumps([*seen, stamps.numbers[slot_of(b"key")]]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize(
    "language",
    [
        "python",
        pytest.param(
            "c",
            marks=pytest.mark.skipif(
                sys.platform != "linux" or sys.version_info >= (3, 13),
                reason="a fork that Python is not told of before is fatal to newer ones",
            ),
        ),
    ],
)
def test_forked_children_give_different_stamps(path: Path, language: str) -> None:
    result = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK, str(path), language],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )

    assert len(set(json.loads(result.stdout))) == 4
    assert result.stderr == ""


# Where others write, and nobody is told in time


def test_delete_of_what_another_has_just_deleted_is_told_too(
    backend: sync.SqliteBackend, path: Path
) -> None:
    backend.set("key", b"value")
    backend.get("key")
    with closing(sqlite3.connect(path)) as other, other:  # one that has not come to telling
        other.execute("DELETE FROM entries")

    with sync.SqliteBackend(path) as third:
        assert not third.delete("key")

    assert not backend.contains("key")


def test_value_that_was_read_in_bulk_is_not_followed_by_an_older_one(
    backend: sync.SqliteBackend, path: Path
) -> None:
    backend.set("key", b"old")
    backend.get("key")
    written_without_stamps(path, b"new")

    assert dict(backend.get_many("key")) == {"key": b"new"}
    assert backend.get("key") == b"new"


def test_file_that_another_sets_aside_is_forgotten_at_once(
    backend: sync.SqliteBackend, path: Path
) -> None:
    backend.set_many([(key, b"old") for key in ("zero", "one", "two")])
    backend.get("zero")
    backend.get("one")
    with sync.SqliteBackend(path) as other:
        other.get("one")
        file = other._file
        file._suffer(sqlite3.DatabaseError("malformed"), file._connections.round)

        assert not backend.contains("zero")
        assert not other.delete("one")
        other.set("two", b"new")

        assert not backend.contains("one")
        assert backend.get("two") == b"new"
        backend.set("three", b"new")
        assert other.get("three") == b"new"
        assert is_remembered(backend, path, "three")


def test_database_behind_a_link_has_the_same_stamps(path: Path) -> None:
    (path.parent / "links").mkdir()
    link = path.parent / "links" / "cache.db"
    link.symlink_to(path)
    with sync.SqliteBackend(path) as backend, sync.SqliteBackend(link) as other:
        backend.set("key", b"old")
        assert other.get("key") == b"old"
        backend.set("key", b"new")
        assert other.get("key") == b"new"

    assert [it.name for it in link.parent.iterdir()] == ["cache.db"]


def test_threads_that_were_there_before_use_new_stamps_too(path: Path) -> None:
    with sync.SqliteBackend(path) as backend, sync.SqliteBackend(path) as other:
        backend.set("key", b"first")
        path.with_name("cache.db-stamps").unlink()
        with Crew() as crew:
            crew.start(backend.get, "key").result()  # by a connection with new stamps
        let_a_second_pass(other)

        for value in (b"second", b"third"):
            assert other.get("key")
            assert backend.get("key")
            backend.set("key", value)
            assert backend.get("key") == value
            assert other.get("key") == value


def test_new_stamps_are_no_reason_to_ask_for_bounds_again(path: Path) -> None:
    with sync.SqliteBackend(path, max_entries=5) as first:
        first.set("key", b"value")
        with sync.SqliteBackend(path, max_entries=20) as later:
            later.set("key", b"value")
        path.with_name("cache.db-stamps").unlink()
        with Crew() as crew:
            crew.start(first.get, "key").result()  # by a connection with new stamps

        first.set("key", b"other")
        first.set("another", b"value")

        assert first.stats().max_entries == 20


def test_stamps_that_could_not_be_had_at_first_are_used_later(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = path.with_name("cache.db-stamps")
    in_the_way.mkdir()
    with sync.SqliteBackend(path) as backend, sync.SqliteBackend(path) as other:
        for _ in range(3):
            with Crew() as crew:
                crew.start(backend.set, "key", b"value").result()
            let_a_second_pass(backend)
            backend.get("key")
        assert caplog.text.count("cannot be used") == 1
        in_the_way.rmdir()
        other.set("key", b"old")

        let_a_second_pass(backend)
        backend.get("key")

        assert is_remembered(backend, path)
        assert other.get("key") == b"old"
        backend.set("key", b"new")
        assert other.get("key") == b"new"


def test_era_that_somebody_began_for_nothing_is_no_hindrance(
    backend: sync.SqliteBackend, path: Path
) -> None:
    backend.set("key", b"value")
    backend._file._watch.tell()

    assert is_remembered(backend, path)


# What lies in the way


@pytest.mark.parametrize("kind", ["link", "another name"])
def test_file_of_somebody_else_is_never_taken_for_stamps(
    path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    victim = path.with_name("precious")
    victim.write_text("data")
    victim.chmod(0o640)
    stamps = path.with_name("cache.db-stamps")
    if kind == "link":
        stamps.symlink_to(victim)
    else:
        stamps.hardlink_to(victim)

    with sync.SqliteBackend(path) as backend:
        backend.set("key", b"value")
        assert not is_remembered(backend, path)

    assert "cannot be used" in caplog.text
    assert victim.read_text() == "data"
    assert stat.S_IMODE(victim.stat().st_mode) == 0o640


def test_value_that_changes_all_the_time_takes_room_once(path: Path) -> None:
    with sync.SqliteBackend(path, memory_bytes=10_000) as backend:
        for number in range(100):
            backend.set("key", b"%d" % number * 100)
            backend.get("key")

        assert is_remembered(backend, path)


def test_write_within_a_write_is_refused_unless_it_can_be_a_part_of_it(
    backend: sync.SqliteBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def interrupt(*_arguments: object) -> None:  # as a signal handler would that uses the cache
        try:
            backend.set("nested", b"value")
        except sqlite3.OperationalError as error:
            told.append(reason_of(error))

    with monkeypatch.context() as patch:
        patch.setattr(type(backend._file), "_ended", interrupt)
        backend.set("key", b"value")

    assert told == ["database is locked: this very thread is writing"]
    assert backend.stats().entries == len(list(backend.keys())) == 1
    backend.set("nested", b"value")
    assert backend.stats().entries == 2

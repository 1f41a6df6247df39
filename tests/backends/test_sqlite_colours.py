"""What only one colour of the SQLite backend has: loops and cancellation, or threads that wait."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest

from cachetory.backends import async_, sync
from cachetory.testing.async_only import collect
from tests.shell.sync_crew import PATIENCE, Crew, Signal, until

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.db"


async def test_many_writes_at_once_are_few_transactions(path: Path) -> None:
    async with async_.SqliteBackend(path) as backend:
        await backend.set("key", b"")
        before = backend._file._bounds.writes

        await asyncio.gather(*(backend.set(f"key {number}", b"") for number in range(1000)))

        assert backend._file._bounds.writes - before <= 20
        assert (await backend.stats()).entries == 1001


async def test_callers_who_are_cancelled_leave_the_others_and_the_file_well(path: Path) -> None:
    async with async_.SqliteBackend(path) as backend:
        for turn in range(30):
            tasks = [
                asyncio.create_task(backend.set(f"key {number}", b"%d" % turn * 1000))
                for number in range(30)
            ]
            for _ in range(turn % 4):
                await asyncio.sleep(0)
            for task in tasks[::3]:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)

            kept = [number for number, outcome in enumerate(outcomes) if outcome is True]
            assert {number for number in range(30) if number % 3} <= set(kept)
            for number in kept:
                assert await backend.get(f"key {number}") == b"%d" % turn * 1000
        listed = await collect(backend.keys())
        assert (await backend.stats()).entries == len(listed)


async def test_wait_that_is_cut_short_ends_at_once_though_the_file_is_locked(path: Path) -> None:
    async with async_.SqliteBackend(path, busy_timeout=PATIENCE) as backend:
        await backend.set("key", b"value")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(backend.set("key", b"late"), 0.05)
        assert await backend.get("key") == b"value"  # readers wait for nobody

        other.execute("ROLLBACK")
        other.close()
        await backend.set("key", b"last")
        assert await backend.get("key") == b"last"


def test_loops_side_by_side_share_a_backend(path: Path) -> None:
    backend = async_.SqliteBackend(path)
    found: dict[str, list[bytes]] = {}

    async def use(name: str) -> list[bytes]:
        async def one(number: int) -> bytes:
            key = f"{name} {number}"
            for turn in range(10):
                await backend.set(key, f"{key} {turn}".encode())
            if not number % 7:
                await backend.aclose()
            return await backend.get(key)

        return await asyncio.gather(*(one(number) for number in range(20)))

    def run(name: str) -> None:
        found[name] = asyncio.run(use(name))

    threads = [threading.Thread(target=run, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    asyncio.run(backend.aclose())

    assert found == {name: [f"{name} {it} 9".encode() for it in range(20)] for name in "abc"}


def test_threads_read_while_another_process_writes(path: Path) -> None:
    with sync.SqliteBackend(path) as backend:
        backend.set_many([(f"key {number}", b"value") for number in range(8)])
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            with Crew() as crew:
                readers = [crew.start(backend.get, f"key {number}") for number in range(8)]
                assert [reader.result() for reader in readers] == [b"value"] * 8
        finally:
            other.close()


def test_thread_that_waits_for_its_turn_gets_it(path: Path) -> None:
    with sync.SqliteBackend(path, busy_timeout=PATIENCE) as backend:
        backend.set("key", b"value")
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        begun = Signal()

        def write(number: int) -> bool:
            begun.set()
            return backend.set(f"key {number}", b"value")

        with Crew() as crew:
            writers = [crew.start(write, number) for number in range(8)]
            begun.wait()
            until(lambda: any(it.is_within(sync.SqliteBackend.set) for it in writers))
            other.execute("ROLLBACK")

            assert [writer.result() for writer in writers] == [True] * 8
        other.close()


def test_thread_notices_a_new_file_though_another_thread_has_opened_that(path: Path) -> None:
    with sync.SqliteBackend(path) as backend, Crew() as crew:
        backend.set("key", b"old")
        path.rename(path.with_suffix(".old"))
        with sync.SqliteBackend(path) as other:
            other.set("key", b"new")

            assert crew.start(backend.get, "key").result() == b"new"
            assert backend.get("key") == b"new"
            backend.set("ours", b"value")
            assert sorted(other.keys()) == ["key", "ours"]


def test_error_in_mid_transaction_leaves_nothing_behind(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sync.SqliteBackend(path) as backend:
        backend.set("key", b"value")
        with monkeypatch.context() as patch:

            def interrupt(*_arguments: object) -> None:
                raise KeyboardInterrupt

            patch.setattr(backend._file._bounds, "settle", interrupt)
            with pytest.raises(KeyboardInterrupt):
                backend.set_many([("one", b"v" * 5000), ("two", b"value")])

        assert list(backend.keys()) == ["key"]
        backend.set("other", b"value")
        assert backend.stats().entries == 2
    with sync.SqliteBackend(path) as backend:
        assert list(backend.keys()) == ["key", "other"]

"""A memory store serves both colours, threads, event loops, and the children of a fork."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.backends import async_, sync
from cachetory.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable


def test_named_store_is_one_for_both_colours() -> None:
    ours, theirs = sync.from_url("memory://colours"), async_.from_url("memory://colours")

    ours.set("from sync", b"value")
    asyncio.run(_set(theirs, "from async", b"value"))

    assert asyncio.run(_get(theirs, "from sync")) == b"value"
    assert ours.get("from async") == b"value"


def test_named_store_bounds_hold_for_the_other_colour() -> None:
    async_.from_url("memory://bounds-of-colours?max-entries=2")

    with pytest.raises(ConfigurationError, match="is there already"):
        sync.from_url("memory://bounds-of-colours?max-entries=3")
    assert sync.from_url("memory://bounds-of-colours?max-entries=2") is not None


def test_named_store_asked_for_by_many_threads_is_made_once() -> None:
    barrier = threading.Barrier(16)

    def open_store(_: int) -> Any:
        barrier.wait()
        return sync.MemoryBackend.from_url("memory://made-once").local_store

    with ThreadPoolExecutor(16) as pool:
        stores = set(pool.map(open_store, range(16)))

    assert len(stores) == 1


def test_backend_shared_by_threads_and_loops_keeps_what_each_wrote() -> None:
    ours = sync.MemoryBackend[str].from_url("memory://threads-and-loops?max-entries=100000")
    theirs = async_.MemoryBackend[str].from_url("memory://threads-and-loops")

    def thread(name: int) -> None:
        for turn in range(300):
            ours.set(f"{name}:{turn}", str(turn), time_to_live=60)
            assert ours.get(f"{name}:{turn}") == str(turn)

    async def task(name: int) -> None:
        for turn in range(300):
            await theirs.set(f"{name}:{turn}", str(turn))
            assert await theirs.get(f"{name}:{turn}") == str(turn)
            await asyncio.sleep(0)

    async def loop(name: int) -> None:
        await asyncio.gather(*(task(name * 10 + number) for number in range(3)))

    def run_loop(name: int) -> None:
        asyncio.run(loop(name))

    work: list[Callable[[], None]] = []
    for name in range(3):
        work += [lambda name=name: thread(name), lambda name=name: run_loop(name + 10)]
    with ThreadPoolExecutor(len(work)) as pool:
        for future in [pool.submit(function) for function in work]:
            future.result()

    assert ours.size == 3 * 300 + 3 * 3 * 300


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_fork_while_a_thread_writes_leaves_the_child_a_working_store() -> None:
    backend = sync.MemoryBackend[int](max_entries=50)
    over = threading.Event()

    def write() -> None:
        number = 0
        while not over.is_set():
            number += 1
            backend.set(f"key {number}", number, time_to_live=0.001)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        statuses = [_status_of_child(lambda: _use(backend)) for _ in range(10)]
    finally:
        over.set()
        writer.join()

    assert statuses == [0] * 10


def _status_of_child(function: Callable[[], bool]) -> int:
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        os._exit(0 if function() else 1)
    finally:
        os._exit(2)


def _use(backend: sync.MemoryBackend[int]) -> bool:
    for number in range(200):
        backend.set(f"child {number}", number)
    backend.set("last", 1)
    return backend.get("last") == 1 and backend.size <= 50


async def _get(backend: Any, key: str) -> Any:
    return await backend.get(key)


async def _set(backend: Any, key: str, value: Any) -> None:
    await backend.set(key, value)

"""Many at once: increments are never lost, and a value is loaded once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.backends.addresses import patient
from tests.django.stores import fresh_memory, make
from tests.docs.snippets import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cachetory.django import CachetoryCache
    from tests.servers import Server

THREADS = 4
TIMES = 25

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "with times": {"POLICY": {"stale_if_error": 60}},
    "as they are": {"SERIALIZER": "noop://"},
}


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(THREADS) as pool:
        yield pool


async def increment_both_ways(cache: CachetoryCache, pool: ThreadPoolExecutor) -> int:
    """Increment a number in threads and in tasks; give what it should be."""

    def many() -> None:
        for _ in range(TIMES):
            cache.incr("number")

    async def many_awaited() -> None:
        for _ in range(TIMES):
            await cache.aincr("number")
            await asyncio.sleep(0)

    loop = asyncio.get_running_loop()
    threads = [loop.run_in_executor(pool, many) for _ in range(THREADS)]
    await asyncio.gather(*[many_awaited() for _ in range(THREADS)], *threads)
    return 2 * THREADS * TIMES


@pytest.mark.parametrize("options", OPTIONS)
async def test_increments_in_memory_are_never_lost(options: str, pool: ThreadPoolExecutor) -> None:
    cache = make(fresh_memory(), OPTIONS[options])
    cache.set("number", 0)

    assert await increment_both_ways(cache, pool) == cache.get("number")


@pytest.mark.parametrize("options", ["plain", "with times"])
async def test_increments_on_a_server_are_never_lost(
    options: str, pool: ThreadPoolExecutor, redis_server: Server
) -> None:
    cache = make(patient(redis_server.fresh_url()), OPTIONS[options])
    cache.set("number", 0)

    assert await increment_both_ways(cache, pool) == cache.get("number")
    await cache.aclose()


def test_value_is_loaded_once_by_threads(url: str, pool: ThreadPoolExecutor) -> None:
    loads: list[str] = []
    all_here = threading.Barrier(THREADS)

    def load() -> str:
        loads.append("loaded")
        return "value"

    def get(_: int) -> Any:
        cache = make(url)  # Django makes one for each thread
        all_here.wait(30)
        return cache.get_or_set("key", load)

    assert list(pool.map(get, range(THREADS))) == ["value"] * THREADS
    assert loads == ["loaded"]


async def test_value_is_loaded_once_by_tasks(cache: CachetoryCache) -> None:
    loads: list[str] = []

    async def load() -> str:
        loads.append("loaded")
        await asyncio.sleep(0.01)
        return "value"

    values = await asyncio.gather(*[cache.aget_or_set("key", load) for _ in range(20)])

    assert values == ["value"] * 20
    assert loads == ["loaded"]


async def test_value_is_loaded_once_by_both_ways(
    cache: CachetoryCache, pool: ThreadPoolExecutor
) -> None:
    loads: list[str] = []
    is_loading, may_end = threading.Event(), threading.Event()

    def load() -> str:
        loads.append("plain")
        is_loading.set()
        assert may_end.wait(30)
        return "value"

    loop = asyncio.get_running_loop()
    plain = loop.run_in_executor(pool, cache.get_or_set, "key", load)
    await loop.run_in_executor(pool, is_loading.wait, 30)
    awaited = asyncio.create_task(cache.aget_or_set("key", lambda: loads.append("awaited")))
    await asyncio.sleep(0.05)
    may_end.set()

    assert await plain == await awaited == "value"
    assert loads == ["plain"]


def test_processes_lose_no_increment_and_load_once(valkey_server: Server) -> None:
    url = patient(valkey_server.fresh_url())
    cache = make(url, TIMEOUT=None)
    cache.set("number", 0)
    command = [sys.executable, "-m", "tests.django.program", url]
    programs = [
        subprocess.Popen(
            [*command, way, str(TIMES)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for way in ("plain", "awaited", "plain")
    ]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    loads = [_let_go(program) for program in programs]
    outcomes = [program.communicate(timeout=60)[0] for program in programs]

    assert loads == [None] * 3
    assert [program.returncode for program in programs] == [0] * 3
    assert cache.get("number") == 3 * TIMES
    assert sum(map(int, outcomes)) == 1
    assert cache.get("slow") == "value"


def _let_go(program: subprocess.Popen[str]) -> None:
    assert program.stdin is not None
    program.stdin.write("\n")
    program.stdin.flush()

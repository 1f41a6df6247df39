"""The asynchronous Redis backend under what only event loops do: crowds, and cancellation."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis

from benchmarks.cancellations import rage
from cachetory.backends.async_ import RedisBackend
from cachetory.errors import ConfigurationError
from tests.backends.addresses import connections_made, patient
from tests.faults import Proxy

if TYPE_CHECKING:
    from tests.servers import Server


@pytest.mark.no_leaks
async def test_gather_of_2000_gets_shares_64_connections(redis_server: Server) -> None:
    async with RedisBackend.from_url(patient(redis_server.fresh_url())) as backend:
        items = {f"key {number}": f"value {number}".encode() for number in range(2000)}
        await backend.set_many(items.items())
        before = connections_made(redis_server)

        found = await asyncio.gather(*(backend.get(key) for key in items))

        assert found == list(items.values())
        assert connections_made(redis_server) - before - 1 <= 64


async def test_gather_over_tls_works(tls_server: Server) -> None:
    async with RedisBackend.from_url(patient(tls_server.fresh_url())) as backend:
        found = await asyncio.gather(*(backend.contains(f"key {number}") for number in range(200)))

    assert found == [False] * 200


async def test_gather_of_2000_mixed_operations_mixes_nothing_up(redis_url: str) -> None:
    async with RedisBackend.from_url(patient(redis_url)) as backend:

        async def use(number: int) -> bytes:
            key, value = f"key {number}", f"value {number}".encode()
            await backend.set_many([(key, value)], time_to_live=60)
            return await backend.get(key)

        found = await asyncio.gather(*map(use, range(1000)))

        assert found == [f"value {number}".encode() for number in range(1000)]


@pytest.mark.no_leaks
async def test_cancellations_by_the_hundred_mix_no_answers(redis_url: str) -> None:
    outcome = await rage(patient(redis_url), 300)

    assert outcome.cancelled >= 300
    assert (outcome.wrong, outcome.hung, outcome.innocent) == (0, 0, 0)


@pytest.mark.no_leaks
async def test_cancellation_while_connecting_leaves_nothing_open(valkey_server: Server) -> None:
    with Proxy(valkey_server.port) as proxy:
        url = patient(proxy.url_through(valkey_server.fresh_url()))
        async with RedisBackend.from_url(url) as backend:
            proxy.black_hole()
            tasks = [asyncio.create_task(backend.get("key")) for _ in range(100)]
            await asyncio.sleep(0.05)
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)

            proxy.forward()
            await backend.set("key", b"value")
            assert await backend.get("key") == b"value"


async def test_cancellation_while_waiting_for_a_turn_gives_the_turn_on(redis_url: str) -> None:
    async with RedisBackend.from_url(f"{patient(redis_url)}&max_connections=1") as backend:
        await backend.set("key", b"value")
        for cancelled in range(1, 10):
            tasks = [asyncio.create_task(backend.get("key")) for _ in range(10)]
            await asyncio.sleep(0)
            for task in tasks[:cancelled]:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)

            assert outcomes[cancelled:] == [b"value"] * (10 - cancelled)


async def test_timeout_of_the_caller_is_kept(private_server: Server) -> None:
    async with RedisBackend.from_url(patient(private_server.url)) as backend:
        await backend.set("key", b"value")
        private_server.freeze()

        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(backend.get("key"), 0.1)

        private_server.thaw()
        assert await backend.get("key") == b"value"


async def test_backend_closed_while_tasks_use_it_leaves_nothing_open(valkey_server: Server) -> None:
    backend = RedisBackend.from_url(patient(valkey_server.fresh_url()))
    await backend.set("key", b"value")

    async def use() -> None:
        for _ in range(20):
            assert await backend.get("key") == b"value"

    async def close() -> None:
        for _ in range(20):
            await asyncio.sleep(0)
            await backend.aclose()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        await asyncio.gather(use(), close(), use(), close(), use())
        await backend.aclose()
        gc.collect()

    assert [str(warning.message) for warning in caught] == []


def test_client_of_the_other_colour_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        RedisBackend(redis.Redis())  # type: ignore[arg-type]


@pytest.mark.no_leaks
def test_loops_one_after_another_each_close_what_they_opened(valkey_server: Server) -> None:
    backend = RedisBackend.from_url(patient(valkey_server.fresh_url()))

    async def use() -> None:
        async with backend:
            await asyncio.gather(*(backend.contains(f"key {number}") for number in range(5)))

    for _ in range(5):
        asyncio.run(use())


LOOPS = """
import asyncio, gc, os, sys
from cachetory.backends.async_ import RedisBackend

backend = RedisBackend.from_url(sys.argv[1])

async def use():
    await asyncio.gather(*(backend.contains(f"key {number}") for number in range(5)))

for _ in range(10):
    asyncio.run(use())
gc.collect()
print(sum(os.readlink(entry.path).startswith("socket:") for entry in os.scandir("/proc/self/fd")
          if os.path.exists(entry.path)))
"""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are counted on Linux")
def test_loops_that_ended_take_their_connections_along(valkey_server: Server) -> None:
    result = subprocess.run(
        [sys.executable, "-c", LOOPS, patient(valkey_server.fresh_url())],
        capture_output=True,
        text=True,
        check=True,
    )

    assert int(result.stdout) <= 5

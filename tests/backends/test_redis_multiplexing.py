"""One connection serves all tasks of an event loop, and nobody gets what another asked for."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING

import pytest
import redis
from redis.exceptions import TimeoutError as RedisTimeoutError

from cachetory.backends.async_ import RedisBackend, redis_wire
from tests.backends.addresses import connections_made, patient
from tests.faults import Proxy

if TYPE_CHECKING:
    from tests.servers import Server

BIG = 8_000_000


def calls_of(server: Server, command: str) -> int:
    """Tell how often a command was carried out."""
    answer = server.command("INFO", "commandstats")
    assert isinstance(answer, bytes)
    _, found, rest = answer.decode().partition(f"cmdstat_{command}:calls=")
    return int(rest.partition(",")[0]) if found else 0


@pytest.mark.no_leaks
async def test_crowd_of_tasks_shares_one_connection(redis_server: Server) -> None:
    async with RedisBackend.from_url(patient(redis_server.fresh_url())) as backend:
        items = {f"key {number}": f"value {number}".encode() for number in range(2000)}
        before = connections_made(redis_server)

        await backend.set_many(items.items())
        found = await asyncio.gather(*(backend.get(key) for key in items))

        assert found == list(items.values())
        assert connections_made(redis_server) - before - 1 == 1


async def test_gets_of_a_key_in_one_round_are_one_command(private_server: Server) -> None:
    async with RedisBackend.from_url(patient(private_server.url)) as backend:
        await backend.set("key", b"value")
        before = calls_of(private_server, "get")

        found = await asyncio.gather(*(backend.get("key") for _ in range(500)))

        assert found == [b"value"] * 500
        assert calls_of(private_server, "get") - before == 1


async def test_one_of_those_who_share_a_get_is_cancelled_the_others_are_answered(
    redis_url: str,
) -> None:
    async with RedisBackend.from_url(patient(redis_url)) as backend:
        await backend.set("key", b"value")
        for cancelled in range(5):
            tasks = [asyncio.create_task(backend.get("key")) for _ in range(5)]
            await asyncio.sleep(0)
            tasks[cancelled].cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)

            assert isinstance(outcomes.pop(cancelled), asyncio.CancelledError)
            assert outcomes == [b"value"] * 4


async def test_get_under_way_is_not_joined_by_who_comes_after_a_write(
    valkey_server: Server,
) -> None:
    url = valkey_server.fresh_url()
    with Proxy(valkey_server.port) as proxy, redis.Redis.from_url(url) as other:
        async with RedisBackend.from_url(patient(proxy.url_through(url))) as backend:
            await backend.set("key", b"old")
            commands = calls_of(valkey_server, "get")
            proxy.delay(0.3)
            early = asyncio.create_task(backend.get("key"))
            while calls_of(valkey_server, "get") == commands:  # noqa: ASYNC110 (until it is done)
                await asyncio.sleep(0.01)
            other.set("key", b"new")

            assert await backend.get("key") == b"new"
            assert await early == b"old"


async def test_answer_that_comes_too_late_is_nobody_elses(valkey_server: Server) -> None:
    url = valkey_server.fresh_url()
    with Proxy(valkey_server.port) as proxy:
        through = f"{proxy.url_through(url)}?socket_timeout=0.5&socket_connect_timeout=30"
        async with RedisBackend.from_url(through) as backend:
            await backend.set_many([(f"key {it}", f"value {it}".encode()) for it in range(100)])
            proxy.delay(0.8)
            late = [asyncio.create_task(backend.get(f"key {it}")) for it in range(50)]
            await asyncio.sleep(0.3)
            later = [asyncio.create_task(backend.get(f"key {it}")) for it in range(50, 100)]
            outcomes = await asyncio.gather(*late, *later, return_exceptions=True)
            assert all(isinstance(it, RedisTimeoutError) for it in outcomes[:50])

            proxy.forward()
            deadline = time.monotonic() + 30
            for number in range(100):
                while True:
                    try:
                        assert await backend.get(f"key {number}") == f"value {number}".encode()
                        break
                    except RedisTimeoutError:
                        assert time.monotonic() < deadline


async def test_big_value_may_take_longer_than_the_timeout_and_holds_up_nobody(
    valkey_server: Server,
) -> None:
    url = valkey_server.fresh_url()
    with Proxy(valkey_server.port) as proxy, redis.Redis.from_url(url) as other:
        big = random.Random(7).randbytes(BIG)
        other.set("big", big)
        other.set("small", b"value")
        through = f"{proxy.url_through(url)}?socket_timeout=1&socket_connect_timeout=30"
        async with RedisBackend.from_url(through) as backend:
            assert await backend.get("small") == b"value"
            proxy.rate(BIG / 3)  # on each connection
            start = time.monotonic()
            task = asyncio.create_task(backend.get("big"))
            await asyncio.sleep(0.5)
            served = 0
            while not task.done():
                assert await backend.get("small") == b"value"
                served += 1
                await asyncio.sleep(0.05)

            assert await task == big
            assert time.monotonic() - start > 1.5
            assert served > 3


async def test_more_than_may_be_under_way_wait_for_room(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_wire, "MOST_UNDER_WAY", 10)
    monkeypatch.setattr(redis_wire, "LANES", 1)
    async with RedisBackend.from_url(patient(redis_url)) as backend:
        items = {f"key {number}": f"value {number}".encode() for number in range(300)}
        await asyncio.gather(*(backend.set(key, value) for key, value in items.items()))

        found = await asyncio.gather(*(backend.get(key) for key in items))

        assert found == list(items.values())


async def test_connections_that_are_killed_under_load_lose_no_read(private_server: Server) -> None:
    async with RedisBackend.from_url(patient(private_server.url)) as backend:
        items = {f"key {number}": f"value {number}".encode() for number in range(50)}
        await backend.set_many(items.items())
        over = False

        async def read(key: str) -> int:
            count = 0
            while not over:
                assert await backend.get(key) == items[key]
                count += 1
            return count

        async def kill() -> None:
            nonlocal over
            for _ in range(20):
                await asyncio.to_thread(private_server.command, "CLIENT", "KILL", "TYPE", "normal")
                assert await backend.get("key 0") == b"value 0"
            over = True

        *counts, _ = await asyncio.gather(*map(read, items), kill())

        assert all(counts)


@pytest.mark.no_leaks
async def test_silent_server_is_told_to_all_at_once_and_used_again(private_server: Server) -> None:
    url = f"{private_server.url}?socket_timeout=1&socket_connect_timeout=30"
    async with RedisBackend.from_url(url) as backend:
        await backend.set("key", b"value")
        private_server.freeze()
        try:
            first = [asyncio.create_task(backend.get("key")) for _ in range(20)]
            await asyncio.sleep(0.5)
            second = [asyncio.create_task(backend.contains("key")) for _ in range(20)]
            outcomes = await asyncio.gather(*first, *second, return_exceptions=True)
        finally:
            private_server.thaw()

        assert all(isinstance(it, RedisTimeoutError) for it in outcomes)
        assert await backend.get("key") == b"value"


async def test_loop_that_was_busy_is_not_the_servers_fault(redis_url: str) -> None:
    async with RedisBackend.from_url(f"{redis_url}?socket_timeout=1") as backend:
        await backend.set("key", b"value")

        async def keep_busy() -> None:
            time.sleep(1.5)  # noqa: ASYNC251 (what a program should not do, and some do)

        for _ in range(2):
            found, _ = await asyncio.gather(backend.get("key"), keep_busy())
            assert found == b"value"

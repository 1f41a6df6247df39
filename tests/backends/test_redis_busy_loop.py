"""An event loop that is blocked is not the server's fault: only silence while it runs counts."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from redis.exceptions import TimeoutError as RedisTimeoutError

from cachetory.backends.async_ import RedisBackend

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from tests.conftest import StartSentinels
    from tests.servers import Server

BLOCKED_FOR = 0.6
"""Seconds: longer than the timeouts of 0.25 s that a URL gives."""


async def block(times: int, every: float = 0.0) -> None:
    for _ in range(times):
        time.sleep(BLOCKED_FOR)  # noqa: ASYNC251 (what a program should not do, and some do)
        await asyncio.sleep(every)


async def beside(coroutine: Coroutine[None, None, bool], times: int, rounds: int) -> bool:
    """Run it in a loop that is blocked some rounds later, so many times."""
    task = asyncio.create_task(coroutine)
    for _ in range(rounds):
        await asyncio.sleep(0)
    await block(times)
    return await task


@pytest.mark.parametrize("rounds", range(12))
async def test_connection_is_made_though_the_loop_is_blocked(redis_url: str, rounds: int) -> None:
    async with RedisBackend.from_url(redis_url) as backend:
        assert await beside(backend.set("key", b"value"), 1, rounds) is True
        assert await beside(backend.set("key", b"value"), 1, rounds) is True


async def test_connection_is_made_though_the_loop_is_blocked_again_and_again(
    redis_url: str,
) -> None:
    async with RedisBackend.from_url(redis_url) as backend:
        assert await beside(backend.set("key", b"value"), 8, 1) is True


async def test_connection_by_tls_is_made_though_the_loop_is_blocked(tls_server: Server) -> None:
    for rounds in range(0, 12, 3):
        async with RedisBackend.from_url(tls_server.fresh_url()) as backend:
            assert await beside(backend.set("key", b"value"), 2, rounds) is True


async def test_many_tasks_are_served_though_the_loop_is_blocked(redis_url: str) -> None:
    async with RedisBackend.from_url(redis_url) as backend:
        writes = [backend.set(f"key {number}", b"value") for number in range(200)]

        changed, *_ = await asyncio.gather(asyncio.gather(*writes), block(2, 0.01))

        assert changed == [True] * 200


async def test_primary_of_sentinels_is_found_though_the_loop_is_blocked(
    start_sentinels: StartSentinels,
) -> None:
    sentinels = start_sentinels()
    async with RedisBackend.from_url(sentinels.url) as backend:
        assert await beside(backend.set("key", b"value"), 1, 3) is True


async def test_server_that_is_frozen_is_noticed_while_connecting(private_server: Server) -> None:
    private_server.freeze()
    try:
        async with RedisBackend.from_url(private_server.url) as backend:
            with pytest.raises(RedisTimeoutError):
                await backend.set("key", b"value")
    finally:
        private_server.thaw()

"""What leases owe to tasks."""

from __future__ import annotations

import asyncio

from cachetory._runtime.async_ import every


async def test_heartbeat_that_misses_its_cancellation_ends_with_its_load() -> None:
    beating = asyncio.Event()

    async def beat() -> None:
        if beating.is_set():
            await asyncio.sleep(0)
            return
        beating.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:  # as `asyncio.wait_for` did before Python 3.12, at times
            return

    async def load() -> None:
        async with every(0.001, beat):
            await beating.wait()

    await asyncio.wait_for(load(), 5)

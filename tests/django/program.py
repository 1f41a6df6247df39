"""A process that uses a Django cache, by either way of calling.

    python -m tests.django.program redis://… plain 100

It waits for a line on its input, so that several start together; increments a number so many
times; and gets one value, telling whether it had to load it.
"""

from __future__ import annotations

import asyncio
import sys
import time

from tests.django.stores import make

LOADING_TAKES = 0.3


def work(url: str, times: int) -> list[str]:
    """Use the plain methods."""
    cache = make(url)
    loads: list[str] = []

    def load() -> str:
        loads.append("loaded")
        time.sleep(LOADING_TAKES)
        return "value"

    for _ in range(times):
        cache.incr("number")
    cache.get_or_set("slow", load)
    return loads


async def work_awaiting(url: str, times: int) -> list[str]:
    """Use the asynchronous methods."""
    cache = make(url)
    loads: list[str] = []

    async def load() -> str:
        loads.append("loaded")
        await asyncio.sleep(LOADING_TAKES)
        return "value"

    async def increment() -> None:
        await cache.aincr("number")

    await asyncio.gather(*[increment() for _ in range(times)])
    await cache.aget_or_set("slow", load)
    return loads


if __name__ == "__main__":
    _, url, way, times = sys.argv
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    is_plain = way == "plain"
    done = work(url, int(times)) if is_plain else asyncio.run(work_awaiting(url, int(times)))
    sys.stdout.write(f"{len(done)}\n")

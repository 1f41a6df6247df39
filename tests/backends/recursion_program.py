"""Asks Redis at every depth up to the recursion limit; used by `test_redis_recursion.py`."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

from cachetory.backends import async_, sync


def answers(number: int) -> bytes:
    return b"value %d" % number


def ask_sync(url: str, limit: int) -> int:
    backend = sync.RedisBackend.from_url(url)
    backend.set_many((f"key {it}", answers(it)) for it in range(1000))
    backend.close()  # so that the first ones connect

    def down(number: int) -> int:
        wrong = 0
        with suppress(RecursionError):
            backend.set(f"other {number}", b"value", time_to_live=60)
        with suppress(RecursionError):
            wrong += backend.get(f"key {number}") != answers(number)
        with suppress(RecursionError):
            backend.leases.claim([f"key {number}"], "token", 1)
        with suppress(RecursionError):
            wrong += down(number + 1)
        return wrong

    sys.setrecursionlimit(limit)
    wrong = down(0)
    sys.setrecursionlimit(1000)
    with backend:
        return wrong + sum(backend.get(f"key {it}") != answers(it) for it in range(100))


async def ask_async(url: str, limit: int) -> int:
    backend = async_.RedisBackend.from_url(url)
    await backend.set_many((f"key {it}", answers(it)) for it in range(1000))
    await backend.aclose()

    async def down(number: int) -> int:
        wrong = 0
        with suppress(RecursionError):
            await backend.set(f"other {number}", b"value", time_to_live=60)
        with suppress(RecursionError):
            found = await backend.get(f"key {number}")
            wrong += found != answers(number)
        with suppress(RecursionError):
            await backend.leases.claim([f"key {number}"], "token", 1)
        with suppress(RecursionError):
            wrong += await down(number + 1)
        return wrong

    async def read(number: int) -> int:
        return await backend.get(f"key {number}") != answers(number)

    sys.setrecursionlimit(limit)
    wrong = await down(0)
    sys.setrecursionlimit(1000)
    async with backend:
        others = await asyncio.gather(*map(read, range(100)))
        return wrong + sum(others)


if __name__ == "__main__":
    url, limit = sys.argv[1], int(sys.argv[2])
    print(ask_sync(url, limit) + asyncio.run(ask_async(url, limit)))  # noqa: T201

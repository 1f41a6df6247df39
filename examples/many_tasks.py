"""Answer a thousand requests at once: their lookups leave together, on one connection."""

from __future__ import annotations

import asyncio
import os
from time import perf_counter

from cachetory.async_ import Cache, Policy, cached

REQUESTS = 1000
PRODUCTS = 200

NAME = "many-tasks"
SERVER = os.environ.get("REDIS_URL", "")
STORE = f"{SERVER}{'&' if '?' in SERVER else '?'}client_name={NAME}" if SERVER else "memory://"

cache = Cache[int](
    backend=STORE,
    serializer="json://",
    prefix="examples:many-tasks:",
    policy=Policy(time_to_live=60, jitter=0.1),
)


@cached(cache)
async def stock_of(product: int) -> int:
    """Count what is left of a product, which takes a while."""
    await asyncio.sleep(0.02)
    return product % 7


async def answer(request: int) -> int:
    """Answer one request."""
    return await stock_of(request % PRODUCTS)


async def connections() -> int:
    """Count the connections that the server knows by our name."""
    from redis.asyncio import Redis  # noqa: PLC0415 (in memory, there are none)

    async with Redis.from_url(SERVER) as client:
        return sum(it["name"] == NAME for it in await client.client_list())


async def main() -> None:
    """Answer the requests one after another, then all at once."""
    async with cache:
        await cache.clear()
        for wave in ("cold", "warm"):
            started_at, loads_before = perf_counter(), cache.stats().loads
            await asyncio.gather(*map(answer, range(REQUESTS)))
            milliseconds = 1000 * (perf_counter() - started_at)
            loads = cache.stats().loads - loads_before
            print(f"{wave}: {REQUESTS} requests at once, {milliseconds:.0f} ms, {loads} loads")
        if loads:
            raise AssertionError(loads)

        started_at = perf_counter()
        for request in range(REQUESTS):
            await answer(request)
        print(f"one after another: {1000 * (perf_counter() - started_at):.0f} ms")
        if SERVER:
            print(f"connections to the server: {await connections()}")

        # A change in its place is atomic, however many make it at once.
        key = await stock_of.key(1)
        before = await stock_of(1)
        await asyncio.gather(*(cache.update(key, lambda left: left + 5) for _ in range(10)))
        print(f"ten deliveries of 5 at once: {before} in stock before, {await stock_of(1)} now")
        if await stock_of(1) != before + 50:
            raise AssertionError(await stock_of(1))
        await cache.clear()


if __name__ == "__main__":
    asyncio.run(main())

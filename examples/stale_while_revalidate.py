"""Ask for an exchange rate all the time: only the first caller ever waits for it."""

from __future__ import annotations

import asyncio
import os
from time import perf_counter

from cachetory.async_ import Cache, Policy, cached
from cachetory.events import Event, Refreshing

refreshes: list[str] = []


def listen(event: Event) -> None:
    """Note what is loaded again behind the callers."""
    if isinstance(event, Refreshing):
        refreshes.append(event.reason)


cache = Cache[int](
    backend=os.environ.get("REDIS_URL", "memory://"),
    serializer="json://",
    prefix="examples:swr:",
    policy=Policy(time_to_live=0.2, stale_while_revalidate=30),
    on_event=listen,
)
versions = iter(range(1, 1000))


@cached(cache)
async def rate(currency: str) -> int:
    """Ask a slow service, which has a new answer each time."""
    await asyncio.sleep(0.1)
    return next(versions)


async def main() -> None:
    """Ask ten times a second, for a second."""
    async with cache:
        await rate.purge("eur")
        answers: list[int] = []
        waits: list[float] = []
        for _ in range(10):
            started_at = perf_counter()
            answers.append(await rate("eur"))
            waits.append(perf_counter() - started_at)
            await asyncio.sleep(0.1)
        print("answers:", *answers)
        print(f"the first took {waits[0] * 1000:.0f} ms, the slowest of the others")
        print(f"{max(waits[1:]) * 1000:.1f} ms; refreshed {len(refreshes)} times behind them")
        if answers[0] != 1 or answers[-1] == 1 or set(refreshes) != {"stale"}:
            raise AssertionError(answers)
        await cache.clear()


if __name__ == "__main__":
    asyncio.run(main())

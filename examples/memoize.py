"""Cache a function that calls itself: in how many ways can an amount be paid in coins?"""

from __future__ import annotations

import os
from time import perf_counter

from cachetory.sync import Cache, cached

COINS = (200, 100, 50, 20, 10, 5, 2, 1)

cache = Cache[int](
    backend=os.environ.get("REDIS_URL", "memory://"),
    serializer="json://",
    prefix="examples:memoize:",
)


@cached(cache, time_to_live=600)
def ways_to_pay(amount: int, largest: int = 0) -> int:
    """Count the ways to pay an amount in cents, by coins from the largest allowed one down."""
    if amount == 0:
        return 1
    return sum(
        ways_to_pay(amount - coin, index)
        for index, coin in enumerate(COINS)
        if index >= largest and coin <= amount
    )


def main() -> None:
    """Count twice, and tell how long it took."""
    with cache:
        for run in ("cold", "warm"):
            started_at = perf_counter()
            ways = ways_to_pay(200)
            milliseconds = (perf_counter() - started_at) * 1000
            print(f"{run}: {ways:,} ways to pay 2 euros, counted in {milliseconds:.1f} ms")
        stats = cache.stats()
        print(f"{stats.loads:,} calls computed, {stats.hits:,} found")
        cache.clear()


if __name__ == "__main__":
    main()

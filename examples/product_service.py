"""Cache the methods of an async service, and invalidate what has changed."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field

from cachetory.async_ import Cache, cached

cache = Cache[dict[str, int]](
    backend=os.environ.get("REDIS_URL", "memory://"),
    serializer="json://",
    prefix="examples:products:",
)


@dataclass(frozen=True)
class ProductService:
    """Knows the prices of one shop. `shop` tells services apart; what is not compared does not."""

    shop: str
    table: dict[str, int] = field(compare=False)
    queries: list[str] = field(compare=False, default_factory=list)

    @cached(cache, time_to_live=600)
    async def prices(self, category: str) -> dict[str, int]:
        """Ask the database, which takes a while."""
        self.queries.append(category)
        await asyncio.sleep(0.05)
        return {name: price for name, price in self.table.items() if name.startswith(category)}

    async def set_price(self, category: str, name: str, price: int) -> None:
        """Change the database first, then the cache."""
        self.table[f"{category}/{name}"] = price
        await self.prices.purge(category)


async def main() -> None:
    """Ask from a hundred tasks, change a price, ask again."""
    service = ProductService("Utrecht", {"fruit/apple": 30, "fruit/pear": 40, "bread/rye": 290})
    async with cache:
        answers = await asyncio.gather(*(service.prices("fruit") for _ in range(100)))
        print(f"{len(answers)} answers, {len(service.queries)} query: {answers[0]}")

        await service.set_price("fruit", "apple", 35)
        print(f"after the change: {await service.prices('fruit')}")
        print(f"{len(service.queries)} queries in all")
        await cache.clear()


if __name__ == "__main__":
    asyncio.run(main())

"""Show pages of a catalogue, each with many products, to many visitors at once."""

from __future__ import annotations

import asyncio
import os
from random import Random

from cachetory.async_ import Cache, Policy, cached_many

PAGES = 12
PRODUCTS_ON_PAGE = 30
PRODUCTS = 200

cache = Cache[float](
    backend=os.environ.get("REDIS_URL", "memory://"),
    serializer="json://",
    prefix="examples:bulk:",
    policy=Policy(time_to_live=600, jitter=0.1, negative_time_to_live=60),
)
queries: list[int] = []


@cached_many(cache, chunk_size=100)
async def prices(products: list[int]) -> dict[int, float]:
    """Query the prices of many products; every tenth is sold out, and has none."""
    queries.append(len(products))
    await asyncio.sleep(0.02)
    return {product: product / 4 for product in products if product % 10}


async def main() -> None:
    """Show the pages, all at once, then the whole catalogue."""
    random = Random(4)
    pages = [random.sample(range(PRODUCTS), PRODUCTS_ON_PAGE) for _ in range(PAGES)]
    async with cache:
        await cache.clear()
        shown = await asyncio.gather(*(prices(page) for page in pages))
        count = sum(map(len, shown))
        print(f"{PAGES} pages show {count} prices, by {len(queries)} queries")
        print(f"for {sum(queries)} products, instead of {PAGES * PRODUCTS_ON_PAGE}")
        if sum(queries) > PRODUCTS:
            raise AssertionError(queries)

        queries.clear()
        everything = await prices(list(range(PRODUCTS)))
        print(f"all {len(everything)} prices: queries of {queries}, for what no page has shown")
        if max(queries, default=0) > 100:  # noqa: PLR2004 (the size of a chunk)
            raise AssertionError(queries)

        queries.clear()
        await prices(list(range(PRODUCTS)))
        print(f"once more: {len(queries)} queries")
        await cache.clear()


if __name__ == "__main__":
    asyncio.run(main())

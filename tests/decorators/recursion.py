"""A program that calls recursive cached functions near the recursion limit.

    python -m tests.decorators.recursion COLOUR URL SERIALIZER depth
    python -m tests.decorators.recursion COLOUR URL SERIALIZER sweep FIRST LAST

`depth` prints the greatest depth that a cached function reaches at the default limit. `sweep` tries
many limits: the load path must pass `RecursionError` on, and leave nothing behind.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from cachetory.caches.async_ import Cache as AsyncCache
from cachetory.caches.sync import Cache as SyncCache
from cachetory.decorators import async_ as async_decorators
from cachetory.decorators import sync as sync_decorators
from cachetory.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_LIMIT = 1000
TOO_DEEP = 5000
DEEP_ENOUGH = 200
DEEP = 60
"""Too deep for plain coroutines at the limits tried; cached ones run in tasks of their own."""


class Sync:
    """Recursive functions, and recursion through the methods of caches."""

    def __init__(self, url: str, serializer: str, policy: Policy | None) -> None:
        self.caches = [
            SyncCache[Any](backend=url, serializer=serializer, prefix=prefix, policy=policy)
            for prefix in ("one:", "two:")
        ]
        one, two = self.caches

        @sync_decorators.cached(one, version="1")
        def down(number: int) -> int:
            return 1 + down(number - 1) if number else 0

        @sync_decorators.cached(one, version="1")
        def ping(number: int) -> int:
            return 1 + pong(number - 1) if number else 0

        @sync_decorators.cached(two, version="1")
        def pong(number: int) -> int:
            return 1 + ping(number - 1) if number else 0

        @sync_decorators.cached_many(one, version="1")
        def many(numbers: list[int]) -> dict[int, int]:
            return {it: 1 + many([it - 1])[it - 1] if it else 0 for it in numbers}

        def through_cache(number: int) -> int:
            return one.get_or_set(
                f"{number}", lambda: 1 + through_cache(number - 1) if number else 0
            )

        def through_many(number: int) -> int:
            return many([number])[number]

        self.down = down
        self.functions: list[Callable[[int], Any]] = [down, ping, through_cache, through_many]

    def call(self, function: Callable[[int], Any], number: int) -> int:
        """Call a function after the caches are emptied."""
        for cache in self.caches:
            cache.clear()
        result: int = function(number)
        return result


class Async:
    """The same, with functions that await each other."""

    def __init__(self, url: str, serializer: str, policy: Policy | None) -> None:
        self.caches = [
            AsyncCache[Any](backend=url, serializer=serializer, prefix=prefix, policy=policy)
            for prefix in ("one:", "two:")
        ]
        self._runner = asyncio.new_event_loop()
        one, two = self.caches

        @async_decorators.cached(one, version="1")
        async def down(number: int) -> int:
            return 1 + await down(number - 1) if number else 0

        @async_decorators.cached(one, version="1")
        async def ping(number: int) -> int:
            return 1 + await pong(number - 1) if number else 0

        @async_decorators.cached(two, version="1")
        async def pong(number: int) -> int:
            return 1 + await ping(number - 1) if number else 0

        async def compute(number: int) -> int:
            return 1 + await through_cache(number - 1) if number else 0

        async def through_cache(number: int) -> int:
            return await one.get_or_set(f"{number}", lambda: compute(number))

        async def far_down(number: int) -> int:
            return await far_down(number - 1) if number else await down(3)

        self.down = down
        self.functions: list[Callable[[int], Any]] = [down, ping, through_cache, far_down]

    def call(self, function: Callable[[int], Any], number: int) -> int:
        """Call a function after the caches are emptied."""

        async def call() -> int:
            for cache in self.caches:
                await cache.clear()
            result: int = await function(number)
            return result

        return self._runner.run_until_complete(call())


def depth(crew: Sync | Async) -> int:
    """Return the greatest depth that a cached function reaches, or `DEEP_ENOUGH`."""
    reached, too_deep = 0, DEEP_ENOUGH + 1
    while too_deep - reached > 1:
        middle = (reached + too_deep) // 2
        try:
            crew.call(crew.down, middle)
        except RecursionError:
            too_deep = middle
        else:
            reached = middle
    return reached


def sweep(crew: Sync | Async, first: int, last: int) -> int:
    """Recurse at each limit; return how many recursion errors there were."""
    errors = 0
    for limit in range(first, last):
        for function in crew.functions:
            sys.setrecursionlimit(limit)
            try:
                crew.call(function, TOO_DEEP if isinstance(crew, Sync) else DEEP)
            except RecursionError:
                errors += 1
            finally:
                sys.setrecursionlimit(DEFAULT_LIMIT)
            for cache in crew.caches:
                assert not cache._flights._flights, "a flight is still under way"
            assert crew.call(function, 3) == 3
    return errors


def main() -> None:
    """Do what the arguments say, and print the result."""
    colour, url, serializer, task, *limits = sys.argv[1:]
    kind = {"sync": Sync, "async_": Async}[colour]
    if task == "depth":
        sys.stdout.write(f"{depth(kind(url, serializer, None))}\n")
        return
    for policy in (None, Policy(lease=1.0), Policy(time_to_live=60, stale_while_revalidate=5)):
        crew = kind(url, serializer, policy)
        for function in crew.functions:
            assert crew.call(function, 3) == 3  # opens the connections
        sys.stdout.write(f"{sweep(crew, *map(int, limits))}\n")


if __name__ == "__main__":
    main()

"""Listen to what a cache does, and read its counters."""

from __future__ import annotations

import os
from collections import Counter

from cachetory.events import Event, Loaded, NotStored
from cachetory.sync import Cache, cached

happened: Counter[str] = Counter()
seconds_spent = 0.0


def listen(event: Event) -> None:
    """Count events by kind, and add up what loads have cost."""
    global seconds_spent  # noqa: PLW0603 (an example in one file)
    happened[type(event).__name__] += 1
    if isinstance(event, Loaded):
        seconds_spent += event.seconds
    elif isinstance(event, NotStored):
        print(f"{event.key} was not stored: {event.reason}")


cache = Cache[list[int]](
    backend=os.environ.get("REDIS_URL", "memory://"),
    serializer="json://",
    prefix="examples:watch:",
    on_event=listen,
)


@cached(cache, time_to_live=60, exclude=lambda key, factors: len(factors) == 1)
def factors(number: int) -> list[int]:
    """Find the prime factors of a number; that of a prime is not worth keeping."""
    found: list[int] = []
    divisor = 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            found.append(divisor)
            number //= divisor
        divisor += 1
    return [*found, number] if number > 1 else found


def main() -> None:
    """Factorise, twice each, and tell what happened."""
    with cache:
        for number in (1_000_000_007, 600_851_475_143, 1_000_001):
            factors(number)
            print(number, "=", " * ".join(map(str, factors(number))))
        print(dict(happened))
        print(f"{seconds_spent * 1000:.1f} ms spent computing; {cache.stats().hit_ratio:.0%} hits")
        cache.clear()


if __name__ == "__main__":
    main()

"""Keep results in a file: four processes fill it together, and four later ones find them there.

The file is bounded. Without a server, a lease still lets one process compute for all.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

from cachetory.sync import Cache, Policy, SqliteBackend, cached

PROCESSES = 4
LIMITS = range(1000, 1020)


def count_in(path: str) -> tuple[int, int]:
    """Count primes below several limits; tell how many of the counts were made here, and held."""
    backend = SqliteBackend(path, max_entries=1000, max_bytes=16 << 20)
    policy = Policy(time_to_live=3600, lease=5)
    with Cache[int](
        backend=backend, serializer="json://", prefix="primes:", policy=policy
    ) as cache:

        @cached(cache)
        def count_primes(limit: int) -> int:
            sleep(0.01)
            return sum(all(it % by for by in range(2, it)) for it in range(2, limit))

        for limit in LIMITS:
            count_primes(limit)
        return cache.stats().loads, backend.stats().entries


def generation(path: Path) -> int:
    """Start processes that all want the same; tell how often something was computed."""
    started_at = perf_counter()
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as processes:
        outcomes = list(processes.map(count_in, [str(path)] * PROCESSES))
    computed = sum(loads for loads, _ in outcomes)
    held = max(entries for _, entries in outcomes)
    print(
        f"{PROCESSES} processes wanted {len(LIMITS)} counts each, and made {computed} in all "
        f"({perf_counter() - started_at:.1f} s); the file holds {held}"
    )
    return computed


def main() -> None:
    """Run two generations of processes."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "cache.db"
        first, second = generation(path), generation(path)
        print(f"on the disk: {path.stat().st_size / 1024:.0f} KiB")
    if (first, second) != (len(LIMITS), 0):
        sys.exit(f"{first} and {second} counts, instead of {len(LIMITS)} and 0")


if __name__ == "__main__":
    main()

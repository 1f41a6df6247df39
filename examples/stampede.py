"""Want one cold page from four processes at once, twenty threads in each: who renders it?

Over a server, a lease lets one of them all do so. In memory, each process has a store of its own,
and renders it once.
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from time import perf_counter, sleep

from cachetory.sync import Cache, Policy, cached

PROCESSES = 4
THREADS = 20

STORE = os.environ.get("REDIS_URL", "memory://")

cache = Cache[str](
    backend=STORE,
    serializer="json://",
    prefix="examples:stampede:",
    policy=Policy(time_to_live=60, jitter=0.1, lease=2),
)


@cached(cache)
def page(address: str) -> str:
    """Render a page, which takes a while."""
    sleep(0.3)
    return f"<h1>{address}</h1>"


def ask(address: str) -> tuple[int, float]:
    """Ask from many threads; tell how many loads that made here, and how long it took."""
    started_at, loads_before = perf_counter(), cache.stats().loads
    with ThreadPoolExecutor(THREADS) as threads:
        pages = set(threads.map(page, [address] * THREADS))
    if pages != {f"<h1>{address}</h1>"}:
        raise AssertionError(pages)
    return cache.stats().loads - loads_before, perf_counter() - started_at


def main() -> None:
    """Ask from all processes at once."""
    page.purge("/")
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as processes:
        outcomes = list(processes.map(ask, ["/"] * PROCESSES))
    loads = sum(count for count, _ in outcomes)
    slowest = max(seconds for _, seconds in outcomes)
    print(f"{PROCESSES} processes with {THREADS} threads each: rendered {loads} times")
    print(f"the slowest of them had all its answers after {slowest:.2f} s")
    expected = PROCESSES if STORE.startswith("memory:") else 1
    if loads > expected:
        raise AssertionError(loads)
    cache.clear()
    cache.close()


if __name__ == "__main__":
    main()

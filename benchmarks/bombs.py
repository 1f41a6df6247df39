"""Read decompression bombs of 10 GiB through a cache: `python -m benchmarks.bombs`.

Each is read in a process of its own, which tells what came of it, how long that took, and how much
more memory it needed at its peak than before.
"""

from __future__ import annotations

import resource
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from time import perf_counter

from cachetory.backends.sync import MemoryBackend
from cachetory.caches.sync import Cache
from tests.serializers.bombs import BOMBS


def read(name: str) -> tuple[str, int, str, float, float]:
    """Read one bomb, and tell its size, the outcome, the seconds and the MiB that it took."""
    chain, wire = BOMBS[name]()
    backend: MemoryBackend[bytes] = MemoryBackend()
    backend.set("key", wire)
    cache = Cache[bytes](serializer=f"{chain}://", backend=backend)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started_at = perf_counter()
    value = cache.get("key")
    seconds = perf_counter() - started_at
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    outcome = "miss" if value is None else f"{len(value)} bytes"
    return name, len(wire), outcome, seconds, more


def main() -> None:
    """Read every bomb and print a line for each."""
    print(f"{'bomb':32}{'stored bytes':>14}  {'outcome':10}{'ms':>8}{'more MiB':>10}")
    with ProcessPoolExecutor(
        max_workers=1, mp_context=get_context("spawn"), max_tasks_per_child=1
    ) as pool:
        for name, size, outcome, seconds, more in pool.map(read, BOMBS):
            print(f"{name:32}{size:>14,}  {outcome:10}{seconds * 1000:>8.0f}{more:>10.0f}")


if __name__ == "__main__":
    main()

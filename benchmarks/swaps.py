"""Swap what is stored between keys and read it: `python -m benchmarks.swaps [count]`.

It is what a reply to somebody else's question looks like, or a store whose keys were mixed up. For
each chain of serializers, as many values as asked for are stored in envelopes, then handed round
among their keys, so that none is where it belongs, and read through a cache: one by one, many at a
time, and as a load would. It tells how many reads raised, how many missed, and how many gave the
value of another key: of the first and of the last there must be none.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from random import Random
from typing import Any, NamedTuple

from benchmarks.mutants import CHAINS
from cachetory.backends.sync import MemoryBackend
from cachetory.caches.sync import Cache

AT_ONCE = 1000
"""So many values are read at a time by `get_many`."""


class Outcome(NamedTuple):
    """What became of the values of one chain."""

    chain: str
    values: int
    exceptions: int
    misses: int
    wrong: int


class Reads:
    """What came of reads, each of which must find nothing."""

    def __init__(self) -> None:
        self.exceptions = self.misses = self.wrong = 0

    def note(self, read: Any, *arguments: Any) -> None:
        """Count the outcome of a read of one or more keys, which gives what it has found."""
        try:
            found, wanted = read(*arguments)
        except Exception:
            self.exceptions += 1
            return
        self.wrong += found
        self.misses += wanted - found


def examine(chain: str, count: int) -> Outcome:
    """Read swapped values of one chain through a cache."""
    random = Random(chain)
    backend: MemoryBackend[bytes] = MemoryBackend(max_entries=None)
    cache = Cache[Any](serializer=f"{chain}://", backend=backend, prefix="app:", envelope=True)
    keys = [f"key {number}" for number in range(count)]
    cache.set_many({key: {"of": key, "text": "It can do whatever"} for key in keys})
    wires = [backend.get(f"app:{key}") for key in keys]
    random.shuffle(keys)  # each value goes to the next key in this order
    order = [int(key.removeprefix("key ")) for key in keys]
    for key, other in zip(keys, [*order[1:], order[0]], strict=True):
        backend.set(f"app:{key}", wires[other])
    reads = Reads()
    missing = object()

    def get(key: str) -> tuple[int, int]:
        return int(cache.get(key, missing) is not missing), 1

    def get_many(*some: str) -> tuple[int, int]:
        return len(cache.get_many(*some)), len(some)

    def get_or_set(key: str) -> tuple[int, int]:
        return int(cache.get_or_set(key, lambda: missing, exclude=always) is not missing), 1

    for at in range(0, count, AT_ONCE):
        reads.note(get_many, *keys[at : at + AT_ONCE])
    for key in keys:
        reads.note(get, key)
        reads.note(get_or_set, key)
    return Outcome(chain, count, reads.exceptions, reads.misses, reads.wrong)


def always(key: str, value: object) -> bool:
    """Keep every loaded value out of the store."""
    return True


def main(count: int) -> None:
    """Examine every chain and print a line for each."""
    print(f"{'chain':14}{'swapped':>10}{'raised':>8}{'misses':>10}{'wrong':>9}")
    with ProcessPoolExecutor(
        max_workers=2, mp_context=get_context("spawn"), max_tasks_per_child=1
    ) as pool:
        for it in pool.map(examine, CHAINS, [count] * len(CHAINS)):
            print(
                f"{it.chain:14}{it.values:>10,}{it.exceptions:>8}{it.misses:>10,}{it.wrong:>9,}",
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)

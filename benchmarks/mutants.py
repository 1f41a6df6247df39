"""Mutate what is stored and read it through a cache.

    python -m benchmarks.mutants [count]               what the serializers make
    python -m benchmarks.mutants [count] --envelope    the same, in envelopes

For each chain of serializers it tells how many exceptions reached the caller of `Cache.get` (there
must be none), how many mutants read as another value without anybody noticing (with an envelope,
there must be none either; the first few are shown), and the slowest. Flipped bytes may ask for
gigabytes of memory, so each chain runs in a process of its own with a bound on its address space.
"""

from __future__ import annotations

import resource
from argparse import ArgumentParser
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from random import Random
from time import perf_counter
from typing import Any, NamedTuple

from cachetory.backends.sync import MemoryBackend
from cachetory.caches.sync import Cache

CHAINS = (
    "pickle",
    "pickle+zlib",
    "pickle+zstd",
    "msgpack",
    "msgpack+zlib",
    "msgpack+zstd",
    "json",
    "json+zlib",
    "json+zstd",
)
ADDRESS_SPACE = 1 << 30
STORED_AT = 1_700_000_000.0
"""When the value was stored, in epoch seconds: the same in each run, as the mutants are to be."""
MOST_SHOWN = 3
"""So many mutants that read as another value are shown for each chain in envelopes."""
VALUE = {
    "id": 4711,
    "name": "Ada Lovelace",
    "tags": ["analytical", "engine", "notes"],
    "score": 3.25,
    "active": True,
    "parent": None,
    "address": {"city": "London", "number": 12, "code": "W1"},
    "history": list(range(100, 130)),
    "text": "It can do whatever we know how to order it to perform. " * 4,
    "big": 2**40,
}


class Outcome(NamedTuple):
    """What became of the mutants of one chain."""

    chain: str
    mutants: int
    exceptions: int
    misses: int
    same: int
    wrong: int
    slowest: float
    peak: int
    shown: tuple[str, ...]


def mutate(payload: bytes, random: Random) -> bytes:
    """Flip, replace, insert, delete, cut, repeat or shuffle some bytes."""
    mutant = bytearray(payload)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        at = random.randrange(len(mutant)) if mutant else 0
        kind = random.randrange(7)
        if kind == 0 and mutant:
            mutant[at] ^= 1 << random.randrange(8)
        elif kind == 1 and mutant:
            mutant[at] = random.randrange(256)
        elif kind == 2:
            mutant[at:at] = random.randbytes(random.randrange(1, 9))
        elif kind == 3:
            del mutant[at : at + random.randrange(1, 9)]
        elif kind == 4:
            del mutant[at:]
        elif kind == 5:
            mutant[at:at] = mutant[at : at + random.randrange(1, 33)]
        else:
            end = at + random.randrange(2, 17)
            mutant[at:end] = bytes(reversed(mutant[at:end]))
    return bytes(mutant)


def examine(chain: str, count: int, envelope: bool) -> Outcome:  # noqa: FBT001 (mapped by position)
    """Read mutants of one chain through a cache."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    random = Random(chain)
    backend: MemoryBackend[bytes] = MemoryBackend()
    cache = Cache[Any](
        serializer=f"{chain}://",
        backend=backend,
        envelope=envelope,
        wall_clock=lambda: STORED_AT,
    )
    cache.set("key", VALUE)
    payload = backend.get("key")
    exceptions = misses = same = wrong = 0
    slowest = 0.0
    shown: list[str] = []
    missing = object()
    for _ in range(count):
        mutant = mutate(payload, random)
        backend.set("key", mutant)
        started_at = perf_counter()
        try:
            value = cache.get("key", missing)
        except Exception:
            exceptions += 1
            value = missing
        slowest = max(slowest, perf_counter() - started_at)
        if value is missing:
            misses += 1
        elif repr(value) == repr(VALUE):
            same += 1
        else:
            wrong += 1
            if envelope and len(shown) < MOST_SHOWN:
                shown.append(f"{mutant!r} reads {value!r}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Outcome(chain, count, exceptions, misses, same, wrong, slowest, peak, tuple(shown))


def main(count: int, *, envelope: bool) -> None:
    """Examine every chain and print a line for each."""
    print(f"{'chain':14}{'mutants':>10}{'raised':>8}{'misses':>10}{'same':>9}{'wrong':>9}", end="")
    print(f"{'slowest ms':>12}{'peak MiB':>10}")
    with ProcessPoolExecutor(
        max_workers=2, mp_context=get_context("spawn"), max_tasks_per_child=1
    ) as pool:
        for it in pool.map(examine, CHAINS, [count] * len(CHAINS), [envelope] * len(CHAINS)):
            print(
                f"{it.chain:14}{it.mutants:>10,}{it.exceptions:>8}{it.misses:>10,}{it.same:>9,}"
                f"{it.wrong:>9,}{it.slowest * 1000:>12.1f}{it.peak:>10}",
                flush=True,
            )
            for line in it.shown:
                print(f"  {line}", flush=True)


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m benchmarks.mutants")
    parser.add_argument("count", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--envelope", action="store_true")
    chosen = parser.parse_args()
    main(chosen.count, envelope=chosen.envelope)

"""What operations cost in a big SQLite file that is full, and how big the file is.

Run it as `python -m benchmarks.big_file [--entries 1000000] [--value-size 100] [--path FILE]`. It
fills the file to its bound in bytes and half as much again, and measures then.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

from cachetory.backends.sqlite_bounds import size_of
from cachetory.backends.sync import SqliteBackend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

KEY_LENGTH = 32
TOGETHER = 1000
SAMPLES = 5000
HOUR = 3600


def key_of(number: int) -> str:
    """Give a key; those of numbers that follow each other are not neighbours in the file."""
    mixed = number * 0x9E3779B97F4A7C15 % (1 << 64)
    return f"{mixed:016x}{number:016x}"


def fill(backend: SqliteBackend, numbers: Iterable[int], value: bytes) -> None:
    """Write entries, many at a time."""
    items = {key_of(number): value for number in numbers}
    backend.set_many(items, time_to_live=HOUR)


def measure(title: str, work: Callable[[int], object], numbers: Iterable[int]) -> None:
    """Print what a call costs: the median, and what 99 of 100 do not exceed."""
    times: list[float] = []
    for number in numbers:
        start = perf_counter()
        work(number)
        times.append((perf_counter() - start) * 1e6)
    print(
        f"{title:<38} {median(times):8.1f} µs {quantiles(times, n=100)[98]:8.1f} µs "
        f"{max(times):10.1f} µs"
    )


def tell_size(title: str, backend: SqliteBackend, bound: int) -> None:
    """Print what the file holds, and how big it is."""
    stats = backend.stats()
    print(
        f"{title:<38} {stats.entries:,} entries, {stats.bytes / bound:.3f} of the bound, "
        f"{stats.evicted:,} evicted; file {stats.file_size / 1e6:,.0f} MB, "
        f"{stats.file_size / bound:.2f} of the bound"
    )


def run(path: Path, entries: int, value: bytes) -> None:
    """Fill the file, and measure."""
    bound = entries * size_of(bytes(KEY_LENGTH), len(value))
    total = entries * 3 // 2
    choose = random.Random(0).choices

    def is_there(number: int) -> bool:
        return backend.contains(key_of(number))

    with SqliteBackend(path, max_bytes=bound, busy_timeout=60) as backend:
        start = perf_counter()
        for first in range(0, total, TOGETHER):
            fill(backend, range(first, min(first + TOGETHER, total)), value)
            if first < entries <= first + TOGETHER:
                tell_size("full", backend, bound)
        spent = perf_counter() - start
        print(f"{'filled by 1000 at a time':<38} {spent / total * 1e6:8.1f} µs each")
        tell_size("filled half as much again", backend, bound)
        held = [it for it in choose(range(total - entries // 2, total), k=SAMPLES) if is_there(it)]
        print(f"{'':<38} {'median':>8}    {'99 of 100':>8} {'most':>12}")
        with SqliteBackend(path, memory_bytes=0, busy_timeout=60) as forgetful:
            measure("get", lambda it: forgetful.get(key_of(it)), held)
        measure("get, read a moment ago", lambda it: backend.get(key_of(it)), held)
        measure("get, missing", is_there, range(-SAMPLES, 0))

        def put(number: int) -> None:
            backend.set(key_of(number), value, time_to_live=HOUR)

        measure("set, present", put, held)
        measure("set, new: one is evicted", put, range(total, total + SAMPLES))
        measure("delete", lambda it: backend.delete(key_of(it)), held[: SAMPLES // 4])
        tell_size("then", backend, bound)
    print(f"{'closed':<38} file {path.stat().st_size / 1e6:,.0f} MB")


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.big_file", description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--value-size", type=int, default=100)
    parser.add_argument("--path", type=Path, help="a new file, by default a temporary one")
    options = parser.parse_args()
    with TemporaryDirectory() as directory:
        path = options.path or Path(directory) / "cache.db"
        run(path, options.entries, bytes(options.value_size))


if __name__ == "__main__":
    main()

"""Loads that end without a stored value, by several processes that share leases.

    python -m benchmarks.unstored [URL]

All processes ask for the same key at the same time. The first one takes the lease and loads, and
the others wait. When nothing is stored, all of those who waited load at once: the total time is
about that of two loads, however many processes there are. The default is an SQLite file.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import partial
from multiprocessing import Barrier, get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from cachetory.caches.sync import Cache
from cachetory.errors import NoValueError
from cachetory.loading import current_load
from cachetory.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Barrier as BarrierType

PROCESSES = 8
SECONDS = 0.5
"""Duration of one load."""
ROUNDS = 3
"""Calls of each process, one after another, in the second measurement."""

_start: BarrierType


def no_value() -> Any:
    """Raise `NoValueError`."""
    raise NoValueError


def do_not_store() -> str:
    """Return a value that is not to be stored."""
    current_load().do_not_store()
    return "value"


def fail() -> Any:
    """Fail."""
    raise ZeroDivisionError


WAYS: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "exclude": (lambda: "value", {"exclude": lambda _key, _value: True}),
    "do_not_store": (do_not_store, {}),
    "NoValueError": (no_value, {}),
    "time_to_live=0": (lambda: "value", {"time_to_live": 0}),
    "unserializable": (lambda: lambda: None, {}),
    "loader raises": (fail, {}),
}


def call(url: str, way: str, key: str, rounds: int) -> tuple[float, float]:
    """Ask for the key as often as that, and return when this began and ended."""
    result, options = WAYS[way]
    cache = Cache[Any](
        serializer="pickle://", backend=url, prefix="unstored:", policy=Policy(lease=10.0)
    )

    def load() -> Any:
        sleep(SECONDS)
        return result()

    with cache:
        cache.get("another key")  # opens the connection
        _start.wait()
        began = monotonic()
        for _ in range(rounds):
            with suppress(NoValueError, ZeroDivisionError):
                cache.get_or_set(key, load, **options)
        return began, monotonic()


def measure(pool: ProcessPoolExecutor, url: str, way: str, rounds: int) -> float:
    """Return the total time of all processes, in times of one load for each round."""
    ask = partial(call, url, way, f"{way} {rounds}")
    times = list(pool.map(ask, [rounds] * PROCESSES))
    return (max(ended for _, ended in times) - min(began for began, _ in times)) / SECONDS / rounds


def main(url: str) -> None:
    """Print a table."""
    global _start  # noqa: PLW0603 (inherited by the processes)
    _start = Barrier(PROCESSES)
    print(f"{PROCESSES} processes, load {SECONDS} s, total time in loads (per call)")
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("fork")) as pool:
        for way in WAYS:
            once = measure(pool, url, way, 1)
            often = measure(pool, url, way, ROUNDS)
            print(f"  {way:16} one call {once:5.2f}   {ROUNDS} calls {often:5.2f}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:]:
        main(sys.argv[1])
    else:
        with TemporaryDirectory() as directory:
            main(f"sqlite:///{Path(directory)}/cache.db?busy-timeout=20")

"""Hit ratios of the memory store on public cache traces, beside the figures to equal.

Run it as `python -m benchmarks.hit_ratios [folder of the traces]`. It takes a minute or two.
"""

from __future__ import annotations

import gzip
import lzma
import struct
import sys
from contextlib import nullcontext
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from cachetory._core.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Policy = Literal["s3-fifo", "lru"]

FOLDER = Path(__file__).parents[2] / "shared" / "traces"


class Expectation(NamedTuple):
    """Hit ratios in percent of a trace at a number of entries, each of weight 1."""

    trace: str
    entries: int
    lru: float
    s3_fifo: float

    def of(self, policy: Policy) -> float:
        """The ratio that the policy should reach."""
        return self.lru if policy == "lru" else self.s3_fifo


EXPECTATIONS = (
    Expectation("oltp", 250, 16.47, 21.68),
    Expectation("oltp", 500, 23.45, 32.42),
    Expectation("oltp", 1000, 32.83, 40.86),
    Expectation("oltp", 2000, 42.47, 47.03),
    Expectation("gli", 500, 0.95, 30.54),
    Expectation("gli", 1000, 11.21, 44.34),
    Expectation("loop", 512, 0.00, 45.51),
    Expectation("multi1", 1000, 48.23, 61.24),
    Expectation("multi2", 1000, 47.80, 56.30),
    Expectation("multi3", 1000, 37.70, 51.37),
    Expectation("ps", 250, 13.06, 52.25),
    Expectation("cpp", 100, 69.71, 76.50),
    Expectation("2_pools", 200, 36.79, 50.34),
    Expectation("sprite", 500, 78.30, 78.68),
    Expectation("zigzag", 500, 23.99, 2.36),
    Expectation("corda", 512, 33.33, 33.33),
    Expectation("web07", 1000, 50.41, 54.12),
)


def read_trace(name: str, folder: Path = FOLDER) -> list[str]:
    """Read the keys of a trace in the order of the requests."""
    if name == "oltp":
        numbers: Iterable[int] = _read_oltp(folder / "oltp.lis.zst")
    elif name == "corda":
        numbers = _unpack(">q", gzip.decompress((folder / "corda.gz").read_bytes()))
    elif name == "web07":
        numbers = _unpack("<i", lzma.decompress((folder / "web07.trace.xz").read_bytes()))
    else:
        with gzip.open(folder / f"{name}.trace.gz", "rt") as lines:
            numbers = [int(line) for line in lines if line.strip() and "*" not in line]
    names: dict[int, str] = {}
    return [names.setdefault(number, str(number)) for number in numbers]


def hit_ratio(trace: Sequence[str], store: Store[bool]) -> float:
    """Replay a trace, setting what is missed, and return the hits in percent."""
    hits = 0
    for key in trace:
        if store.get(key, default=False):
            hits += 1
        else:
            store.set(key, True, inf)  # noqa: FBT003 a value, not a flag
    return 100 * hits / len(trace)


def store_of_entries(max_entries: int, policy: Policy) -> Store[bool]:
    """Make a store for one thread, in which nothing expires."""
    return Store(max_entries=max_entries, policy=policy, guard=nullcontext(), clock=lambda: 0.0)


def _unpack(code: str, data: bytes) -> list[int]:
    return [number for (number,) in struct.iter_unpack(code, data)]


def _read_oltp(path: Path) -> list[int]:
    try:
        from compression import zstd  # noqa: PLC0415 new in Python 3.14
    except ImportError:
        from backports import zstd  # noqa: PLC0415 what stands in for it
    numbers: list[int] = []
    for line in zstd.decompress(path.read_bytes()).splitlines():
        start, count, *_ = map(int, line.split())
        numbers.extend(range(start, start + count))
    return numbers


def main(folder: Path) -> None:
    """Print the whole table."""
    print("| trace @ entries | LRU | expected | S3-FIFO | expected |")
    print("|---|--:|--:|--:|--:|")
    for row in EXPECTATIONS:
        trace = read_trace(row.trace, folder)
        lru = hit_ratio(trace, store_of_entries(row.entries, "lru"))
        s3_fifo = hit_ratio(trace, store_of_entries(row.entries, "s3-fifo"))
        print(
            f"| {row.trace} {row.entries} | {lru:.2f} | {row.lru:.2f} "
            f"| {s3_fifo:.2f} | {row.s3_fifo:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)

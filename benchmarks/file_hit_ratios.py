"""Hit ratios of the SQLite backend on public cache traces, beside those of other policies.

Run it as `python -m benchmarks.file_hit_ratios [folder of the traces]`. It takes some minutes.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.hit_ratios import FOLDER, hit_ratio, read_trace, store_of_entries
from cachetory.backends.sync import SqliteBackend

if TYPE_CHECKING:
    from collections.abc import Sequence

ROWS = (
    ("sprite", 250),
    ("sprite", 500),
    ("web07", 1000),
    ("web07", 2000),
    ("oltp", 1000),
    ("oltp", 2000),
)


def fifo_ratio(trace: Sequence[str], entries: int) -> float:
    """Give the hits in percent if what was stored least recently goes, as from diskcache."""
    held: OrderedDict[str, None] = OrderedDict()
    hits = 0
    for key in trace:
        if key in held:
            hits += 1
        else:
            held[key] = None
            if len(held) > entries:
                held.popitem(last=False)
    return 100 * hits / len(trace)


def file_ratio(trace: Sequence[str], entries: int) -> float:
    """Give the hits in percent of a file that holds so many entries."""
    hits = 0
    with (
        TemporaryDirectory() as directory,
        SqliteBackend(Path(directory) / "cache.db", max_entries=entries) as backend,
    ):
        for key in trace:
            try:
                backend.get(key)
            except KeyError:
                backend.set(key, b"")
            else:
                hits += 1
    return 100 * hits / len(trace)


def main(folder: Path) -> None:
    """Print the table."""
    print("| trace @ entries | least recently stored | LRU | S3-FIFO | file |")
    print("|---|--:|--:|--:|--:|")
    for name, entries in ROWS:
        trace = read_trace(name, folder)
        ratios = (
            fifo_ratio(trace, entries),
            hit_ratio(trace, store_of_entries(entries, "lru")),
            hit_ratio(trace, store_of_entries(entries, "s3-fifo")),
            file_ratio(trace, entries),
        )
        print(f"| {name} {entries} | {' | '.join(f'{it:.2f}' for it in ratios)} |", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)

"""What a full SQLite file evicts: on a public trace, it finds more than LRU does."""

from __future__ import annotations

import pytest

from benchmarks.file_hit_ratios import file_ratio
from benchmarks.hit_ratios import FOLDER, hit_ratio, read_trace, store_of_entries

REQUESTS = 20_000


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"there are no traces in {FOLDER}")
@pytest.mark.parametrize(("name", "entries"), [("web07", 500), ("cpp", 100)])
def test_file_on_trace_hits_more_often_than_lru(name: str, entries: int) -> None:
    trace = read_trace(name)[:REQUESTS]

    assert file_ratio(trace, entries) > hit_ratio(trace, store_of_entries(entries, "lru")) + 0.5

"""Hit ratios on public cache traces: what a smart policy is for."""

from __future__ import annotations

import sys

import pytest

from benchmarks.hit_ratios import (
    EXPECTATIONS,
    FOLDER,
    Expectation,
    Policy,
    hit_ratio,
    read_trace,
    store_of_entries,
)

TOLERANCE = 0.5
"""In points, that is, percent of the requests."""

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"there are no traces in {FOLDER}")


def _is_quick(row: Expectation) -> bool:
    """Whether to replay it here: the long trace at one size only, the benchmark does the rest."""
    return row.trace != "oltp" or row.entries == 1000


@pytest.mark.parametrize("policy", ["s3-fifo", "lru"])
@pytest.mark.parametrize(
    "row",
    [row for row in EXPECTATIONS if _is_quick(row)],
    ids=lambda row: f"{row.trace}-{row.entries}",
)
def test_store_on_trace_hits_as_often_as_expected(row: Expectation, policy: Policy):
    if row.trace == "oltp":
        pytest.importorskip("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    trace = read_trace(row.trace)

    assert hit_ratio(trace, store_of_entries(row.entries, policy)) >= row.of(policy) - TOLERANCE

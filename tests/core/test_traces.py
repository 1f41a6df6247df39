"""Hit ratios on public cache traces: what a smart policy is for."""

from __future__ import annotations

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


LONG = {"oltp", "loop"}
"""Traces that are left to `python -m benchmarks.hit_ratios`."""


@pytest.mark.parametrize("policy", ["s3-fifo", "lru"])
@pytest.mark.parametrize(
    "row",
    [row for row in EXPECTATIONS if row.trace not in LONG],
    ids=lambda row: f"{row.trace}-{row.entries}",
)
def test_store_on_trace_hits_as_often_as_expected(row: Expectation, policy: Policy):
    trace = read_trace(row.trace)

    assert hit_ratio(trace, store_of_entries(row.entries, policy)) >= row.of(policy) - TOLERANCE

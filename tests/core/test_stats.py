"""What a cache has done, counted."""

from __future__ import annotations

import pytest

from cachetory._core.counters import Counters
from cachetory._core.stats import Stats

NOTHING = Stats(*[0] * 9)


def test_snapshot_gives_the_counts_in_the_order_of_the_fields() -> None:
    counters = Counters()
    for number, name in enumerate(Counters.__slots__, start=1):
        setattr(counters, name, number)

    stats = Stats(*counters.snapshot())

    assert {name: getattr(stats, name) for name in Counters.__slots__} == {
        name: getattr(counters, name) for name in Counters.__slots__
    }
    assert set(Stats._fields) - set(Counters.__slots__) == {"entries", "evictions", "expirations"}


def test_counters_begin_at_zero() -> None:
    assert Stats(*Counters().snapshot()) == NOTHING


def test_counters_hold_nothing_else() -> None:
    with pytest.raises(AttributeError):
        Counters().typo = 1  # type: ignore[attr-defined]


def test_what_only_a_local_store_knows_is_none_by_default() -> None:
    assert (NOTHING.entries, NOTHING.evictions, NOTHING.expirations) == (None, None, None)


@pytest.mark.parametrize(
    ("hits", "misses", "ratio"), [(0, 0, 0.0), (0, 5, 0.0), (5, 0, 1.0), (1, 3, 0.25)]
)
def test_hit_ratio_is_the_share_of_the_lookups(hits: int, misses: int, ratio: float) -> None:
    assert NOTHING._replace(hits=hits, misses=misses).hit_ratio == ratio

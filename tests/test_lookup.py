"""What is known of a key, told from an entry as it was found."""

from __future__ import annotations

from math import inf

import pytest

from cachetory._core.freshness import Found
from cachetory._core.sentinels import Absent
from cachetory.lookup import Lookup

NOW = 1000.0


def fields_of(lookup: Lookup[object]) -> dict[str, object]:
    return {name: getattr(lookup, name) for name in Lookup.__slots__}


@pytest.mark.parametrize("absent", Absent)
def test_lookup_of_what_is_absent_for_any_reason_is_a_miss(absent: Absent) -> None:
    lookup: Lookup[object] = Lookup("key", absent, NOW)

    assert fields_of(lookup) == {
        "key": "key",
        "state": "miss",
        "value": None,
        "is_negative": False,
        "age": None,
        "fresh_for": None,
        "created_at": None,
        "took": None,
        "source": None,
    }


@pytest.mark.parametrize("value", ["value", None, 0, "", [], False])
def test_lookup_of_a_bare_value_is_a_hit_without_times(value: object) -> None:
    lookup = Lookup("key", Found(value), NOW)

    assert fields_of(lookup) == {
        "key": "key",
        "state": "hit",
        "value": value,
        "is_negative": False,
        "age": None,
        "fresh_for": None,
        "created_at": None,
        "took": None,
        "source": "store",
    }


def test_lookup_of_a_fresh_value_tells_its_times() -> None:
    lookup = Lookup("key", Found("value", left=5.0, created_at=990.0, took=2.0), NOW)

    assert lookup.state == "hit"
    assert lookup.value == "value"
    assert (lookup.created_at, lookup.age, lookup.took, lookup.fresh_for) == (990, 10, 2, 5)


@pytest.mark.parametrize("left", [0.0, -5.0])
def test_lookup_of_a_stale_value_gives_it(left: float) -> None:
    lookup = Lookup("key", Found("value", left=left, created_at=990.0), NOW)

    assert lookup.state == "stale"
    assert lookup.value == "value"
    assert lookup.fresh_for == left


def test_lookup_of_a_value_that_is_fresh_for_ever_tells_its_age_alone() -> None:
    lookup = Lookup("key", Found("value", left=inf, created_at=990.0), NOW)

    assert (lookup.state, lookup.fresh_for, lookup.age) == ("hit", None, 10)


def test_lookup_of_a_value_without_a_load_took_no_time() -> None:
    assert Lookup("key", Found("value", created_at=0.0), NOW).took == 0.0


def test_lookup_of_a_value_of_the_first_second_of_all_tells_its_age() -> None:
    assert Lookup("key", Found("value", created_at=0.0), NOW).age == NOW


@pytest.mark.parametrize(("value", "is_refused"), [(None, True), ("placeholder", False)])
def test_lookup_of_a_negative_entry_tells_so(value: object, *, is_refused: bool) -> None:
    found = Found(value, left=5.0, created_at=990.0, is_negative=True, is_refused=is_refused)

    lookup = Lookup("key", found, NOW)

    assert lookup.is_negative
    assert (lookup.state, lookup.value) == ("hit", value)


def test_lookup_shows_all_but_the_value() -> None:
    lookup = Lookup("key", Found("a secret", left=5.0, created_at=990.0), NOW)

    assert repr(lookup) == (
        "Lookup(key='key', state='hit', is_negative=False, age=10.0, fresh_for=5.0, source='store')"
    )

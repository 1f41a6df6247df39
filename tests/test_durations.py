"""One set of rules for every time to live and deadline that a user may hand in."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cachetory.durations import (
    LONGEST,
    SHORTEST,
    to_milliseconds,
    to_seconds,
    to_timedelta,
    to_timestamp,
)
from cachetory.errors import InvalidDurationError

CONVERSIONS = [to_seconds, to_milliseconds, to_timedelta]
NOT_DURATIONS: list[Any] = [
    True,
    False,
    "5",
    b"5",
    None,
    [],
    object(),
    1j,
    Decimal(5),
    Fraction(5),
    datetime(2030, 1, 1, tzinfo=timezone.utc),
]
ABSURD: list[Any] = [
    nan,
    inf,
    -inf,
    LONGEST * 1.001,
    1e300,
    10**400,
    timedelta.max,
    timedelta(seconds=LONGEST, milliseconds=1),
]
NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize("duration", NOT_DURATIONS, ids=lambda it: type(it).__name__)
def test_duration_of_another_type_is_refused(duration: Any) -> None:
    for convert in CONVERSIONS:
        with pytest.raises(InvalidDurationError, match="timedelta or a number of seconds"):
            convert(duration)


@pytest.mark.parametrize("duration", ABSURD, ids=lambda it: str(it)[:20])
def test_absurd_duration_is_refused_with_the_way_out(duration: Any) -> None:
    for convert in CONVERSIONS:
        with pytest.raises(InvalidDurationError, match=r"1000 years.*None for ever"):
            convert(duration)


def test_refusal_names_the_duration() -> None:
    with pytest.raises(InvalidDurationError, match="'5 minutes'"):
        to_seconds("5 minutes")  # type: ignore[arg-type]
    with pytest.raises(InvalidDurationError, match="inf"):
        to_seconds(inf)


@pytest.mark.parametrize(
    "duration", [0, 0.0, -0.0, -1, -1e-9, -1e300, -(10**300), timedelta(0), timedelta.min]
)
def test_duration_of_zero_or_less_is_over_at_once(duration: float | timedelta) -> None:
    assert to_seconds(duration) == 0.0
    assert to_milliseconds(duration) == 0
    assert to_timedelta(duration) <= timedelta(0)


@pytest.mark.parametrize(
    "duration", [5e-324, 1e-9, 0.0004, 0.001, timedelta(microseconds=1), timedelta.resolution]
)
def test_duration_below_a_millisecond_is_rounded_up_to_one(duration: float | timedelta) -> None:
    assert to_seconds(duration) == SHORTEST
    assert to_milliseconds(duration) == 1
    assert to_timedelta(duration) > timedelta(0)


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        (5, 5.0),
        (2.5, 2.5),
        (0.002, 0.002),
        (timedelta(seconds=5), 5.0),
        (timedelta(days=1, milliseconds=1), 86_400.001),
        (LONGEST, LONGEST),
        (timedelta(seconds=LONGEST), LONGEST),
        (int(LONGEST), LONGEST),
    ],
)
def test_duration_is_told_in_seconds(duration: float | timedelta, seconds: float) -> None:
    assert to_seconds(duration) == seconds
    assert isinstance(to_seconds(duration), float)
    assert to_milliseconds(duration) == round(seconds * 1000)
    assert to_timedelta(duration) == timedelta(seconds=seconds)


def test_timedelta_stays_the_very_same() -> None:
    duration = timedelta(days=3, microseconds=7)

    assert to_timedelta(duration) is duration


def test_class_of_ones_own_that_is_a_number_or_timedelta_is_taken() -> None:
    class Seconds(float):
        pass

    class Pause(timedelta):
        pass

    assert to_seconds(Seconds(5)) == 5.0
    assert to_seconds(Pause(seconds=5)) == 5.0


@given(st.floats() | st.integers() | st.timedeltas())
def test_every_number_and_timedelta_is_usable_or_refused(duration: Any) -> None:
    try:
        seconds = to_seconds(duration)
    except InvalidDurationError:
        for convert in (to_milliseconds, to_timedelta):
            with pytest.raises(InvalidDurationError):
                convert(duration)
        return

    milliseconds = to_milliseconds(duration)
    assert seconds == 0 or SHORTEST <= seconds <= LONGEST
    assert (milliseconds == 0) == (seconds == 0)
    assert abs(milliseconds - seconds * 1000) <= max(0.5, seconds * 1e-9)
    assert (to_timedelta(duration) <= timedelta(0)) == (seconds == 0) or seconds == SHORTEST


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_longer_duration_is_never_told_as_a_shorter_one(one: float, other: float) -> None:
    shorter, longer = sorted((one, other))

    assert to_seconds(shorter) <= to_seconds(longer)
    assert to_milliseconds(shorter) <= to_milliseconds(longer)


# Deadlines


@pytest.mark.parametrize("deadline", [5, 5.0, "2030-01-01", None, timedelta(1), NOW.date()])
def test_deadline_of_another_type_is_refused(deadline: Any) -> None:
    with pytest.raises(InvalidDurationError, match="timezone-aware datetime"):
        to_timestamp(deadline)


def test_naive_deadline_is_refused_with_the_way_out() -> None:
    class Nowhere(tzinfo):
        """Says that it is a time zone, and knows no offset."""

        def utcoffset(self, moment: datetime | None) -> None:
            return None

    for deadline in (NOW.replace(tzinfo=None), NOW.replace(tzinfo=Nowhere())):
        with pytest.raises(InvalidDurationError, match=r"naive.*datetime\.now\(timezone\.utc\)"):
            to_timestamp(deadline)


def test_deadline_is_the_same_moment_in_every_time_zone() -> None:
    east = NOW.astimezone(timezone(timedelta(hours=9)))

    assert to_timestamp(NOW) == to_timestamp(east) == 1_893_456_000.0

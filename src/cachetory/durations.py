"""Normalise every time to live and deadline that a user may hand in, in one place.

The rules, for all backends alike: `None` is for ever; zero or less is over at once; anything
shorter than a millisecond is rounded up to one; NaN, infinite and absurd amounts are refused
before any I/O.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import isfinite
from typing import TypeAlias

from cachetory.errors import InvalidDurationError

Duration: TypeAlias = "timedelta | float"
"""A `timedelta` or a number of seconds."""

SHORTEST = 0.001
"""The finest resolution of a time to live, in seconds."""

LONGEST = 1000 * 366 * 86_400.0
"""The longest accepted time to live, in seconds: a thousand years."""


def to_seconds(duration: Duration) -> float:
    """Turn a duration into seconds: 0.0 if it is over at once, else at least a millisecond.

    Raises:
        InvalidDurationError: for a boolean, NaN, an infinity, more than a thousand years, or
            anything that is neither a `timedelta` nor a number.
    """
    if isinstance(duration, timedelta):
        seconds = duration.total_seconds()
    elif isinstance(duration, (int, float)) and not isinstance(duration, bool):
        try:
            seconds = float(duration)
        except OverflowError:
            raise _absurd(duration) from None
    else:
        msg = f"a duration is a timedelta or a number of seconds, not {duration!r}"
        raise InvalidDurationError(msg)
    if SHORTEST <= seconds <= LONGEST:
        return seconds
    if seconds <= 0:
        return _refuse_infinite(seconds)
    if seconds > LONGEST or not isfinite(seconds):
        raise _absurd(duration)
    return SHORTEST


def to_milliseconds(duration: Duration) -> int:
    """Turn a duration into the nearest millisecond, at least one; 0 if it is over at once."""
    if type(duration) is int and 0 < duration <= LONGEST:  # the usual
        return duration * 1000
    seconds = to_seconds(duration)
    milliseconds = round(seconds * 1000)
    return max(milliseconds, 1) if seconds > 0 else 0


def to_timedelta(duration: Duration) -> timedelta:
    """Turn a duration into a `timedelta`, zero or less if it is over at once."""
    seconds = to_seconds(duration)
    return duration if isinstance(duration, timedelta) else timedelta(seconds=seconds)


def to_timestamp(deadline: datetime) -> float:
    """Turn a deadline into epoch seconds.

    Raises:
        InvalidDurationError: for a naive datetime, since it does not say which moment it means.
    """
    if not isinstance(deadline, datetime):
        msg = f"a deadline is a timezone-aware datetime, not {deadline!r}"
        raise InvalidDurationError(msg)
    if deadline.tzinfo is None or deadline.utcoffset() is None:
        msg = (
            f"{deadline!r} is naive, so it does not say which moment it means; "
            "use a timezone-aware datetime, such as datetime.now(timezone.utc)"
        )
        raise InvalidDurationError(msg)
    return deadline.timestamp()


def _refuse_infinite(seconds: float) -> float:
    if seconds == -float("inf"):
        raise _absurd(seconds)
    return 0.0


def _absurd(duration: object) -> InvalidDurationError:
    return InvalidDurationError(
        f"{duration!r} is not a usable duration: give at most 1000 years, or None for ever"
    )

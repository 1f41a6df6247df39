"""Decide what a stored entry is worth right now. Pure: times and randomness come from the caller.

A *plan* is a policy in plain numbers, as the load path reads it. All durations are in seconds.
"""

from __future__ import annotations

from enum import Enum
from math import inf, log
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

V = TypeVar("V")

LONGEST_NOTED = 0xFFFFFFFE / 1000
"""For so many seconds at most can an entry be noted to be fresh: 49 days."""


class Worth(Enum):
    """What may be done with an entry."""

    FRESH = "to be given as it is"
    STALE = "to be given at once, and refreshed behind"
    DOUBTFUL = "to be given only if loading fails, or takes too long"
    NOTHING = "not to be given"


class Stamp:
    """What is to be noted of a value when it is stored.

    Attributes:
        created_at: When its load began, in epoch seconds.
        took: How long that took.
        fresh_for: For how long it is fresh from the end of its load; `None` is for ever.
        stored_for: For how long it is to be kept from now; `None` is for ever.
        is_noted: Whether any of this is to be stored with it, beside how long it is kept.
        is_negative: Whether it stands for there being no value.
        is_refused: Whether the loader refused, so that there is nothing to be given, either.
    """

    __slots__ = (
        "created_at",
        "fresh_for",
        "is_negative",
        "is_noted",
        "is_refused",
        "stored_for",
        "took",
    )

    def __init__(
        self,
        created_at: float,
        *,
        took: float = 0.0,
        fresh_for: float | None = None,
        kept_for: float = 0.0,
        is_noted: bool = False,
        is_negative: bool = False,
        is_refused: bool = False,
    ) -> None:
        self.created_at: float = created_at
        self.took: float = took
        self.fresh_for: float | None = fresh_for
        self.stored_for: float | None = None if fresh_for is None else fresh_for + kept_for
        if fresh_for is not None and fresh_for <= 0:
            self.stored_for = 0.0  # over before it began
        self.is_noted: bool = is_noted
        self.is_negative: bool = is_negative
        self.is_refused: bool = is_refused

    def renewed(self, fresh_for: float | None, now: float, kept_for: float) -> Stamp:
        """Give one by which the same value is fresh for so long from now."""
        created_at = self.created_at
        if fresh_for is not None:
            passed = now - self.created_at - self.took
            if passed + fresh_for < LONGEST_NOTED:
                fresh_for, kept_for = passed + fresh_for, kept_for - passed
            else:  # it is as if the value had been made just now
                created_at = now - self.took
        return Stamp(
            created_at,
            took=self.took,
            fresh_for=fresh_for,
            kept_for=kept_for,
            is_noted=True,
            is_negative=self.is_negative,
            is_refused=self.is_refused,
        )


class Found(Generic[V]):
    """An entry as it was found: a value with its times.

    Attributes:
        value: The value; `None` if the entry says that there is none, and no more than that.
        created_at: When its load began, in epoch seconds; `None` if that was not noted.
        left: For how long it is still fresh: inf if for ever, or as long as the store keeps it;
            zero or less if it is stale.
        took: How long its load took.
        is_negative: Whether the entry says that there is no value.
        is_refused: Whether the loader refused, so that there is nothing to be given, either.
    """

    __slots__ = ("created_at", "is_negative", "is_refused", "left", "took", "value")

    def __init__(
        self,
        value: V,
        *,
        left: float = inf,
        created_at: float | None = None,
        took: float = 0.0,
        is_negative: bool = False,
        is_refused: bool = False,
    ) -> None:
        self.value: V = value
        self.left: float = left
        self.created_at: float | None = created_at
        self.took: float = took
        self.is_negative: bool = is_negative
        self.is_refused: bool = is_refused

    @property
    def is_fresh(self) -> bool:
        """Whether its time is not over yet."""
        return self.left > 0

    @property
    def is_to_be_had(self) -> bool:
        """Whether it is fresh, and holds a value."""
        return self.left > 0 and not self.is_negative

    def stamp(self) -> Stamp:
        """Give what was noted of it; for one that has times."""
        return Stamp(
            self.created_at or 0.0,
            took=self.took,
            is_negative=self.is_negative,
            is_refused=self.is_refused,
        )


class Plan:
    """A policy in plain numbers. This one asks for nothing but a value.

    Attributes:
        kept_for: For how long an entry is of use after its time is over.
        needs_times: Whether entries have to be stored with their times.
    """

    __slots__ = (
        "early_refresh",
        "hard_timeout",
        "jitter",
        "kept_for",
        "lease",
        "needs_times",
        "negative_time_to_live",
        "retry_after_failure",
        "soft_timeout",
        "stale_if_error",
        "stale_while_revalidate",
        "time_to_live",
        "time_to_live_of",
    )

    def __init__(
        self,
        *,
        time_to_live: float | None = None,
        time_to_live_of: Callable[[Any], Any] | None = None,
        jitter: float = 0.0,
        stale_while_revalidate: float = 0.0,
        stale_if_error: float = 0.0,
        early_refresh: float = 0.0,
        negative_time_to_live: float | None = None,
        soft_timeout: float | None = None,
        hard_timeout: float | None = None,
        lease: float | None = None,
        retry_after_failure: float = 30.0,
    ) -> None:
        self.time_to_live: float | None = time_to_live
        self.time_to_live_of: Callable[[Any], Any] | None = time_to_live_of
        self.jitter: float = jitter
        self.stale_while_revalidate: float = stale_while_revalidate
        self.stale_if_error: float = stale_if_error
        self.early_refresh: float = early_refresh
        self.negative_time_to_live: float | None = negative_time_to_live
        self.soft_timeout: float | None = soft_timeout
        self.hard_timeout: float | None = hard_timeout
        self.lease: float | None = lease
        self.retry_after_failure: float = retry_after_failure
        self.kept_for: float = max(stale_while_revalidate, stale_if_error)
        self.needs_times: bool = bool(
            self.kept_for or early_refresh or negative_time_to_live is not None
        )

    def limits(self, *, has_stale: bool) -> tuple[float | None, ...]:
        """Tell how long to wait for a load, in stages; after the first, what is stale is given."""
        soft, hard = self.soft_timeout, self.hard_timeout
        if soft is None or not has_stale or (hard is not None and soft >= hard):
            return (hard,)
        return (soft, hard)

    def judge(self, found: Found[Any]) -> Worth:
        """Tell what an entry is worth."""
        if found.left > 0:
            return Worth.FRESH
        if found.is_negative:
            return Worth.NOTHING
        if -found.left < self.stale_while_revalidate:
            return Worth.STALE
        if -found.left < self.stale_if_error:
            return Worth.DOUBTFUL
        return Worth.NOTHING

    def is_due_early(self, found: Found[Any], chance: float) -> bool:
        """Tell whether this caller should refresh a fresh entry already.

        The less time is left, and the longer a load takes, the likelier; so that one caller among
        many does it shortly before the entry becomes stale. This is XFetch: Vattani, Chierichetti
        and Lowenstein, "Optimal probabilistic cache stampede prevention", VLDB 2015.

        Args:
            found: the entry.
            chance: a random number, evenly distributed over 0 < chance <= 1.
        """
        return 0 < found.left <= found.took * self.early_refresh * -log(chance)

    def shorten(self, seconds: float, chance: float) -> float:
        """Take the jitter off a time to live; `chance` is a random number from 0 to 1."""
        return seconds * (1 - self.jitter * chance)


PLAIN = Plan()
"""What a cache does that was given no policy."""

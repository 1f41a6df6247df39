"""What a cache does about time, failure and stampedes, beyond keeping values: one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from math import isfinite
from typing import TYPE_CHECKING, Any, cast

from cachetory._core.freshness import Plan
from cachetory.durations import Duration, to_seconds
from cachetory.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How long values are fresh, what happens when they are not, and how they are loaded.

    Give it to a `Cache`, to `get_or_set` or to a decorator. Each stands in the place of the one
    before: what a call is given counts, else what the function was decorated with, else the
    cache's. Durations are a `timedelta` or seconds.

    Attributes:
        time_to_live: how long a value is fresh; `None` is for ever. It may also be a function
            that is called with the value and gives either. Where values are stored with their
            times, a longer one than 49 days is cut to that.
        jitter: by what share of it the time to live is shortened at random, 0 to 1, so that
            values that were stored together do not expire together. It is never lengthened.
        stale_while_revalidate: for so long after that, a value is still given at once, while it
            is loaded again behind.
        stale_if_error: for so long after its time, a value is given if loading fails.
        early_refresh: how eager a caller is to load a value again before its time is over, with
            all others still served: 1 is what the authors of XFetch recommend, more is earlier,
            0 is not at all. The longer a load takes, the earlier it begins.
        negative_time_to_live: how long to remember that there is no value, which a loader tells
            by `NoValueError` or by `LoadContext.there_is_none`. `None`: it is not remembered.
        soft_timeout: after so long, a stale value is given if there is one of use; loading goes
            on behind.
        hard_timeout: after so long, callers get a stale value of use for `stale_if_error` if
            there is one, else a `LoadTimeoutError`; loading goes on behind.
            In the sync colour, either timeout has the loader run in a thread of its own.
        lease: one load at a time among all processes that share the store, on stores that can.
            This is for how long the store holds the right to load for a process that has died;
            a living one renews it. A few seconds are right.
        retry_after_failure: after a failed load, and while a stale value is given for it, do not
            load again for so long.

    Raises:
        ConfigurationError: for a share, an eagerness or a timeout that cannot be.
        InvalidDurationError: for a duration that is none.
    """

    time_to_live: Duration | Callable[[Any], Duration | None] | None = None
    jitter: float = 0.0
    stale_while_revalidate: Duration = 0.0
    stale_if_error: Duration = 0.0
    early_refresh: float = 0.0
    negative_time_to_live: Duration | None = None
    soft_timeout: Duration | None = None
    hard_timeout: Duration | None = None
    lease: Duration | None = None
    retry_after_failure: Duration = 30.0

    plan: Plan = field(init=False, repr=False, compare=False)
    """The policy in plain numbers, as the load path reads it."""

    def __post_init__(self) -> None:
        """Check every field."""
        _check_share("jitter", self.jitter, most=1.0)
        _check_share("early_refresh", self.early_refresh)
        for name in ("soft_timeout", "hard_timeout", "lease"):
            if getattr(self, name) is not None and to_seconds(getattr(self, name)) == 0:
                msg = f"{name}={getattr(self, name)!r} leaves no time at all; None switches it off"
                raise ConfigurationError(msg)
        object.__setattr__(self, "plan", self._plan())

    def replace(self, **changes: Any) -> Self:
        """Give a policy like this one, but for the changes.

        Raises:
            ConfigurationError: for a name that is no field.
        """
        names = [it.name for it in fields(self) if it.init]
        unknown = ", ".join(f"`{name}`" for name in changes if name not in names)
        if unknown:
            msg = f"a policy has no field {unknown}; it has {', '.join(names)}"
            raise ConfigurationError(msg)
        return replace(self, **changes)

    def _plan(self) -> Plan:
        of_value = self.time_to_live if callable(self.time_to_live) else None
        fixed = None if of_value is not None else cast("Duration | None", self.time_to_live)
        return Plan(
            time_to_live=_optional(fixed),
            time_to_live_of=of_value,
            jitter=self.jitter,
            stale_while_revalidate=to_seconds(self.stale_while_revalidate),
            stale_if_error=to_seconds(self.stale_if_error),
            early_refresh=self.early_refresh,
            negative_time_to_live=_optional(self.negative_time_to_live),
            soft_timeout=_optional(self.soft_timeout),
            hard_timeout=_optional(self.hard_timeout),
            lease=_optional(self.lease),
            retry_after_failure=to_seconds(self.retry_after_failure),
        )


def policy_fields() -> frozenset[str]:
    """Return the names of the fields that a user gives."""
    return frozenset(it.name for it in fields(Policy) if it.init)


def _optional(duration: Duration | None) -> float | None:
    return None if duration is None else to_seconds(duration)


def _check_share(name: str, value: Any, most: float = 1000.0) -> None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and isfinite(value) and 0 <= value <= most:
        return
    msg = f"{name} is a number from 0 to {most:g}, not {value!r}"
    raise ConfigurationError(msg)

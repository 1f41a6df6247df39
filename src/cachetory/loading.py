"""What a loader may ask of the load that it is a part of, and say about its outcome."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from cachetory._core.sentinels import MISSING

if TYPE_CHECKING:
    from cachetory._core.sentinels import Absent
    from cachetory.durations import Duration


class LoadContext:
    """One load of one key, as its loader sees it.

    A loader gets it as its argument if it takes one, and anywhere by `current_load`. It is of no
    use after the loader has returned.

    Attributes:
        key: the key, without the cache's prefix.
        stale: the value that is to be replaced, if there is still one; else `MISSING`.
    """

    __slots__ = ("_time_to_live", "is_negative", "is_stored", "key", "sets_time_to_live", "stale")

    def __init__(self, key: str, stale: Any | Absent = MISSING) -> None:
        self.key: str = key
        self.stale: Any | Absent = stale
        self.is_stored: bool = True
        self.is_negative: bool = False
        self.sets_time_to_live: bool = False
        self._time_to_live: Duration | None = None

    @property
    def has_stale(self) -> bool:
        """Whether there is a value that is to be replaced."""
        return self.stale is not MISSING

    @property
    def time_to_live(self) -> Duration | None:
        """How long the value is to live; set it to have it so, whatever the policy says."""
        return self._time_to_live

    @time_to_live.setter
    def time_to_live(self, time_to_live: Duration | None) -> None:
        self._time_to_live = time_to_live
        self.sets_time_to_live = True

    def do_not_store(self) -> None:
        """Have the value returned to those who wait for it, but not stored."""
        self.is_stored = False

    def follow(self, other: LoadContext) -> None:
        """Have this key treated as another load has asked for."""
        self.is_stored = other.is_stored
        self.is_negative = other.is_negative
        if other.sets_time_to_live:
            self.time_to_live = other.time_to_live

    def there_is_none(self) -> None:
        """Say that there is no value, whatever is returned in its place: `None`, or an empty list.

        That is what callers get, and it is remembered for the policy's `negative_time_to_live`;
        without one, it is not stored at all. To `get`, there is no value.
        """
        self.is_negative = True


current: ContextVar[LoadContext | None] = ContextVar("cachetory_load", default=None)


def current_load() -> LoadContext:
    """Give the load that the caller is a part of, in its thread or task.

    In a load of many keys, it stands for all of them: its key is empty.

    Raises:
        LookupError: if it is a part of none.
    """
    context = current.get()
    if context is None:
        msg = "no load is under way here: `current_load` is for loaders and cached functions"
        raise LookupError(msg)
    return context

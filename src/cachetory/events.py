"""What a cache tells those who listen: one small class for each thing that can happen.

    Event
    ├── Hit · Miss                       a lookup, by what it found
    ├── Set · Deleted · Expiring · Cleared   a write, after the store took it
    ├── Stale                            a value was given though its time is over, and why
    ├── Loaded · LoadFailed · LoadLate   a value was loaded, could not be, or not in time
    ├── Refreshing · RefreshDropped      a value is loaded again, or there was no room for that
    ├── NotStored                        a loaded value was not kept, and why
    ├── LeaseWon · LeaseHeld · LeaseLost the right to load, among processes
    ├── Undecodable                      stored bytes were not what the serializer wrote: a miss
    ├── BackendFailed                    the store did not do what was asked
    └── BreakerOpened · BreakerClosed    the store is left alone from now on, or asked again

Events compare by their fields and can be matched by position. They carry keys, never values.
"""

from __future__ import annotations

from typing import Literal

# Plain classes: `dataclasses` would import `inspect`, a third of the import time of the package.


class Event:
    """Something that happened to one key of a cache.

    Attributes:
        key: the key as the caller gave it, without the cache's prefix.
    """

    __slots__ = ("key",)
    __match_args__ = ("key",)

    def __init__(self, key: str) -> None:
        self.key: str = key

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__name__}({fields})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__match_args__)

    def __hash__(self) -> int:
        return hash((type(self), self.key))


class Hit(Event):
    """A lookup found a fresh value."""

    __slots__ = ()


class Miss(Event):
    """A lookup found nothing that could be used."""

    __slots__ = ()


class Set(Event):
    """A value reached the store: one that was set, or one that was computed on a miss."""

    __slots__ = ()


class Deleted(Event):
    """An explicit deletion reached the store, whether or not the key was there."""

    __slots__ = ()


class Expiring(Event):
    """A key was given another time to live, or none."""

    __slots__ = ()


class Cleared(Event):
    """All keys that begin with `key`, which is the cache's prefix here, were removed."""

    __slots__ = ()


class Stale(Event):
    """A value was given though its time is over.

    Attributes:
        reason: `"refreshing"` when it is being loaded again behind the caller, `"failing"` when
            loading has failed, `"late"` when it takes too long, `"held"` when another process is
            at it.
    """

    __slots__ = ("reason",)
    __match_args__ = ("key", "reason")

    def __init__(self, key: str, reason: Literal["refreshing", "failing", "late", "held"]) -> None:
        super().__init__(key)
        self.reason: Literal["refreshing", "failing", "late", "held"] = reason


class Refreshing(Event):
    """A value is about to be loaded again though there is one.

    Attributes:
        reason: `"stale"` when its time is over, `"early"` when that is near, `"asked"` when it
            was asked for.
    """

    __slots__ = ("reason",)
    __match_args__ = ("key", "reason")

    def __init__(self, key: str, reason: Literal["stale", "early", "asked"]) -> None:
        super().__init__(key)
        self.reason: Literal["stale", "early", "asked"] = reason


class RefreshDropped(Event):
    """A stale value was not loaded again behind its caller, since too many others are."""

    __slots__ = ()


class Loaded(Event):
    """A loader returned, or said that there is no value.

    Attributes:
        seconds: how long that took.
    """

    __slots__ = ("seconds",)
    __match_args__ = ("key", "seconds")

    def __init__(self, key: str, seconds: float) -> None:
        super().__init__(key)
        self.seconds: float = seconds


class LoadFailed(Event):
    """A value could not be computed; the error went to those who asked for it.

    Attributes:
        error: what the loader raised.
        seconds: how long that took.
    """

    __slots__ = ("error", "seconds")
    __match_args__ = ("key", "error", "seconds")

    def __init__(self, key: str, error: Exception, seconds: float = 0.0) -> None:
        super().__init__(key)
        self.error: Exception = error
        self.seconds: float = seconds


class LoadLate(Event):
    """A load takes longer than its caller waits; it goes on behind.

    Attributes:
        seconds: how long the caller has waited.
    """

    __slots__ = ("seconds",)
    __match_args__ = ("key", "seconds")

    def __init__(self, key: str, seconds: float) -> None:
        super().__init__(key)
        self.seconds: float = seconds


class LeaseWon(Event):
    """This process got the right to load, before all others that share the store."""

    __slots__ = ()


class LeaseHeld(Event):
    """Another process has the right to load, so that this one waits, or gives what is stale."""

    __slots__ = ()


class LeaseLost(Event):
    """The lease ended while the value was being loaded: it took too long, or the key was written.

    What is loaded is returned, but not stored.
    """

    __slots__ = ()


class NotStored(Event):
    """A loaded value was returned, but not kept.

    Attributes:
        reason: `"fenced"` when the key was written or deleted while the value was computed,
            `"excluded"` when the caller's `exclude` said so, `"one-shot"` when the value can be
            used once, such as an iterator, an open file or an awaitable, `"failed"` when the
            serializer or the store refused it, or the store was not asked since it had just failed.
    """

    __slots__ = ("reason",)
    __match_args__ = ("key", "reason")

    def __init__(
        self, key: str, reason: Literal["fenced", "excluded", "one-shot", "failed"]
    ) -> None:
        super().__init__(key)
        self.reason: Literal["fenced", "excluded", "one-shot", "failed"] = reason


class Undecodable(Event):
    """Stored bytes are corrupt, foreign, too large, or of a class that has changed since.

    Attributes:
        error: what the serializer raised.
    """

    __slots__ = ("error",)
    __match_args__ = ("key", "error")

    def __init__(self, key: str, error: Exception) -> None:
        super().__init__(key)
        self.error: Exception = error


class BackendFailed(Event):
    """The store failed to do what was asked.

    Attributes:
        operation: the name of the cache's operation, such as `"get"`.
        error: what the backend raised.
    """

    __slots__ = ("error", "operation")
    __match_args__ = ("key", "operation", "error")

    def __init__(self, key: str, operation: str, error: Exception) -> None:
        super().__init__(key)
        self.operation: str = operation
        self.error: Exception = error


class BreakerOpened(Event):
    """The store has failed a few times in a row, and is asked no more but for a probe at times.

    Attributes:
        error: the last failure.
    """

    __slots__ = ("error",)
    __match_args__ = ("key", "error")

    def __init__(self, key: str, error: Exception) -> None:
        super().__init__(key)
        self.error: Exception = error


class BreakerClosed(Event):
    """The store has answered, and is asked again."""

    __slots__ = ()

"""What a cache tells those who listen: one small class for each thing that can happen.

    Event
    ├── Hit · Miss                       a lookup, by what it found
    ├── Set · Deleted · Expiring · Cleared   a write, after the store took it
    ├── Loaded · LoadFailed              a value was computed on a miss, or could not be
    ├── NotStored                        a loaded value was not kept, and why
    ├── Undecodable                      stored bytes were not what the serializer wrote: a miss
    └── BackendFailed                    the store did not do what was asked

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
    __match_args__: tuple[str, ...] = ("key",)

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


class Loaded(Event):
    """A value was computed because there was none.

    Attributes:
        seconds: how long that took.
    """

    __slots__ = ("seconds",)
    __match_args__: tuple[str, ...] = ("key", "seconds")

    def __init__(self, key: str, seconds: float) -> None:
        super().__init__(key)
        self.seconds: float = seconds


class LoadFailed(Event):
    """A value could not be computed; the error went to those who asked for it.

    Attributes:
        error: what the loader raised.
    """

    __slots__ = ("error",)
    __match_args__: tuple[str, ...] = ("key", "error")

    def __init__(self, key: str, error: Exception) -> None:
        super().__init__(key)
        self.error: Exception = error


class NotStored(Event):
    """A loaded value was returned, but not kept.

    Attributes:
        reason: `"fenced"` when the key was written or deleted while the value was computed,
            `"excluded"` when the caller's `exclude` said so, `"failed"` when the serializer or
            the store refused it, or the store was not asked since it had just failed.
    """

    __slots__ = ("reason",)
    __match_args__: tuple[str, ...] = ("key", "reason")

    def __init__(self, key: str, reason: Literal["fenced", "excluded", "failed"]) -> None:
        super().__init__(key)
        self.reason: Literal["fenced", "excluded", "failed"] = reason


class Undecodable(Event):
    """Stored bytes are corrupt, foreign, too large, or of a class that has changed since.

    Attributes:
        error: what the serializer raised.
    """

    __slots__ = ("error",)
    __match_args__: tuple[str, ...] = ("key", "error")

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
    __match_args__: tuple[str, ...] = ("key", "operation", "error")

    def __init__(self, key: str, operation: str, error: Exception) -> None:
        super().__init__(key)
        self.operation: str = operation
        self.error: Exception = error

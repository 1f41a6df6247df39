"""What is known of a key at one moment: its value, and how much longer that is fresh."""

from __future__ import annotations

from math import isinf
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from cachetory._core.sentinels import Absent

if TYPE_CHECKING:
    from cachetory._core.freshness import Found

V = TypeVar("V")


class Lookup(Generic[V]):
    """What is known of a key. Times are in seconds.

    Attributes:
        key: the key.
        state: `"hit"` if there is a fresh entry, `"stale"` if its time is over though it is still
            kept, `"miss"` if there is none, or none that can be read.
        value: the value, a stale one too; `None` if there is none.
        is_negative: whether the entry says that there is no value.
        age: how long ago its load began; `None` if that was not noted.
        fresh_for: for how much longer it is fresh, less than zero if it is stale; `None` if it is
            fresh for as long as the store keeps it.
        created_at: when its load began, in epoch seconds; `None` if that was not noted.
        took: how long its load took; `None` if that was not noted.
        source: where it was found: `"store"`; `None` for a miss.
    """

    __slots__ = (
        "age",
        "created_at",
        "fresh_for",
        "is_negative",
        "key",
        "source",
        "state",
        "took",
        "value",
    )

    def __init__(self, key: str, found: Found[V] | Absent, now: float) -> None:
        self.key: str = key
        self.state: Literal["hit", "stale", "miss"] = "miss"
        self.value: V | None = None
        self.is_negative: bool = False
        self.age: float | None = None
        self.fresh_for: float | None = None
        self.created_at: float | None = None
        self.took: float | None = None
        self.source: Literal["store"] | None = None
        if isinstance(found, Absent):
            return
        self.state = "hit" if found.is_fresh else "stale"
        self.value = found.value
        self.is_negative = found.is_negative
        self.source = "store"
        self.fresh_for = None if isinf(found.left) else found.left
        if found.created_at is not None:
            self.created_at = found.created_at
            self.age = now - found.created_at
            self.took = found.took

    def __repr__(self) -> str:
        """Tell all but the value, which may be a secret."""
        names: tuple[str, ...] = ("key", "state", "is_negative", "age", "fresh_for", "source")
        fields: Any = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"Lookup({fields})"

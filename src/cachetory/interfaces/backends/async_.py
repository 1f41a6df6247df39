"""What an asynchronous backend is: a store of wire values by key, each with a time to live.

Derive from `AsyncBackend` and run the contract suite of `cachetory.testing` over it. `from_url`,
`get`, `set` and `delete` are enough; the rest has defaults which work or say what is missing,
though a store that can do better should.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Generic, Protocol

from cachetory._core.overrides import remember_operations
from cachetory._runtime.async_ import OneColour
from cachetory.durations import to_seconds
from cachetory.errors import CachetoryError, UnsupportedOperationError
from cachetory.interfaces.backends.private import WireT, WireT_co, WireT_contra

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from types import TracebackType

    from typing_extensions import Self

    from cachetory._core.store import Store
    from cachetory.durations import Duration
    from cachetory.interfaces.leases.async_ import AsyncLeases


class AsyncBackendRead(Protocol[WireT_co]):
    """The reading half of a backend."""

    async def get(self, key: str) -> WireT_co:
        """Get the value of a key.

        Raises:
            KeyError: if there is none, or its time is over.
        """
        raise _unsupported(self, "get the value of a key")

    async def get_many(self, *keys: str) -> AsyncIterator[tuple[str, WireT_co]]:
        """Get the values of those keys that have one, as pairs; no keys give no pairs.

        By default, one after another.
        """
        for key in keys:
            try:
                value = await self.get(key)
            except KeyError:
                continue
            yield key, value


class AsyncBackendWrite(Protocol[WireT_contra]):
    """The writing half of a backend."""

    async def set(
        self,
        key: str,
        value: WireT_contra,
        *,
        time_to_live: Duration | None = None,
        if_not_exists: bool = False,
    ) -> bool:
        """Set the value of a key and tell whether it was changed.

        Args:
            key: the key.
            value: what the serializer made of the value.
            time_to_live: a `timedelta` or seconds; `None` is for ever. Zero or less stores
                nothing and removes what is there (which, with `if_not_exists`, stays).
            if_not_exists: leave a value that is there as it is.
        """
        raise _unsupported(self, "set the value of a key")

    async def set_many(
        self, items: Iterable[tuple[str, WireT_contra]], *, time_to_live: Duration | None = None
    ) -> None:
        """Set many values, all with the same time to live. By default, one after another."""
        for key, value in items:
            await self.set(key, value, time_to_live=time_to_live)

    async def expire_in(self, key: str, time_to_live: Duration | None = None) -> None:
        """Let a key live for so long from now: `None` for ever, zero or less not at all."""
        if time_to_live is None:
            await self.expire_at(key, None)
        else:
            left = timedelta(seconds=to_seconds(time_to_live))
            await self.expire_at(key, datetime.now(timezone.utc) + left)

    async def expire_at(self, key: str, deadline: datetime | None) -> None:
        """Let a key live until the deadline, a timezone-aware datetime; `None` is for ever."""
        raise _unsupported(self, "change the time to live of a key")

    async def delete(self, key: str) -> bool:
        """Delete a key and tell whether it was there."""
        raise _unsupported(self, "delete a key")

    async def delete_many(self, *keys: str) -> None:
        """Delete many keys. By default, one after another."""
        for key in keys:
            await self.delete(key)

    async def clear(self) -> None:
        """Delete every key of the store, whoever wrote it."""
        raise _unsupported(self, "delete all keys")


class AsyncBackend(
    OneColour, AsyncBackendRead[WireT], AsyncBackendWrite[WireT], ABC, Generic[WireT]
):
    """A store of wire values; the base of every asynchronous backend.

    What a store cannot do raises an `UnsupportedOperationError` that says so.
    """

    shared: bool = True
    """Whether others may keep their own entries in the same store."""

    exact_types: tuple[type, ...] | None = None
    """Types of values that come back as they were stored, without a serializer; `None` is all."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Remember the operations of a new class, so that one that is patched later is noticed."""
        super().__init_subclass__(**kwargs)
        remember_operations(cls)

    @property
    def local_store(self) -> Store[WireT] | None:
        """The entries themselves, if they are held in this process: a hit needs no I/O then.

        A cache uses it only while `get`, `get_many`, `set`, `set_many`, `expire_in` and
        `expire_at` are those of the class that declares it.
        """
        return None

    @property
    def leases(self) -> AsyncLeases[WireT] | None:
        """The claims to its keys, if the store can keep such: loads are fenced by them.

        A cache uses it only while `get`, `get_many`, `set` and `set_many` are those of the class
        that declares it.
        """
        return None

    def is_outage(self, error: Exception) -> bool:
        """Tell whether an error means that the store cannot be reached, or does not answer.

        A few of those in a row, and a cache asks the store no more for a while. By default, all
        do but those that are raised for what was asked.
        """
        return not isinstance(error, (CachetoryError, TypeError, ValueError, LookupError))

    @classmethod
    @abstractmethod
    def from_url(cls, url: str) -> Self:
        """Make a backend from a URL of its scheme.

        Raises:
            ConfigurationError: if the URL has a part that means nothing to this backend.
        """

    async def clear_prefix(self, prefix: str) -> None:
        """Delete the keys that begin with the prefix, and no other."""
        what = "delete keys by their prefix"
        raise _unsupported(self, what, "override `clear_prefix`, or call `cache.backend.clear()`")

    async def contains(self, key: str) -> bool:
        """Tell whether a key has a value."""
        try:
            await self.get(key)
        except KeyError:
            return False
        return True

    async def aclose(self) -> None:
        """Let go of what the backend itself has opened. It may be used again afterwards."""

    async def __aenter__(self) -> Self:
        """Give the backend itself."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the backend."""
        await self.aclose()


def _unsupported(backend: object, what: str, way_out: str = "") -> UnsupportedOperationError:
    msg = f"{type(backend).__name__} cannot {what}: it has no such operation"
    return UnsupportedOperationError(f"{msg}; {way_out}" if way_out else msg)

"""A backend over a bounded store in this process."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, Literal

from cachetory._core.overrides import clearing
from cachetory._core.sentinels import MISSING, Absent
from cachetory._core.urls import Parameters, choice, integer, optional, parse, redact
from cachetory._runtime.clocks import wall_time
from cachetory.backends.async_.memory_leases import MemoryLeases
from cachetory.backends.memory_stores import (
    DEFAULT_MAX_ENTRIES,
    named_store,
    new_store,
    restore,
    save,
)
from cachetory.durations import to_seconds, to_timestamp
from cachetory.errors import ConfigurationError
from cachetory.interfaces.backends.async_ import AsyncBackend
from cachetory.interfaces.backends.private import WireT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable
    from datetime import datetime

    from typing_extensions import Self

    from cachetory._core.store import Store
    from cachetory._runtime.clocks import ClockName
    from cachetory.durations import Duration

_PARAMETERS = Parameters(
    {
        "max-entries": optional(integer),
        "max-weight": optional(integer),
        "policy": choice("s3-fifo", "lru"),
        "clock": choice("monotonic", "wall"),
    }
)
_FOR_EVER = float("inf")


class MemoryBackend(AsyncBackend[WireT]):
    """Keeps entries in this process; one backend serves threads and event loops alike.

    Entries are evicted when the store is full, and removed some time after they have expired, a
    few at each write. Hits take no lock under the `"s3-fifo"` policy.

    A backend can be deep-copied and pickled with its entries, and the copy is independent. A
    backend with a name is copied as a name: the copy uses the store of that name in its process.

    Args:
        max_entries: how many entries it holds at most; `None` for as many as there are.
        max_weight: how much they may weigh together; `None` for no limit.
        weigher: gives the weight of a key and its wire value, a whole number, zero or more. By
            default, with `max_weight`, that is their size in bytes.
        policy: what is evicted. `"s3-fifo"` resists scans and finds more than LRU on almost every
            workload (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023);
            `"lru"` evicts the least recently used entry, at the price of a lock for each hit.
        clock: the clock by which entries expire: `"monotonic"`, `"wall"`, or a function that
            returns seconds. By default it is the monotonic clock; but the wall clock, if
            freezegun or time-machine is loaded when the backend first needs the time. Ask for
            `"wall"` if a test loads them later.
        wall_clock: returns epoch seconds, from which `expire_at` computes the time that is left.

    Raises:
        ConfigurationError: for bounds that cannot work.
    """

    shared = False

    def __init__(
        self,
        *,
        max_entries: int | None = DEFAULT_MAX_ENTRIES,
        max_weight: int | None = None,
        weigher: Callable[[str, WireT], int] | None = None,
        policy: Literal["s3-fifo", "lru"] = "s3-fifo",
        clock: Callable[[], float] | ClockName | None = None,
        wall_clock: Callable[[], float] = wall_time,
    ) -> None:
        self._options: dict[str, Any] = {
            "max_entries": max_entries,
            "max_weight": max_weight,
            "weigher": weigher,
            "policy": policy,
            "clock": clock,
        }
        self._name = ""
        self._store: Store[WireT] = new_store(**self._options)
        self._wall_clock = wall_clock

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make a backend from `memory://`, or one that shares the store of a name: `memory://name`.

        Parameters: `max-entries` and `max-weight` (whole numbers or `none`), `policy` (`s3-fifo`
        or `lru`), `clock` (`monotonic` or `wall`). A named store has the bounds that were asked
        for first; asking for other ones later is an error, asking for none is not.
        """
        parsed = parse(url)
        if parsed.path not in ("", "/"):
            msg = f"`{redact(url)}` has a path, but a memory store has only a name: `memory://name`"
            raise ConfigurationError(msg)
        options = _PARAMETERS.read(parsed)
        backend = cls(**options)
        if parsed.authority:
            backend._name, backend._options = parsed.authority, options
            backend._store = named_store(parsed.authority, **options)
            backend.shared = True
        return backend

    def __copy__(self) -> Self:
        """Return a backend over the same store."""
        copied = object.__new__(type(self))
        vars(copied).update(vars(self))
        return copied

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return a backend with a store of its own and copies of the entries.

        The clocks and the weigher are the same. A store with a name is not copied.
        """
        copied = object.__new__(type(self))
        memo[id(self)] = copied
        for part in (self._options.get("clock"), self._options.get("weigher"), self._wall_clock):
            memo[id(part)] = part
        copied.__setstate__(deepcopy(self.__getstate__(), memo))
        return copied

    def __getstate__(self) -> dict[str, Any]:
        """Return what to pickle: the options and the entries, or the name of a shared store."""
        return {**vars(self), "_store": None if self._name else save(self._store)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the store from the pickled state, without claims and locks."""
        vars(self).update(state)
        if self._name:
            self._store = named_store(self._name, **self._options)
        else:
            self._store = new_store(**self._options)
            restore(self._store, state["_store"])

    @property
    def local_store(self) -> Store[WireT]:
        """The entries themselves."""
        return self._store

    @property
    def leases(self) -> MemoryLeases[WireT]:
        """The claims to the keys of the store."""
        return MemoryLeases(self._store)

    @property
    def size(self) -> int:
        """The number of entries, expired ones that are not yet removed included."""
        return len(self._store)

    async def get(self, key: str) -> WireT:
        """Get the value of a key.

        Raises:
            KeyError: if there is none, or its time is over.
        """
        value = self._store.get(key, MISSING)
        if isinstance(value, Absent):
            raise KeyError(key)
        return value

    async def get_many(self, *keys: str) -> AsyncIterator[tuple[str, WireT]]:
        """Get the values of those keys that have one, all from the same instant."""
        for pair in self._store.get_many(keys):
            yield pair

    async def set(
        self,
        key: str,
        value: WireT,
        *,
        time_to_live: Duration | None = None,
        if_not_exists: bool = False,
    ) -> bool:
        """Set the value of a key and tell whether it was changed."""
        seconds = _FOR_EVER if time_to_live is None else to_seconds(time_to_live)
        if seconds:
            deadline = self._store.clock() + seconds
            return self._store.set(key, value, deadline, if_not_exists=if_not_exists)
        return not if_not_exists and self._store.delete(key)

    async def set_many(
        self, items: Iterable[tuple[str, WireT]], *, time_to_live: Duration | None = None
    ) -> None:
        """Set many values at once, all with the same time to live."""
        seconds = _FOR_EVER if time_to_live is None else to_seconds(time_to_live)
        if seconds:
            self._store.set_many(items, self._store.clock() + seconds)
        else:
            self._store.delete_many(key for key, _ in items)

    async def expire_in(self, key: str, time_to_live: Duration | None = None) -> None:
        """Let a key live for so long from now: `None` for ever, zero or less not at all."""
        seconds = _FOR_EVER if time_to_live is None else to_seconds(time_to_live)
        self._store.expire_at(key, self._store.clock() + seconds)

    async def expire_at(self, key: str, deadline: datetime | None) -> None:
        """Let a key live until the deadline, a timezone-aware datetime; `None` is for ever."""
        left = _FOR_EVER if deadline is None else to_timestamp(deadline) - self._wall_clock()
        self._store.expire_at(key, self._store.clock() + left)

    async def delete(self, key: str) -> bool:
        """Delete a key and tell whether it was there."""
        return self._store.delete(key)

    async def delete_many(self, *keys: str) -> None:
        """Delete many keys at once."""
        self._store.delete_many(keys)

    async def clear(self) -> None:
        """Delete every key of the store.

        If a cache with a prefix calls this through an overridden `clear`, only its own keys.
        """
        if prefix := clearing.get():
            await self.clear_prefix(prefix)
            return
        self._store.clear()

    async def clear_prefix(self, prefix: str) -> None:
        """Delete the keys that begin with the prefix, and no other."""
        self._store.clear(prefix)

"""The entries of one cache as they are in its store: found, claimed and stored by their keys."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic

from cachetory._core.overrides import LEASES_REPLACE, shortcut_of
from cachetory.interfaces.leases.async_ import AsyncWatch
from cachetory.interfaces.serializers import ValueT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cachetory._core.freshness import Found, Stamp
    from cachetory._core.sentinels import Absent
    from cachetory._shell.reporter import Reporter
    from cachetory.interfaces.backends.async_ import AsyncBackend
    from cachetory.interfaces.leases.async_ import AsyncLeases


CLAIM_FOR = 5.0
"""Seconds for which a key is claimed while its times or its value are changed."""


class Claimed(Generic[ValueT]):
    """A key at the moment when its load began.

    Attributes:
        found: Its entry.
        holder: The token of the claim that stands; `None` if the store keeps none, or could not.
        former: What was stored then, as the store has it.
    """

    __slots__ = ("former", "found", "holder")

    def __init__(
        self, found: Found[ValueT] | Absent, holder: str | None = None, former: Any = None
    ) -> None:
        self.found = found
        self.holder = holder
        self.former = former


class Loaded(Generic[ValueT]):
    """A loaded value that is to be stored.

    Attributes:
        value: The value.
        stamp: What is to be noted of it.
        claimed: The key at the moment when its load began.
        if_not_exists: Whether to leave a value alone that someone has stored since.
        is_encodable: Whether the serializer, or the store, takes the value; see `Shelf.commit`.
    """

    __slots__ = ("claimed", "if_not_exists", "is_encodable", "stamp", "value")

    def __init__(
        self, value: ValueT, stamp: Stamp, claimed: Claimed[ValueT], *, if_not_exists: bool
    ) -> None:
        self.value = value
        self.stamp = stamp
        self.claimed = claimed
        self.if_not_exists = if_not_exists
        self.is_encodable = True


class EntryStore(ABC, Generic[ValueT]):
    """What the load path needs of the entries of a cache. This one knows no leases.

    Args:
        reporter: is told of what fails.
        notes_all: whether the times of every value are to be noted.
    """

    def __init__(self, reporter: Reporter, *, notes_all: bool) -> None:
        self.notes_all = notes_all
        self._reporter = reporter

    def look_for_leases(self) -> AsyncLeases[Any] | None:
        """Return the leases of the store, if it has any and they may be used."""
        return None

    @abstractmethod
    async def read(self, key: str) -> Found[ValueT] | Absent:
        """Find the entry of a key, fresh or stale."""

    @abstractmethod
    async def read_many(self, keys: Sequence[str]) -> dict[str, Found[ValueT] | Absent]:
        """Find the entries of keys; each of them is in the answer."""

    @abstractmethod
    async def claim(
        self, keys: Sequence[str], token: str, seconds: float, *, takes_over: bool = False
    ) -> dict[str, Claimed[ValueT]]:
        """Claim keys in order to load them, and find their entries."""

    @abstractmethod
    async def commit(self, loaded: dict[str, Loaded[ValueT]]) -> dict[str, bool]:
        """Store loaded values; tell whether each was stored, but for those that failed.

        Those that cannot be encoded are reported, and marked so.
        """

    async def renew(self, keys: Sequence[str], token: str, seconds: float) -> list[str]:
        """Renew claims for some seconds, and return the keys of the claims that had ended."""
        return []

    async def release(
        self, keys: Sequence[str], token: str, successor: str = "", seconds: float = 0.0
    ) -> None:
        """End claims, or put a successor's in their place; it does no harm if that fails."""

    async def mark(self, keys: Sequence[str], token: str, seconds: float) -> None:
        """Leave a token for keys that nobody has claimed; it does no harm if that fails."""

    def watch(self, keys: Iterable[str]) -> AsyncWatch:
        """Watch for claims to end."""
        return AsyncWatch()


class Shelf(EntryStore[ValueT]):
    """Where a cache finds and stores its entries. Keys are without the cache's prefix.

    Args:
        backend: the store.
        prefix: what stands before every key in it.
        reporter: is told of what fails.
        notes_all: whether the times of every value are to be noted.
    """

    def __init__(
        self, backend: AsyncBackend[Any], prefix: str, reporter: Reporter, *, notes_all: bool
    ) -> None:
        super().__init__(reporter, notes_all=notes_all)
        self._prefix = prefix
        self._backend = backend
        self._leases: AsyncLeases[Any] | None = None
        self.look_for_leases()

    @abstractmethod
    async def get(self, key: str) -> ValueT | Absent:
        """Find the value of a key, if it is fresh."""

    @abstractmethod
    async def get_many(self, keys: Sequence[str]) -> dict[str, ValueT]:
        """Find the values of those keys that have a fresh one."""

    @abstractmethod
    async def contains(self, key: str) -> bool:
        """Tell whether there is an entry, fresh or stale."""

    @abstractmethod
    async def encode(self, key: str, value: ValueT, stamp: Stamp) -> Any:
        """Turn a value into what is stored of it."""

    @abstractmethod
    async def encode_all(self, values: dict[str, ValueT], stamp: Stamp) -> dict[str, Any]:
        """Turn values into what is stored of them."""

    @abstractmethod
    async def put(self, key: str, entry: Any, stamp: Stamp, *, if_not_exists: bool) -> bool:
        """Store what was encoded, and tell whether that changed anything; let errors through."""

    @abstractmethod
    async def put_over_stale(self, key: str, entry: Any, stored_for: float | None) -> bool:
        """Store an entry in the place of one that is stale or negative, and tell whether it was."""

    @abstractmethod
    async def put_many(self, entries: dict[str, Any], stamp: Stamp) -> None:
        """Store all that was encoded; let errors through."""

    @abstractmethod
    async def restamp(self, key: str, seconds: float | None, kept_for: float) -> bool:
        """Let an entry whose times are noted be fresh for so long from now, if it still is.

        It is kept for so long after that. Tells whether that is all there is to do.
        """

    @abstractmethod
    async def update(self, key: str, change: Callable[[ValueT], ValueT]) -> ValueT | Absent:
        """Change a fresh value in its place, atomically, and give it; let errors through.

        Raises:
            UnsupportedOperationError: if there is a value, and the store keeps no claims.
        """

    def look_for_leases(self) -> AsyncLeases[Any] | None:
        """Return the leases of the store as long as no operation that they replace is overridden.

        Somebody may patch an operation at any time, so this is looked up before each claim.
        """
        self._leases = shortcut_of(self._backend, "leases", LEASES_REPLACE)
        return self._leases

    def note_answer(self, key: str) -> None:
        """Take note that the store has done what was asked for a key."""

    async def renew(self, keys: Sequence[str], token: str, seconds: float) -> list[str]:
        """Renew claims for some seconds, and return the keys of the claims that had ended."""
        if self._leases is None:
            return []
        stand = await self._leases.renew(self._full(keys), token, seconds)
        return [key for key, stands in zip(keys, stand, strict=True) if not stands]

    async def release(
        self, keys: Sequence[str], token: str, successor: str = "", seconds: float = 0.0
    ) -> None:
        """End claims, or put a successor's in their place; it does no harm if that fails."""
        if self._leases is None or not keys:
            return
        try:
            await self._leases.release(self._full(keys), token, successor, seconds)
        except Exception as error:
            self._reporter.backend_failed("release", keys[0], error)

    async def mark(self, keys: Sequence[str], token: str, seconds: float) -> None:
        """Leave a token for keys that nobody has claimed; it does no harm if that fails."""
        if self._leases is None:
            return
        try:
            await self._leases.claim(self._full(keys), token, seconds)
        except Exception as error:
            self._reporter.backend_failed("claim", keys[0], error)

    def watch(self, keys: Iterable[str]) -> AsyncWatch:
        """Watch for claims to end."""
        return AsyncWatch() if self._leases is None else self._leases.watch(self._full(keys))

    def _full(self, keys: Iterable[str]) -> list[str]:
        return [self._prefix + key for key in keys]

# Generated from src/cachetory/_shell/async_/object_shelf.py by tools/unasync.py. Do not edit: edit that file instead.
"""The entries of a cache that are kept in this process, as the very objects that they are."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from cachetory._core.freshness import Found, Stamp
from cachetory._core.sentinels import MISSING, Absent
from cachetory._shell.sync.shelf import CLAIM_FOR, Claimed, Loaded, Shelf
from cachetory._shell.tokens import FENCE, make_token
from cachetory.durations import SHORTEST
from cachetory.interfaces.serializers import ValueT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cachetory._core.store import Store
    from cachetory._shell.reporter import Reporter
    from cachetory.interfaces.backends.sync import SyncBackend
    from cachetory.interfaces.leases.sync import SyncLeases


class ObjectShelf(Shelf[ValueT]):
    """Entries in a store of this process, which remembers their times beside them.

    To the store an entry is over when it is stale, so that hits need to know nothing of all this.

    Args:
        backend: the backend over the store.
        store: the store.
        prefix: what stands before every key in it.
        reporter: is told of what fails.
        notes_all: whether the times of every value are to be noted.
        wall_clock: tells epoch seconds.
    """

    def __init__(
        self,
        backend: SyncBackend[Any],
        store: Store[ValueT],
        prefix: str,
        reporter: Reporter,
        *,
        notes_all: bool,
        wall_clock: Callable[[], float],
    ) -> None:
        super().__init__(backend, prefix, reporter, notes_all=notes_all)
        self._store = store
        self._wall_clock = wall_clock

    def look_for_leases(self) -> SyncLeases[Any] | None:
        """Return the leases that were there at first: values are read from the store itself."""
        if self._leases is None:
            return super().look_for_leases()
        return self._leases

    def get(self, key: str) -> ValueT | Absent:
        """Find the value of a key, if it is fresh."""
        return self._store.get(self._prefix + key, MISSING)

    def get_many(self, keys: Sequence[str]) -> dict[str, ValueT]:
        """Find the values of those keys that have a fresh one."""
        start = len(self._prefix)
        return {key[start:]: value for key, value in self._store.get_many(self._full(keys))}

    def read(self, key: str) -> Found[ValueT] | Absent:
        """Find the entry of a key, fresh or stale."""
        return self._find(self._prefix + key)

    def read_many(self, keys: Sequence[str]) -> dict[str, Found[ValueT] | Absent]:
        """Find the entries of keys; each of them is in the answer."""
        start = len(self._prefix)
        full_keys = self._full(keys)
        fresh = dict(self._store.get_many(full_keys))
        found: dict[str, Found[ValueT] | Absent] = {}
        for full_key in full_keys:
            is_plain = full_key in fresh and self._note_of(full_key) is None
            found[full_key[start:]] = Found(fresh[full_key]) if is_plain else self._find(full_key)
        return found

    def contains(self, key: str) -> bool:
        """Tell whether there is a value that is fresh."""
        return self._store.contains(self._prefix + key)

    def encode(self, key: str, value: ValueT, stamp: Stamp) -> Any:
        """Leave a value as it is."""
        return value

    def encode_all(self, values: dict[str, ValueT], stamp: Stamp) -> dict[str, Any]:
        """Leave values as they are."""
        return values

    def put(self, key: str, entry: Any, stamp: Stamp, *, if_not_exists: bool) -> bool:
        """Store a value, and tell whether that changed anything."""
        with self._reporter.failures("set", key):
            return self._put(self._prefix + key, entry, stamp, if_not_exists=if_not_exists)

    def put_over_stale(self, key: str, entry: Any, stored_for: float | None) -> bool:
        """Do nothing: to the store, what is stale or negative is none, so that it was replaced."""
        return False

    def put_many(self, entries: dict[str, Any], stamp: Stamp) -> None:
        """Store values."""
        with self._reporter.failures("set_many", next(iter(entries))):
            if stamp.is_noted:
                for key, value in entries.items():
                    self._put(self._prefix + key, value, stamp)
            elif stamp.stored_for == 0:
                self._store.delete_many(self._full(entries))
            else:
                deadline = self._store.clock() + _for_so_long(stamp.stored_for)
                items = zip(self._full(entries), entries.values(), strict=True)
                self._store.set_many(items, deadline)

    def restamp(self, key: str, seconds: float | None, kept_for: float) -> bool:
        """Let an entry whose times are noted be fresh for so long from now, if it still is."""
        full_key = self._prefix + key
        if self._note_of(full_key) is None:
            return False
        deadline = self._store.clock() + _for_so_long(seconds)
        return self._store.expire_at(full_key, deadline, kept_for=kept_for)

    def update(self, key: str, change: Callable[[ValueT], ValueT]) -> ValueT | Absent:
        """Change a fresh value in its place, atomically, and give it."""
        full_key = self._prefix + key
        while True:  # until nobody else has written meanwhile
            token = make_token(FENCE)  # others may have taken the last one for theirs
            until = self._store.clock() + CLAIM_FOR
            holder = self._store.claim(full_key, token, until)
            found = self._store.get(full_key, MISSING)
            try:
                if isinstance(found, Absent):
                    return MISSING
                value = change(found)
                if self._store.exchange(full_key, value, holder):
                    return value
            finally:
                self._store.release(full_key, token)

    def claim(
        self, keys: Sequence[str], token: str, seconds: float, *, takes_over: bool = False
    ) -> dict[str, Claimed[ValueT]]:
        """Claim keys in order to load them, and find their entries."""
        claims: dict[str, Claimed[ValueT]] = {}
        until = self._store.clock() + seconds
        for key in keys:
            full_key = self._prefix + key
            holder = self._store.claim(full_key, token, until, takes_over=takes_over)
            claims[key] = Claimed(self._find(full_key), holder)
        return claims

    def commit(self, loaded: dict[str, Loaded[ValueT]]) -> dict[str, bool]:
        """Store loaded values; tell whether each was stored, but for those that failed."""
        stored: dict[str, bool] = {}
        for key, it in loaded.items():
            try:
                stored[key] = self._put(
                    self._prefix + key,
                    it.value,
                    it.stamp,
                    if_not_exists=it.if_not_exists,
                    token=it.claimed.holder,
                )
            except Exception as error:  # of a weigher
                self._reporter.unencodable(key, error)
                it.is_encodable = False
                stored[key] = False
        return stored

    def _put(
        self,
        full_key: str,
        value: Any,
        stamp: Stamp,
        *,
        if_not_exists: bool = False,
        token: str | None = None,
    ) -> bool:
        if stamp.stored_for == 0 and token is None:
            return not if_not_exists and self._store.delete(full_key)
        now = self._store.clock()
        if not stamp.is_noted:
            deadline = now + _for_so_long(stamp.stored_for)
            return self._store.set(
                full_key, value, deadline, if_not_exists=if_not_exists, token=token
            )
        kept_until = now + _for_so_long(stamp.stored_for)
        # To the store, what says that there is none is stale from the start.
        deadline = -inf if stamp.is_negative else now + _for_so_long(stamp.fresh_for)
        return self._store.set(
            full_key,
            value,
            max(deadline, now - 1),
            if_not_exists=if_not_exists,
            kept_until=kept_until,
            note=stamp,
            token=token,
        )

    def _find(self, full_key: str) -> Found[ValueT] | Absent:
        if self._note_of(full_key) is None:
            value = self._store.get(full_key, MISSING)
            return value if isinstance(value, Absent) else Found(value)
        self._store.get(full_key, None)  # which counts the access
        peeked = self._store.peek(full_key)
        if peeked is None:
            return MISSING
        value, deadline, kept_until, note = peeked
        if not isinstance(note, Stamp):
            return Found(value)
        over_at = kept_until if note.is_negative else deadline
        return Found(
            value,
            left=over_at - self._store.clock(),
            created_at=note.created_at,
            took=note.took,
            is_negative=note.is_negative,
            is_refused=note.is_refused,
        )

    def _note_of(self, full_key: str) -> object:
        entry = self._store.entries.get(full_key)
        return None if entry is None else entry.note


def _for_so_long(seconds: float | None) -> float:
    return inf if seconds is None else max(seconds, SHORTEST) if seconds > 0 else seconds

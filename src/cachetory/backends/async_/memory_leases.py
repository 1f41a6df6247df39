"""The claims to the keys of a store in this process; all its threads and event loops see them."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from cachetory._core.sentinels import MISSING, Absent
from cachetory.interfaces.backends.private import WireT
from cachetory.interfaces.leases.async_ import AsyncLeases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cachetory._core.store import Store
    from cachetory.interfaces.leases.async_ import Commit


class MemoryLeases(AsyncLeases[WireT]):
    """Claims that the store itself keeps, and ends with every write."""

    def __init__(self, store: Store[WireT]) -> None:
        self._store = store

    async def claim(
        self, keys: Sequence[str], token: str, seconds: float, *, takes_over: bool = False
    ) -> list[tuple[str | None, WireT | None]]:
        """Claim those keys that nobody has claimed, and look them up."""
        until = self._store.clock() + seconds
        holders = [self._store.claim(key, token, until, takes_over=takes_over) for key in keys]
        found = [self._store.get(key, MISSING) for key in keys]
        return [
            (holder, None if isinstance(wire, Absent) else wire)
            for holder, wire in zip(holders, found, strict=True)
        ]

    async def renew(self, keys: Sequence[str], token: str, seconds: float) -> list[bool]:
        """Let the claims of the token stand for so long from now, and tell which still stood."""
        until = self._store.clock() + seconds
        return [self._store.renew(key, token, until) for key in keys]

    async def commit(self, commits: Sequence[Commit]) -> list[bool]:
        """Store each value whose claim still stands, and end that; tell which were stored."""
        return [self._commit(it) for it in commits]

    async def release(
        self, keys: Sequence[str], token: str, successor: str = "", seconds: float = 0.0
    ) -> None:
        """End the claims of the token, or put a successor's in their place for so long."""
        until = self._store.clock() + seconds
        for key in keys:
            self._store.release(key, token, successor, until)

    def _commit(self, it: Commit) -> bool:
        if it.keeps_time:
            return self._store.exchange(it.key, it.wire, it.token)
        lives_for = inf if it.time_to_live is None else it.time_to_live
        return self._store.set(it.key, it.wire, self._store.clock() + lives_for, token=it.token)

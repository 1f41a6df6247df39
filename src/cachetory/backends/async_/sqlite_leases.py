"""The claims to the keys of a SQLite file: rows of a table, which all processes see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cachetory.backends.names import milliseconds_of, name_of, names_of
from cachetory.backends.sqlite_file import KEPT
from cachetory.interfaces.leases.async_ import AsyncLeases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cachetory._runtime.async_ import Hands
    from cachetory.backends.sqlite_file import SqliteFile
    from cachetory.interfaces.leases.async_ import Commit


class SqliteLeases(AsyncLeases[bytes]):
    """Claims that the file itself keeps, and ends with every write.

    Args:
        file: the file.
        hands: do what has to be done to it.
    """

    def __init__(self, file: SqliteFile, hands: Hands) -> None:
        self._file = file
        self._hands = hands

    async def claim(
        self, keys: Sequence[str], token: str, seconds: float, *, takes_over: bool = False
    ) -> list[tuple[str | None, bytes | None]]:
        """Claim those keys that nobody has claimed, and look them up, in one transaction."""
        found: list[Any] = await self._hands.do(
            self._file.claim, names_of(keys), token, milliseconds_of(seconds), takes_over
        )
        return found

    async def renew(self, keys: Sequence[str], token: str, seconds: float) -> list[bool]:
        """Let the claims of the token stand for so long from now, and tell which still stood."""
        return await self._hands.do(
            self._file.renew, names_of(keys), token, milliseconds_of(seconds)
        )

    async def commit(self, commits: Sequence[Commit]) -> list[bool]:
        """Store each value whose claim still stands, and end that; tell which were stored."""
        orders: list[tuple[bytes, str, Any, int | None]] = []
        for it in commits:
            milliseconds = None
            if it.keeps_time:
                milliseconds = KEPT
            elif it.time_to_live is not None:
                milliseconds = milliseconds_of(it.time_to_live) if it.time_to_live > 0 else 0
            orders.append((name_of(it.key), it.token, it.wire, milliseconds))
        return await self._hands.do(self._file.commit, orders)

    async def release(
        self, keys: Sequence[str], token: str, successor: str = "", seconds: float = 0.0
    ) -> None:
        """End the claims of the token, or put a successor's in their place for so long."""
        await self._hands.do(
            self._file.release, names_of(keys), token, successor, milliseconds_of(seconds)
        )

"""A backend that stores nothing, for tests and for switching a cache off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cachetory._core.urls import Parameters, parse
from cachetory.durations import to_seconds, to_timestamp
from cachetory.interfaces.backends.async_ import AsyncBackend
from cachetory.interfaces.backends.private import WireT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from datetime import datetime

    from typing_extensions import Self

    from cachetory.durations import Duration

_PARAMETERS = Parameters({})


class DummyBackend(AsyncBackend[WireT]):
    """Takes everything and keeps nothing: every lookup is a miss.

    It checks durations and deadlines as every backend does.
    """

    shared = False

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make a backend from `dummy://`, which has no parameters."""
        _PARAMETERS.read(parse(url))
        return cls()

    async def get(self, key: str) -> WireT:
        """Get nothing.

        Raises:
            KeyError: always.
        """
        raise KeyError(key)

    async def get_many(self, *keys: str) -> AsyncIterator[tuple[str, WireT]]:
        """Get nothing."""
        no_pairs: tuple[tuple[str, WireT], ...] = ()
        for pair in no_pairs:
            yield pair

    async def set(
        self,
        key: str,
        value: WireT,
        *,
        time_to_live: Duration | None = None,
        if_not_exists: bool = False,
    ) -> bool:
        """Store nothing; `True`, as for any value that was not there before."""
        return time_to_live is None or to_seconds(time_to_live) > 0

    async def set_many(
        self, items: Iterable[tuple[str, WireT]], *, time_to_live: Duration | None = None
    ) -> None:
        """Store nothing."""
        if time_to_live is not None:
            to_seconds(time_to_live)

    async def expire_in(self, key: str, time_to_live: Duration | None = None) -> None:
        """Do nothing."""
        if time_to_live is not None:
            to_seconds(time_to_live)

    async def expire_at(self, key: str, deadline: datetime | None) -> None:
        """Do nothing."""
        if deadline is not None:
            to_timestamp(deadline)

    async def delete(self, key: str) -> bool:
        """Delete nothing: no key is ever there."""
        return False

    async def delete_many(self, *keys: str) -> None:
        """Delete nothing."""

    async def clear(self) -> None:
        """Delete nothing."""

    async def clear_prefix(self, prefix: str) -> None:
        """Delete nothing."""

# Generated from src/cachetory/backends/async_/dummy.py by tools/unasync.py. Do not edit: edit that file instead.
"""A backend that stores nothing, for tests and for switching a cache off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cachetory._core.urls import Parameters, parse
from cachetory.durations import to_seconds, to_timestamp
from cachetory.interfaces.backends.private import WireT
from cachetory.interfaces.backends.sync import SyncBackend

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from typing_extensions import Self

    from cachetory.durations import Duration

_PARAMETERS = Parameters({})


class DummyBackend(SyncBackend[WireT]):
    """Takes everything and keeps nothing: every lookup is a miss.

    It checks durations and deadlines as every backend does.
    """

    shared = False

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make a backend from `dummy://`, which has no parameters."""
        _PARAMETERS.read(parse(url))
        return cls()

    def get(self, key: str) -> WireT:
        """Get nothing.

        Raises:
            KeyError: always.
        """
        raise KeyError(key)

    def get_many(self, *keys: str) -> Iterator[tuple[str, WireT]]:
        """Get nothing."""
        no_pairs: tuple[tuple[str, WireT], ...] = ()
        for pair in no_pairs:
            yield pair

    def set(
        self,
        key: str,
        value: WireT,
        *,
        time_to_live: Duration | None = None,
        if_not_exists: bool = False,
    ) -> bool:
        """Store nothing; `True`, as for any value that was not there before."""
        return time_to_live is None or to_seconds(time_to_live) > 0

    def set_many(
        self, items: Iterable[tuple[str, WireT]], *, time_to_live: Duration | None = None
    ) -> None:
        """Store nothing."""
        if time_to_live is not None:
            to_seconds(time_to_live)

    def expire_in(self, key: str, time_to_live: Duration | None = None) -> None:
        """Do nothing."""
        if time_to_live is not None:
            to_seconds(time_to_live)

    def expire_at(self, key: str, deadline: datetime | None) -> None:
        """Do nothing."""
        if deadline is not None:
            to_timestamp(deadline)

    def delete(self, key: str) -> bool:
        """Delete nothing: no key is ever there."""
        return False

    def delete_many(self, *keys: str) -> None:
        """Delete nothing."""

    def clear(self) -> None:
        """Delete nothing."""

    def clear_prefix(self, prefix: str) -> None:
        """Delete nothing."""

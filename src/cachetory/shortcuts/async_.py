"""Asynchronous caches made by one call: over the memory of this process, or over nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cachetory.backends.async_.dummy import DummyBackend
from cachetory.backends.async_.memory import MemoryBackend
from cachetory.backends.memory_stores import DEFAULT_MAX_ENTRIES
from cachetory.caches.async_ import Cache, ValueT
from cachetory.serializers.noop import NoopSerializer

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory._runtime.clocks import ClockName

__all__ = ["dummy_cache", "memory_cache"]


def memory_cache(
    *,
    max_entries: int | None = DEFAULT_MAX_ENTRIES,
    clock: Callable[[], float] | ClockName | None = None,
) -> Cache[ValueT, ValueT]:
    """Make a cache that keeps values in this process, just as they are.

    It has a store of its own, and hands out the very objects that were stored: changing one
    changes the cached value.

    Args:
        max_entries: how many values it holds at most, before the least useful ones are evicted;
            `None` for as many as there are.
        clock: the clock by which values expire, as in `MemoryBackend`: `"wall"` for tests that
            load freezegun or time-machine after the cache was used.

    Raises:
        ConfigurationError: for a limit that cannot work.
    """
    return Cache(
        serializer=NoopSerializer(), backend=MemoryBackend(max_entries=max_entries, clock=clock)
    )


def dummy_cache() -> Cache[ValueT, ValueT]:
    """Make a cache that keeps nothing, for tests and for switching caching off."""
    return Cache(serializer=NoopSerializer(), backend=DummyBackend())

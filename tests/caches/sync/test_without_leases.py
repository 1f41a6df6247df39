# Generated from tests/caches/async_/test_without_leases.py by tools/unasync.py. Do not edit: edit that file instead.
"""A cache over a store that keeps no claims replaces what is stale, and leaves what is fresh."""

from __future__ import annotations

from typing import Any

from cachetory.backends.sync import MemoryBackend
from cachetory.caches.sync import Cache
from cachetory.policy import Policy
from tests.clock import ManualClock


class Proxy:
    """Passes everything on, so that it has the operations of a backend, but no leases."""

    def __init__(self, inside: Any) -> None:
        self.inside = inside

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inside, name)


def make_cache(clock: ManualClock) -> Cache[int]:
    policy = Policy(time_to_live=10, stale_while_revalidate=1000, negative_time_to_live=10)
    backend: Any = Proxy(MemoryBackend[bytes]())
    return Cache[int](backend=backend, serializer="pickle://", policy=policy, wall_clock=clock)


def test_value_is_set_over_a_stale_one_only() -> None:
    clock = ManualClock()
    cache = make_cache(clock)

    assert cache.set("key", 1, if_not_exists=True)
    assert not cache.set("key", 2, if_not_exists=True)
    clock.advance(20)
    assert cache.set("key", 3, if_not_exists=True)
    assert cache.get("key") == 3


def test_times_of_a_value_are_changed() -> None:
    clock = ManualClock()
    cache = make_cache(clock)
    cache.set("key", 1)

    cache.expire_in("key", 100)
    cache.expire_in("other", 100)
    clock.advance(50)
    assert cache.get("key") == 1
    assert cache.contains("key")

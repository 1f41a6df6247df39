# Generated from tests/caches/async_/test_update.py by tools/unasync.py. Do not edit: edit that file instead.
"""Changing a value in its place: atomic, with the time to live that it had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cachetory.backends.sync import MemoryBackend, RedisBackend
from cachetory.caches.sync import Cache
from cachetory.errors import NoValueError, UnsupportedOperationError
from cachetory.interfaces.backends.sync import SyncBackend
from cachetory.policy import Policy
from tests.backends.addresses import patient

if TYPE_CHECKING:
    from tests.clock import ManualClock


class Plain(SyncBackend[Any]):
    """Keeps no claims."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    @classmethod
    def from_url(cls, url: str) -> Plain:
        return cls()

    def get(self, key: str) -> Any:
        return self.values[key]

    def set(self, key: str, value: Any, **_options: Any) -> bool:
        self.values[key] = value
        return True

    def delete(self, key: str) -> bool:
        return self.values.pop(key, None) is not None


def add_one(value: int) -> int:
    return value + 1


def test_update_gives_and_stores_the_new_value(cache: Cache[int]) -> None:
    cache.set("key", 1)

    assert cache.update("key", add_one) == 2
    assert cache.get("key") == 2
    assert cache.stats().sets == 2


def test_update_of_a_missing_key_is_refused(cache: Cache[int]) -> None:
    with pytest.raises(NoValueError, match="there is no value for 'key'"):
        cache.update("key", add_one)

    assert cache.set("key", 1, if_not_exists=True) is True


def test_update_keeps_the_time_to_live(cache: Cache[int], clock: ManualClock) -> None:
    cache.set("mortal", 1, time_to_live=10)
    cache.set("eternal", 1)
    clock.advance(9)
    cache.update("mortal", add_one)
    cache.update("eternal", add_one)

    assert cache.get("mortal") == 2
    clock.advance(2)
    assert cache.get_many("mortal", "eternal") == {"eternal": 2}


@pytest.mark.parametrize("serializer", ["noop://", "pickle://"])
def test_update_of_value_with_times_keeps_them(clock: ManualClock, serializer: str) -> None:
    cache = Cache[int](
        serializer=serializer,
        backend=MemoryBackend[Any](clock=clock, wall_clock=clock),
        policy=Policy(stale_if_error=100),
        wall_clock=clock,
    )
    cache.set("key", 1, time_to_live=10)
    clock.advance(9)
    cache.update("key", add_one)

    found = cache.lookup("key")
    assert (found.value, found.state) == (2, "hit")
    assert found.age == pytest.approx(9)
    assert found.fresh_for == pytest.approx(1)
    clock.advance(2)
    assert (cache.lookup("key")).state == "stale"
    with pytest.raises(NoValueError):
        cache.update("key", add_one)


def test_update_that_fails_leaves_value_and_claim_alone(cache: Cache[Any]) -> None:
    cache.set("key", "text")
    with pytest.raises(TypeError):
        cache.update("key", add_one)

    assert cache.get("key") == "text"
    leases = cache.backend.leases
    assert leases is not None
    claims = leases.claim([f"{cache.prefix}key"], "l:mine", 1)
    assert claims[0][0] == "l:mine"


def test_update_is_tried_again_if_somebody_writes_meanwhile(
    cache: Cache[int], backend: MemoryBackend[Any]
) -> None:
    cache.set("key", 1)
    seen: list[int] = []
    store = backend.local_store

    def change(value: int) -> int:
        seen.append(value)
        if len(seen) == 1:
            _, wire = value, store.get(f"{cache.prefix}other", b"")
            store.set(f"{cache.prefix}key", wire, float("inf"))
        return value + 1

    cache.set("other", 10)

    assert cache.update("key", change) == 11
    assert seen == [1, 10]


def test_update_without_claims_is_refused_unless_there_is_nothing() -> None:
    cache = Cache[int](serializer="pickle://", backend=Plain())
    with pytest.raises(NoValueError):
        cache.update("key", add_one)
    cache.set("key", 1)

    with pytest.raises(UnsupportedOperationError, match="Plain cannot change a value in its place"):
        cache.update("key", add_one)


def test_update_on_a_server_keeps_the_time_to_live(redis_url: str) -> None:
    with Cache[int](
        serializer="json://", backend=RedisBackend.from_url(patient(redis_url)), prefix="app:"
    ) as cache:
        cache.set("key", 1, time_to_live=1000)
        cache.set("eternal", 1)
        cache.update("key", add_one)
        cache.update("eternal", add_one)
        servers: Any = cache.backend
        left = servers._servers.get().ask("PTTL", b"app:key")

        assert 0 < left <= 1_000_000
        assert servers._servers.get().ask("PTTL", b"app:eternal") == -1
        assert cache.get_many("key", "eternal") == {"key": 2, "eternal": 2}
        assert servers._servers.get().ask("DBSIZE") == 2

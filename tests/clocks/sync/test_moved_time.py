# Generated from tests/clocks/async_/test_moved_time.py by tools/unasync.py. Do not edit: edit that file instead.
"""freezegun and time-machine move the time of memory caches, as in release 3.5.1."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import time_machine
from freezegun import freeze_time

from cachetory.backends.sync import MemoryBackend
from cachetory.caches.sync import Cache
from cachetory.decorators.sync import cached
from cachetory.errors import NoValueError
from cachetory.policy import Policy
from cachetory.shortcuts.sync import memory_cache

At = Callable[[datetime], AbstractContextManager[Any]]

NOON = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)

module_cache: Cache[int, int] = memory_cache()
calls: list[int] = []


@cached(module_cache, time_to_live=HOUR)
def count(number: int) -> int:
    calls.append(number)
    return len(calls)


def freeze_by_freezegun(at: datetime) -> AbstractContextManager[Any]:
    return freeze_time(at, real_asyncio=True)


def freeze_by_time_machine(at: datetime) -> AbstractContextManager[Any]:
    return time_machine.travel(at, tick=False)


CACHES = {
    "module": lambda: module_cache,
    "shortcut": memory_cache,
    "backend": lambda: Cache[int, bytes](serializer="pickle://", backend=MemoryBackend()),
    "url": lambda: Cache[int, int](serializer="noop://", backend="memory://"),
    "wall": lambda: Cache[int, int](serializer="noop://", backend="memory://?clock=wall"),
}


@pytest.fixture(params=[freeze_by_freezegun, freeze_by_time_machine])
def at(request: pytest.FixtureRequest) -> At:
    freeze: At = request.param
    return freeze


@pytest.fixture(params=CACHES)
def cache(request: pytest.FixtureRequest) -> Cache[int, Any]:
    cache: Cache[int, Any] = CACHES[request.param]()
    cache.backend.clear()
    return cache


def test_entry_expires_when_time_is_moved_forward(at: At, cache: Cache[int, Any]) -> None:
    with at(NOON):
        cache.set("key", 1, time_to_live=HOUR)
    with at(NOON + HOUR - MINUTE):
        before = cache.get("key")
    with at(NOON + HOUR):
        after = cache.get("key")

    assert (before, after) == (1, None)


def test_entry_of_real_time_expires_in_a_later_moved_time(at: At, cache: Cache[int, Any]) -> None:
    cache.set("key", 1, time_to_live=HOUR)
    with at(datetime.now(timezone.utc) + HOUR + MINUTE):
        assert cache.get("key") is None


def test_entry_lives_when_time_is_moved_back(at: At, cache: Cache[int, Any]) -> None:
    with at(NOON):
        cache.set("key", 1, time_to_live=HOUR)
    with at(NOON + 2 * HOUR):
        assert cache.get("key") is None
    with at(NOON - 2 * HOUR):
        assert cache.get("key") == 1


def test_deadline_counts_from_the_moved_time(at: At, cache: Cache[int, Any]) -> None:
    with at(NOON):
        cache.set("key", 1)
        cache.expire_at("key", NOON + HOUR)
    with at(NOON + HOUR - MINUTE):
        assert cache.contains("key")
    with at(NOON + HOUR):
        assert not cache.contains("key")


def test_expired_entry_is_swept_after_time_is_moved(at: At) -> None:
    backend = MemoryBackend[int]()
    with at(NOON):
        backend.set("old", 1, time_to_live=HOUR)
    with at(NOON + HOUR):
        backend.set("new", 2)

    assert backend.size == 1


def test_move_to_and_tick_expire_entries() -> None:
    cache = memory_cache()
    with freeze_time(NOON, real_asyncio=True) as frozen:
        cache.set("key", 1, time_to_live=HOUR)
        frozen.tick(HOUR - MINUTE)
        assert cache.get("key") == 1
        frozen.move_to(NOON + HOUR)
        assert cache.get("key") is None
    with time_machine.travel(NOON, tick=False) as traveller:
        cache.set("key", 1, time_to_live=HOUR)
        traveller.shift(HOUR - MINUTE)
        assert cache.get("key") == 1
        traveller.move_to(NOON + HOUR)
        assert cache.get("key") is None


def test_hit_of_a_decorated_function_expires_when_time_is_moved(at: At) -> None:
    module_cache.backend.clear()
    calls.clear()
    with at(NOON):
        assert [count(1), count(1)] == [1, 1]
    with at(NOON + HOUR - MINUTE):
        assert count(1) == 1
    with at(NOON + HOUR):
        assert [count(1), count(1)] == [2, 2]


@pytest.mark.parametrize("serializer", ["noop://", "pickle://"])
def test_policy_follows_the_moved_time(at: At, serializer: str) -> None:
    policy = Policy(
        time_to_live=HOUR, stale_if_error=HOUR, negative_time_to_live=MINUTE, retry_after_failure=30
    )
    cache = Cache[int, Any](serializer=serializer, backend="memory://", policy=policy)
    loads: list[str] = []

    def load() -> int:
        loads.append("load")
        return 7

    def fail() -> int:
        loads.append("fail")
        raise OSError

    def find_none() -> int:
        loads.append("none")
        raise NoValueError

    with at(NOON):
        assert cache.get_or_set("key", load) == 7
        with pytest.raises(NoValueError):
            cache.get_or_set("none", find_none)
    with at(NOON + MINUTE / 2), pytest.raises(NoValueError):
        cache.get_or_set("none", load)
    assert loads == ["load", "none"]
    with at(NOON + 2 * MINUTE):
        assert cache.get_or_set("none", load) == 7
    with at(NOON + HOUR + MINUTE):
        assert cache.get_or_set("key", fail) == 7
        assert cache.get_or_set("key", fail) == 7  # held back for 30 seconds
    assert loads == ["load", "none", "load", "fail"]
    with at(NOON + HOUR + 2 * MINUTE):
        assert cache.get_or_set("key", load) == 7

    assert loads == ["load", "none", "load", "fail", "load"]


def test_claim_ends_when_time_is_moved(at: At) -> None:
    leases = MemoryBackend[int]().leases
    with at(NOON):
        leases.claim(["key"], "mine", 5.0)
    with at(NOON + timedelta(seconds=4)):
        assert leases.renew(["key"], "mine", 2.0) == [True]
    with at(NOON + timedelta(seconds=7)):
        assert leases.renew(["key"], "mine", 2.0) == [False]

# Generated from tests/caches/async_/test_breaker.py by tools/unasync.py. Do not edit: edit that file instead.
"""A store that is down costs nothing for long, and is used again when it is back."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import RedisError

from cachetory._core.breaker import OPENS_AFTER
from cachetory.backends.sync import MemoryBackend, RedisBackend
from cachetory.caches.sync import Cache
from cachetory.errors import InvalidKeyError
from cachetory.events import BackendFailed, BreakerClosed, BreakerOpened, Event, NotStored
from cachetory.policy import Policy
from tests.caches.sync.policies import Source, eventually, until_found
from tests.shell.sync_crew import PATIENCE, Crew, Meeting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clock import ManualClock
    from tests.servers import Server

CALLS = 1000
KEEPING = Policy(time_to_live=100, stale_if_error=50)


@pytest.fixture
def told() -> list[Event]:
    """The events so far."""
    return []


@pytest.fixture
def backend(private_server: Server) -> RedisBackend:
    """It waits for a server as long as a busy machine makes it necessary."""
    return RedisBackend.from_url(f"{private_server.url}?socket_timeout={PATIENCE}")


@pytest.fixture
def hasty_backend(private_server: Server) -> RedisBackend:
    """It waits for a server as long as it does by default."""
    return RedisBackend.from_url(private_server.url)


@pytest.fixture(params=[None, KEEPING], ids=["plain", "keeping"])
def cache(
    request: pytest.FixtureRequest, backend: RedisBackend, told: list[Event]
) -> Iterator[Cache[Any, Any]]:
    cache = Cache[Any, Any](
        backend=backend, serializer="pickle://", policy=request.param, on_event=told.append
    )
    yield cache
    cache.close()


@pytest.fixture
def source() -> Source:
    return Source()


def count(told: list[Event], kind: type[Event]) -> int:
    return sum(isinstance(event, kind) for event in told)


def until_set(cache: Cache[Any], key: str, value: object) -> None:
    """Set a value, on a machine that may be too busy for that at first."""

    def is_set() -> bool:
        try:
            cache.set(key, value)
        except RedisError:
            return False
        return cache.get(key) == value

    eventually(is_set)


def open_it(cache: Cache[Any]) -> None:
    """Ask a store that is down until it is left alone."""
    for _ in range(OPENS_AFTER):
        cache.get("key")
    assert cache.stats().breaker_openings == 1


# A server that was killed


def test_store_that_fails_a_few_times_in_a_row_is_left_alone(
    cache: Cache[Any], private_server: Server, told: list[Event]
) -> None:
    private_server.kill()

    for number in range(1, OPENS_AFTER + 1):
        assert cache.stats().breaker_openings == 0
        assert cache.get("key", "default") == "default"
        assert cache.stats().backend_errors == number

    assert cache.stats().breaker_openings == 1
    assert isinstance(told[-2], BreakerOpened)
    assert told[-2].key == "key"
    assert isinstance(told[-2].error, RedisError)


def test_store_that_is_left_alone_is_asked_by_a_few_probes_only(
    cache: Cache[Any], private_server: Server, told: list[Event]
) -> None:
    private_server.kill()
    open_it(cache)
    began_at = monotonic()

    for number in range(CALLS):
        assert cache.get(f"{number}") is None

    took = monotonic() - began_at
    failures = [event for event in told if isinstance(event, BackendFailed)]
    probes = failures[OPENS_AFTER:]
    assert len(probes) <= took / 0.5 + 1
    assert {event.operation for event in probes} <= {"probe"}
    assert cache.stats().misses == OPENS_AFTER + CALLS


def test_every_way_to_ask_a_store_that_is_left_alone_finds_nothing(
    cache: Cache[Any], private_server: Server, source: Source, told: list[Event]
) -> None:
    cache.set("key", "there")
    private_server.kill()
    open_it(cache)
    told.clear()

    assert cache.get("key") is None
    assert cache.get_many("key", "other") == {}
    assert not cache.contains("key")
    assert (cache.lookup("key")).state == "miss"
    assert cache.get_or_set("key", source) == 1
    assert cache.get_or_set("key", source) == 2
    assert cache.refresh("key", source) == 3
    values = cache.get_or_set_many(["a", "b"], lambda keys: dict.fromkeys(keys, "new"))
    assert values == {"a": "new", "b": "new"}
    assert {event.operation for event in told if isinstance(event, BackendFailed)} <= {"probe"}
    assert count(told, NotStored) == 5
    assert count(told, BreakerOpened) == 0


def test_explicit_write_to_a_store_that_is_left_alone_is_tried_and_raises(
    cache: Cache[Any], private_server: Server
) -> None:
    private_server.kill()
    open_it(cache)

    with pytest.raises((RedisError, OSError)):
        cache.set("key", "value")
    with pytest.raises((RedisError, OSError)):
        cache.delete("key")
    with pytest.raises((RedisError, OSError)):
        cache.expire_in("key", 5)


def test_store_is_used_again_soon_after_it_is_back(
    cache: Cache[Any], private_server: Server, told: list[Event], source: Source
) -> None:
    private_server.kill()
    open_it(cache)
    private_server.start()

    def is_stored() -> bool:
        value = cache.get_or_set("key", source)
        return cache.get("key") == value

    eventually(is_stored)

    assert count(told, BreakerClosed) == 1
    assert count(told, BreakerOpened) == 1
    assert cache.get("key") == source.calls


def test_explicit_write_that_succeeds_shows_that_the_store_is_back(
    cache: Cache[Any], private_server: Server, told: list[Event]
) -> None:
    private_server.kill()
    open_it(cache)
    private_server.start()

    assert cache.set("key", "value")
    assert count(told, BreakerClosed) == 1
    assert cache.get("key") == "value"


def test_store_that_goes_and_comes_again_and_again_is_left_alone_each_time(
    cache: Cache[Any], private_server: Server, told: list[Event]
) -> None:
    for number in range(1, 4):
        private_server.kill()
        for _ in range(OPENS_AFTER):
            cache.get("key")
        private_server.start()
        assert cache.set("key", number)

        assert cache.get("key") == number
        assert count(told, BreakerOpened) == count(told, BreakerClosed) == number


def test_failure_now_and_then_does_not_have_the_store_left_alone(
    cache: Cache[Any], private_server: Server
) -> None:
    cache.set("key", "value")
    for _ in range(3):
        private_server.kill()
        for _ in range(OPENS_AFTER - 1):
            cache.get("key")
        private_server.start()
        assert cache.get("key") is None

    assert cache.stats().breaker_openings == 0


def test_caches_over_one_backend_leave_it_alone_together(
    cache: Cache[Any], backend: RedisBackend, private_server: Server
) -> None:
    other = Cache[Any](backend=backend, serializer="json://", prefix="other:")
    private_server.kill()
    open_it(cache)

    assert other.get("key") is None
    assert other.stats().backend_errors == 0
    private_server.start()
    other.set("key", "value")
    assert cache.get("other:key") is None
    assert cache.stats().backend_errors == OPENS_AFTER


def test_cache_that_is_to_raise_goes_on_asking(
    backend: RedisBackend, private_server: Server
) -> None:
    cache = Cache[Any](backend=backend, serializer="pickle://", on_backend_error="raise")
    private_server.kill()

    for _ in range(2 * OPENS_AFTER):
        with pytest.raises((RedisError, OSError)):
            cache.get("key")
    private_server.start()
    assert cache.get("key") is None


@pytest.mark.parametrize("policy", [None, KEEPING], ids=["plain", "keeping"])
def test_one_call_to_a_store_that_is_down_is_one_failure(
    backend: RedisBackend, private_server: Server, source: Source, policy: Policy | None
) -> None:
    told: list[Event] = []
    cache = Cache[Any](backend=backend, serializer="pickle://", policy=policy, on_event=told.append)
    private_server.kill()

    assert cache.get_or_set("key", source) == 1
    cache.get_or_set_many(["a", "b"], lambda keys: dict.fromkeys(keys, 1))
    cache.refresh("key", source)

    failures = [event.operation for event in told if isinstance(event, BackendFailed)]
    assert failures == ["get", "get_many", "get_many"]


def test_many_callers_of_a_store_that_goes_get_their_values(
    cache: Cache[Any], private_server: Server, source: Source
) -> None:
    callers = 30
    meeting = Meeting(callers + 1)

    def call(number: int) -> list[Any]:
        meeting.join()
        return [cache.get_or_set(f"{number}", source) for _ in range(5)]

    with Crew() as crew:
        started = [crew.start(call, number) for number in range(callers)]
        private_server.kill()
        meeting.join()
        for caller in started:
            values = caller.result()
            assert all(isinstance(value, int) for value in values)
    assert cache.stats().breaker_openings == 1


# A server that is frozen


@pytest.mark.parametrize("policy", [None, KEEPING], ids=["plain", "keeping"])
def test_frozen_store_is_left_alone_and_used_again_when_it_thaws(
    hasty_backend: RedisBackend,
    private_server: Server,
    told: list[Event],
    policy: Policy | None,
) -> None:
    cache = Cache[Any](
        backend=hasty_backend, serializer="pickle://", policy=policy, on_event=told.append
    )
    until_set(cache, "key", "old")
    private_server.freeze()
    for _ in range(OPENS_AFTER):
        assert cache.get("key") is None
    assert count(told, BreakerOpened) == 1
    began_at = monotonic()
    for _ in range(CALLS):
        assert cache.get("key") is None
    took = monotonic() - began_at
    private_server.thaw()

    assert took < CALLS * 0.25 / 10  # had each of them waited, it would be ten times as long
    until_found(cache, "key", "old")
    assert count(told, BreakerClosed) == 1
    cache.close()


# Errors that are no outages


def test_store_that_takes_no_writes_is_read_from_all_the_same(
    cache: Cache[Any], private_server: Server, source: Source, told: list[Event]
) -> None:
    cache.set("key", "there")
    private_server.command("CONFIG", "SET", "maxmemory", "1")
    private_server.command("CONFIG", "SET", "maxmemory-policy", "noeviction")

    for number in range(1, 4 * OPENS_AFTER):
        assert cache.get_or_set("other", source) == number
        assert cache.get("key") == "there"

    assert count(told, BreakerOpened) == 0
    assert cache.stats().hits == 4 * OPENS_AFTER - 1
    private_server.command("CONFIG", "SET", "maxmemory", "0")
    assert cache.get_or_set("other", source) == 4 * OPENS_AFTER
    assert cache.get_or_set("other", source) == 4 * OPENS_AFTER


def test_errors_of_a_key_of_another_kind_are_no_outage(
    cache: Cache[Any], private_server: Server, source: Source, told: list[Event]
) -> None:
    private_server.command("LPUSH", "key", "not a string")

    for number in range(1, 2 * OPENS_AFTER):
        assert cache.get_or_set("key", source) == number

    assert count(told, BreakerOpened) == 0
    assert count(told, BackendFailed) > 0


def test_stale_value_is_not_to_be_had_from_a_store_that_is_down(
    backend: RedisBackend, private_server: Server, source: Source, clock: ManualClock
) -> None:
    cache = Cache[Any](backend=backend, serializer="pickle://", policy=KEEPING, wall_clock=clock)
    cache.set("key", "old")
    clock.advance(101)
    source.error = ZeroDivisionError()
    assert cache.get_or_set("key", source) == "old"
    private_server.kill()

    with pytest.raises(ZeroDivisionError):
        cache.get_or_set("key", source)


@pytest.mark.parametrize(
    ("error", "opens"),
    [
        (OSError(), True),
        (ZeroDivisionError(), True),
        (TypeError(), False),
        (ValueError(), False),
        (IndexError(), False),
        (InvalidKeyError(), False),
    ],
    ids=repr,
)
def test_backend_of_another_is_left_alone_unless_the_errors_are_about_what_was_asked(
    told: list[Event], error: Exception, *, opens: bool
) -> None:
    class Failing(MemoryBackend[Any]):
        def get(self, key: str) -> Any:
            raise error

    cache = Cache[Any](backend=Failing(), serializer="pickle://", on_event=told.append)

    for _ in range(2 * OPENS_AFTER):
        assert cache.get("key") is None

    assert count(told, BreakerOpened) == opens
    assert count(told, BackendFailed) == (OPENS_AFTER if opens else 2 * OPENS_AFTER)

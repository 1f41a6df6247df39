"""A store that fails, really: killed, refusing, or answering with errors."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import RedisError

from cachetory._shell import failure_log
from cachetory.caches.async_ import Cache
from cachetory.events import BackendFailed, Event, Loaded, Miss, NotStored
from tests.canary import PASSWORD, VALUE
from tests.faults import ScriptedServer
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tests.clock import ManualClock
    from tests.servers import Server

WRITES: dict[str, Callable[[Cache[Any]], Awaitable[object]]] = {
    "set": lambda cache: cache.set("key", VALUE),
    "set_many": lambda cache: cache.set_many({"key": VALUE}),
    "expire_in": lambda cache: cache.expire_in("key", 5),
    "expire_at": lambda cache: cache.expire_at("key", None),
    "delete": lambda cache: cache.delete("key"),
    "delete_many": lambda cache: cache.delete_many("key"),
    "clear": lambda cache: cache.clear(),
}
READS: dict[str, Callable[[Cache[Any]], Awaitable[object]]] = {
    "get": lambda cache: cache.get("key"),
    "get_many": lambda cache: cache.get_many("key", "other"),
    "contains": lambda cache: cache.contains("key"),
    "get_or_set": lambda cache: cache.get_or_set("key", lambda: VALUE),
}


@pytest.fixture
def down() -> str:
    """The URL of a server that is not there."""
    return f"redis://:{PASSWORD}@127.0.0.1:{free_port()}/0"


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


async def test_killed_server_reads_as_misses_and_is_used_again_when_it_is_back(
    private_server: Server,
) -> None:
    async with Cache[str](backend=private_server.url, serializer="pickle://") as cache:
        await cache.set("key", VALUE)
        private_server.kill()

        assert await cache.get("key") is None
        assert await cache.get("key", "default") == "default"
        assert await cache.get_many("key", "other") == {}
        assert not await cache.contains("key")
        assert await cache.get_or_set("key", lambda: VALUE) == VALUE
        with pytest.raises((RedisError, OSError)):
            await cache.set("key", VALUE)
        with pytest.raises((RedisError, OSError)):
            await cache.delete("key")

        private_server.start()
        assert await cache.set("key", VALUE)
        assert await cache.get("key") == VALUE


async def test_failed_read_counts_as_a_miss_and_an_error(down: str) -> None:
    cache = Cache[str](backend=down, serializer="pickle://")

    await cache.get("key")
    await cache.get_many("key", "other")

    stats = cache.stats()
    assert (stats.hits, stats.misses, stats.backend_errors) == (0, 3, 2)


@pytest.mark.parametrize("operation", READS)
async def test_failed_read_is_told_of(down: str, operation: str) -> None:
    told: list[Event] = []
    cache = Cache[str](backend=down, serializer="pickle://", on_event=told.append)

    await READS[operation](cache)

    name = "get" if operation == "get_or_set" else operation
    assert isinstance(told[0], BackendFailed)
    assert (told[0].key, told[0].operation) == ("key", name)
    assert isinstance(told[0].error, (RedisError, OSError))


@pytest.mark.parametrize("operation", WRITES)
async def test_failed_write_is_raised_and_told_of(down: str, operation: str) -> None:
    told: list[Event] = []
    cache = Cache[str](backend=down, serializer="pickle://", prefix="app:", on_event=told.append)

    with pytest.raises((RedisError, OSError)) as caught:
        await WRITES[operation](cache)

    key = "app:" if operation == "clear" else "key"
    assert told == [BackendFailed(key, operation, caught.value)]
    assert (cache.stats().sets, cache.stats().deletes) == (0, 0)


@pytest.mark.parametrize("operation", READS)
async def test_failed_read_is_raised_if_it_is_to_be(down: str, operation: str) -> None:
    cache = Cache[str](backend=down, serializer="pickle://", on_backend_error="raise")

    with pytest.raises((RedisError, OSError)):
        await READS[operation](cache)


async def test_computed_value_that_the_store_refuses_is_returned(
    scripted: ScriptedServer,
) -> None:
    told: list[Event] = []
    scripted.fail("SET", "OOM command not allowed when used memory > 'maxmemory'.")
    async with Cache[int](
        backend=scripted.url, serializer="pickle://", on_event=told.append
    ) as cache:
        assert await cache.get_or_set("key", lambda: 1) == 1

        match told:
            case [
                Miss("key"),
                Loaded("key"),
                NotStored("key", "failed"),
                BackendFailed("key", "set", RedisError()),
            ]:
                pass
            case _:
                pytest.fail(f"{told}")
        assert (cache.stats().not_stored, cache.stats().sets) == (1, 0)
        scripted.heal()
        assert await cache.get_or_set("key", lambda: 2) == 2
        assert await cache.get_or_set("key", lambda: 3) == 2


async def test_computed_value_that_the_store_refuses_is_an_error_if_it_is_to_be(
    scripted: ScriptedServer,
) -> None:
    scripted.fail("SET", "OOM command not allowed when used memory > 'maxmemory'.")
    cache = Cache[int](backend=scripted.url, serializer="pickle://", on_backend_error="raise")

    with pytest.raises(RedisError):
        await cache.get_or_set("key", lambda: 1)
    await cache.aclose()


async def test_load_while_the_store_is_down_is_one_lookup_and_one_load(down: str) -> None:
    told: list[Event] = []
    cache = Cache[int](backend=down, serializer="pickle://", on_event=told.append)

    assert await cache.get_or_set("key", lambda: 1) == 1

    assert [type(event).__name__ for event in told] == [
        "BackendFailed",
        "Miss",
        "Loaded",
        "NotStored",
    ]
    assert told[-1] == NotStored("key", "failed")


async def test_log_of_failures_is_one_line_a_second_without_keys_values_and_password(
    down: str,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = failure_log.FailureLog("down", clock=clock)
    monkeypatch.setattr(failure_log, "backend_failures", log)
    cache = Cache[str](backend=down, serializer="pickle://")

    with caplog.at_level(logging.INFO, logger="cachetory"):
        for _ in range(5):
            await cache.get("the-key")
            with pytest.raises((RedisError, OSError)):
                await cache.set("the-key", VALUE)
        clock.advance(1)
        with pytest.raises((RedisError, OSError)):
            await cache.delete("the-key")

    first, second = (record.getMessage() for record in caplog.records)
    assert "0 more" in first
    assert "9 more" in second
    for text in (first, second):
        assert not any(word in text for word in ("the-key", VALUE, PASSWORD))

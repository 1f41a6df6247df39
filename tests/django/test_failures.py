"""A store that fails, values that cannot be stored, and loads that fail."""

from __future__ import annotations

import pickle
import time
from typing import TYPE_CHECKING, Any

import pytest
import redis
from django.core.cache.backends.base import BaseCache
from django.db import connections

from cachetory.django import CachetoryCache, closing_connections
from cachetory.policy import Policy
from cachetory.sync import Cache, cached
from tests.backends.addresses import patient
from tests.django.stores import fresh_memory, make
from tests.ports import free_port

if TYPE_CHECKING:
    from tests.conftest import StartServer


@pytest.fixture
def dead_url() -> str:
    """The URL of a server that is not there."""
    return f"redis://127.0.0.1:{free_port()}/0"


async def test_store_that_fails_is_a_miss_and_drops_what_is_set(dead_url: str) -> None:
    cache = make(dead_url)

    assert cache.get("key", "default") == "default"
    assert await cache.aget("key", "default") == "default"
    assert cache.get_many(["a", "b"]) == {}
    assert cache.has_key("key") is await cache.ahas_key("key") is False
    assert cache.set("key", 1) is await cache.aset("key", 1) is None
    assert cache.set_many({"a": 1, "b": 2}) == await cache.aset_many({"a": 1, "b": 2}) == ["a", "b"]
    assert cache.add("key", 1) is await cache.aadd("key", 1) is False
    assert cache.touch("key", 1) is await cache.atouch("key", 1) is False
    assert cache.get_or_set("key", lambda: 1) == await cache.aget_or_set("key", lambda: 1) == 1


async def test_store_that_is_down_is_left_alone(dead_url: str) -> None:
    cache = make(dead_url)
    for _ in range(10):
        cache.get("key")
    before = cache._sync._cache.stats().backend_errors
    for _ in range(50):
        cache.set("key", 1)
        cache.add("key", 1)
        cache.set_many({"key": 1})

    # Now and then it is asked whether it is back.
    assert cache._sync._cache.stats().backend_errors - before < 50


async def test_store_that_is_down_is_left_alone_by_awaited_methods(dead_url: str) -> None:
    cache = make(dead_url)
    for _ in range(10):
        await cache.aget("key")
    before = cache._async._cache.stats().backend_errors
    for _ in range(50):
        await cache.aset("key", 1)
        assert await cache.aadd("key", 1) is False
        assert await cache.aset_many({"key": 1}) == ["key"]

    assert cache._async._cache.stats().backend_errors - before < 50


def test_store_that_is_back_is_found_by_what_is_set(start_server: StartServer) -> None:
    server = start_server()
    url = patient(server.fresh_url())
    cache = make(url)
    server.kill()
    for _ in range(10):
        cache.get("key")
    assert cache._sync._health.is_down
    server.start()
    deadline = time.monotonic() + 30
    while cache._sync._health.is_down and time.monotonic() < deadline:
        cache.set("key", 1)
        time.sleep(0.02)

    assert cache.get("key") == 1


async def test_store_that_fails_while_it_deletes_or_increments_is_told(dead_url: str) -> None:
    cache = make(dead_url)
    for call in (
        lambda: cache.delete("key"),
        lambda: cache.delete_many(["key"]),
        lambda: cache.incr("key"),
        cache.clear,
    ):
        with pytest.raises(redis.exceptions.ConnectionError):
            call()
    with pytest.raises(redis.exceptions.ConnectionError):
        await cache.adelete("key")
    with pytest.raises(redis.exceptions.ConnectionError):
        await cache.aincr("key")


async def test_store_that_fails_is_told_if_that_is_wanted(dead_url: str) -> None:
    cache = make(dead_url, {"ON_BACKEND_ERROR": "raise"})
    calls: dict[str, tuple[Any, ...]] = {
        "get": ("key",),
        "get_many": (["key"],),
        "has_key": ("key",),
        "set": ("key", 1),
        "set_many": ({"key": 1},),
        "add": ("key", 1),
        "touch": ("key",),
        "get_or_set": ("key", 1),
    }
    for name, arguments in calls.items():
        with pytest.raises(redis.exceptions.ConnectionError):
            getattr(cache, name)(*arguments)
        with pytest.raises(redis.exceptions.ConnectionError):
            await getattr(cache, f"a{name}")(*arguments)


def test_store_that_is_full_drops_what_is_set(start_server: StartServer) -> None:
    server = start_server(config=["maxmemory 2mb", "maxmemory-policy noeviction"])
    cache = make(patient(server.fresh_url()))
    for number in range(100):
        cache.set(f"key{number}", b"v" * 100_000)

    assert cache.get("key99") is None
    assert cache._sync._cache.stats().backend_errors > 0


@pytest.mark.parametrize("choice", ["miss", "raise"])
async def test_value_that_cannot_be_pickled_is_told_as_pickle_does(choice: str) -> None:
    cache = make(fresh_memory(), {"ON_BACKEND_ERROR": choice})
    for call in (
        lambda: cache.set("key", lambda: 1),
        lambda: cache.add("key", lambda: 1),
        lambda: cache.set_many({"key": lambda: 1}),
    ):
        with pytest.raises((pickle.PicklingError, AttributeError)) as caught:
            call()
        assert caught.value.__suppress_context__
    with pytest.raises((pickle.PicklingError, AttributeError)):
        await cache.aset("key", lambda: 1)
    cache.set("number", 1)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        cache.incr("number", _Unpicklable())


class _Unpicklable:
    def __radd__(self, other: object) -> Any:
        return lambda: other


@pytest.mark.parametrize("choice", ["miss", "raise"])
async def test_error_of_a_load_goes_to_the_caller(choice: str) -> None:
    cache = make(fresh_memory(), {"ON_BACKEND_ERROR": choice})

    def load() -> None:
        raise OSError("the source is down")

    with pytest.raises(OSError, match="the source is down"):
        cache.get_or_set("key", load)
    with pytest.raises(OSError, match="the source is down"):
        await cache.aget_or_set("key", load)
    assert cache.get("key", "default") == "default"


def test_load_that_takes_arguments_is_called_without_any() -> None:
    def load(number: int = 1, *_: int) -> int:
        return number

    assert make(fresh_memory()).get_or_set("key", load) == 1
    with pytest.raises(TypeError):
        make(fresh_memory()).get_or_set("key", lambda context: context)


# Connections to databases


def open_here() -> bool:
    """Ask the database, and tell whether this thread was connected before."""
    was_open = connections["default"].connection is not None
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT 1")
    return was_open


def test_load_in_a_thread_behind_leaves_no_connection_to_the_database() -> None:
    cache = make(fresh_memory(), {"POLICY": {"hard_timeout": 60}})
    open_here()
    try:
        # One thread behind serves both, and found nothing open the second time.
        assert cache.get_or_set("one", open_here) is False
        assert cache.get_or_set("two", open_here) is False
        assert connections["default"].connection is not None
    finally:
        connections.close_all()


@closing_connections
def ask(_number: int) -> bool:
    return open_here()


def test_function_refreshed_behind_leaves_no_connection_to_the_database() -> None:
    cache = Cache[bool](backend="memory://", serializer="noop://", policy=Policy(hard_timeout=60))
    function = cached(cache)(ask)
    try:
        assert function(1) is False
        assert function(2) is False
        assert connections["default"].connection is None
        assert ask(3) is False
        assert connections["default"].connection is not None
    finally:
        connections.close_all()


def test_cache_is_what_django_calls_a_cache() -> None:
    assert issubclass(CachetoryCache, BaseCache)

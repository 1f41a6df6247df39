"""A program written for release 3.5.1, all of its interface in use.

It runs on that release as well, and passes there: nothing here is new.
"""

from __future__ import annotations

import pickle
from datetime import datetime, timedelta, timezone

import pytest
import redis.asyncio
import redis.asyncio.sentinel

from cachetory import serializers
from cachetory.backends import async_ as async_backends
from cachetory.backends.async_ import DummyBackend, MemoryBackend, RedisBackend
from cachetory.caches.async_ import Cache
from cachetory.decorators.async_ import cached
from cachetory.decorators.shared import make_default_hashed_key, make_default_key
from cachetory.interfaces.backends.async_ import AsyncBackend, AsyncBackendRead, AsyncBackendWrite
from cachetory.interfaces.backends.private import WireT, WireT_co, WireT_contra
from cachetory.interfaces.serializers import (
    Deserialize,
    Serialize,
    Serializer,
    ValueT,
    ValueT_co,
    ValueT_contra,
)
from cachetory.shortcuts.async_ import dummy_cache, memory_cache
from tests.backends.addresses import patient

HOUR = timedelta(hours=1)
CALLS: list[int] = []


@pytest.fixture(autouse=True)
def _no_calls_so_far():
    CALLS.clear()


@pytest.fixture(params=["memory", "redis"])
async def backend(request):
    """Make each backend by its URL, and leave it at the end."""
    url = "memory://"
    if request.param == "redis":
        url = patient(request.getfixturevalue("valkey_server").fresh_url())
    async with async_backends.from_url(url) as backend:
        yield backend


@pytest.fixture
def cache(backend) -> Cache[int, bytes]:
    return Cache[int, bytes](serializer=serializers.from_url("pickle+zlib://"), backend=backend)


# The cache


async def test_cache_get_of_a_missing_key_gives_the_default(cache):
    assert await cache.get("key") is None
    assert await cache.get("key", 1) == 1
    assert await cache.get("key", default=2) == 2


async def test_cache_set_stores_by_position_and_by_name(cache):
    await cache.set("a", 1)
    await cache.set("b", 2, HOUR)
    await cache.set("b", 3, HOUR, True)
    await cache.set("c", value=4, time_to_live=None, if_not_exists=True)
    await cache.set("c", 5, if_not_exists=True)

    assert await cache.get_many("a", "b", "c", "d") == {"a": 1, "b": 2, "c": 4}


async def test_cache_set_many_takes_mappings_and_pairs(cache):
    await cache.set_many({"a": 1})
    await cache.set_many([("b", 2)])
    await cache.set_many((key, 3) for key in "cd")

    assert await cache.get_many("a", "b", "c", "d") == {"a": 1, "b": 2, "c": 3, "d": 3}


async def test_cache_delete_tells_whether_there_was_a_key(cache):
    await cache.set("a", 1)

    assert await cache.delete("a") is True
    assert await cache.delete("a") is False


async def test_cache_delete_many_takes_missing_keys_as_well(cache):
    await cache.set_many({"a": 1, "b": 2})

    assert await cache.delete_many("a", "b", "c") is None

    assert await cache.get_many("a", "b") == {}


async def test_cache_expire_in_takes_missing_keys_as_well(cache):
    await cache.set("a", 1)

    assert await cache.expire_in("a", HOUR) is None
    assert await cache.expire_in("a", time_to_live=None) is None
    assert await cache.expire_in("a") is None
    assert await cache.expire_in("missing", HOUR) is None

    assert await cache.get("a") == 1


async def test_cache_of_memory_cleared_is_empty():
    cache = memory_cache()
    await cache.set("a", 1)

    assert await cache.clear() is None

    assert await cache.get("a") is None


async def test_cache_is_a_context_manager(cache):
    async with cache as entered:
        await entered.set("a", 1)

    assert entered is cache


async def test_cache_with_a_prefix_puts_it_before_the_keys(backend):
    cache = Cache(serializer=serializers.PickleSerializer(), backend=backend, prefix="app:")

    await cache.set("a", 1)

    assert pickle.loads(await backend.get("app:a")) == 1


# Backends


def test_backends_are_made_by_class_and_by_url():
    made = [
        MemoryBackend(),
        MemoryBackend[bytes](),
        MemoryBackend.from_url("memory://"),
        async_backends.from_url("memory://"),
    ]

    assert {type(backend) for backend in made} == {MemoryBackend}
    assert type(DummyBackend.from_url("dummy://")) is DummyBackend
    assert type(async_backends.from_url("dummy://")) is DummyBackend
    assert type(RedisBackend.from_url("redis://localhost")) is RedisBackend
    assert type(async_backends.from_url("rediss://localhost")) is RedisBackend
    assert type(async_backends.from_url("redis+unix:///server.sock")) is RedisBackend


def test_backend_from_unknown_url_raises_value_error():
    with pytest.raises(ValueError, match="`unknown://` is not supported"):
        async_backends.from_url("unknown://")


async def test_backend_of_memory_tells_its_size():
    backend = MemoryBackend()

    await backend.set("a", b"1")

    assert backend.size == 1


async def test_backend_of_nothing_keeps_nothing():
    backend = DummyBackend()

    assert await backend.set("a", b"1") is True
    await backend.set_many([("a", b"1")])
    await backend.expire_in("a", HOUR)
    await backend.expire_at("a", datetime.now(timezone.utc))
    await backend.delete_many("a")
    await backend.clear()
    assert await backend.delete("a") is False
    assert [key async for key, _ in backend.get_many("a")] == []
    with pytest.raises(KeyError, match="a"):
        await backend.get("a")


class OneMaster(redis.asyncio.sentinel.Sentinel):
    """A Sentinel that need not ask to know where the master is."""

    def __init__(self, port):
        super().__init__([])
        self.port = port

    async def discover_master(self, service_name):
        return ("127.0.0.1", self.port)


CLIENTS = {
    "by address": lambda server: redis.asyncio.Redis(host="127.0.0.1", port=server.port),
    "by URL": lambda server: redis.asyncio.Redis.from_url(server.url, client_name="ours"),
    "by Unix socket": lambda server: redis.asyncio.Redis(unix_socket_path=str(server.unix_socket)),
    "with one connection": lambda server: redis.asyncio.Redis(
        port=server.port, single_connection_client=True
    ),
    "with a blocking pool": lambda server: redis.asyncio.Redis(
        connection_pool=redis.asyncio.BlockingConnectionPool(port=server.port, max_connections=1)
    ),
    "of a Sentinel": lambda server: OneMaster(server.port).master_for("master"),
}


@pytest.mark.parametrize(
    "make_client",
    [pytest.param(make_client, id=kind) for kind, make_client in CLIENTS.items()],
)
async def test_backend_of_redis_takes_clients_of_every_kind(make_client, valkey_server):
    valkey_server.command("DEL", "a", "b")
    client = make_client(valkey_server)

    async with RedisBackend(client) as backend:
        await backend.set("a", b"1", time_to_live=HOUR)
        await backend.set_many([("b", b"2")])
        assert {key: int(wire) async for key, wire in backend.get_many("a", "b")} == {
            "a": 1,
            "b": 2,
        }

    assert valkey_server.command("GET", "b") == b"2"
    assert await client.get("a") == b"1"
    await client.aclose()
    await client.connection_pool.disconnect()


async def test_backend_reads_and_writes_wire_values(backend):
    with pytest.raises(KeyError, match="a"):
        await backend.get("a")

    assert await backend.set("a", b"1") is True
    assert await backend.set("a", b"2", time_to_live=HOUR, if_not_exists=True) is False
    assert await backend.set("b", b"3", time_to_live=HOUR, if_not_exists=True) is True
    assert await backend.set_many([("c", b"4"), ("d", b"5")]) is None
    assert await backend.get("a") == b"1"
    numbers = {key: int(wire) async for key, wire in backend.get_many("b", "e", "c")}
    assert numbers == {"b": 3, "c": 4}
    assert await backend.delete("a") is True
    assert await backend.delete("a") is False
    assert await backend.delete_many("b", "c", "e") is None
    assert [key async for key, _ in backend.get_many("a", "b", "c", "d")] == ["d"]
    assert await backend.clear() is None
    assert [key async for key, _ in backend.get_many("d")] == []


async def test_backend_expires_keys(backend):
    now = datetime.now(timezone.utc)
    await backend.set_many([(key, b"1") for key in "abcd"])

    assert await backend.expire_in("a", HOUR) is None
    assert await backend.expire_in("b", time_to_live=None) is None
    assert await backend.expire_at("c", now + HOUR) is None
    assert await backend.expire_at("d", now - HOUR) is None
    await backend.expire_at("c", None)

    assert [key async for key, _ in backend.get_many("a", "b", "c", "d")] == ["a", "b", "c"]


# Serializers


@pytest.mark.parametrize(
    "url",
    [
        "pickle://",
        "pickle://?pickle-protocol=4",
        "json://",
        "msgpack://",
        "noop://",
        "null://",
        "pickle+zlib://?compression-level=9",
        "msgpack+zstd://?compression-level=9&compression-threads=1",
        "pickle+zstandard+zlib://",
    ],
)
async def test_serializer_of_each_url_restores_what_is_cached(url):
    cache = Cache(serializer=serializers.from_url(url), backend=MemoryBackend())

    await cache.set("a", {"answer": [42, None]})

    assert await cache.get("a") == {"answer": [42, None]}


def test_serializers_are_made_by_class_and_by_url():
    value = b"value"
    made: list[Serializer] = [
        serializers.ChainedSerializer(
            [serializers.NoopSerializer(), serializers.compressors.ZlibCompressor()]
        ),
        serializers.ChainedSerializer.from_url("noop+zlib://"),
        serializers.NoopSerializer[bytes](),
        serializers.noop.NoopSerializer.from_url("noop://"),
        serializers.PickleSerializer(),
        serializers.pickle.PickleSerializer(4),
        serializers.PickleSerializer(pickle_protocol=pickle.DEFAULT_PROTOCOL),
        serializers.PickleSerializer.from_url("pickle://?pickle-protocol=4"),
        serializers.MsgPackSerializer(),
        serializers.msgpack.MsgPackSerializer.from_url("msgpack://"),
        serializers.compressors.zlib.ZlibCompressor(compression_level=9),
        serializers.compressors.ZlibCompressor.from_url("zlib://?compression-level=1"),
        serializers.compressors.ZstdCompressor(compression_level=1, compression_threads=1),
        serializers.compressors.zstd.ZstdCompressor.from_url("zstd://?compression-level=1"),
    ]

    assert [made.deserialize(made.serialize(value)) for made in made] == [value] * len(made)
    assert serializers.JsonSerializer[int]().deserialize("1") == 1
    assert serializers.json.JsonSerializer.from_url("json://").deserialize(b"1") == 1


def test_serializer_from_unknown_url_raises_value_error():
    with pytest.raises(ValueError, match="`unknown://` is not supported"):
        serializers.from_url("pickle+unknown://")


# Decorators


async def test_decorator_calls_a_function_once_for_the_same_arguments(cache):
    @cached(cache)
    async def double(number: int) -> int:
        """Tell twice as much."""
        CALLS.append(number)
        return number * 2

    assert [await double(number) for number in (1, 1, 2)] == [2, 2, 4]
    assert CALLS == [1, 2]
    assert (double.__name__, double.__doc__) == ("double", "Tell twice as much.")
    assert await double.__wrapped__(1) == 2


async def test_decorator_purge_tells_whether_there_was_a_result(cache):
    @cached(cache)
    async def double(number: int) -> int:
        return number * 2

    await double(1)

    assert await double.purge(1) is True
    assert await double.purge(1) is False


async def test_decorator_hands_function_and_arguments_to_its_callables(cache):
    seen = []

    def choose_cache(*args, **kwargs):
        seen.append((args, kwargs))
        return cache

    def make_key(*args, **kwargs):
        seen.append((args, kwargs))
        return "key"

    def time_to_live(*, key):
        seen.append(key)
        return HOUR

    def exclude(key, value):
        seen.append((key, value))
        return False

    @cached(choose_cache, make_key=make_key, time_to_live=time_to_live, exclude=exclude)
    async def add(number: int, *, more: int = 0) -> int:
        return number + more

    assert await add(1, more=2) == 3

    call = ((add.__wrapped__, 1), {"more": 2})
    assert seen == [call, call, ("key", 3), "key"]
    assert await cache.get("key") == 3


async def test_decorator_does_not_store_what_is_excluded(cache):
    @cached(cache, make_key=lambda *_: "key", exclude=lambda _key, value: value < 0)
    async def identity(number: int) -> int:
        return number

    assert await identity(-1) == -1
    assert await cache.get("key") is None
    assert await identity(1) == 1
    assert await cache.get("key") == 1


@pytest.mark.parametrize("no_cache", [None, lambda *_: None])
async def test_decorator_without_a_cache_calls_through(no_cache):
    @cached(no_cache)
    async def note(number: int) -> None:
        CALLS.append(number)

    await note(1)
    await note(1)

    assert CALLS == [1, 1]
    assert await note.purge(1) is False


@pytest.mark.parametrize("make_key", [make_default_key, make_default_hashed_key])
async def test_decorator_takes_the_default_keys_by_name(cache, make_key):
    @cached(cache, make_key=make_key, time_to_live=HOUR, if_not_exists=True)
    async def double(number: int) -> int:
        return number * 2

    await double(21)

    assert await cache.get(make_key(double.__wrapped__, 21)) == 42


async def test_decorator_serves_methods(cache):
    class Doubler:
        def __str__(self):
            return "doubler"

        @cached(cache, make_key=make_default_key)
        async def double(self, number: int) -> int:
            return number * 2

    assert await Doubler().double(21) == 42
    key = make_default_key(Doubler.double.__wrapped__, "doubler", 21)
    assert await cache.get(key) == 42


# Shortcuts


async def test_shortcut_to_memory_keeps_the_very_object():
    cache, value = memory_cache(), object()

    await cache.set("key", value)

    assert await cache.get("key") is value


async def test_shortcut_to_nothing_keeps_nothing():
    cache = dummy_cache()

    await cache.set("key", 1)

    assert await cache.get("key") is None


# What others have derived


class Dictionary(AsyncBackend[WireT]):
    """Somebody's backend: what it does not implement, the interface does."""

    def __init__(self):
        self.values = {}
        self.deadlines = {}

    @classmethod
    def from_url(cls, url):
        return cls()

    async def get(self, key):
        return self.values[key]

    async def set(self, key, value, *, time_to_live=None, if_not_exists=False):
        if if_not_exists and key in self.values:
            return False
        self.values[key] = value
        self.deadlines[key] = time_to_live
        return True

    async def expire_at(self, key, deadline):
        self.deadlines[key] = deadline

    async def delete(self, key):
        return self.values.pop(key, None) is not None

    async def clear(self):
        self.values.clear()


class Reading(AsyncBackendRead[WireT_co]):
    """The reading half of somebody's backend."""

    def __init__(self, values):
        self.values = values

    async def get(self, key):
        return self.values[key]


class Writing(AsyncBackendWrite[WireT_contra]):
    """The writing half of somebody's backend."""

    def __init__(self, values):
        self.values = values
        self.deadlines = {}

    async def set(self, key, value, *, time_to_live=None, if_not_exists=False):
        self.values[key] = value
        return True

    async def expire_at(self, key, deadline):
        self.deadlines[key] = deadline


class ReadOnly(AsyncBackend[WireT]):
    """Somebody's backend whose entries are written by something else."""

    def __init__(self, values):
        self.values = values

    @classmethod
    def from_url(cls, url):
        return cls({})

    async def get(self, key):
        return self.values[key]


class Stray:
    """Somebody's backend that derives from nothing."""

    def __init__(self):
        self.values = {}

    async def get(self, key):
        return self.values[key]

    async def set(self, key, value, *, time_to_live=None, if_not_exists=False):
        self.values[key] = value
        return True


class Reversing(
    Serializer[ValueT, str], Serialize[ValueT_contra, str], Deserialize[ValueT_co, str]
):
    """Somebody's serializer."""

    @classmethod
    def from_url(cls, url):
        return cls()

    def serialize(self, value):
        return value[::-1]

    def deserialize(self, data):
        return data[::-1]


async def test_backend_of_somebody_serves_the_cache():
    backend = Dictionary[bytes]()
    cache = Cache(serializer=serializers.PickleSerializer(), backend=backend)

    async with cache:
        await cache.set("a", 1, time_to_live=HOUR)
        await cache.set("a", 2, if_not_exists=True)
        await cache.set_many({"b": 2, "c": 3})
        await cache.expire_in("b", HOUR)
        assert await cache.get("a") == 1
        assert await cache.get("missing") is None
        assert await cache.get_many("a", "missing", "b") == {"a": 1, "b": 2}
        assert await cache.delete("a") is True
        assert await cache.delete("a") is False
        assert list(backend.values) == ["b", "c"]

    assert backend.deadlines["a"] == HOUR
    assert backend.deadlines["b"] > datetime.now(timezone.utc)
    assert backend.deadlines["c"] is None


def test_backend_needs_no_more_than_from_url():
    assert AsyncBackend.__abstractmethods__ == {"from_url"}


async def test_backend_that_only_reads_serves_the_cache():
    cache = Cache(serializer=serializers.NoopSerializer(), backend=ReadOnly({"a": 1, "b": 2}))

    assert await cache.get("a") == 1
    assert await cache.get_many("a", "b", "c") == {"a": 1, "b": 2}


async def test_backend_that_derives_from_nothing_serves_the_cache():
    cache = Cache(serializer=serializers.NoopSerializer(), backend=Stray())

    await cache.set("a", 1)

    assert await cache.get("a") == 1
    assert await cache.get("b") is None


async def test_halves_of_a_backend_do_their_bulk_operations_one_by_one():
    values = {}
    reading, writing = Reading(values), Writing(values)

    await writing.set_many([("a", b"1"), ("b", b"2")])
    await writing.expire_in("a", HOUR)
    await writing.expire_in("b", None)

    numbers = {key: int(wire) async for key, wire in reading.get_many("b", "missing", "a")}
    assert numbers == {"a": 1, "b": 2}
    assert writing.deadlines["a"] > datetime.now(timezone.utc)
    assert writing.deadlines["b"] is None


async def test_serializer_of_somebody_serves_the_cache():
    backend = MemoryBackend()
    cache = Cache(
        serializer=serializers.ChainedSerializer([Reversing.from_url("reversing://")]),
        backend=backend,
    )

    await cache.set("key", "value")

    assert await backend.get("key") == "eulav"
    assert await cache.get("key") == "value"

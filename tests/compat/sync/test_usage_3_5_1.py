# Generated from tests/compat/async_/test_usage_3_5_1.py by tools/unasync.py. Do not edit: edit that file instead.
"""A program written for release 3.5.1, all of its interface in use.

It runs on that release as well, and passes there: nothing here is new.
"""

from __future__ import annotations

import pickle
from datetime import datetime, timedelta, timezone

import pytest
import redis
import redis.sentinel

from cachetory import serializers
from cachetory.backends import sync as sync_backends
from cachetory.backends.sync import DummyBackend, MemoryBackend, RedisBackend
from cachetory.caches.sync import Cache
from cachetory.decorators.shared import make_default_hashed_key, make_default_key
from cachetory.decorators.sync import cached
from cachetory.interfaces.backends.private import WireT, WireT_co, WireT_contra
from cachetory.interfaces.backends.sync import SyncBackend, SyncBackendRead, SyncBackendWrite
from cachetory.interfaces.serializers import (
    Deserialize,
    Serialize,
    Serializer,
    ValueT,
    ValueT_co,
    ValueT_contra,
)
from cachetory.shortcuts.sync import dummy_cache, memory_cache
from tests.backends.addresses import patient

HOUR = timedelta(hours=1)
CALLS: list[int] = []


@pytest.fixture(autouse=True)
def _no_calls_so_far():
    CALLS.clear()


@pytest.fixture(params=["memory", "redis"])
def backend(request):
    """Make each backend by its URL, and leave it at the end."""
    url = "memory://"
    if request.param == "redis":
        url = patient(request.getfixturevalue("valkey_server").fresh_url())
    with sync_backends.from_url(url) as backend:
        yield backend


@pytest.fixture
def cache(backend) -> Cache[int, bytes]:
    return Cache[int, bytes](serializer=serializers.from_url("pickle+zlib://"), backend=backend)


# The cache


def test_cache_get_of_a_missing_key_gives_the_default(cache):
    assert cache.get("key") is None
    assert cache.get("key", 1) == 1
    assert cache.get("key", default=2) == 2


def test_cache_set_stores_by_position_and_by_name(cache):
    cache.set("a", 1)
    cache.set("b", 2, HOUR)
    cache.set("b", 3, HOUR, True)
    cache.set("c", value=4, time_to_live=None, if_not_exists=True)
    cache.set("c", 5, if_not_exists=True)

    assert cache.get_many("a", "b", "c", "d") == {"a": 1, "b": 2, "c": 4}


def test_cache_set_many_takes_mappings_and_pairs(cache):
    cache.set_many({"a": 1})
    cache.set_many([("b", 2)])
    cache.set_many((key, 3) for key in "cd")

    assert cache.get_many("a", "b", "c", "d") == {"a": 1, "b": 2, "c": 3, "d": 3}


def test_cache_delete_tells_whether_there_was_a_key(cache):
    cache.set("a", 1)

    assert cache.delete("a") is True
    assert cache.delete("a") is False


def test_cache_delete_many_takes_missing_keys_as_well(cache):
    cache.set_many({"a": 1, "b": 2})

    assert cache.delete_many("a", "b", "c") is None

    assert cache.get_many("a", "b") == {}


def test_cache_expire_in_takes_missing_keys_as_well(cache):
    cache.set("a", 1)

    assert cache.expire_in("a", HOUR) is None
    assert cache.expire_in("a", time_to_live=None) is None
    assert cache.expire_in("a") is None
    assert cache.expire_in("missing", HOUR) is None

    assert cache.get("a") == 1


def test_cache_of_memory_cleared_is_empty():
    cache = memory_cache()
    cache.set("a", 1)

    assert cache.clear() is None

    assert cache.get("a") is None


def test_cache_is_a_context_manager(cache):
    with cache as entered:
        entered.set("a", 1)

    assert entered is cache


def test_cache_with_a_prefix_puts_it_before_the_keys(backend):
    cache = Cache(serializer=serializers.PickleSerializer(), backend=backend, prefix="app:")

    cache.set("a", 1)

    assert pickle.loads(backend.get("app:a")) == 1


# Backends


def test_backends_are_made_by_class_and_by_url():
    made = [
        MemoryBackend(),
        MemoryBackend[bytes](),
        MemoryBackend.from_url("memory://"),
        sync_backends.from_url("memory://"),
    ]

    assert {type(backend) for backend in made} == {MemoryBackend}
    assert type(DummyBackend.from_url("dummy://")) is DummyBackend
    assert type(sync_backends.from_url("dummy://")) is DummyBackend
    assert type(RedisBackend.from_url("redis://localhost")) is RedisBackend
    assert type(sync_backends.from_url("rediss://localhost")) is RedisBackend
    assert type(sync_backends.from_url("redis+unix:///server.sock")) is RedisBackend


def test_backend_from_unknown_url_raises_value_error():
    with pytest.raises(ValueError, match="`unknown://` is not supported"):
        sync_backends.from_url("unknown://")


def test_backend_of_memory_tells_its_size():
    backend = MemoryBackend()

    backend.set("a", b"1")

    assert backend.size == 1


def test_backend_of_nothing_keeps_nothing():
    backend = DummyBackend()

    assert backend.set("a", b"1") is True
    backend.set_many([("a", b"1")])
    backend.expire_in("a", HOUR)
    backend.expire_at("a", datetime.now(timezone.utc))
    backend.delete_many("a")
    backend.clear()
    assert backend.delete("a") is False
    assert [key for key, _ in backend.get_many("a")] == []
    with pytest.raises(KeyError, match="a"):
        backend.get("a")


class OneMaster(redis.sentinel.Sentinel):
    """A Sentinel that need not ask to know where the master is."""

    def __init__(self, port):
        super().__init__([])
        self.port = port

    def discover_master(self, service_name):
        return ("127.0.0.1", self.port)


CLIENTS = {
    "by address": lambda server: redis.Redis(host="127.0.0.1", port=server.port),
    "by URL": lambda server: redis.Redis.from_url(server.url, client_name="ours"),
    "by Unix socket": lambda server: redis.Redis(unix_socket_path=str(server.unix_socket)),
    "with one connection": lambda server: redis.Redis(
        port=server.port, single_connection_client=True
    ),
    "with a blocking pool": lambda server: redis.Redis(
        connection_pool=redis.BlockingConnectionPool(port=server.port, max_connections=1)
    ),
    "of a Sentinel": lambda server: OneMaster(server.port).master_for("master"),
}


@pytest.mark.parametrize(
    "make_client",
    [pytest.param(make_client, id=kind) for kind, make_client in CLIENTS.items()],
)
def test_backend_of_redis_takes_clients_of_every_kind(make_client, valkey_server):
    valkey_server.command("DEL", "a", "b")
    client = make_client(valkey_server)

    with RedisBackend(client) as backend:
        backend.set("a", b"1", time_to_live=HOUR)
        backend.set_many([("b", b"2")])
        assert {key: int(wire) for key, wire in backend.get_many("a", "b")} == {
            "a": 1,
            "b": 2,
        }

    assert valkey_server.command("GET", "b") == b"2"
    assert client.get("a") == b"1"
    client.close()
    client.connection_pool.disconnect()


def test_backend_reads_and_writes_wire_values(backend):
    with pytest.raises(KeyError, match="a"):
        backend.get("a")

    assert backend.set("a", b"1") is True
    assert backend.set("a", b"2", time_to_live=HOUR, if_not_exists=True) is False
    assert backend.set("b", b"3", time_to_live=HOUR, if_not_exists=True) is True
    assert backend.set_many([("c", b"4"), ("d", b"5")]) is None
    assert backend.get("a") == b"1"
    numbers = {key: int(wire) for key, wire in backend.get_many("b", "e", "c")}
    assert numbers == {"b": 3, "c": 4}
    assert backend.delete("a") is True
    assert backend.delete("a") is False
    assert backend.delete_many("b", "c", "e") is None
    assert [key for key, _ in backend.get_many("a", "b", "c", "d")] == ["d"]
    assert backend.clear() is None
    assert [key for key, _ in backend.get_many("d")] == []


def test_backend_expires_keys(backend):
    now = datetime.now(timezone.utc)
    backend.set_many([(key, b"1") for key in "abcd"])

    assert backend.expire_in("a", HOUR) is None
    assert backend.expire_in("b", time_to_live=None) is None
    assert backend.expire_at("c", now + HOUR) is None
    assert backend.expire_at("d", now - HOUR) is None
    backend.expire_at("c", None)

    assert [key for key, _ in backend.get_many("a", "b", "c", "d")] == ["a", "b", "c"]


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
def test_serializer_of_each_url_restores_what_is_cached(url):
    cache = Cache(serializer=serializers.from_url(url), backend=MemoryBackend())

    cache.set("a", {"answer": [42, None]})

    assert cache.get("a") == {"answer": [42, None]}


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


def test_decorator_calls_a_function_once_for_the_same_arguments(cache):
    @cached(cache)
    def double(number: int) -> int:
        """Tell twice as much."""
        CALLS.append(number)
        return number * 2

    assert [double(number) for number in (1, 1, 2)] == [2, 2, 4]
    assert CALLS == [1, 2]
    assert (double.__name__, double.__doc__) == ("double", "Tell twice as much.")
    assert double.__wrapped__(1) == 2


def test_decorator_purge_tells_whether_there_was_a_result(cache):
    @cached(cache)
    def double(number: int) -> int:
        return number * 2

    double(1)

    assert double.purge(1) is True
    assert double.purge(1) is False


def test_decorator_hands_function_and_arguments_to_its_callables(cache):
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
    def add(number: int, *, more: int = 0) -> int:
        return number + more

    assert add(1, more=2) == 3

    call = ((add.__wrapped__, 1), {"more": 2})
    assert seen == [call, call, ("key", 3), "key"]
    assert cache.get("key") == 3


def test_decorator_does_not_store_what_is_excluded(cache):
    @cached(cache, make_key=lambda *_: "key", exclude=lambda _key, value: value < 0)
    def identity(number: int) -> int:
        return number

    assert identity(-1) == -1
    assert cache.get("key") is None
    assert identity(1) == 1
    assert cache.get("key") == 1


@pytest.mark.parametrize("no_cache", [None, lambda *_: None])
def test_decorator_without_a_cache_calls_through(no_cache):
    @cached(no_cache)
    def note(number: int) -> None:
        CALLS.append(number)

    note(1)
    note(1)

    assert CALLS == [1, 1]
    assert note.purge(1) is False


@pytest.mark.parametrize("make_key", [make_default_key, make_default_hashed_key])
def test_decorator_takes_the_default_keys_by_name(cache, make_key):
    @cached(cache, make_key=make_key, time_to_live=HOUR, if_not_exists=True)
    def double(number: int) -> int:
        return number * 2

    double(21)

    assert cache.get(make_key(double.__wrapped__, 21)) == 42


def test_decorator_serves_methods(cache):
    class Doubler:
        def __str__(self):
            return "doubler"

        @cached(cache, make_key=make_default_key)
        def double(self, number: int) -> int:
            return number * 2

    assert Doubler().double(21) == 42
    key = make_default_key(Doubler.double.__wrapped__, "doubler", 21)
    assert cache.get(key) == 42


# Shortcuts


def test_shortcut_to_memory_keeps_the_very_object():
    cache, value = memory_cache(), object()

    cache.set("key", value)

    assert cache.get("key") is value


def test_shortcut_to_nothing_keeps_nothing():
    cache = dummy_cache()

    cache.set("key", 1)

    assert cache.get("key") is None


# What others have derived


class Dictionary(SyncBackend[WireT]):
    """Somebody's backend: what it does not implement, the interface does."""

    def __init__(self):
        self.values = {}
        self.deadlines = {}

    @classmethod
    def from_url(cls, url):
        return cls()

    def get(self, key):
        return self.values[key]

    def set(self, key, value, *, time_to_live=None, if_not_exists=False):
        if if_not_exists and key in self.values:
            return False
        self.values[key] = value
        self.deadlines[key] = time_to_live
        return True

    def expire_at(self, key, deadline):
        self.deadlines[key] = deadline

    def delete(self, key):
        return self.values.pop(key, None) is not None

    def clear(self):
        self.values.clear()


class Reading(SyncBackendRead[WireT_co]):
    """The reading half of somebody's backend."""

    def __init__(self, values):
        self.values = values

    def get(self, key):
        return self.values[key]


class Writing(SyncBackendWrite[WireT_contra]):
    """The writing half of somebody's backend."""

    def __init__(self, values):
        self.values = values
        self.deadlines = {}

    def set(self, key, value, *, time_to_live=None, if_not_exists=False):
        self.values[key] = value
        return True

    def expire_at(self, key, deadline):
        self.deadlines[key] = deadline


class ReadOnly(SyncBackend[WireT]):
    """Somebody's backend whose entries are written by something else."""

    def __init__(self, values):
        self.values = values

    @classmethod
    def from_url(cls, url):
        return cls({})

    def get(self, key):
        return self.values[key]


class Stray:
    """Somebody's backend that derives from nothing."""

    def __init__(self):
        self.values = {}

    def get(self, key):
        return self.values[key]

    def set(self, key, value, *, time_to_live=None, if_not_exists=False):
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


def test_backend_of_somebody_serves_the_cache():
    backend = Dictionary[bytes]()
    cache = Cache(serializer=serializers.PickleSerializer(), backend=backend)

    with cache:
        cache.set("a", 1, time_to_live=HOUR)
        cache.set("a", 2, if_not_exists=True)
        cache.set_many({"b": 2, "c": 3})
        cache.expire_in("b", HOUR)
        assert cache.get("a") == 1
        assert cache.get("missing") is None
        assert cache.get_many("a", "missing", "b") == {"a": 1, "b": 2}
        assert cache.delete("a") is True
        assert cache.delete("a") is False
        assert list(backend.values) == ["b", "c"]

    assert backend.deadlines["a"] == HOUR
    assert backend.deadlines["b"] > datetime.now(timezone.utc)
    assert backend.deadlines["c"] is None


def test_backend_needs_no_more_than_from_url():
    assert SyncBackend.__abstractmethods__ == {"from_url"}


def test_backend_that_only_reads_serves_the_cache():
    cache = Cache(serializer=serializers.NoopSerializer(), backend=ReadOnly({"a": 1, "b": 2}))

    assert cache.get("a") == 1
    assert cache.get_many("a", "b", "c") == {"a": 1, "b": 2}


def test_backend_that_derives_from_nothing_serves_the_cache():
    cache = Cache(serializer=serializers.NoopSerializer(), backend=Stray())

    cache.set("a", 1)

    assert cache.get("a") == 1
    assert cache.get("b") is None


def test_halves_of_a_backend_do_their_bulk_operations_one_by_one():
    values = {}
    reading, writing = Reading(values), Writing(values)

    writing.set_many([("a", b"1"), ("b", b"2")])
    writing.expire_in("a", HOUR)
    writing.expire_in("b", None)

    numbers = {key: int(wire) for key, wire in reading.get_many("b", "missing", "a")}
    assert numbers == {"a": 1, "b": 2}
    assert writing.deadlines["a"] > datetime.now(timezone.utc)
    assert writing.deadlines["b"] is None


def test_serializer_of_somebody_serves_the_cache():
    backend = MemoryBackend()
    cache = Cache(
        serializer=serializers.ChainedSerializer([Reversing.from_url("reversing://")]),
        backend=backend,
    )

    cache.set("key", "value")

    assert backend.get("key") == "eulav"
    assert cache.get("key") == "value"

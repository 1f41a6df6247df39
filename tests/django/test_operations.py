"""What the methods of the Django cache do, by both ways of calling, over the same entries."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache.backends.base import CacheKeyWarning

from cachetory.caches.sync import Cache
from tests.backends.addresses import connections_made, database_of, patient
from tests.django.stores import fresh_memory, make

if TYPE_CHECKING:
    from cachetory.django import CachetoryCache
    from tests.servers import Server


# Both ways


async def test_both_ways_work_on_the_same_entries(cache: CachetoryCache) -> None:
    cache.set("plain", 1)
    await cache.aset("awaited", 2)

    assert await cache.aget("plain") == 1
    assert cache.get("awaited") == 2
    assert cache.get_many(["plain", "awaited", "none"]) == {"plain": 1, "awaited": 2}
    assert await cache.aget_many(["awaited", "none"]) == {"awaited": 2}
    assert await cache.adelete("plain") is True
    assert cache.has_key("plain") is False
    assert await cache.ahas_key("awaited") is True
    assert cache.delete("plain") is False


@pytest.mark.parametrize("url", ["memory://", "memory://?max-entries=7"])
async def test_both_ways_share_a_memory_store_without_a_name(url: str) -> None:
    make(url, KEY_PREFIX="unnamed").set("key", 1)

    assert await make(url, KEY_PREFIX="unnamed").aget("key") == 1


async def test_every_method_has_an_awaited_one_that_does_the_same(cache: CachetoryCache) -> None:
    assert await cache.aadd("key", 1) is True
    assert await cache.aadd("key", 2) is False
    assert await cache.aincr("key", 2) == 3
    assert await cache.adecr("key") == 2
    assert await cache.aincr_version("key") == 2
    assert await cache.aget("key", version=2) == 2
    assert await cache.adecr_version("key", version=2) == 1
    assert await cache.aset_many({"a": 1, "b": 2}) == []
    assert await cache.adelete_many(["a"]) is None
    assert await cache.aget_many(["a", "b", "key"]) == {"b": 2, "key": 2}
    assert await cache.atouch("b", 100) is True
    assert await cache.atouch("a", 100) is False
    assert await cache.aget_or_set("c", lambda: 3) == 3
    assert await cache.aget_or_set("c", 4) == 3
    await cache.aclear()
    assert await cache.aget_many(["b", "c", "key"]) == {}


@pytest.mark.parametrize("url", ["memory", "server"], indirect=True)  # a file takes threads
async def test_awaited_methods_start_no_thread(cache: CachetoryCache) -> None:
    before = set(threading.enumerate())
    loaded_by: list[threading.Thread] = []

    async def load() -> int:
        loaded_by.append(threading.current_thread())
        return 1

    await cache.aset("key", 1)
    await cache.aget_or_set("other", load)
    await cache.aincr("key")
    await cache.aclear()

    assert loaded_by == [threading.current_thread()]
    assert set(threading.enumerate()) <= before


async def test_none_is_a_value_like_any_other(cache: CachetoryCache) -> None:
    assert cache.get_or_set("key", lambda: None) is None

    assert cache.get("key", "default") is None
    assert await cache.aget("key", "default") is None
    assert cache.add("key", 1) is False


# Timeouts


@pytest.mark.parametrize("timeout", [0, -1, 0.0])
async def test_timeout_that_is_over_stores_nothing_and_removes(
    cache: CachetoryCache, timeout: float
) -> None:
    for key in ("a", "b", "c", "d"):
        cache.set(key, "old")
    cache.set("a", 1, timeout)
    assert cache.set_many({"b": 1}, timeout) == []
    assert cache.touch("c", timeout) is True
    await cache.aset("d", 1, timeout)

    assert cache.get_many("abcd") == {}
    assert cache.add("a", 1, timeout) is True
    assert await cache.aadd("a", 1, timeout) is True
    assert cache.get_or_set("a", lambda: 5, timeout) == 5
    assert cache.get("a") is None


def test_add_that_is_over_leaves_what_is_there(cache: CachetoryCache) -> None:
    cache.set("key", 1)

    assert cache.add("key", 2, 0) is False
    assert cache.get("key") == 1


@pytest.mark.parametrize(
    ("settings", "given", "expected"),
    [
        ({}, {}, 300),
        ({"TIMEOUT": 20}, {}, 20),
        ({"TIMEOUT": 20}, {"timeout": 0.5}, 0.5),
        ({"TIMEOUT": 20}, {"timeout": None}, None),
        ({"TIMEOUT": None}, {}, None),
        ({"TIMEOUT": None}, {"timeout": 60 * 60 * 24 * 100}, 60 * 60 * 24 * 100),
    ],
)
async def test_timeout_left_out_is_that_of_the_settings(
    valkey_server: Server, settings: dict[str, Any], given: dict[str, Any], expected: float | None
) -> None:
    url = patient(valkey_server.fresh_url())
    cache = make(url, **settings)
    cache.set("set", 1, **given)
    cache.add("add", 1, **given)
    cache.set_many({"set_many": 1}, **given)
    cache.get_or_set("get_or_set", 1, **given)
    cache.set("touch", 1, timeout=10_000)
    cache.touch("touch", **given)
    await cache.aset("aset", 1, **given)
    await cache.aget_or_set("aget_or_set", 1, **given)
    await cache.aclose()

    for key in ("set", "add", "set_many", "get_or_set", "touch", "aset", "aget_or_set"):
        left = left_of(valkey_server, url, key)
        if expected is None:
            assert left is None, key
        elif left is not None:  # what lives for half a second may be over
            assert expected - 60 < left <= expected, key
        else:
            assert expected < 1, key


async def test_increment_keeps_the_timeout(valkey_server: Server) -> None:
    url = patient(valkey_server.fresh_url())
    for options in ({}, {"POLICY": {"stale_if_error": 3600}}):
        cache = make(url, options, TIMEOUT=20)
        cache.set("mortal", 1, timeout=1000)
        cache.set("eternal", 1, timeout=None)

        assert (cache.incr("mortal"), await cache.aincr("mortal")) == (2, 3)
        assert cache.decr("eternal") == 0
        kept = left_of(valkey_server, url, "mortal")
        assert kept is not None
        assert kept > 900
        assert left_of(valkey_server, url, "eternal") is None
        await cache.aclose()


def left_of(server: Server, url: str, key: str) -> float | None:
    """Tell how many seconds the server keeps a key of a cache without a prefix."""
    left = server.command("PTTL", f"django:::1:{key}", database=database_of(url))
    assert isinstance(left, int)
    return None if left < 0 else left / 1000


# Numbers


async def test_increment_of_missing_key_is_a_value_error(cache: CachetoryCache) -> None:
    for call in (cache.incr, cache.decr):
        with pytest.raises(ValueError, match="'missing' not found"):
            call("missing")
    with pytest.raises(ValueError, match="'missing' not found"):
        await cache.aincr("missing")

    assert cache.add("missing", 1) is True


def test_increment_of_what_is_no_number_leaves_it(cache: CachetoryCache) -> None:
    cache.set("key", "text")
    with pytest.raises(TypeError):
        cache.incr("key")

    assert cache.get("key") == "text"


def test_increment_without_claims_is_refused() -> None:
    cache = make("django://MixedCase", KEY_PREFIX="nested")
    cache.set("key", 1)
    with pytest.raises(NotImplementedError, match="DjangoBackend cannot change a value"):
        cache.incr("key")
    with pytest.raises(ValueError, match="'missing' not found"):
        cache.incr("missing")


# Keys


def test_keys_are_kept_apart_by_prefix_and_version(url: str) -> None:
    one, two = make(url, KEY_PREFIX="a"), make(url, KEY_PREFIX="a:1")
    one.set("key", 1)
    one.set("key", 2, version=2)

    assert two.get("key") is None
    assert make(url, KEY_PREFIX="a", VERSION=2).get("key") == 2
    assert one.incr_version("key", version=2) == 3
    assert one.get("key", version=3) == 2


async def test_clear_removes_its_own_entries_only(url: str) -> None:
    mine, theirs, nobodys = make(url, KEY_PREFIX="a"), make(url, KEY_PREFIX="a:b"), make(url)
    others = Cache[int](serializer="pickle://", backend=url, prefix="app:")
    for cache in (mine, theirs, nobodys):
        cache.set("key", 1)
    mine.set("key", 2, version=2)
    others.set("key", 1)

    mine.clear()
    assert mine.get("key") is mine.get("key", version=2) is None
    assert (theirs.get("key"), nobodys.get("key")) == (1, 1)
    await nobodys.aclear()
    await nobodys.aclose()
    assert (theirs.get("key"), nobodys.get("key"), others.get("key")) == (1, None, 1)
    others.close()


def shout(key: str, key_prefix: str, version: int) -> str:
    return f"{key}!{version}{key_prefix}"


def test_key_function_makes_the_keys(url: str) -> None:
    for function in (shout, f"{__name__}.shout"):
        cache = make(url, KEY_PREFIX="p", KEY_FUNCTION=function)
        cache.set("key", 1)

        assert cache.make_key("key") == "key!1p"
        assert Cache[int](serializer="pickle://", backend=url).get("django:p:key!1p") == 1
        cache.clear()
        assert cache.get("key") is None


async def test_keys_that_memcached_would_refuse_are_warned_of(cache: CachetoryCache) -> None:
    calls: dict[str, Any] = {"set": (1,), "get": (), "delete": (), "has_key": (), "touch": ()}
    for name, arguments in calls.items():
        with pytest.warns(CacheKeyWarning, match="memcached"):
            getattr(cache, name)("a key", *arguments)
        with pytest.warns(CacheKeyWarning, match="memcached"):
            await getattr(cache, f"a{name}")("a key", *arguments)
    with pytest.warns(CacheKeyWarning, match="longer than 250"):
        cache.set_many({"k" * 251: 1})

    assert cache.get_many(["plain"]) == {}


# Connections


async def test_end_of_a_request_keeps_the_connections(valkey_server: Server) -> None:
    url = patient(valkey_server.fresh_url())
    make(url).set("key", 1)
    await make(url).aset("key", 1)
    before = connections_made(valkey_server)

    for _ in range(3):
        cache = make(url)  # as Django makes one for each thread or context
        cache.get("key")
        await cache.aget("key")
        cache.close()

    assert connections_made(valkey_server) - before == 1  # that which counts
    await make(url).aclose()
    assert await make(url).aget("key") == 1
    assert connections_made(valkey_server) - before == 3
    await make(url).aclose()


def test_caches_with_other_options_share_a_store_not_their_prefix() -> None:
    url = fresh_memory()
    make(url, {"SERIALIZER": "json://"}, KEY_PREFIX="json").set("key", [1])

    found = make(url, {"SERIALIZER": "noop://"}, KEY_PREFIX="json")
    assert found.get("key") == b"[1]"
    assert make(url).get("key") is None


def test_values_are_copies_unless_they_are_kept_as_they_are() -> None:
    url = fresh_memory()
    value: dict[str, list[int]] = defaultdict(list)
    make(url).set("key", value)
    make(url, {"SERIALIZER": "noop://"}, KEY_PREFIX="noop").set("key", value)

    assert make(url).get("key") is not value
    assert make(url, {"SERIALIZER": "noop://"}, KEY_PREFIX="noop").get("key") is value

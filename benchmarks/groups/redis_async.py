"""Operations on a Redis server in one event loop, alone and many at once."""

# ruff: noqa: PLC0415
# A library is imported where it is measured, so that one may be missing.

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from benchmarks.cases import SECONDS, TIME_TO_LIVE, VALUE, Group
from benchmarks.groups.redis_sync import REDIS_PY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.cases import Bench, Case

GET, SET = "get", "set, TTL"
GET_MANY = "get_many(100)"
GETS_AT_ONCE, SETS_AT_ONCE = "100 gets at once", "100 sets at once, TTL"


def redis_py(bench: Bench) -> Iterator[Case]:
    """The client itself."""
    from redis.asyncio import Redis

    client = Redis.from_url(bench.redis_url)
    for key in bench.keys:
        bench.run(client.set(key, VALUE, ex=SECONDS))
    yield bench.case(GET, "await client.get(key)", client=client)
    yield bench.case(SET, "await client.set(key, value, ex=seconds)", client=client)
    yield bench.case(GET_MANY, "await client.mget(keys)", client=client)
    yield bench.case(
        GETS_AT_ONCE, "await gather(*[client.get(key) for key in keys])", client=client
    )
    yield bench.case(
        SETS_AT_ONCE,
        "await gather(*[client.set(key, value, ex=seconds) for key in keys])",
        client=client,
    )


def cachetory(bench: Bench) -> Iterator[Case]:
    """With the serializer that leaves bytes alone."""
    from cachetory.backends.async_ import RedisBackend
    from cachetory.caches.async_ import Cache
    from cachetory.serializers import NoopSerializer

    backend = RedisBackend.from_url(bench.redis_url)
    cache = Cache[bytes, bytes](serializer=NoopSerializer(), backend=backend)
    for key in bench.keys:
        bench.run(cache.set(key, VALUE, time_to_live=TIME_TO_LIVE))
    yield bench.case(GET, "await cache.get(key)", cache=cache)
    yield bench.case(SET, "await cache.set(key, value, time_to_live=ttl)", cache=cache)
    yield bench.case(GET_MANY, "await cache.get_many(*keys)", cache=cache)
    yield bench.case(GETS_AT_ONCE, "await gather(*[cache.get(key) for key in keys])", cache=cache)
    yield bench.case(
        SETS_AT_ONCE,
        "await gather(*[cache.set(key, value, time_to_live=ttl) for key in keys])",
        cache=cache,
    )


def open_aiocache(url: str) -> Any:
    """Make a cache of aiocache with the serializer that leaves bytes alone."""
    from aiocache import RedisCache
    from aiocache.serializers import NullSerializer

    address = urlsplit(url)
    return RedisCache(
        serializer=NullSerializer(encoding=None),
        endpoint=address.hostname,
        port=address.port or 6379,
        password=unquote(address.password) if address.password else None,
        db=int(address.path.strip("/") or 0),
    )


def open_cashews(url: str) -> Any:
    """Make a cache of cashews, which pickles every value."""
    from cashews import Cache

    cache = Cache()
    cache.setup(url, client_side=False)
    return cache


def aiocache(bench: Bench) -> Iterator[Case]:
    """With the serializer that leaves bytes alone."""
    cache = open_aiocache(bench.redis_url)
    for key in bench.keys:
        bench.run(cache.set(key, VALUE, ttl=SECONDS))
    yield bench.case(GET, "await cache.get(key)", cache=cache)
    yield bench.case(SET, "await cache.set(key, value, ttl=seconds)", cache=cache)
    yield bench.case(GET_MANY, "await cache.multi_get(keys)", cache=cache)
    yield bench.case(GETS_AT_ONCE, "await gather(*[cache.get(key) for key in keys])", cache=cache)
    yield bench.case(
        SETS_AT_ONCE,
        "await gather(*[cache.set(key, value, ttl=seconds) for key in keys])",
        cache=cache,
    )


def cashews(bench: Bench) -> Iterator[Case]:
    """It pickles every value."""
    cache = open_cashews(bench.redis_url)
    for key in bench.keys:
        bench.run(cache.set(key, VALUE, expire=SECONDS))
    yield bench.case(GET, "await cache.get(key)", cache=cache)
    yield bench.case(SET, "await cache.set(key, value, expire=seconds)", cache=cache)
    yield bench.case(GET_MANY, "await cache.get_many(*keys)", cache=cache)
    yield bench.case(GETS_AT_ONCE, "await gather(*[cache.get(key) for key in keys])", cache=cache)
    yield bench.case(
        SETS_AT_ONCE,
        "await gather(*[cache.set(key, value, expire=seconds) for key in keys])",
        cache=cache,
    )


GROUP = Group(
    name="redis-async",
    title="Redis, async",
    about=(
        "The same in one event loop of asyncio: one operation after another, and 100 at once by "
        "`asyncio.gather`, as a multiple of the same operation of redis-py 8; less is better."
    ),
    baselines={
        operation: (REDIS_PY, operation)
        for operation in (GET, SET, GET_MANY, GETS_AT_ONCE, SETS_AT_ONCE)
    },
    libraries={
        REDIS_PY: redis_py,
        "cachetory": cachetory,
        "aiocache": aiocache,
        "cashews": cashews,
    },
    needs_server=True,
)

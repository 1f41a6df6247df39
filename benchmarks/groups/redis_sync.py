"""Operations on a Redis server, one after another in one thread."""

# ruff: noqa: PLC0415
# A library is imported where it is measured, so that one may be missing.

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.cases import SECONDS, TIME_TO_LIVE, VALUE, Group

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.cases import Bench, Case

GET, SET = "get", "set, TTL"
GET_MANY, SET_MANY, SET_MANY_TTL = "get_many(100)", "set_many(100)", "set_many(100), TTL"


def redis_py(bench: Bench) -> Iterator[Case]:
    """The client itself; it writes many values with a time to live in a transaction."""
    from redis import Redis

    client = Redis.from_url(bench.redis_url)

    def set_many() -> None:
        pipeline = client.pipeline()
        for key, value in bench.items.items():
            pipeline.set(key, value, ex=SECONDS)
        pipeline.execute()

    set_many()
    yield bench.case(GET, "client.get(key)", client=client)
    yield bench.case(SET, "client.set(key, value, ex=seconds)", client=client)
    yield bench.case(GET_MANY, "client.mget(keys)", client=client)
    yield bench.case(SET_MANY, "client.mset(items)", client=client)
    yield bench.case(SET_MANY_TTL, "set_many()", set_many=set_many)


def cachetory(bench: Bench) -> Iterator[Case]:
    """With the serializer that leaves bytes alone."""
    from cachetory.backends.sync import RedisBackend
    from cachetory.caches.sync import Cache
    from cachetory.serializers import NoopSerializer

    backend = RedisBackend.from_url(bench.redis_url)
    cache = Cache[bytes, bytes](serializer=NoopSerializer(), backend=backend)
    for key in bench.keys:
        cache.set(key, VALUE, time_to_live=TIME_TO_LIVE)
    yield bench.case(GET, "cache.get(key)", cache=cache)
    yield bench.case(SET, "cache.set(key, value, time_to_live=ttl)", cache=cache)
    yield bench.case(GET_MANY, "cache.get_many(*keys)", cache=cache)
    yield bench.case(SET_MANY, "cache.set_many(items)", cache=cache)
    yield bench.case(SET_MANY_TTL, "cache.set_many(items, time_to_live=ttl)", cache=cache)


def dogpile(bench: Bench) -> Iterator[Case]:
    """It wraps every value with the time at which it was made."""
    from dogpile.cache import make_region

    region = make_region().configure(
        "dogpile.cache.redis",
        expiration_time=SECONDS,
        arguments={"url": bench.redis_url, "redis_expiration_time": SECONDS},
    )
    region.set_multi(bench.items)
    yield bench.case(GET, "region.get(key)", region=region)
    yield bench.case(SET, "region.set(key, value)", region=region)
    yield bench.case(GET_MANY, "region.get_multi(keys)", region=region)
    yield bench.case(SET_MANY_TTL, "region.set_multi(items)", region=region)


REDIS_PY = "redis-py 8"

GROUP = Group(
    name="redis",
    title="Redis, sync",
    about=(
        "Time as a multiple of the same operation of redis-py 8 with hiredis; less is better. "
        "Release 3.5.1 of cachetory needs redis-py below 7; so that the comparison is on equal "
        "terms, both ours and redis-py are also measured at 6.4, in another environment."
    ),
    baselines={
        operation: (REDIS_PY, operation)
        for operation in (GET, SET, GET_MANY, SET_MANY, SET_MANY_TTL)
    },
    libraries={REDIS_PY: redis_py, "cachetory": cachetory, "dogpile.cache": dogpile},
    needs_server=True,
)

"""Hits, misses and writes in the memory of the process."""

# ruff: noqa: PLC0415
# A library is imported where it is measured, so that one may be missing.

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.cases import MAX_ENTRIES, SECONDS, TIME_TO_LIVE, VALUE, Group

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.cases import Bench, Case

GET, MISS, SET = "get", "get, missing", "set"
ASYNC_GET, ASYNC_MISS, ASYNC_SET = "async get", "async get, missing", "async set"


def dict_(bench: Bench) -> Iterator[Case]:
    """A bare dictionary: no bound, no time to live."""
    store = {bench.key: VALUE}
    yield bench.case(GET, "store.get(key)", store=store)
    yield bench.case(MISS, "store.get(missing)", store=store)
    yield bench.case(SET, "store[key] = value", store=store)


def cachetory(bench: Bench) -> Iterator[Case]:
    """Both colours, with the serializer that leaves values alone."""
    from cachetory.backends import async_, sync
    from cachetory.caches.async_ import Cache as AsyncCache
    from cachetory.caches.sync import Cache
    from cachetory.serializers import NoopSerializer

    cache = Cache(serializer=NoopSerializer(), backend=sync.MemoryBackend())
    cache.set(bench.key, VALUE, time_to_live=TIME_TO_LIVE)
    yield bench.case(GET, "cache.get(key)", cache=cache)
    yield bench.case(MISS, "cache.get(missing)", cache=cache)
    yield bench.case(SET, "cache.set(key, value, time_to_live=ttl)", cache=cache)

    async_cache = AsyncCache(serializer=NoopSerializer(), backend=async_.MemoryBackend())
    bench.run(async_cache.set(bench.key, VALUE, time_to_live=TIME_TO_LIVE))
    yield bench.case(ASYNC_GET, "await cache.get(key)", cache=async_cache)
    yield bench.case(ASYNC_MISS, "await cache.get(missing)", cache=async_cache)
    yield bench.case(ASYNC_SET, "await cache.set(key, value, time_to_live=ttl)", cache=async_cache)


def cachetools(bench: Bench) -> Iterator[Case]:
    """One time to live for all keys; not safe for threads."""
    from cachetools import TTLCache

    cache = TTLCache(MAX_ENTRIES, SECONDS)
    cache[bench.key] = VALUE
    yield bench.case(GET, "cache.get(key)", cache=cache)
    yield bench.case(MISS, "cache.get(missing)", cache=cache)
    yield bench.case(SET, "cache[key] = value", cache=cache)


def cachebox(bench: Bench) -> Iterator[Case]:
    """One time to live for all keys."""
    from cachebox import TTLCache

    cache = TTLCache(MAX_ENTRIES, SECONDS)
    cache[bench.key] = VALUE
    yield bench.case(GET, "cache.get(key)", cache=cache)
    yield bench.case(MISS, "cache.get(missing)", cache=cache)
    yield bench.case(SET, "cache[key] = value", cache=cache)


def cachebox_per_key(bench: Bench) -> Iterator[Case]:
    """Its cache with a time to live per key."""
    from cachebox import VTTLCache

    cache = VTTLCache(MAX_ENTRIES)
    cache.insert(bench.key, VALUE, ttl=SECONDS)
    yield bench.case(GET, "cache.get(key)", cache=cache)
    yield bench.case(MISS, "cache.get(missing)", cache=cache)
    yield bench.case(SET, "cache.insert(key, value, ttl=seconds)", cache=cache)


def theine(bench: Bench) -> Iterator[Case]:
    """With its locks, as by default."""
    from theine import Cache

    cache = Cache(MAX_ENTRIES)
    cache.set(bench.key, VALUE, ttl=TIME_TO_LIVE)
    yield bench.case(GET, "cache.get(key)", cache=cache)
    yield bench.case(MISS, "cache.get(missing)", cache=cache)
    yield bench.case(SET, "cache.set(key, value, ttl=ttl)", cache=cache)


def dogpile(bench: Bench) -> Iterator[Case]:
    """One time to live for the region; unbounded."""
    from dogpile.cache import make_region

    region = make_region().configure("dogpile.cache.memory", expiration_time=SECONDS)
    region.set(bench.key, VALUE)
    yield bench.case(GET, "region.get(key)", region=region)
    yield bench.case(MISS, "region.get(missing)", region=region)
    yield bench.case(SET, "region.set(key, value)", region=region)


def diskcache(bench: Bench) -> Iterator[Case]:
    """It keeps everything in SQLite, on disk."""
    from diskcache import Cache

    cache = Cache(str(bench.directory / "diskcache-memory"))
    cache.set(bench.key, VALUE, expire=SECONDS)
    yield bench.case(GET, "cache.get(key)", cache=cache)
    yield bench.case(MISS, "cache.get(missing)", cache=cache)
    yield bench.case(SET, "cache.set(key, value, expire=seconds)", cache=cache)


def aiocache(bench: Bench) -> Iterator[Case]:
    """Asynchronous only; unbounded."""
    from aiocache import SimpleMemoryCache

    cache = SimpleMemoryCache()
    bench.run(cache.set(bench.key, VALUE, ttl=SECONDS))
    yield bench.case(ASYNC_GET, "await cache.get(key)", cache=cache)
    yield bench.case(ASYNC_MISS, "await cache.get(missing)", cache=cache)
    yield bench.case(ASYNC_SET, "await cache.set(key, value, ttl=seconds)", cache=cache)


def cashews(bench: Bench) -> Iterator[Case]:
    """Asynchronous only."""
    from cashews import Cache

    cache = Cache()
    cache.setup("mem://", size=MAX_ENTRIES)
    bench.run(cache.set(bench.key, VALUE, expire=SECONDS))
    yield bench.case(ASYNC_GET, "await cache.get(key)", cache=cache)
    yield bench.case(ASYNC_MISS, "await cache.get(missing)", cache=cache)
    yield bench.case(ASYNC_SET, "await cache.set(key, value, expire=seconds)", cache=cache)


GROUP = Group(
    name="memory",
    title="In memory",
    about=(
        "Time as a multiple of one `dict.get` that hits; less is better. Entries have a time to "
        "live of an hour; those of cachetools, of cachebox's `TTLCache` and of dogpile.cache have "
        "one for the whole cache, and diskcache keeps its entries on disk. No library serializes "
        "the value, which is 100 bytes."
    ),
    baselines=dict.fromkeys(
        (GET, MISS, SET, ASYNC_GET, ASYNC_MISS, ASYNC_SET), ("a bare `dict`", GET)
    ),
    libraries={
        "a bare `dict`": dict_,
        "cachetory": cachetory,
        "cachebox `TTLCache`": cachebox,
        "cachebox `VTTLCache`": cachebox_per_key,
        "cachetools `TTLCache`": cachetools,
        "dogpile.cache": dogpile,
        "theine": theine,
        "diskcache": diskcache,
        "aiocache": aiocache,
        "cashews": cashews,
    },
)

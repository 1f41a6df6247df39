"""Calls of a decorated function whose result is in the memory of the process."""

# ruff: noqa: PLC0415
# A library is imported where it is measured, so that one may be missing.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.cases import MAX_ENTRIES, SECONDS, TIME_TO_LIVE, VALUE, Group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.cases import Bench, Case

ONE, TWO, ASYNC_ONE = "`f(k)`", "`f(k, b=2)`", "async `f(k)`"


def of_one(k: str) -> bytes:
    """Give the value."""
    return VALUE


def of_two(k: str, b: int = 1) -> bytes:
    """Give the value."""
    return VALUE


async def async_of_one(k: str) -> bytes:
    """Give the value."""
    return VALUE


def sync_cases(bench: Bench, decorate: Callable[..., Any]) -> Iterator[Case]:
    """Decorate a function of one argument and one of two, and measure calls."""
    yield bench.case(ONE, "f(key)", f=decorate(of_one))
    yield bench.case(TWO, "f(key, b=2)", f=decorate(of_two))


def async_case(bench: Bench, decorate: Callable[..., Any]) -> Case:
    """Decorate an asynchronous function of one argument, and measure a call."""
    return bench.case(ASYNC_ONE, "await f(key)", f=decorate(async_of_one))


def lru_cache(bench: Bench) -> Iterator[Case]:
    """The standard library's: no time to live."""
    from functools import lru_cache

    yield from sync_cases(bench, lru_cache(MAX_ENTRIES))


def cachetory(bench: Bench) -> Iterator[Case]:
    """Both colours."""
    from cachetory.backends import async_, sync
    from cachetory.caches.async_ import Cache as AsyncCache
    from cachetory.caches.sync import Cache
    from cachetory.decorators.async_ import cached as async_cached
    from cachetory.decorators.sync import cached
    from cachetory.serializers import NoopSerializer

    cache = Cache(serializer=NoopSerializer(), backend=sync.MemoryBackend())
    yield from sync_cases(bench, cached(cache, time_to_live=TIME_TO_LIVE))
    async_cache = AsyncCache(serializer=NoopSerializer(), backend=async_.MemoryBackend())
    yield async_case(bench, async_cached(async_cache, time_to_live=TIME_TO_LIVE))


def cachetools(bench: Bench) -> Iterator[Case]:
    """Not safe for threads, as by default."""
    from cachetools import TTLCache, cached

    yield from sync_cases(bench, cached(TTLCache(MAX_ENTRIES, SECONDS)))


def cachebox(bench: Bench) -> Iterator[Case]:
    """One time to live for all keys: its decorator knows no other."""
    from cachebox import TTLCache, cached

    yield from sync_cases(bench, cached(TTLCache(MAX_ENTRIES, SECONDS)))
    yield async_case(bench, cached(TTLCache(MAX_ENTRIES, SECONDS)))


def theine(bench: Bench) -> Iterator[Case]:
    """Both colours."""
    from theine import Memoize

    yield from sync_cases(bench, Memoize(MAX_ENTRIES, TIME_TO_LIVE))
    yield async_case(bench, Memoize(MAX_ENTRIES, TIME_TO_LIVE))


def async_lru(bench: Bench) -> Iterator[Case]:
    """Asynchronous only."""
    from async_lru import alru_cache

    yield async_case(bench, alru_cache(MAX_ENTRIES, ttl=SECONDS))


def dogpile(bench: Bench) -> Iterator[Case]:
    """With the key generator that takes named arguments."""
    from dogpile.cache import make_region
    from dogpile.cache.util import kwarg_function_key_generator

    region = make_region(function_key_generator=kwarg_function_key_generator)
    region.configure("dogpile.cache.memory", expiration_time=SECONDS)
    yield from sync_cases(bench, region.cache_on_arguments())


def diskcache(bench: Bench) -> Iterator[Case]:
    """It keeps everything in SQLite, on disk."""
    from diskcache import Cache

    cache = Cache(str(bench.directory / "diskcache-decorated"))
    yield from sync_cases(bench, cache.memoize(expire=SECONDS))


def aiocache(bench: Bench) -> Iterator[Case]:
    """Asynchronous only."""
    from aiocache import cached

    yield async_case(bench, cached(ttl=SECONDS))


def cashews(bench: Bench) -> Iterator[Case]:
    """Asynchronous only."""
    from cashews import Cache

    cache = Cache()
    cache.setup("mem://", size=MAX_ENTRIES)
    yield async_case(bench, cache(ttl=TIME_TO_LIVE))


LRU_CACHE = "`functools.lru_cache`"

GROUP = Group(
    name="decorated",
    title="Decorated functions",
    about=(
        "Time of a call that hits as a multiple of one of `functools.lru_cache`, which is in C and "
        "knows no time to live; less is better. The asynchronous call is compared with its "
        "synchronous `f(k)`. Results live for an hour."
    ),
    baselines={ONE: (LRU_CACHE, ONE), TWO: (LRU_CACHE, TWO), ASYNC_ONE: (LRU_CACHE, ONE)},
    libraries={
        LRU_CACHE: lru_cache,
        "cachetory": cachetory,
        "cachebox": cachebox,
        "cachetools": cachetools,
        "async-lru": async_lru,
        "theine": theine,
        "dogpile.cache": dogpile,
        "diskcache": diskcache,
        "aiocache": aiocache,
        "cashews": cashews,
    },
)

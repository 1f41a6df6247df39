"""What a backend adds to its client, or spares it: gets of bytes in one event loop."""

# ruff: noqa: PLC0415
# A library is imported where it is measured, so that one may be missing.

from __future__ import annotations

import asyncio
from functools import partial
from itertools import chain
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.cases import SECONDS, TIME_TO_LIVE, VALUE, Case, Group
from benchmarks.groups.backend_sync import glide_configuration
from benchmarks.groups.redis_async import open_aiocache, open_cashews
from benchmarks.groups.redis_sync import REDIS_PY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from benchmarks.cases import Bench

CROWD = 1000
PATIENCE = 10
"""Seconds that gets may take when they are tried."""

SMALL, MEDIUM, LARGE = VALUE, VALUE * 100, VALUE * 10_000
"""Values of 100 bytes, 10 KB and 1 MB."""

BESIDE_LARGE = "p99 of a get beside 1 MB"
SMALL_TASKS, SMALL_GETS = 50, 100
LARGE_TASKS, LARGE_GETS = 2, 25
"""So many take longer than a turn may, so that nobody's best of several turns is shown."""


class Gets(NamedTuple):
    """Gets of one statement: as many tasks at once, which make so many one after another."""

    operation: str
    statement: str
    tasks: int = 1
    each: int = 1
    value: bytes = SMALL


ONE, AT_ONCE = "await get(key)", "await gather(*[get(key) for key in keys])"
IN_TURN = "await gather(*[get_all(some) for some in parts])"

CASES = (
    Gets("get", ONE),
    Gets("100 gets at once", AT_ONCE, 100),
    Gets("1,000 gets at once", AT_ONCE, CROWD),
    Gets("100 tasks of 5 gets", IN_TURN, 100, 5),
    Gets("get, 10 KB", ONE, value=MEDIUM),
    Gets("100 gets at once, 10 KB", AT_ONCE, 100, value=MEDIUM),
)


class Store(NamedTuple):
    """The operations of one library; whatever it writes lives for an hour.

    Attributes:
        get: gives the value of a key.
        put: sets it.
        get_in_crowd: the same as `get` by another client, if one is needed for 1,000 at once.
    """

    get: Callable[[str], Awaitable[Any]]
    put: Callable[[str, bytes], Awaitable[Any]]
    get_in_crowd: Callable[[str], Awaitable[Any]] | None = None


async def redis_py(url: str) -> Store:
    """The client itself; 1,000 at once, its pool of 100 connections would refuse."""
    from redis.asyncio import Redis

    client, roomy = Redis.from_url(url), Redis.from_url(url, max_connections=CROWD)
    return Store(client.get, partial(client.set, ex=SECONDS), roomy.get)


async def cachetory(url: str) -> Store:
    """The backend alone, without a cache."""
    from cachetory.backends.async_ import RedisBackend

    backend = RedisBackend.from_url(url)
    return Store(backend.get, partial(backend.set, time_to_live=TIME_TO_LIVE))


async def aiocache(url: str) -> Store:
    """With the serializer that leaves bytes alone."""
    cache = open_aiocache(url)
    return Store(cache.get, partial(cache.set, ttl=SECONDS))


async def cashews(url: str) -> Store:
    """It pickles every value."""
    cache = open_cashews(url)
    return Store(cache.get, partial(cache.set, expire=SECONDS))


async def coredis(url: str) -> Store:
    """It has to be entered before use."""
    from coredis import Redis

    client = await Redis.from_url(url).__aenter__()
    return Store(client.get, partial(client.set, ex=SECONDS))


async def valkey_glide(url: str) -> Store:
    """A core in Rust, which answers from a thread of its own."""
    import glide

    client = await glide.GlideClient.create(glide_configuration(glide, url))
    expiry = glide.ExpirySet(glide.ExpiryType.SEC, SECONDS)
    return Store(client.get, partial(client.set, expiry=expiry))


def _cases(open_store: Callable[[str], Awaitable[Store]], bench: Bench) -> Iterator[Case]:
    store = bench.run(open_store(bench.redis_url))
    keys = {
        SMALL: bench.more_keys("small", CROWD),
        MEDIUM: bench.more_keys("medium", 100),
        LARGE: bench.more_keys("large", LARGE_TASKS),
    }
    for value, its_keys in keys.items():
        for key in its_keys:
            bench.run(store.put(key, value))
    for gets in CASES:
        yield _getting(bench, store, gets, keys[gets.value])
    yield _beside_large(bench, store.get, keys[SMALL][:SMALL_TASKS], keys[LARGE])


def _getting(bench: Bench, store: Store, gets: Gets, keys: list[str]) -> Case:
    get = store.get_in_crowd if gets.tasks == CROWD and store.get_in_crowd else store.get
    size = gets.tasks * gets.each
    parts = [keys[start : start + gets.each] for start in range(0, size, gets.each)]

    async def get_all(keys: list[str]) -> None:
        for key in keys:
            await get(key)

    case = bench.case(
        gets.operation,
        gets.statement,
        get=get,
        get_all=get_all,
        key=keys[0],
        keys=keys[:size],
        parts=parts,
    )
    expected = dict.fromkeys(keys[: gets.tasks], gets.value)
    return case._replace(size=size, check=lambda: bench.run(_check(get, expected)))


def _beside_large(
    bench: Bench, get: Callable[[str], Awaitable[Any]], small: list[str], large: list[str]
) -> Case:
    """Make a case of which the time is the 99th percentile of a get of a small value."""

    async def get_small(key: str) -> list[int]:
        times = []
        for _ in range(SMALL_GETS):
            start = perf_counter_ns()
            await get(key)
            times.append(perf_counter_ns() - start)
        return times

    async def get_large(key: str) -> None:
        for _ in range(LARGE_GETS):
            await get(key)

    async def percentile() -> int:
        times, _ = await asyncio.gather(
            asyncio.gather(*map(get_small, small)), asyncio.gather(*map(get_large, large))
        )
        return sorted(chain.from_iterable(times))[SMALL_TASKS * SMALL_GETS * 99 // 100]

    expected = {**dict.fromkeys(small, SMALL), **dict.fromkeys(large, LARGE)}
    return Case(
        BESIDE_LARGE,
        lambda number: sum(bench.run(percentile()) for _ in range(number)),
        size=SMALL_TASKS * SMALL_GETS + LARGE_TASKS * LARGE_GETS,
        check=lambda: bench.run(_check(get, expected)),
    )


async def _check(get: Callable[[str], Awaitable[Any]], expected: dict[str, bytes]) -> None:
    """Get all at once, since some libraries take what they could not read for a miss."""
    values = await asyncio.wait_for(asyncio.gather(*map(get, expected)), PATIENCE)
    wrong = sum(value != own for value, own in zip(values, expected.values(), strict=True))
    if wrong:
        msg = f"{wrong} of {len(expected)} gets at once gave no value, or a wrong one"
        raise ValueError(msg)


OPERATIONS = (*(gets.operation for gets in CASES), BESIDE_LARGE)

GROUP = Group(
    name="backend-async",
    title="Redis backends, async",
    about=(
        "Gets by the backend alone in one event loop of asyncio, as a multiple of the same of "
        "redis-py 8 with hiredis; less is better. For 1,000 at once, redis-py has "
        f"`max_connections=1000`, without which it raises an error. The last column is the latency "
        f"of small gets: {SMALL_TASKS} tasks make {SMALL_GETS} each, while {LARGE_TASKS} tasks "
        f"get {LARGE_GETS} values of 1 MB each."
    ),
    baselines={operation: (REDIS_PY, operation) for operation in OPERATIONS},
    libraries={
        name: partial(_cases, open_store)
        for name, open_store in {
            REDIS_PY: redis_py,
            "cachetory": cachetory,
            "aiocache": aiocache,
            "cashews": cashews,
            "coredis": coredis,
            "valkey-glide": valkey_glide,
        }.items()
    },
    needs_server=True,
    absolute=frozenset({BESIDE_LARGE}),
    shows_costs=True,
)

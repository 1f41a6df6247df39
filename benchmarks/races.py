"""Write to keys that another process is loading: `python -m benchmarks.races [--races 10000]`.

A load that began before a key was set, deleted, cleared or purged must not be stored after that:
its value is older. Each race is a load in one process, and a write in another one that begins at
a random moment of it, or shortly after. It prints how many races there were of each kind, how
many loads came late and were fenced, and how many left a stale value in the store: none may.

With `--cluster`, that is on three primaries with a replica each, and each kind is run on keys with
braces too, which decide where a key and its claim live: `--cluster --count 1000`.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from random import Random
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from cachetory.caches import async_, sync
from cachetory.decorators.async_ import cached as cached_async
from cachetory.decorators.sync import cached as cached_sync
from cachetory.events import NotStored
from cachetory.policy import Policy
from tests.servers import Cluster, Server, start_reaper

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from cachetory.events import Event

Colour: TypeAlias = Literal["async_", "sync"]

LANES = 8
"""So many races at a time."""

LASTS = 0.003
"""Seconds that a load lasts at most, and a write waits before it begins."""

MARGIN = 0.001
"""Seconds that a write may begin after the end of its load."""

PATIENT = "?socket_timeout=10&socket_connect_timeout=10"
POLICIES: tuple[Policy | None, ...] = (
    None,
    Policy(time_to_live=30),
    Policy(time_to_live=3600, lease=5),
    Policy(time_to_live=3600, stale_while_revalidate=60, stale_if_error=60),
)
TIMES_TO_LIVE = (None, 30, 3600)
KINDS: dict[str, Any] = {
    "delete": None,
    "delete_many": None,
    "clear": None,
    "purge": None,
    "set": "new",
    "set_many": "new",
}
"""How to write, and what is to be found after that."""

REFRESH = ", refresh"
"""What the name of a kind ends by whose load is a refresh."""

BRACES = ", {}"
"""What the name of a kind ends by whose keys have braces."""

FORMS = ("{{tag {0}}} key", "key {{{0}}}", "{{}}key {0}", "key {0}}}{{", "{{key {0}", "{{{{{0}}}}}")
"""Of such keys: the slot is decided by a part of them or not, and some are not what they seem."""


class Race(NamedTuple):
    """What the loading process tells the writing one."""

    kind: str
    key: str
    policy: int
    begins_after: float
    time_to_live: int | None


class Tally(NamedTuple):
    """What came of races, by their kinds."""

    races: Counter[str]
    fenced: Counter[str]
    stale: Counter[str]


_listeners = ThreadPoolExecutor(LANES)


async def _receive(line: Connection) -> Any:
    return await asyncio.get_running_loop().run_in_executor(_listeners, line.recv)


def _caches(colour: Colour, url: str, lane: int, tell: Callable[[Event], None]) -> list[Any]:
    """Make caches that share a prefix, one of each policy."""
    make: Any = (async_ if colour == "async_" else sync).Cache
    return [
        make(backend=url, serializer="json://", prefix=f"{lane}:", policy=policy, on_event=tell)
        for policy in POLICIES
    ]


class Lane:
    """One race after another, as the loading process runs them."""

    def __init__(self, number: int, url: str, colour: Colour, line: Connection) -> None:
        self.tally = Tally(Counter(), Counter(), Counter())
        self.line = line
        self.late = 0
        self.caches = _caches(colour, url, number, self._listen)
        self._random = Random(number)

    def draw(self, kind: str, number: int) -> tuple[Race, float]:
        """Draw the times of a race."""
        lasts = self._random.uniform(0, LASTS)
        race = Race(
            kind.removesuffix(BRACES).removesuffix(REFRESH),
            _key(number, has_braces=kind.endswith(BRACES)),
            self._random.randrange(len(POLICIES)),
            self._random.uniform(0, lasts + MARGIN),
            self._random.choice(TIMES_TO_LIVE),
        )
        return race, lasts

    def judge(self, kind: str, race: Race, given: Any, found: Any) -> None:
        """Count a race that is over."""
        self.tally.races[kind] += 1
        self.tally.fenced[kind] += self.late
        self.late = 0
        if given != "old" or found != KINDS[race.kind]:
            self.tally.stale[kind] += 1

    def _listen(self, event: Event) -> None:
        self.late += isinstance(event, NotStored)

    def run(self, kind: str, races: int) -> None:
        """Run races in threads."""
        for number in range(races):
            race, lasts = self.draw(kind, number)
            cache = self.caches[race.policy]

            def load(race: Race = race, lasts: float = lasts) -> str:
                self.line.send(race)
                time.sleep(lasts)
                return "old"

            if REFRESH in kind:
                cache.set(race.key, "before", time_to_live=race.time_to_live)
                given = cache.refresh(race.key, load)
            else:
                given = cache.get_or_set(race.key, load)
            self.line.recv()
            self.judge(kind, race, given, cache.get(race.key))
            cache.delete(race.key)

    async def run_async(self, kind: str, races: int) -> None:
        """Run races in tasks."""
        for number in range(races):
            race, lasts = self.draw(kind, number)
            cache = self.caches[race.policy]

            async def load(race: Race = race, lasts: float = lasts) -> str:
                self.line.send(race)
                await asyncio.sleep(lasts)
                return "old"

            if REFRESH in kind:
                await cache.set(race.key, "before", time_to_live=race.time_to_live)
                given = await cache.refresh(race.key, load)
            else:
                given = await cache.get_or_set(race.key, load)
            await _receive(self.line)
            self.judge(kind, race, given, await cache.get(race.key))
            await cache.delete(race.key)


def _key(number: int, *, has_braces: bool) -> str:
    return FORMS[number % len(FORMS)].format(number) if has_braces else f"key {number}"


def run_loads(
    url: str, colour: Colour, lines: list[Connection], *, kinds: list[str], races: int, out: Any
) -> None:
    """Be the process that loads."""
    logging.disable()
    lanes = [Lane(number, url, colour, line) for number, line in enumerate(lines)]
    each = races // len(lanes)

    async def run_all(kind: str) -> None:
        await asyncio.gather(*(lane.run_async(kind, each) for lane in lanes))

    with ThreadPoolExecutor(len(lanes)) as pool:
        for kind in kinds:
            if colour == "async_":
                asyncio.run(run_all(kind))
            else:
                list(pool.map(lambda lane: lane.run(kind, each), lanes))  # noqa: B023 (ends here)
            counts = [sum((lane.tally[at] for lane in lanes), Counter()) for at in range(3)]
            out.send(tuple(count[kind] for count in counts))


async def write_async(caches: list[Any], line: Connection) -> None:
    """Write in a task what is ordered over a line."""
    purges = [
        cached_async(cache, make_key=lambda _function, key: key)(_compute_async).purge
        for cache in caches
    ]
    while (race := await _receive(line)) is not None:
        await asyncio.sleep(race.begins_after)
        cache = caches[race.policy]
        if race.kind == "purge":
            await purges[race.policy](race.key)
        else:
            await _operation(cache, race)()
        line.send(True)  # noqa: FBT003 (it only has to be something)


def write(caches: list[Any], line: Connection) -> None:
    """Write in a thread what is ordered over a line."""
    purges = [
        cached_sync(cache, make_key=lambda _function, key: key)(_compute).purge for cache in caches
    ]
    while (race := line.recv()) is not None:
        time.sleep(race.begins_after)
        cache = caches[race.policy]
        if race.kind == "purge":
            purges[race.policy](race.key)
        else:
            _operation(cache, race)()
        line.send(True)  # noqa: FBT003 (it only has to be something)


def run_writes(url: str, colour: Colour, lines: list[Connection]) -> None:
    """Be the process that writes."""
    logging.disable()
    lanes = [
        (_caches(colour, url, number, lambda _event: None), line)
        for number, line in enumerate(lines)
    ]

    async def run_all() -> None:
        await asyncio.gather(*(write_async(*lane) for lane in lanes))

    if colour == "async_":
        asyncio.run(run_all())
    else:
        with ThreadPoolExecutor(len(lanes)) as pool:
            list(pool.map(lambda lane: write(*lane), lanes))


def _operation(cache: Any, race: Race) -> Callable[[], Any]:
    key, lives = race.key, race.time_to_live
    operations: dict[str, Callable[[], Any]] = {
        "delete": lambda: cache.delete(key),
        "delete_many": lambda: cache.delete_many(key, "another"),
        "clear": cache.clear,
        "set": lambda: cache.set(key, "new", time_to_live=lives),
        "set_many": lambda: cache.set_many({key: "new"}, time_to_live=lives),
    }
    return operations[race.kind]


def _compute(key: str) -> str:
    raise NotImplementedError


async def _compute_async(key: str) -> str:
    raise NotImplementedError


def main() -> None:
    """Start a server or a cluster, and run races of each kind in either direction."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--races", "--count", type=int, default=10_000, help="of each kind")
    parser.add_argument("--cluster", action="store_true", help="on a cluster")
    options = parser.parse_args()
    kinds = [*KINDS, f"delete{REFRESH}", f"set{REFRESH}"]
    if options.cluster:
        kinds = [kind + braces for kind in kinds for braces in ("", BRACES)]
    pairs: list[tuple[Colour, Colour]] = [("async_", "sync"), ("sync", "async_")]
    start_reaper()
    print(f"{'loads':8}{'writes':8}{'kind':20}{'races':>8}{'fenced':>8}{'stale':>8}{'races/s':>9}")
    made: Cluster | Server = Cluster() if options.cluster else Server()
    with made as servers:
        outcomes = [race(servers.url + PATIENT, *pair, kinds, options.races // 2) for pair in pairs]
    sys.exit(not all(outcomes))


def race(url: str, loading: Colour, writing: Colour, kinds: list[str], races: int) -> bool:
    """Start two processes, and run races of each kind; tell whether none left a stale value."""
    context = get_context("spawn")
    lines = [context.Pipe() for _ in range(LANES)]
    told, tell = context.Pipe(duplex=False)
    ours, theirs = [one for one, _ in lines], [other for _, other in lines]
    processes = [
        context.Process(
            target=run_loads,
            args=(url, loading, ours),
            kwargs={"kinds": kinds, "races": races, "out": tell},
            daemon=True,
        ),
        context.Process(target=run_writes, args=(url, writing, theirs), daemon=True),
    ]
    for process in processes:
        process.start()
    is_right = True
    for kind in kinds:
        started_at = time.perf_counter()
        count, fenced, stale = told.recv()
        rate = count / (time.perf_counter() - started_at)
        names = [{"async_": "tasks", "sync": "threads"}[it] for it in (loading, writing)]
        print(
            f"{names[0]:8}{names[1]:8}{kind:20}{count:>8,}{fenced:>8,}{stale:>8}{rate:>9,.0f}",
            flush=True,
        )
        is_right = is_right and not stale
    for line in ours:
        line.send(None)
    for process in processes:
        process.join(10)
    return is_right


if __name__ == "__main__":
    main()

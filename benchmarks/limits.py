"""Bring Redis to its limits: `python -m benchmarks.limits [--only crowd,late,hole]`.

crowd: 2,000 tasks, then 500 threads, ask at once a server that takes 10 connections. late: a proxy
holds all replies back for 300 ms, which is more than the 250 ms of the default. hole: a proxy
swallows all that is sent, before the first connection is made or in mid-use.

Each is tried with callers of a backend and of a cached function; late and hole with one caller who
calls again and again, and with 50 at once. It prints what the callers got, by values and errors,
and the median and the longest time that took; of the cached function, until its breaker opened
and after that.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import threading
from collections import Counter
from statistics import median
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.callers import NAMES, value_of
from cachetory.backends.async_ import RedisBackend as AsyncBackend
from cachetory.backends.sync import RedisBackend as SyncBackend
from cachetory.caches import async_, sync
from cachetory.decorators.async_ import cached as cached_async
from cachetory.decorators.sync import cached as cached_sync
from cachetory.events import BreakerOpened
from cachetory.policy import Policy
from tests.faults import Proxy
from tests.servers import Server, start_reaper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.callers import Colour
    from cachetory.events import Event

PREFIX = "app:"
CROWDS: dict[Colour, int] = {"async_": 2000, "sync": 500}
MOST_CLIENTS = 10
CALLERS = 50
LATENESS = 0.3
LASTS: dict[str, float] = {"backend": 3.0, "cached function": 4.0}
"""Seconds for which callers go on: those of a cached function see the breaker open meanwhile."""

PAUSE = 0.002
PATIENCE = 60.0
POLICY = Policy(time_to_live=3600, lease=5)


class Call(NamedTuple):
    """What a caller got, and when it began and ended."""

    got: str
    began: float
    ended: float


class Store:
    """A backend and a cached function over it; in the sync colour, or in the async one.

    Attributes:
        opened_at: when the breaker opened, if it did.
    """

    def __init__(self, colour: Colour, url: str) -> None:
        self.opened_at: float | None = None
        make_backend: Any = AsyncBackend if colour == "async_" else SyncBackend
        make_cache: Any = (async_ if colour == "async_" else sync).Cache
        self.backend = make_backend.from_url(url)
        self.cache = make_cache(
            backend=self.backend,
            serializer="json://",
            prefix=PREFIX,
            policy=POLICY,
            on_event=self._listen,
        )
        decorate: Any = cached_async if colour == "async_" else cached_sync
        self.function = decorate(self.cache, make_key=lambda _function, key: key)(
            _compute_async if colour == "async_" else value_of
        )

    def _listen(self, event: Event) -> None:
        if isinstance(event, BreakerOpened) and self.opened_at is None:
            self.opened_at = monotonic()

    def way_in(self, name: str) -> Callable[[str], Any]:
        """Give what callers call with a key."""
        return self.function if name == "cached function" else self._get

    def _get(self, key: str) -> Any:
        return self.backend.get(PREFIX + key)


async def _compute_async(key: str) -> str:
    return value_of(key)


def _judged(got: object, key: str) -> str:
    """Put what a caller got into a word."""
    if isinstance(got, Exception):
        return f"{type(got).__name__}: {got}" if len(str(got)) < 60 else type(got).__name__
    right = value_of(key)
    return "value" if got in (right, f'"{right}"'.encode()) else f"WRONG {got!r}"


async def _one_call_async(call: Callable[[str], Any], key: str) -> Call:
    began = monotonic()
    got: object
    try:
        got = await asyncio.wait_for(call(key), PATIENCE)
    except asyncio.TimeoutError:
        got = TimeoutError("HANGS")
    except Exception as error:
        got = error
    return Call(_judged(got, key), began, monotonic())


def _one_call(call: Callable[[str], Any], key: str) -> Call:
    began = monotonic()
    got: object
    try:
        got = call(key)
    except Exception as error:
        got = error
    return Call(_judged(got, key), began, monotonic())


async def in_tasks(call: Callable[[str], Any], keys: Sequence[str], lasts: float) -> list[Call]:
    """Have each key asked for at once, again and again for so long."""
    until = monotonic() + lasts
    calls: list[Call] = []

    async def go_on(key: str) -> None:
        while True:
            calls.append(await _one_call_async(call, key))
            if monotonic() >= until:
                return
            await asyncio.sleep(PAUSE)

    await asyncio.gather(*map(go_on, keys))
    return calls


def in_threads(call: Callable[[str], Any], keys: Sequence[str], lasts: float) -> list[Call]:
    """Have each key asked for at once, again and again for so long, by threads."""
    calls: list[Call] = []
    gate = threading.Barrier(len(keys) + 1)
    until = 0.0

    def go_on(key: str) -> None:
        gate.wait()
        while True:
            calls.append(_one_call(call, key))
            if monotonic() >= until:
                return
            sleep(PAUSE)

    threads = [threading.Thread(target=go_on, args=(key,), daemon=True) for key in keys]
    for thread in threads:
        thread.start()
    until = monotonic() + lasts
    gate.wait()
    deadline = until + PATIENCE
    for thread in threads:
        thread.join(max(deadline - monotonic(), 0.0))
    if hanging := sum(thread.is_alive() for thread in threads):
        calls += [Call("HANGS", until, deadline)] * hanging
    return calls


def ask(
    colour: Colour,
    url: str,
    name: str,
    keys: Sequence[str],
    *,
    lasts: float,
    harm: Callable[[], object],
    is_connected: bool = True,
) -> tuple[Store, list[Call]]:
    """Do harm, and ask; before that, have a connection made if so wanted."""
    store = Store(colour, url)
    call = store.way_in(name)
    if colour == "sync":
        if is_connected:
            store.backend.get(PREFIX + keys[0])
        harm()
        calls = in_threads(call, keys, lasts)
        store.cache.close()
        store.backend.close()
        return store, calls

    async def run() -> list[Call]:
        if is_connected:
            await store.backend.get(PREFIX + keys[0])
        await asyncio.to_thread(harm)
        calls = await in_tasks(call, keys, lasts)
        await store.cache.aclose()
        await store.backend.aclose()
        return calls

    return store, asyncio.run(run())


def show(title: str, colour: Colour, name: str, callers: int, asked: Any) -> bool:
    """Print a line for what callers got, or two; tell whether nothing was wrong or hung."""
    store, calls = asked
    title = f"{title:12}{NAMES[colour]:8}{name:16}{callers:>6}"
    parts = {"": calls}
    if store.opened_at is not None:
        opened_at = store.opened_at
        parts = {
            "before": [it for it in calls if it.began < opened_at],
            "after": [it for it in calls if it.began >= opened_at],
        }
    for breaker, some in parts.items():
        took = [1000 * (it.ended - it.began) for it in some]
        got = Counter(it.got for it in some)
        words = ", ".join(f"{count:,} x {it}" for it, count in got.most_common(4))
        times = f"{median(took):>9.1f}{max(took):>9.1f}" if took else f"{'':18}"
        print(f"{title} {breaker:7}{len(some):>8,}{times}  {words}", flush=True)
    return not any("WRONG" in it.got or "HANGS" in it.got for it in calls)


def show_crowd(rounds: int) -> bool:
    """Print what a crowd gets from a server that takes few connections."""
    is_right = True
    with Server(config=[f"maxclients {MOST_CLIENTS}"]) as server:
        for colour, callers in CROWDS.items():
            keys = [f"key {number}" for number in range(callers)]
            fill(server, keys)
            for name in LASTS:
                for _ in range(rounds):
                    asked = ask(
                        colour,
                        server.url,
                        name,
                        keys,
                        lasts=0.0,
                        harm=lambda: None,
                        is_connected=False,
                    )
                    is_right = show("crowd", colour, name, callers, asked) and is_right
                    wait_until_alone(server)
    return is_right


def fill(server: Server, keys: Sequence[str]) -> None:
    """Store the values of keys."""
    pairs = [text for key in keys for text in (PREFIX + key, f'"{value_of(key)}"')]
    server.command("MSET", *pairs)


def wait_until_alone(server: Server) -> None:
    """Wait until all connections of callers have been closed."""
    deadline = monotonic() + 5.0
    while monotonic() < deadline:
        try:
            listed = server.command("CLIENT", "LIST")
        except Exception:
            sleep(0.05)
            continue
        if isinstance(listed, bytes) and listed.count(b"\n") <= 1:
            return
        sleep(0.05)


def show_faults(title: str, harm: Callable[[Proxy], None], *, is_connected: bool) -> bool:
    """Print what callers get over a line with a fault."""
    is_right = True
    for colour in NAMES:
        for name, lasts in LASTS.items():
            for callers in (1, CALLERS):
                keys = [f"key {number}" for number in range(callers)]
                with Server() as server, Proxy(server.port) as proxy:
                    fill(server, keys)
                    asked = ask(
                        colour,
                        proxy.url,
                        name,
                        keys,
                        lasts=lasts,
                        harm=lambda proxy=proxy: harm(proxy),
                        is_connected=is_connected,
                    )
                is_right = show(title, colour, name, callers, asked) and is_right
    return is_right


def main() -> None:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="crowd,late,hole", help="separated by commas")
    parser.add_argument("--rounds", type=int, default=3, help="of crowds")
    options = parser.parse_args()
    logging.disable()
    start_reaper()
    print(
        f"{'':12}{'callers':8}{'ask a':16}{'':>6} {'breaker':7}{'calls':>8}{'median':>9}"
        f"{'max, ms':>9}  got"
    )
    parts: dict[str, Callable[[], list[bool]]] = {
        "crowd": lambda: [show_crowd(options.rounds)],
        "late": lambda: [
            show_faults("late, cold", _delay, is_connected=False),
            show_faults("late", _delay, is_connected=True),
        ],
        "hole": lambda: [
            show_faults("hole, cold", Proxy.black_hole, is_connected=False),
            show_faults("hole", Proxy.black_hole, is_connected=True),
        ],
    }
    outcomes = [it for name in options.only.split(",") for it in parts[name]()]
    sys.exit(not all(outcomes))


def _delay(proxy: Proxy) -> None:
    proxy.delay(LATENESS)


if __name__ == "__main__":
    main()

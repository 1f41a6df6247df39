"""Disturb the connection that tasks share: `python -m benchmarks.cancellations 20000 --cuts 500`.

Operations in flight are cancelled, about half of them and at random; then a proxy cuts the line
again and again in mid-reply, while 200 tasks go on reading and writing. Every value names its key,
so that an answer to somebody else's question shows. It prints how many answers were wrong, how many
tasks never ended, and how many failed that nobody had cancelled: all of these must be 0. A cut may
fail operations whose second attempt met another cut: these are counted by their errors.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from random import Random
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any, NamedTuple

from cachetory.backends.async_ import RedisBackend

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from tests.faults import Proxy

KEYS = [f"key {number}" for number in range(50)]
SIZES = (10, 100, 1_000, 70_000)
AT_ONCE = 150
READERS = 200
"""How many tasks there are while the line is cut."""

CUT_WITHIN = 300_000
"""How many bytes of replies pass at most from the order to cut the line to the cut."""

CALM = 0.4
"""Seconds from one cut to the next one at most, and twice what there are at least."""

PATIENT = "?socket_timeout=30&socket_connect_timeout=30"

PATIENCE = 60.0
"""How long a task may take before it counts as hung, in seconds."""


class Outcome(NamedTuple):
    """What became of the tasks."""

    operations: int
    cancelled: int
    wrong: int
    hung: int
    innocent: int
    """How many failed that nobody had cancelled."""
    errors: Counter[str]
    """By what they failed."""
    seconds: float


class Storm:
    """Operations on one backend that something befalls at some point."""

    def __init__(self, backend: RedisBackend, seed: int = 0) -> None:
        self.backend = backend
        self.random = Random(seed)
        self.operations = self.cancelled = self.wrong = self.hung = self.innocent = 0
        self.errors: Counter[str] = Counter()

    async def rage(self, cancellations: int) -> Outcome:
        """Go on until so many operations have been cancelled, about half of them."""
        start = perf_counter()
        await self._fill()
        while self.cancelled < cancellations and not self.hung:
            await self._wave()
        return await self._outcome(start)

    async def endure(self, proxy: Proxy, cuts: int, calm: float) -> Outcome:
        """Go on until the line has been cut so many times."""
        start = perf_counter()
        await self._fill()
        cutting = asyncio.create_task(asyncio.to_thread(_cut, proxy, cuts, calm))
        await asyncio.gather(*(self._go_on(until=cutting) for _ in range(READERS)))
        await cutting
        return await self._outcome(start)

    async def _fill(self) -> None:
        await self.backend.set_many([(key, self._value(key)) for key in KEYS])

    async def _outcome(self, start: float) -> Outcome:
        answers = await asyncio.gather(*(self._get(key) for key in KEYS * 40))
        self.wrong += answers.count(False)
        return Outcome(
            operations=self.operations,
            cancelled=self.cancelled,
            wrong=self.wrong,
            hung=self.hung,
            innocent=self.innocent,
            errors=self.errors,
            seconds=perf_counter() - start,
        )

    async def _wave(self) -> None:
        loop = asyncio.get_running_loop()
        doomed: set[asyncio.Task[bool]] = set()
        tasks = [loop.create_task(self._operation()) for _ in range(AT_ONCE)]
        for task in tasks:
            if self.random.randrange(2):
                doomed.add(task)
                loop.call_later(self.random.expovariate(200), task.cancel)
        done, pending = await asyncio.wait(tasks, timeout=PATIENCE)
        self.operations += len(tasks)
        self.hung += len(pending)
        for task in done:
            self._judge(task, is_doomed=task in doomed)

    async def _go_on(self, until: asyncio.Task[None]) -> None:
        while not until.done():
            task = asyncio.create_task(self._operation())
            done, _ = await asyncio.wait((task,), timeout=PATIENCE)
            self.operations += 1
            if not done:
                self.hung += 1
                return
            self._judge(task, is_doomed=False)

    def _judge(self, task: asyncio.Task[bool], *, is_doomed: bool) -> None:
        if task.cancelled() and is_doomed:
            self.cancelled += 1
        elif task.cancelled():
            self.innocent += 1
            self.errors["CancelledError"] += 1
        elif (error := task.exception()) is not None:
            self.innocent += 1
            self.errors[f"{type(error).__name__}: {error}"] += 1
        else:
            self.wrong += not task.result()

    def _operation(self) -> Coroutine[Any, Any, bool]:
        operations = (self._get, self._get_many, self._set, self._set_many)
        operation = self.random.choices(operations, weights=(12, 3, 4, 1))[0]
        return operation(*self.random.sample(KEYS, 5))

    async def _get(self, key: str, *_others: str) -> bool:
        return _names(await self.backend.get(key), key)

    async def _get_many(self, *keys: str) -> bool:
        pairs = [pair async for pair in self.backend.get_many(*keys)]
        return [key for key, _ in pairs] == list(keys) and all(
            _names(value, key) for key, value in pairs
        )

    async def _set(self, key: str, *_others: str) -> bool:
        return await self.backend.set(key, self._value(key), time_to_live=3600)

    async def _set_many(self, *keys: str) -> bool:
        await self.backend.set_many([(key, self._value(key)) for key in keys], time_to_live=3600)
        return True

    def _value(self, key: str) -> bytes:
        return f"{key}\n".encode() + b"x" * self.random.choice(SIZES)


def _names(value: bytes, key: str) -> bool:
    return value.partition(b"\n")[0] == key.encode()


async def rage(url: str, cancellations: int, seed: int = 0) -> Outcome:
    """Cancel so many operations on the server of a URL, and tell what became of all of them."""
    async with RedisBackend.from_url(url) as backend:
        return await Storm(backend, seed).rage(cancellations)


async def endure(proxy: Proxy, cuts: int, calm: float = CALM, seed: int = 0) -> Outcome:
    """Use the server behind a proxy while that cuts the line, and tell what became of it all."""
    async with RedisBackend.from_url(proxy.url + PATIENT) as backend:
        return await Storm(backend, seed).endure(proxy, cuts, calm)


def _cut(proxy: Proxy, cuts: int, calm: float) -> None:
    """Have the line cut so many times, each in the midst of replies; in a thread of its own."""
    random = Random(cuts)
    first = seen = _ended(proxy)
    while seen < first + cuts:
        sleep(random.uniform(calm / 2, calm))
        proxy.cut_after(random.randrange(1, CUT_WITHIN))
        deadline = perf_counter() + 5.0
        while (ended := _ended(proxy)) <= seen and perf_counter() < deadline:
            sleep(0.001)
        seen = max(ended, seen)


def _ended(proxy: Proxy) -> int:
    """Count the connections that have ended; one on its way to the server is none of them."""
    while True:
        ended = proxy.accepted - proxy.connections
        sleep(0.01)
        if ended == proxy.accepted - proxy.connections:
            return ended


def _show(title: str, outcome: Outcome) -> None:
    print(title)
    for name, figure in outcome._asdict().items():
        if isinstance(figure, Counter):
            for error, times in figure.most_common():
                print(f"  {times:,} x {error}")
        else:
            print(
                f"  {name:12}{figure:>12,.1f}" if name == "seconds" else f"  {name:12}{figure:>12,}"
            )


def main() -> None:
    """Start a server, and disturb as many operations as the command line says."""
    from tests.backends.addresses import connections_made  # noqa: PLC0415 (who only imports `rage`
    from tests.faults import Proxy  # noqa: PLC0415  brings a server)
    from tests.servers import Server, start_reaper  # noqa: PLC0415

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=20_000, help="of cancellations")
    parser.add_argument("--cuts", type=int, default=500, help="of the line, in mid-reply")
    parser.add_argument("--calm", type=float, default=CALM, help="seconds between cuts at most")
    options = parser.parse_args()
    start_reaper()
    is_right = True
    with Server() as server, Proxy(server.port) as proxy:
        if options.count:
            before = connections_made(server)
            outcome = asyncio.run(rage(server.url + PATIENT, options.count))
            made = connections_made(server) - before - 1
            _show(f"Cancellations, over {made} connections in all", outcome)
            is_right = not (outcome.wrong or outcome.hung or outcome.innocent)
        if options.cuts:
            before = connections_made(server)
            outcome = asyncio.run(endure(proxy, options.cuts, options.calm))
            made = connections_made(server) - before - 1
            _show(f"{options.cuts} cuts under {READERS} tasks, {made} connections in all", outcome)
            is_right = is_right and not (outcome.wrong or outcome.hung)
    sys.exit(not is_right)


if __name__ == "__main__":
    main()

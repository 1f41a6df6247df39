"""Cancel Redis operations in flight, at random: `python -m benchmarks.cancellations [count]`.

Every value names its key, so that an answer to somebody else's question shows. It prints how many
answers were wrong, how many tasks never ended, and how many failed that nobody had cancelled: all
of these must be 0.
"""

from __future__ import annotations

import asyncio
import sys
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from cachetory.backends.async_ import RedisBackend

if TYPE_CHECKING:
    from collections.abc import Coroutine

KEYS = [f"key {number}" for number in range(50)]
SIZES = (10, 100, 1_000, 70_000)
AT_ONCE = 150
PATIENCE = 60.0
"""How long a task may take before it counts as hung, in seconds."""


class Outcome(NamedTuple):
    """What became of the tasks."""

    operations: int
    cancelled: int
    wrong: int
    hung: int
    innocent: int
    seconds: float


class Storm:
    """Operations on one backend, of which about half are cancelled at some point."""

    def __init__(self, backend: RedisBackend, seed: int = 0) -> None:
        self.backend = backend
        self.random = Random(seed)
        self.operations = self.cancelled = self.wrong = self.hung = self.innocent = 0

    async def rage(self, cancellations: int) -> Outcome:
        """Go on until so many operations have been cut off."""
        start = perf_counter()
        await self.backend.set_many([(key, self._value(key)) for key in KEYS])
        while self.cancelled < cancellations and not self.hung:
            await self._wave()
        answers = await asyncio.gather(*(self._get(key) for key in KEYS * 40))
        self.wrong += answers.count(False)
        return Outcome(
            operations=self.operations,
            cancelled=self.cancelled,
            wrong=self.wrong,
            hung=self.hung,
            innocent=self.innocent,
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

    def _judge(self, task: asyncio.Task[bool], *, is_doomed: bool) -> None:
        if task.cancelled():
            self.cancelled += is_doomed
            self.innocent += not is_doomed
        elif (error := task.exception()) is not None:
            self.innocent += 1
            print(f"nobody had cancelled what ended in {error!r}", file=sys.stderr)
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


def main() -> None:
    """Start a server, and cancel as many operations as the command line says."""
    from tests.servers import Server  # noqa: PLC0415 (who only imports `rage` brings a server)

    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    patience = "socket_timeout=30&socket_connect_timeout=30"
    with Server() as server:
        outcome = asyncio.run(rage(f"{server.url}?{patience}", count))
    for name, figure in outcome._asdict().items():
        print(f"{name:12} {figure:,.1f}" if isinstance(figure, float) else f"{name:12} {figure:,}")
    sys.exit(bool(outcome.wrong or outcome.hung or outcome.innocent))


if __name__ == "__main__":
    main()

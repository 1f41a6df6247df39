"""What is measured: a statement in a loop of its own, with nothing else in the loop."""

from __future__ import annotations

import asyncio
import gc
from datetime import timedelta
from functools import partial
from itertools import repeat
from time import perf_counter_ns, process_time_ns
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping
    from pathlib import Path

T = TypeVar("T")

VALUE = bytes(range(100))
TIME_TO_LIVE = timedelta(hours=1)
SECONDS = 3600
MAX_ENTRIES = 100_000
MANY = 100
KEY_PREFIX = "cachetory-benchmark:"

LOOP = 1.5e6
"""Nanoseconds that a loop takes at least; schedulers leave one alone that is not much longer."""


def _trust() -> None:
    """Check nothing."""


class Case(NamedTuple):
    """One operation of one library.

    Attributes:
        operation: what is done: the column of the table.
        measure: does it so many times and gives the nanoseconds that took in total.
        size: how many operations it consists of, when it comes to what one of them costs.
        check: raises an error if what is measured does not do what it should.
    """

    operation: str
    measure: Callable[[int], int]
    size: int = 1
    check: Callable[[], object] = _trust


class Measurement(NamedTuple):
    """What a case took at one time, in nanoseconds.

    Attributes:
        nanoseconds: the time of one repetition.
        client: the processor time of this process for each operation, on average.
        server: that of the server, if the case uses one.
    """

    nanoseconds: float
    client: float
    server: float


class Group(NamedTuple):
    """Cases that are shown in one table.

    Attributes:
        name: what `--only` calls it.
        title: the heading of its table.
        about: what a reader has to know about it, in Markdown.
        baselines: the library and operation that each operation is compared with.
        libraries: makes the cases of each library; imports it, so that one which is not
            installed does not keep the others from running.
        additive: compare by differences, in milliseconds, instead of by ratios.
        needs_server: whether it uses a Redis server.
        absolute: operations of which the time itself is shown.
        shows_costs: whether a second table shows the processor time of client and server.
    """

    name: str
    title: str
    about: str
    baselines: Mapping[str, tuple[str, str]]
    libraries: Mapping[str, Callable[[Bench], Iterator[Case]]]
    additive: bool = False
    needs_server: bool = False
    absolute: frozenset[str] = frozenset()
    shows_costs: bool = False


class Bench:
    """The place where the cases of one library are made and run.

    Every statement may use the names `key`, `keys`, `missing`, `value`, `items`, `ttl` (a
    `timedelta`), `seconds` and `gather`, besides those that it brings along. All are local
    variables of the loop.
    """

    def __init__(
        self,
        library: str,
        *,
        loop: asyncio.AbstractEventLoop,
        directory: Path,
        redis_url: str,
    ) -> None:
        self.directory = directory
        self.redis_url = redis_url
        self._loop = loop
        # Libraries store different things, so each has keys of its own, all of one length.
        self._prefix = prefix = f"{KEY_PREFIX}{crc32(library.encode()):08x}:"
        self.keys = [f"{prefix}{number:03}" for number in range(MANY)]
        self.items = dict.fromkeys(self.keys, VALUE)
        self._names: dict[str, Any] = {
            "key": self.keys[0],
            "keys": self.keys,
            "missing": f"{prefix}none",
            "value": VALUE,
            "items": self.items,
            "ttl": TIME_TO_LIVE,
            "seconds": SECONDS,
            "gather": asyncio.gather,
        }

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that all asynchronous cases run in."""
        return self._loop

    @property
    def key(self) -> str:
        """The key of all operations on one key."""
        return self.keys[0]

    def more_keys(self, kind: str, count: int) -> list[str]:
        """Give other keys, for values of another kind."""
        return [f"{self._prefix}{kind}:{number:03}" for number in range(count)]

    def run(self, awaitable: Awaitable[T]) -> T:
        """Wait for something in the one event loop that all asynchronous cases run in."""
        return self._loop.run_until_complete(awaitable)

    def case(self, operation: str, statement: str, **names: Any) -> Case:
        """Make a case of a statement; it is asynchronous if it starts with `await`."""
        waits = statement.startswith("await ")
        loop = _compile_loop(statement, {**self._names, **names}, waits=waits)
        return Case(operation, self._measure_waiting(loop) if waits else loop)

    def _measure_waiting(self, loop: Callable[[int], Any]) -> Callable[[int], int]:
        return lambda number: self.run(loop(number))


def repetitions_for(case: Case) -> int:
    """Find how often to repeat a case so that it takes at least `LOOP` nanoseconds."""
    number = 1
    while (spent := case.measure(number)) < LOOP:
        number = max(number + 1, min(number * 10, int(number * LOOP / spent * 1.2)))
    return number


def measure_best(
    case: Case, repetitions: int, budget: float, server_time: Callable[[], float]
) -> Measurement:
    """Tell what a repetition took in the fastest of several loops, and what all of them cost.

    What slows down the others is other work of the machine. Garbage collection is off, as in
    `timeit`.

    Args:
        case: what to measure.
        repetitions: how many in one loop.
        budget: nanoseconds after which no other loop is started.
        server_time: gives the processor time that the server has used so far, in nanoseconds.
    """
    gc.collect()
    gc.disable()
    try:
        server, client = server_time(), process_time_ns()
        started_at = perf_counter_ns()
        times = [case.measure(repetitions)]
        while perf_counter_ns() - started_at < budget:
            times.append(case.measure(repetitions))
        client, server = process_time_ns() - client, server_time() - server
    finally:
        gc.enable()
    operations = len(times) * repetitions * case.size
    return Measurement(min(times) / repetitions, client / operations, server / operations)


_LOOP = """
{define} measure({names}, number):
    start = now()
    for _ in repeat(None, number):
        {statement}
    return now() - start
"""


def _compile_loop(statement: str, names: dict[str, Any], *, waits: bool) -> Callable[[int], Any]:
    names = {**names, "now": perf_counter_ns, "repeat": repeat}
    source = _LOOP.format(
        define="async def" if waits else "def", names=", ".join(names), statement=statement
    )
    scope: dict[str, Any] = {}
    exec(source, scope)
    return partial(scope["measure"], *names.values())

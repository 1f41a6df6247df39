"""Processes full of callers of a cached function, and what they noticed, for other benchmarks."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from multiprocessing import get_context
from random import Random
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from cachetory.caches import async_, sync
from cachetory.decorators.async_ import cached as cached_async
from cachetory.decorators.sync import cached as cached_sync
from cachetory.events import Hit, Miss
from cachetory.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from multiprocessing.synchronize import Event as Word

    from typing_extensions import Self

    from cachetory.events import Event

Colour: TypeAlias = Literal["async_", "sync"]

NAMES: dict[Colour, str] = {"sync": "threads", "async_": "tasks"}
PREFIX = "app:"
"""What stands before the keys in the store."""

NEW = 0.05
"""The share of calls that are for a key which nobody has asked for: loads go on all the time."""

SLOW = 0.02
"""Seconds above which a call is worth a record."""

PATIENCE = 120.0


class Log(NamedTuple):
    """What the callers of one process noticed; all times are of the monotonic clock."""

    lookups: list[tuple[float, str, bool]]
    """When one of the known keys was looked up, which one, and whether it was a hit."""
    slow: list[tuple[float, float]]
    """When a call began, and how long it took."""
    errors: list[tuple[float, str]]
    wrong: list[tuple[float, str]]


class Notice(NamedTuple):
    """What the callers of one process noticed of one event."""

    lookups: int
    misses: int
    until_hits: float
    """Seconds from the event to the last miss of a key concerned."""
    slowest: float
    errors: Counter[str]
    wrong: int


def value_of(key: str) -> str:
    """Give the value that names its key."""
    return f"value of {key}"


class Plan(NamedTuple):
    """What the callers of a process do."""

    url: str
    """Of the store."""
    keys: list[str]
    policy: dict[str, Any] | None
    """The arguments of the cache's policy."""
    callers: int
    """How many there are."""
    pause: float
    """Seconds, about, between the calls of each."""


class Callers:
    """A process of one colour with callers that call until they are told to stop.

    Use it as a context manager.
    """

    def __init__(self, colour: Colour, plan: Plan) -> None:
        self.colour: Colour = colour
        context = get_context("spawn")
        self._over = context.Event()
        self._line, theirs = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_run, args=(colour, plan, self._over, theirs), daemon=True
        )

    def __enter__(self) -> Self:
        """Start the process, and return when all keys have been loaded."""
        self._process.start()
        self._line.recv()
        return self

    def __exit__(self, *_exc: object) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()

    def stop(self) -> Log:
        """Let the callers finish, and give what they noticed.

        Raises:
            TimeoutError: if they do not come to an end.
        """
        self._over.set()
        if not self._line.poll(PATIENCE):
            msg = f"the {NAMES[self.colour]} hang"
            raise TimeoutError(msg)
        return Log(*self._line.recv())


def notice(log: Log, keys: Collection[str], start: float, end: float) -> Notice:
    """Judge what was noticed of an event that concerns some of the keys."""
    concerned = set(keys)
    lookups = [it for it in log.lookups if start <= it[0] < end and it[1] in concerned]
    misses = [at for at, _, is_hit in lookups if not is_hit]
    return Notice(
        len(lookups),
        len(misses),
        max(misses, default=start) - start,
        max((took for at, took in log.slow if start - 0.3 <= at < end), default=0.0),
        Counter(error for at, error in log.errors if start <= at < end),
        sum(start <= at < end for at, _ in log.wrong),
    )


class _Diary:
    """Collects a log within the process."""

    def __init__(self, keys: list[str]) -> None:
        self.keys = keys
        self.known = set(keys)
        self.log = Log([], [], [], [])

    def listen(self, event: Event) -> None:
        if isinstance(event, (Hit, Miss)) and event.key in self.known:
            self.log.lookups.append((monotonic(), event.key, isinstance(event, Hit)))

    def draw(self, random: Random) -> str:
        if random.random() < NEW:
            return f"new {random.randbytes(12).hex()}"
        return random.choice(self.keys)

    def ended(self, key: str, value: object, began: float) -> None:
        took = monotonic() - began
        if took > SLOW:
            self.log.slow.append((began, took))
        if isinstance(value, Exception):
            self.log.errors.append((began, f"{type(value).__name__}: {value}"))
        elif value != value_of(key):
            self.log.wrong.append((began, f"{value!r} for {key!r}"))


def _run(colour: Colour, plan: Plan, over: Word, line: Any) -> None:
    logging.disable()
    diary = _Diary(plan.keys)
    make: Any = (async_ if colour == "async_" else sync).Cache
    cache = make(
        backend=plan.url,
        serializer="json://",
        prefix=PREFIX,
        policy=None if plan.policy is None else Policy(**plan.policy),
        on_event=diary.listen,
    )

    def has_loaded() -> None:
        line.send(True)  # noqa: FBT003 (it only has to be something)

    if colour == "async_":
        asyncio.run(_call_in_tasks(cache, plan, diary, over, has_loaded))
    else:
        _call_in_threads(cache, plan, diary, over, has_loaded)
    line.send(tuple(diary.log))


async def _call_in_tasks(
    cache: Any, plan: Plan, diary: _Diary, over: Word, has_loaded: Callable[[], None]
) -> None:
    async def compute(key: str) -> str:
        return value_of(key)

    function = cached_async(cache, make_key=_key_of)(compute)

    async def call(seed: int) -> None:
        random = Random(f"task {seed}")
        while not over.is_set():
            key, began = diary.draw(random), monotonic()
            value: object
            try:
                value = await function(key)
            except Exception as error:
                value = error
            diary.ended(key, value, began)
            await asyncio.sleep(plan.pause * random.uniform(0.5, 1.5))

    for key in plan.keys:
        await function(key)
    has_loaded()
    await asyncio.gather(*map(call, range(plan.callers)))


def _call_in_threads(
    cache: Any, plan: Plan, diary: _Diary, over: Word, has_loaded: Callable[[], None]
) -> None:
    function = cached_sync(cache, make_key=_key_of)(value_of)

    def call(seed: int) -> None:
        random = Random(f"thread {seed}")
        while not over.is_set():
            key, began = diary.draw(random), monotonic()
            value: object
            try:
                value = function(key)
            except Exception as error:
                value = error
            diary.ended(key, value, began)
            sleep(plan.pause * random.uniform(0.5, 1.5))

    for key in plan.keys:
        function(key)
    has_loaded()
    threads = [threading.Thread(target=call, args=(seed,)) for seed in range(plan.callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _key_of(_function: Callable[..., object], key: str) -> str:
    return key

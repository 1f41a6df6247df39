"""What one process does with its cache when it is told to; `tests/leases/program.py` runs it."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from random import Random
from time import monotonic
from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis
from redis.asyncio.connection import Connection, ConnectionPool

from cachetory.backends.async_ import RedisBackend
from cachetory.caches.async_ import Cache
from cachetory.decorators.async_ import cached
from cachetory.errors import NoValueError
from cachetory.loading import current_load
from cachetory.policy import Policy
from cachetory.testing.async_only import run_together, sleep
from tests.shell.async_crew import Signal

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory.events import Event

    Outcome = tuple[Any, str, tuple[float, float]]
    """What a call gave, the name of the error that it raised, when it began and when it ended."""


class SourceError(Exception):
    """What loaders raise that were told to fail."""


class Member:
    """A cache on a server, with callers and loaders that are steered from another process.

    A *load* is a dictionary: `gives` is its value; it lasts for `seconds`, or until its `gate` is
    opened; if it `fails`, it raises; and if it has an `inner`, then it first asks the cache for the
    `key` of that, with its `load`. If it is `unstored`, that is how it keeps its value from being
    stored.

    Args:
        tell: is told of what happens.
    """

    def __init__(self, tell: Callable[..., None]) -> None:
        self._tell = tell
        self._gates: dict[str, Signal] = {}
        self._opened: set[str] = set()
        self._round_trips = 0
        self._cache: Cache[Any, Any]

    async def configure(
        self,
        *,
        url: str,
        is_silent: bool = False,
        policy: dict[str, Any] | None = None,
        counts_round_trips: bool = False,
        **more: Any,
    ) -> None:
        """Make the cache; a silent one tells and logs nothing."""
        logging.disable(logging.CRITICAL if is_silent else logging.NOTSET)
        self._gates = {}
        self._opened = set()
        self._cache = Cache[Any, Any](
            backend=self._counting_backend(url) if counts_round_trips else url,
            serializer="json://",
            prefix=more.pop("prefix", "app:"),
            policy=None if policy is None else Policy(**policy),
            on_event=None if is_silent else self._pass_on,
            **more,
        )

    async def reset(self) -> None:
        """Open all gates, and close the cache."""
        for name in list(self._gates):
            await self.open(gate=name)
        await self._cache.aclose()

    async def open(self, *, gate: str, at: float = 0.0) -> None:
        """Let those go on who wait at a gate, at some time of the monotonic clock."""
        await sleep(max(at - monotonic(), 0.0))
        self._opened.add(gate)
        self._gate(gate).set()

    async def call(
        self, *, key: str, load: dict[str, Any], callers: int = 1, start: str = "", **more: Any
    ) -> list[Outcome]:
        """Ask for a key, so many callers at once, who wait at a gate first if there is one."""

        async def call() -> Any:
            return await self._cache.get_or_set(
                key, lambda: self._load(key, load), **_options(load), **more
            )

        return await self._start([call] * callers, start)

    async def call_many(
        self, *, sets: list[list[str]], load: dict[str, Any], start: str = "", **more: Any
    ) -> list[Outcome]:
        """Ask for sets of keys, each by a caller of its own; see `call`."""

        async def load_many(keys: list[str]) -> dict[str, Any]:
            for key in keys:
                self._tell("load", key)
            try:
                value = await self._compute(load)
            except NoValueError:
                return {}
            return {key: [key, value] for key in keys}

        def caller(keys: list[str]) -> Callable[[], Any]:
            async def call() -> Any:
                return await self._cache.get_or_set_many(keys, load_many, **_options(load), **more)

            return call

        return await self._start([caller(keys) for keys in sets], start)

    async def refresh(self, *, key: str, load: dict[str, Any]) -> Any:
        """Load a key again."""
        return await self._cache.refresh(key, lambda: self._load(key, load), **_options(load))

    async def get(self, *, key: str) -> Any:
        """Look a key up."""
        return await self._cache.get(key)

    async def write(self, *, operation: str, key: str, value: Any, **more: Any) -> None:
        """Set or delete a key, in one of the ways to do so."""
        if operation == "set":
            await self._cache.set(key, value, **more)
        elif operation == "set_many":
            await self._cache.set_many({key: value, "another": value}, **more)
        elif operation == "delete":
            await self._cache.delete(key)
        elif operation == "delete_many":
            await self._cache.delete_many(key, "another")
        elif operation == "clear":
            await self._cache.clear()
        elif operation == "purge":
            await self._function().purge(key)
        elif operation == "expire_in":
            await self._cache.expire_in(key, **more)
        elif operation == "expire_at":
            await self._cache.expire_at(key, datetime(2020, 1, 1, tzinfo=timezone.utc))
        else:
            msg = f"there is no way to {operation}"
            raise ValueError(msg)

    async def stats(self) -> dict[str, Any]:
        """Tell what the cache has done so far."""
        return self._cache.stats()._asdict()

    async def round_trips(self) -> int:
        """Tell how often something was sent to the server."""
        return self._round_trips

    async def time(self, *, keys: list[str]) -> list[float]:
        """Call a cached function for each key, one after another, and tell how long each took."""
        function = self._function()
        took: list[float] = []
        for key in keys:
            began = monotonic()
            await function(key)
            took.append(monotonic() - began)
        return took

    async def until_hit(self) -> float:
        """Wait until a value is found in the store, and tell when that was."""
        counters = self._cache.counters
        hits = counters.hits
        while counters.hits == hits:
            await sleep(0.001)
        return monotonic()

    async def hammer(
        self, *, callers: int, keys: int, until: str, pause: float = 0.0, start: str = ""
    ) -> dict[str, Any]:
        """Call a cached function for random keys until a gate opens; tell what came of that."""
        function = self._function()
        calls: list[tuple[float, float]] = []
        errors: dict[str, int] = {}
        wrong: list[Any] = []

        def caller(seed: int) -> Callable[[], Any]:
            random = Random(seed)

            async def hammer() -> None:
                while until not in self._opened:
                    key = f"key {random.randrange(keys)}"
                    began = monotonic()
                    try:
                        value = await function(key)
                        calls.append((monotonic() - began, began))
                        if value != f"value of {key}":
                            wrong.append(value)
                    except Exception as error:
                        errors[repr(error)] = errors.get(repr(error), 0) + 1
                    await sleep(pause)

            return hammer

        outcomes = await self._start([caller(seed) for seed in range(callers)], start)
        return {
            "calls": len(calls),
            "slowest": sorted(calls, reverse=True)[:1000],
            "wrong": wrong,
            "errors": errors | {name: 1 for _, name, _ in outcomes if name},
        }

    def _counting_backend(self, url: str) -> RedisBackend:
        member = self

        class CountingConnection(Connection):
            async def send_packed_command(self, *args: Any, **kwargs: Any) -> None:
                member._round_trips += 1
                await super().send_packed_command(*args, **kwargs)

        pool = ConnectionPool.from_url(url, connection_class=CountingConnection)
        return RedisBackend(Redis(connection_pool=pool))

    def _function(self) -> Any:
        async def function(key: str) -> str:
            return f"value of {key}"

        return cached(self._cache, make_key=lambda _function, key: key)(function)

    async def _start(self, calls: list[Callable[[], Any]], start: str) -> list[Outcome]:
        """Make calls at once: when all callers wait at the gate, the test is told so."""
        waiting: list[Any] = []

        def caller(function: Callable[[], Any]) -> Callable[[], Any]:
            async def call() -> Outcome:
                if start:
                    waiting.append(function)
                    if len(waiting) == len(calls):
                        self._tell("ready", start)
                    await self._gate(start).wait()
                began = monotonic()
                try:
                    value = await function()
                except Exception as error:
                    return None, type(error).__name__, (began, monotonic())
                return _as_text(value), "", (began, monotonic())

            return call

        return list(await run_together([caller(function) for function in calls]))

    async def _load(self, key: str, load: dict[str, Any]) -> Any:
        self._tell("load", key)
        inner = load.get("inner")
        if inner is not None:
            await self._cache.get_or_set(
                inner["key"], lambda: self._load(inner["key"], inner["load"])
            )
        return await self._compute(load)

    async def _compute(self, load: dict[str, Any]) -> Any:
        if "gate" in load:
            await self._gate(load["gate"]).wait()
        await sleep(load.get("seconds", 0.0))
        if load.get("fails"):
            raise SourceError(load.get("gives"))
        if load.get("unstored") == "do_not_store":
            current_load().do_not_store()
        if load.get("unstored") == "no value":
            raise NoValueError
        if load.get("unstored") == "not serializable":
            return object()
        return load.get("gives")

    def _gate(self, name: str) -> Signal:
        return self._gates.setdefault(name, Signal())

    def _pass_on(self, event: Event) -> None:
        details = [getattr(event, name) for name in event.__match_args__]
        self._tell(type(event).__name__, *[str(it) for it in details])


def _options(load: dict[str, Any]) -> dict[str, Any]:
    """Return the options that keep the value of a load from being stored."""

    def fail(*_arguments: Any, **_keywords: Any) -> Any:
        raise SourceError

    options: dict[str, dict[str, Any]] = {
        "excluded": {"exclude": lambda _key, _value: True},
        "exclude fails": {"exclude": fail},
        "no time to live": {"time_to_live": 0},
        "invalid time to live": {"time_to_live": lambda *, key: f"no number for {key}"},
        "time to live fails": {"time_to_live": fail},
    }
    return options.get(load.get("unstored", ""), {})


def _as_text(value: Any) -> Any:
    return repr(value) if type(value) is object else value

"""Caches of each kind that a policy has to work with, and what they load from."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from cachetory._runtime.async_ import sleep
from cachetory.backends.async_ import MemoryBackend, RedisBackend, SqliteBackend
from cachetory.caches.async_ import Cache
from tests.shell.async_.loads import Load
from tests.shell.async_crew import PATIENCE, Signal, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import pytest
    from typing_extensions import Self

    from cachetory.policy import Policy
    from tests.clock import ManualClock

OBJECTS = "objects"
WIRES = ["envelopes", "sqlite", "valkey", "redis7"]
IN_MEMORY = [OBJECTS, "envelopes"]
KINDS = [OBJECTS, *WIRES]
"""Objects in this process; envelopes in this process, in a file, and on either make of server."""

_SERIALIZERS = {
    OBJECTS: "noop://",
    "envelopes": "pickle://",
    "sqlite": "json://",
    "valkey": "json://",
    "redis7": "pickle://",
}


class Caches:
    """Makes caches over one store, and closes them at last.

    Memory and files go by the clock of the test. A server keeps to its own time, so that what is
    stored there is to live for longer than a test. It is waited for as long as a busy machine
    makes it necessary.

    Attributes:
        kind: which store it is.
        clock: by which all caches tell when an entry becomes stale.
    """

    def __init__(self, request: pytest.FixtureRequest, clock: ManualClock) -> None:
        self.kind: str = request.param
        self.clock = clock
        self.backend: Any
        self._url: str | None = None
        self._path: Path | None = None
        if self.kind == "sqlite":
            self._path = request.getfixturevalue("tmp_path") / "cache.db"
            self.backend = self._open()
        elif self.kind in ("valkey", "redis7"):
            url = request.getfixturevalue(f"{self.kind}_server").fresh_url()
            self._url = f"{url}?socket_timeout={PATIENCE}&socket_connect_timeout={PATIENCE}"
            self.backend = RedisBackend.from_url(self._url)
        else:
            self.backend = MemoryBackend(clock=clock, wall_clock=clock)
        self._made: list[Cache[Any, Any]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        for cache in self._made:
            await cache.aclose()

    def make(self, policy: Policy | None = None, **options: Any) -> Cache[Any, Any]:
        """Make a cache over the store."""
        options = {"backend": self.backend, "prefix": "app:"} | options
        cache = Cache[Any, Any](
            serializer=_SERIALIZERS[self.kind], policy=policy, wall_clock=self.clock, **options
        )
        self._made.append(cache)
        return cache

    def make_apart(self, policy: Policy | None = None, **options: Any) -> Cache[Any, Any]:
        """Make a cache that knows nothing of the loads of the others, if the store can be shared.

        To others it is what a cache in another process would be.
        """
        if self._url is not None:
            options["backend"] = RedisBackend.from_url(self._url)
        elif self._path is not None:
            options["backend"] = self._open()
        return self.make(policy, **options)

    def _open(self) -> SqliteBackend:
        assert self._path is not None
        return SqliteBackend(self._path, busy_timeout=PATIENCE, wall_clock=self.clock)


class Hold:
    """Keeps loads waiting until they are let go."""

    def __init__(self) -> None:
        self.begun = Signal()
        self.let_go = Signal()


class Source(Load):
    """Gives 1, then 2, and so on. It may be told to wait, or to fail.

    Attributes:
        error: what is raised in the place of a number.
    """

    def __init__(self) -> None:
        super().__init__()
        self.error: BaseException | None = None
        self._hold: Hold | None = None

    def hold(self) -> Hold:
        """Keep the calls from now on waiting."""
        self._hold = Hold()
        return self._hold

    def hold_no_more(self) -> None:
        """Let the calls from now on pass."""
        self._hold = None

    async def __call__(self) -> int:
        number = await super().__call__()
        hold = self._hold
        if hold is not None:
            hold.begun.set()
            await hold.let_go.wait()
        if self.error is not None:
            raise self.error
        return number


async def eventually(check: Callable[[], Awaitable[bool]]) -> None:
    """Wait until the check passes."""
    deadline = monotonic() + PATIENCE
    while not await check():
        assert monotonic() < deadline, "this hangs"
        await sleep(0.001)


async def until_found(cache: Cache[Any, Any], key: str, value: object) -> None:
    """Wait until a key has the value, and whoever loaded it has landed."""

    async def is_found() -> bool:
        return await cache.get(key) == value

    await eventually(is_found)
    await until_landed(cache)


async def until_landed(cache: Cache[Any, Any]) -> None:
    """Wait until nothing is being loaded."""
    await until(lambda: not cache._flights._flights)

# Generated from tests/shell/async_/test_shared_errors.py by tools/unasync.py. Do not edit: edit that file instead.
"""Errors of loads: every caller raises an exception of its own, and nothing keeps it alive."""

from __future__ import annotations

import gc
import traceback
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import ref

import pytest

from cachetory._runtime.sync import Flight
from cachetory.caches.sync import Cache
from cachetory.decorators.sync import cached, cached_many
from cachetory.policy import Policy
from tests.shell.sync_crew import Crew, Signal, until, until_within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.servers import Server

POLICIES = {
    "no policy": None,
    "lease": Policy(lease=30),
    "hard timeout": Policy(hard_timeout=60),
    "stale": Policy(time_to_live=60, stale_if_error=60),
}
MOST_FRAMES = 12
"""Frames in a traceback: those of the caller, of the cache and of the load."""


class Local:
    """Something that a loader has in a local variable."""


class Fails:
    """Loaders that fail, and weak references to what they had in local variables."""

    def __init__(self) -> None:
        self.alive: list[ref[Local]] = []
        self.started = Signal()
        self.let_go = Signal()
        self.let_go.set()

    def load(self) -> int:
        local = Local()
        self.alive.append(ref(local))
        self.started.set()
        self.let_go.wait()
        raise ZeroDivisionError

    def load_many(self, _keys: list[str]) -> dict[str, int]:
        return {"key": self.load()}

    def exclude(self, _key: str, _value: object) -> bool:
        local = Local()
        self.alive.append(ref(local))
        raise ZeroDivisionError

    def are_forgotten(self) -> bool:
        return bool(self.alive) and not any(it() for it in self.alive)


@pytest.fixture
def _no_collection() -> Iterator[None]:
    """Let reference counts alone free what is not needed any more."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(params=["objects", "memory", "sqlite", "redis"])
def shared_cache(request: pytest.FixtureRequest, tmp_path: Path) -> Cache[Any, Any]:
    serializer = "noop://" if request.param == "objects" else "pickle://"
    url = "memory://"
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/cache.db"
    if request.param == "redis":
        server: Server = request.getfixturevalue("valkey_server")
        url = server.fresh_url()
    return Cache[Any, Any](backend=url, serializer=serializer, prefix="app:")


def _calls(
    cache: Cache[Any, Any], fails: Fails, policy: Policy | None
) -> dict[str, Callable[[], Any]]:
    def one() -> int:
        return 1

    @cached(cache, policy=policy, version="1")
    def function(_number: int) -> int:
        return fails.load()

    @cached_many(cache, policy=policy, version="1")
    def many(numbers: list[int]) -> dict[int, int]:
        return {number: fails.load() for number in numbers}

    return {
        "get_or_set": lambda: cache.get_or_set("key", fails.load, policy=policy),
        "get_or_set_many": lambda: cache.get_or_set_many(["key"], fails.load_many, policy=policy),
        "refresh": lambda: cache.refresh("key", fails.load, policy=policy),
        "exclude": lambda: cache.get_or_set("key", one, policy=policy, exclude=fails.exclude),
        "cached": lambda: function(1),
        "cached_many": lambda: many([1, 2]),
    }


@pytest.mark.usefixtures("_no_collection")
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
@pytest.mark.parametrize(
    "way", ["get_or_set", "get_or_set_many", "refresh", "exclude", "cached", "cached_many"]
)
def test_failed_load_is_forgotten_without_garbage_collection(
    shared_cache: Cache[Any, Any], policy: Policy | None, way: str
) -> None:
    fails = Fails()
    call = _calls(shared_cache, fails, policy)[way]

    with pytest.raises(ZeroDivisionError) as caught:
        call()
    del caught

    until(fails.are_forgotten)
    shared_cache.close()


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
def test_each_caller_gets_an_exception_of_its_own(
    shared_cache: Cache[Any, Any], policy: Policy | None
) -> None:
    fails = Fails()
    fails.let_go = Signal()
    call = partial(shared_cache.get_or_set, "key", fails.load, policy=policy)
    with Crew() as crew:
        leader = crew.start(call)
        fails.started.wait()
        followers = [crew.start(call) for _ in range(20)]
        until_within(Flight.follow, *followers)
        fails.let_go.set()
        errors = [caller.error() for caller in (leader, *followers)]

    assert len({id(error) for error in errors}) == len(errors)
    for error in errors:
        frames = traceback.extract_tb(error.__traceback__)
        assert len(frames) <= MOST_FRAMES
        assert frames[-1].name == "load"
    assert len(fails.alive) == 1
    shared_cache.close()


@pytest.mark.usefixtures("_no_collection")
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
def test_failed_load_of_many_callers_is_forgotten_without_garbage_collection(
    shared_cache: Cache[Any, Any], policy: Policy | None
) -> None:
    fails = Fails()
    fails.let_go = Signal()

    def call() -> None:
        with suppress(ZeroDivisionError):
            shared_cache.get_or_set("key", fails.load, policy=policy)

    with Crew() as crew:
        leader = crew.start(call)
        fails.started.wait()
        followers = [crew.start(call) for _ in range(20)]
        until_within(Flight.follow, *followers)
        fails.let_go.set()
        for caller in (leader, *followers):
            caller.result()

    until(fails.are_forgotten)
    shared_cache.close()

"""The async API says that it requires asyncio, where another library drives the coroutines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio

from cachetory.async_ import Cache, cached
from cachetory.errors import NoEventLoopError
from cachetory.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


async def load() -> int:
    return 1


async def get_or_set_in_memory(folder: Path) -> object:
    return await Cache(backend="memory://", serializer="noop://").get_or_set("key", load)


async def get_or_set_in_time(folder: Path) -> object:
    policy = Policy(time_to_live=10, hard_timeout=1)
    cache = Cache(backend="memory://", serializer="noop://", policy=policy)
    return await cache.get_or_set("key", load)


async def call_decorated(folder: Path) -> object:
    return await cached(Cache(backend="memory://", serializer="noop://"))(load)()


async def get_from_redis(folder: Path) -> object:
    return await Cache(backend="redis://127.0.0.1:1", serializer="json://").get("key")


async def set_in_redis(folder: Path) -> object:
    return await Cache(backend="redis://127.0.0.1:1", serializer="json://").set("key", 1)


async def set_in_sqlite(folder: Path) -> object:
    backend = f"sqlite:///{folder}/cache.db"
    return await Cache(backend=backend, serializer="json://").set("key", 1)


OPERATIONS = [
    get_or_set_in_memory,
    get_or_set_in_time,
    call_decorated,
    get_from_redis,
    set_in_redis,
    set_in_sqlite,
]


def run_by_hand(operation: Callable[[Path], Awaitable[object]], folder: Path) -> None:
    operation(folder).__await__().send(None)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("run", [trio.run, run_by_hand])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_operation_without_asyncio_says_that_asyncio_is_required(
    run: Callable[..., Any], operation: Callable[..., Any], tmp_path: Path
) -> None:
    with pytest.raises(NoEventLoopError, match="requires asyncio") as it:
        run(operation, tmp_path)

    assert "`asyncio.run`" in str(it.value)
    assert "trio.to_thread.run_sync" in str(it.value)
    assert isinstance(it.value, RuntimeError)
    assert isinstance(it.value.__cause__, RuntimeError)

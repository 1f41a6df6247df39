# Generated from tests/decorators/async_/conftest.py by tools/unasync.py. Do not edit: edit that file instead.
"""Caches to decorate with: one whose hits find entries at the first look, and one for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cachetory.backends.sync import MemoryBackend
from cachetory.caches.sync import Cache
from tests.backends.addresses import patient
from tests.decorators.sync import functions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.clock import ManualClock


@pytest.fixture(autouse=True)
def calls() -> list[Any]:
    """The arguments of every call so far."""
    functions.calls.clear()
    return functions.calls


@pytest.fixture
def backend(clock: ManualClock) -> MemoryBackend[Any]:
    return MemoryBackend(clock=clock, wall_clock=clock)


@pytest.fixture(params=["noop://", "pickle://"], ids=["short way", "long way"])
def cache(request: pytest.FixtureRequest, backend: MemoryBackend[Any]) -> Cache[Any, Any]:
    return Cache(backend=backend, serializer=request.param, prefix="app:")


@pytest.fixture
def local_cache(backend: MemoryBackend[Any]) -> Cache[Any, Any]:
    """A cache of values as they are, for which a hit path is compiled."""
    return Cache(backend=backend, serializer="noop://", prefix="app:")


@pytest.fixture(
    params=["memory-noop", "memory-pickle", "sqlite-pickle", "redis-pickle"],
)
def any_cache(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cache[Any, Any]]:
    """A cache over each kind of store."""
    store, _, serializer = request.param.partition("-")
    url = "memory://" if store == "memory" else f"sqlite:///{tmp_path}/cache.db"
    if store == "redis":
        url = patient(request.getfixturevalue("valkey_server").fresh_url())
    with Cache[Any, Any](backend=url, serializer=f"{serializer}://", prefix="app:") as cache:
        yield cache

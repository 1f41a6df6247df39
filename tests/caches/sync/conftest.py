# Generated from tests/caches/async_/conftest.py by tools/unasync.py. Do not edit: edit that file instead.
"""Caches over the memory of this process, by a clock that stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cachetory.backends.sync import MemoryBackend
from cachetory.caches.sync import Cache

if TYPE_CHECKING:
    from tests.clock import ManualClock


@pytest.fixture
def backend(clock: ManualClock) -> MemoryBackend[Any]:
    """Both of its clocks are the one that the test moves."""
    return MemoryBackend(clock=clock, wall_clock=clock)


@pytest.fixture(params=["noop://", "pickle://"])
def serializer(request: pytest.FixtureRequest) -> str:
    """The first leaves values alone, so that lookups go straight to the store."""
    return str(request.param)


@pytest.fixture
def prefix(serializer: str) -> str:
    """One of the two caches has a prefix."""
    return "app:" if serializer == "noop://" else ""


@pytest.fixture
def cache(backend: MemoryBackend[Any], serializer: str, prefix: str) -> Cache[Any, Any]:
    return Cache(backend=backend, serializer=serializer, prefix=prefix)

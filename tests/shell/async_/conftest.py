"""A cache whose flights must all have ended when a test ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cachetory.backends.async_ import MemoryBackend
from cachetory.caches.async_ import Cache
from tests.shell.async_.loads import HeldLoad, Load

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def backend() -> MemoryBackend[Any]:
    return MemoryBackend()


@pytest.fixture
def cache(backend: MemoryBackend[Any]) -> Iterator[Cache[Any, Any]]:
    cache = Cache[Any, Any](backend=backend, serializer="pickle://", prefix="app:")
    yield cache
    assert not cache._flights._flights


@pytest.fixture
def load() -> Load:
    return Load()


@pytest.fixture
def held_load() -> HeldLoad:
    return HeldLoad()

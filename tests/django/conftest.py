"""A store in memory and one on a server, for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.backends.addresses import patient
from tests.django.stores import fresh_memory, make

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from cachetory.django import CachetoryCache


@pytest.fixture(params=["memory", "file", "server"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store."""
    if request.param == "memory":
        return fresh_memory()
    if request.param == "file":
        return f"sqlite:///{tmp_path}/cache.sqlite3"
    server = request.getfixturevalue("valkey_server")
    return patient(server.fresh_url())


@pytest.fixture
async def cache(url: str) -> AsyncIterator[CachetoryCache]:
    """A cache with nothing but a URL."""
    cache = make(url)
    yield cache
    await cache.aclose()

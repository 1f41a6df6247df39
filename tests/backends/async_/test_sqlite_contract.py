"""The SQLite backend keeps the contract, with claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cachetory.backends.async_ import SqliteBackend, from_url
from cachetory.testing.async_ import BackendContract

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class TestSqlite(BackendContract):
    @pytest.fixture
    async def backend(self, tmp_path: Path) -> AsyncIterator[SqliteBackend]:
        async with SqliteBackend(tmp_path / "cache.db") as backend:
            yield backend


class TestBoundedSqlite(BackendContract):
    @pytest.fixture
    async def backend(self, tmp_path: Path) -> AsyncIterator[SqliteBackend]:
        url = f"sqlite:///{tmp_path}/cache.db?max-entries=100000&max-bytes=1GiB"
        async with from_url(url) as backend:
            assert isinstance(backend, SqliteBackend)
            yield backend

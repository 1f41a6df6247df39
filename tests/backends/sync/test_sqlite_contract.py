# Generated from tests/backends/async_/test_sqlite_contract.py by tools/unasync.py. Do not edit: edit that file instead.
"""The SQLite backend keeps the contract, with claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cachetory.backends.sync import SqliteBackend, from_url
from cachetory.testing.sync import BackendContract

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class TestSqlite(BackendContract):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Iterator[SqliteBackend]:
        with SqliteBackend(tmp_path / "cache.db") as backend:
            yield backend


class TestBoundedSqlite(BackendContract):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Iterator[SqliteBackend]:
        url = f"sqlite:///{tmp_path}/cache.db?max-entries=100000&max-bytes=1GiB"
        with from_url(url) as backend:
            assert isinstance(backend, SqliteBackend)
            yield backend

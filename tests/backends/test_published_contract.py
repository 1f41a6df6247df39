"""The contract serves those who derive from it outside of this project."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SYNC = """
import pytest
from cachetory.backends.sync import MemoryBackend
from cachetory.testing import BackendContract

class TestMine(BackendContract):
    @pytest.fixture
    def backend(self):
        return MemoryBackend()

class TestFaulty(BackendContract):
    @pytest.fixture
    def backend(self):
        return Faulty()

class TestForgotten(BackendContract):
    pass

class Faulty(MemoryBackend):
    def set_many(self, items, *, time_to_live=None):
        super().set_many(items)
"""

ASYNC = """
from cachetory.backends.async_ import MemoryBackend
from cachetory.testing.async_ import BackendContract
import pytest

class TestMine(BackendContract):
    @pytest.fixture
    async def backend(self):
        async with MemoryBackend() as backend:
            yield backend
"""


def run_pytest(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "pytest_asyncio.plugin", "-k", "set_over_at_once"],
        cwd=path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_contract_derived_elsewhere_passes_what_is_right_and_tells_what_is_not(
    tmp_path: Path,
) -> None:
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
    )
    (tmp_path / "test_sync.py").write_text(SYNC)
    (tmp_path / "test_async.py").write_text(ASYNC)

    told = run_pytest(tmp_path).stdout

    assert "test_async.py ." in told, told
    assert "TestMine" not in told
    assert "FAILED test_sync.py::TestFaulty::test_set_over_at_once_deletes" in told
    assert "assert [b'one', b'one']" in told or "Left contains" in told
    assert "TestForgotten has to override the fixture `backend`" in told

"""The contract serves those who derive from it outside of this project."""

from __future__ import annotations

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


def run_pytest(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-c", "pytest.ini", "-W", "error", *arguments]
    return subprocess.run(command, cwd=path, capture_output=True, text=True, check=False)


def test_contract_of_sync_colour_needs_no_plugin_and_tells_faults(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_mine.py").write_text(SYNC)

    passing = run_pytest(tmp_path, "-k", "TestMine", "-p", "no:asyncio")
    failing = run_pytest(tmp_path, "-k", "(TestFaulty or TestForgotten) and set_", "--tb=short")

    assert passing.returncode == 0, passing.stdout
    assert " passed" in passing.stdout
    assert "FAILED test_mine.py::TestFaulty::test_set_over_at_once_deletes" in failing.stdout
    assert "At index 0 diff" in failing.stdout or "Left contains" in failing.stdout
    assert "TestForgotten has to override the fixture `backend`" in failing.stdout


def test_contract_of_async_colour_runs_under_the_plugin(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
    )
    (tmp_path / "test_mine.py").write_text(ASYNC)

    result = run_pytest(tmp_path)

    assert result.returncode == 0, result.stdout

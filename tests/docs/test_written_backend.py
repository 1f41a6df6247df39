"""The backend that the documentation writes keeps the contract that the documentation names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cachetory.testing.sync import BackendContract
from tests.docs.snippets import ROOT, blocks_of

if TYPE_CHECKING:
    from pathlib import Path

PAGE = ROOT / "docs/how-to/write-a-backend.md"


class TestWrittenBackend(BackendContract):
    is_atomic = False

    @pytest.fixture
    def backend(self, tmp_path: Path) -> Any:
        namespace: dict[str, Any] = {"__name__": "written_backend"}
        exec(next(blocks_of(PAGE.read_text("utf-8"))).code, namespace)
        return namespace["DirectoryBackend"](tmp_path)

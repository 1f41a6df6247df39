"""Every program in `examples` runs, in memory and on a real server."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.docs.snippets import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.servers import Server

EXAMPLES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("examples/*.py"))


def run(example: str, environment: Mapping[str, str]) -> None:
    outcome = subprocess.run(
        [sys.executable, "-W", "error", example],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    if outcome.returncode or outcome.stderr:
        pytest.fail(f"{outcome.stdout}\n{outcome.stderr}", pytrace=False)


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_in_memory_runs(example: str) -> None:
    run(example, {})


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_on_server_runs(example: str, valkey_server: Server) -> None:
    run(example, {"REDIS_URL": valkey_server.fresh_url()})

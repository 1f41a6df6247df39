"""The Django project in `examples` passes its own tests, in memory and on a real server."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.backends.addresses import patient
from tests.docs.snippets import ROOT

if TYPE_CHECKING:
    from tests.servers import Server


@pytest.fixture(params=["memory", "server"])
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    """Where the project is to keep its entries."""
    environment = {name: it for name, it in os.environ.items() if name != "REDIS_URL"}
    if request.param == "server":
        server: Server = request.getfixturevalue("private_server")  # nobody else's trips count
        environment["REDIS_URL"] = patient(server.fresh_url())
    return environment


def test_example_passes_its_tests(environment: dict[str, str]) -> None:
    outcome = subprocess.run(
        [sys.executable, "-W", "error", "manage.py", "test"],
        cwd=ROOT / "examples/django",
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert outcome.returncode == 0, outcome.stderr
    assert "Ran 5 tests" in outcome.stderr

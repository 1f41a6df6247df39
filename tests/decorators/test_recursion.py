"""How deep cached functions recurse, and what is left behind when they recurse too deep."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.servers import Server

ROOT = Path(__file__).parents[2]
COLOURS = ["async_", "sync"]
STORES = ["objects", "memory", "sqlite", "redis"]
LEAST_DEPTH = 150
"""At Python's default limit of 1000 frames."""


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """The URL of a store, and that of a serializer, of each kind in turn."""
    if request.param == "redis":
        server: Server = request.getfixturevalue("valkey_server")
        return server.fresh_url(), "pickle://"
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/cache.db", "pickle://"
    return "memory://", "noop://" if request.param == "objects" else "pickle://"


@pytest.mark.parametrize("colour", COLOURS)
def test_recursive_function_reaches_a_great_depth(store: tuple[str, str], colour: str) -> None:
    (depth,) = _run(colour, *store, "depth")

    assert int(depth) >= LEAST_DEPTH


@pytest.mark.parametrize("colour", COLOURS)
def test_recursion_error_is_passed_on_and_leaves_nothing_behind(
    store: tuple[str, str], colour: str
) -> None:
    # One run for each policy; each limit cuts the load path off at another place.
    errors = _run(colour, *store, "sweep", "75", "95")

    assert len(errors) == 3
    assert all(int(it) > 0 for it in errors)


def _run(*arguments: str) -> list[str]:
    """Run the program, which must not crash, and return what it prints."""
    run = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", "tests.decorators.recursion", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.split()

"""Stores that processes share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.backends.addresses import patient

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.servers import Server


def url_of(request: pytest.FixtureRequest) -> str:
    """Give the URL of an empty store of the kind that is the fixture's parameter."""
    if request.param == "sqlite":
        directory: Path = request.getfixturevalue("tmp_path")
        return f"sqlite:///{directory}/cache.db?busy-timeout=20"
    server: Server = request.getfixturevalue(f"{request.param}_server")
    return patient(server.fresh_url())

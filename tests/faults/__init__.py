"""Faults to order: a proxy that breaks the line, and a server that answers with errors."""

from __future__ import annotations

from tests.faults.errors import ERRORS, WRITE_ERRORS
from tests.faults.proxy import Proxy
from tests.faults.scripted import ScriptedServer

__all__ = ["ERRORS", "WRITE_ERRORS", "Proxy", "ScriptedServer"]

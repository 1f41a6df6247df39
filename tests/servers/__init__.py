"""Real servers for the tests, started as child processes and always cleared away."""

from __future__ import annotations

from tests.servers.binaries import Kind, ServerUnavailableError, find_binary
from tests.servers.cluster import Cluster, Node
from tests.servers.reaper import start_reaper
from tests.servers.resp import ReplyError
from tests.servers.sentinel import DataServer, Sentinels, SentinelServer
from tests.servers.server import Server, StartupError

__all__ = [
    "Cluster",
    "DataServer",
    "Kind",
    "Node",
    "ReplyError",
    "SentinelServer",
    "Sentinels",
    "Server",
    "ServerUnavailableError",
    "StartupError",
    "find_binary",
    "start_reaper",
]

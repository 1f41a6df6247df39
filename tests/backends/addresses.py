"""How Redis servers are reached in these tests, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.servers import Server


def patient(url: str) -> str:
    """Let a client wait for ten seconds, since the machine under test may be slow."""
    separator = "&" if "?" in url else "?"
    return f"{url}{separator}socket_timeout=10&socket_connect_timeout=10"


def database_of(url: str) -> int:
    """Tell the number of the logical database."""
    return int(url.partition("?")[0].rpartition("/")[2])


def connections_made(server: Server) -> int:
    """Count all connections that the server has accepted, the one that asks included."""
    answer = server.command("INFO", "stats")
    assert isinstance(answer, bytes)
    return int(answer.partition(b"total_connections_received:")[2].split()[0])

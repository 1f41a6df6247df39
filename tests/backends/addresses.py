"""URLs of Redis servers for tests that are about something else than time."""

from __future__ import annotations


def patient(url: str) -> str:
    """Let a client wait for ten seconds, since the machine under test may be slow."""
    separator = "&" if "?" in url else "?"
    return f"{url}{separator}socket_timeout=10&socket_connect_timeout=10"

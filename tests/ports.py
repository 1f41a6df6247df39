"""TCP ports for servers that are killed and started again under load."""

from __future__ import annotations

import random
import socket
from pathlib import Path

_LOWEST = 10_000
_EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_DRAW = random.SystemRandom()


def free_port() -> int:
    """Draw a port of 127.0.0.1 on which nobody listens at this moment."""
    with bound_socket() as sock:
        return int(sock.getsockname()[1])


def bound_socket(port: int = 0) -> socket.socket:
    """Bind a socket to `port` of 127.0.0.1, or to a free port if it is 0.

    A free port lies below the range from which the kernel takes the near ends of outgoing
    connections: a client that keeps calling a dead server inside it would, sooner or later,
    be given that very port, be connected to itself, and keep the server from coming back.

    Raises:
        OSError: if `port` is taken, or no free one was found.
    """
    if port:
        return _bind(port)
    below = _first_ephemeral_port()
    for _ in range(100):
        try:
            return _bind(_DRAW.randrange(_LOWEST, below))
        except OSError:
            continue
    msg = f"no free port was found between {_LOWEST} and {below}"
    raise OSError(msg)


def _bind(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
    except OSError:
        sock.close()
        raise
    return sock


def _first_ephemeral_port() -> int:
    try:
        first = int(_EPHEMERAL_RANGE.read_text().split()[0])
    except OSError:
        first = 32_768
    return max(first, _LOWEST + 10_000)

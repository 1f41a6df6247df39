"""What counts as progress on a connection, and how long an exchange may last at most.

A timeout applies to silence: no byte is received, and the peer acknowledges no byte of a big
request. So a big value may take its time on a slow link, and a server that is frozen is noticed.
"""

from __future__ import annotations

import socket
import struct
import sys
from typing import Any

PATIENCE = 8
"""Number of timeouts after which an exchange must average at least `SLOWEST_RATE`."""

SLOWEST_RATE = 65_536
"""Bytes per second. A slower exchange fails, although it is not silent."""

BIG = 16_384
"""Minimum size, in bytes, of a request whose acknowledged bytes count as progress."""

SPARED_AT = 1_048_576
"""Bytes per second at which a big request may leave the buffers on its way, at the slowest."""

CAN_TELL = sys.platform == "linux"
"""Whether the system tells how many bytes a connection has carried."""

# `tcpi_bytes_acked` and `tcpi_bytes_received` in the `tcp_info` of Linux 4.1 and later.
_COUNTERS_AT = 120
_COUNTERS = struct.Struct("=QQ")


def acknowledged(sock: Any) -> int:
    """Return how many bytes the peer has acknowledged: 0 where the system does not tell.

    Linux tells for TCP. Over TLS, that counts encrypted bytes.
    """
    return _carried(sock)[0]


def received(sock: Any) -> int:
    """Return how many bytes have come, read or not; see `acknowledged`."""
    return _carried(sock)[1]


def _carried(sock: Any) -> tuple[int, int]:
    if not CAN_TELL:
        return 0, 0
    try:
        size = _COUNTERS_AT + _COUNTERS.size
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, size)
        sent, came = _COUNTERS.unpack_from(info, _COUNTERS_AT)
    except (AttributeError, OSError, struct.error):  # a Unix socket, or an old kernel
        return 0, 0
    return sent, came


def longest(timeout: float, moved: int) -> float:
    """Return how many seconds an exchange may last that has transferred `moved` bytes so far."""
    return PATIENCE * timeout + moved / SLOWEST_RATE


def spared(size: int, took: float) -> float:
    """Return the seconds of silence to allow, besides the timeout, after a big request was taken.

    A part of it may still be in the buffers of what lies between, such as a proxy. They empty no
    more slowly than they were filled, or at `SPARED_AT`.
    """
    return took + size / SPARED_AT

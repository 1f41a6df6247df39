"""What counts as progress on a connection, and how long an exchange may last at most.

A timeout applies to silence: no byte is received, and the peer acknowledges no byte of a big request.
So a big value may take its time on a slow link, while a server that is frozen is noticed soon.
"""

from __future__ import annotations

import socket
import struct
import sys
from typing import Any

PATIENCE = 8
"""After so many timeouts, an exchange that progresses has to keep to `SLOWEST_RATE` on average."""

SLOWEST_RATE = 65_536
"""Bytes per second. What trickles more slowly is given up, though it is not silent."""

BIG = 16_384
"""Bytes from which on the sending of a request is watched. A smaller one leaves at once."""

_ACKNOWLEDGED_AT = 120  # `tcpi_bytes_acked` in the `tcp_info` of Linux 4.1 and later
_CAN_TELL = sys.platform == "linux"


def acknowledged(sock: Any) -> int:
    """Return how many bytes the peer has acknowledged: 0 where the system does not tell.

    Linux tells for TCP. Over TLS, that counts encrypted bytes.
    """
    if not _CAN_TELL:
        return 0
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _ACKNOWLEDGED_AT + 8)
        return int(struct.unpack_from("=Q", info, _ACKNOWLEDGED_AT)[0])
    except (AttributeError, OSError, struct.error):  # a Unix socket, or an old kernel
        return 0


def longest(timeout: float, moved: int) -> float:
    """Return the seconds that an exchange may last which has moved so many bytes so far."""
    return PATIENCE * timeout + moved / SLOWEST_RATE

"""The Redis protocol, version 2, in a few lines: enough to steer a server from a test."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

Argument: TypeAlias = bytes | str | int | float
Reply: TypeAlias = bytes | str | int | list["Reply"] | None


class ReplyError(Exception):
    """The server answered with an error; the message is its text."""


def ask(unix_socket: Path, *requests: tuple[Argument, ...], timeout: float = 10.0) -> Reply:
    """Send the requests over a connection of their own; return the reply to the last one.

    Raises:
        ReplyError: if any of the replies is an error.
        OSError: if the server is away, or silent for `timeout` seconds.
    """
    reply: Reply = None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(timeout)
        sock.connect(str(unix_socket))
        sock.sendall(b"".join(encode(*request) for request in requests))
        with sock.makefile("rb") as stream:
            for _ in requests:
                reply = read(stream)
    return reply


def encode(*arguments: Argument) -> bytes:
    """Encode one request."""
    parts = [b"*%d\r\n" % len(arguments)]
    for argument in arguments:
        raw = argument if isinstance(argument, bytes) else str(argument).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(raw), raw))
    return b"".join(parts)


def read(stream: BinaryIO) -> Reply:
    """Read one reply, or one request, which has the shape of a reply.

    Raises:
        ReplyError: if the reply is an error.
        ConnectionError: if the stream ends.
    """
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        msg = "the connection was closed by the other side"
        raise ConnectionError(msg)
    kind, rest = line[:1], line[1:-2]
    if kind == b"-":
        raise ReplyError(rest.decode())
    if kind == b"+":
        return rest.decode()
    if kind not in b":$*":
        msg = f"not a reply of Redis: {line!r}"
        raise ConnectionError(msg)
    number = int(rest)
    if kind == b":":
        return number
    if number < 0:
        return None
    if kind == b"*":
        return [read(stream) for _ in range(number)]
    return stream.read(number + 2)[:-2]

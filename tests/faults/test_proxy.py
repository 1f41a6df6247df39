"""Every fault of the proxy reaches a client, and ends when it is told to."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

import pytest
import redis

from tests.faults import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import Server

PING = b"PING\r\n"
PONG = b"+PONG\r\n"


@pytest.fixture
def proxy(valkey_server: Server) -> Iterator[Proxy]:
    with Proxy(valkey_server.port) as proxy:
        yield proxy


@pytest.fixture
def line(proxy: Proxy) -> Iterator[socket.socket]:
    """A bare connection through the proxy, over which one PING has gone."""
    with _connect(proxy) as line:
        line.sendall(PING)
        assert _receive(line, len(PONG)) == PONG
        yield line


def test_forward_by_default_passes_everything_on(proxy: Proxy, valkey_server: Server) -> None:
    big = os.urandom(1_000_000)

    with redis.Redis.from_url(proxy.url_through(valkey_server.fresh_url())) as client:
        client.set("big", big)

        assert client.get("big") == big
        assert proxy.accepted == proxy.connections == 1


def test_url_through_keeps_credentials_and_database(proxy: Proxy) -> None:
    url = proxy.url_through("rediss://user:pass@10.0.0.1:6379/3?timeout=1")

    assert url == f"rediss://user:pass@127.0.0.1:{proxy.port}/3?timeout=1"


def test_delay_with_jitter_holds_replies_back(proxy: Proxy, line: socket.socket) -> None:
    proxy.delay(0.2, jitter=0.05)
    started = time.monotonic()
    line.sendall(PING)

    assert _receive(line, len(PONG)) == PONG
    assert time.monotonic() - started >= 0.2


def test_rate_trickles_replies(proxy: Proxy, line: socket.socket) -> None:
    proxy.rate(10_000)
    started = time.monotonic()
    line.sendall(b"ECHO %b\r\n" % (b"x" * 2000))

    assert _receive(line, 2009) == b"$2000\r\n" + b"x" * 2000 + b"\r\n"
    assert time.monotonic() - started >= 0.2


def test_black_hole_is_silent_on_old_and_new_lines_until_it_ends(
    proxy: Proxy, line: socket.socket
) -> None:
    proxy.black_hole()
    with _connect(proxy) as newer:
        for silent in (line, newer):
            silent.sendall(PING)
            silent.settimeout(0.1)
            with pytest.raises(TimeoutError):
                silent.recv(1)

        proxy.forward()

        for talking in (line, newer):
            talking.settimeout(30)
            assert _receive(talking, len(PONG)) == PONG


def test_refuse_ends_old_lines_and_takes_no_new_ones(proxy: Proxy, line: socket.socket) -> None:
    port = proxy.port

    proxy.refuse()

    with pytest.raises(ConnectionResetError):
        line.recv(1)
    with pytest.raises(ConnectionRefusedError):
        _connect(proxy)
    proxy.forward()
    assert proxy.port == port
    with _connect(proxy) as newer:
        newer.sendall(PING)
        assert _receive(newer, len(PONG)) == PONG


def test_reset_ends_old_lines_and_takes_new_ones(proxy: Proxy, line: socket.socket) -> None:
    proxy.reset()

    with pytest.raises(ConnectionResetError):
        line.recv(1)
    with redis.Redis.from_url(proxy.url) as client:
        assert client.ping()


def test_half_close_ends_replies_and_takes_requests(
    proxy: Proxy, line: socket.socket, valkey_server: Server
) -> None:
    proxy.half_close()
    assert line.recv(1) == b""

    line.sendall(b"SET half-closed yes\r\n")

    deadline = time.monotonic() + 30
    while valkey_server.command("GET", "half-closed") != b"yes":
        assert time.monotonic() < deadline
    valkey_server.command("DEL", "half-closed")


def test_cut_after_some_bytes_ends_the_line_in_mid_reply_once(
    proxy: Proxy, line: socket.socket
) -> None:
    proxy.cut_after(len(PONG) + 3)
    line.sendall(PING + PING)

    assert _receive(line, 100) == PONG + PONG[:3]
    with _connect(proxy) as newer:
        newer.sendall(PING)
        assert _receive(newer, len(PONG)) == PONG


def test_flip_byte_spoils_one_byte_once(proxy: Proxy, line: socket.socket) -> None:
    proxy.flip_byte(len(PONG) + 1)
    line.sendall(PING + PING + PING)

    flipped = bytes([ord("P") ^ 0xFF])
    assert _receive(line, 3 * len(PONG)) == PONG + b"+" + flipped + b"ONG\r\n" + PONG


def test_proxy_of_a_dead_server_resets() -> None:
    with Proxy(upstream_port=1) as proxy_to_nowhere:
        # It may happen as early as within the connecting.
        with pytest.raises(ConnectionResetError):
            _connect_and_receive(proxy_to_nowhere)
        assert proxy_to_nowhere.connections == 0


@pytest.mark.no_leaks
def test_proxy_closed_in_a_black_hole_leaves_nothing_behind(valkey_server: Server) -> None:
    with Proxy(valkey_server.port) as proxy, _connect(proxy):
        proxy.black_hole()

    with pytest.raises(ConnectionRefusedError):
        _connect(proxy)
    with pytest.raises(RuntimeError, match="not running"):
        proxy.forward()


def _connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=30)


def _connect_and_receive(proxy: Proxy) -> bytes:
    with _connect(proxy) as line:
        return line.recv(1)


def _receive(line: socket.socket, count: int) -> bytes:
    """Receive so many bytes, or fewer if the line ends before."""
    received = b""
    while len(received) < count and (chunk := line.recv(count - len(received))):
        received += chunk
    return received

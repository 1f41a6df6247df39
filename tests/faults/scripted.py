"""A server that speaks just enough of the Redis protocol to answer it wrongly, as told."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tests.ports import bound_socket
from tests.servers.resp import read
from tests.started import Started

if TYPE_CHECKING:
    from typing import BinaryIO, TypeAlias

    Request: TypeAlias = list[bytes]

_OK = b"+OK\r\n"
_HANDSHAKE = {b"HELLO", b"AUTH", b"CLIENT", b"SELECT"}


class ScriptedServer(Started):
    """Keeps keys in `data`; knows GET, SET, MGET, DEL and transactions; and fails on order.

    Use it as a context manager, or call `start` and, at last, `close`. It runs in threads of this
    process. It knows no times to live but those that SET is given as PX.

    Attributes:
        data: what it holds.
        received: every request so far, its words as they came.
    """

    def __init__(self) -> None:
        self.data: dict[bytes, bytes] = {}
        self.received: list[Request] = []
        self._orders: dict[bytes, _Order] = {}
        self._deadlines: dict[bytes, float] = {}
        self._lock = threading.Lock()
        self._listener = _Listener(self)
        self._thread = threading.Thread(
            target=self._listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return int(self._listener.socket.getsockname()[1])

    @property
    def url(self) -> str:
        """The URL of the server."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start to serve."""
        self._thread.start()

    def close(self) -> None:
        """Close all connections, and wait for the threads to end."""
        self._listener.shutdown()
        self._listener.disconnect()
        self._listener.server_close()
        self._thread.join()

    def disconnect(self) -> None:
        """Close all connections; new ones are served."""
        self._listener.disconnect()

    def fail(self, command: str, error: str, *, times: int | None = None) -> None:
        """Answer `command` with an error, always or so many times.

        Args:
            command: its first word in either case, or `*` for all that have no order of their own,
                but for those by which a client introduces itself (HELLO, AUTH, CLIENT, SELECT).
            error: the text as the server words it, without the leading dash.
            times: how often; None for always.
        """
        self.answer(command, f"-{error}\r\n".encode(), times=times)

    def answer(self, command: str, reply: bytes, *, times: int | None = None) -> None:
        """Answer `command` with these very bytes, be they a reply or not; empty hangs up."""
        with self._lock:
            self._orders[command.upper().encode()] = _Order(reply, times)

    def heal(self) -> None:
        """Forget all orders."""
        with self._lock:
            self._orders.clear()

    def reply_to(self, request: Request, session: Session) -> bytes:
        """Answer one request."""
        name = request[0].upper()
        with self._lock:
            self.received.append(request)
            self._expire()
            ordered = self._take_order(name)
            if ordered is not None:
                session.spoiled = True
                return ordered
            return session.reply(name, request[1:])

    def new_session(self) -> Session:
        """Begin to talk to a client."""
        return Session(self.data, self._deadlines)

    def _expire(self) -> None:
        now = time.monotonic()
        for key in [key for key, deadline in self._deadlines.items() if deadline <= now]:
            del self._deadlines[key]
            self.data.pop(key, None)

    def _take_order(self, name: bytes) -> bytes | None:
        for key in (name,) if name in _HANDSHAKE else (name, b"*"):
            order = self._orders.get(key)
            if order is not None and order.left != 0:
                order.left = None if order.left is None else order.left - 1
                return order.reply
        return None


@dataclass
class _Order:
    reply: bytes
    left: int | None


class Session:
    """What the server knows of one connection: its protocol and its transaction."""

    def __init__(self, data: dict[bytes, bytes], deadlines: dict[bytes, float]) -> None:
        self.spoiled = False
        self._data = data
        self._deadlines = deadlines
        self._protocol = 2
        self._queue: list[tuple[bytes, Request]] | None = None

    def reply(self, name: bytes, words: Request) -> bytes:
        """Answer one command as a server does."""
        if name == b"MULTI":
            self._queue, self.spoiled = [], False
            return _OK
        if name == b"EXEC":
            return self._execute()
        if self._queue is not None:
            self._queue.append((name, words))
            return b"+QUEUED\r\n"
        handler = getattr(self, f"_on_{name.decode(errors='replace').lower()}", None)
        if handler is None:
            return b"-ERR unknown command '%b'\r\n" % name
        return bytes(handler(words))

    def _execute(self) -> bytes:
        queue, self._queue = self._queue, None
        if queue is None:
            return b"-ERR EXEC without MULTI\r\n"
        if self.spoiled:
            return b"-EXECABORT Transaction discarded because of previous errors.\r\n"
        return _array([self.reply(name, words) for name, words in queue])

    def _on_hello(self, words: Request) -> bytes:
        self._protocol = int(words[0]) if words else self._protocol
        fields = [_bulk(b"server"), _bulk(b"redis"), _bulk(b"version"), _bulk(b"7.0.0")]
        fields += [_bulk(b"proto"), b":%d\r\n" % self._protocol]
        if self._protocol == 2:
            return _array(fields)
        return b"%%%d\r\n%b" % (len(fields) // 2, b"".join(fields))

    def _on_client(self, words: Request) -> bytes:
        if words and words[0].upper() in {b"SETINFO", b"SETNAME", b"NO-EVICT", b"NO-TOUCH"}:
            return _OK
        return b"-ERR unknown subcommand\r\n"

    def _on_ping(self, words: Request) -> bytes:
        return _bulk(words[0]) if words else b"+PONG\r\n"

    def _on_auth(self, _words: Request) -> bytes:
        return _OK

    def _on_select(self, _words: Request) -> bytes:
        return _OK

    def _on_get(self, words: Request) -> bytes:
        return self._value(words[0])

    def _on_mget(self, words: Request) -> bytes:
        return _array([self._value(key) for key in words])

    def _on_set(self, words: Request) -> bytes:
        key, value, *options = words
        if b"NX" in map(bytes.upper, options) and key in self._data:
            return self._null()
        self._data[key] = value
        self._deadlines.pop(key, None)
        if b"PX" in options:
            milliseconds = int(options[options.index(b"PX") + 1])
            self._deadlines[key] = time.monotonic() + milliseconds / 1000
        return _OK

    def _on_mset(self, words: Request) -> bytes:
        self._data.update(zip(words[::2], words[1::2], strict=True))
        return _OK

    def _on_del(self, words: Request) -> bytes:
        return b":%d\r\n" % sum(self._data.pop(key, None) is not None for key in words)

    _on_unlink = _on_del

    def _on_exists(self, words: Request) -> bytes:
        return b":%d\r\n" % sum(key in self._data for key in words)

    def _value(self, key: bytes) -> bytes:
        value = self._data.get(key)
        return self._null() if value is None else _bulk(value)

    def _null(self) -> bytes:
        return b"_\r\n" if self._protocol == 3 else b"$-1\r\n"


class _Listener(socketserver.ThreadingTCPServer):
    """Accepts connections, one thread each, and keeps track of them."""

    def __init__(self, owner: ScriptedServer) -> None:
        super().__init__(("127.0.0.1", 0), _Connection, bind_and_activate=False)
        self.socket.close()
        self.socket = bound_socket()
        self.server_activate()
        self.owner = owner
        self.connections: set[socket.socket] = set()

    def disconnect(self) -> None:
        for connection in tuple(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.add(request)
        super().process_request(request, client_address)

    def close_request(self, request: Any) -> None:
        self.connections.discard(request)
        super().close_request(request)


class _Connection(socketserver.StreamRequestHandler):
    """Reads requests and writes what the owner answers to them."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        owner = cast("_Listener", self.server).owner
        # The client, or `disconnect`, may end the connection at any point.
        with suppress(OSError):
            self._serve(owner, owner.new_session())

    def _serve(self, owner: ScriptedServer, session: Session) -> None:
        while reply := owner.reply_to(cast("Request", read(cast("BinaryIO", self.rfile))), session):
            self.wfile.write(reply)


def _bulk(value: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(value), value)


def _array(items: list[bytes]) -> bytes:
    return b"*%d\r\n%b" % (len(items), b"".join(items))

"""The connections to one Redis server, each used by one thread at a time.

They are opened by redis-py, with all that its URLs and pools know: TLS, credentials, databases,
retries. After that they are written to and read from directly, since redis-py's command methods
cost more than the server does. Written by hand: an event loop shares a connection, which is
another thing; see `backends/async_/redis_wire.py`.
"""

from __future__ import annotations

import os
import socket
import struct
from collections import deque
from contextlib import suppress
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import hiredis
from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from cachetory._runtime.process import call_in_child
from cachetory.backends.redis_depth import require_frames
from cachetory.backends.redis_faults import (
    again,
    late,
    lost,
    parser_of_errors,
    tells_of_demotion,
    without_secrets,
)
from cachetory.backends.redis_progress import BIG, acknowledged, longest, spared
from cachetory.backends.redis_words import Packer, pack

if TYPE_CHECKING:
    from cachetory.backends.redis_words import Command

OPENED_AT_ONCE = 1
"""How many connections are being opened at most: with TLS, each takes the processor 30 ms."""

WORTH_WAITING = 1
"""For how many times what an exchange takes to wait before another connection is opened."""

GROWS_EVERY = 5
"""Once in how many times what an exchange takes another connection is opened at most.

On a machine that is busy, exchanges take long, and more connections would have them take longer.
"""

SLOWEST = 0.25
"""Seconds that an exchange takes at most, for that."""

FAIR_AFTER = 0.05
"""Seconds after which who waits goes before those who come; until then, it is quicker not to."""

TRIES_AGAIN_AFTER = 1.0
"""Seconds after a server has refused another connection, until that is tried again."""

WORTH_HAVING = 64
"""How many connections to one server are of use to the threads of a process."""

LOOKS_AFTER = 1.0
"""Seconds after which a waiter looks again whether it may open a connection.

An exception at the recursion limit can lose a connection without any code being able to run.
"""

_READ_AT_ONCE = 65_536
_PING = pack(("PING",))
_INCOMPLETE = object()
_PUSH = getattr(hiredis, "PushNotification", None)  # hiredis before 3.2 has none

_left_to_the_parent: list[Any] = []


class RedisWire:
    """Sends commands to one server and gives its replies.

    Connections are taken from those at rest, and more are opened as long as the limits allow.
    Whoever comes then waits for one.

    Args:
        connection_class: redis-py's class of connections.
        settings: what they are made with.
        most: how many there may be, besides `WORTH_HAVING`.
    """

    __slots__ = (
        "__weakref__",
        "_answers",
        "_at_rest",
        "_check_after",
        "_connection_class",
        "_failures",
        "_full_until",
        "_guard",
        "_is_closed",
        "_limit",
        "_lines",
        "_opened_at",
        "_opening",
        "_settings",
        "_takes",
        "_turns",
        "asks_for_the_primary",
    )

    def __init__(self, connection_class: Any, settings: dict[str, Any], most: int) -> None:
        self._connection_class = connection_class
        self._settings = dict(settings)
        if issubclass(connection_class, AbstractConnection):
            self._settings.setdefault("command_packer", Packer())
        self._check_after = float(settings.get("health_check_interval") or 0)
        self.asks_for_the_primary: bool = "connection_pool" in settings  # of a Sentinel's
        self._limit = min(most, WORTH_HAVING)
        self._opening = 0
        self._opened_at = self._full_until = 0.0
        self._takes = 0.01  # seconds for an exchange, about
        self._at_rest: list[_Line] = []
        self._lines: WeakSet[_Line] = WeakSet()  # at rest, or in use
        self._turns: deque[_Turn] = deque()
        self._guard = Lock()
        self._is_closed = False
        self._answers = 0
        self._failures: list[RedisError] = []  # the last one, if the last attempt failed
        call_in_child(self, RedisWire._forget)

    def ask(self, *command: str | bytes | int, repeatable: bool = True) -> Any:
        """Send one command and give the reply; see `ask_each`.

        Raises:
            redis.exceptions.RedisError: if the server cannot be asked, or answers by an error.
        """
        reply = self.begin((command,), repeatable=repeatable).replies()[0]
        if isinstance(reply, RedisError):
            raise reply
        return reply

    def ask_each(self, *commands: Command, repeatable: bool = True) -> list[Any]:
        """Send commands in one write and give their replies, errors among them.

        A connection at rest may have been closed by the server meanwhile, so that what fails on
        one is tried again on a new one, once.

        Args:
            commands: the commands.
            repeatable: whether it does no harm to send them again, since the server may have done
                them though its replies were lost. If not, a connection is asked first whether
                it still works.

        Raises:
            redis.exceptions.RedisError: if the server cannot be asked, or does not answer.
        """
        return self.begin(commands, repeatable=repeatable).replies()

    def begin(self, commands: tuple[Command, ...], *, repeatable: bool = True) -> _Exchange:
        """Send commands in one write; their replies are to be taken, whatever happens."""
        exchange = _Exchange(self, commands, repeatable=repeatable)
        exchange.send()
        return exchange

    def close(self) -> None:
        """Close the connections at rest, and those in use when they come to rest."""
        self._is_closed = True
        self.close_those_at_rest()

    def take(self, known_failures: list[RedisError]) -> _Line:
        """Give a connection at rest, or open one.

        Whoever finds none waits a little for one that comes to rest. In a burst that is sooner
        there than another one is opened, and a busy server is spared the work.

        Raises:
            redis.exceptions.RedisError: if it cannot be opened; or if another attempt has failed
                while the caller waited, and nobody got an answer meanwhile or has a connection
                left: so nobody waits twice for a server that is down.
        """
        try:
            return self._at_rest.pop()
        except IndexError:  # looking first would be a race between threads
            require_frames()
        turn = _Turn(monotonic())
        try:
            line = self._wait(turn, known_failures) or self._open(turn)
        except BaseException:  # interrupted, perhaps, wherever that was
            self._give_back(turn)
            raise
        return line or self.take(known_failures)

    @property
    def _open_ones(self) -> int:
        """Connections at rest, in use, or being opened."""
        return len(self._lines) + self._opening

    def _wait(self, turn: _Turn, known_failures: list[RedisError]) -> _Line | None:
        """Wait for a connection that comes to rest; give none when it is time to open one."""
        answers = self._answers
        with self._guard:
            self._turns.append(turn)
        while True:
            failures = self._failures
            is_alone = self._open_ones == self._opening or self._answers == answers
            if failures and failures is not known_failures and is_alone:
                raise again(failures[0])
            if self._is_over(turn):
                return turn.line
            turn.wait(self._opens_in(turn))

    def _is_over(self, turn: _Turn) -> bool:
        """Tell whether there is a connection for who waits, or it is time to open one."""
        with self._guard:
            if turn.line is None:
                with suppress(IndexError):
                    turn.line = self._at_rest.pop()
            if turn.line is None:
                left = self._opens_in(turn)
                if left is None or left > 0:
                    return False
                self._opened_at = monotonic()
                turn.opens = True
                self._opening += 1
            with suppress(ValueError):  # it was handed over
                self._turns.remove(turn)
            return True

    def _give_back(self, turn: _Turn) -> None:
        """Leave to others what somebody has waited for."""
        with self._guard:
            with suppress(ValueError):
                self._turns.remove(turn)
            was_opening, turn.opens = turn.opens, False
            self._opening -= was_opening
            if turn.line is not None:
                self._at_rest.append(turn.line)
        self._wake(all_of_them=was_opening)

    def _opens_in(self, turn: _Turn) -> float | None:
        """Tell in how many seconds who waits may open a connection; `None` if that is not sure."""
        if self._open_ones >= self._limit or self._opening >= OPENED_AT_ONCE:
            return None
        if not self._open_ones:
            return 0.0
        takes = min(self._takes, SLOWEST)
        opens_at = (turn.since + WORTH_WAITING * takes, self._opened_at + GROWS_EVERY * takes)
        return max(*opens_at, self._full_until) - monotonic()

    def _open(self, turn: _Turn) -> _Line | None:
        """Open a connection; none if the server has enough of them, and some are open here."""
        try:
            connection = self._connection_class(**self._settings)
            connection.connect()  # asks the Sentinels, if the pool is theirs
            line = _Line(connection)
        except RedisError as error:
            if "max number of clients" in str(error) and self._open_ones > self._opening:
                self._full_until = monotonic() + TRIES_AGAIN_AFTER
                self._give_back(turn)
                return None
            failure = without_secrets(error)
            self._failures = [again(failure)]
            raise failure from None
        self._failures = []
        if hasattr(connection, "driver_info"):  # to find it out takes longer than to connect
            self._settings["driver_info"] = connection.driver_info
        with self._guard:
            self._lines.add(line)
            turn.opens = False
            self._opening -= 1
        self._wake()
        return line

    def lay_to_rest(self, line: _Line) -> None:
        """Take a connection back that has answered, or hand it to who has waited for too long."""
        self._answers += 1
        line.heard_at = now = monotonic()
        self._takes += (now - line.sent_at - self._takes) / 8
        if self._turns:
            with self._guard:
                if self._turns and now - self._turns[0].since > FAIR_AFTER:
                    turn = self._turns.popleft()
                    turn.line = line
                    turn.wake()
                    return
        self._at_rest.append(line)
        if self._turns:
            self._wake()
        if self._is_closed:
            self.close_those_at_rest()

    def _wake(self, *, all_of_them: bool = False) -> None:
        """Have those look again who wait for a connection, the first one at least."""
        with self._guard:
            for turn in list(self._turns) if all_of_them else list(self._turns)[:1]:
                turn.wake()

    def note_timeout(self, error: RedisTimeoutError) -> None:
        """Let those who have been waiting meanwhile know."""
        self._failures = [again(error)]
        self._wake(all_of_them=True)

    def one_less(self, line: _Line) -> None:
        """Make room for another connection."""
        with self._guard:
            self._lines.discard(line)
        self._wake()

    def close_those_at_rest(self) -> None:
        """Close the connections at rest."""
        while True:
            try:
                line = self._at_rest.pop()
            except IndexError:
                return
            line.close()
            self.one_less(line)

    @property
    def failures(self) -> list[RedisError]:
        """What the last attempt failed by, if it did: another list after each."""
        return self._failures

    def is_due_for_a_check(self, line: _Line) -> bool:
        """Tell whether a connection has been idle for so long that it may be dead."""
        return bool(self._check_after) and monotonic() - line.heard_at > self._check_after

    def _forget(self) -> None:
        """Leave the sockets to the parent, in a forked child.

        They are not closed there: that would say goodbye to the server in the parent's name.
        """
        _left_to_the_parent.append(self._at_rest)
        self._at_rest = []
        self._lines = WeakSet()
        self._opening = 0
        self._turns = deque()
        self._guard = Lock()


class _Exchange:
    """Commands that were sent on a connection, and the replies that are due."""

    __slots__ = (
        "_commands",
        "_failures",
        "_is_again",
        "_is_second",
        "_line",
        "_repeatable",
        "_request",
        "_wire",
    )

    def __init__(self, wire: RedisWire, commands: tuple[Command, ...], *, repeatable: bool) -> None:
        self._wire = wire
        self._commands = commands
        self._repeatable = repeatable
        self._request = pack(commands[0]) if len(commands) == 1 else b"".join(map(pack, commands))
        self._line: _Line
        self._is_second = False
        self._is_again = False

    def send(self) -> None:
        """Send them; on a new connection if the one at rest does not work any more."""
        wire = self._wire
        self._failures = wire.failures
        line = self._line = wire.take(self._failures)
        try:
            if not self._repeatable or wire.is_due_for_a_check(line):
                line.send(_PING)
                line.receive(1)
            line.send(self._request)
        except RedisConnectionError:
            self._send_on_another()
        except BaseException as error:
            self._give_up(line, error)
            raise

    def replies(self) -> list[Any]:
        """Wait for the replies, and lay the connection to rest."""
        wire, line = self._wire, self._line
        try:
            replies = line.receive(len(self._commands))
        except RedisConnectionError as error:
            if self._is_second or not self._repeatable:
                self._give_up(line, error)
                raise
            self._send_on_another()
            return self.replies()
        except BaseException as error:  # half read, the connection is of no use any more
            self._give_up(line, error)
            raise
        wire.lay_to_rest(line)
        if tells_of_demotion(replies):
            wire.close_those_at_rest()
            if wire.asks_for_the_primary and not self._is_again:  # another one may be it by now
                self._is_again = True
                self.send()
                return self.replies()
        return replies

    def abandon(self) -> None:
        """Take no replies; the connection is of no use any more then."""
        self._give_up(self._line, lost())

    def _send_on_another(self) -> None:
        """Send the commands once more, since the server had closed the connection, and others."""
        wire = self._wire
        self._is_second = True
        self._give_up(self._line, None)
        wire.close_those_at_rest()
        line = self._line = wire.take(self._failures)
        try:
            line.send(self._request)
        except BaseException as error:
            self._give_up(line, error)
            raise

    def _give_up(self, line: _Line, error: BaseException | None) -> None:
        line.close()
        self._wire.one_less(line)
        if isinstance(error, RedisTimeoutError):
            self._wire.note_timeout(error)


class _Turn:
    """Somebody who waits for a connection.

    Attributes:
        since: When that began.
        line: What was handed over meanwhile.
        opens: Whether it is opening one.
    """

    __slots__ = ("_gate", "line", "opens", "since")

    def __init__(self, since: float) -> None:
        self.since = since
        self.line: _Line | None = None
        self.opens = False
        self._gate = Lock()
        self._gate.acquire()

    def wait(self, seconds: float | None) -> None:
        self._gate.acquire(timeout=LOOKS_AFTER if seconds is None else max(seconds, 0))

    def wake(self) -> None:
        if self._gate.locked():
            with suppress(RuntimeError):  # somebody else has done so just now
                self._gate.release()


class _Line:
    """One connection, written to and read from directly."""

    __slots__ = (
        "__weakref__",
        "_acknowledged",
        "_connection",
        "_moved",
        "_reader",
        "_size",
        "_socket",
        "_taken_at",
        "_timeout",
        "_watched_until",
        "heard_at",
        "sent_at",
    )

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._socket: socket.socket = connection._sock
        self._timeout: float | None = self._socket.gettimeout()
        self._reader = hiredis.Reader(
            protocolError=InvalidResponse,
            replyError=parser_of_errors(connection._parser.parse_error),
            notEnoughData=_INCOMPLETE,
        )
        self._moved = 0  # bytes of the exchange that were sent or received
        self._acknowledged = 0
        self._watched_until = 0  # so many bytes acknowledged, if the request is a big one
        self._size = 0
        self._taken_at = 0.0
        self.heard_at: float = monotonic()
        self.sent_at: float = self.heard_at
        _time_out_in_the_kernel(self._socket)

    def send(self, request: bytes) -> None:
        self.sent_at = monotonic()
        self._moved = 0
        self._watched_until = 0
        if len(request) > BIG:
            self._send_in_steps(memoryview(request))
            return
        try:
            self._socket.sendall(request)
        except (TimeoutError, BlockingIOError):
            raise late() from None
        except OSError as error:
            raise lost(error) from error

    def _send_in_steps(self, request: memoryview) -> None:
        """Send a big request: it may take longer than the timeout as long as it progresses."""
        self._size = len(request)
        self._taken_at = self.sent_at
        self._acknowledged = acknowledged(self._socket)
        self._watched_until = self._acknowledged + self._size
        while request:
            try:
                count = self._socket.send(request[:BIG])
            except (TimeoutError, BlockingIOError):
                if not self._goes_on():
                    raise late() from None
                continue
            except OSError as error:
                raise lost(error) from error
            request = request[count:]
            self._moved += count
            self._check_duration()

    def _goes_on(self) -> bool:
        """Tell, after a timeout, whether a big request is still on its way to the server."""
        if not self._watched_until:
            return False
        self._check_duration()
        now = monotonic()
        before = self._acknowledged
        if before < self._watched_until:
            self._acknowledged = acknowledged(self._socket)
            self._taken_at = now
            return self._acknowledged > before
        return now - self._taken_at < spared(self._size, self._taken_at - self.sent_at)

    def _check_duration(self) -> None:
        """Raise an error if the exchange progresses too slowly on the whole."""
        timeout = self._timeout
        if timeout and monotonic() - self.sent_at > longest(timeout, self._moved):
            raise late()

    def receive(self, count: int) -> list[Any]:
        """Read so many replies, errors of the server among them."""
        replies: list[Any] = []
        reader = self._reader
        while True:
            reply = reader.gets()
            if reply is not _INCOMPLETE:
                if reply.__class__ is _PUSH:
                    continue
                replies.append(reply)
                if len(replies) == count:
                    return replies
                continue
            try:
                chunk = self._socket.recv(_READ_AT_ONCE)
            except (TimeoutError, BlockingIOError):
                if not self._goes_on():
                    raise late() from None
                continue
            except OSError as error:
                raise lost(error) from error
            if not chunk:
                raise lost()
            if self._moved:
                self._check_duration()
            self._moved += len(chunk)
            reader.feed(chunk)

    def close(self) -> None:
        self._connection.disconnect()


def _time_out_in_the_kernel(sock: socket.socket) -> None:
    """Let the kernel end what takes too long: it saves a system call before each of the others.

    Only for sockets of the standard library: those of gevent and TLS wait in other ways.
    """
    seconds = sock.gettimeout()
    if not seconds or os.name != "posix" or type(sock) is not socket.socket:
        return
    if type(sock).__module__ != "socket":  # another one stands in its place
        return
    microseconds = max(round(seconds * 1_000_000), 1)
    interval = struct.pack("@ll", *divmod(microseconds, 1_000_000))
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, interval)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, interval)
    except OSError:  # a kernel that writes times in another way
        return
    sock.settimeout(None)

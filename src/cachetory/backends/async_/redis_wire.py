"""The connections to one Redis server, shared by all tasks of an event loop.

They are opened by redis-py, with all that its URLs and pools know: TLS, credentials, databases,
retries. Then a protocol of ours takes each over: what is asked in one round of the loop leaves in
one write, and replies are given to those who asked in the order of asking. Nobody who is cancelled
can leave an answer to another, since answers are not read by those who ask. Written by hand: a
thread has a connection to itself, which is another thing; see `backends/sync/redis_wire.py`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from random import uniform
from typing import TYPE_CHECKING, Any, TypeAlias

import hiredis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse, ReadOnlyError, RedisError

from cachetory._runtime.async_ import running_loop
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
from cachetory.backends.redis_progress import (
    BIG,
    CAN_TELL,
    PATIENCE,
    acknowledged,
    longest,
    received,
    spared,
)
from cachetory.backends.redis_words import pack

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory.backends.redis_words import Command

LANES = 4
"""How many connections to one server are of use: one, and others while it carries a big value."""

MOST_UNDER_WAY = 10_000
"""How many requests may wait for their replies on one connection; more wait for their turn."""

SENT_AT_ONCE = 64
"""After so many requests within a round, the server is given something to do meanwhile."""

PAUSES = (0.01, 0.2)
"""Seconds between attempts to connect that fail, at first and at most; doubled in between."""

LOOKS = 8
"""How often the event loop has to get round within a timeout, for the silence to count."""

CONNECTS_AGAIN = 3
"""How often to connect if a timeout of redis-py is over only because the event loop was blocked."""

_LOOKS_EVERY = 0.02

_ASKS_OTHERS = ("connection_pool", "credential_provider", "redis_connect_func")
"""Settings by which redis-py asks somebody else while it connects, with timeouts of their own."""

_INCOMPLETE = object()
_PUSH = getattr(hiredis, "PushNotification", None)  # hiredis before 3.2 has none

_left_to_the_parent: list[Any] = []


class RedisWire:
    """Sends commands to one server and gives its replies.

    Args:
        connection_class: redis-py's class of connections.
        settings: what they are made with.
        most: how many there may be, besides `LANES`.
    """

    __slots__ = (
        "__weakref__",
        "_asks_for_the_primary",
        "_attempt",
        "_check_after",
        "_connection_class",
        "_is_closed",
        "_lanes",
        "_limit",
        "_next_attempt_at",
        "_pause",
        "_sets_up_alone",
        "_settings",
        "_waiting",
    )

    def __init__(self, connection_class: Any, settings: dict[str, Any], most: int) -> None:
        self._connection_class = connection_class
        self._settings = dict(settings)
        self._check_after = float(settings.get("health_check_interval") or 0)
        self._asks_for_the_primary = "connection_pool" in settings  # of a Sentinel's
        self._sets_up_alone = CAN_TELL and not any(map(settings.get, _ASKS_OTHERS))
        self._limit = min(most, LANES)
        self._lanes: list[_Lane] = []
        self._attempt: asyncio.Task[_Lane | RedisError] | None = None  # to open another one
        self._waiting = 0  # for that
        self._next_attempt_at = 0.0
        self._pause = 0.0
        self._is_closed = False
        call_in_child(self, RedisWire._forget)

    async def ask(self, *command: str | bytes | int, repeatable: bool = True) -> Any:
        """Send one command and give the reply; see `ask_each`.

        Raises:
            redis.exceptions.RedisError: if the server cannot be asked, or answers by an error.
        """
        lanes = self._lanes
        if repeatable and lanes and not (lanes[0].is_busy or self._check_after):
            try:  # what follows, at less cost
                return await lanes[0].ask(command)
            except (RedisConnectionError, ReadOnlyError):
                pass
        (reply,) = await self.ask_each(command, repeatable=repeatable)
        if isinstance(reply, RedisError):
            raise reply
        return reply

    async def ask_each(self, *commands: Command, repeatable: bool = True) -> list[Any]:
        """Send commands and give their replies, errors among them.

        What a connection that ends leaves without a reply is asked again on another one, once.

        Args:
            commands: the commands.
            repeatable: whether it does no harm to send them again, since the server may have done
                them though its replies were lost. If not, a connection at rest is asked first
                whether it still works.

        Raises:
            redis.exceptions.RedisError: if the server cannot be asked, or does not answer.
        """
        exchange = await self.begin(commands, repeatable=repeatable)
        return await exchange.replies()

    async def begin(self, commands: tuple[Command, ...], *, repeatable: bool = True) -> _Exchange:
        """Send commands; their replies may be awaited, or not."""
        lane = await self._lane_with_room()
        if lane.is_at_rest and (not repeatable or self._is_due_for_a_check(lane)):
            try:
                await lane.ask(("PING",))
            except RedisConnectionError:
                lane = await self._connected()
        return _Exchange(self, lane, commands, repeatable=repeatable)

    async def again(self, commands: tuple[Command, ...]) -> list[Any]:
        """Send commands on another connection, since the one that they were sent on has ended."""
        lane = await self._lane_with_room()
        replies: list[Any] = await lane.ask_each(commands)
        self.is_content_with(replies)
        return replies

    async def aclose(self) -> None:
        """Close the connections at rest, and the others when all has been answered."""
        self._is_closed = True
        if self._attempt is not None and not self._waiting:
            self._attempt.cancel()
            await asyncio.wait((self._attempt,))
        lanes, self._lanes = self._lanes, []
        for lane in lanes:
            await lane.aclose()

    def is_content_with(self, replies: list[Any]) -> bool:
        """Tell whether replies are to be taken: not if they come from what is no primary any more.

        The next connection leads to another one then, if Sentinels are asked for it.
        """
        if not tells_of_demotion(replies):
            return True
        lanes, self._lanes = self._lanes, []
        for lane in lanes:
            lane.retire()
        return not self._asks_for_the_primary

    async def _lane_with_room(self) -> _Lane:
        """Give the connection to use: the first one if it is not busy, or another one."""
        lanes = self._lanes
        if not lanes:
            return await self._connected()
        lane = lanes[0]
        if lane.is_busy:
            lane = min(lanes, key=_Lane.load)
            if lane.is_busy and len(lanes) < self._limit:
                with suppress(RedisError):  # the busy one will do if there is no other
                    lane = await self._connected()
            if lane.is_full:
                await lane.room()
            if lane.has_ended:  # meanwhile
                lane = await self._connected()
        return lane

    def _is_due_for_a_check(self, lane: _Lane) -> bool:
        return bool(self._check_after) and lane.idle_for > self._check_after

    async def _connected(self) -> _Lane:
        """Give a connection, by an attempt that is shared by all who wait for it.

        Between attempts that fail, there is a pause at random, which also they wait for.
        """
        attempt = self._attempt or self._begin_attempt()
        self._waiting += 1
        try:
            await asyncio.wait((attempt,))
        finally:
            self._waiting -= 1
        if attempt.cancelled():
            raise lost()
        lane = attempt.result()
        if isinstance(lane, RedisError):
            raise again(lane)
        if self._is_closed:  # meanwhile: it is closed as soon as it has been used
            lane.retire_soon()
        return lane

    def _begin_attempt(self) -> asyncio.Task[_Lane | RedisError]:
        attempt = running_loop().create_task(self._open(), name="cachetory-connect")
        attempt.add_done_callback(self._end_attempt)
        self._attempt = attempt
        return attempt

    def _end_attempt(self, attempt: asyncio.Task[_Lane | RedisError]) -> None:
        self._attempt = None
        if attempt.cancelled() or attempt.exception() is not None:
            return
        lane = attempt.result()
        if isinstance(lane, RedisError) or lane.has_ended:
            return
        if not self._is_closed:
            self._lanes.append(lane)
        elif not self._waiting:
            lane.retire()

    async def _open(self) -> _Lane | RedisError:
        """Open a connection, or give the error: nobody may be there to whom it could be raised."""
        loop = running_loop()
        if self._pause:
            await asyncio.sleep(self._next_attempt_at - loop.time())
        self._pause = min(max(self._pause * 2, PAUSES[0]), PAUSES[1])
        self._next_attempt_at = loop.time() + uniform(0.5, 1) * self._pause  # noqa: S311
        connection: Any = self._connection_class(**self._settings)
        try:
            if self._sets_up_alone:
                await _connect(connection)
            else:
                await _connect_again(connection)
            lane = _Lane(connection, self._lose)
        except BaseException as error:
            with suppress(Exception):
                await connection.disconnect(nowait=True)
            if isinstance(error, RedisError):
                return without_secrets(error)
            raise
        self._pause = 0.0
        if hasattr(connection, "driver_info"):  # to find it out takes longer than to connect
            self._settings["driver_info"] = connection.driver_info
        return lane

    def _lose(self, lane: _Lane) -> None:
        if lane in self._lanes:
            self._lanes.remove(lane)

    def _forget(self) -> None:
        """Leave the sockets to the parent, in a forked child.

        They are not closed there: that would say goodbye to the server in the parent's name.
        """
        _left_to_the_parent.append(self._lanes)
        self._lanes = []
        self._attempt = None


async def _connect(connection: Any) -> None:
    """Connect by redis-py; only silence while the event loop runs counts as a timeout.

    A loop that is blocked does not look at the attempt, so that it uses up none of the timeout.

    Raises:
        redis.exceptions.RedisError: if nothing has happened in `LOOKS` looks, or it fails.
    """
    timeouts = connection.socket_connect_timeout, connection.socket_timeout
    connection.socket_connect_timeout = connection.socket_timeout = None
    attempt = asyncio.get_running_loop().create_task(connection.connect())
    progress: tuple[bool, int] | None = None
    silent = looks = 0
    try:
        while not attempt.done():
            before, progress = progress, _progress_of(connection)
            silent = silent + 1 if before == progress else 0
            looks += 1
            if silent > LOOKS or looks > LOOKS * PATIENCE:
                raise late()
            timeout = timeouts[progress[0]]
            await asyncio.wait((attempt,), timeout=timeout and timeout / LOOKS)
    finally:
        connection.socket_connect_timeout, connection.socket_timeout = timeouts
        await _cancelled(attempt)
    attempt.result()


def _progress_of(connection: Any) -> tuple[bool, int]:
    """Return whether it is connected, and how many bytes have come."""
    writer = connection._writer
    return (False, 0) if writer is None else (True, received(writer.get_extra_info("socket")))


async def _cancelled(attempt: asyncio.Task[None]) -> None:
    if not attempt.done():
        attempt.cancel()
        await asyncio.wait((attempt,))


async def _connect_again(connection: Any) -> None:
    """Connect by redis-py, again if the event loop was blocked while a timeout was running."""
    loop = asyncio.get_running_loop()
    for _ in range(CONNECTS_AGAIN - 1):
        started_at = loop.time()
        attempt = loop.create_task(connection.connect())
        lag = 0.0
        try:
            while not attempt.done():
                looked_at = loop.time()
                await asyncio.wait((attempt,), timeout=_LOOKS_EVERY)
                lag += max(loop.time() - looked_at - _LOOKS_EVERY, 0.0)
        finally:
            await _cancelled(attempt)
        if attempt.exception() is None or lag < (loop.time() - started_at) / 4:
            attempt.result()
            return
    await connection.connect()


class _Exchange:
    """Commands that were sent, and the replies that are due."""

    __slots__ = ("_commands", "_repeatable", "_replies", "_wire")

    def __init__(
        self, wire: RedisWire, lane: _Lane, commands: tuple[Command, ...], *, repeatable: bool
    ) -> None:
        self._wire = wire
        self._commands = commands
        self._repeatable = repeatable
        self._replies = lane.ask_each(commands)

    async def replies(self) -> list[Any]:
        """Wait for the replies."""
        try:
            replies: list[Any] = await self._replies
        except RedisConnectionError:
            if not self._repeatable:
                raise
            return await self._wire.again(self._commands)
        if self._wire.is_content_with(replies):
            return replies
        return await self._wire.again(self._commands)

    def abandon(self) -> None:
        """Take no replies."""
        self._replies.cancel()


class _Several:
    """Who asks for the replies to several commands, and what has come so far."""

    __slots__ = ("asker", "left", "replies")

    def __init__(self, asker: _Asker, count: int) -> None:
        self.asker = asker
        self.left = count
        self.replies: list[Any] = []


_Asker: TypeAlias = "asyncio.Future[Any]"
_Request: TypeAlias = "list[_Asker] | _Several"
"""Those who ask for one reply, or who asks for several."""


def _give(request: _Request, reply: Any) -> None:
    """Give a reply to all who ask for it, as their error if it is one."""
    askers = request if isinstance(request, list) else (request.asker,)
    for asker in askers:
        if asker.done():  # cancelled, or told that it was too late
            continue
        if isinstance(reply, RedisError):
            asker.set_exception(again(reply))
        else:
            asker.set_result(reply)


class _Lane(asyncio.Protocol):
    """One connection, on which requests follow each other and are answered in that order.

    Attributes:
        has_ended: Whether it is of no use any more.
        is_at_rest: Whether all requests have been answered.
    """

    def __init__(self, connection: Any, lose: Callable[[_Lane], None]) -> None:
        self._loop = running_loop()
        self._lose = lose
        self._timeout: float | None = connection.socket_timeout
        self._streams = connection._reader, connection._writer  # kept, or the latter would close
        self._transport: Any = connection._writer.transport
        self._socket = self._transport.get_extra_info("socket")
        self._former: Any = self._transport.get_protocol()
        connection._reader = connection._writer = None  # it is ours now
        self._reader = hiredis.Reader(
            protocolError=InvalidResponse,
            replyError=parser_of_errors(connection._parser.parse_error),
            notEnoughData=_INCOMPLETE,
        )
        self._pending: deque[_Request] = deque()
        self._sent: deque[tuple[float, int, int]] = deque()  # when, the last one's number, moved
        self._moved = 0  # bytes that were received, or are known to be taken of a big request
        self._acknowledged = 0
        self._watched_until = 0  # so many bytes acknowledged, while something big is sent
        self._watched = 0  # bytes of that
        self._watched_from = 0.0
        self._spared_until = 0.0
        self._due = 0.0  # when the next look at the time is to be taken
        self._number = 0  # of the last that was sent
        self._unsent: list[bytes] = []
        self._gets: dict[Any, list[_Asker]] = {}  # those of them that are asked of by a key alone
        self._heard_at = self._loop.time()
        self._alarm: asyncio.TimerHandle | None = None
        self._is_choked = False  # the server does not take what is written
        self._is_partial = False  # a reply has come in part
        self._is_big = False  # and goes on for more than what is read at once
        self._is_retired = False
        self.has_ended = False
        self._waiting_for_room: list[asyncio.Future[None]] = []
        self._transport.set_protocol(self)
        if self._transport.is_closing() or self._streams[0].at_eof():
            raise lost()

    # For those who ask

    @property
    def is_at_rest(self) -> bool:
        return not self._pending

    @property
    def idle_for(self) -> float:
        """Seconds since the server was heard."""
        return self._loop.time() - self._heard_at

    @property
    def is_busy(self) -> bool:
        """Whether it carries something so big that others had better go elsewhere."""
        return self._is_choked or self._is_big or len(self._pending) >= MOST_UNDER_WAY

    @property
    def is_full(self) -> bool:
        """Whether no more can be asked until something has been answered."""
        return self._is_choked or len(self._pending) >= MOST_UNDER_WAY

    def load(self) -> tuple[bool, int]:
        """Tell how much there is to carry, in a form to be compared."""
        return self.is_busy, len(self._pending)

    async def room(self) -> None:
        """Wait until something can be asked."""
        deadline = None if self._timeout is None else self._loop.time() + PATIENCE * self._timeout
        while self.is_full and not self.has_ended:
            turn: asyncio.Future[None] = self._loop.create_future()
            self._waiting_for_room.append(turn)
            left = None if deadline is None else deadline - self._loop.time()
            done, _ = await asyncio.wait((turn,), timeout=left)
            if not done:
                raise late()

    def ask(self, command: Command) -> _Asker:
        """Send a command with all else that is asked in this round of the loop.

        What is asked by several in the same round is asked once. Not what is under way already:
        its reply may be older than what others have written since.
        """
        asker = self._loop.create_future()
        if self.has_ended:
            asker.set_exception(lost())
            return asker
        askers = [asker]
        if command[0] != "GET":
            self._send(pack(command), askers)
            return asker
        same = self._gets.get(command[1])
        if same is not None:
            same.append(asker)
            return asker
        self._send(pack(command), askers)
        self._gets[command[1]] = askers  # after that, since an error may have kept it from leaving
        return asker

    def ask_each(self, commands: tuple[Command, ...]) -> _Asker:
        """Send commands with all else that is asked in this round of the loop."""
        asker = self._loop.create_future()
        if self.has_ended:
            asker.set_exception(lost())
        else:
            self._send(b"".join(map(pack, commands)), _Several(asker, len(commands)))
        return asker

    def _send(self, packed: bytes, request: _Request) -> None:
        flushes = len(self._unsent) + 1 >= SENT_AT_ONCE
        if flushes:
            require_frames()  # to be cut short while writing would mix up the replies
        if not self._unsent:
            self._loop.call_soon(self._flush)
            if self._alarm is None and self._timeout is not None:
                self._due = self._loop.time() + self._timeout
                self._alarm = self._loop.call_at(self._due, self._look_at_the_time)
        self._unsent.append(packed)
        self._pending.append(request)
        if flushes:
            self._flush()

    def retire(self) -> None:
        """Close it as soon as all has been answered."""
        self._is_retired = True
        if self.is_at_rest:
            self._transport.close()

    def retire_soon(self) -> None:
        """Close it as soon as all has been answered, what is asked this moment included."""
        self._loop.call_soon(self.retire)

    async def aclose(self) -> None:
        """Close it now if it is at rest, else as soon as all has been answered."""
        self.retire()
        if self.is_at_rest:
            with suppress(Exception):
                await self._streams[1].wait_closed()

    # For the event loop

    def data_received(self, data: bytes) -> None:
        """Give replies to those who asked."""
        self._heard_at = self._loop.time()
        self._moved += len(data)
        pending = self._pending
        before = len(pending)
        reader = self._reader
        try:
            reader.feed(data)
            while (reply := reader.gets()) is not _INCOMPLETE:
                if reply.__class__ is _PUSH:
                    continue
                request = pending[0]
                if isinstance(request, _Several):
                    request.replies.append(reply)
                    request.left -= 1
                    if request.left:
                        continue
                    reply = request.replies
                pending.popleft()
                _give(request, reply)
        except (InvalidResponse, IndexError) as error:  # nonsense, or nobody has asked
            reason = str(error)
            self._end(lambda: InvalidResponse(reason))
            return
        self._is_big = self._is_partial and len(pending) == before
        self._is_partial = reader.has_data()
        if self._waiting_for_room and not self.is_full:
            self._let_in()
        if self._is_retired and not pending:
            self._transport.close()

    def eof_received(self) -> None:
        """Close it with the server."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Let those know who wait."""
        self._former.connection_lost(exc)  # for those who wait until it is closed
        self._end(lambda: lost(exc))

    def pause_writing(self) -> None:
        """Let nobody ask until the server takes what is written."""
        self._is_choked = True

    def resume_writing(self) -> None:
        """Let others ask again."""
        self._is_choked = False
        self._let_in()

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        self._gets.clear()
        if not unsent or self.has_ended:
            return
        data = unsent[0] if len(unsent) == 1 else b"".join(unsent)
        self._number += len(unsent)
        if self._timeout is not None:
            self._sent.append((self._loop.time(), self._number, self._moved))
            if len(data) > BIG:
                self._watch(len(data))
        try:
            self._transport.write(data)
        except BaseException as error:  # nobody knows how much of it has left
            reason = error
            self._end(lambda: lost(reason))
            raise

    def _watch(self, size: int) -> None:
        """Count it as progress when the server takes more of what is about to be sent."""
        taken = self._taken()
        if taken >= self._watched_until:
            self._acknowledged = self._watched_until = taken
            self._watched = 0
            self._watched_from = self._loop.time()
        self._watched_until += size
        self._watched += size
        if self._alarm is not None:
            self._alarm.cancel()
        self._look_at_the_time()

    def _taken(self) -> int:
        return acknowledged(self._socket)

    def _let_in(self) -> None:
        waiting, self._waiting_for_room = self._waiting_for_room, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)

    def _look_at_the_time(self) -> None:
        """End the connection if the server is silent, or trickles."""
        self._alarm = None
        timeout = self._timeout
        answered = self._number - (len(self._pending) - len(self._unsent))
        while self._sent and self._sent[0][1] <= answered:
            self._sent.popleft()
        if not self._pending or timeout is None:
            return
        now = next_at = self._loop.time()
        if now - self._due > timeout / LOOKS:  # the loop was blocked: that is not silence
            self._spared_until = max(self._spared_until, now - timeout + timeout / LOOKS)
        if self._sent:
            sent_at, _, moved = self._sent[0]
            self._note_what_is_taken(now)
            silent_from = max(sent_at, self._heard_at, self._spared_until)
            is_slow = now - sent_at >= longest(timeout, self._moved - moved)
            if is_slow or silent_from <= now - timeout:
                self._end(late)
                return
            next_at = silent_from
        in_time = next_at + timeout
        if self._acknowledged < self._watched_until:
            in_time = min(in_time, now + timeout / LOOKS)
        self._due = in_time
        self._alarm = self._loop.call_at(in_time, self._look_at_the_time)

    def _note_what_is_taken(self, now: float) -> None:
        """Count what the server has taken of something big since the last look as life."""
        if self._acknowledged >= self._watched_until:
            return
        taken = self._taken()
        if taken > self._acknowledged:
            self._moved += taken - self._acknowledged
            self._acknowledged = taken
            self._heard_at = now
        if taken >= self._watched_until:
            self._spared_until = now + spared(self._watched, now - self._watched_from)

    def _end(self, make_error: Callable[[], RedisError]) -> None:
        """Let all who wait know that it is over."""
        if self.has_ended:
            return
        self.has_ended = True
        self._lose(self)
        self._transport.abort()
        if self._alarm is not None:
            self._alarm.cancel()
        pending, self._pending = self._pending, deque()
        for request in pending:
            _give(request, make_error())
        self._gets.clear()
        self._let_in()

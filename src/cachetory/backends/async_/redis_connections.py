"""The connections to one Redis server, each used by one caller at a time.

They are redis-py's own, made with the settings of one of its pools, so that everything its URLs
and pools know keeps working. Its command methods and its pools' bookkeeping are left out: they
cost more than the server does.
"""

from __future__ import annotations

from contextlib import suppress
from copy import copy
from typing import TYPE_CHECKING, Any, TypeAlias

from redis.asyncio.client import PubSub
from redis.asyncio.connection import ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from cachetory._runtime.async_ import WORTH_HAVING, Slots
from cachetory._runtime.process import call_in_child

if TYPE_CHECKING:
    from collections.abc import Sequence

Command: TypeAlias = "tuple[str | bytes | int, ...]"

OPENED_AT_ONCE = 4
"""How many connections are being opened at most: with TLS, each takes the processor 30 ms."""

LISTENERS = 8
"""How many connections listen for messages at most; those who find none ask the server anew."""

_left_to_the_parent: list[Any] = []


class RedisConnections:
    """Takes connections from those at rest, and makes more as long as the limits allow.

    The limits are `WORTH_HAVING` and that of the pool. Whoever comes then waits for a turn.
    """

    __slots__ = (
        "__weakref__",
        "_answers",
        "_at_rest",
        "_doors",
        "_ears",
        "_failures",
        "_is_closed",
        "_pool",
        "_settings",
        "_slots",
    )

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._settings: dict[str, Any] = dict(pool.connection_kwargs)
        self._slots = Slots(min(pool.max_connections, WORTH_HAVING))
        self._doors = Slots(OPENED_AT_ONCE)
        self._ears = Slots(LISTENERS)
        self._at_rest: list[Any] = []
        self._is_closed = False
        self._answers = 0
        self._failures: list[RedisError] = []  # the last one, if the last attempt failed
        call_in_child(self, RedisConnections._forget)

    async def ask(self, *command: str | bytes | int, repeatable: bool = True) -> Any:
        """Send one command and give the reply; see `ask_all`.

        Raises:
            redis.exceptions.RedisError: if the server cannot be asked, or answers by an error.
        """
        return (await self.ask_all(command, repeatable=repeatable))[0]

    async def ask_all(self, *commands: Command, repeatable: bool = True) -> list[Any]:
        """Send commands in one write and give their replies.

        A connection at rest may have been closed by the server meanwhile, so that what fails on
        one is tried again on a new one, once.

        Args:
            commands: the commands.
            repeatable: whether it does no harm to send them again, since the server may have done
                them though its replies were lost. If not, a connection is asked first whether
                it still works.

        Raises:
            redis.exceptions.RedisError: if the server cannot be asked, or answers any of them by
                an error; the first one is raised, when all have been answered.
        """
        replies = await self._ask(commands, repeatable=repeatable)
        for reply in replies:
            if isinstance(reply, ResponseError):
                raise reply
        return replies

    async def ask_each(self, *commands: Command) -> list[Any]:
        """Send commands in one write and give their replies, errors included; see `ask_all`."""
        return await self._ask(commands, repeatable=True)

    async def listen(self, channels: Sequence[bytes]) -> Any:
        """Subscribe to channels, on a connection that serves nothing else.

        Gives redis-py's `PubSub`, or `None` if enough others listen, or it cannot be had.
        """
        if not self._ears.enter_at_once():
            return None
        pool: Any = ConnectionPool(
            connection_class=self._pool.connection_class, **self._pool.connection_kwargs
        )
        messages: Any = PubSub(pool)
        try:
            await messages.subscribe(*channels)
        except BaseException as error:
            await self.listen_no_more(messages)
            if isinstance(error, Exception):
                return None
            raise
        return messages

    async def listen_no_more(self, messages: Any) -> None:
        """Close the connection of a `PubSub`."""
        self._ears.leave()
        with suppress(Exception):
            await messages.aclose()

    async def _ask(self, commands: tuple[Command, ...], *, repeatable: bool) -> list[Any]:
        failures, answers = self._failures, self._answers
        async with self._slots:
            if self._failures and self._failures is not failures and self._answers == answers:
                raise _again(self._failures[0])  # while one waited, nobody got an answer
            connection = self._take()
            if connection is not None:
                try:
                    if repeatable:
                        return await self._converse(connection, commands)
                    await self._exchange(connection, (("PING",),))
                except RedisConnectionError:
                    await self._disconnect()
                    connection = None
            if connection is None:
                connection = await self._open(failures)
            return await self._converse(connection, commands)

    async def aclose(self) -> None:
        """Close the connections at rest, and those in use when they come to rest."""
        self._is_closed = True
        await self._disconnect()

    async def _open(self, known_failures: list[RedisError]) -> Any:
        """Open a connection, unless another attempt has failed while the caller waited.

        So a server that is down keeps nobody waiting longer than one attempt takes.
        """
        async with self._doors:
            if self._failures and self._failures is not known_failures:
                raise _again(self._failures[0])
            at_rest = self._take()
            if at_rest is not None:  # since the caller waited
                return at_rest
            connection: Any = self._pool.connection_class(**self._settings)
            try:
                await connection.connect()  # asks the Sentinels, if the pool is theirs
            except RedisError as error:
                self._failures = [_again(error)]
                raise
            self._failures = []
            if hasattr(connection, "driver_info"):  # to find it out takes longer than to connect
                self._settings["driver_info"] = connection.driver_info
            return connection

    async def _converse(self, connection: Any, commands: tuple[Command, ...]) -> list[Any]:
        """Send commands and give their replies, and lay the connection to rest."""
        replies = await self._exchange(connection, commands)
        self._answers += 1
        self._at_rest.append(connection)
        if self._is_closed:
            await self._disconnect()
        for reply in replies:
            if isinstance(reply, ReadOnlyError):  # no primary any more: the next one looks it up
                await self._disconnect()
        return replies

    async def _exchange(self, connection: Any, commands: tuple[Command, ...]) -> list[Any]:
        """Send commands and give their replies, errors included."""
        replies: list[Any] = []
        try:
            if len(commands) == 1:
                await connection.send_command(*commands[0])
            else:
                await connection.send_packed_command(connection.pack_commands(commands))
            for _ in commands:
                try:
                    replies.append(await connection.read_response())
                except ResponseError as error:
                    replies.append(error)
        except RedisTimeoutError as error:
            await connection.disconnect()
            self._failures = [_again(error)]  # for those who have been waiting meanwhile
            raise
        except BaseException:  # half written or half read, the connection is of no use any more
            await connection.disconnect()
            raise
        return replies

    async def _disconnect(self) -> None:
        while (connection := self._take()) is not None:
            await connection.disconnect()

    def _take(self) -> Any | None:
        try:
            return self._at_rest.pop()
        except IndexError:  # looking first would be a race between threads
            return None

    def _forget(self) -> None:
        """Leave the sockets to the parent, in a forked child.

        They are not closed there: that would say goodbye to the server in the parent's name.
        """
        _left_to_the_parent.append(self._at_rest)
        self._at_rest = []


def _again(error: RedisError) -> RedisError:
    """Make an error like this one, for somebody else to raise: it has no traceback yet."""
    try:
        return copy(error)
    except TypeError:  # made from more than its arguments tell
        return RedisConnectionError(str(error))

"""A backend over a Redis or Valkey server."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from redis.asyncio import Redis
from redis.asyncio.connection import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from cachetory._core.urls import redact
from cachetory._runtime.async_ import PerLoop
from cachetory.backends.async_.redis_connections import RedisConnections
from cachetory.backends.async_.redis_leases import RedisLeases, claim_of
from cachetory.backends.redis_words import name_of, names_of, wire_of
from cachetory.durations import to_milliseconds, to_timestamp
from cachetory.errors import ConfigurationError
from cachetory.interfaces.backends.async_ import AsyncBackend

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from datetime import datetime

    from typing_extensions import Self

    from cachetory.backends.async_.redis_connections import Command
    from cachetory.durations import Duration

_CLIENT_SCHEMES = {"redis+unix": "unix", "valkey": "redis", "valkeys": "rediss"}
_SCAN_STEP = 1000

DEFAULT_OPTIONS: dict[str, Any] = {"socket_connect_timeout": 0.25, "socket_timeout": 0.25}
"""What a client made from a URL does unless the URL says otherwise, in seconds.

A cache that answers later than this is no cache: the value is computed instead. A failed command
is tried again once, on a new connection, if its connection was closed while it lay idle.
"""


class RedisBackend(AsyncBackend[bytes]):
    """Stores entries in Redis or Valkey. Every operation is atomic, the bulk ones included.

    Args:
        client: a client of redis-py for one server, which must not decode responses. Its settings
            are used, and it is never closed. In another event loop than the first, connections of
            that loop are used.

    Raises:
        ConfigurationError: if the client decodes responses, or is of another kind.
    """

    def __init__(self, client: Redis) -> None:
        pool = getattr(client, "connection_pool", None)
        if not isinstance(pool, ConnectionPool):
            msg = (
                f"{type(client).__module__}.{type(client).__name__} cannot be used here: "
                "give a `redis.asyncio.Redis`, a client for one server"
            )
            raise ConfigurationError(msg)
        self._connections = _connections(pool)
        self._leases = RedisLeases(self._connections)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make a backend from a URL: `redis://host:6379/0`, `rediss://…` with TLS, `unix:///path`.

        `redis+unix://` is `unix://`, `valkey://` is `redis://` and `valkeys://` is `rediss://`.
        The rest goes to redis-py, whose connections take parameters such as `socket_timeout`.

        Raises:
            ConfigurationError: for a parameter that redis-py does not know or cannot use, and for
                `decode_responses`.
        """
        scheme, separator, rest = url.partition("://")
        client_url = _CLIENT_SCHEMES.get(scheme.lower(), scheme.lower()) + separator + rest
        try:
            pool = cast("Any", ConnectionPool).from_url(
                client_url, **DEFAULT_OPTIONS, retry=Retry(NoBackoff(), 0)
            )
            pool.connection_class(**pool.connection_kwargs)
        except (TypeError, ValueError) as error:
            msg = f"`{redact(url)}` cannot be used: {_reason(error)}"
            raise ConfigurationError(msg) from None
        return cls(Redis(connection_pool=pool))

    @property
    def leases(self) -> RedisLeases:
        """The claims to the keys of the server."""
        return self._leases

    def is_outage(self, error: Exception) -> bool:
        """Tell whether the server cannot be reached, or does not answer, or is not ready to."""
        return isinstance(error, RedisError) and not isinstance(error, ResponseError)

    async def get(self, key: str) -> bytes:
        """Get the value of a key.

        Raises:
            KeyError: if there is none, or its time is over.
        """
        value: bytes | None = await self._connections.get().ask("GET", name_of(key))
        if value is None:
            raise KeyError(key)
        return value

    async def get_many(self, *keys: str) -> AsyncIterator[tuple[str, bytes]]:
        """Get the values of those keys that have one, all from the same instant."""
        if not keys:
            return
        values = await self._connections.get().ask("MGET", *names_of(keys))
        for key, value in zip(keys, values, strict=True):
            if value is not None:
                yield key, value

    async def set(
        self,
        key: str,
        value: bytes,
        *,
        time_to_live: Duration | None = None,
        if_not_exists: bool = False,
    ) -> bool:
        """Set the value of a key and tell whether it was changed."""
        name = name_of(key)
        command: list[str | bytes | int] = ["SET", name, wire_of(value)]
        milliseconds = None if time_to_live is None else to_milliseconds(time_to_live)
        if milliseconds == 0:
            return not if_not_exists and await self.delete(key)
        if milliseconds is not None:
            command += ("PX", milliseconds)
        if if_not_exists:
            command.append("NX")
        replies = await self._connections.get().ask_all(
            ("DEL", claim_of(name)), tuple(command), repeatable=not if_not_exists
        )
        return replies[-1] is not None

    async def set_many(
        self, items: Iterable[tuple[str, bytes]], *, time_to_live: Duration | None = None
    ) -> None:
        """Set many values at once, all with the same time to live."""
        values = dict(items)
        names = dict(zip(names_of(values), map(wire_of, values.values()), strict=True))
        if not names:
            return
        connections = self._connections.get()
        if time_to_live is None:
            await connections.ask_all(
                ("DEL", *map(claim_of, names)), ("MSET", *chain.from_iterable(names.items()))
            )
        elif milliseconds := to_milliseconds(time_to_live):
            writes: list[Command] = [
                ("SET", name, value, "PX", milliseconds) for name, value in names.items()
            ]
            replies = await connections.ask_all(
                ("MULTI",), ("DEL", *map(claim_of, names)), *writes, ("EXEC",)
            )
            for outcome in replies[-1]:
                if isinstance(outcome, ResponseError):
                    raise outcome
        else:
            await connections.ask("DEL", *map(claim_of, names), *names)

    async def expire_in(self, key: str, time_to_live: Duration | None = None) -> None:
        """Let a key live for so long from now: `None` for ever, zero or less not at all."""
        if time_to_live is None:
            await self._connections.get().ask("PERSIST", name_of(key))
        elif milliseconds := to_milliseconds(time_to_live):
            await self._connections.get().ask("PEXPIRE", name_of(key), milliseconds)
        else:
            await self.delete(key)

    async def expire_at(self, key: str, deadline: datetime | None) -> None:
        """Let a key live until the deadline, a timezone-aware datetime; `None` is for ever."""
        if deadline is None:
            await self._connections.get().ask("PERSIST", name_of(key))
        else:
            milliseconds = round(to_timestamp(deadline) * 1000)
            await self._connections.get().ask("PEXPIREAT", name_of(key), milliseconds)

    async def delete(self, key: str) -> bool:
        """Delete a key and tell whether it was there."""
        name = name_of(key)
        replies = await self._connections.get().ask_all(("DEL", claim_of(name)), ("DEL", name))
        return bool(replies[1])

    async def delete_many(self, *keys: str) -> None:
        """Delete many keys at once."""
        if keys:
            names = names_of(keys)
            await self._connections.get().ask("DEL", *map(claim_of, names), *names)

    async def clear(self) -> None:
        """Delete every key of the logical database, whoever wrote it."""
        await self._connections.get().ask("FLUSHDB")

    async def clear_prefix(self, prefix: str) -> None:
        """Delete the keys that begin with the prefix, and no other, in steps of some 1000 keys.

        The server is never blocked for longer than a step. Keys written meanwhile may stay.
        """
        pattern = _escape_glob(name_of(prefix)) + b"*"
        await self._unlink(claim_of(pattern))  # or what is being loaded might be stored behind us
        await self._unlink(pattern)

    async def contains(self, key: str) -> bool:
        """Tell whether a key has a value."""
        return bool(await self._connections.get().ask("EXISTS", name_of(key)))

    async def aclose(self) -> None:
        """Close the connections that are at rest; later operations open new ones."""
        await self._connections.aclose()

    async def _unlink(self, pattern: bytes) -> None:
        connections = self._connections.get()
        cursor: bytes | int = 0
        while True:
            reply = await connections.ask("SCAN", cursor, "MATCH", pattern, "COUNT", _SCAN_STEP)
            cursor, names = reply
            if names:
                await connections.ask("UNLINK", *names)
            if int(cursor) == 0:
                return


def _connections(pool: ConnectionPool) -> PerLoop[RedisConnections]:
    if pool.connection_kwargs.get("decode_responses"):
        msg = (
            "`decode_responses` cannot be used: a serializer reads bytes, "
            "so leave it out of the URL or the client"
        )
        raise ConfigurationError(msg)
    return PerLoop(lambda: RedisConnections(pool), RedisConnections.aclose)


def _escape_glob(name: bytes) -> bytes:
    for special in (b"\\", b"*", b"?", b"[", b"]"):
        name = name.replace(special, b"\\" + special)
    return name


def _reason(error: Exception) -> str:
    """Tell what is wrong, without quoting the URL, parts of whose password may stand anywhere."""
    _, unexpected, parameter = str(error).partition("unexpected keyword argument ")
    if unexpected:
        return f"redis-py's connections do not know the parameter {parameter}"
    if str(error).startswith(("Invalid value for ", "Redis URL must specify")):
        return str(error)
    return "it is malformed; percent-encode special characters of the password, such as / as %2F"

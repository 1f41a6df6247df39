"""One Redis server, or the primary of several that Sentinels watch over."""

from __future__ import annotations

from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any

from redis.asyncio.connection import ConnectionPool
from redis.exceptions import RedisError

from cachetory.backends.async_.redis_servers import RedisServers, scan
from cachetory.backends.async_.redis_wire import RedisWire
from cachetory.backends.redis_faults import is_forbidden, is_outage, raised
from cachetory.backends.redis_words import claim_beside

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from cachetory.backends.redis_words import Command


class RedisServer(RedisServers):
    """Asks one server, over connections with the settings of a pool.

    Args:
        pool: redis-py's, whose connections find the primary by themselves if it is a Sentinel's.
        replicas: one whose connections lead to replicas, to read from; they are never asked for
            what has to be up to date.
        sentinels: redis-py's clients of Sentinels that are to be closed with it.
    """

    def __init__(self, pool: Any, replicas: Any = None, sentinels: Sequence[Any] = ()) -> None:
        super().__init__()
        self._sentinels = sentinels
        self._pools = pool, replicas  # kept, since those of Sentinels are known by weak references
        self._wire = _wire(pool)
        self._knows_msetex = True  # until it says that it does not
        self._replica = self._wire
        if replicas is None:
            self.read = self._wire.ask  # type: ignore[method-assign]  # at less cost
        else:
            self._replica = _wire(replicas)

    async def ask(self, *command: str | bytes | int, repeatable: bool = True) -> Any:
        """Send one command and give the reply."""
        return await self._wire.ask(*command, repeatable=repeatable)

    async def ask_each(self, *commands: Command, repeatable: bool = True) -> list[Any]:
        """Send commands in one write and give their replies, errors included; see `ask`."""
        return await self._wire.ask_each(*commands, repeatable=repeatable)

    async def read(self, *command: str | bytes | int) -> Any:
        """Send one command that only reads, to a replica if that is wanted; see `ask`."""
        try:
            return await self._replica.ask(*command)
        except RedisError:
            return await self._wire.ask(*command)

    async def store(self, values: Mapping[bytes, Any], milliseconds: int | None) -> None:
        """Store values under their names, all at once, and end their claims."""
        end: Command = ("DEL", *map(claim_beside, values))
        pairs = tuple(chain.from_iterable(values.items()))
        if milliseconds is None:
            await self.ask_all(end, ("MSET", *pairs))
            return
        if self._knows_msetex:
            replies = await self.ask_each(end, ("MSETEX", len(values), *pairs, "PX", milliseconds))
            if not is_forbidden(replies[1]):
                raised(replies)
                return
            self._knows_msetex = False
        writes = [("SET", name, value, "PX", milliseconds) for name, value in values.items()]
        replies = await self.ask_all(("MULTI",), end, *writes, ("EXEC",))
        raised(replies[-1])

    async def find(self, pattern: bytes, step: int) -> AsyncIterator[list[bytes]]:
        """Find the names that match, some of them at a time; about `step` are looked at each."""
        async for names in scan(self._wire, pattern, step):
            yield names

    async def flush(self) -> None:
        """Delete all keys of the logical database."""
        await self.ask("FLUSHDB")

    def claim_of(self, name: bytes) -> bytes:
        """Give the name of the claim to a key."""
        return claim_beside(name)

    def is_outage(self, error: Exception) -> bool:
        """Tell whether the server cannot be reached, or does not answer, or is not ready to."""
        return is_outage(error)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._wire.aclose()
        await self._replica.aclose()
        for sentinel in self._sentinels:
            with suppress(Exception):  # it is of no use any more
                await sentinel.aclose()

    def _listening_pool(self) -> Any:
        pool = self._pools[0]
        return ConnectionPool(connection_class=pool.connection_class, **pool.connection_kwargs)


def _wire(pool: Any) -> RedisWire:
    return RedisWire(pool.connection_class, pool.connection_kwargs, pool.max_connections)

"""Whatever has the command methods of redis-py's clients: fakes, tracing or prefixing subclasses.

The backend calls the methods of such a client, one command after another, so that what the client
does to a command takes effect. Each command costs a round trip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from cachetory._runtime.async_ import resolve
from cachetory.backends.async_.redis_servers import RedisServers
from cachetory.backends.redis_clients import is_cluster, overridden
from cachetory.backends.redis_faults import is_outage
from cachetory.backends.redis_words import CLAIM_SUFFIX, claim_beside

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from cachetory.backends.redis_words import Command


def keeps_leases(client: object) -> bool:
    """Return whether a client that may not be bypassed changes no command that leases need."""
    return isinstance(client, Redis) and not overridden(client, Redis)


class RedisCommands(RedisServers):
    """Asks a client by its command methods.

    Args:
        client: the client, which is never closed.

    Attributes:
        has_leases: Whether the client changes no command, and has the methods, that leases need.
    """

    def __init__(self, client: Any) -> None:
        super().__init__()
        self._client = client
        self._is_cluster = is_cluster(client)
        self._changed = overridden(client, Redis)
        self.has_leases: bool = keeps_leases(client)

    async def ask(self, *command: str | bytes | int, repeatable: bool = True) -> Any:
        """Call the method of a command and return its result."""
        word, *arguments = command
        return await getattr(self, f"_{str(word).lower()}")(*arguments)

    async def ask_each(self, *commands: Command, repeatable: bool = True) -> list[Any]:
        """Call the methods of commands in turn, and return their results, errors included."""
        replies: list[Any] = []
        for command in commands:
            try:
                replies.append(await self.ask(*command))
            except RedisError as error:
                if is_outage(error):
                    raise
                replies.append(error)
        return replies

    async def read(self, *command: str | bytes | int) -> Any:
        """Call the method of a command that only reads."""
        return await self.ask(*command)

    async def store(self, values: Mapping[bytes, Any], milliseconds: int | None) -> None:
        """Store values under their names: all at once unless the client changes `set`."""
        pairs = {_key(name): _value(value) for name, value in values.items()}
        lifetime = {} if milliseconds is None else {"px": milliseconds}
        if self.has_leases:
            pipeline: Any = self._client.pipeline(transaction=True)
            pipeline.delete(*map(claim_beside, values))
            for key, value in pairs.items():
                pipeline.set(key, value, **lifetime)
            await pipeline.execute()
        elif milliseconds is None and not self._goes_one_by_one("mset", "set"):
            await resolve(self._client.mset(pairs))
        else:
            for key, value in pairs.items():
                await resolve(self._client.set(key, value, **lifetime))

    async def find(self, pattern: bytes, step: int) -> AsyncIterator[list[bytes]]:
        """Find the names that match, some of them at a time."""
        if pattern.endswith(CLAIM_SUFFIX) and not self.has_leases:
            return
        names: list[bytes] = []
        async for name in self._client.scan_iter(match=_key(pattern), count=step):
            names.append(name.encode() if isinstance(name, str) else name)
            if len(names) == step:
                yield names
                names = []
        if names:
            yield names

    async def flush(self) -> None:
        """Delete all keys of the logical database."""
        await resolve(self._client.flushdb())

    def claim_of(self, name: bytes) -> bytes:
        """Return the name of the claim to a key."""
        return claim_beside(name)

    def is_outage(self, error: Exception) -> bool:
        """Return whether the server cannot be reached, or does not answer, or is not ready to."""
        return is_outage(error) or isinstance(error, OSError)

    async def aclose(self) -> None:
        """Do nothing: the client belongs to its user."""

    async def listen(self, channels: Sequence[bytes]) -> Any:
        """Do nothing: callers that wait for a claim poll instead."""
        return None

    def _listening_pool(self) -> Any:
        raise NotImplementedError

    def _goes_one_by_one(self, bulk: str, single: str) -> bool:
        """Return whether only the command of one key does what the client is there for."""
        is_missing = not hasattr(self._client, bulk)
        is_bypassing = single in self._changed and bulk not in self._changed
        return self._is_cluster or is_missing or is_bypassing

    async def _get(self, name: bytes) -> bytes | None:
        return _bytes(await resolve(self._client.get(_key(name))))

    async def _mget(self, *names: bytes) -> list[bytes | None]:
        if self._goes_one_by_one("mget", "get"):
            return [await self._get(name) for name in names]
        values = await resolve(self._client.mget([_key(name) for name in names]))
        return [_bytes(value) for value in values]

    async def _exists(self, name: bytes) -> int:
        return int(await resolve(self._client.exists(_key(name))))

    async def _set(self, name: bytes, value: Any, *options: str | bytes | int) -> Any:
        if name.endswith(CLAIM_SUFFIX) and not self.has_leases:
            return None
        named: dict[str, Any] = {}
        remaining = iter(options)
        for option in remaining:
            word = str(option).lower()
            named[word] = next(remaining) if word == "px" else True
        return await resolve(self._client.set(_key(name), _value(value), **named)) or None

    async def _del(self, *names: bytes) -> int:
        if not self.has_leases:
            names = tuple(name for name in names if not name.endswith(CLAIM_SUFFIX))
        keys = [_key(name) for name in names]
        if not self._is_cluster:
            return int(await resolve(self._client.delete(*keys))) if keys else 0
        deleted = 0
        for key in keys:
            count = await resolve(self._client.delete(key))
            deleted += int(count)
        return deleted

    _unlink = _del

    async def _persist(self, name: bytes) -> Any:
        return await resolve(self._client.persist(_key(name)))

    async def _pexpire(self, name: bytes, milliseconds: int) -> Any:
        return await resolve(self._client.pexpire(_key(name), milliseconds))

    async def _pexpireat(self, name: bytes, milliseconds: int) -> Any:
        return await resolve(self._client.pexpireat(_key(name), milliseconds))

    async def _evalsha(self, digest: str, *arguments: Any) -> Any:
        return await resolve(self._client.evalsha(digest, *arguments))

    async def _eval(self, script: str, *arguments: Any) -> Any:
        return await resolve(self._client.eval(script, *arguments))


def _key(name: bytes) -> str | bytes:
    """Return a name as the text that its user gave, as far as it is some."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name


def _value(value: Any) -> str | bytes:
    return value if isinstance(value, (bytes, str)) else bytes(value)


def _bytes(reply: Any) -> bytes | None:
    if isinstance(reply, str):
        return reply.encode()
    return None if reply is None else bytes(reply)

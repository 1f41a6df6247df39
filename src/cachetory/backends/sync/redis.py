# Generated from src/cachetory/backends/async_/redis.py by tools/unasync.py. Do not edit: edit that file instead.
"""A backend over a Redis or Valkey server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

from cachetory._core.overrides import clearing
from cachetory.backends.names import name_of, names_of
from cachetory.backends.redis_words import claim_beside, wire_of
from cachetory.backends.sync.redis_leases import RedisLeases
from cachetory.backends.sync.redis_topologies import has_leases, servers_at, servers_of
from cachetory.durations import to_milliseconds, to_timestamp
from cachetory.interfaces.backends.private import BytesT
from cachetory.interfaces.backends.sync import SyncBackend

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from redis import Redis, RedisCluster
    from typing_extensions import Self

    from cachetory._runtime.sync import PerLoop
    from cachetory.backends.sync.redis_servers import RedisServers
    from cachetory.durations import Duration

_SCAN_STEP = 1000


class RedisBackend(SyncBackend[bytes], Generic[BytesT]):
    """Stores entries in Redis or Valkey. Every operation is atomic, the bulk ones included.

    Args:
        client: a client of redis-py for a server, a Sentinel's primary or a cluster, which must
            not decode responses. Its settings are used, and it is never closed. In another event
            loop than the first, connections of that loop are used. A client that is more than
            that, such as a fake, a proxy or a subclass which changes commands, is asked by its
            own methods.

    Raises:
        ConfigurationError: if the client decodes responses, or is of another kind.
    """

    exact_types: tuple[type, ...] | None = (bytes,)

    def __init__(self, client: Redis | RedisCluster) -> None:
        self._use(servers_of(client), has_leases=has_leases(client))

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make a backend from a URL: `redis://host:6379/0`, `rediss://…` with TLS, `unix:///path`.

        `redis+sentinel://host:26379,host:26379/service/0` asks Sentinels for the primary, and
        `redis+cluster://host:7000,host:7000` is a cluster, of which some nodes are named. With
        `rediss+` both use TLS. `redis+unix://` is `unix://`; `valkey` stands for `redis`
        everywhere, and `valkeys` for `rediss`. The rest goes to redis-py, whose connections take
        parameters such as `socket_timeout`. `read_from_replicas=true` has `get`, `get_many` and
        `contains` ask replicas, which may be a little behind; `sentinel_username` and
        `sentinel_password` are for the Sentinels.

        Raises:
            ConfigurationError: for a parameter that redis-py does not know or cannot use, for
                `decode_responses`, and for a URL that says too little or too much.
        """
        backend = cls.__new__(cls)
        backend._use(servers_at(url))  # noqa: SLF001 (it is one of ours)
        return backend

    def _use(self, servers: PerLoop[RedisServers], *, has_leases: bool = True) -> None:
        self._servers = servers
        self._leases = RedisLeases(servers)
        self._has_leases = has_leases

    @property
    def leases(self) -> RedisLeases | None:
        """The claims to the keys of the server; none if a client changes commands."""
        return self._leases if self._has_leases else None

    def is_outage(self, error: Exception) -> bool:
        """Tell whether the server cannot be reached, or does not answer, or is not ready to.

        Of a cluster, that no node can be.
        """
        return self._servers.get().is_outage(error)

    def get(self, key: str) -> bytes:
        """Get the value of a key.

        Raises:
            KeyError: if there is none, or its time is over.
        """
        value: bytes | None = self._servers.get().read("GET", name_of(key))
        if value is None:
            raise KeyError(key)
        return value

    def get_many(self, *keys: str) -> Iterator[tuple[str, bytes]]:
        """Get the values of those keys that have one, all from the same instant."""
        if not keys:
            return
        values = self._servers.get().read("MGET", *names_of(keys))
        for key, value in zip(keys, values, strict=True):
            if value is not None:
                yield key, value

    def set(
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
            return not if_not_exists and self.delete(key)
        if milliseconds is not None:
            command += ("PX", milliseconds)
        if if_not_exists:
            command.append("NX")
        server = self._servers.get()
        replies = server.ask_all(
            ("DEL", server.claim_of(name)), tuple(command), repeatable=not if_not_exists
        )
        return replies[-1] is not None

    def set_many(
        self, items: Iterable[tuple[str, bytes]], *, time_to_live: Duration | None = None
    ) -> None:
        """Set many values at once, all with the same time to live."""
        values = dict(items)
        names = dict(zip(names_of(values), map(wire_of, values.values()), strict=True))
        if not names:
            return
        milliseconds = None if time_to_live is None else to_milliseconds(time_to_live)
        if milliseconds == 0:
            self.delete_many(*values)
        else:
            self._servers.get().store(names, milliseconds)

    def expire_in(self, key: str, time_to_live: Duration | None = None) -> None:
        """Let a key live for so long from now: `None` for ever, zero or less not at all."""
        if time_to_live is None:
            self._servers.get().ask("PERSIST", name_of(key))
        elif milliseconds := to_milliseconds(time_to_live):
            self._servers.get().ask("PEXPIRE", name_of(key), milliseconds)
        else:
            self.delete(key)

    def expire_at(self, key: str, deadline: datetime | None) -> None:
        """Let a key live until the deadline, a timezone-aware datetime; `None` is for ever."""
        if deadline is None:
            self._servers.get().ask("PERSIST", name_of(key))
        else:
            milliseconds = round(to_timestamp(deadline) * 1000)
            self._servers.get().ask("PEXPIREAT", name_of(key), milliseconds)

    def delete(self, key: str) -> bool:
        """Delete a key and tell whether it was there."""
        name = name_of(key)
        server = self._servers.get()
        replies = server.ask_all(("DEL", server.claim_of(name)), ("DEL", name))
        return bool(replies[1])

    def delete_many(self, *keys: str) -> None:
        """Delete many keys at once."""
        if keys:
            names = names_of(keys)
            server = self._servers.get()
            server.ask("DEL", *map(server.claim_of, names), *names)

    def clear(self) -> None:
        """Delete every key of the logical database, whoever wrote it.

        If a cache with a prefix calls this through an overridden `clear`, only its own keys.
        """
        if prefix := clearing.get():
            self.clear_prefix(prefix)
            return
        self._servers.get().flush()

    def clear_prefix(self, prefix: str) -> None:
        """Delete the keys that begin with the prefix, and no other, in steps of some 1000 keys.

        The server is never blocked for longer than a step. Keys written meanwhile may stay.
        """
        pattern = _escape_glob(name_of(prefix)) + b"*"
        self._unlink(claim_beside(pattern))  # or what is being loaded might be stored behind us
        self._unlink(pattern)

    def contains(self, key: str) -> bool:
        """Tell whether a key has a value."""
        return bool(self._servers.get().read("EXISTS", name_of(key)))

    def close(self) -> None:
        """Close the connections that are at rest; later operations open new ones."""
        self._servers.close()

    def _unlink(self, pattern: bytes) -> None:
        server = self._servers.get()
        for names in server.find(pattern, _SCAN_STEP):
            server.ask("UNLINK", *names)


def _escape_glob(name: bytes) -> bytes:
    for special in (b"\\", b"*", b"?", b"[", b"]"):
        name = name.replace(special, b"\\" + special)
    return name

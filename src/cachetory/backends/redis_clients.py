"""Which clients may be bypassed, and which are to be asked by their own command methods. Pure."""

from __future__ import annotations

from typing import Any, cast

COMMANDS = (
    "get",
    "mget",
    "exists",
    "set",
    "mset",
    "delete",
    "unlink",
    "persist",
    "pexpire",
    "pexpireat",
    "scan",
    "scan_iter",
    "flushdb",
    "eval",
    "execute_command",
    "pipeline",
    "parse_response",
)
"""Methods of a client by which users change what a command does."""

_OF_CONNECTIONS = (
    "send_command",
    "send_packed_command",
    "read_response",
    "pack_command",
    "pack_commands",
    "_connect",
)
"""Methods of a connection by which it is a real one."""


def is_plain(client: object, connection_class: type | None) -> bool:
    """Return whether a client does nothing but what redis-py does, over its connections.

    Then the backend may open connections with the client's settings and use them directly.
    """
    kind = type(client)  # a proxy's, not what it says that it is
    if not kind.__module__.startswith("redis.") or overridden(client, kind):
        return False
    if connection_class is not None and not isinstance(connection_class, type):
        return False  # a function that makes connections
    return connection_class is None or all(
        _is_of_redis_py(connection_class, name) for name in _OF_CONNECTIONS
    )


def overridden(client: object, base: type) -> frozenset[str]:
    """Return the commands that a client does in another way than a class of redis-py."""
    own = getattr(client, "__dict__", {})
    return frozenset(
        name
        for name in COMMANDS
        if name in own or getattr(type(client), name, None) is not getattr(base, name, None)
    )


def is_cluster(client: object) -> bool:
    """Return whether a client is one of a cluster."""
    return any(it.__name__ == "RedisCluster" for it in client.__class__.__mro__)


def is_of_redis_py(client: object) -> bool:
    """Return whether a client derives from one of redis-py, of whichever API."""
    return any(
        it.__module__.startswith("redis.") and it.__name__ in ("Redis", "RedisCluster")
        for it in client.__class__.__mro__
    )


def settings_of(client: Any) -> dict[str, Any]:
    """Return the settings of a client's connections, as far as there are any."""
    pool = getattr(client, "connection_pool", None)
    settings = getattr(pool, "connection_kwargs", None)
    return cast("dict[str, Any]", settings) if isinstance(settings, dict) else {}


def _is_of_redis_py(kind: type, name: str) -> bool:
    for base in kind.__mro__:
        if name in vars(base):
            return base.__module__.startswith("redis.")
    return True

# Generated from src/cachetory/backends/async_/redis_topologies.py by tools/unasync.py. Do not edit: edit that file instead.
"""How a backend finds its servers: by a client of redis-py, or by a URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from redis import Redis
from redis import RedisCluster as ClusterClient
from redis.backoff import NoBackoff
from redis.connection import ConnectionPool
from redis.exceptions import RedisError
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from cachetory._core.urls import redact
from cachetory._runtime.sync import PerLoop
from cachetory.backends.redis_clients import is_of_redis_py, is_plain, settings_of
from cachetory.backends.redis_urls import CLUSTER, DEFAULT_OPTIONS, SENTINEL, RedisUrl, reason_of
from cachetory.backends.sync.redis_cluster import RedisCluster
from cachetory.backends.sync.redis_commands import RedisCommands, keeps_leases
from cachetory.backends.sync.redis_server import RedisServer
from cachetory.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory.backends.sync.redis_servers import RedisServers


_DECODES = (
    "`decode_responses` cannot be used: a serializer reads bytes, "
    "so leave it out of the URL or the client"
)


def servers_of(client: object) -> PerLoop[RedisServers]:
    """Take the settings of a client, or ask it by its own methods if it is more than a client.

    Raises:
        ConfigurationError: if it decodes responses, or is of another kind.
    """
    if settings_of(client).get("decode_responses"):
        raise ConfigurationError(_DECODES)
    pool: Any = getattr(client, "connection_pool", None)
    if isinstance(client, ClusterClient):
        if is_plain(client, None):
            return _of_cluster(client)
    elif isinstance(pool, ConnectionPool) and is_plain(client, pool.connection_class):
        return _per_loop(lambda: RedisServer(pool))
    is_of_the_other_api = is_of_redis_py(client) and not isinstance(client, (Redis, ClusterClient))
    if isinstance(client, type) or is_of_the_other_api or not _has_commands(client):
        msg = (
            f"{type(client).__module__}.{type(client).__name__} cannot be used here: "
            "give a `redis.Redis` or a `redis.RedisCluster`, "
            "or an object with their methods"
        )
        raise ConfigurationError(msg)
    return _per_loop(lambda: RedisCommands(client))


def _has_commands(client: object) -> bool:
    return all(callable(getattr(client, name, None)) for name in ("get", "set", "delete"))


def has_leases(client: object) -> bool:
    """Return whether claims to keys can be kept by a client, or at the server that it leads to."""
    return keeps_leases(client) or (isinstance(client, ClusterClient) and is_plain(client, None))


def servers_at(url: str) -> PerLoop[RedisServers]:
    """Read a URL; see `RedisBackend.from_url`.

    Raises:
        ConfigurationError: for one that cannot be used.
    """
    parsed = RedisUrl.parse(url)
    retry = Retry(NoBackoff(), 0)
    try:
        pool: Any = cast("Any", ConnectionPool).from_url(
            parsed.client_url, **DEFAULT_OPTIONS, retry=retry
        )
        pool.connection_class(**pool.connection_kwargs)
    except (TypeError, ValueError, RedisError) as error:
        msg = f"`{redact(url)}` cannot be used: {reason_of(error)}"
        raise ConfigurationError(msg) from None
    _check(pool)
    if parsed.topology == SENTINEL:
        return _watched(parsed, pool)
    if parsed.topology == CLUSTER:
        return _per_loop(
            lambda: RedisCluster(pool, parsed.hosts, reads_from_replicas=parsed.reads_from_replicas)
        )
    return _per_loop(lambda: RedisServer(pool))


def _watched(parsed: RedisUrl, pool: Any) -> PerLoop[RedisServers]:
    """Have Sentinels asked for the primary, whenever a connection is opened."""
    settings = {**pool.connection_kwargs}
    for name in ("host", "port"):
        settings.pop(name, None)
    is_safe = parsed.client_url.startswith("rediss")
    kept = ("socket_", "ssl")
    for_sentinels = {
        **{name: value for name, value in settings.items() if name.startswith(kept)},
        **parsed.sentinel_options,
        "retry": settings["retry"],
        **({"ssl": True} if is_safe else {}),
    }
    most = {"max_connections": pool.max_connections, **({"ssl": True} if is_safe else {})}

    def make() -> RedisServers:
        sentinel: Any = cast("Any", Sentinel)(parsed.hosts, sentinel_kwargs=for_sentinels)

        def pool_of(*, is_master: bool) -> Any:
            return cast("Any", SentinelConnectionPool)(
                parsed.service, sentinel, is_master=is_master, **settings, **most
            )

        replicas = pool_of(is_master=False) if parsed.reads_from_replicas else None
        return RedisServer(pool_of(is_master=True), replicas, sentinel.sentinels)

    return _per_loop(make)


def _of_cluster(client: Any) -> PerLoop[RedisServers]:
    nodes = list(client.nodes_manager.startup_nodes.values()) + list(client.get_nodes())
    pools = [getattr(getattr(it, "redis_connection", None), "connection_pool", it) for it in nodes]
    pool = next(it for it in pools if hasattr(it, "connection_kwargs"))
    _check(pool)
    hosts = tuple((node.host, int(node.port)) for node in nodes)
    reads_from_replicas = any(
        getattr(client, option, None)
        for option in ("read_from_replicas", "load_balancing_strategy")
    )
    return _per_loop(lambda: RedisCluster(pool, hosts, reads_from_replicas=reads_from_replicas))


def _check(pool: Any) -> None:
    if pool.connection_kwargs.get("decode_responses"):
        raise ConfigurationError(_DECODES)


def _per_loop(make: Callable[[], RedisServers]) -> PerLoop[RedisServers]:
    return PerLoop(make, lambda servers: servers.close())

"""How clusters and what Sentinels watch look to the tests of the Redis backend."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest
from redis.crc import key_slot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import Cluster, Node, Server

ON_VALKEY = pytest.mark.parametrize("session_cluster", ["valkey"], indirect=True)
"""For a test of a cluster to which the kind of server makes no difference."""

SENTINELS_ON_VALKEY = pytest.mark.parametrize("session_sentinels", ["valkey"], indirect=True)

KEYS_WITH_BRACES = (
    *("{tag}", "{tag}1", "2{tag}", "{tag}{other}", "{other}3", "a{b}c", "{{a}}"),
    *("", "{", "}", "{}", "}{", "{}x", "x{}", "a{b", "a}b", "a}b{c", "{}{a}", "a{}{b", "{ \r\n"),
    *("{Ɨ}", "key{Ɨ", "\udc80{x", "{\udc80}x"),
)


def keys_of(cluster: Cluster, node: Node) -> Iterator[str]:
    """Give keys without braces that a node serves, as many as wanted, at this moment."""
    member = node.view()[node.id]
    return (key for key in map("key {}".format, count()) if member.owns(key_slot(key.encode())))


def key_of_each_primary(cluster: Cluster) -> dict[Node, str]:
    """Give one key for each primary."""
    return {node: next(keys_of(cluster, node)) for node in cluster.primaries}


def another_primary(cluster: Cluster, place: str | int) -> Node:
    """Give a primary that a key or a slot can be moved to."""
    owner = cluster.primary_of(place)
    return next(node for node in cluster.primaries if node is not owner)


def sizes_of(cluster: Cluster) -> list[int]:
    """Count the keys that each primary holds, claims included."""
    sizes: list[int] = []
    for node in cluster.primaries:
        size = node.command("DBSIZE")
        assert isinstance(size, int)
        sizes.append(size)
    return sizes


def calls_of(server: Server, command: str) -> int:
    """Count how often a command was carried out by a server, whoever asked for it."""
    return _statistic(server, "commandstats", f"cmdstat_{command.lower()}", "calls")


def errors_of(server: Server, code: str) -> int:
    """Count how often a server answered by an error."""
    return _statistic(server, "errorstats", f"errorstat_{code}", "count")


def _statistic(server: Server, section: str, name: str, field: str) -> int:
    reply = server.command("INFO", section)
    assert isinstance(reply, bytes)
    _, _, line = reply.decode().partition(f"{name}:")
    _, _, value = line.partition("\r\n")[0].partition(f"{field}=")
    return int(value.partition(",")[0] or 0)

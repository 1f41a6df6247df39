"""The clusters of the harness do what their methods say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.retry import Retry

from tests.canary import PASSWORD
from tests.servers import Cluster, Node, ReplyError
from tests.servers.cluster_view import SLOTS, read_members

if TYPE_CHECKING:
    from tests.conftest import StartCluster

NO_RETRY = Retry(NoBackoff(), 0)


def test_members_are_read_with_their_slots() -> None:
    members = read_members(
        "aa 127.0.0.1:1@2,name myself,master - 0 0 3 connected 0-9 12 [9->-bb]\n"
        "bb 127.0.0.1:3@4 slave,fail? aa 0 0 2 connected\n"
    )

    primary, replica = members["aa"], members["bb"]
    assert primary.is_primary
    assert primary.is_well
    assert [slot for slot in range(20) if primary.owns(slot)] == [*range(10), 12]
    assert (replica.is_primary, replica.is_well, replica.primary_id) == (False, False, "aa")


def test_cluster_covers_all_slots_and_has_replicas(cluster: Cluster) -> None:
    with _client(cluster) as client:
        slots = client.cluster_slots()

    assert sum(last - first + 1 for first, last in slots) == SLOTS
    assert all(len(node["replicas"]) == 1 for node in slots.values())
    assert len(cluster.primaries) == 3
    assert cluster.url == "redis+cluster://" + ",".join(
        f"127.0.0.1:{node.port}" for node in cluster.nodes
    )


def test_key_is_on_its_primary_and_is_fed_to_its_replica(cluster: Cluster) -> None:
    with _client(cluster) as client:
        client.set("key", b"value")

    assert cluster.command(cluster.primary_of("key"), "GET", "key") == b"value"
    with _direct(cluster.replica_of("key")) as replica, pytest.raises(redis.ResponseError):
        replica.get("key")


def test_primary_killed_is_replaced_and_comes_back_as_replica(cluster: Cluster) -> None:
    old = cluster.primary_of("key")
    old.command("SET", "key", "value")

    cluster.kill(old)
    new = cluster.wait_for_failover(old)

    assert cluster.primary_of("key") is new
    assert new.command("GET", "key") == b"value"

    cluster.restart(old)
    cluster.wait_until_healthy()

    assert cluster.replica_of("key") is old


def test_primary_paused_is_replaced_and_learns_of_it(cluster: Cluster) -> None:
    old = cluster.primary_of("key")

    cluster.pause(old)
    new = cluster.wait_for_failover(old)
    cluster.resume(old)
    cluster.wait_until_healthy()

    assert cluster.primary_of("key") is new
    with pytest.raises(ReplyError, match=f"MOVED .*:{new.port}"):
        old.command("GET", "key")


def test_primary_asked_to_fail_over_hands_over(cluster: Cluster) -> None:
    old = cluster.primary_of("key")
    old.command("SET", "key", "value")

    new = cluster.fail_over("key")

    assert new is not old
    assert new.command("GET", "key") == b"value"


def test_slot_moved_takes_its_keys_along(cluster: Cluster) -> None:
    old, new = _two_primaries(cluster, "{tag}")
    with _client(cluster) as client:
        client.mset_nonatomic({"{tag}1": b"1", "{tag}2": b"2"})

        cluster.move_slot("{tag}", new)

        assert client.get("{tag}1") == b"1"
    assert cluster.primary_of("{tag}") is new
    assert new.command("MGET", "{tag}1", "{tag}2") == [b"1", b"2"]
    with pytest.raises(ReplyError, match=f"MOVED .*:{new.port}"):
        old.command("GET", "{tag}1")


def test_slots_moved_all_change_hands(cluster: Cluster) -> None:
    old, new = _two_primaries(cluster, 7)
    slots = [slot for slot in range(7, 27) if cluster.primary_of(slot) is old]

    cluster.move_slots(slots, new)
    cluster.wait_until_healthy()

    assert all(cluster.primary_of(slot) is new for slot in slots)


def test_slot_half_moved_answers_ask_until_finished(cluster: Cluster) -> None:
    old, new = _two_primaries(cluster, "{tag}")
    old.command("MSET", "{tag}1", "1", "{tag}2", "2")

    cluster.begin_move("{tag}", new)
    cluster.migrate_keys("{tag}", "{tag}1")

    assert old.command("GET", "{tag}2") == b"2"
    with pytest.raises(ReplyError, match=f"ASK .*:{new.port}"):
        old.command("GET", "{tag}1")
    with pytest.raises(ReplyError, match="TRYAGAIN"):
        old.command("MGET", "{tag}1", "{tag}2")
    with _client(cluster) as client:
        assert client.get("{tag}1") == b"1"

    cluster.finish_move("{tag}")

    assert new.command("MGET", "{tag}1", "{tag}2") == [b"1", b"2"]


def test_heal_mends_all_that_tests_break(cluster: Cluster) -> None:
    old, new = _two_primaries(cluster, "key")
    old.command("SET", "key", "value")
    cluster.begin_move("key", new)
    cluster.migrate_keys("key")
    cluster.kill(cluster.partner_of(old))
    cluster.pause(new)

    cluster.heal()

    primary = cluster.primary_of("key")
    assert primary.command("GET", "key") is None
    assert all(node.command("DBSIZE") == 0 for node in cluster.nodes if node is not primary)
    assert primary.command("SET", "key", "value") == "OK"


def test_cluster_with_password_moves_keys_and_refuses_others(start_cluster: StartCluster) -> None:
    cluster = start_cluster(password=PASSWORD)
    old, new = _two_primaries(cluster, "key")
    old.command("SET", "key", "value")

    cluster.move_slot("key", new)

    with _client(cluster, password=PASSWORD) as client:
        assert client.get("key") == b"value"
    with _direct(new) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    assert PASSWORD in cluster.url
    assert PASSWORD not in repr(cluster)


def test_cluster_over_tls_moves_keys_and_is_verified(start_cluster: StartCluster) -> None:
    cluster = start_cluster("redis", tls=True)
    old, new = _two_primaries(cluster, "key")
    old.command("SET", "key", "value")

    cluster.move_slot("key", new)

    with _client(cluster, ssl=True, ssl_ca_certs=str(cluster.authority)) as client:
        assert client.get("key") == b"value"
    assert cluster.url.startswith("rediss+cluster://")


def test_cluster_closed_leaves_nothing_behind(start_cluster: StartCluster) -> None:
    cluster = start_cluster()
    nodes, directories = cluster.nodes, [node.directory for node in cluster.nodes]

    cluster.close()

    assert not any(directory.exists() for directory in directories)
    assert not any(node.is_up for node in nodes)


def _two_primaries(cluster: Cluster, place: str | int) -> tuple[Node, Node]:
    """The owner of a key or slot, and one to which it can be moved."""
    owner = cluster.primary_of(place)
    return owner, next(node for node in cluster.primaries if node is not owner)


def _client(cluster: Cluster, **options: Any) -> RedisCluster:
    host, port = cluster.addresses[0]
    return RedisCluster(host=host, port=port, **options)


def _direct(node: Node) -> redis.Redis:
    return redis.Redis(port=node.port, retry=NO_RETRY)

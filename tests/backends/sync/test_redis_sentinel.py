# Generated from tests/backends/async_/test_redis_sentinel.py by tools/unasync.py. Do not edit: edit that file instead.
"""The Redis backend behind Sentinels: it follows the primary, whoever that is by now."""

from __future__ import annotations

import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import AuthenticationError, ReadOnlyError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.sentinel import Sentinel

from cachetory.backends.sync import RedisBackend, from_url
from cachetory.caches.sync import Cache
from cachetory.decorators.sync import cached
from cachetory.events import BackendFailed
from cachetory.testing.sync_only import collect, sleep
from tests.backends.addresses import patient
from tests.backends.sync.patience import attempt, eventually, is_of_a_change
from tests.backends.topologies import SENTINELS_ON_VALKEY, calls_of
from tests.canary import PASSWORD, VALUE
from tests.clock import SLOW
from tests.ports import free_port

if TYPE_CHECKING:
    from cachetory.events import Event
    from tests.conftest import StartSentinels
    from tests.servers import Sentinels


# Failover


@SENTINELS_ON_VALKEY
@pytest.mark.no_leaks
def test_failover_is_followed_by_all_and_shows_nobody_a_read_only_server(
    sentinels: Sentinels,
) -> None:
    old = sentinels.primary
    errors: list[Exception] = []
    url = patient(sentinels.url)

    def note(event: Event) -> None:
        if isinstance(event, BackendFailed):
            errors.append(event.error)

    with (
        RedisBackend.from_url(url) as backend,
        Cache[Any](
            backend=url,
            serializer="json://",
            prefix="app:",
            on_event=note,
            on_backend_error="raise",
        ) as cache,
    ):

        @cached(cache)
        def double(number: int) -> int:
            return 2 * number

        backend.set("key", b"value")

        def call(number: int) -> None:
            key = f"key {number}"
            for outcome in (
                attempt(lambda: cache.get("none")),
                attempt(lambda: cache.get_or_set(key, lambda: "loaded")),
                attempt(lambda: double(number)),
            ):
                assert outcome in (None, "loaded", 2 * number) or is_of_a_change(outcome)

        with ThreadPoolExecutor(1) as pool:
            failover = pool.submit(sentinels.failover)
            number = 0
            while not failover.done():
                number += 1
                call(number)
                eventually(lambda: backend.get("key"), b"value")
                sleep(0.002)
        new = failover.result()

        assert not any(isinstance(error, ReadOnlyError) for error in errors), errors
        assert backend.set("key", b"other") is True
        assert backend.get("key") == b"other"
        assert cache.get_or_set("after", lambda: "loaded") == "loaded"
    assert new is not old
    assert new.command("GET", "key") == b"other"
    assert new.command("EXISTS", "app:after") == 1


@SENTINELS_ON_VALKEY
@pytest.mark.no_leaks
def test_primary_killed_is_replaced(sentinels: Sentinels) -> None:
    with RedisBackend.from_url(patient(sentinels.url)) as backend:
        backend.set("key", b"value")
        while sentinels.replica.command("GET", "key") != b"value":
            sleep(0.01)
        sentinels.kill_primary()

        for operation in (
            lambda: backend.get("key"),
            lambda: backend.set("key", b"value", if_not_exists=True),
            lambda: backend.set_many([("key", b"value")], time_to_live=60),
            lambda: backend.delete("none"),
            lambda: backend.clear_prefix("none"),
        ):
            start = time.monotonic()
            outcome = attempt(operation)
            assert time.monotonic() - start < SLOW
            assert is_of_a_change(outcome)
            assert backend.is_outage(outcome)

        sentinels.wait_for_failover()

        eventually(lambda: backend.get("key"), b"value")
        eventually(lambda: backend.set("key", b"other"), True)
        assert backend.get("key") == b"other"


# Sentinels that are away, or know something else


@SENTINELS_ON_VALKEY
@pytest.mark.no_leaks
def test_service_that_nobody_knows_is_told(sentinels: Sentinels) -> None:
    url = patient(sentinels.url).replace("/service/", "/elsewhere/")
    with RedisBackend.from_url(url) as backend:
        error = attempt(lambda: backend.get("key"))

    assert isinstance(error, RedisConnectionError)
    assert "elsewhere" in str(error)


@SENTINELS_ON_VALKEY
def test_one_sentinel_suffices(sentinels: Sentinels) -> None:
    dead, frozen, alive = sentinels.sentinels
    dead.kill()
    frozen.freeze()
    hosts = f"127.0.0.1:{free_port()},127.0.0.1:{dead.port},127.0.0.1:{frozen.port}"
    url = f"redis+sentinel://{hosts},127.0.0.1:{alive.port}/service/0"

    start = time.monotonic()
    with from_url(f"{url}?socket_timeout=0.5") as backend:
        eventually(lambda: backend.set("key", b"value"), True)
        assert time.monotonic() - start < SLOW
        eventually(lambda: backend.get("key"), b"value")


@pytest.mark.no_leaks
def test_sentinels_that_are_away_are_told_without_the_passwords() -> None:
    hosts = f"127.0.0.1:{free_port()},127.0.0.1:{free_port()}"
    url = f"redis+sentinel://:{PASSWORD}@{hosts}/service?sentinel_password={PASSWORD}"
    with from_url(patient(url)) as backend:
        error = attempt(lambda: backend.set("key", VALUE.encode()))

    assert isinstance(error, RedisConnectionError)
    shown = "".join(traceback.format_exception(error))
    assert PASSWORD not in shown
    assert VALUE not in shown


def test_passwords_over_tls_are_given_to_whom_they_are_for(
    start_sentinels: StartSentinels,
) -> None:
    sentinels = start_sentinels("redis", password="right", sentinel_password="other", tls=True)
    url = patient(sentinels.url)
    with RedisBackend.from_url(f"{url}&sentinel_password=other") as backend:
        backend.set_many([("key", b"value")], time_to_live=60)
        assert backend.get("key") == b"value"
        with backend.leases.watch(["key"]) as watch:
            watch.wait(0.001)
    replicas = f"{url}&sentinel_password=other&read_from_replicas=true"
    with RedisBackend.from_url(replicas) as backend:
        eventually(lambda: backend.contains("key"), True)

    for wrong in (
        f"{url}&sentinel_password={PASSWORD}",
        f"{url.replace('right', PASSWORD)}&sentinel_password=other",
    ):
        with RedisBackend.from_url(wrong) as backend:
            error = attempt(lambda: backend.set("key", VALUE.encode()))
            assert isinstance(error, AuthenticationError | RedisConnectionError)
            shown = "".join(traceback.format_exception(error))
            assert PASSWORD not in shown
            assert VALUE not in shown


def test_database_is_the_one_of_the_url(sentinels: Sentinels) -> None:
    with RedisBackend.from_url(patient(sentinels.url_of(3))) as backend:
        backend.set("key", b"value")

        backend.clear_prefix("none")
        assert sentinels.primary.command("GET", "key", database=3) == b"value"
        backend.clear()
        assert sentinels.primary.command("DBSIZE", database=3) == 0


# Replicas


@SENTINELS_ON_VALKEY
@pytest.mark.no_leaks
def test_reads_go_to_the_replica_and_writes_to_the_primary(sentinels: Sentinels) -> None:
    primary, replica = sentinels.primary, sentinels.replica
    url = f"{patient(sentinels.url)}&read_from_replicas=true"
    with RedisBackend.from_url(url) as backend:
        backend.set("key", b"value")
        eventually(lambda: backend.contains("key"), True)
        before = calls_of(primary, "get"), calls_of(replica, "get")

        for _ in range(10):
            assert backend.get("key") == b"value"
        assert dict(collect(backend.get_many("key", "none"))) == {"key": b"value"}

        assert calls_of(primary, "get") == before[0]
        assert calls_of(replica, "get") == before[1] + 10
        assert backend.delete("key") is True
        eventually(lambda: backend.contains("key"), False)


@SENTINELS_ON_VALKEY
def test_reads_go_to_the_primary_while_the_replica_is_away(sentinels: Sentinels) -> None:
    replica = sentinels.replica
    url = f"{patient(sentinels.url)}&read_from_replicas=true"
    with RedisBackend.from_url(url) as backend:
        backend.set("key", b"value")
        eventually(lambda: backend.contains("key"), True)
        replica.kill()

        for _ in range(10):
            assert backend.get("key") == b"value"


# Clients


def test_client_made_by_sentinels_is_used_and_not_closed(sentinels: Sentinels) -> None:
    directory: Any = Sentinel(sentinels.addresses, socket_timeout=10)  # type: ignore[no-untyped-call] # redis-py
    with directory.master_for(sentinels.service, client_name="mine") as client:
        backend = RedisBackend(client)
        backend.set("key", b"value")
        assert client.get("key") == backend.get("key") == b"value"
        assert backend._servers.get().ask("CLIENT", "GETNAME") == b"mine"
        backend.close()

        assert client.get("key") == backend.get("key") == b"value"
        backend.close()
    for one in directory.sentinels:
        one.close()

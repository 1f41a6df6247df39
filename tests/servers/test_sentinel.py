"""The sentinels of the harness do what their methods say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from redis.sentinel import Sentinel

from tests.canary import PASSWORD
from tests.servers import ReplyError, Sentinels

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

    from tests.conftest import StartSentinels


@pytest.fixture
def client(sentinels: Sentinels) -> Iterator[redis.Redis]:
    """A client that asks the sentinels who is the primary."""
    directory = _directory(sentinels)
    with directory.master_for(sentinels.service) as client:
        yield client
    _close(directory)


def test_sentinels_name_the_primary_and_its_replica(sentinels: Sentinels) -> None:
    directory = _directory(sentinels)

    assert directory.discover_master(sentinels.service)[1] == sentinels.primary.port
    assert directory.discover_slaves(sentinels.service) == [("127.0.0.1", sentinels.replica.port)]
    _close(directory)
    hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in sentinels.sentinels)
    assert sentinels.url == f"redis+sentinel://{hosts}/service/0"


def test_failover_swaps_the_roles_and_keeps_the_keys(
    sentinels: Sentinels, client: redis.Redis
) -> None:
    old, replica = sentinels.primary, sentinels.replica
    client.set("key", b"value")

    new = sentinels.failover()

    assert new is replica
    assert (sentinels.primary, sentinels.replica) == (new, old)
    assert new.command("GET", "key") == b"value"
    assert client.set("key", b"other")
    assert new.command("GET", "key") == b"other"
    with pytest.raises(ReplyError, match="READONLY"):
        old.command("SET", "key", "value")


def test_primary_killed_is_replaced_and_comes_back_as_replica(
    sentinels: Sentinels, client: redis.Redis
) -> None:
    client.set("key", b"value")

    old = sentinels.kill_primary()
    new = sentinels.wait_for_failover()

    assert new is not old
    assert client.get("key") == b"value"

    sentinels.restart_killed()
    sentinels.wait_until_healthy()

    assert sentinels.replica is old


def test_heal_mends_all_that_tests_break(sentinels: Sentinels) -> None:
    sentinels.primary.command("SET", "key", "value")
    sentinels.sentinels[0].kill()
    sentinels.sentinels[1].freeze()
    sentinels.primary.freeze()

    sentinels.heal()

    assert sentinels.primary.command("GET", "key") is None
    assert sentinels.primary.command("SET", "key", "value") == "OK"


def test_sentinels_with_passwords_fail_over(start_sentinels: StartSentinels) -> None:
    sentinels = start_sentinels(password=PASSWORD, sentinel_password="other")
    options = {"password": "other"}

    new = sentinels.failover()

    directory = _directory(sentinels, sentinel_kwargs=options, password=PASSWORD)
    with directory.master_for(sentinels.service) as client:
        assert client.info("server")["tcp_port"] == new.port
    _close(directory)
    assert PASSWORD in sentinels.url
    assert PASSWORD not in repr(sentinels)


def test_sentinels_over_tls_fail_over(start_sentinels: StartSentinels) -> None:
    sentinels = start_sentinels("redis", tls=True)
    options = {"ssl": True, "ssl_ca_certs": str(sentinels.authority)}

    new = sentinels.failover()

    directory = _directory(sentinels, sentinel_kwargs=options, **options)
    assert directory.discover_master(sentinels.service)[1] == new.port
    with directory.master_for(sentinels.service) as client:
        assert client.ping()
    _close(directory)
    assert sentinels.url.startswith("rediss+sentinel://")


def test_sentinels_closed_leave_nothing_behind(start_sentinels: StartSentinels) -> None:
    sentinels = start_sentinels()
    servers = [*sentinels.servers, *sentinels.sentinels]
    directories = [server.directory for server in servers]

    sentinels.close()

    assert not any(directory.exists() for directory in directories)
    assert not any(server.is_up for server in servers)


def _directory(sentinels: Sentinels, **options: Any) -> Any:
    return Sentinel(sentinels.addresses, **options)  # type: ignore[no-untyped-call] # redis-py


def _close(directory: Any) -> None:
    for sentinel in directory.sentinels:
        sentinel.close()

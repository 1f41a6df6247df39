# Generated from tests/backends/async_/test_redis_contract.py by tools/unasync.py. Do not edit: edit that file instead.
"""The Redis backend keeps the contract, on each server, however it is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from redis import Redis

from cachetory.backends.sync import RedisBackend, from_url
from cachetory.testing.sync import BackendContract
from tests.backends.addresses import patient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import Server


class TestRedis(BackendContract):
    @pytest.fixture
    def backend(self, redis_url: str) -> Iterator[RedisBackend]:
        with RedisBackend.from_url(patient(redis_url)) as backend:
            yield backend


def test_backend_of_client_works(redis_url: str) -> None:
    with Redis.from_url(patient(redis_url)) as client:
        backend = RedisBackend(client)
        backend.set_many([("key", b"value")], time_to_live=60)

        assert backend.get("key") == b"value" == client.get("key")
        assert 0 < client.pttl("key") <= 60_000
        backend.close()


def test_backend_over_unix_socket_works(redis_server: Server) -> None:
    for scheme in ("unix", "redis+unix"):
        url = redis_server.unix_url.replace("unix", scheme, 1).replace("db=0", "db=1")
        redis_server.command("FLUSHDB", database=1)
        with from_url(patient(url)) as backend:
            backend.set("key", b"value")

            assert backend.get("key") == b"value"
        assert redis_server.command("GET", "key", database=1) == b"value"


def test_backend_over_tls_works(tls_server: Server) -> None:
    for scheme in ("rediss", "valkeys"):
        url = patient(tls_server.fresh_url()).replace("rediss", scheme, 1)
        with from_url(url) as backend:
            backend.set_many([("key", b"value")], time_to_live=60)

            assert backend.get("key") == b"value"


def test_backend_of_valkey_scheme_works(redis_url: str) -> None:
    for scheme in ("valkey", "VALKEY", "Redis"):
        with from_url(patient(redis_url).replace("redis", scheme, 1)) as backend:
            assert isinstance(backend, RedisBackend)
            assert backend.set("key", b"value", if_not_exists=True) is True
            assert backend.delete("key") is True


def test_backend_with_resp3_works(redis_url: str) -> None:
    with from_url(f"{patient(redis_url)}&protocol=3") as backend:
        backend.set("key", b"value", time_to_live=60)

        assert backend.get("key") == b"value"
        assert backend.set("key", b"other", if_not_exists=True) is False
        with pytest.raises(KeyError):
            backend.get("missing")

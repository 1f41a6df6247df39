"""The Redis backend keeps the contract, on each server, however it is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis

from cachetory.backends.async_ import RedisBackend, from_url
from cachetory.testing.async_ import BackendContract
from tests.backends.addresses import patient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.servers import Server


class TestRedis(BackendContract):
    @pytest.fixture
    async def backend(self, redis_url: str) -> AsyncIterator[RedisBackend]:
        async with RedisBackend.from_url(patient(redis_url)) as backend:
            yield backend


async def test_backend_of_client_works(redis_url: str) -> None:
    async with Redis.from_url(patient(redis_url)) as client:
        backend = RedisBackend(client)
        await backend.set_many([("key", b"value")], time_to_live=60)

        assert await backend.get("key") == b"value" == await client.get("key")
        assert 0 < await client.pttl("key") <= 60_000
        await backend.aclose()


async def test_backend_over_unix_socket_works(redis_server: Server) -> None:
    for scheme in ("unix", "redis+unix"):
        url = redis_server.unix_url.replace("unix", scheme, 1).replace("db=0", "db=1")
        redis_server.command("FLUSHDB", database=1)
        async with from_url(patient(url)) as backend:
            await backend.set("key", b"value")

            assert await backend.get("key") == b"value"
        assert redis_server.command("GET", "key", database=1) == b"value"


async def test_backend_over_tls_works(tls_server: Server) -> None:
    for scheme in ("rediss", "valkeys"):
        url = patient(tls_server.fresh_url()).replace("rediss", scheme, 1)
        async with from_url(url) as backend:
            await backend.set_many([("key", b"value")], time_to_live=60)

            assert await backend.get("key") == b"value"


async def test_backend_of_valkey_scheme_works(redis_url: str) -> None:
    for scheme in ("valkey", "VALKEY", "Redis"):
        async with from_url(patient(redis_url).replace("redis", scheme, 1)) as backend:
            assert isinstance(backend, RedisBackend)
            assert await backend.set("key", b"value", if_not_exists=True) is True
            assert await backend.delete("key") is True


async def test_backend_with_resp3_works(redis_url: str) -> None:
    async with from_url(f"{patient(redis_url)}&protocol=3") as backend:
        await backend.set("key", b"value", time_to_live=60)

        assert await backend.get("key") == b"value"
        assert await backend.set("key", b"other", if_not_exists=True) is False
        with pytest.raises(KeyError):
            await backend.get("missing")

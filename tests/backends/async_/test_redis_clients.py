"""A client that is more than redis-py's own is asked by its own command methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import fakeredis
import pytest
import redis.asyncio
import wrapt

from cachetory.async_ import Cache, RedisBackend, cached
from cachetory.errors import ConfigurationError
from cachetory.testing.async_ import BackendContract
from cachetory.testing.async_only import collect
from tests.backends.addresses import patient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.typing import KeyT


class TestFakeRedis(BackendContract):
    @pytest.fixture
    async def backend(self) -> AsyncIterator[RedisBackend]:
        async with fakeredis.FakeAsyncRedis() as client:
            yield RedisBackend(client)


class TestProxyOfClient(BackendContract):
    is_atomic = False

    @pytest.fixture
    async def backend(self) -> AsyncIterator[RedisBackend]:
        async with fakeredis.FakeAsyncRedis() as client:
            yield RedisBackend(wrapt.ObjectProxy(client))


class Tenant(redis.asyncio.Redis):
    """Adds a tenant's name to the keys of some commands, as programs do."""

    name = "ada"

    def get(self, name: KeyT) -> Any:
        return super().get(f"{self.name}:{name!s}")

    def set(self, name: KeyT, value: Any, *args: Any, **kwargs: Any) -> Any:
        return super().set(f"{self.name}:{name!s}", value, *args, **kwargs)

    def delete(self, *names: KeyT) -> Any:
        return super().delete(*[f"{self.name}:{name!s}" for name in names])


class Counting(redis.asyncio.Redis):
    """Counts all commands by name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.counted: list[str] = []

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        self.counted.append(args[0])
        return await super().execute_command(*args, **options)


class Commands:
    """Has the command methods of a client, and nothing else."""

    def __init__(self) -> None:
        self.values: dict[Any, Any] = {}

    async def get(self, name: Any) -> Any:
        return self.values.get(name)

    async def set(self, name: Any, value: Any, px: int | None = None) -> bool:
        self.values[name] = value
        return True

    async def delete(self, *names: Any) -> int:
        return sum(self.values.pop(name, None) is not None for name in names)


async def test_backend_of_fake_server_shares_its_entries() -> None:
    server = fakeredis.FakeServer()
    one, other = fakeredis.FakeAsyncRedis(server=server), fakeredis.FakeAsyncRedis(server=server)
    await RedisBackend(one).set("key", b"value", time_to_live=60)

    assert await RedisBackend(other).get("key") == b"value"
    assert await other.get("key") == b"value"


async def test_cache_over_fake_client_loads_once() -> None:
    backend = RedisBackend(fakeredis.FakeAsyncRedis())
    cache = Cache[int](backend=backend, serializer="json://", prefix="n:")
    calls: list[int] = []

    @cached(cache, time_to_live=60, version="1")
    async def double(number: int) -> int:
        calls.append(number)
        return number * 2

    assert [await double(2), await double(2)] == [4, 4]
    assert calls == [2]
    assert await double.purge(2) is True


async def test_client_that_changes_keys_keeps_tenants_apart(redis_url: str) -> None:
    async with Tenant.from_url(patient(redis_url)) as client:
        backend = RedisBackend(client)
        await backend.set("key", b"value")
        await backend.set_many([("one", b"1")])

        assert backend.leases is None
        assert await client.exists("ada:key", "ada:one") == 2
        assert await client.exists("key", "one") == 0
        assert await collect(backend.get_many("key", "one")) == [("key", b"value"), ("one", b"1")]
        assert await backend.delete("key") is True


async def test_client_that_counts_commands_sees_them(redis_url: str) -> None:
    async with Counting.from_url(patient(redis_url)) as client:
        backend = RedisBackend(client)
        await backend.set("key", b"value")
        await backend.get("key")

        assert client.counted == ["SET", "GET"]


async def test_client_whose_method_was_replaced_is_asked_by_it(redis_url: str) -> None:
    async with redis.asyncio.Redis.from_url(patient(redis_url)) as client:
        asked: list[Any] = []
        original = client.get

        def get(name: KeyT) -> Any:
            asked.append(name)
            return original(name)

        client.get = get  # type: ignore[method-assign]
        with pytest.raises(KeyError):
            await RedisBackend(client).get("key")

        assert asked == ["key"]


async def test_client_of_a_few_methods_works() -> None:
    backend = RedisBackend(Commands())  # type: ignore[arg-type]
    await backend.set("key", b"value", time_to_live=60)
    await backend.set_many([("one", b"1"), ("two", b"2")])

    assert await backend.get("key") == b"value"
    assert await collect(backend.get_many("one", "two")) == [("one", b"1"), ("two", b"2")]
    assert await backend.delete("key") is True
    assert await backend.delete("key") is False


@pytest.mark.parametrize(
    "client", [object(), redis.asyncio.Redis, fakeredis.FakeAsyncRedis(decode_responses=True)]
)
async def test_client_that_cannot_do_is_refused(client: Any) -> None:
    with pytest.raises(ConfigurationError):
        RedisBackend(client)

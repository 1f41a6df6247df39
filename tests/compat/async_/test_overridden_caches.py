"""Caches whose operations a user overrides are driven through these operations."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.backends.async_ import MemoryBackend
from cachetory.caches.async_ import Cache
from cachetory.decorators.async_ import cached, cached_many
from cachetory.errors import ConfigurationError, NoValueError, UnsupportedOperationError
from cachetory.policy import Policy
from tests.compat.async_.overriding import Call, Proxy, counting_proxy, counting_subclass

if TYPE_CHECKING:
    from collections.abc import Callable

OPERATIONS = ("get", "get_many", "set", "set_many", "delete", "delete_many")
STYLES = ("subclass", "proxy", "plain object", "callable")


class TenantCache(Cache[Any, Any]):
    """Puts a tenant before keys, and marks values."""

    tenant = ""

    async def get(self, key: str, default: Any = None) -> Any:
        value = await super().get(self.tenant + key, None)
        return default if value is None else value["sealed"]

    async def get_many(self, *keys: str) -> dict[str, Any]:
        found = await super().get_many(*[self.tenant + key for key in keys])
        return {key[len(self.tenant) :]: value["sealed"] for key, value in found.items()}

    async def set(self, key: str, value: Any, *args: Any, **options: Any) -> bool:
        return await super().set(self.tenant + key, {"sealed": value}, *args, **options)

    async def set_many(self, items: Any, **options: Any) -> None:
        values = {self.tenant + key: {"sealed": value} for key, value in dict(items).items()}
        await super().set_many(values, **options)

    async def delete(self, key: str) -> bool:
        return await super().delete(self.tenant + key)

    async def delete_many(self, *keys: str) -> None:
        await super().delete_many(*[self.tenant + key for key in keys])


class PlainObject:
    """Has the operations of a cache, and is none. It does not know `get_many`."""

    def __init__(self, calls: list[Call]) -> None:
        self.calls = calls
        self.values: dict[str, Any] = {}
        self.lived: list[Any] = []

    async def get(self, key: str, default: Any = None) -> Any:
        self.calls.append(("get", key))
        return self.values.get(key, default)

    async def set(
        self, key: str, value: Any, *, time_to_live: Any = None, if_not_exists: bool = False
    ) -> None:
        self.calls.append(("set", key))
        self.lived.append(time_to_live)
        self.values[key] = value

    async def delete(self, key: str) -> bool:
        self.calls.append(("delete", key))
        return self.values.pop(key, None) is not None


@pytest.fixture(params=["noop://", "pickle://"])
def serializer(request: pytest.FixtureRequest) -> str:
    it: str = request.param
    return it


@pytest.fixture(params=STYLES)
def style(request: pytest.FixtureRequest) -> str:
    it: str = request.param
    return it


def overriding(style: str, serializer: str, calls: list[Call]) -> Any:
    """Make a cache with operations that note their calls, or what a decorator takes for one."""
    if style == "subclass":
        kind = counting_subclass(Cache, OPERATIONS, calls)
        return kind(backend=MemoryBackend(), serializer=serializer)
    if style == "plain object":
        return PlainObject(calls)
    inner = Cache[Any](backend=MemoryBackend(), serializer=serializer)
    proxy = counting_proxy(inner, OPERATIONS, calls)
    return proxy if style == "proxy" else lambda *_args, **_options: proxy


async def test_cache_that_counts_is_called_as_in_3_5_1(style: str, serializer: str) -> None:
    calls: list[Call] = []
    cache = overriding(style, serializer, calls)

    @cached(cache, time_to_live=timedelta(seconds=60))
    async def double(number: int) -> int:
        return number * 2

    key = await double.key(1)
    assert await double(1) == 2
    assert calls == [("get", key), ("set", key)]
    calls.clear()
    assert await double(1) == 2
    assert calls == [("get", key)]
    calls.clear()
    assert await double.purge(1)
    assert calls == [("delete", key)]
    if style == "plain object":
        assert cache.lived == [timedelta(seconds=60)]


async def test_bulk_function_goes_through_the_operations(style: str, serializer: str) -> None:
    calls: list[Call] = []

    @cached_many(overriding(style, serializer, calls))
    async def double(numbers: list[int]) -> dict[int, int]:
        return {number: number * 2 for number in numbers}

    assert await double([1, 2]) == {1: 2, 2: 4}
    keys = list((await double.key([1, 2])).values())
    if style == "plain object":
        assert calls == [(name, key) for name in ("get", "set") for key in keys]
    else:
        assert calls == [("get_many", *keys), ("set_many", *keys)]
    assert await double([1, 2, 3]) == {1: 2, 2: 4, 3: 6}
    assert await double.refresh([1]) == {1: 2}
    assert (await double.lookup([1]))[1].value == 2
    await double.purge([1, 2, 3])
    assert (await double.lookup([1]))[1].state == "miss"


def make_tenant(tenant: str, style: str, serializer: str, backend: Any) -> Any:
    cache = TenantCache(backend=backend, serializer=serializer)
    cache.tenant = tenant
    return cache if style == "subclass" else Proxy(cache)


@pytest.mark.parametrize("shape", ["subclass", "proxy"])
async def test_tenants_never_get_each_others_answers(shape: str, serializer: str) -> None:
    backend = MemoryBackend[Any]()
    north, south = (make_tenant(it, shape, serializer, backend) for it in ("north:", "south:"))
    calls: list[str] = []

    async def greet(name: str) -> str:
        calls.append(name)
        return f"{name} {len(calls)}"

    in_north, in_south = (cached(it, version=1)(greet) for it in (north, south))
    for _ in range(2):
        assert await in_north("ada") == "ada 1"
        assert await in_south("ada") == "ada 2"
    assert await in_north.purge("ada")
    assert await in_south("ada") == "ada 2"

    assert await north.get_or_set("key", lambda: "north") == "north"
    assert await south.get_or_set("key", lambda: "south") == "south"
    assert await north.refresh("key", lambda: "new") == "new"
    assert await north.get("key") == "new"
    assert await north.contains("key")
    assert (await north.lookup("key")).value == "new"
    assert await south.get_or_set_many(["key", "other"], lambda _keys: {"other": 1}) == {
        "key": "south",
        "other": 1,
    }
    plain = Cache[Any](backend=backend, serializer=serializer)
    assert await plain.get("north:key") == {"sealed": "new"}
    assert await plain.get("key") is None


async def test_tenants_share_no_loads(serializer: str) -> None:
    backend = MemoryBackend[Any]()
    north, south = (make_tenant(it, "subclass", serializer, backend) for it in ("n:", "s:"))
    answers: list[str] = []

    async def outer() -> str:
        answers.append(await south.get_or_set("key", lambda: "south"))
        return "north"

    assert await north.get_or_set("key", outer) == "north"
    assert answers == ["south"]
    assert await south.get("key") == "south"


async def test_lookups_and_writes_are_counted_once(serializer: str) -> None:
    calls: list[Call] = []
    cache = overriding("subclass", serializer, calls)

    for _ in range(2):
        assert await cache.get_or_set("key", lambda: 1) == 1
    stats = cache.stats()
    assert (stats.hits, stats.misses, stats.sets, stats.loads) == (1, 1, 1, 1)


async def test_delete_during_a_load_keeps_its_value_from_being_stored(serializer: str) -> None:
    cache = overriding("subclass", serializer, [])

    async def load() -> int:
        await cache.delete("key")
        return 1

    assert await cache.get_or_set("key", load) == 1
    assert await cache.get("key") is None


@pytest.mark.parametrize("operation", ["get", "set"])
async def test_operation_that_fails_loses_no_value(operation: str, serializer: str) -> None:
    async def fail(_self: Any, *_args: Any, **_options: Any) -> Any:
        raise ConnectionError

    kind = type("Failing", (Cache,), {operation: fail})
    cache = kind(backend=MemoryBackend(), serializer=serializer)
    loud = kind(backend=MemoryBackend(), serializer=serializer, on_backend_error="raise")

    assert await cache.get_or_set("key", lambda: 1) == 1
    assert cache.stats().backend_errors == 1
    with pytest.raises(ConnectionError):
        await loud.get_or_set("key", lambda: 1)


async def test_value_that_there_is_not_any_more_is_deleted(serializer: str) -> None:
    cache = overriding("subclass", serializer, [])
    await cache.set("key", 1)

    def refuse() -> int:
        raise NoValueError

    with pytest.raises(NoValueError):
        await cache.refresh("key", refuse)
    assert await cache.get("key") is None


async def test_overridden_get_or_set_is_what_a_decorator_calls(serializer: str) -> None:
    calls: list[Call] = []
    kind = counting_subclass(Cache, ("get_or_set",), calls)

    @cached(kind(backend=MemoryBackend(), serializer=serializer))
    async def double(number: int) -> int:
        return number * 2

    for _ in range(2):
        assert await double(1) == 2
    assert [name for name, *_ in calls] == ["get_or_set"] * 2


@pytest.mark.parametrize("operation", ["get", "set"])
async def test_class_that_is_patched_is_driven(
    operation: str, serializer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Call] = []
    cache = Cache[int](backend=MemoryBackend(), serializer=serializer)

    @cached(cache)
    async def double(number: int) -> int:
        return number * 2

    before = getattr(Cache, operation)

    async def noting(self: Any, key: str, *args: Any, **options: Any) -> Any:
        calls.append((operation, key))
        return await before(self, key, *args, **options)

    monkeypatch.setattr(Cache, operation, noting)
    assert await double(1) == 2
    assert calls == [(operation, await double.key(1))]


@pytest.mark.parametrize(
    "policy",
    [
        Policy(time_to_live=1, stale_while_revalidate=1),
        Policy(time_to_live=1, stale_if_error=1),
        Policy(time_to_live=1, early_refresh=1),
        Policy(negative_time_to_live=1),
    ],
)
async def test_policy_that_needs_times_is_refused(policy: Policy, serializer: str) -> None:
    cache = TenantCache(backend=MemoryBackend(), serializer=serializer)

    with pytest.raises(ConfigurationError, match="TenantCache has operations of its own"):
        TenantCache(backend=MemoryBackend(), serializer=serializer, policy=policy)
    for it in (cache, PlainObject([])):
        with pytest.raises(ConfigurationError, match="has operations of its own"):
            cached(it, policy=policy)  # type: ignore[arg-type]


async def test_value_of_an_overriding_cache_is_not_changed_in_its_place(serializer: str) -> None:
    cache = TenantCache(backend=MemoryBackend(), serializer=serializer)
    await cache.set("key", 1)

    with pytest.raises(UnsupportedOperationError, match="TenantCache"):
        await cache.update("key", lambda value: value + 1)


@pytest.mark.parametrize("nonsense", [5, "memory://", object(), {}])
async def test_what_is_no_cache_is_refused(nonsense: Any) -> None:
    give: Callable[..., Any] = lambda *_args, **_options: nonsense  # noqa: E731

    with pytest.raises(ConfigurationError, match="is not a cache for this decorator"):
        cached(nonsense)

    @cached(give)
    async def double(number: int) -> int:
        return number * 2

    with pytest.raises(ConfigurationError, match="is not a cache for this decorator"):
        await double(1)

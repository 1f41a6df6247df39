# Generated from tests/compat/async_/test_overridden_caches.py by tools/unasync.py. Do not edit: edit that file instead.
"""Caches whose operations a user overrides are driven through these operations."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.backends.sync import MemoryBackend
from cachetory.caches.sync import Cache
from cachetory.decorators.sync import cached, cached_many
from cachetory.errors import ConfigurationError, NoValueError, UnsupportedOperationError
from cachetory.policy import Policy
from tests.compat.sync.overriding import Call, Proxy, counting_proxy, counting_subclass

if TYPE_CHECKING:
    from collections.abc import Callable

OPERATIONS = ("get", "get_many", "set", "set_many", "delete", "delete_many")
STYLES = ("subclass", "proxy", "plain object", "callable")


class TenantCache(Cache[Any, Any]):
    """Puts a tenant before keys, and marks values."""

    tenant = ""

    def get(self, key: str, default: Any = None) -> Any:
        value = super().get(self.tenant + key, None)
        return default if value is None else value["sealed"]

    def get_many(self, *keys: str) -> dict[str, Any]:
        found = super().get_many(*[self.tenant + key for key in keys])
        return {key[len(self.tenant) :]: value["sealed"] for key, value in found.items()}

    def set(self, key: str, value: Any, *args: Any, **options: Any) -> bool:
        return super().set(self.tenant + key, {"sealed": value}, *args, **options)

    def set_many(self, items: Any, **options: Any) -> None:
        values = {self.tenant + key: {"sealed": value} for key, value in dict(items).items()}
        super().set_many(values, **options)

    def delete(self, key: str) -> bool:
        return super().delete(self.tenant + key)

    def delete_many(self, *keys: str) -> None:
        super().delete_many(*[self.tenant + key for key in keys])


class PlainObject:
    """Has the operations of a cache, and is none. It does not know `get_many`."""

    def __init__(self, calls: list[Call]) -> None:
        self.calls = calls
        self.values: dict[str, Any] = {}
        self.lived: list[Any] = []

    def get(self, key: str, default: Any = None) -> Any:
        self.calls.append(("get", key))
        return self.values.get(key, default)

    def set(
        self, key: str, value: Any, *, time_to_live: Any = None, if_not_exists: bool = False
    ) -> None:
        self.calls.append(("set", key))
        self.lived.append(time_to_live)
        self.values[key] = value

    def delete(self, key: str) -> bool:
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


def test_cache_that_counts_is_called_as_in_3_5_1(style: str, serializer: str) -> None:
    calls: list[Call] = []
    cache = overriding(style, serializer, calls)

    @cached(cache, time_to_live=timedelta(seconds=60))
    def double(number: int) -> int:
        return number * 2

    key = double.key(1)
    assert double(1) == 2
    assert calls == [("get", key), ("set", key)]
    calls.clear()
    assert double(1) == 2
    assert calls == [("get", key)]
    calls.clear()
    assert double.purge(1)
    assert calls == [("delete", key)]
    if style == "plain object":
        assert cache.lived == [timedelta(seconds=60)]


def test_bulk_function_goes_through_the_operations(style: str, serializer: str) -> None:
    calls: list[Call] = []

    @cached_many(overriding(style, serializer, calls))
    def double(numbers: list[int]) -> dict[int, int]:
        return {number: number * 2 for number in numbers}

    assert double([1, 2]) == {1: 2, 2: 4}
    keys = list((double.key([1, 2])).values())
    if style == "plain object":
        assert calls == [(name, key) for name in ("get", "set") for key in keys]
    else:
        assert calls == [("get_many", *keys), ("set_many", *keys)]
    assert double([1, 2, 3]) == {1: 2, 2: 4, 3: 6}
    assert double.refresh([1]) == {1: 2}
    assert (double.lookup([1]))[1].value == 2
    double.purge([1, 2, 3])
    assert (double.lookup([1]))[1].state == "miss"


def make_tenant(tenant: str, style: str, serializer: str, backend: Any) -> Any:
    cache = TenantCache(backend=backend, serializer=serializer)
    cache.tenant = tenant
    return cache if style == "subclass" else Proxy(cache)


@pytest.mark.parametrize("shape", ["subclass", "proxy"])
def test_tenants_never_get_each_others_answers(shape: str, serializer: str) -> None:
    backend = MemoryBackend[Any]()
    north, south = (make_tenant(it, shape, serializer, backend) for it in ("north:", "south:"))
    calls: list[str] = []

    def greet(name: str) -> str:
        calls.append(name)
        return f"{name} {len(calls)}"

    in_north, in_south = (cached(it, version=1)(greet) for it in (north, south))
    for _ in range(2):
        assert in_north("ada") == "ada 1"
        assert in_south("ada") == "ada 2"
    assert in_north.purge("ada")
    assert in_south("ada") == "ada 2"

    assert north.get_or_set("key", lambda: "north") == "north"
    assert south.get_or_set("key", lambda: "south") == "south"
    assert north.refresh("key", lambda: "new") == "new"
    assert north.get("key") == "new"
    assert north.contains("key")
    assert (north.lookup("key")).value == "new"
    assert south.get_or_set_many(["key", "other"], lambda _keys: {"other": 1}) == {
        "key": "south",
        "other": 1,
    }
    plain = Cache[Any](backend=backend, serializer=serializer)
    assert plain.get("north:key") == {"sealed": "new"}
    assert plain.get("key") is None


def test_tenants_share_no_loads(serializer: str) -> None:
    backend = MemoryBackend[Any]()
    north, south = (make_tenant(it, "subclass", serializer, backend) for it in ("n:", "s:"))
    answers: list[str] = []

    def outer() -> str:
        answers.append(south.get_or_set("key", lambda: "south"))
        return "north"

    assert north.get_or_set("key", outer) == "north"
    assert answers == ["south"]
    assert south.get("key") == "south"


def test_lookups_and_writes_are_counted_once(serializer: str) -> None:
    calls: list[Call] = []
    cache = overriding("subclass", serializer, calls)

    for _ in range(2):
        assert cache.get_or_set("key", lambda: 1) == 1
    stats = cache.stats()
    assert (stats.hits, stats.misses, stats.sets, stats.loads) == (1, 1, 1, 1)


def test_delete_during_a_load_keeps_its_value_from_being_stored(serializer: str) -> None:
    cache = overriding("subclass", serializer, [])

    def load() -> int:
        cache.delete("key")
        return 1

    assert cache.get_or_set("key", load) == 1
    assert cache.get("key") is None


@pytest.mark.parametrize("operation", ["get", "set"])
def test_operation_that_fails_loses_no_value(operation: str, serializer: str) -> None:
    def fail(_self: Any, *_args: Any, **_options: Any) -> Any:
        raise ConnectionError

    kind = type("Failing", (Cache,), {operation: fail})
    cache = kind(backend=MemoryBackend(), serializer=serializer)
    loud = kind(backend=MemoryBackend(), serializer=serializer, on_backend_error="raise")

    assert cache.get_or_set("key", lambda: 1) == 1
    assert cache.stats().backend_errors == 1
    with pytest.raises(ConnectionError):
        loud.get_or_set("key", lambda: 1)


def test_value_that_there_is_not_any_more_is_deleted(serializer: str) -> None:
    cache = overriding("subclass", serializer, [])
    cache.set("key", 1)

    def refuse() -> int:
        raise NoValueError

    with pytest.raises(NoValueError):
        cache.refresh("key", refuse)
    assert cache.get("key") is None


def test_overridden_get_or_set_is_what_a_decorator_calls(serializer: str) -> None:
    calls: list[Call] = []
    kind = counting_subclass(Cache, ("get_or_set",), calls)

    @cached(kind(backend=MemoryBackend(), serializer=serializer))
    def double(number: int) -> int:
        return number * 2

    for _ in range(2):
        assert double(1) == 2
    assert [name for name, *_ in calls] == ["get_or_set"] * 2


@pytest.mark.parametrize("operation", ["get", "set"])
def test_class_that_is_patched_is_driven(
    operation: str, serializer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Call] = []
    cache = Cache[int](backend=MemoryBackend(), serializer=serializer)

    @cached(cache)
    def double(number: int) -> int:
        return number * 2

    before = getattr(Cache, operation)

    def noting(self: Any, key: str, *args: Any, **options: Any) -> Any:
        calls.append((operation, key))
        return before(self, key, *args, **options)

    monkeypatch.setattr(Cache, operation, noting)
    assert double(1) == 2
    assert calls == [(operation, double.key(1))]


@pytest.mark.parametrize(
    "policy",
    [
        Policy(time_to_live=1, stale_while_revalidate=1),
        Policy(time_to_live=1, stale_if_error=1),
        Policy(time_to_live=1, early_refresh=1),
        Policy(negative_time_to_live=1),
    ],
)
def test_policy_that_needs_times_is_refused(policy: Policy, serializer: str) -> None:
    cache = TenantCache(backend=MemoryBackend(), serializer=serializer)

    with pytest.raises(ConfigurationError, match="TenantCache has operations of its own"):
        TenantCache(backend=MemoryBackend(), serializer=serializer, policy=policy)
    for it in (cache, PlainObject([])):
        with pytest.raises(ConfigurationError, match="has operations of its own"):
            cached(it, policy=policy)  # type: ignore[arg-type]


def test_value_of_an_overriding_cache_is_not_changed_in_its_place(serializer: str) -> None:
    cache = TenantCache(backend=MemoryBackend(), serializer=serializer)
    cache.set("key", 1)

    with pytest.raises(UnsupportedOperationError, match="TenantCache"):
        cache.update("key", lambda value: value + 1)


@pytest.mark.parametrize("nonsense", [5, "memory://", object(), {}])
def test_what_is_no_cache_is_refused(nonsense: Any) -> None:
    give: Callable[..., Any] = lambda *_args, **_options: nonsense  # noqa: E731

    with pytest.raises(ConfigurationError, match="is not a cache for this decorator"):
        cached(nonsense)

    @cached(give)
    def double(number: int) -> int:
        return number * 2

    with pytest.raises(ConfigurationError, match="is not a cache for this decorator"):
        double(1)

# Generated from tests/compat/async_/test_overridden_backends.py by tools/unasync.py. Do not edit: edit that file instead.
"""Backends whose operations a user overrides are driven through these operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import caches as django_caches

from cachetory.backends.sync import (
    DjangoBackend,
    DummyBackend,
    MemoryBackend,
    RedisBackend,
    SqliteBackend,
)
from cachetory.caches.sync import Cache
from cachetory.decorators.sync import cached, cached_many
from tests.backends.django_project import set_up
from tests.compat.sync.overriding import (
    READS_AND_WRITES,
    Call,
    RenamingBackend,
    RenamingProxy,
    count_calls,
    counting_proxy,
    counting_subclass,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Make = Callable[[type[Any]], Any]

set_up()

KINDS = {
    "memory": MemoryBackend,
    "sqlite": SqliteBackend,
    "redis": RedisBackend,
    "django": DjangoBackend,
    "dummy": DummyBackend,
}
STYLES = ("subclass", "proxy", "patched class", "patched object")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> type[Any]:
    """The class of a backend."""
    it: type[Any] = KINDS[request.param]
    return it


@pytest.fixture
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Makes backends of a class over one store, which is empty."""
    django_caches["default"].clear()
    urls: dict[type[Any], str] = {}

    def url_of(kind: type[Any]) -> str:
        if issubclass(kind, RedisBackend):
            url: str = request.getfixturevalue("valkey_server").fresh_url()
            return url
        if issubclass(kind, SqliteBackend):
            return f"sqlite:////{tmp_path}/cache.db"
        if issubclass(kind, MemoryBackend):
            return f"memory://{tmp_path.name}"
        return "django://default" if issubclass(kind, DjangoBackend) else "dummy://"

    def make(kind: type[Any]) -> Any:
        base = next(it for it in KINDS.values() if issubclass(kind, it))
        if base not in urls:
            urls[base] = url_of(base)
        return kind.from_url(urls[base])

    return make


def overriding(
    style: str, kind: type[Any], operations: tuple[str, ...], calls: list[Call], make: Make
) -> Any:
    """Make a backend with operations that note their calls."""
    if style == "subclass":
        return make(counting_subclass(kind, operations, calls))
    if style == "proxy":
        return counting_proxy(make(kind), operations, calls)
    own = type("Own", (kind,), {})
    backend = make(own)
    for name in operations:
        if style == "patched object":
            setattr(backend, name, count_calls(name, getattr(backend, name), calls))
        else:
            setattr(own, name, _noting(kind, name, calls))
    return backend


def _noting(kind: type[Any], name: str, calls: list[Call]) -> Any:
    def method(self: Any, *args: Any, **options: Any) -> Any:
        function = getattr(super(type(self), self), name)
        return count_calls(name, function, calls)(*args, **options)

    return method


@pytest.mark.parametrize("style", STYLES)
def test_backend_that_counts_is_called_as_in_3_5_1(kind: type[Any], style: str, make: Make) -> None:
    calls: list[Call] = []
    backend = overriding(style, kind, READS_AND_WRITES, calls, make)
    cache = Cache[int](backend=backend, serializer="pickle://", prefix="app:")

    @cached(cache)
    def double(number: int) -> int:
        return number * 2

    key = f"app:{double.key(1)}"
    assert double(1) == 2
    assert calls == [("get", key), ("set", key)]
    calls.clear()
    assert double(1) == 2
    assert calls[0] == ("get", key)
    calls.clear()
    double.purge(1)
    assert calls == [("delete", key)]
    calls.clear()

    cache.set("a", 1)
    cache.get("a")
    cache.set_many({"a": 1, "b": 2})
    cache.get_many("a", "b")
    cache.delete("a")
    cache.delete_many("a", "b")
    assert calls == [
        ("set", "app:a"),
        ("get", "app:a"),
        ("set_many", "app:a", "app:b"),
        ("get_many", "app:a", "app:b"),
        ("delete", "app:a"),
        ("delete_many", "app:a", "app:b"),
    ]
    calls.clear()
    cache.expire_in("a", 5)
    assert ("expire_in", "app:a") in calls


@pytest.mark.parametrize("operation", ["get", "set"])
@pytest.mark.parametrize("style", STYLES)
def test_one_overridden_operation_is_called(
    kind: type[Any], style: str, operation: str, make: Make
) -> None:
    calls: list[Call] = []
    backend = overriding(style, kind, (operation,), calls, make)
    serializer = "noop://" if kind is MemoryBackend else "pickle://"
    cache = Cache[int](backend=backend, serializer=serializer)

    @cached(cache)
    def double(number: int) -> int:
        return number * 2

    for _ in range(2):
        assert double(1) == 2
    assert (operation, double.key(1)) in calls


def test_class_that_is_patched_itself_is_driven(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[Call] = []
    before = MemoryBackend.get

    def get(self: Any, key: str) -> Any:
        calls.append(("get", key))
        return before(self, key)

    monkeypatch.setattr(MemoryBackend, "get", get)
    cache = Cache[int](backend=MemoryBackend(), serializer="noop://")

    cache.get_or_set("key", lambda: 1)
    assert cache.get("key") == 1
    assert calls == [("get", "key"), ("get", "key")]


def test_operation_that_is_patched_later_is_driven(make: Make) -> None:
    calls: list[Call] = []
    backend = make(type("Own", (RedisBackend,), {}))
    cache = Cache[int](backend=backend, serializer="pickle://")
    backend.set = count_calls("set", backend.set, calls)

    assert cache.get_or_set("key", lambda: 1) == 1
    assert calls == [("set", "key")]


def renaming(style: str, kind: type[Any], tenant: str, make: Make, inner: Any) -> Any:
    if style == "subclass":
        backend = make(type("Renaming", (RenamingBackend, kind), {}))
    else:
        backend = RenamingProxy(inner)
    backend.tenant = tenant
    return backend


@pytest.mark.parametrize("style", ["subclass", "proxy"])
def test_tenants_never_get_each_others_answers(kind: type[Any], style: str, make: Make) -> None:
    inner = make(kind)
    raw = Cache[Any](backend=inner, serializer="pickle://", on_undecodable="raise")
    for tenant in ("north", "south"):
        backend = renaming(style, kind, f"{tenant}:", make, inner)
        cache = Cache[str](backend=backend, serializer="pickle://", prefix="app:")

        def load(answer: str = tenant) -> str:
            return answer

        def greet(name: str, answer: str = tenant) -> str:
            return f"{answer} {name}"

        def greet_all(names: list[str], answer: str = tenant) -> dict[str, str]:
            return {name: f"{answer} {name}" for name in names}

        one = cached(cache, ignore=("answer",))(greet)
        many = cached_many(cache, ignore=("answer",))(greet_all)
        for _ in range(2):
            assert one("ada") == f"{tenant} ada"
            assert many(["ada", "bob"]) == {
                "ada": f"{tenant} ada",
                "bob": f"{tenant} bob",
            }
            assert cache.get_or_set("key", load) == tenant
        assert cache.refresh("key", load) == tenant
        if kind is not DummyBackend:
            assert cache.get("key") == tenant
            assert cache.contains("key")
            lookup = cache.lookup("key")
            assert lookup.value == tenant
            wire = [pair for pair in inner.get_many(f"{tenant}:app:key")]
            assert wire
            assert tenant.encode() not in wire[0][1]
            assert cache.delete("key")
            assert not cache.contains("key")
    assert raw.get("app:key") is None


def test_proxies_that_are_equal_share_no_loads(make: Make) -> None:
    inner = make(MemoryBackend)
    answers: list[str] = []
    caches = []
    for tenant in ("north:", "south:"):
        backend = renaming("proxy", MemoryBackend, tenant, make, inner)
        caches.append(Cache[str](backend=backend, serializer="pickle://"))

    def outer() -> str:
        answers.append(caches[1].get_or_set("key", lambda: "south"))
        return "north"

    assert caches[0].get_or_set("key", outer) == "north"
    assert answers == ["south"]
    assert caches[1].get("key") == "south"


def test_subclass_that_declares_the_leases_again_keeps_them(make: Make) -> None:
    calls: list[Call] = []
    counting = counting_subclass(RedisBackend, ("get", "set"), calls)
    counting.leases = RedisBackend.leases  # type: ignore[attr-defined]
    cache = Cache[int](backend=make(counting), serializer="pickle://")

    assert cache.get_or_set("key", lambda: 1) == 1
    assert calls == [("get", "key")]


def test_overridden_clear_is_called(make: Make) -> None:
    calls: list[Call] = []
    backend = make(counting_subclass(MemoryBackend, ("clear",), calls))
    cache = Cache[int](backend=backend, serializer="pickle://", prefix="app:")
    cache.set("key", 1)

    cache.clear()
    assert calls == [("clear",)]
    assert cache.get("key") is None


def test_lookup_that_another_load_has_outrun_is_made_again() -> None:
    class Late(MemoryBackend[Any]):
        """While the first lookup is under way, somebody else loads the key."""

        early = True

        def get(self, key: str) -> Any:
            if self.early:
                self.early = False
                cache.get_or_set(key, lambda: "theirs")
                raise KeyError(key)
            return super().get(key)

    cache = Cache[Any](backend=Late(), serializer="pickle://")

    assert cache.get_or_set("key", lambda: "ours") == "theirs"


@pytest.mark.parametrize("kind", ["memory", "sqlite", "redis"], indirect=True)
def test_overridden_clear_that_calls_ours_deletes_only_the_keys_of_its_cache(
    kind: type[Any], make: Make
) -> None:
    cleared: list[None] = []

    class CountsClears(kind):  # type: ignore[misc]  # the base class is a parameter
        def clear(self) -> None:
            cleared.append(None)
            super().clear()

    backend = make(CountsClears)
    ours = Cache[int](backend=backend, serializer="json://", prefix="ours:")
    theirs = Cache[int](backend=backend, serializer="json://", prefix="theirs:")
    ours.set("key", 1)
    theirs.set("key", 2)

    ours.clear()

    assert len(cleared) == 1
    assert ours.get("key") is None
    assert theirs.get("key") == 2


@pytest.mark.parametrize("kind", ["memory", "sqlite", "redis", "django"], indirect=True)
@pytest.mark.parametrize("style", ["subclass", "proxy", "patched object"])
def test_overridden_get_and_set_are_called_for_many_keys(
    kind: type[Any], style: str, make: Make
) -> None:
    calls: list[Call] = []
    backend = overriding(style, kind, ("get", "set", "delete"), calls, make)
    cache = Cache[int](backend=backend, serializer="json://")

    cache.set_many({"a": 1, "b": 2}, time_to_live=60)
    assert [call[0] for call in calls] == ["set", "set"]
    calls.clear()
    assert cache.get_many("a", "b", "c") == {"a": 1, "b": 2}
    assert [call[0] for call in calls] == ["get", "get", "get"]
    calls.clear()
    cache.delete_many("a", "b")
    assert [call[0] for call in calls] == ["delete", "delete"]

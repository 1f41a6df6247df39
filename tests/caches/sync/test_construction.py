# Generated from tests/caches/async_/test_construction.py by tools/unasync.py. Do not edit: edit that file instead.
"""What a cache is made from, and what is refused."""

from __future__ import annotations

import gc
from typing import Any
from weakref import ref

import pytest

from cachetory.backends.sync import MemoryBackend
from cachetory.caches.sync import Cache
from cachetory.errors import ConfigurationError
from cachetory.serializers import NoopSerializer, PickleSerializer
from tests.canary import PASSWORD


def test_cache_takes_objects_and_urls_alike() -> None:
    by_url = Cache[int](backend="memory://", serializer="pickle+zlib://")
    by_object = Cache[int](backend=MemoryBackend(), serializer=PickleSerializer())

    for cache in (by_url, by_object):
        cache.set("key", 1)
        assert cache.get("key") == 1
        assert isinstance(cache.backend, MemoryBackend)


def test_cache_takes_one_type_parameter_two_or_none() -> None:
    for class_ in (Cache, Cache[int], Cache[int, bytes]):
        cache = class_(backend="memory://", serializer="pickle://")

        cache.set("key", 1)
        assert cache.get("key") == 1


def test_cache_takes_its_parts_by_name_only() -> None:
    with pytest.raises(TypeError):
        Cache(PickleSerializer(), MemoryBackend())  # type: ignore[misc]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "nowhere://"}, "nowhere://"),
        ({"backend": "memory://?nonsense=1"}, "nonsense"),
        ({"serializer": "nothing://"}, "nothing://"),
        ({"serializer": "pickle://?nonsense=1"}, "nonsense"),
        ({"on_backend_error": "x"}, """on_backend_error='x'.*"miss" or "raise\""""),
        ({"on_undecodable": "x"}, """on_undecodable='x'.*"miss" or "raise\""""),
        ({"on_backend_error": None}, "on_backend_error=None"),
    ],
    ids=str,
)
def test_cache_of_parts_that_cannot_work_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Cache(**{"backend": "memory://", "serializer": "noop://", **options})


def test_cache_never_shows_the_password_of_its_backend() -> None:
    cache = Cache[int](backend=f"redis://user:{PASSWORD}@localhost/0", serializer="pickle://")

    assert PASSWORD not in repr(cache)
    with pytest.raises(ConfigurationError) as caught:
        Cache(backend=f"redis://:{PASSWORD}@localhost/0?nonsense=1", serializer="pickle://")
    assert PASSWORD not in f"{caught.value}"


def test_cache_shows_its_parts() -> None:
    backend = MemoryBackend[Any]()
    cache = Cache[int](backend=backend, serializer="noop://", prefix="app:")
    cache.get("key")

    assert cache.backend is backend
    assert cache.prefix == "app:"
    assert cache.counters.misses == 1
    assert "MemoryBackend" in repr(cache)
    assert "'app:'" in repr(cache)


def test_local_store_is_there_if_values_are_kept_here_as_they_are() -> None:
    for serializer in ("noop://", "null://", NoopSerializer()):
        assert Cache[int](backend="memory://", serializer=serializer).local_store is not None
    for options in (
        {"serializer": "pickle://"},
        {"serializer": "noop://", "on_event": print},
        {"serializer": "noop://", "backend": "dummy://"},
    ):
        assert Cache[int](**{"backend": "memory://", **options}).local_store is None


def test_local_store_is_hidden_by_a_serializer_that_changes_values() -> None:
    class Doubling(NoopSerializer[int]):
        def serialize(self, value: int) -> int:
            return 2 * value

    assert Cache[int](backend="memory://", serializer=Doubling()).local_store is None


def test_subclass_works_with_methods_and_attributes_of_its_own() -> None:
    class Greetings(Cache[str, bytes]):
        def __init__(self) -> None:
            super().__init__(backend="memory://", serializer="pickle://", prefix="hi:")
            self.greeted: list[str] = []

        def greet(self, name: str) -> str | None:
            self.greeted.append(name)
            self.set(name, f"Hello, {name}!")
            return self.get(name)

    greetings = Greetings()
    with greetings as entered:
        assert entered is greetings
        assert greetings.greet("you") == "Hello, you!"
    assert greetings.greeted == ["you"]


def test_cache_and_backend_go_when_nobody_holds_them() -> None:
    backend = MemoryBackend[Any]()
    cache = Cache[int](backend=backend, serializer="noop://")
    gone = ref(cache), ref(backend)

    del cache, backend
    gc.collect()

    assert [it() for it in gone] == [None, None]

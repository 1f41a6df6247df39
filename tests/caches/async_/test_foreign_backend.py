"""A backend that somebody wrote for release 3.5.1: timedeltas only, no bulk write with a TTL."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.caches.async_ import Cache
from cachetory.errors import ConfigurationError, UnsupportedOperationError
from cachetory.interfaces.backends.async_ import AsyncBackend

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from types import TracebackType

    from typing_extensions import Self


class ForeignBackend(AsyncBackend[bytes]):
    """Notes what it is called with."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}
        self.calls: list[tuple[Any, ...]] = []
        self.entered = 0
        self.left: list[type[BaseException] | None] = []

    @classmethod
    def from_url(cls, url: str) -> ForeignBackend:
        return cls()

    async def get(self, key: str) -> bytes:
        return self.data[key]

    async def get_many(self, *keys: str) -> AsyncIterator[tuple[str, bytes]]:
        for key in keys:
            if key in self.data:
                yield key, self.data[key]

    async def set(
        self,
        key: str,
        value: bytes,
        *,
        time_to_live: timedelta | None = None,
        if_not_exists: bool = False,
    ) -> bool:
        self.calls.append(("set", key, time_to_live))
        if if_not_exists and key in self.data:
            return False
        self.data[key] = value
        return True

    async def set_many(self, items: Iterable[tuple[str, bytes]]) -> None:  # type: ignore[override]
        self.calls.append(("set_many",))
        self.data.update(items)

    async def expire_in(self, key: str, time_to_live: timedelta | None = None) -> None:
        self.calls.append(("expire_in", key, time_to_live))

    async def expire_at(self, key: str, deadline: datetime | None) -> None:
        self.calls.append(("expire_at", key, deadline))

    async def delete(self, key: str) -> bool:
        return self.data.pop(key, None) is not None

    async def clear(self) -> None:
        self.data.clear()

    async def __aenter__(self) -> Self:
        self.entered += 1
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.left.append(exc_type)


class Unhashable(ForeignBackend):
    """Cannot be told from its likes by a dictionary."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unhashable)


@pytest.fixture
def backend() -> ForeignBackend:
    return ForeignBackend()


@pytest.fixture
def cache(backend: ForeignBackend) -> Cache[Any, bytes]:
    return Cache(backend=backend, serializer="pickle://", prefix="app:")


async def test_foreign_backend_serves_reads_and_writes(cache: Cache[Any]) -> None:
    assert await cache.set("a", 1)
    assert not await cache.set("a", 2, if_not_exists=True)
    await cache.set_many({"b": 2, "c": 3})

    assert await cache.get("a") == 1
    assert await cache.get("missing", 0) == 0
    assert await cache.get_many("a", "missing", "c") == {"a": 1, "c": 3}
    assert await cache.contains("b")
    assert not await cache.contains("missing")
    assert await cache.get_or_set("d", lambda: 4) == 4
    assert await cache.get("d") == 4
    assert await cache.delete("a")
    await cache.delete_many("b", "c", "missing")
    assert await cache.get_many("a", "b", "c", "d") == {"d": 4}


async def test_foreign_backend_gets_timedeltas_only(
    cache: Cache[Any], backend: ForeignBackend
) -> None:
    await cache.set("a", 1, 5)
    await cache.set("b", 1, timedelta(seconds=5))
    await cache.set("c", 1)
    await cache.get_or_set("d", lambda: 1, time_to_live=0.5)
    await cache.expire_in("a", 5.5)
    await cache.expire_in("b", 0)
    await cache.expire_in("c")
    deadline = datetime.now(timezone.utc)
    await cache.expire_at("a", deadline)
    await cache.expire_at("b", None)

    assert backend.calls == [
        ("set", "app:a", timedelta(seconds=5)),
        ("set", "app:b", timedelta(seconds=5)),
        ("set", "app:c", None),
        ("set", "app:d", timedelta(seconds=0.5)),
        ("expire_in", "app:a", timedelta(seconds=5.5)),
        ("expire_in", "app:b", timedelta(0)),
        ("expire_in", "app:c", None),
        ("expire_at", "app:a", deadline),
        ("expire_at", "app:b", None),
    ]


async def test_foreign_backend_sets_many_without_a_time_to_live(
    cache: Cache[Any], backend: ForeignBackend
) -> None:
    await cache.set_many({"a": 1})
    await cache.set_many({})

    assert backend.calls == [("set_many",)]
    assert list(backend.data) == ["app:a"]


async def test_cache_enters_and_leaves_the_backend_as_often(backend: ForeignBackend) -> None:
    cache = Cache[int](backend=backend, serializer="pickle://")

    async with cache:
        assert (backend.entered, backend.left) == (1, [])
        async with cache:
            assert (backend.entered, backend.left) == (2, [])
        assert (backend.entered, backend.left) == (2, [None])
    assert (backend.entered, backend.left) == (2, [None, None])


async def test_cache_tells_the_backend_with_which_error_it_is_left(
    cache: Cache[Any], backend: ForeignBackend
) -> None:
    async def fail() -> None:
        async with cache:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert backend.left == [ZeroDivisionError]


async def test_foreign_backend_counts_as_shared(backend: ForeignBackend) -> None:
    cache = Cache[int](backend=backend, serializer="pickle://")
    await cache.set("a", 1)

    with pytest.raises(ConfigurationError, match="prefix"):
        await cache.clear()
    assert await cache.get("a") == 1


async def test_foreign_backend_that_knows_no_prefixes_says_so(
    cache: Cache[Any], backend: ForeignBackend
) -> None:
    await cache.set("a", 1)
    backend.data["theirs"] = b""

    with pytest.raises(UnsupportedOperationError, match=r"ForeignBackend.*prefix"):
        await cache.clear()
    assert await cache.get("a") == 1
    assert "theirs" in backend.data
    assert cache.stats().backend_errors == 0


async def test_foreign_backend_has_no_local_entries_to_tell_of(cache: Cache[Any]) -> None:
    assert cache.local_store is None
    assert cache.stats()[-3:] == (None, None, None)


async def test_backend_that_cannot_be_hashed_serves_as_well() -> None:
    one, other = (Cache[int](backend=Unhashable(), serializer="pickle://") for _ in range(2))

    assert await one.get_or_set("key", lambda: 1) == 1
    assert await other.get_or_set("key", lambda: 2) == 2
    assert await one.get("key") == 1
    assert await one.delete("key")

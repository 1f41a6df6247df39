# Generated from tests/compat/async_/test_duck_typed_caches.py by tools/unasync.py. Do not edit: edit that file instead.
"""Objects that merely have operations of a cache serve as caches of decorated functions."""

from __future__ import annotations

from typing import Any

import pytest

from cachetory.decorators.sync import cached, cached_many
from cachetory.errors import DecodeError


class OfOneKey:
    """Knows single keys only, and its `get` takes no default."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        return self.values.get(key)

    def set(self, key: str, value: Any, **options: Any) -> None:
        self.values[key] = value

    def delete(self, key: str) -> bool:
        return self.values.pop(key, None) is not None


class OfManyKeys(OfOneKey):
    """Has the operations on many keys of release 3.5.1, without times to live."""

    def get(self, key: str, default: Any = None) -> Any:  # type: ignore[override]
        return self.values.get(key, default)

    def get_many(self, *keys: str) -> dict[str, Any]:
        return {key: self.values[key] for key in keys if key in self.values}

    def set_many(self, items: Any) -> None:
        self.values.update(items)

    def delete_many(self, *keys: str) -> None:
        for key in keys:
            self.values.pop(key, None)


class Failing(OfManyKeys):
    """Fails in every operation on many keys, or in all."""

    def __init__(self, error: Exception, *, in_all: bool = False) -> None:
        super().__init__()
        self.error = error
        self.in_all = in_all

    def get(self, key: str, default: Any = None) -> Any:  # type: ignore[override]
        if self.in_all:
            raise self.error
        return super().get(key, default)

    def set(self, key: str, value: Any, **options: Any) -> None:
        if self.in_all:
            raise self.error
        super().set(key, value)

    def get_many(self, *keys: str) -> dict[str, Any]:
        raise self.error

    def set_many(self, items: Any) -> None:
        raise self.error


@pytest.mark.parametrize("kind", [OfOneKey, OfManyKeys])
def test_decorated_functions_use_the_operations_that_there_are(kind: type[OfOneKey]) -> None:
    calls: list[Any] = []
    cache = kind()

    @cached(cache, version=1)  # type: ignore[arg-type]
    def one(x: int) -> int:
        calls.append(x)
        return x

    @cached_many(cache, version=1, time_to_live=60)  # type: ignore[arg-type]
    def many(items: list[int]) -> dict[int, int]:
        calls.append(items)
        return dict.fromkeys(items, 1)

    assert [one(1), one(1)] == [1, 1]
    assert [many([1, 2]), many([1, 2])] == [{1: 1, 2: 1}] * 2
    assert calls == [1, [1, 2]]
    assert (one.lookup(1)).value == 1
    assert one.refresh(1) == 1
    assert many.refresh([1, 2]) == {1: 1, 2: 1}
    many.purge([1, 2])
    assert one.purge(1)
    assert cache.values == {}


def test_times_to_live_reach_a_cache_that_takes_them_one_by_one() -> None:
    cache = OfManyKeys()

    @cached_many(cache, time_to_live=60)  # type: ignore[arg-type]
    def many(items: list[int]) -> dict[int, int]:
        return dict.fromkeys(items, 1)

    @cached_many(cache, version=2)  # type: ignore[arg-type]
    def many_for_ever(items: list[int]) -> dict[int, int]:
        return dict.fromkeys(items, 1)

    assert many([1, 2]) == many_for_ever([1, 2])
    assert len(cache.values) == 4


@pytest.mark.parametrize("in_all", [False, True])
def test_failing_operations_lose_no_value(in_all: bool) -> None:  # noqa: FBT001
    cache = Failing(ConnectionError("down"), in_all=in_all)

    @cached(cache)  # type: ignore[arg-type]
    def one(x: int) -> int:
        return x

    @cached_many(cache)  # type: ignore[arg-type]
    def many(items: list[int]) -> dict[int, int]:
        return dict.fromkeys(items, 1)

    assert one(1) == 1
    assert many([1, 2]) == {1: 1, 2: 1}


def test_decode_errors_that_a_cache_raises_are_raised() -> None:
    cache = Failing(DecodeError("foreign"), in_all=True)

    @cached(cache)  # type: ignore[arg-type]
    def one(x: int) -> int:
        return x

    @cached_many(cache)  # type: ignore[arg-type]
    def many(items: list[int]) -> dict[int, int]:
        return dict.fromkeys(items, 1)

    with pytest.raises(DecodeError):
        one(1)
    with pytest.raises(DecodeError):
        many([1, 2])

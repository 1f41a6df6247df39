"""Methods of every kind, objects with `__call__`, and what `purge` is on each."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from cachetory.backends.async_ import MemoryBackend
from cachetory.caches.async_ import Cache
from cachetory.decorators.async_ import cached
from cachetory.errors import UnkeyableArgumentError
from tests.decorators.async_.functions import calls

cache = Cache[Any, Any](backend=MemoryBackend(), serializer="noop://")


@pytest.fixture(autouse=True)
async def _clean() -> None:
    await cache.clear()


@dataclass(frozen=True)
class Point:
    """Told by its fields."""

    x: int

    @cached(cache)
    async def plus(self, y: int, z: int = 0) -> tuple[int, int]:
        calls.append(y)
        return self.x + y + z, len(calls)

    @cached(cache)
    async def named(self) -> str:
        return f"point {self.x}"

    async def __call__(self, y: int) -> tuple[int, int]:
        calls.append(y)
        return self.x + y, len(calls)


class NamedPoint(Point):
    """Told from a mere point by its class."""

    @cached(cache)
    async def named(self) -> str:
        return f"named {await super().named()}"


class Keyed:
    """Told by what its method gives."""

    def __init__(self, key: object) -> None:
        self.key = key

    def __cache_key__(self) -> object:
        return self.key

    @cached(cache)
    async def count(self, x: int) -> int:
        calls.append(x)
        return len(calls)


class Service:
    """Told by nothing."""

    @cached(cache)
    async def refused(self, x: int) -> int:
        raise AssertionError

    @cached(cache, ignore=("self",))
    async def count(self, x: int, y: int = 2) -> int:
        calls.append(x)
        return len(calls)

    @cached(cache, key=lambda self, x: x)
    async def count_by_key(self, x: int) -> int:
        calls.append(x)
        return len(calls)

    @cached(cache)
    @classmethod
    async def of_class(cls, x: int, y: int = 2) -> tuple[str, int]:
        calls.append(x)
        return cls.__name__, len(calls)

    @cached(cache)
    @staticmethod
    async def static(x: int, y: int = 2) -> int:
        calls.append(x)
        return len(calls)

    @classmethod
    @cached(cache)
    async def of_class_inside(cls, x: int) -> tuple[str, int]:
        calls.append(x)
        return cls.__name__, len(calls)

    @staticmethod
    @cached(cache)
    async def static_inside(x: int) -> int:
        calls.append(x)
        return len(calls)


class SubService(Service):
    """Has results of its own for class methods."""


# Methods


async def test_method_shares_results_among_equal_instances() -> None:
    assert await Point(1).plus(2) == (3, 1)
    assert await Point(1).plus(2) == (3, 1)
    assert await Point(1).plus(y=2, z=0) == (3, 1)
    assert await Point(2).plus(2) == (4, 2)
    assert await NamedPoint(1).plus(2) == (3, 3)


async def test_method_may_be_called_through_its_class() -> None:
    assert await Point.plus(Point(1), 2) == (3, 1)
    assert await Point(1).plus(2) == (3, 1)


async def test_method_that_is_held_stays_bound() -> None:
    plus = Point(1).plus

    assert [await plus(2), await plus(2), await plus(z=0, y=2)] == [(3, 1)] * 3


async def test_purge_of_a_bound_method_purges_what_it_has_cached() -> None:
    await Point(1).plus(2)
    await Point(2).plus(2)

    assert await Point(1).plus.purge(2) is True
    assert await Point(1).plus.purge(2) is False
    assert await Point(2).plus(2) == (4, 2)
    assert await Point(1).plus(2) == (3, 3)
    assert await Point.plus.purge(Point(1), 2) is True


async def test_method_that_overrides_another_has_results_of_its_own() -> None:
    assert await NamedPoint(1).named() == "named point 1"
    assert await Point(1).named() == "point 1"
    assert await NamedPoint(1).named() == "named point 1"


async def test_method_of_an_object_with_a_key_of_its_own() -> None:
    assert await Keyed("a").count(1) == 1
    assert await Keyed("a").count(1) == 1
    assert await Keyed("b").count(1) == 2
    assert await Keyed("a").count.purge(1)
    assert await Keyed("a").count(1) == 3


async def test_method_of_an_object_without_identity_is_refused_with_the_ways_out() -> None:
    with pytest.raises(
        UnkeyableArgumentError,
        match=r"`self`.*frozen dataclass.*`__cache_key__`.*ignore=\('self',\)",
    ):
        await Service().refused(1)


async def test_method_that_ignores_self_shares_results_among_all_instances() -> None:
    assert await Service().count(1) == 1
    assert await Service().count(1) == 1
    assert await SubService().count(x=1, y=2) == 1
    assert await Service().count.purge(1)
    assert await Service().count(1) == 2


async def test_method_with_a_key_gets_self_as_well() -> None:
    assert await Service().count_by_key(1) == 1
    assert await Service().count_by_key(1) == 1
    assert await Service().count_by_key.purge(1)
    assert await Service().count_by_key(1) == 2


async def test_method_with_make_key_gets_the_function_and_self() -> None:
    asked: list[Any] = []

    def make_key(wrapped: Any, *args: Any, **kwargs: Any) -> str:
        asked.append((wrapped, args, kwargs))
        return "key"

    class Local:
        @cached(cache, make_key=make_key)
        async def method(self, x: int) -> int:
            return x

    local = Local()
    assert await local.method(1) == 1
    assert asked == [(Local.method.__wrapped__, (local, 1), {})]


async def test_method_that_does_not_fit_its_call_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        await Point(1).plus()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        await Service().count(1, 2, 3)  # type: ignore[call-arg]
    assert calls == []


async def test_methods_of_different_classes_do_not_share_results() -> None:
    assert await Service().count(1) == 1
    assert await Keyed(()).count(1) == 2


def test_abstract_method_stays_abstract() -> None:
    class Abstract(ABC):
        @cached(cache)
        @abstractmethod
        async def method(self) -> int: ...

    with pytest.raises(TypeError, match="abstract"):
        Abstract()  # type: ignore[abstract]


# Class methods and static methods


async def test_class_method_has_results_for_each_class() -> None:
    assert await Service.of_class(1) == ("Service", 1)
    assert await Service.of_class(x=1, y=2) == ("Service", 1)
    assert await Service().of_class(1) == ("Service", 1)
    assert await SubService.of_class(1) == ("SubService", 2)
    assert await SubService().of_class(1) == ("SubService", 2)


async def test_purge_of_a_class_method_purges_what_the_class_has_cached() -> None:
    await Service.of_class(1)
    await SubService.of_class(1)

    assert await Service.of_class.purge(1) is True
    assert await Service().of_class.purge(1) is False
    assert await SubService.of_class(1) == ("SubService", 2)
    assert await Service.of_class(1) == ("Service", 3)


async def test_static_method_has_one_result() -> None:
    assert await Service.static(1) == 1
    assert await Service().static(1) == 1
    assert await SubService.static(x=1, y=2) == 1
    assert await SubService().static.purge(1) is True
    assert await Service.static(1) == 2


async def test_static_method_in_the_other_order_works_as_well() -> None:
    assert await Service.static_inside(1) == 1
    assert await Service().static_inside(1) == 1
    assert await Service().static_inside.purge(1) is True
    assert await Service.static_inside(1) == 2


async def test_class_method_in_the_other_order_can_be_called() -> None:
    assert await Service.of_class_inside(1) == ("Service", 1)
    assert await Service().of_class_inside(1) == ("Service", 1)
    assert await SubService.of_class_inside(1) == ("SubService", 2)


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="class methods bind nothing but functions")
async def test_class_method_in_the_other_order_can_be_purged_before_python_3_13() -> None:
    await Service.of_class_inside(1)

    assert await Service.of_class_inside.purge(1) is True  # type: ignore[attr-defined]
    assert await Service.of_class_inside(1) == ("Service", 2)


@pytest.mark.skipif(sys.version_info < (3, 13), reason="class methods bind what is in them")
async def test_class_method_in_the_other_order_is_purged_with_its_class_since_python_3_13() -> None:
    await Service.of_class_inside(1)

    assert await Service.of_class_inside.purge(Service, 1) is True  # type: ignore[attr-defined]
    assert await Service.of_class_inside(1) == ("Service", 2)


# Objects


async def test_object_with_call_is_cached_by_its_identity() -> None:
    one, other = cached(cache)(Point(1)), cached(cache)(Point(2))

    assert [await one(2), await one(2), await other(2)] == [(3, 1), (3, 1), (4, 2)]
    assert await cached(cache)(Point(1))(2) == (3, 1)
    assert await one.purge(2) is True
    assert await one(2) == (3, 3)


async def test_bound_method_is_cached_with_its_object() -> None:
    async def count(self: Point, x: int) -> int:
        calls.append(x)
        return len(calls)

    one = cached(cache)(partial(count, Point(1)))
    other = cached(cache)(partial(count, Point(2)))
    bound = cached(cache)(Point(1).__call__)

    assert [await one(1), await one(1), await other(1)] == [1, 1, 2]
    assert [await bound(1), await bound(1)] == [(2, 3), (2, 3)]
    assert await bound.purge(1)


async def test_object_with_call_is_no_method() -> None:
    class Holder:
        add = cached(cache)(Point(1))

    assert await Holder.add(2) == (3, 1)  # type: ignore[call-arg,arg-type]


async def test_object_with_call_as_an_attribute_of_an_instance() -> None:
    class Holder:
        add = cached(cache)(Point(1))

    assert await Holder().add(2) == (3, 1)  # type: ignore[call-arg,arg-type]


async def test_bound_method_as_an_attribute_of_a_class_stays_with_its_object() -> None:
    class Counter:
        def __init__(self, number: int) -> None:
            self.number = number

        @cached(Cache[int](backend="memory://", serializer="noop://"), ignore=("self",))
        async def count(self) -> int:
            return self.number

    class Borrower:
        number = 2
        count = Counter(1).count

    assert await Borrower().count() == 1

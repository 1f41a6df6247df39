# Generated from tests/decorators/async_/test_methods.py by tools/unasync.py. Do not edit: edit that file instead.
"""Methods of every kind, objects with `__call__`, and what `purge` is on each."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from cachetory.backends.sync import MemoryBackend
from cachetory.caches.sync import Cache
from cachetory.decorators.sync import cached
from cachetory.errors import UnkeyableArgumentError
from tests.decorators.sync.functions import calls

cache = Cache[Any, Any](backend=MemoryBackend(), serializer="noop://")


@pytest.fixture(autouse=True)
def _clean() -> None:
    cache.clear()


@dataclass(frozen=True)
class Point:
    """Told by its fields."""

    x: int

    @cached(cache)
    def plus(self, y: int, z: int = 0) -> tuple[int, int]:
        calls.append(y)
        return self.x + y + z, len(calls)

    @cached(cache)
    def named(self) -> str:
        return f"point {self.x}"

    def __call__(self, y: int) -> tuple[int, int]:
        calls.append(y)
        return self.x + y, len(calls)


class NamedPoint(Point):
    """Told from a mere point by its class."""

    @cached(cache)
    def named(self) -> str:
        return f"named {super().named()}"


class Keyed:
    """Told by what its method gives."""

    def __init__(self, key: object) -> None:
        self.key = key

    def __cache_key__(self) -> object:
        return self.key

    @cached(cache)
    def count(self, x: int) -> int:
        calls.append(x)
        return len(calls)


class Service:
    """Told by nothing."""

    @cached(cache)
    def refused(self, x: int) -> int:
        raise AssertionError

    @cached(cache, ignore=("self",))
    def count(self, x: int, y: int = 2) -> int:
        calls.append(x)
        return len(calls)

    @cached(cache, key=lambda self, x: x)
    def count_by_key(self, x: int) -> int:
        calls.append(x)
        return len(calls)

    @cached(cache)
    @classmethod
    def of_class(cls, x: int, y: int = 2) -> tuple[str, int]:
        calls.append(x)
        return cls.__name__, len(calls)

    @cached(cache)
    @staticmethod
    def static(x: int, y: int = 2) -> int:
        calls.append(x)
        return len(calls)

    @classmethod
    @cached(cache)
    def of_class_inside(cls, x: int) -> tuple[str, int]:
        calls.append(x)
        return cls.__name__, len(calls)

    @staticmethod
    @cached(cache)
    def static_inside(x: int) -> int:
        calls.append(x)
        return len(calls)


class SubService(Service):
    """Has results of its own for class methods."""


# Methods


def test_method_shares_results_among_equal_instances() -> None:
    assert Point(1).plus(2) == (3, 1)
    assert Point(1).plus(2) == (3, 1)
    assert Point(1).plus(y=2, z=0) == (3, 1)
    assert Point(2).plus(2) == (4, 2)
    assert NamedPoint(1).plus(2) == (3, 3)


def test_method_may_be_called_through_its_class() -> None:
    assert Point.plus(Point(1), 2) == (3, 1)
    assert Point(1).plus(2) == (3, 1)


def test_method_that_is_held_stays_bound() -> None:
    plus = Point(1).plus

    assert [plus(2), plus(2), plus(z=0, y=2)] == [(3, 1)] * 3


def test_purge_of_a_bound_method_purges_what_it_has_cached() -> None:
    Point(1).plus(2)
    Point(2).plus(2)

    assert Point(1).plus.purge(2) is True
    assert Point(1).plus.purge(2) is False
    assert Point(2).plus(2) == (4, 2)
    assert Point(1).plus(2) == (3, 3)
    assert Point.plus.purge(Point(1), 2) is True


def test_method_that_overrides_another_has_results_of_its_own() -> None:
    assert NamedPoint(1).named() == "named point 1"
    assert Point(1).named() == "point 1"
    assert NamedPoint(1).named() == "named point 1"


def test_method_of_an_object_with_a_key_of_its_own() -> None:
    assert Keyed("a").count(1) == 1
    assert Keyed("a").count(1) == 1
    assert Keyed("b").count(1) == 2
    assert Keyed("a").count.purge(1)
    assert Keyed("a").count(1) == 3


def test_method_of_an_object_without_identity_is_refused_with_the_ways_out() -> None:
    with pytest.raises(
        UnkeyableArgumentError,
        match=r"`self`.*frozen dataclass.*`__cache_key__`.*ignore=\('self',\)",
    ):
        Service().refused(1)


def test_method_that_ignores_self_shares_results_among_all_instances() -> None:
    assert Service().count(1) == 1
    assert Service().count(1) == 1
    assert SubService().count(x=1, y=2) == 1
    assert Service().count.purge(1)
    assert Service().count(1) == 2


def test_method_with_a_key_gets_self_as_well() -> None:
    assert Service().count_by_key(1) == 1
    assert Service().count_by_key(1) == 1
    assert Service().count_by_key.purge(1)
    assert Service().count_by_key(1) == 2


def test_method_with_make_key_gets_the_function_and_self() -> None:
    asked: list[Any] = []

    def make_key(wrapped: Any, *args: Any, **kwargs: Any) -> str:
        asked.append((wrapped, args, kwargs))
        return "key"

    class Local:
        @cached(cache, make_key=make_key)
        def method(self, x: int) -> int:
            return x

    local = Local()
    assert local.method(1) == 1
    assert asked == [(Local.method.__wrapped__, (local, 1), {})]


def test_method_that_does_not_fit_its_call_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        Point(1).plus()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Service().count(1, 2, 3)  # type: ignore[call-arg]
    assert calls == []


def test_methods_of_different_classes_do_not_share_results() -> None:
    assert Service().count(1) == 1
    assert Keyed(()).count(1) == 2


def test_abstract_method_stays_abstract() -> None:
    class Abstract(ABC):
        @cached(cache)
        @abstractmethod
        def method(self) -> int: ...

    with pytest.raises(TypeError, match="abstract"):
        Abstract()  # type: ignore[abstract]


# Class methods and static methods


def test_class_method_has_results_for_each_class() -> None:
    assert Service.of_class(1) == ("Service", 1)
    assert Service.of_class(x=1, y=2) == ("Service", 1)
    assert Service().of_class(1) == ("Service", 1)
    assert SubService.of_class(1) == ("SubService", 2)
    assert SubService().of_class(1) == ("SubService", 2)


def test_purge_of_a_class_method_purges_what_the_class_has_cached() -> None:
    Service.of_class(1)
    SubService.of_class(1)

    assert Service.of_class.purge(1) is True
    assert Service().of_class.purge(1) is False
    assert SubService.of_class(1) == ("SubService", 2)
    assert Service.of_class(1) == ("Service", 3)


def test_static_method_has_one_result() -> None:
    assert Service.static(1) == 1
    assert Service().static(1) == 1
    assert SubService.static(x=1, y=2) == 1
    assert SubService().static.purge(1) is True
    assert Service.static(1) == 2


def test_static_method_in_the_other_order_works_as_well() -> None:
    assert Service.static_inside(1) == 1
    assert Service().static_inside(1) == 1
    assert Service().static_inside.purge(1) is True
    assert Service.static_inside(1) == 2


def test_class_method_in_the_other_order_can_be_called() -> None:
    assert Service.of_class_inside(1) == ("Service", 1)
    assert Service().of_class_inside(1) == ("Service", 1)
    assert SubService.of_class_inside(1) == ("SubService", 2)


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="class methods bind nothing but functions")
def test_class_method_in_the_other_order_can_be_purged_before_python_3_13() -> None:
    Service.of_class_inside(1)

    assert Service.of_class_inside.purge(1) is True  # type: ignore[attr-defined]
    assert Service.of_class_inside(1) == ("Service", 2)


@pytest.mark.skipif(sys.version_info < (3, 13), reason="class methods bind what is in them")
def test_class_method_in_the_other_order_is_purged_with_its_class_since_python_3_13() -> None:
    Service.of_class_inside(1)

    assert Service.of_class_inside.purge(Service, 1) is True  # type: ignore[attr-defined]
    assert Service.of_class_inside(1) == ("Service", 2)


# Objects


def test_object_with_call_is_cached_by_its_identity() -> None:
    one, other = cached(cache)(Point(1)), cached(cache)(Point(2))

    assert [one(2), one(2), other(2)] == [(3, 1), (3, 1), (4, 2)]
    assert cached(cache)(Point(1))(2) == (3, 1)
    assert one.purge(2) is True
    assert one(2) == (3, 3)


def test_bound_method_is_cached_with_its_object() -> None:
    def count(self: Point, x: int) -> int:
        calls.append(x)
        return len(calls)

    one = cached(cache)(partial(count, Point(1)))
    other = cached(cache)(partial(count, Point(2)))
    bound = cached(cache)(Point(1).__call__)

    assert [one(1), one(1), other(1)] == [1, 1, 2]
    assert [bound(1), bound(1)] == [(2, 3), (2, 3)]
    assert bound.purge(1)


def test_object_with_call_is_no_method() -> None:
    class Holder:
        add = cached(cache)(Point(1))

    assert Holder.add(2) == (3, 1)  # type: ignore[call-arg,arg-type]


def test_object_with_call_as_an_attribute_of_an_instance() -> None:
    class Holder:
        add = cached(cache)(Point(1))

    assert Holder().add(2) == (3, 1)  # type: ignore[call-arg,arg-type]


def test_bound_method_as_an_attribute_of_a_class_stays_with_its_object() -> None:
    class Counter:
        def __init__(self, number: int) -> None:
            self.number = number

        @cached(Cache[int](backend="memory://", serializer="noop://"), ignore=("self",))
        def count(self) -> int:
            return self.number

    class Borrower:
        number = 2
        count = Counter(1).count

    assert Borrower().count() == 1

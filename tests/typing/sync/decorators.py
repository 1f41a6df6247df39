# Generated from tests/typing/async_/decorators.py by tools/unasync.py. Do not edit: edit that file instead.
"""What type checkers make of cached functions. Checked by mypy and pyright, never run."""

from __future__ import annotations

from typing import Any

from typing_extensions import assert_type

from cachetory.caches.sync import Cache
from cachetory.decorators.shared import make_default_key
from cachetory.decorators.sync import cached

cache = Cache[Any](serializer="pickle://", backend="memory://")


@cached(cache, time_to_live=5)
def function(number: int, *, text: str = "") -> str:
    return text * number


@cached(cache, make_key=make_default_key, exclude=lambda key, value: not value)
def upstream_style(number: int) -> int | None:
    return number


def choose_cache(wrapped: object, *args: object) -> Cache[Any] | None:
    return cache if args else None


@cached(choose_cache, time_to_live=lambda key: 2 * len(key))
def with_chosen_cache(number: int) -> int:
    return number


@cached(None)
def without_cache() -> int:
    return 1


@cached(cache)
def of_a_class(model: type[int], number: int) -> int:
    return model(number)


class Service:
    @cached(cache, ignore=("self",))
    def method(self, number: int) -> str:
        return str(number)

    @cached(cache)
    @classmethod
    def class_method(cls, number: int) -> str:
        return str(number)

    @cached(cache)
    @staticmethod
    def static_method(number: int) -> str:
        return str(number)

    def calling_each_other(self) -> None:
        assert_type(self.method(1), str)


def calling_functions() -> None:
    assert_type(function(1, text="a"), str)
    assert_type(function.purge(1, text="a"), bool)
    assert_type(upstream_style(1), int | None)
    assert_type(with_chosen_cache(1), int)
    assert_type(without_cache(), int)
    assert_type(of_a_class(int, number=1), int)
    assert_type(of_a_class.purge(int, 1), bool)
    function("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    function.purge()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def calling_methods(service: Service) -> None:
    assert_type(service.method(1), str)
    assert_type(service.method(number=1), str)
    assert_type(service.method.purge(1), bool)
    assert_type(Service.method(service, 1), str)
    assert_type(Service.class_method(1), str)
    assert_type(service.class_method(1), str)
    assert_type(Service.class_method.purge(1), bool)
    assert_type(Service.static_method(1), str)
    assert_type(Service.static_method.purge(1), bool)
    service.method("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

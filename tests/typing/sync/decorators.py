# Generated from tests/typing/async_/decorators.py by tools/unasync.py. Do not edit: edit that file instead.
"""What type checkers make of cached functions. Checked by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from typing_extensions import assert_type

from cachetory.caches.sync import Cache
from cachetory.decorators.shared import make_default_key
from cachetory.decorators.sync import cached, cached_many
from cachetory.loading import LoadContext, current_load
from cachetory.lookup import Lookup
from cachetory.policy import Policy

policy = Policy(time_to_live=60, stale_while_revalidate=timedelta(minutes=5))
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


@cached(cache, policy=policy)
def with_policy(number: int, text: str = "", *, flag: bool) -> tuple[int, str] | None:
    assert_type(current_load(), LoadContext)
    return (number, text) if flag else None


@cached_many(cache)
def many(numbers: list[int]) -> dict[int, str]:
    return {number: str(number) for number in numbers}


@cached_many(cache, items="names", policy=policy, time_to_live=5, chunk_size=100)
def many_by_name(region: str, names: list[str], *, limit: int = 5) -> Mapping[str, int]:
    return dict.fromkeys(names, limit)


@cached_many(choose_cache, exclude=lambda key, value: not value)
def many_with_chosen_cache(numbers: list[int]) -> dict[int, str]:
    return {number: str(number) for number in numbers}


@cached_many(None)
def many_without_cache(numbers: list[int]) -> dict[int, str]:
    return {number: str(number) for number in numbers}


class Service:
    @cached(cache, ignore=("self",))
    def method(self, number: int) -> str:
        return str(number)

    @cached_many(cache, ignore=("self",), policy=policy)
    def many(self, numbers: list[int], *, text: str = "") -> dict[int, str]:
        return dict.fromkeys(numbers, text)

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


def calling_what_else_a_function_has() -> None:
    assert_type(with_policy(1, "a", flag=True), tuple[int, str] | None)
    assert_type(with_policy.purge(1, "a", flag=True), bool)
    assert_type(with_policy.refresh(1, "a", flag=True), tuple[int, str] | None)
    assert_type(with_policy.lookup(1, flag=True), Lookup[tuple[int, str] | None])
    assert_type(with_policy.key(number=1, text="a", flag=True), str)
    assert_type(with_policy.uncached(1, flag=True), tuple[int, str] | None)
    found = function.lookup(1, text="a")
    assert_type(found.value, str | None)
    assert_type(of_a_class.refresh(int, 1), int)
    assert_type(of_a_class.lookup(int, number=1), Lookup[int])
    assert_type(of_a_class.key(int, 1), str)
    assert_type(of_a_class.uncached(int, 1), int)
    with_policy(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with_policy.purge("a", flag=True)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with_policy.refresh(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with_policy.refresh(1, 2, flag=True)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with_policy.lookup(1, flag="a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with_policy.lookup(1, "a", True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with_policy.key(None, flag=True)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with_policy.key(1, flag=True, other=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with_policy.uncached(flag=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with_policy.uncached(b"", flag=True)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    of_a_class.refresh(str, 1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    of_a_class.lookup(int)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def calling_with_many_items() -> None:
    assert_type(many([1, 2]), dict[int, str])
    assert_type(many(numbers=[1, 2]), dict[int, str])
    many.purge([1, 2])
    assert_type(many.refresh([1, 2]), dict[int, str])
    assert_type(many.lookup([1, 2]), dict[int, Lookup[str]])
    assert_type(many.key([1, 2]), dict[int, str])
    assert_type(many.uncached([1, 2]), Mapping[int, str])
    assert_type(many_by_name("eu", ["a"], limit=9), dict[str, int])
    assert_type(many_by_name.refresh("eu", names=["a"]), dict[str, int])
    assert_type(many_by_name.lookup("eu", ["a"]), dict[str, Lookup[int]])
    assert_type(many_by_name.key("eu", ["a"]), dict[str, str])
    assert_type(many_by_name.uncached("eu", ["a"]), Mapping[str, int])
    assert_type(many_with_chosen_cache([1]), dict[int, str])
    assert_type(many_without_cache([1]), dict[int, str])
    many(["a"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    many()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    many.purge("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    many.refresh()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    many.lookup([1], 2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    many.key(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    many.uncached(items=[1])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    many_by_name("eu")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    many_by_name("eu", ["a"], limit="b")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    many_by_name.key(["a"])  # type: ignore[call-arg,arg-type]  # pyright: ignore[reportCallIssue]


def decorating_what_gives_no_mapping() -> None:
    def number(items: list[int]) -> int:
        return len(items)

    cached_many(cache)(number)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(cache, policy=60)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    cached_many(cache, policy=60)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    cached_many(cache, chunk_size="a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


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


def calling_what_else_methods_have(service: Service) -> None:
    assert_type(service.method.refresh(1), str)
    assert_type(service.method.lookup(number=1), Lookup[str])
    assert_type(service.method.key(1), str)
    assert_type(service.method.uncached(1), str)
    assert_type(Service.method.purge(service, 1), bool)
    assert_type(Service.method.refresh(service, 1), str)
    assert_type(Service.method.lookup(service, 1), Lookup[str])
    assert_type(Service.method.key(service, 1), str)
    assert_type(Service.method.uncached(service, 1), str)
    assert_type(Service.class_method.refresh(1), str)
    assert_type(service.class_method.lookup(1), Lookup[str])
    assert_type(Service.class_method.key(1), str)
    assert_type(Service.class_method.uncached(1), str)
    assert_type(Service.static_method.refresh(1), str)
    assert_type(Service.static_method.lookup(1), Lookup[str])
    assert_type(Service.static_method.key(1), str)
    assert_type(Service.static_method.uncached(1), str)
    service.method.purge()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    service.method.refresh("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    service.method.lookup(service, 1)  # type: ignore[call-arg,arg-type]  # pyright: ignore[reportCallIssue]
    service.method.key("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    service.method.uncached(text="a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Service.method.refresh(1, 1)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    Service.class_method.refresh("a")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    Service.class_method.lookup()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Service.static_method.key("a")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    Service.static_method.uncached()  # pyright: ignore[reportCallIssue]


def calling_methods_with_many_items(service: Service) -> None:
    assert_type(service.many([1, 2], text="a"), dict[int, str])
    assert_type(service.many.refresh([1, 2]), dict[int, str])
    assert_type(service.many.lookup(numbers=[1]), dict[int, Lookup[str]])
    assert_type(service.many.key([1, 2]), dict[int, str])
    assert_type(service.many.uncached([1, 2]), Mapping[int, str])
    service.many.purge([1, 2], text="a")
    assert_type(Service.many(service, [1]), dict[int, str])
    assert_type(Service.many.refresh(service, [1]), dict[int, str])
    service.many(["a"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    service.many.refresh()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    service.many.lookup([1], text=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    service.many.key(service, [1])  # type: ignore[call-arg,arg-type]  # pyright: ignore[reportCallIssue]
    service.many.purge(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

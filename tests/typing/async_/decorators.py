"""What type checkers make of cached functions. Checked by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from typing_extensions import assert_type

from cachetory.caches.async_ import Cache
from cachetory.decorators.async_ import cached, cached_many
from cachetory.decorators.shared import make_default_key
from cachetory.loading import LoadContext, current_load
from cachetory.lookup import Lookup
from cachetory.policy import Policy

policy = Policy(time_to_live=60, stale_while_revalidate=timedelta(minutes=5))
cache = Cache[Any](serializer="pickle://", backend="memory://")


@cached(cache, time_to_live=5)
async def function(number: int, *, text: str = "") -> str:
    return text * number


@cached(cache, make_key=make_default_key, exclude=lambda key, value: not value)
async def upstream_style(number: int) -> int | None:
    return number


async def choose_cache(wrapped: object, *args: object) -> Cache[Any] | None:
    return cache if args else None


@cached(choose_cache, time_to_live=lambda key: 2 * len(key))
async def with_chosen_cache(number: int) -> int:
    return number


@cached(None)
async def without_cache() -> int:
    return 1


@cached(cache)
async def of_a_class(model: type[int], number: int) -> int:
    return model(number)


@cached(cache, policy=policy)
async def with_policy(number: int, text: str = "", *, flag: bool) -> tuple[int, str] | None:
    assert_type(current_load(), LoadContext)
    return (number, text) if flag else None


@cached_many(cache)
async def many(numbers: list[int]) -> dict[int, str]:
    return {number: str(number) for number in numbers}


@cached_many(cache, items="names", policy=policy, time_to_live=5, chunk_size=100)
async def many_by_name(region: str, names: list[str], *, limit: int = 5) -> Mapping[str, int]:
    return dict.fromkeys(names, limit)


@cached_many(choose_cache, exclude=lambda key, value: not value)
async def many_with_chosen_cache(numbers: list[int]) -> dict[int, str]:
    return {number: str(number) for number in numbers}


@cached_many(None)
async def many_without_cache(numbers: list[int]) -> dict[int, str]:
    return {number: str(number) for number in numbers}


class Service:
    @cached(cache, ignore=("self",))
    async def method(self, number: int) -> str:
        return str(number)

    @cached_many(cache, ignore=("self",), policy=policy)
    async def many(self, numbers: list[int], *, text: str = "") -> dict[int, str]:
        return dict.fromkeys(numbers, text)

    @cached(cache)
    @classmethod
    async def class_method(cls, number: int) -> str:
        return str(number)

    @cached(cache)
    @staticmethod
    async def static_method(number: int) -> str:
        return str(number)

    async def calling_each_other(self) -> None:
        assert_type(await self.method(1), str)


async def calling_functions() -> None:
    assert_type(await function(1, text="a"), str)
    assert_type(await function.purge(1, text="a"), bool)
    assert_type(await upstream_style(1), int | None)
    assert_type(await with_chosen_cache(1), int)
    assert_type(await without_cache(), int)
    assert_type(await of_a_class(int, number=1), int)
    assert_type(await of_a_class.purge(int, 1), bool)
    await function("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await function.purge()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def calling_what_else_a_function_has() -> None:
    assert_type(await with_policy(1, "a", flag=True), tuple[int, str] | None)
    assert_type(await with_policy.purge(1, "a", flag=True), bool)
    assert_type(await with_policy.refresh(1, "a", flag=True), tuple[int, str] | None)
    assert_type(await with_policy.lookup(1, flag=True), Lookup[tuple[int, str] | None])
    assert_type(await with_policy.key(number=1, text="a", flag=True), str)
    assert_type(await with_policy.uncached(1, flag=True), tuple[int, str] | None)
    found = await function.lookup(1, text="a")
    assert_type(found.value, str | None)
    assert_type(await of_a_class.refresh(int, 1), int)
    assert_type(await of_a_class.lookup(int, number=1), Lookup[int])
    assert_type(await of_a_class.key(int, 1), str)
    assert_type(await of_a_class.uncached(int, 1), int)
    await with_policy(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await with_policy.purge("a", flag=True)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await with_policy.refresh(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await with_policy.refresh(1, 2, flag=True)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await with_policy.lookup(1, flag="a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await with_policy.lookup(1, "a", True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await with_policy.key(None, flag=True)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await with_policy.key(1, flag=True, other=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await with_policy.uncached(flag=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await with_policy.uncached(b"", flag=True)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await of_a_class.refresh(str, 1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await of_a_class.lookup(int)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def calling_with_many_items() -> None:
    assert_type(await many([1, 2]), dict[int, str])
    assert_type(await many(numbers=[1, 2]), dict[int, str])
    await many.purge([1, 2])
    assert_type(await many.refresh([1, 2]), dict[int, str])
    assert_type(await many.lookup([1, 2]), dict[int, Lookup[str]])
    assert_type(await many.key([1, 2]), dict[int, str])
    assert_type(await many.uncached([1, 2]), Mapping[int, str])
    assert_type(await many_by_name("eu", ["a"], limit=9), dict[str, int])
    assert_type(await many_by_name.refresh("eu", names=["a"]), dict[str, int])
    assert_type(await many_by_name.lookup("eu", ["a"]), dict[str, Lookup[int]])
    assert_type(await many_by_name.key("eu", ["a"]), dict[str, str])
    assert_type(await many_by_name.uncached("eu", ["a"]), Mapping[str, int])
    assert_type(await many_with_chosen_cache([1]), dict[int, str])
    assert_type(await many_without_cache([1]), dict[int, str])
    await many(["a"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    await many()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await many.purge("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await many.refresh()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await many.lookup([1], 2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await many.key(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await many.uncached(items=[1])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await many_by_name("eu")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await many_by_name("eu", ["a"], limit="b")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await many_by_name.key(["a"])  # type: ignore[call-arg,arg-type]  # pyright: ignore[reportCallIssue]


def decorating_what_gives_no_mapping() -> None:
    async def number(items: list[int]) -> int:
        return len(items)

    cached_many(cache)(number)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(cache, policy=60)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    cached_many(cache, policy=60)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    cached_many(cache, chunk_size="a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def calling_methods(service: Service) -> None:
    assert_type(await service.method(1), str)
    assert_type(await service.method(number=1), str)
    assert_type(await service.method.purge(1), bool)
    assert_type(await Service.method(service, 1), str)
    assert_type(await Service.class_method(1), str)
    assert_type(await service.class_method(1), str)
    assert_type(await Service.class_method.purge(1), bool)
    assert_type(await Service.static_method(1), str)
    assert_type(await Service.static_method.purge(1), bool)
    await service.method("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def calling_what_else_methods_have(service: Service) -> None:
    assert_type(await service.method.refresh(1), str)
    assert_type(await service.method.lookup(number=1), Lookup[str])
    assert_type(await service.method.key(1), str)
    assert_type(await service.method.uncached(1), str)
    assert_type(await Service.method.purge(service, 1), bool)
    assert_type(await Service.method.refresh(service, 1), str)
    assert_type(await Service.method.lookup(service, 1), Lookup[str])
    assert_type(await Service.method.key(service, 1), str)
    assert_type(await Service.method.uncached(service, 1), str)
    assert_type(await Service.class_method.refresh(1), str)
    assert_type(await service.class_method.lookup(1), Lookup[str])
    assert_type(await Service.class_method.key(1), str)
    assert_type(await Service.class_method.uncached(1), str)
    assert_type(await Service.static_method.refresh(1), str)
    assert_type(await Service.static_method.lookup(1), Lookup[str])
    assert_type(await Service.static_method.key(1), str)
    assert_type(await Service.static_method.uncached(1), str)
    await service.method.purge()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await service.method.refresh("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await service.method.lookup(service, 1)  # type: ignore[call-arg,arg-type]  # pyright: ignore[reportCallIssue]
    await service.method.key("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await service.method.uncached(text="a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await Service.method.refresh(1, 1)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await Service.class_method.refresh("a")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await Service.class_method.lookup()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await Service.static_method.key("a")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await Service.static_method.uncached()  # pyright: ignore[reportCallIssue]


async def calling_methods_with_many_items(service: Service) -> None:
    assert_type(await service.many([1, 2], text="a"), dict[int, str])
    assert_type(await service.many.refresh([1, 2]), dict[int, str])
    assert_type(await service.many.lookup(numbers=[1]), dict[int, Lookup[str]])
    assert_type(await service.many.key([1, 2]), dict[int, str])
    assert_type(await service.many.uncached([1, 2]), Mapping[int, str])
    await service.many.purge([1, 2], text="a")
    assert_type(await Service.many(service, [1]), dict[int, str])
    assert_type(await Service.many.refresh(service, [1]), dict[int, str])
    await service.many(["a"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    await service.many.refresh()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await service.many.lookup([1], text=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await service.many.key(service, [1])  # type: ignore[call-arg,arg-type]  # pyright: ignore[reportCallIssue]
    await service.many.purge(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

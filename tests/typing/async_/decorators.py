"""What type checkers make of cached functions. Checked by mypy and pyright, never run."""

from __future__ import annotations

from typing import Any

from typing_extensions import assert_type

from cachetory.caches.async_ import Cache
from cachetory.decorators.async_ import cached
from cachetory.decorators.shared import make_default_key

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


class Service:
    @cached(cache, ignore=("self",))
    async def method(self, number: int) -> str:
        return str(number)

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

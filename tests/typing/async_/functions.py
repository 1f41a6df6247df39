"""What type checkers make of all kinds of cached functions. Checked by mypy and pyright, never run.

The comments name what a checker cannot tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from typing_extensions import assert_type

from cachetory._runtime.async_ import Eventual
from cachetory.caches.async_ import Cache
from cachetory.decorators.async_ import cached, cached_many

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
SequenceT = TypeVar("SequenceT", bound=Sequence[object])
TextT = TypeVar("TextT", str, bytes)

anything = Cache[Any](serializer="pickle://", backend="memory://")
objects = Cache[object](serializer="pickle://", backend="memory://")
bare = Cache(serializer="pickle://", backend="memory://")
ints = Cache[int](serializer="pickle://", backend="memory://")
maybe_ints = Cache[int | None](serializer="pickle://", backend="memory://")
sequences = Cache[Sequence[int]](serializer="pickle://", backend="memory://")
two_types = Cache[int, bytes](serializer="pickle://", backend="memory://")


# Results and the type of the cache's values.


@cached(ints)
async def fitting(number: int) -> int:
    return number


@cached(two_types)
async def fitting_two_types(number: int) -> int:
    return number


@cached(maybe_ints)
async def narrower_than_optional(number: int) -> int:
    return number


@cached(sequences)
async def narrower_than_sequence(number: int, *, text: str = "") -> list[int]:
    return [number]


@cached(objects)
async def of_objects(number: int) -> list[int]:
    return [number]


@cached(bare)
async def of_bare_cache(number: int) -> list[int]:
    return [number]


async def text_of(number: int) -> str:
    return str(number)


async def optional_of(number: int) -> int | None:
    return number


async def texts_of(numbers: list[int]) -> dict[int, str]:
    return {number: str(number) for number in numbers}


async def ints_of(numbers: list[int]) -> dict[str, int]:
    return {str(number): number for number in numbers}


def choose_ints(*args: object) -> Cache[int] | None:
    return ints


async def choose_ints_later(*args: object) -> Cache[int]:
    return ints


@cached(choose_ints)
async def of_chosen_cache(number: int) -> int:
    return number


@cached(choose_ints_later)
async def of_cache_chosen_later(number: int) -> int:
    return number


@cached(lambda function, number: ints if number else None)
async def of_cache_chosen_by_lambda(number: int) -> int:
    return number


@cached(ints if __debug__ else None)
async def of_cache_or_none(number: int) -> int:
    return number


@cached(None)
async def of_no_cache(number: int) -> int:
    return number


async def results() -> None:
    assert_type(await fitting(1), int)
    assert_type(await fitting_two_types(1), int)
    assert_type(await narrower_than_optional(1), int)
    assert_type(await narrower_than_sequence(1, text="a"), list[int])
    assert_type(await of_objects(1), list[int])
    assert_type(await of_bare_cache(1), list[int])
    assert_type(await of_chosen_cache(1), int)
    assert_type(await of_cache_chosen_later(1), int)
    assert_type(await of_cache_chosen_by_lambda(1), int)
    assert_type(await of_cache_or_none(1), int)
    assert_type(await of_no_cache(1), int)


# Plain functions under the async decorators (under the sync ones, all are plain).


@cached(anything)
def plain(number: int) -> list[int]:
    return [number]


@cached(sequences)
def plain_of_sequences(number: int) -> list[int]:
    return [number]


@cached_many(ints)
def plain_many(numbers: list[int]) -> dict[int, int]:
    return {number: number for number in numbers}


async def calling_plain_functions() -> None:
    assert_type(await plain(1), list[int])
    assert_type(await plain.refresh(1), list[int])
    assert_type(await plain_of_sequences(1), list[int])
    assert_type(await plain_many([1]), dict[int, int])


# Generic functions.


@cached(anything)
async def same(it: T) -> T:
    return it


@cached(objects)
async def pair(it: T, others: list[T]) -> dict[T, int]:
    return {it: len(others)}


@cached(anything)
async def first(items: Sequence[T]) -> T:
    return items[0]


@cached(anything)
async def half(items: SequenceT) -> SequenceT:
    return items


@cached(anything)
async def louder(text: TextT) -> TextT:
    return text


@cached(anything)
async def made_by(model: type[T], number: int) -> T:
    return model()


@cached(anything)
async def made_by_int(model: type[int], number: int) -> int:
    return model(number)


async def calling_generic_functions() -> None:
    assert_type(await same(1), int)
    assert_type(await same("a"), str)
    assert_type(await same.purge("a"), bool)
    assert_type(await same.key(1), str)
    assert_type(await pair(1, [2]), dict[int, int])
    assert_type(await first(["a"]), str)
    assert_type(await half(["a"]), list[str])
    assert_type(await louder("a"), str)
    assert_type(await made_by(int, 1), int)
    assert_type(await made_by_int(int, number=1), int)
    assert_type(await made_by_int.purge(int, 1), bool)
    await louder(1.5)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    await half(1)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    await same()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


# Partial functions, objects, other decorators.


class Shouter:
    def __init__(self, mark: str) -> None:
        self.mark = mark

    async def __call__(self, text: str) -> str:
        return text + self.mark


def counted(function: Callable[P, Eventual[R]]) -> Callable[P, Eventual[R]]:
    @wraps(function)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        return await function(*args, **kwargs)

    return wrapper


@counted
@cached(anything)
@counted
async def between(number: int, *, text: str) -> str:
    return text * number


async def calling_what_is_no_function() -> None:
    assert_type(await cached(anything)(partial(text_of, 1))(), str)
    assert_type(await cached(anything)(Shouter("!"))("a"), str)
    assert_type(await between(1, text="a"), str)
    await cached(anything)(Shouter("!"))(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await between("a", text="a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


# Methods.


class Service:
    @cached(anything)
    async def method(self, number: int) -> str:
        return str(number)

    @cached(anything)
    async def generic(self, it: T) -> list[T]:
        return [it]

    @cached(anything)
    @classmethod
    async def class_method(cls, number: int) -> str:
        return str(number)

    @cached(anything)
    @staticmethod
    async def static_method(number: int) -> str:
        return str(number)


class Better(Service):
    pass


class Box(Generic[T]):
    @cached(anything)
    async def boxed(self, it: T) -> list[T]:
        return [it]


class IntBox(Box[int]):
    pass


async def calling_methods(service: Service, better: Better, box: Box[str], ints: IntBox) -> None:
    assert_type(await service.method(1), str)
    assert_type(await better.method(number=1), str)
    assert_type(await service.generic("a"), list[str])
    assert_type(await Better.method(better, 1), str)
    assert_type(await Service.method.purge(service, 1), bool)
    assert_type(await service.class_method(1), str)
    assert_type(await Better.class_method(1), str)
    assert_type(await better.class_method(1), str)
    assert_type(await Better.class_method.refresh(1), str)
    assert_type(await Better.static_method(1), str)
    assert_type(await box.boxed("a"), list[str])
    assert_type(await ints.boxed(1), list[int])
    assert_type(await ints.boxed.key(1), str)
    await ints.boxed("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await better.class_method("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


class ByNumber(Protocol):
    async def __call__(self, number: int) -> str: ...


class Repository(Protocol):
    async def method(self, number: int) -> str: ...


async def passing_on(service: Service) -> None:
    called: list[Callable[[int], Eventual[str]]] = [
        service.method,
        service.class_method,
        Service.class_method,
        Service.static_method,
        cached(anything)(text_of),
    ]
    unbound: Callable[[Service, int], Eventual[str]] = Service.method
    by_name: list[ByNumber] = [service.method, cached(anything)(text_of)]
    # pyright does not bind descriptors when it compares a class with a protocol.
    repository: Repository = service  # pyright: ignore[reportAssignmentType]
    wrong: Callable[[str], Eventual[str]] = service.method  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    assert_type((called, unbound, by_name, repository, wrong)[4], Callable[[str], Eventual[str]])


# Functions of the arguments of a call.


@cached(
    anything,
    key=lambda item: item.name,
    time_to_live=lambda key: 60 if key.startswith("a") else None,
)
async def by_name_of_item(item: Any) -> str:
    return str(item)


@cached(anything, key=lambda text, number: (text.lower(), number))
async def by_two(text: str, number: int) -> str:
    return text * number


@cached(anything, key=lambda text, number, flag: (text.lower(), number, flag))
async def by_three(text: str, number: int, flag: object) -> str:
    return text * number


@cached(anything, make_key=lambda function, text: text.lower(), exclude=lambda key, value: not key)
async def by_made_key(text: str) -> str:
    return text


def key_by_keyword(*, number: int) -> tuple[int]:
    return (number,)


def time_to_live_by_keyword(*, key: str) -> float:
    return float(len(key))


def time_to_live_of_other(text: str) -> float:
    return float(len(text))


cached(anything, key=key_by_keyword, time_to_live=time_to_live_by_keyword)
cached(anything, key="a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
cached(anything, time_to_live=time_to_live_of_other)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
cached_many(anything, time_to_live=lambda key: 60 if key.startswith("a") else None)


async def loading() -> None:
    assert_type(
        await ints.get_or_set(
            "key", lambda: 1, time_to_live=lambda key: 60 if key.startswith("a") else None
        ),
        int,
    )


async def with_mapping(found: Mapping[str, int]) -> None:
    await cached_many(ints)(ints_of).uncached([len(found)])

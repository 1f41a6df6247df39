# Generated from tests/typing/async_/functions.py by tools/unasync.py. Do not edit: edit that file instead.
"""What type checkers make of all kinds of cached functions. Checked by mypy and pyright, never run.

The comments name what a checker cannot tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from typing_extensions import assert_type

from cachetory._runtime.sync import Eventual
from cachetory.caches.sync import Cache
from cachetory.decorators.sync import cached, cached_many

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
def fitting(number: int) -> int:
    return number


@cached(two_types)
def fitting_two_types(number: int) -> int:
    return number


@cached(maybe_ints)
def narrower_than_optional(number: int) -> int:
    return number


@cached(sequences)
def narrower_than_sequence(number: int, *, text: str = "") -> list[int]:
    return [number]


@cached(objects)
def of_objects(number: int) -> list[int]:
    return [number]


@cached(bare)
def of_bare_cache(number: int) -> list[int]:
    return [number]


def text_of(number: int) -> str:
    return str(number)


def optional_of(number: int) -> int | None:
    return number


def texts_of(numbers: list[int]) -> dict[int, str]:
    return {number: str(number) for number in numbers}


def ints_of(numbers: list[int]) -> dict[str, int]:
    return {str(number): number for number in numbers}


def choose_ints(*args: object) -> Cache[int] | None:
    return ints


def choose_ints_later(*args: object) -> Cache[int]:
    return ints


@cached(choose_ints)
def of_chosen_cache(number: int) -> int:
    return number


@cached(choose_ints_later)
def of_cache_chosen_later(number: int) -> int:
    return number


@cached(lambda function, number: ints if number else None)
def of_cache_chosen_by_lambda(number: int) -> int:
    return number


@cached(ints if __debug__ else None)
def of_cache_or_none(number: int) -> int:
    return number


@cached(None)
def of_no_cache(number: int) -> int:
    return number


def results() -> None:
    assert_type(fitting(1), int)
    assert_type(fitting_two_types(1), int)
    assert_type(narrower_than_optional(1), int)
    assert_type(narrower_than_sequence(1, text="a"), list[int])
    assert_type(of_objects(1), list[int])
    assert_type(of_bare_cache(1), list[int])
    assert_type(of_chosen_cache(1), int)
    assert_type(of_cache_chosen_later(1), int)
    assert_type(of_cache_chosen_by_lambda(1), int)
    assert_type(of_cache_or_none(1), int)
    assert_type(of_no_cache(1), int)


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


def calling_plain_functions() -> None:
    assert_type(plain(1), list[int])
    assert_type(plain.refresh(1), list[int])
    assert_type(plain_of_sequences(1), list[int])
    assert_type(plain_many([1]), dict[int, int])


# Generic functions.


@cached(anything)
def same(it: T) -> T:
    return it


@cached(objects)
def pair(it: T, others: list[T]) -> dict[T, int]:
    return {it: len(others)}


@cached(anything)
def first(items: Sequence[T]) -> T:
    return items[0]


@cached(anything)
def half(items: SequenceT) -> SequenceT:
    return items


@cached(anything)
def louder(text: TextT) -> TextT:
    return text


@cached(anything)
def made_by(model: type[T], number: int) -> T:
    return model()


@cached(anything)
def made_by_int(model: type[int], number: int) -> int:
    return model(number)


def calling_generic_functions() -> None:
    assert_type(same(1), int)
    assert_type(same("a"), str)
    assert_type(same.purge("a"), bool)
    assert_type(same.key(1), str)
    assert_type(pair(1, [2]), dict[int, int])
    assert_type(first(["a"]), str)
    assert_type(half(["a"]), list[str])
    assert_type(louder("a"), str)
    assert_type(made_by(int, 1), int)
    assert_type(made_by_int(int, number=1), int)
    assert_type(made_by_int.purge(int, 1), bool)
    louder(1.5)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    half(1)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    same()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


# Partial functions, objects, other decorators.


class Shouter:
    def __init__(self, mark: str) -> None:
        self.mark = mark

    def __call__(self, text: str) -> str:
        return text + self.mark


def counted(function: Callable[P, Eventual[R]]) -> Callable[P, Eventual[R]]:
    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **kwargs)

    return wrapper


@counted
@cached(anything)
@counted
def between(number: int, *, text: str) -> str:
    return text * number


def calling_what_is_no_function() -> None:
    assert_type(cached(anything)(partial(text_of, 1))(), str)
    assert_type(cached(anything)(Shouter("!"))("a"), str)
    assert_type(between(1, text="a"), str)
    cached(anything)(Shouter("!"))(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    between("a", text="a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


# Methods.


class Service:
    @cached(anything)
    def method(self, number: int) -> str:
        return str(number)

    @cached(anything)
    def generic(self, it: T) -> list[T]:
        return [it]

    @cached(anything)
    @classmethod
    def class_method(cls, number: int) -> str:
        return str(number)

    @cached(anything)
    @staticmethod
    def static_method(number: int) -> str:
        return str(number)


class Better(Service):
    pass


class Box(Generic[T]):
    @cached(anything)
    def boxed(self, it: T) -> list[T]:
        return [it]


class IntBox(Box[int]):
    pass


def calling_methods(service: Service, better: Better, box: Box[str], ints: IntBox) -> None:
    assert_type(service.method(1), str)
    assert_type(better.method(number=1), str)
    assert_type(service.generic("a"), list[str])
    assert_type(Better.method(better, 1), str)
    assert_type(Service.method.purge(service, 1), bool)
    assert_type(service.class_method(1), str)
    assert_type(Better.class_method(1), str)
    assert_type(better.class_method(1), str)
    assert_type(Better.class_method.refresh(1), str)
    assert_type(Better.static_method(1), str)
    assert_type(box.boxed("a"), list[str])
    assert_type(ints.boxed(1), list[int])
    assert_type(ints.boxed.key(1), str)
    ints.boxed("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    better.class_method("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


class ByNumber(Protocol):
    def __call__(self, number: int) -> str: ...


class Repository(Protocol):
    def method(self, number: int) -> str: ...


def passing_on(service: Service) -> None:
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
def by_name_of_item(item: Any) -> str:
    return str(item)


@cached(anything, key=lambda text, number: (text.lower(), number))
def by_two(text: str, number: int) -> str:
    return text * number


@cached(anything, key=lambda text, number, flag: (text.lower(), number, flag))
def by_three(text: str, number: int, flag: object) -> str:
    return text * number


@cached(anything, make_key=lambda function, text: text.lower(), exclude=lambda key, value: not key)
def by_made_key(text: str) -> str:
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


def loading() -> None:
    assert_type(
        ints.get_or_set(
            "key", lambda: 1, time_to_live=lambda key: 60 if key.startswith("a") else None
        ),
        int,
    )


def with_mapping(found: Mapping[str, int]) -> None:
    cached_many(ints)(ints_of).uncached([len(found)])

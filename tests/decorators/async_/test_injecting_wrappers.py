"""Functions below decorators that inject, rename or require arguments."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cachetory.decorators.async_ import cached, cached_many

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory.caches.async_ import Cache

    AnyCache = Cache[Any, Any]


class Session:
    """A connection, which has no identity."""


SEEN: list[Any] = []


def provide_session(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        if "session" not in kwargs:
            kwargs["session"] = Session()
        return await function(*args, **kwargs)

    return wrapper


def provide_first(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        return await function(Session(), *args, **kwargs)

    return wrapper


def by_name_only(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def wrapper(**kwargs: Any) -> Any:
        return await function(**kwargs)

    return wrapper


def log(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        SEEN.append((args[1:], kwargs))
        return await function(*args, **kwargs)

    return wrapper


@provide_session
async def name_of(number: int, session: Session | None = None) -> str:
    return f"{number} of {type(session).__name__}"


@provide_first
async def balance(session: Session, user: str, currency: str = "EUR") -> str:
    return f"{user} {currency} {type(session).__name__}"


@by_name_only
async def greet(name: str, greeting: str = "hello") -> str:
    return f"{greeting} {name}"


async def inner(x: int, y: int = 2) -> int:
    return x * 100 + y


@functools.wraps(inner)
async def other_defaults(x: int, y: int = 10) -> int:
    return await inner(x, y)


async def positions(x: int, y: int = 2, /, **kwargs: Any) -> str:
    return f"{x} {y} {kwargs}"


async def test_injected_session_is_not_replaced_by_its_default(any_cache: AnyCache) -> None:
    function = cached(any_cache, ignore=("session",))(name_of)

    assert await function(1) == await function(1) == "1 of Session"
    assert await function(number=2) == "2 of Session"


async def test_default_that_is_passed_explicitly_reaches_the_function(any_cache: AnyCache) -> None:
    function = cached(any_cache, ignore=("session",))(name_of)

    assert await function(1, session=None) == "1 of NoneType"
    assert await function.refresh(1) == "1 of Session"


async def test_wrapper_that_takes_names_only_gets_names(any_cache: AnyCache) -> None:
    function = cached(any_cache)(greet)

    assert await function(name="x") == await function(name="x") == "hello x"
    assert await function(greeting="hi", name="x") == "hi x"
    assert await function.purge(name="x")


async def test_injected_first_argument_shifts_no_other(any_cache: AnyCache) -> None:
    function = cached(any_cache, ignore=("session",))(balance)

    assert await function("ada") == "ada EUR Session"
    assert await function("bob") == "bob EUR Session"
    assert await function("bob", "USD") == "bob USD Session"
    assert await function(user="ada", currency="USD") == "ada USD Session"
    assert await function("ada") == "ada EUR Session"


async def test_injected_first_argument_without_ignore_is_no_error(any_cache: AnyCache) -> None:
    function = cached(any_cache)(balance)

    assert await function("ada") == "ada EUR Session"
    assert await function("bob") == "bob EUR Session"


async def test_defaults_of_the_wrapper_count(any_cache: AnyCache) -> None:
    function = cached(any_cache)(other_defaults)

    assert await function(1) == 110
    assert await function(1, 2) == 102
    assert await function(1, 10) == 110
    assert await function.key(1) == await function.key(1, y=10)


async def test_name_of_a_positional_parameter_is_a_keyword_of_its_own(
    any_cache: AnyCache,
) -> None:
    function = cached(any_cache)(positions)

    assert await function(1, x=3) == "1 2 {'x': 3}"
    assert await function(1, x=4, y=5) == "1 2 {'x': 4, 'y': 5}"
    assert await function(1) == "1 2 {}"
    assert await function(1, x=3) == "1 2 {'x': 3}"


async def products(numbers: list[int], /, **kwargs: Any) -> dict[int, str]:
    return {it: f"{it} {kwargs}" for it in numbers}


async def test_items_by_position_leave_their_name_to_a_keyword(any_cache: AnyCache) -> None:
    function = cached_many(any_cache)(products)

    assert await function([1, 2], numbers=3) == {1: "1 {'numbers': 3}", 2: "2 {'numbers': 3}"}
    assert await function([1, 2]) == {1: "1 {}", 2: "2 {}"}
    assert await function([2], numbers=3) == {2: "2 {'numbers': 3}"}


@provide_session
async def rows(numbers: list[int], session: Session | None = None) -> dict[int, str]:
    return {it: f"{it} of {type(session).__name__}" for it in numbers}


async def test_items_of_a_wrapper_that_injects_are_found(any_cache: AnyCache) -> None:
    function = cached_many(any_cache, ignore=("session",))(rows)

    assert await function([1]) == {1: "1 of Session"}
    assert await function(numbers=[1, 2]) == {1: "1 of Session", 2: "2 of Session"}


def doubled(function: Callable[[], Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        return [await function(*args, **kwargs)] * 2

    return wrapper


@doubled
async def load() -> int:
    return 21


async def test_loader_behind_a_wrapper_gets_no_context(any_cache: AnyCache) -> None:
    assert await any_cache.get_or_set("key", load) == [21, 21]
    assert await any_cache.refresh("key", load) == [21, 21]


@dataclass(frozen=True)
class Service:
    name: str

    @log
    async def find(self, number: int) -> str:
        return f"{number}"


class Store:
    """Objects without an identity."""

    @log
    async def find(self, number: int) -> str:
        return f"{number}"


async def test_instance_can_be_ignored_below_a_wrapper(any_cache: AnyCache) -> None:
    class Decorated(Store):
        find = cached(any_cache, ignore=("self",))(Store.find)

    SEEN.clear()
    results = [await it.find(number) for it in (Decorated(), Decorated()) for number in (1, 2)]

    assert results == ["1", "2", "1", "2"]
    assert [args for args, _ in SEEN] == [(1,), (2,)]


async def test_instance_counts_below_a_wrapper(any_cache: AnyCache) -> None:
    SEEN.clear()
    function = cached(any_cache)(Service.find)
    for it in (Service("a"), Service("b"), Service("a")):
        assert await function(it, 1) == "1"

    assert len(SEEN) == 2


async def test_parameter_that_a_wrapper_injects_may_be_ignored(any_cache: AnyCache) -> None:
    @functools.wraps(balance)
    async def wrapper(user: str) -> Any:
        return await balance(user)

    function = cached(any_cache, ignore=("session",), version=1)(wrapper)

    assert await function("ada") == "ada EUR Session"
    assert await function("bob") == "bob EUR Session"

# Generated from tests/decorators/async_/test_injecting_wrappers.py by tools/unasync.py. Do not edit: edit that file instead.
"""Functions below decorators that inject, rename or require arguments."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cachetory.decorators.sync import cached, cached_many

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory.caches.sync import Cache

    AnyCache = Cache[Any, Any]


class Session:
    """A connection, which has no identity."""


SEEN: list[Any] = []


def provide_session(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if "session" not in kwargs:
            kwargs["session"] = Session()
        return function(*args, **kwargs)

    return wrapper


def provide_first(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(Session(), *args, **kwargs)

    return wrapper


def by_name_only(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(**kwargs: Any) -> Any:
        return function(**kwargs)

    return wrapper


def log(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        SEEN.append((args[1:], kwargs))
        return function(*args, **kwargs)

    return wrapper


@provide_session
def name_of(number: int, session: Session | None = None) -> str:
    return f"{number} of {type(session).__name__}"


@provide_first
def balance(session: Session, user: str, currency: str = "EUR") -> str:
    return f"{user} {currency} {type(session).__name__}"


@by_name_only
def greet(name: str, greeting: str = "hello") -> str:
    return f"{greeting} {name}"


def inner(x: int, y: int = 2) -> int:
    return x * 100 + y


@functools.wraps(inner)
def other_defaults(x: int, y: int = 10) -> int:
    return inner(x, y)


def positions(x: int, y: int = 2, /, **kwargs: Any) -> str:
    return f"{x} {y} {kwargs}"


def test_injected_session_is_not_replaced_by_its_default(any_cache: AnyCache) -> None:
    function = cached(any_cache, ignore=("session",))(name_of)

    assert function(1) == function(1) == "1 of Session"
    assert function(number=2) == "2 of Session"


def test_default_that_is_passed_explicitly_reaches_the_function(any_cache: AnyCache) -> None:
    function = cached(any_cache, ignore=("session",))(name_of)

    assert function(1, session=None) == "1 of NoneType"
    assert function.refresh(1) == "1 of Session"


def test_wrapper_that_takes_names_only_gets_names(any_cache: AnyCache) -> None:
    function = cached(any_cache)(greet)

    assert function(name="x") == function(name="x") == "hello x"
    assert function(greeting="hi", name="x") == "hi x"
    assert function.purge(name="x")


def test_injected_first_argument_shifts_no_other(any_cache: AnyCache) -> None:
    function = cached(any_cache, ignore=("session",))(balance)

    assert function("ada") == "ada EUR Session"
    assert function("bob") == "bob EUR Session"
    assert function("bob", "USD") == "bob USD Session"
    assert function(user="ada", currency="USD") == "ada USD Session"
    assert function("ada") == "ada EUR Session"


def test_injected_first_argument_without_ignore_is_no_error(any_cache: AnyCache) -> None:
    function = cached(any_cache)(balance)

    assert function("ada") == "ada EUR Session"
    assert function("bob") == "bob EUR Session"


def test_defaults_of_the_wrapper_count(any_cache: AnyCache) -> None:
    function = cached(any_cache)(other_defaults)

    assert function(1) == 110
    assert function(1, 2) == 102
    assert function(1, 10) == 110
    assert function.key(1) == function.key(1, y=10)


def test_name_of_a_positional_parameter_is_a_keyword_of_its_own(
    any_cache: AnyCache,
) -> None:
    function = cached(any_cache)(positions)

    assert function(1, x=3) == "1 2 {'x': 3}"
    assert function(1, x=4, y=5) == "1 2 {'x': 4, 'y': 5}"
    assert function(1) == "1 2 {}"
    assert function(1, x=3) == "1 2 {'x': 3}"


def products(numbers: list[int], /, **kwargs: Any) -> dict[int, str]:
    return {it: f"{it} {kwargs}" for it in numbers}


def test_items_by_position_leave_their_name_to_a_keyword(any_cache: AnyCache) -> None:
    function = cached_many(any_cache)(products)

    assert function([1, 2], numbers=3) == {1: "1 {'numbers': 3}", 2: "2 {'numbers': 3}"}
    assert function([1, 2]) == {1: "1 {}", 2: "2 {}"}
    assert function([2], numbers=3) == {2: "2 {'numbers': 3}"}


@provide_session
def rows(numbers: list[int], session: Session | None = None) -> dict[int, str]:
    return {it: f"{it} of {type(session).__name__}" for it in numbers}


def test_items_of_a_wrapper_that_injects_are_found(any_cache: AnyCache) -> None:
    function = cached_many(any_cache, ignore=("session",))(rows)

    assert function([1]) == {1: "1 of Session"}
    assert function(numbers=[1, 2]) == {1: "1 of Session", 2: "2 of Session"}


def doubled(function: Callable[[], Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return [function(*args, **kwargs)] * 2

    return wrapper


@doubled
def load() -> int:
    return 21


def test_loader_behind_a_wrapper_gets_no_context(any_cache: AnyCache) -> None:
    assert any_cache.get_or_set("key", load) == [21, 21]
    assert any_cache.refresh("key", load) == [21, 21]


@dataclass(frozen=True)
class Service:
    name: str

    @log
    def find(self, number: int) -> str:
        return f"{number}"


class Store:
    """Objects without an identity."""

    @log
    def find(self, number: int) -> str:
        return f"{number}"


def test_instance_can_be_ignored_below_a_wrapper(any_cache: AnyCache) -> None:
    class Decorated(Store):
        find = cached(any_cache, ignore=("self",))(Store.find)

    SEEN.clear()
    results = [it.find(number) for it in (Decorated(), Decorated()) for number in (1, 2)]

    assert results == ["1", "2", "1", "2"]
    assert [args for args, _ in SEEN] == [(1,), (2,)]


def test_instance_counts_below_a_wrapper(any_cache: AnyCache) -> None:
    SEEN.clear()
    function = cached(any_cache)(Service.find)
    for it in (Service("a"), Service("b"), Service("a")):
        assert function(it, 1) == "1"

    assert len(SEEN) == 2


def test_parameter_that_a_wrapper_injects_may_be_ignored(any_cache: AnyCache) -> None:
    @functools.wraps(balance)
    def wrapper(user: str) -> Any:
        return balance(user)

    function = cached(any_cache, ignore=("session",), version=1)(wrapper)

    assert function("ada") == "ada EUR Session"
    assert function("bob") == "bob EUR Session"

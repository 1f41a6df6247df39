"""What stands behind a callable: functions, objects with `__call__`, and partials of either."""

from __future__ import annotations

from functools import partial, wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import TYPE_CHECKING, Any

import pytest

from cachetory._runtime.callables import any_runs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


async def coroutine_function() -> None: ...


async def asynchronous_generator() -> AsyncIterator[int]:
    yield 1


def generator() -> Iterator[int]:
    yield 1


def plain() -> None: ...


KINDS: dict[Callable[..., Any], Callable[[Any], bool]] = {
    coroutine_function: iscoroutinefunction,
    asynchronous_generator: isasyncgenfunction,
    generator: isgeneratorfunction,
}


def ways_to_hold(function: Callable[..., Any]) -> list[Any]:
    class Holder:
        async def __call__(self) -> None: ...

        method = function

    Holder.__call__ = function  # type: ignore[method-assign,assignment]
    return [
        function,
        partial(function),
        partial(partial(function)),
        Holder(),
        Holder().method,
        Holder().__call__,
        partial(Holder()),
        partial(Holder().method),
    ]


@pytest.mark.parametrize("function", KINDS)
def test_kind_is_seen_however_the_function_is_held(function: Callable[..., Any]) -> None:
    for held in ways_to_hold(function):
        assert {kind for kind in KINDS.values() if any_runs(held, kind)} == {KINDS[function]}


def test_plain_function_is_of_no_kind() -> None:
    @wraps(coroutine_function)
    def wrapper() -> None: ...

    for held in (*ways_to_hold(plain), wrapper, len, dict, int, "".join, KINDS.get):
        assert not any(any_runs(held, kind) for kind in KINDS.values())

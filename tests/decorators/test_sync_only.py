"""What the synchronous decorator refuses: functions of the other colour, with the way out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.backends.sync import MemoryBackend
from cachetory.caches.sync import Cache
from cachetory.decorators.sync import cached
from cachetory.errors import UncacheableFunctionError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

cache = Cache[Any](backend=MemoryBackend(), serializer="noop://")


async def fetch(x: int) -> int:
    return x


async def stream() -> AsyncIterator[int]:
    yield 1


def generate() -> Iterator[int]:
    yield 1


class Fetcher:
    async def __call__(self, x: int) -> int:
        return x

    async def fetch(self, x: int) -> int:
        return x

    @classmethod
    async def of_class(cls, x: int) -> int:
        return x


@pytest.mark.parametrize(
    "function",
    [
        fetch,
        partial(fetch, 1),
        Fetcher(),
        partial(Fetcher()),
        Fetcher().fetch,
        Fetcher.of_class,
        Fetcher.__dict__["of_class"],
        staticmethod(fetch),
    ],
)
def test_coroutine_function_is_refused_with_the_way_out(function: Any) -> None:
    with pytest.raises(
        UncacheableFunctionError, match=r"`cached` from `cachetory\.decorators\.async_`"
    ):
        cached(cache)(function)


@pytest.mark.parametrize("function", [stream, generate, partial(generate), staticmethod(generate)])
def test_generator_is_refused_with_the_way_out(function: Any) -> None:
    with pytest.raises(UncacheableFunctionError, match=r"generator.* a list"):
        cached(cache)(function)


def test_builtin_functions_and_classes_are_cached() -> None:
    assert cached(cache)(len)([1, 2]) == 2
    assert cached(cache)(pow)(2, 3) == 8
    assert cached(cache)(complex)(1, 2) == 1 + 2j
    assert cached(cache)("a,b".split)(",") == ["a", "b"]


def test_results_are_the_very_objects_where_values_are_left_alone() -> None:
    function = cached(cache)(list)

    assert function((1, 2)) is function((1, 2))

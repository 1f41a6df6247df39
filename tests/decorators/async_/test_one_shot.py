"""Values that can be used once: no cache hands out what another caller has used up."""

from __future__ import annotations

import contextlib
import io
import itertools
import sqlite3
import tempfile
from collections.abc import (
    AsyncIterator,
    Generator,
    Iterable,
    Iterator,
)
from typing import IO, TYPE_CHECKING, Annotated, Any, BinaryIO, TextIO

import pytest

from cachetory.decorators.async_ import cached
from cachetory.errors import UncacheableFunctionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory.caches.async_ import Cache

    AnyCache = Cache[Any, Any]


@contextlib.contextmanager
def managed() -> Iterator[int]:
    yield 1


@contextlib.asynccontextmanager
async def managed_async() -> AsyncIterator[int]:
    yield 1


class Cursor:
    """A cursor of a database driver."""

    def __init__(self) -> None:
        self.rows = iter([1, 2])

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        return next(self.rows)


class Stack(contextlib.ExitStack):
    """A context manager of the user's own."""


ONE_SHOT: dict[str, Callable[[], Any]] = {
    "generator": lambda: (it for it in [1, 2]),
    "map": lambda: map(str, [1, 2]),
    "zip": lambda: zip([1], [2], strict=True),
    "iterator": lambda: iter([1, 2]),
    "chain": lambda: itertools.chain([1], [2]),
    "file": lambda: open(__file__),  # noqa: PTH123, SIM115
    "bytes in memory": lambda: io.BytesIO(b"12"),
    "temporary file": tempfile.TemporaryFile,
    "named temporary file": tempfile.NamedTemporaryFile,
    "spooled file": tempfile.SpooledTemporaryFile,
    "context manager": managed,
    "asynchronous context manager": managed_async,
    "closing": lambda: contextlib.closing(io.BytesIO(b"12")),
    "exit stack": contextlib.ExitStack,
    "own exit stack": Stack,
    "cursor": Cursor,
}

SHARED: dict[str, Callable[[], Any]] = {
    "list": lambda: [1, 2],
    "range": lambda: range(2),
    "view": {1: 2}.items,
    "text": lambda: "12",
    "none": lambda: None,
}


def release(value: Any) -> None:
    """Close a file, also one that `closing` would close."""
    with contextlib.suppress(AttributeError):
        getattr(value, "thing", value).close()


@pytest.mark.parametrize("make", ONE_SHOT.values(), ids=ONE_SHOT)
async def test_one_shot_result_is_made_for_each_call(
    local_cache: AnyCache, make: Callable[[], Any]
) -> None:
    function = cached(local_cache, version=1)(_returning(make))

    results = [await function(1), await function(1), await function.refresh(1)]

    assert len(set(map(id, results))) == 3
    assert (await function.lookup(1)).state == "miss"
    assert local_cache.stats().not_stored >= 2
    for it in results:
        release(it)


@pytest.mark.parametrize("make", SHARED.values(), ids=SHARED)
async def test_other_result_is_stored(local_cache: AnyCache, make: Callable[[], Any]) -> None:
    function = cached(local_cache, version=1)(_returning(make))

    results = [await function(1), await function(1)]

    assert results[0] is results[1]
    assert (await function.lookup(1)).state == "hit"


@pytest.mark.parametrize("make", ONE_SHOT.values(), ids=ONE_SHOT)
async def test_one_shot_value_may_be_set(local_cache: AnyCache, make: Callable[[], Any]) -> None:
    value = make()
    await local_cache.set("key", value)

    assert await local_cache.get("key") is value
    release(value)


async def test_one_shot_value_of_a_loader_is_not_stored(any_cache: AnyCache) -> None:
    first = await any_cache.get_or_set("key", lambda: iter([1, 2]))
    second = await any_cache.get_or_set("key", lambda: iter([1, 2]))

    assert [list(first), list(second)] == [[1, 2], [1, 2]]
    assert "key" not in await _keys(any_cache)


async def _keys(cache: AnyCache) -> list[str]:
    return [] if await cache.get("key") is None else ["key"]


def _returning(make: Callable[[], Any]) -> Callable[[int], Any]:
    async def function(_number: int) -> Any:
        return make()

    return function


HINTS: list[Any] = [
    *(Iterator[int], Iterator, Generator[int, None, None], "Iterator[int]"),
    *(AsyncIterator[int], IO[str], TextIO, BinaryIO, io.BytesIO, io.IOBase),
    *(map, zip, sqlite3.Cursor, Annotated[Iterator[int], "rows"]),
    tempfile.SpooledTemporaryFile,
]


@pytest.mark.parametrize("hint", HINTS, ids=str)
def test_one_shot_result_is_refused_if_the_annotation_shows_it(
    local_cache: AnyCache, hint: Any
) -> None:
    async def rows(_number: int) -> Any:
        return []

    rows.__annotations__["return"] = hint

    with pytest.raises(UncacheableFunctionError, match=r"rows.*used? up: cache a function that"):
        cached(local_cache)(rows)


@pytest.mark.parametrize(
    "hint", [Iterable[int], list[int], Iterator[int] | None, object, Any, "Unknown", None, range]
)
async def test_other_annotation_is_taken(local_cache: AnyCache, hint: Any) -> None:
    async def rows(_number: int) -> Any:
        return [1, 2]

    rows.__annotations__["return"] = hint
    function = cached(local_cache, version=1)(rows)

    assert await function(1) is await function(1)


@pytest.mark.parametrize("function", [managed, managed_async])
def test_context_manager_is_refused(local_cache: AnyCache, function: Any) -> None:
    with pytest.raises(UncacheableFunctionError, match="returns a context manager"):
        cached(local_cache)(function)


def test_generator_is_refused(local_cache: AnyCache) -> None:
    def rows(_number: int) -> Any:
        yield 1

    async def rows_async(_number: int) -> Any:
        yield 1

    for function in (rows, rows_async):
        with pytest.raises(UncacheableFunctionError, match="let it return a list instead"):
            cached(local_cache)(function)


async def test_function_that_a_context_manager_decorates_is_taken(any_cache: AnyCache) -> None:
    @contextlib.contextmanager
    def timer() -> Iterator[None]:
        yield

    @cached(any_cache, version=1)
    @timer()
    async def double(x: int) -> list[int]:
        calls.append(x)
        return [2 * x]

    calls: list[int] = []
    assert [await double(2), await double(2)] == [[4], [4]]
    assert calls == [2]

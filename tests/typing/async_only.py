"""Functions whose results are of another type than the cache's values: the async API.

Checked by mypy and pyright, never run. mypy gives the two APIs other codes for the same error.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cachetory.decorators.async_ import cached, cached_many
from tests.typing.async_.functions import (
    Shouter,
    choose_ints,
    choose_ints_later,
    ints,
    ints_of,
    maybe_ints,
    optional_of,
    sequences,
    text_of,
    texts_of,
    two_types,
)

if TYPE_CHECKING:
    from cachetory.caches.async_ import Cache


def results_that_are_none_of_the_cache() -> None:
    cached(ints)(text_of)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(ints)(optional_of)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(two_types)(text_of)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(sequences)(text_of)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(ints)(partial(text_of, 1))  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(ints)(Shouter("a"))  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(choose_ints)(text_of)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(choose_ints_later)(text_of)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached_many(ints)(texts_of)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached_many(choose_ints)(texts_of)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached_many(ints)(ints_of)
    cached_many(maybe_ints)(ints_of)
    cached_many(sequences)(ints_of)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


class Refused:
    @cached(ints)  # type: ignore[call-overload]  # pyright: ignore[reportUntypedFunctionDecorator, reportCallIssue, reportArgumentType]
    async def method(self) -> str:
        return ""

    @cached(ints)  # type: ignore[call-overload]  # pyright: ignore[reportUntypedFunctionDecorator, reportCallIssue, reportArgumentType]
    @classmethod
    async def class_method(cls) -> str:
        return ""


async def entering_and_items(cache: Cache[int]) -> None:
    with cache:  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass
    cache["key"]  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    cache["key"] = 1  # type: ignore[index]  # pyright: ignore[reportIndexIssue]

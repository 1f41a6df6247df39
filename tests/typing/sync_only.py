"""Functions whose results are of another type than the cache's values: the sync API.

Checked by mypy and pyright, never run. The code of mypy's error depends on what mypy has in its
cache. That there is an error is checked by pyright.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cachetory.decorators.sync import cached, cached_many
from tests.typing.sync.functions import (
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
    from cachetory.caches.sync import Cache


def results_that_are_none_of_the_cache() -> None:
    cached(ints)(text_of)  # type: ignore[arg-type,call-overload,unused-ignore]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(ints)(optional_of)  # type: ignore[arg-type,call-overload,unused-ignore]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(two_types)(text_of)  # type: ignore[arg-type,call-overload,unused-ignore]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(sequences)(text_of)  # type: ignore[arg-type,call-overload,unused-ignore]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(ints)(partial(text_of, 1))  # type: ignore[arg-type,call-overload,unused-ignore]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(ints)(Shouter("a"))  # type: ignore[arg-type,call-overload,unused-ignore]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(choose_ints)(text_of)  # type: ignore[arg-type,call-overload,unused-ignore]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(choose_ints_later)(text_of)  # type: ignore[arg-type,call-overload,unused-ignore]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached_many(ints)(texts_of)  # type: ignore[arg-type,call-overload,unused-ignore]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached_many(choose_ints)(texts_of)  # type: ignore[arg-type,call-overload,unused-ignore]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached_many(ints)(ints_of)
    cached_many(maybe_ints)(ints_of)
    cached_many(sequences)(ints_of)  # type: ignore[arg-type,call-overload,unused-ignore]  # pyright: ignore[reportCallIssue, reportArgumentType]


class Refused:
    @cached(ints)  # type: ignore[arg-type,call-overload,unused-ignore]  # pyright: ignore[reportUntypedFunctionDecorator, reportCallIssue, reportArgumentType]
    def method(self) -> str:
        return ""

    @cached(ints)  # type: ignore[arg-type,call-overload,unused-ignore]  # pyright: ignore[reportUntypedFunctionDecorator, reportCallIssue, reportArgumentType]
    @classmethod
    def class_method(cls) -> str:
        return ""


async def entering(cache: Cache[int]) -> None:
    async with cache:  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass

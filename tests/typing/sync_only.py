"""Functions whose results are of another type than the cache's values: the sync API.

Checked by mypy and pyright, never run. mypy gives the two APIs other codes for the same error.
"""

from __future__ import annotations

from functools import partial

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


def results_that_are_none_of_the_cache() -> None:
    cached(ints)(text_of)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(ints)(optional_of)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(two_types)(text_of)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(sequences)(text_of)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(ints)(partial(text_of, 1))  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(ints)(Shouter("a"))  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(choose_ints)(text_of)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached(choose_ints_later)(text_of)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached_many(ints)(texts_of)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached_many(choose_ints)(texts_of)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    cached_many(ints)(ints_of)
    cached_many(maybe_ints)(ints_of)
    cached_many(sequences)(ints_of)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]


class Refused:
    @cached(ints)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    def method(self) -> str:
        return ""

    @cached(ints)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    @classmethod
    def class_method(cls) -> str:
        return ""

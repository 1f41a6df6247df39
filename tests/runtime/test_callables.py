"""What can be known of how a callable may be called."""

from __future__ import annotations

from functools import partial, wraps
from typing import Any

import pytest

from cachetory._runtime.callables import takes_keyword, takes_positional


def one(x: int) -> int:
    return x


def many(*args: Any, **kwargs: Any) -> Any:
    return args, kwargs


@wraps(one)
def wrapping(*args: Any, **kwargs: Any) -> Any:
    return many(*args, **kwargs)


class Unreadable:
    __signature__ = "none"

    def __call__(self) -> None: ...


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (one, True),
        (many, True),
        (partial(many, 1), True),
        (partial(one, 1), False),
        (wrapping, True),
        (print, False),
        (Unreadable(), True),
        (dict, True),
    ],
)
def test_keyword_is_taken(function: Any, expected: bool) -> None:  # noqa: FBT001
    assert takes_keyword(function, "x") is expected


@pytest.mark.parametrize(
    ("function", "expected"),
    [(one, False), (many, True), (partial(one, 1), False), (dict.fromkeys, True), (dict, True)],
)
def test_two_positional_arguments_are_taken(function: Any, expected: bool) -> None:  # noqa: FBT001
    assert takes_positional(function, 2) is expected

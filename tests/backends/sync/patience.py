# Generated from tests/backends/async_/patience.py by tools/unasync.py. Do not edit: edit that file instead.
"""Waiting until a store that comes to itself again does what it should."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError, ResponseError

from cachetory.testing.sync_only import sleep

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory._runtime.sync import Eventual

PATIENCE = 30.0
"""Seconds after which something that is bound to happen counts as not happening."""


def eventually(function: Callable[[], Eventual[object]], wanted: object) -> None:
    """Call a function until it gives what is wanted; only errors of Redis may come before."""
    deadline = monotonic() + PATIENCE
    while True:
        outcome = attempt(function)
        if outcome == wanted:
            return
        assert monotonic() < deadline, f"still {outcome!r} instead of {wanted!r}"
        sleep(0.02)


def attempt(function: Callable[[], Eventual[object]]) -> Any:
    """Give what a function gives, or the error of Redis that it raises; others are raised."""
    try:
        return function()
    except RedisError as error:
        return error


def is_of_a_change(outcome: object) -> bool:
    """Tell whether this is an error as it comes while servers change: none that one has told."""
    return isinstance(outcome, RedisError) and not isinstance(outcome, ResponseError)

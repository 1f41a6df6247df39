"""Functions to be cached, whose results tell which call has computed them."""

from __future__ import annotations

from typing import Any

calls: list[Any] = []
"""The arguments of every call so far; the fixtures empty it before each test."""


async def compute(x: Any, y: Any = 2, *, z: Any = 3) -> int:
    """Give 1 when called for the first time, then 2, and so on."""
    calls.append((x, y, z))
    return len(calls)


async def compute_any(*args: Any, **kwargs: Any) -> int:
    """Take anything."""
    calls.append((args, kwargs))
    return len(calls)


def compute_at_once(x: Any) -> int:
    """Is not asynchronous in either colour."""
    calls.append(x)
    return len(calls)


async def fail(x: Any) -> int:
    """Fail when called for the first time."""
    calls.append(x)
    if len(calls) == 1:
        raise ZeroDivisionError
    return len(calls)


async def give_none(x: Any) -> None:
    """Give a value like any other."""
    calls.append(x)


async def give_an_object(x: Any) -> object:
    """Give what JSON has no form for."""
    calls.append(x)
    return object()

"""How keys and times are told to a store that takes bytes and milliseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def name_of(key: str) -> bytes:
    """Give the store's name of a key; lone surrogates stay distinct."""
    try:
        return key.encode()  # half the price, and right for all but surrogates
    except UnicodeEncodeError:
        return key.encode("utf-8", "surrogatepass")


def names_of(keys: Iterable[str]) -> list[bytes]:
    """Give the store's names of keys."""
    try:
        return [key.encode() for key in keys]
    except UnicodeEncodeError:
        return [name_of(key) for key in keys]


def milliseconds_of(seconds: float) -> int:
    """Give whole milliseconds, at least one."""
    return max(round(seconds * 1000), 1)

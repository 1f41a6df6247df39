"""What is said to a Redis server, whatever the colour: names, values and times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, cast

import hiredis
from redis.exceptions import DataError

from cachetory._core.magic import BUFFERS

if TYPE_CHECKING:
    from collections.abc import Iterable

Command: TypeAlias = "tuple[str | bytes | int, ...]"

CLAIM_SUFFIX = b"\xc1lease"
"""What the name of a claim ends by: no key of a user does, since it is not UTF-8."""

_pack = cast("Any", hiredis).pack_command

_WIRE_TYPES = (*BUFFERS, str)


def pack(command: Command) -> bytes:
    """Write a command as a server reads it.

    Raises:
        redis.exceptions.DataError: if a part of it is neither bytes nor text nor a number.
    """
    try:
        return _pack(command)  # type: ignore[no-any-return]  # it is what it is
    except TypeError as error:
        raise DataError(str(error)) from error


def name_of(key: str) -> bytes:
    """Give the server's name of a key; lone surrogates stay distinct."""
    try:
        return key.encode()  # half the price, and right for all but surrogates
    except UnicodeEncodeError:
        return key.encode("utf-8", "surrogatepass")


def names_of(keys: Iterable[str]) -> list[bytes]:
    """Give the server's names of keys."""
    try:
        return [key.encode() for key in keys]
    except UnicodeEncodeError:
        return [name_of(key) for key in keys]


def wire_of(value: object) -> Any:
    """Refuse what a server would make text of; text itself comes back as bytes.

    Raises:
        TypeError: for anything that is neither bytes nor text.
    """
    if isinstance(value, _WIRE_TYPES):
        return bytes(value) if isinstance(value, bytearray) else value
    msg = (
        f"Redis stores bytes, not a {type(value).__name__}: "
        "use a serializer that makes bytes, such as `pickle://` or `json://`"
    )
    raise TypeError(msg)


def claim_beside(name: bytes) -> bytes:
    """Give the name of the claim to a key."""
    return name + CLAIM_SUFFIX


def milliseconds_of(seconds: float) -> int:
    """Give whole milliseconds, at least one."""
    return max(round(seconds * 1000), 1)

"""What is said to a Redis server, whatever the colour: names, values and times."""

from __future__ import annotations

from typing import Any, TypeAlias, cast

import hiredis
from redis.exceptions import DataError

from cachetory._core.magic import BUFFERS

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

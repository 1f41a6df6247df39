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

_SAFE = frozenset((bytes, str))
"""Types that `hiredis` encodes without a call into Python; subclasses are none of them."""

_WIRE_TYPES = (*BUFFERS, str)


def pack(command: Command) -> bytes:
    """Encode a command as a server reads it.

    `hiredis` gets nothing but bytes and text. It would call back into Python for numbers, and does
    not check whether that failed: at the recursion limit, the interpreter would crash.

    Raises:
        redis.exceptions.DataError: if a part of it is neither bytes nor text nor a whole number.
    """
    if not _SAFE.issuperset(map(type, command)):
        command = tuple(map(_bytes_of, command))
    return _pack(command)  # type: ignore[no-any-return]  # hiredis declares no type


def _bytes_of(part: object) -> bytes:
    if isinstance(part, str):
        return str.encode(part)
    if isinstance(part, BUFFERS):
        return memoryview(cast("bytes", part)).tobytes()
    if isinstance(part, int) and not isinstance(part, bool):
        return b"%d" % int(part)
    msg = f"a part of a command is bytes, text or a whole number, not a {type(part).__name__}"
    raise DataError(msg)


class Packer:
    """Encodes the commands by which redis-py sets up a synchronous connection; see `pack`."""

    @staticmethod
    def pack(*command: str | bytes | int) -> list[bytes]:
        """Encode a command whose first part may be several words."""
        words, *arguments = command
        return [pack((*_bytes_of(words).split(), *arguments))]


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

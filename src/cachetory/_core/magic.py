"""Tell the two forms apart in which a value may be stored: as serialized, or in an envelope."""

from __future__ import annotations

from typing import Any

MAGIC = 0xC1
"""The first byte of an envelope; it starts neither MessagePack nor UTF-8, pickle, zlib or zstd."""

_MARK = bytes((MAGIC,))

BUFFERS: tuple[type, ...] = (bytes, bytearray, memoryview)
"""What a payload may be."""


def is_envelope(wire: object) -> bool:
    """Tell an envelope from what a serializer wrote."""
    buffer: Any = wire
    if wire.__class__ is bytes:
        return buffer[:1] == _MARK  # type: ignore[no-any-return]  # it is bytes
    return isinstance(wire, BUFFERS) and bytes(buffer[:1]) == _MARK

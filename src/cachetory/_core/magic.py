"""Tell the two forms apart in which a value may be stored: as serialized, or in an envelope."""

from __future__ import annotations

from typing import Any

MAGIC = 0xC1
"""The first byte of an envelope; it starts neither MessagePack nor UTF-8, pickle, zlib or zstd."""

_MARK = bytes((MAGIC,))

BUFFERS: tuple[type, ...] = (bytes, bytearray, memoryview)
"""What a payload may be."""


KEY_FIELD = b"\x01\x08\x00"
"""How the digest of the key begins, which is the first field of every envelope."""

KEY_FIELD_AT = 22
"""Where the first field of an envelope begins, in bytes."""


def is_envelope(wire: object) -> bool:
    """Return whether bytes have the form of an envelope, whoever made them.

    Raw bytes of users may begin with the first byte of an envelope, too; these lack its second
    mark, except for one in 16 million.
    """
    return is_marked(wire) and _has_key_field(wire)


def is_marked(wire: object) -> bool:
    """Return whether bytes begin like an envelope, though the rest may be damaged or cut off."""
    buffer: Any = wire
    if wire.__class__ is bytes:
        return buffer[:1] == _MARK  # type: ignore[no-any-return]  # it is bytes
    return isinstance(wire, BUFFERS) and bytes(buffer[:1]) == _MARK


def _has_key_field(wire: Any) -> bool:
    return bytes(wire[KEY_FIELD_AT : KEY_FIELD_AT + len(KEY_FIELD)]) == KEY_FIELD

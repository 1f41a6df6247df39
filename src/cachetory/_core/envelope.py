"""The bytes form of an entry: a payload with its times, its flags, its key and a checksum.

Little-endian: a header of 22 bytes, an extension of that many bytes as the header says, and the
payload, which is what the serializer made.

    0   magic 0xC1          starts neither MessagePack nor UTF-8, pickle, zlib, zstd or gzip
    1   version 1
    2   flags
    3   codec               0; kept for telling which serializers wrote the payload
    4   created_at, ms      int64, epoch: when the load began
    12  fresh for, ms       uint32, from the end of the load; 0xFFFFFFFF is for ever
    16  load took, ms       uint32
    20  extension, bytes    uint16

The extension is made of fields: an id (uint8), a length (uint16), the data. Unknown fields are
skipped, unless their id is 128 or more: then the entry is not for readers as old as this one.
"""

from __future__ import annotations

from struct import Struct, error
from typing import TYPE_CHECKING
from zlib import crc32

from cachetory._core.magic import MAGIC
from cachetory.errors import DecodeError

if TYPE_CHECKING:
    from typing import TypeAlias

    Buffer: TypeAlias = "bytes | bytearray | memoryview"

VERSION = 1

NEGATIVE = 0x01
"""Flag: the entry says that there is no value; the payload is what the loader gave nevertheless."""
REFUSED = 0x02
"""Flag: the entry says that there is no value, and the loader gave none; there is no payload."""
TEXT = 0x04
"""Flag: the serializer made a string, which is in the payload as UTF-8."""

_UNKNOWN = "is of a kind that this release does not know"
_UNKNOWN_FIELD = "has a field that this release does not know"
_CUT_OFF = "is cut off"
_FOREIGN = "belongs to another key, or is damaged"
_DAMAGED = "is damaged"

_KNOWN_FLAGS = NEGATIVE | REFUSED | TEXT
_HEADER = Struct("<BBBBqIIH")
_FIELD = Struct("<BH")
_CHECKSUM = Struct("<I")

_KEY_DIGEST = 1
_DIGEST_SIZE = 8
_PAYLOAD_CHECKSUM = 2
_MUST_UNDERSTAND = 128
_FOR_EVER = 0xFFFFFFFF
_LONGEST = _FOR_EVER - 1
_LONGEST_CREATED = 1 << 63

IDENTIFIED_BY = _HEADER.size + 2 * _FIELD.size + _DIGEST_SIZE + _CHECKSUM.size
"""So many bytes at the start of an envelope tell it from any other: they hold both checksums."""


class Envelope:
    """What an envelope says.

    Attributes:
        flags: `NEGATIVE`, `REFUSED`, `TEXT`, or none of them.
        created_at: When the load began, in epoch seconds.
        fresh_for: For how long the value is fresh from the end of the load, in seconds; `None` is
            for ever.
        took: How long the load took, in seconds.
        payload: What the serializer made.
    """

    __slots__ = ("created_at", "flags", "fresh_for", "payload", "took")

    def __init__(
        self,
        *,
        flags: int,
        created_at: float,
        fresh_for: float | None,
        took: float,
        payload: bytes,
    ) -> None:
        self.flags = flags
        self.created_at = created_at
        self.fresh_for = fresh_for
        self.took = took
        self.payload = payload


def pack(envelope: Envelope, key: str) -> bytes:
    """Write an envelope for the value of a key. Longer times than 49 days are cut to that."""
    head = _HEADER.pack(
        MAGIC,
        VERSION,
        envelope.flags,
        0,
        min(max(round(envelope.created_at * 1000), -_LONGEST_CREATED), _LONGEST_CREATED - 1),
        _FOR_EVER if envelope.fresh_for is None else _milliseconds(envelope.fresh_for),
        _milliseconds(envelope.took),
        2 * _FIELD.size + _DIGEST_SIZE + _CHECKSUM.size,
    )
    head += _FIELD.pack(_KEY_DIGEST, _DIGEST_SIZE) + _digest(key)
    checksum = crc32(envelope.payload, crc32(head))
    return b"".join(
        (
            head,
            _FIELD.pack(_PAYLOAD_CHECKSUM, _CHECKSUM.size),
            _CHECKSUM.pack(checksum),
            envelope.payload,
        )
    )


def unpack(wire: Buffer, key: str) -> Envelope:
    """Read an envelope.

    Raises:
        DecodeError: if it is damaged, of another key, or of a version to come.
    """
    wire = bytes(wire)
    try:
        _, version, flags, _, created_at, fresh_for, took, length = _HEADER.unpack_from(wire)
        if version != VERSION or flags & ~_KNOWN_FLAGS:
            raise _unusable(_UNKNOWN)
        start = _HEADER.size + length
        if start > len(wire):
            raise _unusable(_CUT_OFF)
        _check(wire, start, key)
    except error:
        raise _unusable(_CUT_OFF) from None
    return Envelope(
        flags=flags,
        created_at=created_at / 1000,
        fresh_for=None if fresh_for == _FOR_EVER else fresh_for / 1000,
        took=took / 1000,
        payload=wire[start:],
    )


def _check(wire: bytes, start: int, key: str) -> None:
    """Look through the extension, which ends at `start`: both checksums have to be there."""
    at = _HEADER.size
    is_of_key = is_whole = False
    while at < start:
        field, size = _FIELD.unpack_from(wire, at)
        data_at = at + _FIELD.size
        data = wire[data_at : min(data_at + size, start)]
        if field == _KEY_DIGEST:
            if data != _digest(key):
                raise _unusable(_FOREIGN)
            is_of_key = True
        elif field == _PAYLOAD_CHECKSUM:
            rest = memoryview(wire)[data_at + size :]
            if data != _CHECKSUM.pack(crc32(rest, crc32(wire[:at]))):
                raise _unusable(_DAMAGED)
            is_whole = True
        elif field >= _MUST_UNDERSTAND:
            raise _unusable(_UNKNOWN_FIELD)
        at = data_at + size
    if not (is_of_key and is_whole and at == start):
        raise _unusable(_DAMAGED)


def _digest(key: str) -> bytes:
    from hashlib import blake2b  # noqa: PLC0415 (4 ms to import, and only envelopes need it)

    return blake2b(key.encode(errors="surrogatepass"), digest_size=_DIGEST_SIZE).digest()


def _milliseconds(seconds: float) -> int:
    return min(max(round(seconds * 1000), 0), _LONGEST)


def _unusable(why: str) -> DecodeError:
    return DecodeError(f"the envelope of a stored value {why}")

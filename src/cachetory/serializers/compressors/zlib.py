"""A compressor by the standard `zlib`: slower and weaker than zstd, but always there."""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import TYPE_CHECKING

from cachetory.serializers.compressors.compressor import (
    INFLATE_STEP,
    MAX_SIZE,
    Compressor,
    collect,
    not_one_frame,
)
from cachetory.serializers.options import check_integer

if TYPE_CHECKING:
    from collections.abc import Iterator

_INPUT_STEP = 64 << 10
"""How many bytes are read at a time: what a step leaves over of them is copied."""


class ZlibCompressor(Compressor):
    """Compress to the zlib format (RFC 1950), whose checksum tells flipped bytes.

    Scheme: `zlib://`, with `compression-level`, `min-size` and `max-size`.

    Args:
        compression_level: From 0 (none) through 1 (fast) to 9 (small); -1 means 6.
        min_size: See `Compressor`.
        max_size: See `Compressor`.

    Raises:
        ConfigurationError: if an argument is out of its range.
    """

    __slots__ = ("_level",)

    def __init__(
        self, *, compression_level: int = -1, min_size: int = 0, max_size: int | None = MAX_SIZE
    ) -> None:
        super().__init__(min_size=min_size, max_size=max_size)
        self._level = check_integer("compression_level", compression_level, -1, 9)

    def _compress(self, value: bytes) -> bytes:
        return zlib.compress(value, self._level)

    def _decompress(self, data: bytes) -> bytes:
        return collect(_inflate(data), self._max_size)

    def _begins_frame(self, data: bytes) -> bool:
        """Check the two bytes of the header: method, window, and their sum."""
        head = int.from_bytes(data[:2], "big")
        return len(data) > 1 and head >> 8 & 0x0F == zlib.DEFLATED and head % 31 == 0


def _inflate(data: bytes) -> Iterator[bytes]:
    stream = zlib.decompressobj()
    source = BytesIO(data)
    while not stream.eof:
        piece = stream.unconsumed_tail or source.read(_INPUT_STEP)
        chunk = stream.decompress(piece, INFLATE_STEP)
        if not (piece or chunk or stream.eof):
            raise not_one_frame()
        yield chunk
    if stream.unused_data or source.read(1):
        raise not_one_frame()

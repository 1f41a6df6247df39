"""Zstandard by the standard library of Python 3.14, or its backport."""

from __future__ import annotations

import sys
import threading  # noqa: TID251 (a context is not made for two threads at once)
from typing import TYPE_CHECKING, cast

from cachetory.serializers.compressors.compressor import (
    INFLATE_STEP,
    check_size,
    collect,
    not_one_frame,
)
from cachetory.serializers.compressors.zstd_bounds import REUSE_BELOW, SIZELESS_WINDOW

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SIZELESS_OPTIONS: dict[int, int] = {
    zstd.DecompressionParameter.window_log_max: SIZELESS_WINDOW.bit_length() - 1,
}


class _Contexts(threading.local):
    """What the current thread uses again: making it takes longer than a small value does."""

    def __init__(self) -> None:
        self._compressors: dict[int, zstd.ZstdCompressor] = {}

    def compressor(self, level: int) -> zstd.ZstdCompressor:
        found = self._compressors.get(level)
        if found is None:
            found = self._compressors[level] = _make_compressor(level, 0)
        return found


_contexts = _Contexts()


def compress(value: bytes, level: int, threads: int) -> bytes:
    """Make a frame that tells size and checksum."""
    if len(value) < REUSE_BELOW:
        compressor = _contexts.compressor(level)
    else:
        compressor = _make_compressor(level, threads)
    return compressor.compress(value, zstd.ZstdCompressor.FLUSH_FRAME)


def decompress(data: bytes, max_size: int | None) -> bytes:
    """Restore what exactly one frame holds.

    A frame made at level 20 or above takes up to twice the size of its content meanwhile.

    Raises:
        DecodeError: if that is more than `max_size` bytes, or if this is not exactly one frame.
        ZstdError: if the frame is corrupt.
    """
    content_size = cast("int | None", zstd.get_frame_info(data).decompressed_size)
    if content_size is None:
        return collect(_inflate(data, _SIZELESS_OPTIONS), max_size)
    check_size(content_size, max_size)
    return collect(_inflate(data, {}), content_size)


def _make_compressor(level: int, threads: int) -> zstd.ZstdCompressor:
    options: dict[int, int] = {
        zstd.CompressionParameter.compression_level: level,
        zstd.CompressionParameter.nb_workers: threads,
        zstd.CompressionParameter.checksum_flag: 1,
    }
    compressor: zstd.ZstdCompressor = zstd.ZstdCompressor(options=options)
    return compressor


def _inflate(data: bytes, options: Mapping[int, int]) -> Iterator[bytes]:
    stream = zstd.ZstdDecompressor(options=options)
    piece = data
    while not stream.eof:
        chunk = stream.decompress(piece, INFLATE_STEP)
        if stream.needs_input and not stream.eof:
            raise not_one_frame()
        yield chunk
        piece = b""
    if stream.unused_data:
        raise not_one_frame()

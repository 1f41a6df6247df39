"""Zstandard by the standard library of Python 3.14, or its backport."""

from __future__ import annotations

import sys
import threading  # noqa: TID251 (a context is not made for two threads at once)
from typing import TYPE_CHECKING

from cachetory.errors import DecodeError
from cachetory.serializers.compressors.compressor import (
    INFLATE_STEP,
    REUSE_BELOW,
    SIZELESS_WINDOW,
    check_size,
    collect,
)

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIZELESS_OPTIONS = {
    zstd.DecompressionParameter.window_log_max: SIZELESS_WINDOW.bit_length() - 1,
}


class _Contexts(threading.local):
    """What the current thread uses again and again: setting it up takes longer than a small value."""

    def __init__(self) -> None:
        self.compressors: dict[int, zstd.ZstdCompressor] = {}


_contexts = _Contexts()


def compress(value: bytes, level: int, threads: int) -> bytes:
    """Make a frame that tells size and checksum."""
    if len(value) >= REUSE_BELOW:
        compressor = _make_compressor(level, threads)
    else:
        compressor = _contexts.compressors.get(level) or _keep_compressor(level)
    return compressor.compress(value, zstd.ZstdCompressor.FLUSH_FRAME)


def decompress(data: bytes, max_size: int | None) -> bytes:
    """Restore what exactly one frame holds.

    Raises:
        DecodeError: if that is more than `max_size` bytes, or if this is not exactly one frame.
        ZstdError: if the frame is corrupt.
    """
    content_size = zstd.get_frame_info(data).decompressed_size
    if content_size is None:
        return collect(_inflate(data, _SIZELESS_OPTIONS), max_size)
    check_size(content_size, max_size)
    return collect(_inflate(data, {}), content_size)

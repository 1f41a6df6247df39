"""Zstandard by the package `zstandard`, the quickest on small values."""

from __future__ import annotations

import threading  # noqa: TID251 (a context that two threads share crashes the interpreter)
from io import BytesIO
from typing import TYPE_CHECKING

import zstandard

from cachetory.serializers.compressors.compressor import (
    check_size,
    collect,
    not_one_frame,
)
from cachetory.serializers.compressors.zstd_bounds import REUSE_BELOW, SIZELESS_WINDOW

if TYPE_CHECKING:
    from collections.abc import Iterator

if tuple(map(int, zstandard.__version__.split(".")[:2])) < (0, 22):
    msg = f"zstandard {zstandard.__version__} cannot refuse extra data; at least 0.22 is needed"
    raise ImportError(msg)

_INPUT_STEP = 256
"""Bytes read at a time while the size is unknown: they inflate to 8 MiB at most."""


class _Contexts(threading.local):
    """What the current thread uses again: making it takes longer than a small value does."""

    def __init__(self) -> None:
        self._compressors: dict[int, zstandard.ZstdCompressor] = {}
        self.decompressor = zstandard.ZstdDecompressor()

    def compressor(self, level: int) -> zstandard.ZstdCompressor:
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
    return compressor.compress(value)


def decompress(data: bytes, max_size: int | None) -> bytes:
    """Restore what exactly one frame holds.

    Raises:
        DecodeError: if that is more than `max_size` bytes, or if this is not exactly one frame.
        zstandard.ZstdError: if the frame is corrupt.
    """
    content_size = zstandard.frame_content_size(data)
    if content_size < 0:
        return collect(_inflate(data), max_size)
    if content_size == 0:  # the package then looks no further: neither at the end nor at the rest
        return collect(_inflate(data), 0)
    check_size(content_size, max_size)
    return _contexts.decompressor.decompress(data, allow_extra_data=False)


def _make_compressor(level: int, threads: int) -> zstandard.ZstdCompressor:
    return zstandard.ZstdCompressor(level=level, threads=threads, write_checksum=True)


def _inflate(data: bytes) -> Iterator[bytes]:
    stream = zstandard.ZstdDecompressor(max_window_size=SIZELESS_WINDOW).decompressobj()
    source = BytesIO(data)
    while not stream.eof:
        piece = source.read(_INPUT_STEP)
        if not piece:
            raise not_one_frame()
        yield stream.decompress(piece)
    if stream.unused_data or source.read(1):
        raise not_one_frame()

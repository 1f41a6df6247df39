"""Zstandard by the package `zstandard`, whose contexts can be used again, but by one thread only."""

from __future__ import annotations

import threading  # noqa: TID251 (a context that two threads share crashes the interpreter)
from typing import TYPE_CHECKING

import zstandard

from cachetory.errors import DecodeError
from cachetory.serializers.compressors.compressor import (
    REUSE_BELOW,
    SIZELESS_WINDOW,
    check_size,
    collect,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

if tuple(map(int, zstandard.__version__.split(".")[:2])) < (0, 22):
    msg = f"zstandard {zstandard.__version__} cannot refuse extra data; at least 0.22 is needed"
    raise ImportError(msg)

_INPUT_STEP = 256
"""Bytes read at a time while the size is unknown: they inflate to 8 MiB at most."""


class _Contexts(threading.local):
    """What the current thread uses again and again: setting it up takes longer than a small value."""

    def __init__(self) -> None:
        self.compressors: dict[int, zstandard.ZstdCompressor] = {}
        self.decompressor = zstandard.ZstdDecompressor()


_contexts = _Contexts()


def compress(value: bytes, level: int, threads: int) -> bytes:
    """Make a frame that tells size and checksum."""
    if len(value) >= REUSE_BELOW:
        return _make_compressor(level, threads).compress(value)
    compressor = _contexts.compressors.get(level)
    if compressor is None:
        compressor = _contexts.compressors[level] = _make_compressor(level, 0)
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
    check_size(content_size, max_size)
    return _contexts.decompressor.decompress(data, allow_extra_data=False)


def _make_compressor(level: int, threads: int) -> zstandard.ZstdCompressor:
    return zstandard.ZstdCompressor(level=level, threads=threads, write_checksum=True)


def _inflate(data: bytes) -> Iterator[bytes]:
    stream = zstandard.ZstdDecompressor(max_window_size=SIZELESS_WINDOW).decompressobj()
    view = memoryview(data)
    for start in range(0, len(view), _INPUT_STEP):
        if stream.eof:
            break
        yield stream.decompress(view[start : start + _INPUT_STEP])
    ...

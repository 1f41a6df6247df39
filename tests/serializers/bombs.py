"""Decompression bombs: a few kilobytes or megabytes that inflate to 10 GiB."""

from __future__ import annotations

import zlib

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


def zlib_bomb(size: int = 10 * GIB) -> bytes:
    """Repeat a piece of a stream which starts afresh, so that nothing needs to be compressed."""
    stream = zlib.compressobj(9)
    head = stream.compress(bytes(16 * MIB)) + stream.flush(zlib.Z_FULL_FLUSH)
    piece = stream.compress(bytes(16 * MIB)) + stream.flush(zlib.Z_FULL_FLUSH)
    return head + piece * (size // (16 * MIB) - 1) + stream.flush()


def zstd_bomb(size: int = 10 * GIB, *, claimed: int | None = None) -> bytes:
    """Repeat a block that says "128 KiB of the same byte"; claim any size, or none."""
    return (
        _zstd_header(claimed)
        + _zstd_block(last=False) * (size // (128 * KIB) - 1)
        + (_zstd_block(last=True))
    )


def _zstd_header(claimed: int | None) -> bytes:
    window = bytes([10 << 3])  # 1 MiB
    if claimed is None:
        return ZSTD_MAGIC + b"\x00" + window
    return ZSTD_MAGIC + b"\xc0" + window + claimed.to_bytes(8, "little")


def _zstd_block(*, last: bool) -> bytes:
    run = 1
    return (last | run << 1 | (128 * KIB) << 3).to_bytes(3, "little") + b"\x00"


BOMBS = {
    "zlib": lambda: ("zlib", zlib_bomb()),
    "zlib in zlib": lambda: ("zlib+zlib", zlib.compress(zlib_bomb())),
    "zstd without a size": lambda: ("zstd", zstd_bomb()),
    "zstd with its true size": lambda: ("zstd", zstd_bomb(claimed=10 * GIB)),
    "zstd that lies low": lambda: ("zstd", zstd_bomb(claimed=MIB)),
    "zstd that claims to be empty": lambda: ("zstd", zstd_bomb(claimed=0)),
    "zstd that claims the limit": lambda: ("zstd", zstd_bomb(claimed=64 * MIB)),
    "zstd that lies high": lambda: ("zstd", zstd_bomb(MIB, claimed=64 * MIB)),
    "zstd in many frames": lambda: ("zstd", zstd_bomb(16 * MIB) * 640),
    "zstd in many frames that tell": lambda: ("zstd", zstd_bomb(MIB, claimed=MIB) * 10_240),
    "zstd in zlib": lambda: ("zstd+zlib", zlib.compress(zstd_bomb())),
    "zstd in zlib in zlib": lambda: ("zstd+zlib+zlib", zlib.compress(zlib.compress(zstd_bomb()))),
}
"""Name of the bomb, and what makes the schemes that shall refuse it and its bytes."""

"""A compressor by Zstandard: fast, and the one to prefer.

It takes the package `zstandard` if that is installed, which is several times faster on values of a
few kilobytes; otherwise the standard library of Python 3.14, or its backport.
"""

from __future__ import annotations

from typing import ClassVar

from cachetory._core.registry import missing_extra
from cachetory._core.urls import Parameters, integer
from cachetory.serializers.compressors.compressor import (
    MAX_SIZE,
    PARAMETERS,
    Compressor,
    not_one_frame,
)
from cachetory.serializers.options import check_integer

try:
    from cachetory.serializers.compressors import _zstd_package as binding
except ImportError:
    try:
        from cachetory.serializers.compressors import (  # type: ignore[no-redef]  # the same two functions
            _zstd_standard as binding,
        )
    except ImportError as _missing:
        raise missing_extra(scheme="zstd", extra="zstd") from _missing

MAGIC = b"\x28\xb5\x2f\xfd"


class ZstdCompressor(Compressor):
    """Compress to one Zstandard frame (RFC 8878) that tells the size and a checksum of its content.

    Scheme: `zstd://` or `zstandard://`, with `compression-level`, `compression-threads`,
    `min-size` and `max-size`; it needs the `zstd` extra.

    It reads any single frame without a dictionary. One that does not tell the size of its content
    may ask for a window of 8 MiB at most.

    Args:
        compression_level: From 1 (fast) to 22 (small); 0 means 3, and below it is faster still.
        compression_threads: How many more threads work on values above 512 KiB; 0: none.
        min_size: See `Compressor`.
        max_size: See `Compressor`.

    Raises:
        ConfigurationError: if an argument is out of its range.
    """

    __slots__ = ("_level", "_threads")

    url_parameters: ClassVar[Parameters] = Parameters(
        {**PARAMETERS, "compression-threads": integer}
    )

    def __init__(
        self,
        *,
        compression_level: int = 3,
        compression_threads: int = 0,
        min_size: int = 0,
        max_size: int | None = MAX_SIZE,
    ) -> None:
        super().__init__(min_size=min_size, max_size=max_size)
        self._level = check_integer("compression_level", compression_level, -131_072, 22)
        self._threads = check_integer("compression_threads", compression_threads, 0, 256)

    def _compress(self, value: bytes) -> bytes:
        return binding.compress(value, self._level, self._threads)

    def _decompress(self, data: bytes) -> bytes:
        if not self._begins_frame(data):  # but like a skippable one, perhaps
            raise not_one_frame()
        return binding.decompress(data, self._max_size)

    def _begins_frame(self, data: bytes) -> bool:
        return data[:4] == MAGIC

"""Compressors: serializers from bytes to fewer bytes, alone or at the end of a chain."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cachetory.serializers.compressors import zlib, zstd
    from cachetory.serializers.compressors.zlib import ZlibCompressor
    from cachetory.serializers.compressors.zstd import ZstdCompressor

__all__ = ["ZlibCompressor", "ZstdCompressor", "zlib", "zstd"]

_MODULES = {"ZlibCompressor": "zlib", "ZstdCompressor": "zstd"}


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""Every compressor, zstd by each of its bindings."""

from __future__ import annotations

import pytest

from cachetory.serializers.compressors import ZlibCompressor, ZstdCompressor, zstd

ZSTD_BINDINGS = ["_zstd_package", "_zstd_standard"]


def zstd_by(name):
    """Yield `ZstdCompressor`, which uses the named binding meanwhile, if that is installed."""
    name = f"cachetory.serializers.compressors.{name}"
    binding = pytest.importorskip(name, exc_type=ImportError)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zstd, "binding", binding)
        yield ZstdCompressor


@pytest.fixture(scope="module", params=ZSTD_BINDINGS)
def zstd_compressor(request):
    yield from zstd_by(request.param)


@pytest.fixture(scope="module", params=["zlib", *ZSTD_BINDINGS])
def compressor(request):
    if request.param == "zlib":
        yield ZlibCompressor
    else:
        yield from zstd_by(request.param)

"""The zlib compressor: its format, its levels, and its header."""

from __future__ import annotations

import zlib

import pytest

from cachetory.errors import ConfigurationError
from cachetory.serializers.compressors import ZlibCompressor


@pytest.mark.parametrize("level", range(-1, 10))
def test_zlib_writes_what_the_standard_library_writes(level):
    value = b"value" * 100

    assert ZlibCompressor(compression_level=level).serialize(value) == zlib.compress(value, level)


@pytest.mark.parametrize("window", range(9, 16))
def test_zlib_reads_any_window(window):
    stream = zlib.compressobj(wbits=window)
    frame = stream.compress(b"value" * 100) + stream.flush()

    assert ZlibCompressor(min_size=1000).deserialize(frame) == b"value" * 100


@pytest.mark.parametrize("level", [-2, 10, True, 1.0])
def test_zlib_level_out_of_range_is_refused(level):
    with pytest.raises(ConfigurationError, match="compression_level is an integer from -1 to 9"):
        ZlibCompressor(compression_level=level)


@pytest.mark.parametrize("value", [b"", b"\x78", b"\x80\x05N.", b'{"a": 1}', b"\x78\x9d"])
def test_zlib_value_below_min_size_that_is_no_header_is_stored_as_it_is(value):
    assert ZlibCompressor(min_size=100).serialize(value) == value

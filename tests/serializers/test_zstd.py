"""The zstd compressor: its frames, its bindings, and what it refuses in a header."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from cachetory.errors import ConfigurationError, DecodeError

MAGIC = b"\x28\xb5\x2f\xfd"
SINGLE_SEGMENT = 0x20
HAS_CHECKSUM = 0x04
KIB = 1 << 10
MIB = 1 << 20

LAST_EMPTY_BLOCK = b"\x01\x00\x00"
DEMANDING_HEADERS = {
    "size of 2^62": MAGIC + b"\xe0" + (1 << 62).to_bytes(8, "little"),
    "size of 2^64 - 2": MAGIC + b"\xe0" + (2**64 - 2).to_bytes(8, "little"),
    "window of 2 GiB": MAGIC + b"\x00" + bytes([21 << 3]),
    "window of 3.75 TiB": MAGIC + b"\x00\xff",
    "window of 16 MiB": MAGIC + b"\x00" + bytes([14 << 3]),
    "a dictionary": MAGIC + b"\x01" + bytes([10 << 3]) + b"\x07",
    "reserved bit": MAGIC + b"\x08" + bytes([10 << 3]),
}


def sizeless(value, window_log=20):
    """Make a frame that does not tell the size of its content."""
    header = MAGIC + b"\x00" + bytes([(window_log - 10) << 3])
    blocks = [value[start : start + 128 * KIB] for start in range(0, len(value), 128 * KIB)]
    raw = b"".join((len(block) << 3).to_bytes(3, "little") + block for block in blocks)
    return header + raw + LAST_EMPTY_BLOCK


def test_zstd_writes_one_frame_with_size_and_checksum(zstd_compressor):
    frame = zstd_compressor().serialize(b"value" * 20)

    assert frame.startswith(MAGIC)
    assert frame[4] & SINGLE_SEGMENT
    assert frame[4] & HAS_CHECKSUM
    assert frame[5] == 100


@pytest.mark.parametrize("level", [-131_072, -5, 0, 1, 3, 19, 22])
def test_zstd_frame_of_any_level_comes_back(zstd_compressor, level):
    layer = zstd_compressor(compression_level=level)

    for value in (b"value" * 100, b"value" * 40_000):
        assert layer.deserialize(layer.serialize(value)) == value


@pytest.mark.parametrize("level", [-131_073, 23, True, 3.0])
def test_zstd_level_out_of_range_is_refused(zstd_compressor, level):
    with pytest.raises(ConfigurationError, match="an integer from -131072 to 22"):
        zstd_compressor(compression_level=level)


@pytest.mark.parametrize("threads", [-1, 257, True])
def test_zstd_threads_out_of_range_are_refused(zstd_compressor, threads):
    with pytest.raises(ConfigurationError, match="compression_threads is an integer from 0 to 256"):
        zstd_compressor(compression_threads=threads)


@pytest.mark.parametrize("size", [0, 1000, 4 * MIB])
def test_zstd_frame_made_by_several_threads_comes_back(zstd_compressor, size):
    layer = zstd_compressor.from_url("zstd://?compression-threads=2")
    frame = layer.serialize(bytes(size))

    assert frame[4] & HAS_CHECKSUM
    assert layer.deserialize(frame) == bytes(size)


@pytest.mark.parametrize("size", [0, 1, 1000, 300 * KIB])
def test_zstd_frame_without_size_is_read(zstd_compressor, size):
    value = b"v" * size

    for max_size in (size, MIB, None):
        assert zstd_compressor(max_size=max_size).deserialize(sizeless(value)) == value


def test_zstd_frame_without_size_beyond_max_size_is_refused(zstd_compressor):
    with pytest.raises(DecodeError, match="max_size=999 bytes"):
        zstd_compressor(max_size=999).deserialize(sizeless(bytes(1000)))


@pytest.mark.parametrize("more", [b"\0", bytes(1000), sizeless(b"more")])
def test_zstd_frame_without_size_followed_by_more_is_refused(zstd_compressor, more):
    with pytest.raises(DecodeError, match="not exactly one"):
        zstd_compressor().deserialize(sizeless(b"value") + more)


@pytest.mark.parametrize("missing", [1, 3, 4, 10])
def test_zstd_frame_without_size_cut_off_is_refused(zstd_compressor, missing):
    with pytest.raises(DecodeError):
        zstd_compressor().deserialize(sizeless(b"value" * 10)[:-missing])


def test_zstd_frame_without_size_may_ask_for_8_mib(zstd_compressor):
    assert zstd_compressor().deserialize(sizeless(b"value", window_log=23)) == b"value"
    with pytest.raises(DecodeError):
        zstd_compressor().deserialize(sizeless(b"value", window_log=24))


@pytest.mark.parametrize("max_size", [64 * MIB, None])
@pytest.mark.parametrize("header", DEMANDING_HEADERS.values(), ids=DEMANDING_HEADERS)
def test_zstd_header_that_demands_too_much_is_refused(zstd_compressor, header, max_size):
    for rest in (b"", LAST_EMPTY_BLOCK, b"\x09\x00\x00v"):
        with pytest.raises(DecodeError):
            zstd_compressor(max_size=max_size).deserialize(header + rest)


def test_zstd_window_beyond_a_known_size_costs_nothing(zstd_compressor):
    header = MAGIC + b"\x80" + bytes([21 << 3]) + b"\x01\0\0\0"

    assert zstd_compressor(max_size=1).deserialize(header + b"\x09\0\0v") == b"v"


def test_zstd_skippable_frame_is_refused(zstd_compressor):
    skippable = b"\x50\x2a\x4d\x18\x02\0\0\0ab"
    frame = zstd_compressor().serialize(b"value")

    for stored in (skippable, skippable + frame, frame + skippable):
        with pytest.raises(DecodeError):
            zstd_compressor().deserialize(stored)


def test_zstd_value_below_min_size_that_begins_with_the_magic_is_compressed(zstd_compressor):
    layer = zstd_compressor(min_size=100)

    assert layer.serialize(MAGIC) != MAGIC
    assert layer.deserialize(layer.serialize(MAGIC)) == MAGIC
    assert layer.serialize(MAGIC[:3]) == MAGIC[:3]


@pytest.mark.parametrize("writer", ["_zstd_package", "_zstd_standard"])
@pytest.mark.parametrize("size", [0, 100, 300 * KIB])
def test_zstd_frames_of_one_binding_are_read_by_the_other(zstd_compressor, writer, size):
    name = f"cachetory.serializers.compressors.{writer}"
    binding = pytest.importorskip(name, exc_type=ImportError)

    frame = binding.compress(bytes(size), 3, 0)

    assert zstd_compressor().deserialize(frame) == bytes(size)


BLOCK = """
import sys
for package in sys.argv[1].split():
    sys.modules[package] = None
from cachetory import serializers
try:
    layer = serializers.from_url("zstd://")
except ImportError as error:
    print(error)
else:
    from cachetory.serializers.compressors import zstd
    print(zstd.binding.__name__.rpartition(".")[2], layer.deserialize(layer.serialize(b"value")))
"""


@pytest.mark.parametrize(
    ("missing", "needed", "outcome"),
    [
        ("", "_zstd_package", "_zstd_package b'value'"),
        ("zstandard", "_zstd_standard", "_zstd_standard b'value'"),
        (
            "zstandard backports.zstd compression.zstd",
            None,
            "`zstd://` needs the `zstd` extra. Install it with: pip install 'cachetory[zstd]'",
        ),
    ],
)
def test_zstd_binding_is_the_best_of_those_installed(missing, needed, outcome):
    if needed:
        name = f"cachetory.serializers.compressors.{needed}"
        pytest.importorskip(name, exc_type=ImportError)

    command = [sys.executable, "-c", BLOCK, missing]
    result = subprocess.run(command, capture_output=True, text=True, check=True)

    assert result.stdout.strip() == outcome


def test_zstd_package_too_old_to_refuse_extra_data_is_not_used(monkeypatch):
    zstandard = pytest.importorskip("zstandard")
    monkeypatch.setattr(zstandard, "__version__", "0.21.9")
    monkeypatch.delitem(sys.modules, "cachetory.serializers.compressors._zstd_package")

    with pytest.raises(ImportError, match=r"0\.21\.9 cannot refuse extra data"):
        import_module("cachetory.serializers.compressors._zstd_package")

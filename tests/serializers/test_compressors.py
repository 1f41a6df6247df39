"""What holds for every compressor: round trips, small values, limits, and refusals."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cachetory.errors import ConfigurationError, DecodeError

KIB = 1 << 10
MIB = 1 << 20


def noise(size, seed=0):
    return Random(seed).randbytes(size)


@pytest.mark.parametrize("size", [0, 1, 100, 64 * KIB, 128 * KIB - 1, 128 * KIB, 3 * MIB + 1])
@pytest.mark.parametrize("make", [bytes, noise])
def test_compressor_value_of_any_size_comes_back(compressor, make, size):
    layer = compressor()
    value = make(size)

    assert layer.deserialize(layer.serialize(value)) == value


@given(value=st.binary(max_size=300), min_size=st.integers(0, 300))
def test_compressor_value_with_any_min_size_comes_back(compressor, value, min_size):
    layer = compressor(min_size=min_size)

    assert layer.deserialize(layer.serialize(value)) == value


@pytest.mark.parametrize("view", [bytearray, memoryview])
def test_compressor_value_of_other_bytes_like_type_comes_back_as_bytes(compressor, view):
    for layer in (compressor(), compressor(min_size=100)):
        value = layer.deserialize(view(layer.serialize(view(b"value"))))

        assert type(value) is bytes
        assert value == b"value"


def test_compressor_value_of_wide_memoryview_is_measured_in_bytes(compressor):
    value = memoryview(bytes(96)).cast("Q")

    with pytest.raises(ConfigurationError, match="a value of 96 bytes"):
        compressor(max_size=95).serialize(value)


@pytest.mark.parametrize("value", ["text", 1, None, {"a": 1}])
def test_compressor_value_that_is_not_bytes_is_refused_with_the_remedy(compressor, value):
    name = f"{compressor.__name__} compresses bytes, not {type(value).__name__}"

    with pytest.raises(TypeError, match=rf"{name}; put a serializer before it, as in `pickle\+"):
        compressor().serialize(value)


def test_compressor_value_below_min_size_is_stored_as_it_is(compressor):
    layer = compressor(min_size=100)

    assert layer.serialize(b"a" * 99) == b"a" * 99
    assert layer.serialize(b"") == b""
    assert len(layer.serialize(b"a" * 100)) < 50


def test_compressor_value_below_min_size_that_begins_like_a_frame_is_compressed(compressor):
    layer = compressor(min_size=100)
    frame = compressor().serialize(b"value")

    assert layer.serialize(frame) != frame
    assert layer.deserialize(layer.serialize(frame)) == frame


def test_compressor_stored_value_without_frame_is_read_below_min_size_alone(compressor):
    assert compressor(min_size=100).deserialize(b"a" * 99) == b"a" * 99
    for layer in (compressor(min_size=99), compressor()):
        with pytest.raises(DecodeError):
            layer.deserialize(b"a" * 99)


def test_compressor_frame_is_read_whatever_the_min_size(compressor):
    frame = compressor().serialize(b"value")

    assert compressor(min_size=1000).deserialize(frame) == b"value"


def test_compressor_value_beyond_max_size_is_not_written(compressor):
    layer = compressor(max_size=1000)

    assert layer.deserialize(layer.serialize(bytes(1000))) == bytes(1000)
    with pytest.raises(ConfigurationError, match="max_size=1000; raise it"):
        layer.serialize(bytes(1001))


@pytest.mark.parametrize("size", [1001, 300 * KIB, 40 * MIB])
def test_compressor_value_beyond_max_size_is_not_read(compressor, size):
    stored = compressor().serialize(bytes(size))

    with pytest.raises(DecodeError, match="inflate to more than max_size=1000 bytes"):
        compressor(max_size=1000).deserialize(stored)


def test_compressor_value_without_max_size_is_read(compressor):
    layer = compressor(max_size=None)

    assert layer.deserialize(layer.serialize(bytes(70 * MIB))) == bytes(70 * MIB)


@pytest.mark.parametrize("size", [0, 100, 300 * KIB])
def test_compressor_frame_cut_off_anywhere_is_refused(compressor, size):
    layer = compressor()
    frame = layer.serialize(noise(size))

    for end in {0, 1, 4, 5, 6, len(frame) // 2, len(frame) - 4, len(frame) - 1}:
        with pytest.raises(DecodeError):
            layer.deserialize(frame[:end])


@pytest.mark.parametrize("size", [0, 100, 300 * KIB])
@pytest.mark.parametrize("more", [b"\0", b"more", noise(70 * KIB)])
def test_compressor_frame_followed_by_more_is_refused(compressor, size, more):
    layer = compressor()
    frame = layer.serialize(noise(size))

    for stored in (frame + more, frame + frame):
        with pytest.raises(DecodeError):
            layer.deserialize(stored)


@given(where=st.integers(0), flip=st.integers(1, 255))
def test_compressor_frame_with_a_changed_byte_is_never_another_value(compressor, where, flip):
    layer = compressor()
    value = b"a value that is somewhat longer, longer, longer than the frame around it"
    frame = bytearray(layer.serialize(value))
    frame[where % len(frame)] ^= flip

    try:
        read = layer.deserialize(bytes(frame))
    except DecodeError:
        return
    assert read == value


@given(st.binary())
def test_compressor_foreign_bytes_are_refused(compressor, data):
    with pytest.raises(DecodeError):
        compressor().deserialize(data)


@pytest.mark.parametrize("data", [None, "text", 3, {"a": 1}])
@pytest.mark.parametrize("min_size", [0, 100])
def test_compressor_foreign_objects_are_refused(compressor, data, min_size):
    with pytest.raises(DecodeError):
        compressor(min_size=min_size).deserialize(data)


def test_compressor_error_does_not_quote_the_stored_bytes(compressor):
    with pytest.raises(DecodeError) as caught:
        compressor().deserialize(b"canary" * 10)

    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("option", ["min_size", "max_size"])
@pytest.mark.parametrize("value", [-1, 1.5, True, "64MiB"])
def test_compressor_size_out_of_range_is_refused(compressor, option, value):
    with pytest.raises(ConfigurationError, match=f"{option} is an integer from 0 up, not"):
        compressor(**{option: value})


def test_compressor_from_url_of_a_subclass_is_of_that_class(compressor):
    class Mine(compressor):
        pass

    layer = Mine.from_url("mine://?compression-level=9&min-size=1KiB&max-size=none")

    assert type(layer) is Mine
    assert layer.serialize(bytes(1023)) == bytes(1023)
    assert len(layer.serialize(bytes(70 * MIB))) < MIB


def test_compressor_of_higher_level_writes_less(compressor):
    words = [noise(5, seed) for seed in range(500)]
    value = b" ".join(Random(0).choices(words, k=10_000))

    assert len(compressor(compression_level=9).serialize(value)) < len(
        compressor(compression_level=1).serialize(value)
    )


def test_compressor_shared_by_threads_keeps_values_apart(compressor):
    layer = compressor()
    values = [noise(10 + seed * 37, seed) * (1 + seed % 50) for seed in range(100)]

    def work(worker):
        for value in values[worker:] + values[:worker]:
            assert layer.deserialize(layer.serialize(value)) == value

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(0, 80, 10)))


def test_compressor_can_be_pickled(compressor):
    layer = pickle.loads(pickle.dumps(compressor(compression_level=1, min_size=10)))

    assert layer.deserialize(layer.serialize(bytes(100))) == bytes(100)
    assert layer.serialize(bytes(9)) == bytes(9)

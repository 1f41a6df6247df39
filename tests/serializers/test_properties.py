"""Properties of all chains: values come back, and foreign bytes are refused in one way alone."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cachetory import serializers
from cachetory.errors import DecodeError

CODECS = st.sampled_from(["json", "msgpack", "pickle", "noop+pickle"])
COMPRESSORS = st.lists(st.sampled_from(["zlib", "zstd", "zstandard"]), max_size=3)
OPTIONS = st.sampled_from(["", "?min-size=30", "?min-size=64KiB&max-size=1MiB"])

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=5)
    ),
    max_leaves=20,
)


@st.composite
def chains(draw):
    codec, layers = draw(CODECS), draw(COMPRESSORS)
    options = draw(OPTIONS) if layers else ""
    return serializers.from_url("+".join([codec, *layers]) + f"://{options}")


@given(chain=chains(), value=VALUES)
def test_any_value_through_any_chain_comes_back(chain, value):
    assert chain.deserialize(chain.serialize(value)) == value


def read(chain, data):
    with suppress(DecodeError):
        chain.deserialize(data)


@given(chain=chains(), data=st.binary(max_size=200))
def test_any_bytes_through_any_chain_raise_nothing_but_a_decode_error(chain, data):
    assume(not _may_exhaust_memory(data))

    read(chain, data)


@given(chain=chains(), value=VALUES, where=st.integers(0), byte=st.integers(0, 255))
def test_any_changed_byte_through_any_chain_raises_nothing_but_a_decode_error(
    chain, value, where, byte
):
    data = bytearray(chain.serialize(value))
    data[where % len(data)] = byte
    assume(not _may_exhaust_memory(data))

    read(chain, bytes(data))


def _may_exhaust_memory(data):
    """Tell whether a pickle may hold an opcode that asks for memory without bounds."""
    return b"r" in data or b"p" in data


@pytest.mark.parametrize("url", ["pickle://", "json+zlib://", "msgpack+zstd://"])
@pytest.mark.parametrize("head", [b"\x78\x9c", b"\x28\xb5\x2f\xfd", b"\x80\x05"])
@given(size=st.integers(0, 300))
def test_bytes_that_begin_right_raise_nothing_but_a_decode_error(url, head, size):
    read(serializers.from_url(url), head + bytes(size))

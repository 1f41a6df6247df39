"""The envelope: what goes in comes out, and whatever else is read is refused in one way alone."""

from __future__ import annotations

from contextlib import suppress
from struct import pack as pack_fields
from struct import unpack_from
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cachetory._core.envelope import (
    IDENTIFIED_BY,
    NEGATIVE,
    REFUSED,
    TEXT,
    Envelope,
    pack,
    unpack,
)
from cachetory._core.magic import MAGIC, is_envelope
from cachetory.errors import DecodeError

LONGEST = (2**32 - 2) / 1000
"""The longest time in seconds that fits in, besides for ever."""

PROPERTY = settings(deadline=None)  # a busy machine proves nothing

KEYS = st.text(st.characters(), max_size=20)  # lone surrogates included
ENVELOPES = st.builds(
    Envelope,
    flags=st.sampled_from([0, NEGATIVE, REFUSED, TEXT, NEGATIVE | TEXT]),
    created_at=st.integers(-(2**45), 2**45).map(lambda milliseconds: milliseconds / 1000),
    fresh_for=st.none() | st.integers(0, 2**32 - 2).map(lambda milliseconds: milliseconds / 1000),
    took=st.integers(0, 2**32 - 2).map(lambda milliseconds: milliseconds / 1000),
    payload=st.binary(max_size=100),
)


def make(**changes):
    fields = {"flags": 0, "created_at": 1e9, "fresh_for": 60.0, "took": 0.25, "payload": b"it"}
    return Envelope(**(fields | changes))


def fields_of(envelope):
    return {name: getattr(envelope, name) for name in Envelope.__slots__}


def with_extension(wire, *fields):
    """Put fields in front of the checksum of an envelope, which is made anew."""
    start = 22 + unpack_from("<H", wire, 20)[0]
    extra = b"".join(pack_fields("<BH", field, len(data)) + data for field, data in fields)
    head = wire[:20] + pack_fields("<H", start - 22 + len(extra)) + wire[22 : start - 7] + extra
    checksum = crc32(wire[start:], crc32(head))
    return head + pack_fields("<BHI", 2, 4, checksum) + wire[start:]


# What goes in comes out


@PROPERTY
@given(envelope=ENVELOPES, key=KEYS)
def test_envelope_that_is_packed_and_unpacked_is_the_same(envelope, key):
    assert fields_of(unpack(pack(envelope, key), key)) == fields_of(envelope)


@PROPERTY
@given(envelope=ENVELOPES, key=KEYS)
def test_envelope_of_one_key_is_refused_for_another(envelope, key):
    with pytest.raises(DecodeError, match="another key"):
        unpack(pack(envelope, key), key + "'")


@PROPERTY
@given(one=KEYS, other=KEYS)
def test_envelope_fits_its_own_key_only(one, other):
    wire = pack(make(), one)

    if one == other:
        unpack(wire, other)
    else:
        with pytest.raises(DecodeError):
            unpack(wire, other)


@pytest.mark.parametrize("buffer", [bytes, bytearray, memoryview])
def test_envelope_is_read_from_any_buffer(buffer):
    wire = buffer(pack(make(), "key"))

    assert is_envelope(wire)
    payload = unpack(wire, "key").payload
    assert type(payload) is bytes
    assert payload == b"it"


@pytest.mark.parametrize(
    "wire", [b"", b"\x80\x05N.", b'"\xc1"', bytearray(b"null"), memoryview(b"1"), "\xc1", None, 193]
)
def test_what_does_not_begin_as_an_envelope_is_none(wire):
    assert not is_envelope(wire)


def test_times_are_rounded_to_milliseconds():
    read = unpack(pack(make(created_at=1.0006, fresh_for=0.0014, took=0.0006), "key"), "key")

    assert (read.created_at, read.fresh_for, read.took) == (1.001, 0.001, 0.001)


@pytest.mark.parametrize("seconds", [LONGEST, LONGEST + 0.001, LONGEST + 1, 1e12])
def test_long_time_is_cut_to_the_longest_that_is_not_for_ever(seconds):
    read = unpack(pack(make(fresh_for=seconds, took=seconds), "key"), "key")

    assert (read.fresh_for, read.took) == (LONGEST, LONGEST)


def test_negative_time_is_cut_to_none_at_all():
    read = unpack(pack(make(fresh_for=-1.0, took=-1.0), "key"), "key")

    assert (read.fresh_for, read.took) == (0, 0)


@pytest.mark.parametrize("created_at", [-1e300, -1e16, 0, 1e16, 1e300])
def test_any_moment_of_creation_can_be_packed(created_at):
    read = unpack(pack(make(created_at=created_at), "key"), "key")

    limit = 2**63 / 1000
    assert read.created_at == pytest.approx(min(max(created_at, -limit), limit))


def test_payload_may_be_an_envelope():
    inner = pack(make(), "inner")

    assert unpack(pack(make(payload=inner), "outer"), "outer").payload == inner


# What is no envelope, or not one of this key any more, is refused


@PROPERTY
@given(wire=st.binary(max_size=200), key=KEYS)
def test_any_bytes_raise_nothing_but_a_decode_error(wire, key):
    with suppress(DecodeError):
        unpack(wire, key)


@PROPERTY
@given(rest=st.binary(max_size=200), key=KEYS)
def test_any_bytes_that_begin_as_an_envelope_are_refused(rest, key):
    with pytest.raises(DecodeError):
        unpack(b"\xc1\x01" + rest, key)


@PROPERTY
@given(envelope=ENVELOPES, key=KEYS, data=st.data())
def test_any_changed_byte_is_refused(envelope, key, data):
    wire = bytearray(pack(envelope, key))
    at = data.draw(st.integers(0, len(wire) - 1), label="at")
    wire[at] ^= data.draw(st.integers(1, 255), label="difference")

    with pytest.raises(DecodeError):
        unpack(wire, key)


def test_every_change_of_every_byte_of_one_envelope_is_refused():
    wire = pack(make(payload=b""), "key")

    for at in range(len(wire)):
        for difference in range(1, 256):
            changed = bytearray(wire)
            changed[at] ^= difference
            with pytest.raises(DecodeError):
                unpack(changed, "key")


@PROPERTY
@given(envelope=ENVELOPES, key=KEYS, data=st.data())
def test_any_truncation_is_refused(envelope, key, data):
    wire = pack(envelope, key)
    length = data.draw(st.integers(0, len(wire) - 1))

    with pytest.raises(DecodeError):
        unpack(wire[:length], key)


@PROPERTY
@given(envelope=ENVELOPES, key=KEYS, more=st.binary(min_size=1, max_size=50))
def test_any_appendix_is_refused(envelope, key, more):
    with pytest.raises(DecodeError):
        unpack(pack(envelope, key) + more, key)


@PROPERTY
@given(one=ENVELOPES, other=ENVELOPES, data=st.data())
def test_two_envelopes_spliced_together_are_refused_or_one_of_them(one, other, data):
    wires = [pack(one, "key"), pack(other, "key")]
    at = data.draw(st.integers(0, len(wires[0])))
    spliced = wires[0][:at] + wires[1][at:]

    if spliced not in wires:
        with pytest.raises(DecodeError):
            unpack(spliced, "key")


def test_error_tells_neither_the_key_nor_the_payload():
    with pytest.raises(DecodeError) as caught:
        unpack(pack(make(payload=b"the payload"), "the-key"), "another-key")

    assert "-key'" not in str(caught.value)
    assert "the payload" not in str(caught.value)
    assert not isinstance(caught.value, KeyError)


# What later releases may write


def test_unknown_field_is_skipped():
    wire = with_extension(pack(make(), "key"), (3, b""), (127, b"of a release to come"))

    assert fields_of(unpack(wire, "key")) == fields_of(make())


@pytest.mark.parametrize("field", [128, 200, 255])
def test_unknown_field_that_has_to_be_understood_is_refused(field):
    wire = with_extension(pack(make(), "key"), (field, b""))

    with pytest.raises(DecodeError, match="does not know"):
        unpack(wire, "key")


def test_extension_may_be_as_long_as_its_length_can_tell():
    wire = pack(make(), "key")
    rest = 2**16 - 1 - unpack_from("<H", wire, 20)[0] - 3

    assert unpack(with_extension(wire, (3, b"x" * rest)), "key").payload == b"it"


@pytest.mark.parametrize(("at", "byte"), [(1, 0), (1, 2), (1, 255), (2, 8), (2, 128)])
def test_unknown_version_or_flag_is_refused(at, byte):
    wire = bytearray(pack(make(), "key"))
    wire[at] = byte
    wire = with_extension(bytes(wire))  # with the right checksum

    with pytest.raises(DecodeError, match="does not know"):
        unpack(wire, "key")


def test_envelope_without_its_checksums_is_refused():
    head = pack_fields("<BBBBqIIH", MAGIC, 1, 0, 0, 0, 0, 0, 0)

    with pytest.raises(DecodeError, match="damaged"):
        unpack(head + b"payload", "key")


# The bytes themselves, as this release writes them


def test_bytes_of_a_fresh_value():
    written = Envelope(
        flags=0, created_at=1_700_000_000.123, fresh_for=60.0, took=0.25, payload=b'{"a":1}'
    )
    golden = (
        b"\xc1\x01\x00\x00"
        b"\x7bh\xe5\xcf\x8b\x01\x00\x00"  # 1,700,000,000,123 ms
        b"\x60\xea\x00\x00"  # 60,000 ms
        b"\xfa\x00\x00\x00"  # 250 ms
        b"\x12\x00"  # an extension of 18 bytes
        b"\x01\x08\x00\xd4{z\xdd\xa4\x0c\x1a\x12"  # the digest of the key
        b"\x02\x04\x005\xab\xcd\xe3"  # the checksum
        b'{"a":1}'
    )

    assert pack(written, "user:1") == golden
    assert fields_of(unpack(golden, "user:1")) == fields_of(written)


def test_bytes_of_a_negative_text_for_ever():
    written = Envelope(
        flags=NEGATIVE | TEXT, created_at=-1.0, fresh_for=None, took=0.0, payload=b"none"
    )
    golden = bytes.fromhex(
        "c101050018fcffffffffffffffffffff0000000012000108004bff73141aaa807f0204005cecdaa66e6f6e65"
    )

    assert pack(written, "é\ud800") == golden
    assert fields_of(unpack(golden, "é\ud800")) == fields_of(written)


def test_so_many_bytes_tell_an_envelope_from_any_other():
    assert len(pack(make(payload=b""), "key")) == IDENTIFIED_BY
    assert (
        pack(make(payload=b"a"), "key")[:IDENTIFIED_BY]
        != (pack(make(payload=b"b"), "key")[:IDENTIFIED_BY])
    )

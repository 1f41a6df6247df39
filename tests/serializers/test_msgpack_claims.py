"""Arrays that claim too much are found before they end the process, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cachetory.serializers import MsgPackSerializer, msgpack
from cachetory.serializers.msgpack_claims import claims_too_much

CLAIM = b"\xdd\xff\xff\xff\xff"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | TEXT
    | st.binary(max_size=300)
    | st.sampled_from([CLAIM, CLAIM * 60, "\u0740" * 300]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)


@given(VALUES)
def test_claims_of_what_was_written_are_true(value):
    assert not claims_too_much(MsgPackSerializer().serialize(value))


@given(st.lists(VALUES, min_size=1, max_size=10))
def test_claims_that_are_false_are_found_wherever_they_stand(values):
    before = b"".join(map(MsgPackSerializer().serialize, values))

    assert claims_too_much(before + CLAIM)


@given(st.binary())
def test_claims_of_foreign_bytes_are_looked_for_within_bounds(data):
    claims_too_much(data)


@pytest.mark.parametrize("value", [list(range(70_000)), CLAIM * 14_000, "\u0740" * 40_000])
def test_claims_of_large_values_are_true(value):
    assert not claims_too_much(MsgPackSerializer().serialize([value]))


@pytest.mark.parametrize("end", [b"\xc1", b"\xc7\x01\x01a", b"\xd4\x01a", b"\xd8"])
def test_claims_behind_what_cannot_be_read_do_not_matter(end):
    assert not claims_too_much(end + CLAIM)


def test_wary_unpacking_refuses_false_claims_alone():
    with pytest.raises(ValueError, match="claims more items"):
        msgpack._unpack_warily(b"\x92\x01" + CLAIM)
    assert msgpack._unpack_warily(MsgPackSerializer().serialize([CLAIM])) == [CLAIM]

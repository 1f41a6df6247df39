"""Each serializer: what comes back, what it accepts, and what it refuses."""

from __future__ import annotations

import json
import math
import pickle
import subprocess
import sys
from datetime import datetime, timezone

import pytest

from cachetory.errors import ConfigurationError, DecodeError
from cachetory.serializers import (
    ChainedSerializer,
    JsonSerializer,
    MsgPackSerializer,
    NoopSerializer,
    PickleSerializer,
)
from cachetory.serializers.compressors import ZlibCompressor


def test_noop_value_is_the_same_object():
    value = object()

    assert NoopSerializer().serialize(value) is value
    assert NoopSerializer().deserialize(value) is value


@pytest.mark.parametrize(
    "class_", [NoopSerializer, JsonSerializer, MsgPackSerializer, PickleSerializer]
)
def test_from_url_of_a_subclass_is_of_that_class(class_):
    class Mine(class_):
        pass

    assert type(Mine.from_url("mine://")) is Mine


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle_protocol_is_the_one_asked_for(protocol):
    serializer = PickleSerializer.from_url(f"pickle://?pickle-protocol={protocol}")

    assert serializer.protocol == protocol
    assert serializer.serialize({1: "a"}) == pickle.dumps({1: "a"}, protocol)
    assert serializer.deserialize(serializer.serialize({1: "a"})) == {1: "a"}


@pytest.mark.parametrize("serializer", [PickleSerializer(), PickleSerializer(-1)])
def test_pickle_protocol_is_the_highest_by_default(serializer):
    assert serializer.protocol == pickle.HIGHEST_PROTOCOL


@pytest.mark.parametrize("protocol", [-2, pickle.HIGHEST_PROTOCOL + 1, True, "4"])
def test_pickle_protocol_out_of_range_is_refused(protocol):
    with pytest.raises(
        ConfigurationError, match=r"pickle_protocol is an integer from -1 to \d, not"
    ):
        PickleSerializer(protocol)


def test_pickle_value_that_cannot_be_pickled_raises_as_pickle_does():
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        PickleSerializer().serialize(lambda: None)


class Unreadable:
    """Its reading fails in its own way, and quotes the value."""

    def __reduce__(self):
        return read, ("canary",)


def read(text):
    raise KeyError(text)


def test_pickle_error_while_reading_is_no_key_error_and_does_not_quote_the_value():
    stored = PickleSerializer().serialize(Unreadable())

    with pytest.raises(DecodeError) as caught:
        PickleSerializer().deserialize(stored)

    assert str(caught.value) == "PickleSerializer cannot read the stored bytes (KeyError)"
    assert caught.value.__suppress_context__


def test_pickle_of_a_class_renamed_since_names_the_class():
    stored = pickle.dumps(Unreadable, 0).replace(b"Unreadable", b"Renamed")

    with pytest.raises(DecodeError, match=r"AttributeError: .*Renamed"):
        PickleSerializer().deserialize(stored)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80",
        b"\x80\x05",
        b"\x80\xff.",
        b"\x80\x05\x8e" + (1 << 62).to_bytes(8, "little") + b"abc.",
        b"\x80\x05\x95" + (1 << 62).to_bytes(8, "little") + b"abc.",
        b"cno_such_module\nThing\n.",
        b"h\x07.",
        "text",
        None,
    ],
)
def test_pickle_foreign_bytes_are_refused(data):
    with pytest.raises(DecodeError):
        PickleSerializer().deserialize(data)


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -1, 2**100, 1.5, "", "grüße 🎉", "\ud800", [], [[1], {}], {"a": {"b": 1}}],
)
def test_json_value_comes_back(value):
    assert JsonSerializer().deserialize(JsonSerializer().serialize(value)) == value


def test_json_is_written_as_ascii_bytes():
    assert JsonSerializer().serialize({"ü": [1, None]}) == b'{"\\u00fc": [1, null]}'


@pytest.mark.parametrize(
    "data", ['{"ü": 1}', '{"ü": 1}'.encode(), b'{"\\u00fc": 1}', bytearray(b'{"\xc3\xbc":1}')]
)
def test_json_is_read_from_text_and_bytes(data):
    assert JsonSerializer().deserialize(data) == {"ü": 1}


def test_json_not_a_number_comes_back():
    assert math.isnan(JsonSerializer().deserialize(JsonSerializer().serialize(math.nan)))


def test_json_value_without_a_form_raises_as_json_does():
    with pytest.raises(TypeError, match="set"):
        JsonSerializer().serialize({1})


@pytest.mark.parametrize(
    "data",
    [b"", "", b"{", b"\xff", b"\x80\x05N.", b"nul", b"1 2", b"[" * 100_000, b"9" * 10_000, None, 3],
)
def test_json_foreign_bytes_are_refused(data):
    with pytest.raises(DecodeError) as caught:
        JsonSerializer().deserialize(data)

    assert "cannot read the stored bytes" in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -(2**63), 2**64 - 1, 1.5, "grüße 🎉", b"\x00", [], [[1], {}], {"a": {"b": 1}}],
)
def test_msgpack_value_comes_back(value):
    assert MsgPackSerializer().deserialize(MsgPackSerializer().serialize(value)) == value


def test_msgpack_of_tuples_and_times_comes_back_as_lists_and_text():
    value = (1, datetime(2024, 1, 2, tzinfo=timezone.utc))

    stored = MsgPackSerializer().serialize(value)

    assert MsgPackSerializer().deserialize(stored) == [1, "2024-01-02T00:00:00+00:00"]


@pytest.mark.parametrize("value", [{1}, {1: 1}, 2**64, object()])
def test_msgpack_value_without_a_form_raises_as_ormsgpack_does(value):
    with pytest.raises(TypeError):
        MsgPackSerializer().serialize(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\x91",
        b"\xdd\xff\xff\xff\xff\x01",
        b"\xc6\xff\xff\xff\xff",
        b"\x91" * 99_999,
        "text",
        None,
    ],
)
def test_msgpack_foreign_bytes_are_refused(data):
    with pytest.raises(DecodeError):
        MsgPackSerializer().deserialize(data)


def test_msgpack_without_its_package_names_the_extra():
    code = (
        "import sys; sys.modules['ormsgpack'] = None\n"
        "from cachetory import serializers\n"
        "for make in (lambda: serializers.from_url('msgpack://'),"
        " lambda: serializers.MsgPackSerializer):\n"
        "    try: make()\n"
        "    except ImportError as error: print(error)\n"
    )

    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True)

    message = (
        "`msgpack://` needs the `msgpack` extra. Install it with: pip install 'cachetory[msgpack]'"
    )
    assert result.stdout.splitlines() == [message, message]


def test_chain_is_undone_in_the_opposite_order():
    chain = ChainedSerializer([JsonSerializer(), ZlibCompressor()])

    stored = chain.serialize({"a": 1})

    assert json.loads(ZlibCompressor().deserialize(stored)) == {"a": 1}
    assert chain.deserialize(stored) == {"a": 1}


def test_chain_of_chains_works():
    inner = ChainedSerializer([NoopSerializer(), PickleSerializer()])
    chain = ChainedSerializer(iter([inner, ZlibCompressor()]))

    assert chain.deserialize(chain.serialize({1, 2})) == {1, 2}


def test_chain_of_nothing_is_refused():
    with pytest.raises(ConfigurationError, match="at least one layer"):
        ChainedSerializer([])


def test_chain_from_url_of_a_subclass_is_of_that_class():
    class Mine(ChainedSerializer):
        pass

    for url in ("pickle+zlib://", "pickle://"):
        chain = Mine.from_url(url)
        assert type(chain) is Mine
        assert chain.deserialize(chain.serialize({1})) == {1}


def test_chain_can_be_pickled():
    chain = pickle.loads(pickle.dumps(ChainedSerializer([PickleSerializer(4), ZlibCompressor()])))

    assert chain.deserialize(chain.serialize({1})) == {1}

"""URLs make serializers; each parameter reaches the layers that it is for."""

from __future__ import annotations

import pickle
import sys

import pytest

import cachetory.serializers
from cachetory import serializers
from cachetory.errors import ConfigurationError
from cachetory.interfaces.serializers import Serializer
from cachetory.serializers import (
    ChainedSerializer,
    JsonSerializer,
    NoopSerializer,
    PickleSerializer,
    compressors,
    schemes,
)

VALUE = {"a": [1, "two", None]}


@pytest.fixture
def register(monkeypatch):
    """Register schemes for the length of a test."""
    monkeypatch.setattr(schemes._registry, "_targets", dict(schemes._registry._targets))
    return serializers.register


@pytest.mark.parametrize(
    ("scheme", "class_"),
    [
        ("json", JsonSerializer),
        ("noop", NoopSerializer),
        ("null", NoopSerializer),
        ("pickle", PickleSerializer),
        ("PICKLE", PickleSerializer),
        ("zlib", compressors.ZlibCompressor),
        ("zstd", compressors.ZstdCompressor),
        ("zstandard", compressors.ZstdCompressor),
        ("msgpack", serializers.MsgPackSerializer),
        ("pickle+zlib", ChainedSerializer),
    ],
)
def test_from_url_of_scheme_makes_its_class(scheme, class_):
    assert type(serializers.from_url(f"{scheme}://")) is class_


@pytest.mark.parametrize(
    "url",
    [
        "pickle+zstd://?pickle-protocol=4&compression-level=3",
        "json+zlib://",
        "json+zlib://?min-size=1KiB",
        "msgpack+zstandard://?compression-threads=1",
        "null+pickle+zlib+zstd://?compression-level=1",
        "pickle+pickle://",
        "json:",
    ],
)
def test_from_url_of_any_chain_makes_a_serializer(url):
    serializer = serializers.from_url(url)

    assert serializer.deserialize(serializer.serialize(VALUE)) == VALUE


def test_from_url_applies_schemes_from_left_to_right():
    written = serializers.from_url("pickle+zlib://").serialize(VALUE)

    assert pickle.loads(compressors.ZlibCompressor().deserialize(written)) == VALUE


class Echo(Serializer[object, str]):
    """Write its own URL, to show which parameters it was given."""

    def __init__(self, url):
        self.url = url

    @classmethod
    def from_url(cls, url):
        return cls(url)

    def serialize(self, value):
        return f"{value}{self.url} "

    def deserialize(self, data):
        return data


class First(Echo):
    url_parameters = ("both", "first")


class Second(Echo):
    url_parameters = ("both", "second")


@pytest.mark.parametrize(
    ("query", "first", "second"),
    [
        ("", "", ""),
        ("?first=1&second=2", "?first=1", "?second=2"),
        ("?both=1", "?both=1", "?both=1"),
        ("?2nd.both=1", "", "?both=1"),
        ("?both=1&2nd.both=2", "?both=1", "?both=2"),
        ("?second.both=2&both=1", "?both=1", "?both=2"),
        ("?first=a%26b%20c", "?first=a%26b%20c", ""),
        ("?both=1&both=2", "?both=1&both=2", "?both=1&both=2"),
    ],
)
def test_from_url_hands_parameters_to_the_layers_that_know_them(register, query, first, second):
    register("first", First)
    register("second", Second)
    query = query.replace("2nd", "second")

    written = serializers.from_url(f"first+second://{query}").serialize("")

    assert written == f"first://{first} second://{second} "


def test_from_url_hands_everything_to_a_layer_that_does_not_tell_what_it_knows(register):
    register("echo", Echo)

    written = serializers.from_url("noop+echo://?any=1&echo.a=b")

    assert written.serialize("") == "echo://?a=b&any=1 "


def test_from_url_of_registered_function_calls_it(register):
    register("mine", lambda url: Echo(f"made from {url}"))

    assert serializers.from_url("mine://?a=1").serialize("") == "made from mine://?a=1 "


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("unknown://", "`unknown://` is not supported as a serializer"),
        ("pickle+zlip://", "did you mean `zlib://`"),
        ("pickle++zlib://", "`://` is not supported"),
        ("pickle", "is not the URL of a serializer"),
        ("pickle://?protocol=4", "the parameter `protocol`; known ones are `pickle-protocol`"),
        ("json://?a=1", "it takes no parameters"),
        ("noop+json://?a=1", "`noop+json://` does not know the parameter `a`; it takes no"),
        (
            "pickle+zlib://?level=1",
            "known ones are `compression-level`, `max-size`, `min-size`",
        ),
        ("pickle+zlib://?zlib.level=1", "`zlib://` does not know the parameter `level`; known"),
        ("pickle+zlib://?zlib.pickle-protocol=1", "`zlib://` does not know the parameter"),
        ("pickle+zlib://?zstd.compression-level=1", "a layer `zstd`, which `pickle+zlib://` does"),
        ("pickle+zlib://?pickle-protocol=4&pickle-protocol=4", "more than once"),
        ("pickle+zlib+zstd://?compression-level=22", "an integer from -1 to 9, not 22"),
        ("pickle://?pickle-protocol=four", "`pickle-protocol=four` cannot be used"),
        ("zstd://?max-size=much", "`max-size=much` cannot be used"),
        ("zlib://compression-level=9", "begin options with `?`"),
        ("zlib:///path", "begin options with `?`"),
    ],
)
def test_from_url_that_cannot_be_used_is_refused(url, message):
    with pytest.raises(ConfigurationError) as caught:
        serializers.from_url(url)

    assert message in str(caught.value)


@pytest.mark.parametrize("scheme", ["a+b", "a.b"])
def test_register_scheme_with_a_meaning_in_urls_is_refused(register, scheme):
    with pytest.raises(ConfigurationError, match=r"`\+` and `\.` have a meaning"):
        register(scheme, Echo)


def test_package_lists_what_it_exports():
    assert set(cachetory.serializers.__all__) <= set(dir(cachetory.serializers))
    assert set(compressors.__all__) <= set(dir(compressors))


@pytest.mark.parametrize("name", [*serializers.__all__])
def test_package_exports_every_name(name):
    assert getattr(serializers, name)


@pytest.mark.parametrize(
    ("package", "module"),
    [(serializers, "json"), (serializers, "compressors"), (compressors, "zlib")],
)
def test_package_exports_its_modules(package, module):
    assert package.__getattr__(module) is sys.modules[f"{package.__name__}.{module}"]


@pytest.mark.parametrize("package", [serializers, compressors])
def test_package_has_no_other_name(package):
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no .* 'nothing'"):
        _ = package.nothing


def test_serializer_that_implements_nothing_says_so():
    class Mine(Serializer[int, int]):
        pass

    with pytest.raises(ConfigurationError, match="Mine` cannot be made from a URL"):
        Mine.from_url("mine://")
    with pytest.raises(NotImplementedError):
        Mine().serialize(1)
    with pytest.raises(NotImplementedError):
        Mine().deserialize(1)

"""URLs are read strictly, and shown without their secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cachetory._core.urls import (
    Parameters,
    Url,
    boolean,
    choice,
    integer,
    is_scheme,
    number,
    optional,
    parse,
    redact,
    scheme_of,
    size,
)
from cachetory.errors import ConfigurationError

KNOWN = Parameters(
    {
        "count": integer,
        "max-size": optional(size),
        "mode": choice("fast", "small"),
        "name": str,
        "ratio": number,
        "safe": boolean,
        "password": integer,
    }
)


@pytest.mark.parametrize(
    ("url", "scheme"),
    [
        ("memory://", "memory"),
        ("pickle+zlib://?a=1", "pickle+zlib"),
        ("REDIS://host", "redis"),
        ("pickle:", "pickle"),
        ("redis+unix://:secret@/path", "redis+unix"),
    ],
)
def test_scheme_of_url_is_what_precedes_the_colon_in_lower_case(url, scheme):
    assert scheme_of(url) == scheme


@pytest.mark.parametrize(
    "url", ["", "memory", "://", "://x", " memory://", "1x://", "é://", "+a://"]
)
def test_scheme_of_text_without_scheme_is_refused(url):
    with pytest.raises(ConfigurationError, match="starts with no scheme"):
        scheme_of(url)


@pytest.mark.parametrize("url", [None, 3, b"memory://"])
def test_scheme_of_something_else_than_text_is_refused(url):
    with pytest.raises(ConfigurationError, match="a URL is a string"):
        scheme_of(url)


def test_scheme_with_newline_is_none():
    assert not is_scheme("memory\n")


def test_parse_url_with_all_parts_splits_and_decodes_them():
    url = parse("memory://My%20Name/a%2Fb?x=1%262&y=a+b&x=")

    assert url.scheme == "memory"
    assert url.authority == "My Name"
    assert url.path == "/a/b"
    assert url.parameters == (("x", "1&2"), ("y", "a+b"), ("x", ""))


def test_parse_url_without_slashes_leaves_the_authority_empty():
    url = parse("sqlite:file.db")

    assert (url.authority, url.path) == ("", "file.db")


@pytest.mark.parametrize("url", ["a://?x", "a://?=1", "a://?x=%ff", "a://%ff", "a://?x=1&y"])
def test_parse_malformed_url_is_refused(url):
    with pytest.raises(ConfigurationError, match="malformed"):
        parse(url)


def test_parse_url_with_fragment_is_refused_without_showing_the_password():
    with pytest.raises(ConfigurationError, match="fragment") as caught:
        parse("sqlite://?password=ab#canary")

    assert "canary" not in str(caught.value)


@given(
    authority=st.text(st.characters(exclude_categories=["Cs"])).filter(
        lambda name: "/" not in name
    ),
    pairs=st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
            st.text(st.characters(exclude_categories=["Cs"])),
        )
    ),
)
def test_url_written_out_and_parsed_has_the_same_parts(authority, pairs):
    url = parse(str(Url("memory", authority, "", pairs)))

    assert url.authority == authority
    assert url.parameters == tuple(pairs)


def test_url_shown_hides_the_password():
    assert "canary" not in repr(parse("redis://user:canary@host?token=canary"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("", ""),
        ("memory://", "memory://"),
        ("redis://host:6379/0?db=1", "redis://host:6379/0?db=1"),
        ("redis://user:canary@host:6379/0", "redis://user:***@host:6379/0"),
        ("redis://:canary@host", "redis://:***@host"),
        ("redis://canary@host", "redis://***@host"),
        ("redis+unix://:canary@/path?db=1", "redis+unix://:***@/path?db=1"),
        ("redis://host?password=canary&db=1", "redis://host?password=***&db=1"),
        ("redis://host?ssl_password=canary", "redis://host?ssl_password=***"),
        ("redis://host?ssl_p%61ssword=canary", "redis://host?ssl_p%61ssword=***"),
        ("x://?signing-key=canary&api_token=canary", "x://?signing-key=***&api_token=***"),
        # malformed ones
        ("redis://user:ca@canary/ry@host/0", "redis://user:***@host/0"),
        ("redis://user:canary?na#ry@host/0", "redis://***"),
        ("redis://user:123/canary@host", "redis://user:***@host"),
        ("user:canary@host", "user:***@host"),
        ("user:canary://canary@host", "user:***@host"),
        ("redis:/user:canary@host", "redis:***@host"),
        ("redis://host?password=canary&canary", "redis://host?password=***"),
        ("redis://host?password=canary#canary", "redis://host?password=***"),
        ("redis://host?password=ca@canary", "redis://***"),
        ("redis://host?password=canary@ca&x=canary@", "redis://***"),
    ],
)
def test_redact_url_hides_credentials(url, shown):
    redacted = redact(url)

    assert "canary" not in redacted
    assert redacted == shown


@given(
    password=st.text(min_size=1).map(lambda text: f"<canary>{text}<canary>"),
    before=st.sampled_from(["redis://", "redis://user", "//", "", "redis:"]),
)
def test_redact_url_with_any_password_never_shows_it(password, before):
    assert "canary" not in redact(f"{before}:{password}@host:6379/0")


def test_parameters_read_become_keyword_arguments():
    arguments = KNOWN.read("x://?count=-3&max-size=64MiB&mode=fast&name=a%20b&ratio=0.5&safe=Yes")

    assert arguments == {
        "count": -3,
        "max_size": 64 * 1024 * 1024,
        "mode": "fast",
        "name": "a b",
        "ratio": 0.5,
        "safe": True,
    }


def test_parameters_of_bare_url_are_none():
    assert KNOWN.read("x://") == {}


def test_parameters_are_a_collection_of_names():
    assert "max-size" in KNOWN
    assert "max_size" not in KNOWN
    assert set(Parameters({"a": str, "b": str})) == {"a", "b"}


def test_parameters_unknown_are_refused_with_the_known_ones():
    with pytest.raises(
        ConfigurationError, match=r"`max_size`; known ones are `count`, `max-size`,"
    ):
        KNOWN.read("x://?max_size=1")


def test_parameters_of_scheme_that_takes_none_are_refused():
    with pytest.raises(ConfigurationError, match=r"`x://` does not know .* takes no parameters"):
        Parameters({}).read("x://?count=1")


def test_parameters_given_twice_are_refused():
    with pytest.raises(ConfigurationError, match="`count` is given more than once"):
        KNOWN.read("x://?count=1&count=1")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("count=many", "`count=many`.*whole number"),
        ("count=1.5", "whole number"),
        ("count=", "whole number"),
        ("max-size=64M", "`64MiB`, or `none`"),
        ("max-size=-1", "number of bytes"),
        ("max-size=1.5GiB", "number of bytes"),
        ("max-size=MiB", "number of bytes"),
        ("mode=slow", "one of `fast`, `small`"),
        ("ratio=half", "a number"),
        ("ratio=nan", "a number"),
        ("ratio=-inf", "a number"),
        ("safe=maybe", "`true` or `false`"),
    ],
)
def test_parameters_with_unusable_value_are_refused_with_what_is_expected(query, expected):
    with pytest.raises(ConfigurationError, match=expected):
        KNOWN.read(f"x://?{query}")


def test_parameters_with_unusable_secret_are_refused_without_showing_it():
    with pytest.raises(ConfigurationError, match=r"`password=\*\*\*`") as caught:
        KNOWN.read("x://?password=canary")

    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "bytes_"),
    [
        ("0", 0),
        ("65536", 65536),
        ("64KiB", 65536),
        ("64 kib", 65536),
        ("1KB", 1000),
        ("2MB", 2_000_000),
        ("2MiB", 2 << 20),
        ("3GB", 3_000_000_000),
        ("1gib", 1 << 30),
        ("7B", 7),
    ],
)
def test_size_in_any_unit_is_read_as_bytes(written, bytes_):
    assert size(written) == bytes_


@pytest.mark.parametrize("written", ["none", "None", "NONE"])
def test_optional_parameter_of_none_is_none(written):
    assert optional(integer)(written) is None


@pytest.mark.parametrize(
    ("written", "read"), [("on", True), ("1", True), ("OFF", False), ("no", False)]
)
def test_boolean_parameter_in_any_spelling_is_read(written, read):
    assert boolean(written) is read

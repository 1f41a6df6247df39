"""The default keys of release 3.5.1, byte for byte: the figures were written by that release."""

from __future__ import annotations

import pytest

from cachetory.decorators.shared import make_default_hashed_key, make_default_key


class Shown:
    def __str__(self):
        return "a:b"

    def __repr__(self):
        return "repr"

    def __format__(self, _specification):
        return "format"


def get():
    """Stand in for a method `get` of a class `Users` in a module `app.users`."""


get.__module__ = "app.users"
get.__qualname__ = "Users.get"

WRITTEN_BY_3_5_1 = [
    ((), {}, "", "eb603bf9011a7ce2c34062acf3ee1278f87facc4c54a231c3e2b2f8a2fe0a45d"),
    ((1, "a"), {}, ":1:a", "56dff3f4fe97f4fb3d0a4cdddb6faa8350934f08fe7787d2d38223ee5789e841"),
    (
        (1,),
        {"b": 2, "a": 1},
        ":1:a=1:b=2",
        "8ca64340c57ed5a529f689617539edb0d7ed7466027056574925cc552a8b4a7e",
    ),
    (
        ("a:b", ":"),
        {"k": "x:y"},
        ":a::b::::k=x::y",
        "a67681e58b6ba6cd855384d1e7603ce66b304df0b449f77965c1c559edc93c95",
    ),
    (
        (None, True, 1.5, b"x"),
        {},
        ":None:True:1.5:b'x'",
        "d8b82e37a1b1d202ec8686c621ae33b894cbffc2ef438dc6d34b2fed974b1bec",
    ),
    (
        (["a:b"], {"x": 1}),
        {"z": [":"]},
        ":['a::b']:{'x':: 1}:z=['::']",
        "d59b2a3da59044b74394387973fe27e6ac831c3075f563d5a325d45e709bba9d",
    ),
    (
        ("", ""),
        {"": ""},
        ":::=",
        "a503a829321e8dcc37160b2615bab33fb82dfde863d6c4c92c9c90db3fc474c7",
    ),
    (
        (),
        {"a:b": "::"},
        ":a::b=::::",
        "bc37b06dd13a28dce4693e0f4c21ac1aa6a9a5a51955ada5f5f769113258e61c",
    ),
    (
        (Shown(),),
        {"x": Shown()},
        ":a::b:x=a::b",
        "dce95097b91eb51a37afe744c224566974c93b1c62f9dda9a2bbd1e401c67bc2",
    ),
    (
        ("é\n 😀",),
        {},
        ":é\n 😀",
        "bc800154ff4dddaec1f05ca24466e8c215743a3acf68928731ffb77a5d352241",
    ),
    (
        (),
        {"a": 1, "a!": 2, "A": 4, "é": 5},
        ":A=4:a=1:a!=2:é=5",
        "17ce91c20ebf193fdf45213b8384555f899ebad0abf735571f2cc026bde888de",
    ),
]


@pytest.mark.parametrize(("args", "kwargs", "end", "_digest"), WRITTEN_BY_3_5_1)
def test_default_key_of_any_call_is_that_of_3_5_1(args, kwargs, end, _digest):
    assert make_default_key(get, *args, **kwargs) == f"app.users:Users.get{end}"


@pytest.mark.parametrize(("args", "kwargs", "_end", "digest"), WRITTEN_BY_3_5_1)
def test_hashed_key_of_any_call_is_that_of_3_5_1(args, kwargs, _end, digest):
    assert make_default_hashed_key(get, *args, **kwargs) == digest


def test_default_key_with_colons_in_the_name_leaves_them_single():
    def function():
        """Stand in for a function with a strange name."""

    function.__module__ = "a:b"
    function.__qualname__ = "c:d"

    assert make_default_key(function, "e:f") == "a:b:c:d:e::f"


def test_default_keys_take_the_callable_by_name_too():
    assert make_default_key(callable_=get) == "app.users:Users.get"
    assert make_default_hashed_key(callable_=get) == make_default_hashed_key(get)


def test_hashed_key_of_a_lone_surrogate_is_made_all_the_same():
    assert make_default_hashed_key(get, "\ud800") != make_default_hashed_key(get, "\ud801")

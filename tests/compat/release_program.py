"""A program that runs alike on this library and on release 3.5.1, and leaves its entries in Redis.

Each reads what the other has written: `write` and `read` take the URL of a Redis database.
"""

from __future__ import annotations

import json
from datetime import date, timedelta

from cachetory import serializers
from cachetory.backends.sync import RedisBackend
from cachetory.caches.sync import Cache
from cachetory.decorators.shared import make_default_hashed_key, make_default_key
from cachetory.decorators.sync import cached

PLAIN = {
    "text": 'grüße 🎉 \x00 "quoted"',
    "long": "the same again and again, " * 400,
    "numbers": [0, -1, 255, 2**40, -(2**40), 1.5, -0.0, 1e300],
    "constants": [None, True, False],
    "nested": {"empty": {}, "list": [[], [[]]]},
}
RICH = {"plain": PLAIN, "bytes": bytes(range(256)), "tuple": (1, ("two",)), 3: {4, 5}}
VALUES = {
    "pickle": RICH,
    "pickle+zlib": RICH,
    "pickle+zstd": RICH,
    "pickle+zstandard": RICH,
    "msgpack": PLAIN,
    "msgpack+zlib": PLAIN,
    "msgpack+zstd": PLAIN,
    "json": PLAIN,
}
OPTIONS = {
    "pickle": "?pickle-protocol=2",
    "pickle+zlib": "?compression-level=9",
    "pickle+zstd": "?pickle-protocol=4&compression-level=19&compression-threads=1",
}


GREETING = "Hello, you? Hello, you?"
greeted = []


class Point:
    """What a user's class may be like."""

    def __str__(self):
        return "Point(1:2)"

    def method(self):
        """Stand for a method."""


def greet(name, times=1, *, mark="!"):
    """Stand for a function whose results are cached."""
    greeted.append(name)
    return " ".join([f"Hello, {name}{mark}"] * times)


CALLS = [
    (function, args, kwargs)
    for function in (greet, Point.method, json.dumps, len, Point)
    for args, kwargs in [
        ((), {}),
        (("a",), {}),
        (("a:", "b"), {}),
        (("a", ":b"), {}),
        ((1, "1", True, None, 1.0), {}),
        ((b"\x00:", ("x:y", [1, {"k": "v:"}]), frozenset()), {}),
        ((Point(), date(2024, 2, 29), timedelta(hours=1)), {}),
        (("grüße 🎉", "", " ", "\n"), {}),
        ((), {"b": 1, "a": 2, "B": 3}),
        (("a=b",), {"a": "b=c:d", "z": None}),
        ((), {"name:": "odd", "straße": "ü"}),
        (("x" * 10_000,), {}),
    ]
]


def keys():
    """Give the default keys of many calls, plain and hashed."""
    return [
        make_key(function, *args, **kwargs)
        for function, args, kwargs in CALLS
        for make_key in (make_default_key, make_default_hashed_key)
    ]


def caches(url):
    """Give a cache for every chain of serializers, and another with options."""
    with RedisBackend.from_url(url) as backend:
        for schemes in VALUES:
            for options in ("", OPTIONS.get(schemes, "")):
                serializer = serializers.from_url(f"{schemes}://{options}")
                prefix = f"{schemes}{options}:"
                yield schemes, Cache(serializer=serializer, backend=backend, prefix=prefix)


def write(url):
    """Write entries of every kind, and the result of a decorated function."""
    for schemes, cache in caches(url):
        value = VALUES[schemes]
        cache.set("eternal", value)
        cache.set("brief", value, time_to_live=timedelta(hours=1))
        cache["item"] = value
        cache.set_many([("many", value), ("more", value)])
        assert result_of_greet(cache) == GREETING


def read(url):
    """Tell what of that cannot be read, by the prefixes and keys."""
    return [problem for schemes, cache in caches(url) for problem in problems(schemes, cache)]


def problems(schemes, cache):
    """Tell which entries of a cache are missing or of another value."""
    for key in ("eternal", "brief", "item", "many", "more"):
        if cache.get(key) != VALUES[schemes]:
            yield f"{schemes}: {key}"
    greeted.clear()
    if result_of_greet(cache) != GREETING or greeted:
        yield f"{schemes}: the result of a function"


def result_of_greet(cache):
    """Call a function whose results are cached under the default keys of the release."""
    return cached(cache, make_key=make_default_key)(greet)("you", 2, mark="?")

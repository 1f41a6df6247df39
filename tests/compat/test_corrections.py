"""Where this library is right instead of equal to release 3.5.1: what is of one colour, or of none.

The rest of the table is in `async_/test_corrections.py` and its twin.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from functools import partial
from importlib.metadata import metadata

import pytest

from cachetory import async_, serializers, sync
from cachetory.errors import ConfigurationError, UncacheableFunctionError
from cachetory.serializers.compressors import ZstdCompressor
from tests.backends.addresses import patient

# Type checkers refuse decorated functions and methods

TYPED = """
from typing_extensions import assert_type

from cachetory import async_, sync


@sync.cached(None)
def function(number: int) -> str:
    return str(number)


@async_.cached(None)
async def coroutine_function(number: int) -> str:
    return str(number)


class Class:
    @sync.cached(None)
    def method(self, number: int) -> str:
        return str(number)

    @sync.cached(None)
    @classmethod
    def class_method(cls, number: int) -> str:
        return str(number)

    @sync.cached(None)
    @staticmethod
    def static_method(number: int) -> str:
        return str(number)


async def use() -> None:
    assert_type(function(1), str)
    assert_type(await coroutine_function(1), str)
    assert_type(Class().method(1), str)
    assert_type(Class.class_method(1), str)
    assert_type(Class.static_method(1), str)
    assert_type(Class().method.purge(1), bool)
    function("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Class().method("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
"""

MYPY = ["mypy", "--strict", "--config-file=", "--cache-dir=.", "typed.py"]
PYRIGHT = ["pyright", "--pythonpath", sys.executable, "typed.py"]


@pytest.mark.parametrize("checker", [MYPY, PYRIGHT], ids=["mypy", "pyright"])
def test_decorated_functions_and_methods_keep_their_types(checker, tmp_path):
    (tmp_path / "typed.py").write_text(TYPED)
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')

    result = subprocess.run(
        [sys.executable, "-m", *checker], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stdout + result.stderr


# Async Redis dies on a second event loop


def test_asynchronous_redis_serves_one_event_loop_after_another(valkey_server):
    backend = async_.RedisBackend.from_url(patient(valkey_server.fresh_url()))

    async def visit(key):
        async with backend:
            await backend.set(key, key.encode())
            return await backend.get("first")

    assert [asyncio.run(visit(key)) for key in ("first", "second")] == [b"first"] * 2


# `"k" in cache` raises `KeyError: '0'`


def test_in_of_a_synchronous_cache_tells_whether_there_is_a_key():
    cache = sync.memory_cache()
    cache["key"] = None

    assert "key" in cache
    assert "missing" not in cache


def test_in_of_an_asynchronous_cache_is_refused_with_the_way_out():
    with pytest.raises(TypeError, match=r"await cache\.contains\('key'\)"):
        _ = "key" in async_.memory_cache()


# `exclude=lambda…: coroutine` is always true


async def refuse_odd_numbers(key, value):
    """Stand for a coroutine function."""
    return value % 2 == 1


@pytest.mark.parametrize(
    "exclude",
    [
        refuse_odd_numbers,
        lambda key, value: refuse_odd_numbers(key, value),  # noqa: PLW0108 (the case at hand)
        partial(refuse_odd_numbers),
        lambda key, value: asyncio.ensure_future(refuse_odd_numbers(key, value)),
    ],
    ids=["function", "lambda", "partial", "future"],
)
async def test_exclude_of_any_awaitable_is_awaited(exclude):
    cache = async_.memory_cache()

    @async_.cached(cache, make_key=lambda _, number: str(number), exclude=exclude)
    async def identity(number: int) -> int:
        return number

    assert [await identity(1), await identity(2)] == [1, 2]
    assert await cache.get_many("1", "2") == {"2": 2}


# Sync `@cached` on `async def` caches the coroutine


async def coroutine_function():
    """Stand for a function of the other colour."""


class AsynchronousCallable:
    """An object that is called like a function of the other colour."""

    async def __call__(self):
        """Do nothing."""


@pytest.mark.parametrize(
    "function", [coroutine_function, AsynchronousCallable(), partial(coroutine_function)]
)
def test_coroutine_function_under_the_synchronous_decorator_is_refused(function):
    with pytest.raises(UncacheableFunctionError, match=r"cachetory\.decorators\.async_"):
        sync.cached(sync.memory_cache())(function)


async def asynchronous_generator():
    """Stand for a function whose result is used up once."""
    yield 1


@pytest.mark.parametrize("colour", [sync, async_])
def test_asynchronous_generator_is_refused(colour):
    with pytest.raises(UncacheableFunctionError, match="generator"):
        colour.cached(colour.memory_cache())(asynchronous_generator)


# Unknown URL parameters pass silently; all layers share one query


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("pickle://?protocol=4", "`pickle-protocol`"),
        ("pickle+zlib://?compressionlevel=4", "`compression-level`.*`pickle-protocol`"),
        ("pickle+zstd://?zlib.compression-level=4", "zlib"),
        ("json://?indent=1", "no parameters"),
    ],
)
def test_unknown_url_parameter_of_a_serializer_is_refused_with_the_known_ones(url, known):
    with pytest.raises(ConfigurationError, match=known):
        serializers.from_url(url)


def test_url_parameter_addresses_one_layer():
    noise = bytes(number * number % 251 for number in range(20_000))
    of_zstd = "zstd+zlib://?zstd.compression-level=19&zlib.compression-level=0"
    uncompressed_by_zlib = serializers.from_url(of_zstd).serialize(noise)

    assert ZstdCompressor(compression_level=19).serialize(noise) in uncompressed_by_zlib


# The error text names a missing extra

MISSING = """
import sys
for name in ("backports", "compression", "django", "ormsgpack", "redis", "zstandard"):
    sys.modules[name] = None
from cachetory import async_, serializers, sync
for make, url in (
    (sync.from_url, "redis://"),
    (async_.from_url, "rediss://"),
    (sync.from_url, "django://"),
    (async_.from_url, "django://"),
    (serializers.from_url, "msgpack://"),
    (serializers.from_url, "pickle+zstd://"),
):
    try:
        make(url)
    except ImportError as error:
        print(error)
"""


def test_missing_extra_is_named_by_its_right_name():
    output = subprocess.check_output([sys.executable, "-c", MISSING], text=True)

    named = re.findall(r"pip install 'cachetory\[(\w+)\]'", output)
    assert named == ["redis", "redis", "django", "django", "msgpack", "zstd"]
    assert set(named) <= set(metadata("cachetory").get_all("Provides-Extra"))


# Pydantic is loaded for four integers

BASIC = "cachetory.caches.sync, cachetory.decorators.sync, cachetory.backends.sync"
LOADED = f"""
import sys
before = set(sys.modules)
import {BASIC}, cachetory.serializers
print(*sorted(set(sys.modules) - before))
"""


def test_no_third_party_package_is_mandatory_but_typing_extensions():
    requirements = metadata("cachetory").get_all("Requires-Dist")
    mandatory = [line for line in requirements if "extra ==" not in line]

    assert [re.match(r"[\w-]+", line)[0] for line in mandatory] == ["typing-extensions"]


def test_import_loads_no_third_party_package():
    output = subprocess.check_output([sys.executable, "-c", LOADED], text=True)

    loaded = {name.partition(".")[0] for name in output.split()}
    assert loaded - sys.stdlib_module_names <= {"cachetory", "typing_extensions"}

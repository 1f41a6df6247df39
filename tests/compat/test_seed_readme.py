"""The first README, before the library existed: its examples and what its text promises.

The examples run as they stand in `seed_examples.md`, but for the address of the server, and again
translated into each colour.
"""

from __future__ import annotations

import ast
import pickle
import re
import zlib
from datetime import timedelta
from importlib import import_module
from importlib.metadata import metadata
from inspect import isawaitable
from pathlib import Path

import pytest

from cachetory import serializers
from cachetory.serializers import NoopSerializer, PickleSerializer
from cachetory.serializers.compressors import ZlibCompressor, ZstdCompressor
from tests.backends.addresses import patient

EXAMPLES = dict(
    re.findall(
        r"^## ([^\n]+)\n\n```python\n(.*?)^```$",
        Path(__file__).with_name("seed_examples.md").read_text("utf-8"),
        re.MULTILINE | re.DOTALL,
    )
)
CLASSES_OF_SCHEMES = {
    "redis": "RedisBackend",
    "rediss": "RedisBackend",
    "redis+unix": "RedisBackend",
    "memory": "MemoryBackend",
    "dummy": "DummyBackend",
}
CLIENT = "redis.Redis(...)"
BLOB = b"this huge blob will be compressed and stored in Redis for an hour"


def as_written(code):
    return code


def in_sync(code):
    code = re.sub(r"\basync_\b", "sync", code)
    return re.sub(r"\b(async|await) ", "", code)


def in_async(code):
    code = re.sub(r"\bsync\b", "async_", code)
    code = code.replace("redis.Redis(", "redis.asyncio.Redis(")
    code = re.sub(r"(?<!await )\bcache\.(?=[gs]et\()", "await cache.", code)
    return re.sub(r"^with ", "async with ", code, flags=re.MULTILINE)


colours = pytest.mark.parametrize("colour", ["sync", "async_"])
variants = pytest.mark.parametrize("translate", [as_written, in_sync, in_async])


async def run(code, watched="cache"):
    """Run code line by line, as a notebook does; give what a name stood for, one by one."""
    names = {}
    met = []
    for statement in ast.parse(code).body:
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        line = compile(ast.Module([statement], []), "<example>", "exec", flags=flags)
        result = eval(line, names)
        if isawaitable(result):
            await result
        value = names.get(watched)
        if value is not None and not any(value is known for known in met):
            met.append(value)
    return met


async def settle(result):
    """Give the result of a call of either colour."""
    return await result if isawaitable(result) else result


async def close(opened):
    """Close a cache or a backend of either colour."""
    await settle(opened.aclose() if hasattr(opened, "aclose") else opened.close())


@pytest.fixture
def server(redis_server):
    redis_server.command("FLUSHALL", "SYNC")
    return redis_server


@pytest.fixture
def example(server):
    """Give the code of an example with the address of the server in it."""

    def code(title):
        address = patient(f"redis://127.0.0.1:{server.port}\\1")
        code = re.sub(r"redis://localhost:6379(/1)?", address, EXAMPLES[title])
        if "RedisBackend(...)" in code:
            code = "import redis\n" + code.replace("RedisBackend(...)", f"RedisBackend({CLIENT})")
        return code.replace(CLIENT, f"redis.Redis(host='127.0.0.1', port={server.port})")

    return code


# The examples


def test_examples_are_all_tested():
    assert list(EXAMPLES) == [
        "An asynchronous cache",
        "A synchronous cache",
        "Backends",
        "Serializers",
        "Compressed blobs",
    ]


@variants
@pytest.mark.parametrize("title", ["An asynchronous cache", "A synchronous cache"])
async def test_example_of_a_cache_stores_its_value_in_redis(example, server, title, translate):
    await run(translate(example(title)))

    stored = server.command("GET", "foo")
    assert stored.startswith(b"\x28\xb5\x2f\xfd")
    assert pickle.loads(ZstdCompressor().deserialize(stored)) == 42


@pytest.mark.parametrize(
    ("translate", "colours"),
    [
        (as_written, ["sync", "async_", "sync", "async_"]),
        (in_sync, ["sync"] * 4),
        (in_async, ["async_"] * 4),
    ],
)
async def test_example_of_backends_gives_backend_of_each_kind(example, translate, colours):
    backends = await run(translate(example("Backends")), "backend")

    kinds = ["MemoryBackend", "DummyBackend", "RedisBackend", "RedisBackend"]
    expected = [
        getattr(import_module(f"cachetory.backends.{colour}"), kind)
        for colour, kind in zip(colours, kinds, strict=True)
    ]
    assert [type(backend) for backend in backends] == expected
    for backend in backends[2:]:
        await settle(backend.set("key", b"value"))
        assert await settle(backend.get("key")) == b"value"
        await close(backend)


async def test_example_of_serializers_gives_serializers_that_restore_their_values():
    made = await run(EXAMPLES["Serializers"], "serializer")

    value = {"answer": (42, None)}
    assert [serializer.deserialize(serializer.serialize(value)) for serializer in made] == [
        value
    ] * 5
    assert [type(serializer) for serializer in made[2:]] == [
        NoopSerializer,
        NoopSerializer,
        PickleSerializer,
    ]


@variants
async def test_example_of_compressed_blobs_stores_one_for_an_hour(example, server, translate):
    [cache] = await run(translate(example("Compressed blobs")))
    await close(cache)

    assert zlib.decompress(server.command("GET", "my-blob")) == BLOB
    assert 3_590 < server.command("TTL", "my-blob") <= 3_600


# What the text promises


@colours
@pytest.mark.parametrize(("scheme", "kind"), CLASSES_OF_SCHEMES.items())
async def test_backend_of_each_scheme_is_of_the_class_that_is_promised(colour, scheme, kind):
    backends = import_module(f"cachetory.backends.{colour}")
    url = f"{scheme}:///run/server.sock" if "unix" in scheme else f"{scheme}://"

    backend = await settle(backends.from_url(url))

    assert type(backend) is getattr(backends, kind)
    assert type(getattr(backends, kind).from_url(url)) is type(backend)


@colours
async def test_from_url_stands_right_below_the_package_too(colour):
    short = import_module(f"cachetory.{colour}")

    assert short.from_url is import_module(f"cachetory.backends.{colour}").from_url


@colours
async def test_redis_url_with_options_of_the_client_forwards_them(colour, server):
    backends = import_module(f"cachetory.backends.{colour}")
    url = f"redis://127.0.0.1:{server.port}/7?client_name=example&socket_timeout=9"
    backend = await settle(backends.from_url(url))

    await settle(backend.set("foo", b"bar"))

    assert b"name=example" in server.command("CLIENT", "LIST")
    assert server.command("GET", "foo", database=7) == b"bar"
    await close(backend)


@colours
async def test_redis_unix_url_is_forwarded_without_its_first_part(colour, server):
    backends = import_module(f"cachetory.backends.{colour}")
    backend = await settle(backends.from_url(f"redis+{patient(server.unix_url)}"))

    await settle(backend.set("foo", b"bar"))

    assert server.command("GET", "foo") == b"bar"
    await close(backend)


@colours
@pytest.mark.parametrize("url", ["memory://", "redis://"])
async def test_operations_of_the_table_do_what_it_says(colour, url, server):
    cache = import_module(f"cachetory.caches.{colour}").Cache(
        serializer=serializers.from_url("pickle://"),
        backend=await settle(
            import_module(f"cachetory.backends.{colour}").from_url(
                patient(server.url) if url == "redis://" else url
            )
        ),
    )

    assert await settle(cache.get("key")) is None
    assert await settle(cache.get("key", "default")) == "default"
    assert await settle(cache.set("key", 1)) is True
    assert await settle(cache.set("key", 2, if_not_exists=True)) is False
    assert await settle(cache.set("brief", 3, time_to_live=timedelta(hours=1))) is True
    assert await settle(cache.get("key")) == 1
    await settle(cache.set_many({"other": 4}))
    await settle(cache.set_many([("last", 5)]))
    assert await settle(cache.get_many("other", "last", "none")) == {"other": 4, "last": 5}
    await settle(cache.expire_in("other", timedelta(0)))
    assert await settle(cache.get("other")) is None
    assert await settle(cache.delete("key")) is True
    assert await settle(cache.delete("key")) is False
    await close(cache)


def test_operations_on_items_of_a_synchronous_cache_do_what_the_table_says():
    from cachetory.sync import Cache  # noqa: PLC0415 (as an example would)

    cache = Cache[int](serializer=NoopSerializer(), backend="memory://")

    cache["key"] = 1
    assert cache["key"] == 1
    del cache["key"]
    with pytest.raises(KeyError, match="key"):
        cache["key"]


def test_operations_on_items_of_an_asynchronous_cache_are_refused_with_the_way_out():
    from cachetory.async_ import Cache  # noqa: PLC0415 (as an example would)

    cache = Cache[int](serializer=NoopSerializer(), backend="memory://")

    with pytest.raises(TypeError, match=r"await cache\.get\('key'\)"):
        cache["key"]


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("pickle://", PickleSerializer),
        ("noop://", NoopSerializer),
        ("null://", NoopSerializer),
        ("zlib://", ZlibCompressor),
        ("zstd://", ZstdCompressor),
        ("zstandard://", ZstdCompressor),
    ],
)
def test_serializer_of_each_scheme_is_of_the_class_that_is_promised(url, kind):
    assert type(serializers.from_url(url)) is kind
    assert type(kind.from_url(url)) is kind


def test_serializers_joined_are_applied_left_to_right_and_undone_right_to_left():
    serializer = serializers.from_url("pickle+zlib://")

    wire = serializer.serialize("value")

    assert pickle.loads(zlib.decompress(wire)) == "value"
    assert serializer.deserialize(wire) == "value"


def test_noop_serializer_passes_values_back_and_forth():
    serializer, value = NoopSerializer(), object()

    assert serializer.serialize(value) is value
    assert serializer.deserialize(value) is value


@colours
async def test_noop_serializer_in_memory_keeps_the_very_object(colour):
    cache = import_module(f"cachetory.caches.{colour}").Cache(
        serializer=NoopSerializer(),
        backend=import_module(f"cachetory.backends.{colour}").MemoryBackend(),
    )
    value = object()

    await settle(cache.set("key", value))

    assert await settle(cache.get("key")) is value


def test_extras_of_the_badges_exist():
    assert {"redis-sync", "redis-async", "zstd"} <= set(
        metadata("cachetory").get_all("Provides-Extra")
    )

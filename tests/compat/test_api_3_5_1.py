"""The interface of release 3.5.1, name by name: what it offered is here, and takes what it took."""

from __future__ import annotations

import subprocess
import sys
from asyncio import get_running_loop
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from importlib import import_module
from inspect import Parameter, signature
from threading import current_thread
from typing import Any

import pytest

from cachetory.backends.async_ import MemoryBackend as AsyncMemoryBackend
from cachetory.caches import async_ as async_caches
from cachetory.caches import sync as sync_caches
from cachetory.serializers import NoopSerializer
from cachetory.shortcuts import sync as sync_shortcuts

BACKENDS = "MemoryBackend DummyBackend RedisBackend DjangoBackend"
NAMES = {
    "caches.{colour}": "Cache",
    "backends.{colour}": f"from_url {BACKENDS}",
    "backends.{colour}.memory": "MemoryBackend",
    "backends.{colour}.dummy": "DummyBackend",
    "backends.{colour}.redis": "RedisBackend",
    "backends.{colour}.django": "DjangoBackend",
    "decorators.{colour}": "cached",
    "decorators.shared": "make_default_key make_default_hashed_key",
    "interfaces.backends.{colour}": "{Colour}BackendRead {Colour}BackendWrite {Colour}Backend",
    "interfaces.backends.private": "WireT WireT_co WireT_contra",
    "interfaces.serializers": "Serialize Deserialize Serializer ValueT ValueT_co ValueT_contra",
    "serializers": (
        "from_url ChainedSerializer JsonSerializer NoopSerializer PickleSerializer "
        "MsgPackSerializer chained json msgpack noop pickle compressors"
    ),
    "serializers.chained": "ChainedSerializer",
    "serializers.json": "JsonSerializer",
    "serializers.msgpack": "MsgPackSerializer",
    "serializers.noop": "NoopSerializer",
    "serializers.pickle": "PickleSerializer",
    "serializers.compressors": "ZlibCompressor ZstdCompressor zlib zstd",
    "serializers.compressors.zlib": "ZlibCompressor",
    "serializers.compressors.zstd": "ZstdCompressor",
    "shortcuts.{colour}": "memory_cache dummy_cache",
}

GET = "(self, key)"
GET_MANY = "(self, *keys)"
SET = "(self, key, value, *, time_to_live=None, if_not_exists=False)"
SIGNATURES = {
    "caches.{colour}:Cache": "(*, serializer, backend, prefix='')",
    "caches.{colour}:Cache.get": "(self, key, default=None)",
    "caches.{colour}:Cache.get_many": GET_MANY,
    "caches.{colour}:Cache.set": "(self, key, value, time_to_live=None, if_not_exists=False)",
    "caches.{colour}:Cache.set_many": "(self, items)",
    "caches.{colour}:Cache.expire_in": "(self, key, time_to_live=None)",
    "caches.{colour}:Cache.delete": GET,
    "caches.{colour}:Cache.delete_many": GET_MANY,
    "caches.{colour}:Cache.clear": "(self)",
    "backends.{colour}:from_url": "(url)",
    "backends.{colour}:MemoryBackend": "()",
    "backends.{colour}:DummyBackend": "()",
    "backends.{colour}:RedisBackend": "(client)",
    "backends.{colour}:DjangoBackend": "(cache=...)",
    "serializers:from_url": "(url)",
    "serializers:ChainedSerializer": "(layers)",
    "serializers:JsonSerializer": "()",
    "serializers:MsgPackSerializer": "()",
    "serializers:NoopSerializer": "()",
    "serializers:PickleSerializer": "(pickle_protocol=5)",
    "serializers.compressors:ZlibCompressor": "(*, compression_level=-1)",
    "serializers.compressors:ZstdCompressor": "(*, compression_level=3, compression_threads=0)",
    "interfaces.serializers:Serialize.serialize": "(self, value)",
    "interfaces.serializers:Deserialize.deserialize": "(self, data)",
    "interfaces.serializers:Serializer.from_url": "(url)",
    "decorators.{colour}:cached": (
        "(cache, *, make_key=..., time_to_live=None, if_not_exists=False, exclude=None)"
    ),
    "decorators.shared:make_default_key": "(callable_, *args, **kwargs)",
    "decorators.shared:make_default_hashed_key": "(callable_, *args, **kwargs)",
    "shortcuts.{colour}:memory_cache": "()",
    "shortcuts.{colour}:dummy_cache": "()",
    **{
        f"{backend}.{method}": text
        for backend in (
            *(f"backends.{{colour}}:{name}" for name in BACKENDS.split()),
            "interfaces.backends.{colour}:{Colour}Backend",
        )
        for method, text in {
            "from_url": "(url)",
            "get": GET,
            "get_many": GET_MANY,
            "set": SET,
            "set_many": "(self, items)",
            "expire_in": "(self, key, time_to_live=None)",
            "expire_at": "(self, key, deadline)",
            "delete": GET,
            "delete_many": GET_MANY,
            "clear": "(self)",
        }.items()
    },
}


def coloured(text):
    """Give a text of the tables for each colour, if it depends on one."""
    colours = (("sync", "Sync"), ("async_", "Async"))
    return dict.fromkeys(text.format(colour=low, Colour=up) for low, up in colours)


def named(texts):
    """Pair the modules with their names, in each colour."""
    for module, names in texts.items():
        for line in coloured(f"{module}:{names}"):
            path, _, found = line.partition(":")
            yield from ((path, name) for name in found.split())


def look_up(path):
    """Find what a path such as `caches.sync:Cache.get` stands for."""
    module, _, attributes = path.partition(":")
    found: Any = import_module(f"cachetory.{module}")
    for name in attributes.split("."):
        found = getattr(found, name)
    return found


@pytest.mark.parametrize(("module", "name"), list(named(NAMES)))
def test_name_of_the_release_exists(module, name):
    assert hasattr(import_module(f"cachetory.{module}"), name)


@pytest.mark.parametrize(
    ("path", "text"),
    [(path, text) for pattern, text in SIGNATURES.items() for path in coloured(pattern)],
)
def test_signature_takes_what_that_of_the_release_takes(path, text):
    scope: dict[str, Any] = {}
    exec(f"def function{text}: ...", scope)
    theirs = list(signature(scope["function"]).parameters.values())

    ours = list(signature(look_up(path)).parameters.values())

    for position, parameter in enumerate(theirs):
        by_name = {known.name: (index, known) for index, known in enumerate(ours)}
        index, known = by_name[parameter.name]
        assert known.kind in (parameter.kind, Parameter.POSITIONAL_OR_KEYWORD)
        assert index == position or parameter.kind is Parameter.KEYWORD_ONLY
        if parameter.default is ...:
            assert known.default is not Parameter.empty
        else:
            assert known.default == parameter.default
    for parameter in ours[len(theirs) :]:
        assert parameter.default is not Parameter.empty or parameter.kind in (
            Parameter.VAR_POSITIONAL,
            Parameter.VAR_KEYWORD,
        )


@pytest.mark.parametrize("colour", ["sync", "async_"])
@pytest.mark.parametrize("submodule", ["memory", "dummy", "redis", "django"])
def test_submodule_of_a_backend_is_an_attribute_of_its_package(colour, submodule):
    code = f"import cachetory.backends.{colour} as backends; print(backends.{submodule}.__name__)"

    output = subprocess.check_output([sys.executable, "-c", code], stderr=subprocess.PIPE)

    assert output.decode().strip() == f"cachetory.backends.{colour}.{submodule}"


@pytest.mark.parametrize(
    "path",
    [
        "backends.{colour}:MemoryBackend",
        "backends.{colour}:DummyBackend",
        "interfaces.backends.{colour}:{Colour}BackendRead",
        "interfaces.backends.{colour}:{Colour}BackendWrite",
        "interfaces.backends.{colour}:{Colour}Backend",
        "interfaces.serializers:Serializer",
        "serializers:ChainedSerializer",
        "serializers:JsonSerializer",
        "serializers:MsgPackSerializer",
        "serializers:NoopSerializer",
        "serializers:PickleSerializer",
        "shortcuts.{colour}:Cache",
        "caches.{colour}:Cache",
    ],
)
def test_generic_class_takes_as_many_type_arguments_as_in_the_release(path):
    for coloured_path in coloured(path):
        kind = look_up(coloured_path)
        two = kind.__name__ in ("Cache", "ChainedSerializer", "Serializer")

        assert kind[(int, bytes) if two else bytes]


def test_cache_takes_one_type_argument_as_in_the_first_readme():
    assert sync_caches.Cache[int]
    assert async_caches.Cache[int]


@pytest.mark.parametrize("colour", ["sync", "async_"])
def test_backends_and_caches_are_context_managers_of_their_colour(colour):
    manager = AbstractContextManager if colour == "sync" else AbstractAsyncContextManager

    assert isinstance(look_up(f"shortcuts.{colour}:memory_cache")(), manager)
    assert isinstance(look_up(f"backends.{colour}:MemoryBackend")(), manager)


# What only one colour has


def test_items_of_a_synchronous_cache_are_got_set_and_deleted():
    cache = sync_shortcuts.memory_cache()

    cache["key"] = 1
    assert cache["key"] == 1
    del cache["key"]
    with pytest.raises(KeyError, match="key"):
        cache["key"]
    with pytest.raises(KeyError, match="key"):
        del cache["key"]


def test_asynchronous_backend_in_a_plain_with_raises_runtime_error():
    backend = AsyncMemoryBackend()

    with pytest.raises(RuntimeError, match="async"), backend:
        pass


class NamesItsThread(NoopSerializer[str]):
    """Tells in which thread it is called."""

    def serialize(self, value):
        return f"{value} {current_thread().name}"


@pytest.fixture
def executor():
    with ThreadPoolExecutor(1, thread_name_prefix="ours") as executor:
        yield executor


async def test_serializer_without_an_executor_is_called_inline():
    cache = async_caches.Cache(serializer=NamesItsThread(), backend=AsyncMemoryBackend())

    await cache.set("key", "value")

    assert await cache.get("key") == f"value {current_thread().name}"


async def test_serializer_with_executor_none_is_called_in_the_one_of_the_loop(executor):
    get_running_loop().set_default_executor(executor)
    cache = async_caches.Cache(
        serializer=NamesItsThread(),
        backend=AsyncMemoryBackend(),
        serialize_executor=None,
    )

    await cache.set("key", "value")

    assert await cache.get("key") == "value ours_0"


async def test_serializer_with_an_executor_is_called_there(executor):
    cache = async_caches.Cache(
        serializer=NamesItsThread(),
        backend=AsyncMemoryBackend(),
        serialize_executor=executor,
    )

    await cache.set_many({"a": "1", "b": "2"})

    assert await cache.get_many("a", "b") == {"a": "1 ours_0", "b": "2 ours_0"}

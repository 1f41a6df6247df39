"""The short ways in: `cachetory.sync` and `cachetory.async_`, and caches made by one call."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from inspect import isawaitable, signature

import pytest

from cachetory.backends.memory_stores import DEFAULT_MAX_ENTRIES
from cachetory.errors import ConfigurationError

HOMES = {
    "Cache": "caches",
    "DjangoBackend": "backends",
    "DummyBackend": "backends",
    "MemoryBackend": "backends",
    "RedisBackend": "backends",
    "SqliteBackend": "backends",
    "cached": "decorators",
    "dummy_cache": "shortcuts",
    "from_url": "backends",
    "memory_cache": "shortcuts",
}
LAZY = {"DjangoBackend", "RedisBackend", "SqliteBackend"}

BARE_STAR_IMPORT = """
import sys
for name in ("django", "redis"):
    sys.modules[name] = None
from cachetory.{} import *
print(sorted(name for name in dir() if name in {!r}))
try:
    from cachetory.{} import RedisBackend
except ImportError as error:
    print(error)
"""


@pytest.fixture(params=["sync", "async_"])
def colour(request):
    return request.param


@pytest.fixture
def short(colour):
    return import_module(f"cachetory.{colour}")


@pytest.fixture
def shortcuts(colour):
    return import_module(f"cachetory.shortcuts.{colour}")


async def settle(result):
    """Give the result of a call of either colour."""
    return await result if isawaitable(result) else result


@pytest.mark.parametrize(("name", "home"), HOMES.items())
def test_short_way_leads_to_the_same_object_as_the_long_one(colour, short, name, home):
    assert getattr(short, name) is getattr(import_module(f"cachetory.{home}.{colour}"), name)


def test_short_way_to_an_unknown_name_raises_attribute_error(short):
    with pytest.raises(AttributeError, match=r"no attribute 'unknown'"):
        _ = short.unknown


def test_short_way_without_any_extra_gives_all_but_what_needs_one(colour):
    code = BARE_STAR_IMPORT.format(colour, set(HOMES), colour)

    output = subprocess.check_output([sys.executable, "-c", code], text=True)

    names, message = output.splitlines()
    assert names == str(sorted(HOMES.keys() - LAZY))
    assert "cachetory[redis]" in message


async def test_memory_cache_keeps_the_very_objects(shortcuts):
    cache, value = shortcuts.memory_cache(), object()

    await settle(cache.set("key", value))

    assert await settle(cache.get("key")) is value


async def test_memory_caches_do_not_share_a_store(shortcuts):
    cache, other = shortcuts.memory_cache(), shortcuts.memory_cache()

    await settle(cache.set("key", 1))

    assert await settle(other.get("key")) is None


@pytest.mark.parametrize(("max_entries", "size"), [(10, 10), (None, 100)])
async def test_memory_cache_with_a_bound_holds_no_more(shortcuts, max_entries, size):
    cache = shortcuts.memory_cache(max_entries=max_entries)

    await settle(cache.set_many((str(number), number) for number in range(100)))

    assert cache.backend.size == size


def test_memory_cache_is_bounded_by_default(shortcuts):
    default = signature(shortcuts.memory_cache).parameters["max_entries"].default

    assert default == DEFAULT_MAX_ENTRIES


def test_memory_cache_with_an_unusable_bound_is_refused(shortcuts):
    with pytest.raises(ConfigurationError):
        shortcuts.memory_cache(max_entries=-1)


async def test_dummy_cache_keeps_nothing(shortcuts):
    cache = shortcuts.dummy_cache()

    assert await settle(cache.set("key", 1)) is True

    assert await settle(cache.get("key", "default")) == "default"


@pytest.mark.parametrize("name", ["memory_cache", "dummy_cache"])
def test_shortcuts_need_no_arguments(shortcuts, name):
    signature(getattr(shortcuts, name)).bind()

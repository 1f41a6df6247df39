"""The short way in: what one starts with, asynchronous, from one module.

`RedisBackend` and `DjangoBackend` are here as well. They are imported on first use, since each
needs an extra.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cachetory.backends import async_ as backends
from cachetory.backends.async_ import DummyBackend, MemoryBackend, from_url
from cachetory.caches.async_ import Cache
from cachetory.decorators.async_ import cached
from cachetory.shortcuts.async_ import dummy_cache, memory_cache

__all__ = [
    "Cache",
    "DummyBackend",
    "MemoryBackend",
    "cached",
    "dummy_cache",
    "from_url",
    "memory_cache",
]

if TYPE_CHECKING:
    from cachetory.backends.async_ import DjangoBackend, RedisBackend

    __all__ += ["DjangoBackend", "RedisBackend"]


def __getattr__(name: str) -> Any:
    if name in ("DjangoBackend", "RedisBackend"):
        return getattr(backends, name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)

"""The short way in: what one starts with, asynchronous, from one module.

`RedisBackend`, `SqliteBackend`, `DjangoBackend` and `Policy` are here as well. They are imported on
first use, since they need an extra, or take long to import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cachetory.backends import async_ as backends
from cachetory.backends.async_ import DummyBackend, MemoryBackend, from_url
from cachetory.caches.async_ import Cache
from cachetory.decorators.async_ import cached, cached_many
from cachetory.shortcuts.async_ import dummy_cache, memory_cache

__all__ = [
    "Cache",
    "DummyBackend",
    "MemoryBackend",
    "cached",
    "cached_many",
    "dummy_cache",
    "from_url",
    "memory_cache",
]

if TYPE_CHECKING:
    from cachetory.backends.async_ import DjangoBackend, RedisBackend, SqliteBackend
    from cachetory.policy import Policy

    __all__ += ["DjangoBackend", "Policy", "RedisBackend", "SqliteBackend"]


def __getattr__(name: str) -> Any:
    if name in ("DjangoBackend", "RedisBackend", "SqliteBackend"):
        return getattr(backends, name)
    if name == "Policy":
        from cachetory.policy import Policy  # noqa: PLC0415 (which imports `dataclasses`)

        return Policy
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)

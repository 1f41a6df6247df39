# Generated from src/cachetory/backends/async_/__init__.py by tools/unasync.py. Do not edit: edit that file instead.
"""Synchronous backends, and `from_url` to choose one of them by the scheme of a URL."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cachetory._core.registry import Registry
from cachetory.backends.sync.dummy import DummyBackend
from cachetory.backends.sync.memory import MemoryBackend

if TYPE_CHECKING:
    from cachetory._core.registry import FromUrl
    from cachetory.backends.sync.django import DjangoBackend
    from cachetory.backends.sync.redis import RedisBackend
    from cachetory.backends.sync.sqlite import SqliteBackend
    from cachetory.interfaces.backends.sync import SyncBackend

__all__ = [
    "DjangoBackend",
    "DummyBackend",
    "MemoryBackend",
    "RedisBackend",
    "SqliteBackend",
    "from_url",
    "register",
]

_registry: Registry[SyncBackend[Any]] = Registry(
    "backend", entry_points="cachetory.backends.sync", example="redis://localhost:6379"
)
_registry.register("memory", MemoryBackend)
_registry.register("dummy", DummyBackend)

_TOPOLOGIES = ("", "+sentinel", "+cluster")
_REDIS = [base + it for base in ("redis", "rediss", "valkey", "valkeys") for it in _TOPOLOGIES]
for _scheme in (*_REDIS, "redis+unix", "unix"):
    _registry.register(_scheme, "cachetory.backends.sync.redis:RedisBackend", extra="redis")
_registry.register("sqlite", "cachetory.backends.sync.sqlite:SqliteBackend")
_registry.register("django", "cachetory.backends.sync.django:DjangoBackend", extra="django")

_SCHEME_OF = {"RedisBackend": "redis", "SqliteBackend": "sqlite", "DjangoBackend": "django"}
"""The classes that are imported on first use, since not everyone needs or has what they wrap."""


def from_url(url: str) -> SyncBackend[Any]:
    """Make a backend from a URL, by its scheme.

    Raises:
        ConfigurationError: for an unknown scheme, or a URL that means nothing to its backend.
        MissingExtraError: if the backend needs a package that is not installed.
    """
    return _registry.make(url)


def register(scheme: str, backend: FromUrl[SyncBackend[Any]] | str) -> None:
    """Let a scheme stand for a backend of yours.

    An installed package can do the same by an entry point named like the scheme, in the group
    `cachetory.backends.sync`.

    Args:
        scheme: the part of the URL before `://`.
        backend: a class with `from_url`, or where to import it from: `"package.module:Class"`.
    """
    _registry.register(scheme, backend)


def __getattr__(name: str) -> Any:
    if name in _SCHEME_OF:
        return _registry.resolve(_SCHEME_OF[name])
    if name in _SCHEME_OF.values():  # a submodule, which its class brings along
        return import_module(_registry.resolve(name).__module__)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)

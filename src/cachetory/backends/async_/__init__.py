"""Asynchronous backends, and `from_url` to choose one of them by the scheme of a URL."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cachetory._core.registry import Registry
from cachetory.backends.async_.dummy import DummyBackend
from cachetory.backends.async_.memory import MemoryBackend

if TYPE_CHECKING:
    from cachetory._core.registry import FromUrl
    from cachetory.backends.async_.django import DjangoBackend
    from cachetory.backends.async_.redis import RedisBackend
    from cachetory.backends.async_.sqlite import SqliteBackend
    from cachetory.interfaces.backends.async_ import AsyncBackend

__all__ = [
    "DjangoBackend",
    "DummyBackend",
    "MemoryBackend",
    "RedisBackend",
    "SqliteBackend",
    "from_url",
    "register",
]

_registry: Registry[AsyncBackend[Any]] = Registry(
    "backend", entry_points="cachetory.backends.async_", example="redis://localhost:6379"
)
_registry.register("memory", MemoryBackend)
_registry.register("dummy", DummyBackend)

_TOPOLOGIES = ("", "+sentinel", "+cluster")
_REDIS = [base + it for base in ("redis", "rediss", "valkey", "valkeys") for it in _TOPOLOGIES]
for _scheme in (*_REDIS, "redis+unix", "unix"):
    _registry.register(_scheme, "cachetory.backends.async_.redis:RedisBackend", extra="redis")
_registry.register("sqlite", "cachetory.backends.async_.sqlite:SqliteBackend")
_registry.register("django", "cachetory.backends.async_.django:DjangoBackend", extra="django")

_SCHEME_OF = {"RedisBackend": "redis", "SqliteBackend": "sqlite", "DjangoBackend": "django"}
"""The classes that are imported on first use, since not everyone needs or has what they wrap."""


def from_url(url: str) -> AsyncBackend[Any]:
    """Make a backend from a URL, by its scheme.

    Raises:
        ConfigurationError: for an unknown scheme, or a URL that means nothing to its backend.
        MissingExtraError: if the backend needs a package that is not installed.
    """
    return _registry.make(url)


def register(scheme: str, backend: FromUrl[AsyncBackend[Any]] | str) -> None:
    """Let a scheme stand for a backend of yours.

    An installed package can do the same by an entry point named like the scheme, in the group
    `cachetory.backends.async_`.

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

"""The asynchronous Django backend uses Django's asynchronous methods, the other the plain ones."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from django.core.cache.backends.locmem import LocMemCache

from cachetory.backends import async_, sync
from tests.backends.django_project import set_up

set_up()


class Native(LocMemCache):
    """A cache whose asynchronous methods are no plain ones in a thread."""

    def __init__(self) -> None:
        super().__init__("native", {})
        self.calls: list[str] = []

    async def aget(self, key: str, default: Any = None, version: int | None = None) -> Any:
        self.calls.append(threading.current_thread().name)
        return super().get(key, default, version)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        self.calls.append("get")
        return super().get(key, default, version)


def test_async_backend_awaits_the_methods_of_the_cache() -> None:
    cache = Native()
    cache.set("key", b"value")

    assert asyncio.run(_get(async_.DjangoBackend(cache), "key")) == b"value"
    assert cache.calls == [threading.current_thread().name]


def test_sync_backend_calls_the_methods_of_the_cache() -> None:
    cache = Native()
    cache.set("key", b"value")

    assert sync.DjangoBackend(cache).get("key") == b"value"
    assert cache.calls == ["get"]


async def _get(backend: async_.DjangoBackend, key: str) -> Any:
    return await backend.get(key)

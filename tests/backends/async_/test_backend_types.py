"""Every backend can be subscripted with the type of what it stores."""

from __future__ import annotations

from typing import Any

import pytest

from cachetory.backends.async_ import DummyBackend, MemoryBackend, RedisBackend, SqliteBackend
from cachetory.backends.async_.django import DjangoBackend

BACKENDS: list[Any] = [MemoryBackend, DummyBackend, RedisBackend, SqliteBackend, DjangoBackend]


@pytest.mark.parametrize("backend", BACKENDS)
def test_backend_is_subscripted_at_run_time(backend: Any) -> None:
    assert backend[bytes].__origin__ is backend


@pytest.mark.parametrize("backend", BACKENDS)
def test_subscripted_backend_is_a_base_class(backend: Any) -> None:
    derived = type("Derived", (backend,), {})

    assert issubclass(derived, backend)


async def test_subscripted_backend_is_made_and_used() -> None:
    backend = MemoryBackend[bytes].from_url("memory://")
    await backend.set("key", b"value")

    assert await backend.get("key") == b"value"
    assert isinstance(MemoryBackend[bytes](), MemoryBackend)

# Generated from tests/backends/async_/test_backend_types.py by tools/unasync.py. Do not edit: edit that file instead.
"""Every backend can be subscripted with the type of what it stores."""

from __future__ import annotations

from typing import Any

import pytest

from cachetory.backends.sync import DummyBackend, MemoryBackend, RedisBackend, SqliteBackend
from cachetory.backends.sync.django import DjangoBackend

BACKENDS: list[Any] = [MemoryBackend, DummyBackend, RedisBackend, SqliteBackend, DjangoBackend]


@pytest.mark.parametrize("backend", BACKENDS)
def test_backend_is_subscripted_at_run_time(backend: Any) -> None:
    assert backend[bytes].__origin__ is backend


@pytest.mark.parametrize("backend", BACKENDS)
def test_subscripted_backend_is_a_base_class(backend: Any) -> None:
    derived = type("Derived", (backend,), {})

    assert issubclass(derived, backend)


def test_subscripted_backend_is_made_and_used() -> None:
    backend = MemoryBackend[bytes].from_url("memory://")
    backend.set("key", b"value")

    assert backend.get("key") == b"value"
    assert isinstance(MemoryBackend[bytes](), MemoryBackend)

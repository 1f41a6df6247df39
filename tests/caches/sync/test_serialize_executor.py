# Generated from tests/caches/async_/test_serialize_executor.py by tools/unasync.py. Do not edit: edit that file instead.
"""Serializers at work in an executor: concurrently for the values of one bulk operation."""

from __future__ import annotations

import pickle
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.caches.sync import Cache
from cachetory.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cachetory.backends.sync import MemoryBackend

PARTIES = 4
VALUES = {f"key{number}": number for number in range(PARTIES)}


class InStep:
    """A serializer that does nothing until it is at work on all values at the same time."""

    def __init__(self) -> None:
        self._barrier = Barrier(PARTIES)

    def serialize(self, value: int) -> bytes:
        self._barrier.wait(30)
        return pickle.dumps(value)

    def deserialize(self, data: bytes) -> int:
        self._barrier.wait(30)
        number: int = pickle.loads(data)
        return number


@pytest.fixture
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(PARTIES) as executor:
        yield executor


def test_executor_works_on_the_values_of_a_bulk_operation_concurrently(
    backend: MemoryBackend[Any], threads: Executor
) -> None:
    cache = Cache[int](backend=backend, serializer=InStep(), serialize_executor=threads)  # type: ignore[arg-type]

    cache.set_many(VALUES)

    assert cache.get_many(*VALUES) == VALUES


def test_executor_keeps_values_with_their_keys(
    backend: MemoryBackend[Any], threads: Executor
) -> None:
    cache = Cache[int](backend=backend, serializer="pickle://", serialize_executor=threads)
    many = {f"key{number}": number for number in range(500)}

    cache.set_many(many)

    assert cache.get_many(*many) == many


def test_executor_serves_all_operations(backend: MemoryBackend[Any], threads: Executor) -> None:
    cache = Cache[Any](backend=backend, serializer="pickle+zlib://", serialize_executor=threads)

    cache.set("a", 1)
    assert cache.get("a") == 1
    assert cache.get_or_set("b", lambda: 2) == 2
    assert cache.get_or_set("b", lambda: 3) == 2
    assert cache.get_many("a", "b", "missing") == {"a": 1, "b": 2}


def test_executor_reports_undecodable_values_as_ever(
    backend: MemoryBackend[Any], threads: Executor
) -> None:
    backend.set("foreign", b"garbage")
    options: dict[str, Any] = {
        "backend": backend,
        "serializer": "pickle://",
        "serialize_executor": threads,
    }
    cache, strict_cache = Cache[Any](**options), Cache[Any](**options, on_undecodable="raise")
    cache.set("fine", 1)

    assert cache.get("foreign") is None
    assert cache.get_many("fine", "foreign") == {"fine": 1}
    with pytest.raises(DecodeError):
        strict_cache.get("foreign")
    with pytest.raises(DecodeError):
        strict_cache.get_many("fine", "foreign")


def test_executor_hands_on_what_a_serializer_raises(
    backend: MemoryBackend[Any], threads: Executor
) -> None:
    cache = Cache[Any](backend=backend, serializer="json://", serialize_executor=threads)

    with pytest.raises(TypeError):
        cache.set("key", object())
    with pytest.raises(TypeError):
        cache.set_many({"fine": 1, "key": object()})
    unserializable = object()
    assert cache.get_or_set("key", lambda: unserializable) is unserializable
    assert backend.size == 0
    assert cache.stats().not_stored == 1


def test_executor_may_be_made_of_processes(backend: MemoryBackend[Any]) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        cache = Cache[int](backend=backend, serializer="pickle://", serialize_executor=processes)
        cache.set_many({"a": 1, "b": 2})

        assert cache.get_many("a", "b") == {"a": 1, "b": 2}
        assert cache.get("a") == 1


def test_executor_that_was_shut_down_makes_reads_misses(backend: MemoryBackend[Any]) -> None:
    executor = ThreadPoolExecutor(1)
    cache = Cache[int](backend=backend, serializer="pickle://", serialize_executor=executor)
    cache.set("key", 1)
    executor.shutdown()

    if cache.get("key") == 1:  # a thread decodes where it is, and needs no executor for it
        return
    assert cache.get_many("key") == {}
    assert cache.get_or_set("key", lambda: 2) == 2

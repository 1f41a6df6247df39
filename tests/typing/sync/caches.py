# Generated from tests/typing/async_/caches.py by tools/unasync.py. Do not edit: edit that file instead.
"""What type checkers make of a cache. Checked by mypy and pyright, never run."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from typing_extensions import assert_type

from cachetory.backends.sync import (
    DjangoBackend,
    DummyBackend,
    MemoryBackend,
    RedisBackend,
    SqliteBackend,
    from_url,
)
from cachetory.caches.sync import Cache
from cachetory.events import Event, Hit
from cachetory.interfaces.backends.sync import SyncBackend
from cachetory.loading import LoadContext, current_load
from cachetory.lookup import Lookup
from cachetory.policy import Policy
from cachetory.serializers import NoopSerializer, PickleSerializer
from cachetory.serializers import from_url as serializer_from_url
from cachetory.serializers.compressors import ZlibCompressor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from redis import Redis, RedisCluster


def on_event(event: Event) -> None:
    if isinstance(event, Hit):
        assert_type(event.key, str)


def with_one_type_parameter() -> None:
    cache = Cache[int](serializer="pickle+zstd://", backend="memory://", on_event=on_event)
    assert_type(cache.get("key"), int | None)
    assert_type(cache.get("key", 0), int)
    assert_type(cache.get("key", "none"), int | str)
    assert_type(cache.get("key", None), int | None)
    assert_type(cache.get_many("a", "b"), dict[str, int])
    assert_type(cache.set("key", 1), bool)
    assert_type(cache.set("key", 1, timedelta(seconds=1), True), bool)
    assert_type(cache.set("key", 1, time_to_live=1.5, if_not_exists=True), bool)
    cache.set_many({"a": 1, "b": 2}, time_to_live=5)
    cache.set_many([("a", 1)])
    assert_type(cache.delete("key"), bool)
    assert_type(cache.contains("key"), bool)
    cache.set("key", "text")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def with_two_type_parameters() -> None:
    cache = Cache[int, bytes](serializer=PickleSerializer(), backend=MemoryBackend[bytes]())
    assert_type(cache, Cache[int, bytes])
    assert_type(cache.backend, SyncBackend[bytes])
    with cache as entered:
        assert_type(entered, Cache[int, bytes])


def with_inferred_types() -> None:
    blobs = Cache(serializer=ZlibCompressor(), backend=from_url("redis://localhost"))
    assert_type(blobs.get("key"), bytes | None)
    anything = Cache[Any](serializer=serializer_from_url("json://"), backend=from_url("dummy://"))
    assert_type(anything.get("key"), Any | None)


def with_values_as_they_are() -> None:
    cache = Cache[list[int], list[int]](serializer=NoopSerializer(), backend=MemoryBackend())
    assert_type(cache.get("key"), list[int] | None)


def getting_or_setting() -> None:
    cache = Cache[int](serializer="pickle://", backend="memory://")

    def load() -> int:
        return 1

    assert_type(cache.get_or_set("key", load, time_to_live=5), int)
    assert_type(cache.get_or_set("key", lambda: 1), int)
    assert_type(cache.stats().hit_ratio, float)


def changing_in_place() -> None:
    cache = Cache[int](serializer="pickle://", backend="memory://")
    assert_type(cache.update("key", lambda value: value + 1), int)
    cache.update("key", str)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    cache.update("key", 1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def backends_by_type_argument(path: Path, client: Redis) -> None:
    assert_type(SqliteBackend[bytes](path).get("key"), bytes)
    assert_type(RedisBackend[bytes](client).get("key"), bytes)
    assert_type(MemoryBackend[int](clock="wall").get("key"), int)
    assert_type(DummyBackend[str]().get("key"), str)
    assert_type(DjangoBackend[bytes]().get("key"), bytes)
    Cache[int, bytes](serializer="json://", backend=DjangoBackend[bytes]())
    Cache[int, int](serializer="noop://", backend=DjangoBackend())


def backends_by_class(path: Path, client: Redis, cluster: RedisCluster) -> None:
    file = SqliteBackend(path, max_entries=1000, max_bytes=2**20, on_corrupt="raise")
    assert_type(file.get("key"), bytes)
    assert_type(Cache(serializer=ZlibCompressor(), backend=file), Cache[bytes, bytes])
    SqliteBackend("cache.db", busy_timeout=0.5, max_bytes=None, max_entries="kept")
    SqliteBackend("cache.db", memory_bytes=1 << 20)
    SqliteBackend(path, on_corrupt="ignore")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    SqliteBackend(path, max_bytes="1MiB")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Cache[int](serializer="json://", backend=RedisBackend(client))
    Cache[int](serializer="json://", backend=RedisBackend(cluster))
    RedisBackend("redis://localhost")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def policies() -> None:
    policy = Policy(
        time_to_live=timedelta(minutes=5),
        jitter=0.1,
        stale_while_revalidate=60,
        stale_if_error=3600.0,
        early_refresh=1,
        negative_time_to_live=None,
        soft_timeout=0.5,
        hard_timeout=timedelta(seconds=2),
        lease=5,
        retry_after_failure=30,
    )
    assert_type(policy, Policy)
    assert_type(policy.replace(time_to_live=None), Policy)
    Policy(time_to_live=lambda value: 5 if value else None)
    Policy(time_to_live=lambda value: timedelta(seconds=len(value)))
    Policy(5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Policy(time_to_live="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Policy(lease="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Policy(jitters=0.1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    policy.jitter = 0.2  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def loading_by_a_policy() -> None:
    policy = Policy(time_to_live=60, stale_while_revalidate=30)
    cache = Cache[int](
        serializer="pickle://",
        backend="memory://",
        policy=policy,
        envelope=True,
        wall_clock=lambda: 0.0,
    )
    assert_type(cache.policy, Policy | None)

    def load() -> int:
        return 1

    def load_at_once() -> int:
        return 1

    def load_text() -> str:
        return "1"

    assert_type(cache.get_or_set("key", load, policy=policy), int)
    assert_type(cache.get_or_set("key", load_at_once, policy=policy, time_to_live=1.5), int)
    assert_type(cache.get_or_set("key", load, time_to_live=lambda key: 2 * len(key)), int)
    assert_type(cache.get_or_set("key", load, exclude=lambda key, value: value < 0), int)
    assert_type(cache.get_or_set("key", load, if_not_exists=True), int)
    assert_type(cache.refresh("key", load), int)
    assert_type(cache.refresh("key", load_at_once, policy=policy, time_to_live=5), int)
    cache.get_or_set("key", load_text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    cache.get_or_set("key", load, policy=60)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    cache.get_or_set("key", 1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    cache.get_or_set(1, load)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    cache.refresh("key", load_text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    cache.refresh("key", load, if_not_exists=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def loading_with_a_context() -> None:
    cache = Cache[int](serializer="pickle://", backend="memory://")

    def load(context: LoadContext) -> int:
        assert_type(context.key, str)
        assert_type(context.has_stale, bool)
        context.time_to_live = 5
        context.time_to_live = timedelta(seconds=5)
        context.time_to_live = None
        context.do_not_store()
        context.there_is_none()
        assert_type(current_load(), LoadContext)
        return 1

    def load_at_once(context: LoadContext) -> int:
        return 1

    def load_two(context: LoadContext, other: int) -> int:
        return 1

    def load_wrongly(context: int) -> int:
        return context

    assert_type(cache.get_or_set("key", load), int)
    assert_type(cache.get_or_set("key", load_at_once), int)
    assert_type(cache.get_or_set("key", lambda context: len(context.key)), int)
    assert_type(cache.refresh("key", load), int)
    assert_type(cache.refresh("key", lambda context: len(context.key)), int)
    cache.get_or_set("key", load_two)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    cache.get_or_set("key", load_wrongly)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    cache.refresh("key", load_wrongly)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def loading_many() -> None:
    policy = Policy(negative_time_to_live=5)
    cache = Cache[int](serializer="pickle://", backend="memory://")

    def load_many(keys: list[str]) -> dict[str, int]:
        return {key: len(key) for key in keys}

    def load_mapping(keys: list[str]) -> Mapping[str, int]:
        return {key: len(key) for key in keys}

    def load_at_once(keys: list[str]) -> dict[str, int]:
        return {key: len(key) for key in keys}

    def load_texts(keys: list[str]) -> dict[str, str]:
        return {key: key for key in keys}

    def load_by_number(numbers: list[int]) -> dict[str, int]:
        return {str(number): number for number in numbers}

    assert_type(cache.get_or_set_many(["a", "b"], load_many), dict[str, int])
    assert_type(cache.get_or_set_many(("a", "b"), load_mapping), dict[str, int])
    assert_type(cache.get_or_set_many({"a", "b"}, load_at_once), dict[str, int])
    assert_type(
        cache.get_or_set_many(
            (str(number) for number in range(9)),
            load_many,
            policy=policy,
            time_to_live=timedelta(seconds=5),
            chunk_size=4,
            exclude=lambda key, value: key == str(value),
        ),
        dict[str, int],
    )
    assert_type(cache.refresh_many(["a"], load_many, policy=policy), dict[str, int])
    cache.get_or_set_many(["a"], load_texts)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    cache.get_or_set_many(["a"], load_by_number)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    cache.get_or_set_many([1], load_many)  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    cache.refresh_many(["a"], load_texts)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def looking_up() -> None:
    cache = Cache[int](serializer="pickle://", backend="memory://")
    found = cache.lookup("key")
    assert_type(found, Lookup[int])
    assert_type(found.state, Literal["hit", "stale", "miss"])
    assert_type(found.value, int | None)
    assert_type(found.is_negative, bool)
    assert_type(found.age, float | None)
    assert_type(found.fresh_for, float | None)
    assert_type(found.created_at, float | None)
    assert_type(found.took, float | None)
    assert_type(found.source, Literal["store"] | None)
    if found.state == "fresh":  # type: ignore[comparison-overlap]  # pyright: ignore[reportUnnecessaryComparison]
        pass
    cache.lookup(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def a_backend_may_be_awaited() -> None:
    backend: SyncBackend[Any] = from_url("memory://")
    assert_type(MemoryBackend[bytes]().from_url("memory://"), MemoryBackend[bytes])
    for key, wire in backend.get_many("key"):
        assert_type(key, str)
        assert_type(wire, Any)

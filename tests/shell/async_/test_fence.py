"""A key that is written or deleted while it is computed never gets the outdated value."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from cachetory._runtime.async_ import Flight
from cachetory.backends.async_ import MemoryBackend
from cachetory.caches.async_ import Cache
from cachetory.events import Event, NotStored
from tests.shell.async_crew import Crew, Signal, until, until_within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.shell.async_.loads import HeldLoad, Load


WRITES: dict[str, tuple[Callable[[Cache[Any]], Awaitable[object]], object]] = {
    "delete": (lambda cache: cache.delete("key"), None),
    "delete_many": (lambda cache: cache.delete_many("other", "key"), None),
    "clear": (lambda cache: cache.clear(), None),
    "set": (lambda cache: cache.set("key", "newer"), "newer"),
    "set if not exists": (lambda cache: cache.set("key", "newer", None, True), "newer"),
    "set with no time left": (lambda cache: cache.set("key", "newer", 0), None),
    "set_many": (lambda cache: cache.set_many({"other": 1, "key": "newer"}), "newer"),
    "expire_in": (lambda cache: cache.expire_in("key", 0), None),
    "expire_at": (lambda cache: cache.expire_at("key", datetime.now(timezone.utc)), None),
}
EVERY_WRITE = pytest.mark.parametrize("write", WRITES)


class SlowBackend(MemoryBackend[Any]):
    """Writes nothing before it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[str] = []
        self.writing = Signal()
        self.let_go = Signal()

    @property
    def leases(self) -> None:
        """It keeps no claims, so that all goes by `set`."""
        return

    async def set(self, key: str, value: Any, **options: Any) -> bool:
        self.begun.append(key)
        self.writing.set()
        await self.let_go.wait()
        return await super().set(key, value, **options)


@EVERY_WRITE
async def test_late_value_of_a_load_is_returned_and_not_stored(
    backend: MemoryBackend[Any], held_load: HeldLoad, write: str
) -> None:
    told: list[Event] = []
    cache = Cache[Any](backend=backend, serializer="pickle://", prefix="app:", on_event=told.append)
    carry_out, kept = WRITES[write]
    async with Crew() as crew:
        caller = crew.start(cache.get_or_set, "key", held_load)
        await held_load.started.wait()
        await carry_out(cache)
        held_load.let_go.set()

        assert await caller.result() == 1
    assert await cache.get("key") == kept
    assert [event for event in told if isinstance(event, NotStored)] == [NotStored("key", "fenced")]
    assert cache.stats().not_stored == 1


@EVERY_WRITE
async def test_late_value_is_kept_out_by_another_cache_over_the_same_backend(
    cache: Cache[Any], backend: MemoryBackend[Any], held_load: HeldLoad, write: str
) -> None:
    other = Cache[Any](backend=backend, serializer="pickle://", prefix="app:")
    carry_out, kept = WRITES[write]
    async with Crew() as crew:
        caller = crew.start(cache.get_or_set, "key", held_load)
        await held_load.started.wait()
        await carry_out(other)
        held_load.let_go.set()

        assert await caller.result() == 1
    assert await cache.get("key") == kept


async def test_caches_over_stores_of_one_name_fence_each_others_loads(
    held_load: HeldLoad,
) -> None:
    one, other = (
        Cache[Any](backend="memory://fenced-together", serializer="pickle://") for _ in range(2)
    )
    async with Crew() as crew:
        caller = crew.start(one.get_or_set, "key", held_load)
        await held_load.started.wait()
        await other.delete("key")
        held_load.let_go.set()

        assert await caller.result() == 1
    assert await one.get("key") is None


async def test_caller_who_comes_after_the_delete_starts_a_new_load(
    cache: Cache[Any], held_load: HeldLoad
) -> None:
    async with Crew() as crew:
        early = [crew.start(cache.get_or_set, "key", held_load)]
        await held_load.started.wait()
        early += [crew.start(cache.get_or_set, "key", held_load) for _ in range(5)]
        await until_within(Flight.follow, *early[1:])
        await cache.delete("key")

        assert await cache.get_or_set("key", held_load) == 2
        assert await cache.get("key") == 2
        held_load.let_go.set()
        assert [await caller.result() for caller in early] == [1] * 6
    assert await cache.get("key") == 2


async def test_new_load_after_the_delete_is_itself_shared(
    cache: Cache[Any], held_load: HeldLoad
) -> None:
    newer = type(held_load)()
    async with Crew() as crew:
        early = crew.start(cache.get_or_set, "key", held_load)
        await held_load.started.wait()
        await cache.delete("key")
        late = [crew.start(cache.get_or_set, "key", newer)]
        await newer.started.wait()
        held_load.let_go.set()
        assert await early.result() == 1
        late += [crew.start(cache.get_or_set, "key", newer) for _ in range(5)]
        await until_within(Flight.follow, *late[1:])
        newer.let_go.set()

        assert [await caller.result() for caller in late] == [1] * 6
    assert newer.calls == 1


async def test_write_to_one_key_leaves_loads_of_others_alone(
    cache: Cache[Any], backend: MemoryBackend[Any], held_load: HeldLoad
) -> None:
    other = Cache[Any](backend=backend, serializer="pickle://", prefix="other:")
    async with Crew() as crew:
        caller = crew.start(cache.get_or_set, "key", held_load)
        await held_load.started.wait()
        await cache.delete("another")
        await other.delete("key")
        await other.clear()
        held_load.let_go.set()

        assert await caller.result() == 1
    assert await cache.get("key") == 1


async def test_clear_of_everything_fences_every_load(
    backend: MemoryBackend[Any], held_load: HeldLoad
) -> None:
    whole = Cache[Any](backend=backend, serializer="pickle://")
    part = Cache[Any](backend=backend, serializer="pickle://", prefix="part:")
    async with Crew() as crew:
        caller = crew.start(part.get_or_set, "key", held_load)
        await held_load.started.wait()
        await whole.clear()
        held_load.let_go.set()

        assert await caller.result() == 1
    assert backend.size == 0


async def test_delete_that_fails_fences_all_the_same(held_load: HeldLoad) -> None:
    class Failing(MemoryBackend[Any]):
        async def delete(self, key: str) -> bool:
            raise ZeroDivisionError

    cache = Cache[Any](backend=Failing(), serializer="pickle://")
    async with Crew() as crew:
        caller = crew.start(cache.get_or_set, "key", held_load)
        await held_load.started.wait()
        with pytest.raises(ZeroDivisionError):
            await cache.delete("key")
        held_load.let_go.set()

        assert await caller.result() == 1
    assert await cache.get("key") is None


# While the value is being written


@pytest.mark.parametrize("write", ["delete", "delete_many", "clear", "expire_in", "expire_at"])
async def test_write_that_comes_while_the_value_is_written_waits_and_wins(
    load: Load, write: str
) -> None:
    backend = SlowBackend()
    cache = Cache[Any](backend=backend, serializer="pickle://", prefix="app:")
    carry_out, kept = WRITES[write]
    async with Crew() as crew:
        caller = crew.start(cache.get_or_set, "key", load)
        await backend.writing.wait()
        writer = crew.start(carry_out, cache)
        await until_within(Flight.landed, writer)
        backend.let_go.set()

        await writer.result()
        assert await caller.result() == 1
    assert await cache.get("key") == kept
    assert cache.stats().not_stored == 0


async def test_value_set_while_another_is_written_is_the_last_one(load: Load) -> None:
    backend = SlowBackend()
    cache = Cache[Any](backend=backend, serializer="pickle://")
    async with Crew() as crew:
        caller = crew.start(cache.get_or_set, "key", load)
        await backend.writing.wait()
        writer = crew.start(cache.set, "key", "newer")
        await until_within(Flight.landed, writer)
        backend.let_go.set()

        assert await writer.result()
        assert await caller.result() == 1
    assert await cache.get("key") == "newer"


async def test_caller_who_comes_while_a_deleted_value_is_written_starts_a_new_load(
    load: Load,
) -> None:
    backend = SlowBackend()
    cache = Cache[Any](backend=backend, serializer="pickle://")
    async with Crew() as crew:
        early = crew.start(cache.get_or_set, "key", load)
        await backend.writing.wait()
        deleter = crew.start(cache.delete, "key")
        await until_within(Flight.landed, deleter)
        late = crew.start(cache.get_or_set, "key", load)
        await until(lambda: len(backend.begun) == 2)
        backend.let_go.set()

        assert await early.result() == 1
        assert await late.result() == 2
        await deleter.result()
    assert await cache.get("key") in (None, 2)


# From within the load


@EVERY_WRITE
async def test_load_that_writes_its_own_key_does_not_overwrite_that(
    cache: Cache[Any], write: str
) -> None:
    carry_out, kept = WRITES[write]

    async def load() -> int:
        await carry_out(cache)
        return 1

    assert await cache.get_or_set("key", load) == 1
    assert await cache.get("key") == kept


async def test_callback_that_deletes_the_key_fences_the_load(cache: Cache[Any], load: Load) -> None:
    async def exclude(key: str, value: int) -> bool:
        await cache.delete(key)
        return False

    assert await cache.get_or_set("key", load, exclude=exclude) == 1
    assert await cache.get("key") is None


async def test_write_that_deletes_its_own_key_does_not_wait_for_itself(load: Load) -> None:
    class Fickle(MemoryBackend[Any]):
        """Takes a value, and has it deleted before anyone else can see it."""

        @property
        def leases(self) -> None:
            """It keeps no claims, so that all goes by `set`."""
            return

        async def set(self, key: str, value: Any, **options: Any) -> bool:
            changed = await super().set(key, value, **options)
            await cache.delete(key)
            return changed

    cache = Cache[Any](backend=Fickle(), serializer="pickle://")

    assert await cache.get_or_set("key", load) == 1
    assert await cache.get_or_set("key", load) == 2


async def test_inner_load_of_the_same_key_is_not_stored(cache: Cache[Any]) -> None:
    seen: list[object] = []

    async def load() -> str:
        inner = await cache.get_or_set("key", lambda: "inner")
        seen.append(await cache.get("key"))
        return f"outer of {inner}"

    assert await cache.get_or_set("key", load) == "outer of inner"
    assert seen == [None]
    assert await cache.get("key") == "outer of inner"


async def test_second_write_while_a_value_is_written_waits_as_well(load: Load) -> None:
    backend = SlowBackend()
    cache = Cache[Any](backend=backend, serializer="pickle://")
    async with Crew() as crew:
        caller = crew.start(cache.get_or_set, "key", load)
        await backend.writing.wait()
        first = crew.start(cache.expire_in, "key", 60)
        await until_within(Flight.landed, first)
        second = crew.start(cache.delete, "key")
        await until_within(Flight.landed, second)
        backend.let_go.set()

        await caller.result()
        await first.result()
        await second.result()

    assert await cache.get("key") is None

"""On clusters and behind Sentinels too, one of two caches loads, and writes have the last word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cachetory.caches.async_ import Cache
from cachetory.decorators.async_ import cached
from cachetory.events import LeaseHeld, NotStored
from cachetory.policy import Policy
from tests.backends.addresses import patient
from tests.backends.async_.patience import eventually
from tests.backends.topologies import KEYS_WITH_BRACES, SENTINELS_ON_VALKEY
from tests.shell.async_crew import Crew, Signal, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from cachetory._runtime.async_ import Eventual
    from cachetory.events import Event
    from tests.servers import Cluster, Sentinels

WRITES = ["delete", "delete_many", "set", "set_many", "clear", "purge"]


class Source:
    """Where values come from: slowly, one by one, and counted."""

    def __init__(self) -> None:
        self.loads: list[str] = []
        self.asked = Signal()
        self.may_answer = Signal()

    def loader(self, key: str) -> Callable[[], Eventual[str]]:
        async def load() -> str:
            self.loads.append(key)
            self.asked.set()
            await self.may_answer.wait()
            return "old"

        return load


class Pair:
    """Two caches over the same servers, which know nothing of each other, and their events."""

    def __init__(self, url: str) -> None:
        self.events: list[Event] = []
        self.source = Source()
        self.one = self._cache(url)
        self.other = self._cache(url)

    def _cache(self, url: str) -> Cache[Any, Any]:
        return Cache[Any, Any](
            backend=patient(url),
            serializer="json://",
            prefix="app:",
            policy=Policy(time_to_live=60, lease=20),
            on_event=self.events.append,
        )

    def saw(self, kind: type[Event]) -> bool:
        return any(isinstance(event, kind) for event in list(self.events))

    async def write(self, operation: str, key: str) -> None:
        """Write by the cache that does not load."""
        cache = self.other
        if operation == "delete":
            await cache.delete(key)
        elif operation == "delete_many":
            await cache.delete_many(key, "another")
        elif operation == "set":
            await cache.set(key, "new")
        elif operation == "set_many":
            await cache.set_many({key: "new", "another": "new"})
        elif operation == "clear":
            await cache.clear()
        else:
            await _function_over(cache).purge(key)


def _function_over(cache: Cache[Any, Any]) -> Any:
    @cached(cache, make_key=lambda _function, key: key)
    async def value_of(key: str) -> str:
        return "of the function"

    return value_of


class LeaseTests:
    """What holds for claims on each topology."""

    @pytest.fixture
    async def pair(self, url: str) -> AsyncIterator[Pair]:
        pair = Pair(url)
        async with pair.one, pair.other:
            yield pair

    async def test_two_caches_load_once(self, pair: Pair, key: str) -> None:
        async with Crew() as crew:
            first = crew.start(pair.one.get_or_set, key, pair.source.loader(key))
            await pair.source.asked.wait()
            others = [
                crew.start(pair.other.get_or_set, key, pair.source.loader(key)) for _ in range(3)
            ]
            await until(lambda: pair.saw(LeaseHeld))
            pair.source.may_answer.set()

            assert [await it.result() for it in (first, *others)] == ["old"] * 4

        assert pair.source.loads == [key]

    @pytest.mark.parametrize("operation", WRITES)
    async def test_write_during_a_load_has_the_last_word(
        self, pair: Pair, operation: str, key: str
    ) -> None:
        async with Crew() as crew:
            load = crew.start(pair.one.get_or_set, key, pair.source.loader(key))
            await pair.source.asked.wait()
            await pair.write(operation, key)
            pair.source.may_answer.set()

            assert await load.result() == "old"

        assert await pair.one.get(key) == ("new" if operation.startswith("set") else None)
        assert [event.reason for event in pair.events if isinstance(event, NotStored)] == ["fenced"]

    async def test_many_keys_are_loaded_once_and_those_written_meanwhile_stay(
        self, pair: Pair
    ) -> None:
        keys = [*KEYS_WITH_BRACES[:-2], *map("key {}".format, range(20))]
        gone, newer = keys[::3], keys[1::3]
        source = pair.source

        async def load_many(missing: list[str]) -> dict[str, str]:
            source.loads.extend(missing)
            source.asked.set()
            await source.may_answer.wait()
            return dict.fromkeys(missing, "old")

        async with Crew() as crew:
            first = crew.start(pair.one.get_or_set_many, keys, load_many)
            await source.asked.wait()
            other = crew.start(pair.other.get_or_set_many, keys[2::3], load_many)
            await until(lambda: pair.saw(LeaseHeld))
            await pair.other.delete_many(*gone)
            await pair.other.set_many(dict.fromkeys(newer, "new"))
            source.may_answer.set()

            assert await first.result() == dict.fromkeys(keys, "old")
            assert await other.result() == dict.fromkeys(keys[2::3], "old")

        assert sorted(source.loads) == sorted(keys)
        found = await pair.one.get_many(*keys)
        assert found == {**dict.fromkeys(newer, "new"), **dict.fromkeys(keys[2::3], "old")}

    async def test_value_that_was_refused_is_loaded_anew(self, pair: Pair) -> None:
        async with Crew() as crew:
            load = crew.start(pair.one.get_or_set, "key", pair.source.loader("key"))
            await pair.source.asked.wait()
            await pair.other.clear()
            pair.source.may_answer.set()
            await load.result()

        assert await pair.other.get_or_set("key", lambda: "new") == "new"
        await eventually(lambda: pair.one.get("key"), "new")


class TestCluster(LeaseTests):
    @pytest.fixture(params=["key", "{tag}key", "a{b", "{}x"])
    def key(self, request: pytest.FixtureRequest) -> str:
        key: str = request.param
        return key

    @pytest.fixture
    def url(self, cluster: Cluster) -> str:
        return cluster.url


@SENTINELS_ON_VALKEY
class TestSentinels(LeaseTests):
    @pytest.fixture
    def key(self) -> str:
        return "key"

    @pytest.fixture
    def url(self, sentinels: Sentinels) -> str:
        return sentinels.url

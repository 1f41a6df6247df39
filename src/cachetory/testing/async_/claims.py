"""What a store owes to those who load its keys, if it keeps claims to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cachetory.interfaces.leases.async_ import Commit
from cachetory.testing.async_.subject import Subject
from cachetory.testing.samples import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory._runtime.async_ import Eventual
    from cachetory.interfaces.backends.async_ import AsyncBackend
    from cachetory.interfaces.leases.async_ import AsyncLeases

_LONG = 60.0
_MINE, _THEIRS = "l:mine", "l:theirs"


class ClaimContract(Subject):
    """One claim to a key at a time, which ends when the key is written or deleted."""

    @pytest.fixture
    def leases(self, backend: AsyncBackend[Any]) -> AsyncLeases[Any]:
        """The claims of the backend; its tests are skipped if it keeps none."""
        if backend.leases is None:
            pytest.skip("this backend keeps no claims")
        return backend.leases

    async def test_claim_of_a_missing_key_is_had_and_finds_nothing(
        self, leases: AsyncLeases[Any]
    ) -> None:
        assert await leases.claim(["key"], _MINE, _LONG) == [(_MINE, None)]

    async def test_claim_of_an_existing_key_finds_its_value(
        self, backend: AsyncBackend[Any], leases: AsyncLeases[Any]
    ) -> None:
        await backend.set("b", self.values[0])

        claims = await leases.claim(["a", "b"], _MINE, _LONG)

        assert claims == [(_MINE, None), (_MINE, self.values[0])]

    async def test_second_claim_is_told_of_the_first(self, leases: AsyncLeases[Any]) -> None:
        await leases.claim(["a"], _MINE, _LONG)

        claims = await leases.claim(["a", "b"], _THEIRS, _LONG)

        assert claims == [(_MINE, None), (_THEIRS, None)]

    async def test_claim_that_takes_over_ends_the_first(
        self, backend: AsyncBackend[Any], leases: AsyncLeases[Any]
    ) -> None:
        await leases.claim(["key"], _MINE, _LONG)

        claims = await leases.claim(["key"], _THEIRS, _LONG, takes_over=True)

        assert claims == [(_THEIRS, None)]
        assert await leases.commit([self._commit(_MINE)]) == [False]
        assert not await backend.contains("key")

    async def test_commit_under_a_claim_stores_and_ends_it(
        self, backend: AsyncBackend[Any], leases: AsyncLeases[Any]
    ) -> None:
        await leases.claim(["key"], _MINE, _LONG)

        assert await leases.commit([self._commit(_MINE)]) == [True]
        assert await backend.get("key") == self.values[0]
        assert await leases.claim(["key"], _THEIRS, _LONG) == [(_THEIRS, self.values[0])]

    async def test_commit_with_a_time_to_live_expires(
        self, backend: AsyncBackend[Any], leases: AsyncLeases[Any]
    ) -> None:
        await leases.claim(["mortal", "eternal"], _MINE, _LONG)

        await leases.commit(
            [
                self._commit(_MINE, key="mortal", time_to_live=self.moment),
                self._commit(_MINE, key="eternal"),
            ]
        )
        await self.outlive(self.moment)

        assert await self.values_of(backend, "mortal", "eternal") == [self.values[0]]

    async def test_commit_without_a_claim_stores_nothing(
        self, backend: AsyncBackend[Any], leases: AsyncLeases[Any]
    ) -> None:
        assert await leases.commit([self._commit(_MINE)]) == [False]
        assert not await backend.contains("key")

    async def test_commit_replaces_what_was_there_when_it_was_claimed(
        self, backend: AsyncBackend[Any], leases: AsyncLeases[Any]
    ) -> None:
        await backend.set("key", self.values[1])
        await leases.claim(["key"], _MINE, _LONG)

        assert await leases.commit([self._commit(_MINE, former=self.values[1])]) == [True]
        assert await backend.get("key") == self.values[0]

    @pytest.mark.parametrize(
        "write",
        [
            "set",
            "set for an hour",
            "set for a moment",
            "set if not exists",
            "set_many",
            "set_many for an hour",
            "delete",
            "delete_many",
            "clear",
            "clear_prefix",
        ],
    )
    async def test_commit_after_any_write_stores_nothing(
        self, backend: AsyncBackend[Any], leases: AsyncLeases[Any], write: str
    ) -> None:
        if write == "clear_prefix":
            self.needs_clear_prefix()
        newer = self.values[1]
        writes: dict[str, Callable[[], Eventual[object]]] = {
            "set": lambda: backend.set("key", newer),
            "set for an hour": lambda: backend.set("key", newer, time_to_live=HOUR),
            "set for a moment": lambda: backend.set("key", newer, time_to_live=self.spell),
            "set if not exists": lambda: backend.set("key", newer, if_not_exists=True),
            "set_many": lambda: backend.set_many([("other", newer), ("key", newer)]),
            "set_many for an hour": lambda: backend.set_many([("key", newer)], time_to_live=HOUR),
            "delete": lambda: backend.delete("key"),
            "delete_many": lambda: backend.delete_many("other", "key"),
            "clear": backend.clear,
            "clear_prefix": lambda: backend.clear_prefix("k"),
        }
        await leases.claim(["key"], _MINE, _LONG)

        await writes[write]()
        before = await self.values_of(backend, "key")

        assert await leases.commit([self._commit(_MINE)]) == [False]
        assert await self.values_of(backend, "key") == before

    async def test_commit_of_several_tells_of_each(
        self, backend: AsyncBackend[Any], leases: AsyncLeases[Any]
    ) -> None:
        await leases.claim(["a", "b"], _MINE, _LONG)
        await backend.delete("a")

        stored = await leases.commit([self._commit(_MINE, key="a"), self._commit(_MINE, key="b")])

        assert stored == [False, True]
        assert await self.values_of(backend, "a", "b") == [self.values[0]]

    async def test_commit_that_keeps_the_time_expires_as_the_former_value_would(
        self, backend: AsyncBackend[Any], leases: AsyncLeases[Any]
    ) -> None:
        await backend.set("mortal", self.values[1], time_to_live=self.spell)
        await backend.set("eternal", self.values[1])
        await leases.claim(["mortal", "eternal"], _MINE, _LONG)

        stored = await leases.commit(
            [
                self._commit(_MINE, key=key, former=self.values[1], keeps_time=True)
                for key in ("mortal", "eternal")
            ]
        )

        assert stored == [True, True]
        assert await self.values_of(backend, "mortal", "eternal") == [self.values[0]] * 2
        await self.outlive(self.spell)
        assert await self.values_of(backend, "mortal", "eternal") == [self.values[0]]

    async def test_commit_that_keeps_the_time_without_a_claim_changes_nothing(
        self, backend: AsyncBackend[Any], leases: AsyncLeases[Any]
    ) -> None:
        await backend.set("key", self.values[1])

        commit = self._commit(_MINE, former=self.values[1], keeps_time=True)

        assert await leases.commit([commit]) == [False]
        assert await backend.get("key") == self.values[1]

    async def test_claim_is_over_after_its_time(self, leases: AsyncLeases[Any]) -> None:
        await leases.claim(["key"], _MINE, self.moment)
        await self.outlive(self.moment)

        assert await leases.commit([self._commit(_MINE)]) == [False]
        assert await leases.claim(["key"], _THEIRS, _LONG) == [(_THEIRS, None)]

    async def test_renewed_claim_stands_longer(self, leases: AsyncLeases[Any]) -> None:
        await leases.claim(["key"], _MINE, self.spell)

        assert await leases.renew(["key", "other"], _MINE, _LONG) == [True, False]
        await self.outlive(self.spell)
        assert await leases.claim(["key"], _THEIRS, _LONG) == [(_MINE, None)]

    async def test_claim_of_another_is_not_renewed(self, leases: AsyncLeases[Any]) -> None:
        await leases.claim(["key"], _MINE, _LONG)

        assert await leases.renew(["key"], _THEIRS, _LONG) == [False]

    async def test_released_claim_is_free_for_others(self, leases: AsyncLeases[Any]) -> None:
        await leases.claim(["a", "b"], _MINE, _LONG)

        await leases.release(["a", "b"], _MINE)

        assert await leases.claim(["a"], _THEIRS, _LONG) == [(_THEIRS, None)]

    async def test_claim_of_another_is_not_released(self, leases: AsyncLeases[Any]) -> None:
        await leases.claim(["key"], _MINE, _LONG)

        await leases.release(["key"], _THEIRS)

        assert await leases.claim(["key"], _THEIRS, _LONG) == [(_MINE, None)]

    async def test_successor_takes_the_place_of_a_released_claim_for_its_time(
        self, leases: AsyncLeases[Any]
    ) -> None:
        await leases.claim(["key"], _MINE, _LONG)

        await leases.release(["key"], _MINE, "x:word", self.spell)

        assert await leases.claim(["key"], _THEIRS, _LONG) == [("x:word", None)]
        await self.outlive(self.spell)
        assert await leases.claim(["key"], _THEIRS, _LONG) == [(_THEIRS, None)]

    async def test_watch_ends_though_nothing_happens(self, leases: AsyncLeases[Any]) -> None:
        await leases.claim(["key"], _MINE, _LONG)

        async with leases.watch(["key"]) as watch:
            await watch.wait(0.001)

        assert await leases.claim(["key"], _THEIRS, _LONG) == [(_MINE, None)]

    async def test_claims_are_no_entries(
        self, backend: AsyncBackend[Any], leases: AsyncLeases[Any]
    ) -> None:
        await leases.claim(["key"], _MINE, _LONG)

        assert not await backend.contains("key")
        assert await self.values_of(backend, "key") == []

    def _commit(
        self,
        token: str,
        *,
        key: str = "key",
        time_to_live: float | None = None,
        former: Any = None,
        keeps_time: bool = False,
    ) -> Commit:
        return Commit(
            key,
            token,
            self.values[0],
            time_to_live=time_to_live,
            former=former,
            keeps_time=keeps_time,
        )

"""What a store owes to those who set a value only if there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cachetory.testing.async_.subject import Subject
from cachetory.testing.samples import HOUR, OVER_AT_ONCE

if TYPE_CHECKING:
    from cachetory.interfaces.backends.async_ import AsyncBackend


class ConditionContract(Subject):
    """A live value stays as it is, an expired one is none."""

    async def test_set_if_not_exists_missing_is_stored(self, backend: AsyncBackend[Any]) -> None:
        changed = await backend.set("key", self.values[0], if_not_exists=True)

        assert changed is True
        assert await backend.get("key") == self.values[0]

    async def test_set_if_not_exists_existing_stays(self, backend: AsyncBackend[Any]) -> None:
        await backend.set("key", self.values[0])

        for time_to_live in (None, HOUR):
            changed = await backend.set(
                "key", self.values[1], time_to_live=time_to_live, if_not_exists=True
            )
            assert changed is False

        assert await backend.get("key") == self.values[0]

    async def test_set_if_not_exists_existing_keeps_its_time(
        self, backend: AsyncBackend[Any]
    ) -> None:
        await backend.set("mortal", self.values[0], time_to_live=self.spell)
        await backend.set("eternal", self.values[0])

        await backend.set("mortal", self.values[1], if_not_exists=True)
        await backend.set("eternal", self.values[1], time_to_live=self.moment, if_not_exists=True)
        await self.outlive(self.spell)

        assert await self.values_of(backend, "mortal", "eternal") == [self.values[0]]

    async def test_set_if_not_exists_with_time_to_live_expires(
        self, backend: AsyncBackend[Any]
    ) -> None:
        await backend.set("key", self.values[0], time_to_live=self.moment, if_not_exists=True)
        await self.outlive(self.moment)

        assert await backend.contains("key") is False

    async def test_set_if_not_exists_over_expired_is_stored(
        self, backend: AsyncBackend[Any]
    ) -> None:
        await backend.set("key", self.values[0], time_to_live=self.moment)
        await self.outlive(self.moment)

        changed = await backend.set("key", self.values[1], if_not_exists=True)

        assert changed is True
        assert await backend.get("key") == self.values[1]

    async def test_set_if_not_exists_over_at_once_leaves_what_is_there(
        self, backend: AsyncBackend[Any]
    ) -> None:
        await backend.set("key", self.values[0])

        for key in ("key", "missing"):
            for time_to_live in OVER_AT_ONCE:
                changed = await backend.set(
                    key, self.values[1], time_to_live=time_to_live, if_not_exists=True
                )
                assert changed is False, time_to_live

        assert await self.values_of(backend, "key", "missing") == [self.values[0]]

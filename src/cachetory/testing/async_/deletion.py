"""What a store owes to those who delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cachetory.errors import UnsupportedOperationError
from cachetory.testing.async_.subject import Subject
from cachetory.testing.samples import GLOBS

if TYPE_CHECKING:
    from cachetory.interfaces.backends.async_ import AsyncBackend


class DeletionContract(Subject):
    """What was named is gone, and nothing else."""

    async def test_delete_existing_is_gone(self, backend: AsyncBackend[Any]) -> None:
        await backend.set_many([("key", self.values[0]), ("other", self.values[1])])

        assert await backend.delete("key") is True
        assert await self.values_of(backend, "key", "other") == [self.values[1]]

    async def test_delete_missing_gives_false(self, backend: AsyncBackend[Any]) -> None:
        assert await backend.delete("missing") is False

    async def test_delete_twice_gives_false(self, backend: AsyncBackend[Any]) -> None:
        await backend.set("key", self.values[0])
        await backend.delete("key")

        assert await backend.delete("key") is False

    async def test_delete_expired_gives_false(self, backend: AsyncBackend[Any]) -> None:
        await backend.set("key", self.values[0], time_to_live=self.moment)
        await self.outlive(self.moment)

        assert await backend.delete("key") is False

    async def test_delete_many_removes_those_named(self, backend: AsyncBackend[Any]) -> None:
        one, two, three = self.values
        await backend.set_many([("a", one), ("b", two), ("c", three)])

        await backend.delete_many("a", "missing", "c", "a")

        assert await self.values_of(backend, "a", "b", "c") == [two]

    async def test_delete_many_no_keys_removes_nothing(self, backend: AsyncBackend[Any]) -> None:
        await backend.set("key", self.values[0])

        await backend.delete_many()

        assert await backend.get("key") == self.values[0]

    async def test_delete_then_set_starts_anew(self, backend: AsyncBackend[Any]) -> None:
        await backend.set("key", self.values[0], time_to_live=self.moment)
        await backend.delete("key")

        assert await backend.set("key", self.values[1], if_not_exists=True) is True
        await self.outlive(self.moment)
        assert await backend.get("key") == self.values[1]

    async def test_clear_removes_all(self, backend: AsyncBackend[Any]) -> None:
        if not self.supports_clear:
            with pytest.raises(UnsupportedOperationError):
                await backend.clear()
            return
        await backend.set("mortal", self.values[0], time_to_live=60)
        await backend.set("eternal", self.values[1])

        await backend.clear()
        await backend.clear()

        assert await self.values_of(backend, "mortal", "eternal") == []
        assert await backend.set("mortal", self.values[2], if_not_exists=True) is True

    async def test_clear_prefix_unsupported_says_so(self, backend: AsyncBackend[Any]) -> None:
        if self.supports_clear_prefix:
            return
        with pytest.raises(UnsupportedOperationError):
            await backend.clear_prefix("prefix")

    async def test_clear_prefix_removes_what_begins_with_it(
        self, backend: AsyncBackend[Any]
    ) -> None:
        self.needs_clear_prefix()
        going, staying = ["user:", "user:1", "user:12", "user::"], ["", "user", "a user:1", "User:"]
        await backend.set_many((key, self.values[0]) for key in [*going, *staying])

        await backend.clear_prefix("user:")

        assert await self.values_of(backend, *going) == []
        assert await self.values_of(backend, *staying) == [self.values[0]] * len(staying)

    async def test_clear_prefix_special_characters_stand_for_themselves(
        self, backend: AsyncBackend[Any]
    ) -> None:
        self.needs_clear_prefix()
        for prefix, going, staying in GLOBS:
            await backend.set_many([(going, self.values[0]), (staying, self.values[1])])

            await backend.clear_prefix(prefix)

            assert await self.values_of(backend, going, staying) == [self.values[1]], prefix

    async def test_clear_prefix_empty_removes_all(self, backend: AsyncBackend[Any]) -> None:
        self.needs_clear_prefix()
        await backend.set_many([("", self.values[0]), ("key", self.values[1])])

        await backend.clear_prefix("")

        assert await self.values_of(backend, "", "key") == []

    async def test_clear_prefix_of_nobody_removes_nothing(self, backend: AsyncBackend[Any]) -> None:
        self.needs_clear_prefix()
        await backend.set("key", self.values[0])

        await backend.clear_prefix("key:")

        assert await backend.get("key") == self.values[0]

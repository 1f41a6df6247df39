"""What a store owes to values: it gives back what was put in, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cachetory.testing.async_.subject import Subject
from cachetory.testing.async_only import collect
from cachetory.testing.samples import HOUR

if TYPE_CHECKING:
    from cachetory.interfaces.backends.async_ import AsyncBackend


class ValueContract(Subject):
    """Values are kept, replaced and found."""

    async def test_get_missing_raises_key_error(self, backend: AsyncBackend[Any]) -> None:
        with pytest.raises(KeyError):
            await backend.get("missing")

    async def test_set_new_key_is_stored(self, backend: AsyncBackend[Any]) -> None:
        changed = await backend.set("key", self.values[0])

        assert changed is True
        assert await backend.get("key") == self.values[0]

    async def test_set_existing_key_is_replaced(self, backend: AsyncBackend[Any]) -> None:
        await backend.set("key", self.values[0])

        changed = await backend.set("key", self.values[1])

        assert changed is True
        assert await backend.get("key") == self.values[1]

    async def test_set_other_key_is_left_alone(self, backend: AsyncBackend[Any]) -> None:
        await backend.set("key", self.values[0])
        await backend.set("other", self.values[1])

        assert await backend.get("key") == self.values[0]

    async def test_set_extreme_values_are_kept(self, backend: AsyncBackend[Any]) -> None:
        for number, value in enumerate(self.extreme_values):
            await backend.set(f"one by one {number}", value)
        await backend.set_many(
            [(f"at once {number}", value) for number, value in enumerate(self.extreme_values)]
        )

        for number, value in enumerate(self.extreme_values):
            assert await backend.get(f"one by one {number}") == value
            assert await backend.contains(f"at once {number}")
            assert await self.values_of(backend, f"at once {number}") == [value]

    async def test_contains_tells_what_is_there(self, backend: AsyncBackend[Any]) -> None:
        await backend.set("key", self.values[0])

        assert await backend.contains("key") is True
        assert await backend.contains("missing") is False

    async def test_get_many_no_keys_gives_nothing(self, backend: AsyncBackend[Any]) -> None:
        await backend.set("key", self.values[0])

        assert await self.values_of(backend) == []

    async def test_get_many_some_missing_gives_the_others_in_order(
        self, backend: AsyncBackend[Any]
    ) -> None:
        one, two, three = self.values
        await backend.set_many([("a", one), ("b", two), ("c", three)])

        pairs = await collect(backend.get_many("c", "missing", "a", "b", "lost"))

        assert pairs == [("c", three), ("a", one), ("b", two)]

    async def test_get_many_all_missing_gives_nothing(self, backend: AsyncBackend[Any]) -> None:
        assert await self.values_of(backend, "missing", "lost") == []

    async def test_get_many_repeated_key_gives_its_value(self, backend: AsyncBackend[Any]) -> None:
        one, two, _ = self.values
        await backend.set_many([("a", one), ("b", two)])

        pairs = await collect(backend.get_many("b", "a", "b", "lost", "lost"))

        assert list(dict(pairs).items()) == [("b", two), ("a", one)]
        assert len(pairs) in {2, 3}

    async def test_get_many_given_up_half_way_spoils_nothing(
        self, backend: AsyncBackend[Any]
    ) -> None:
        one, two, _ = self.values
        await backend.set_many([("a", one), ("b", two)])

        async for pair in backend.get_many("a", "b"):
            assert pair == ("a", one)
            break

        assert await backend.get("b") == two

    async def test_set_many_hundreds_are_all_stored(self, backend: AsyncBackend[Any]) -> None:
        items = {f"key {number}": self.values[number % 3] for number in range(300)}

        await backend.set_many(items.items())

        assert dict(await collect(backend.get_many(*items))) == items

    async def test_set_many_from_generator_is_stored(self, backend: AsyncBackend[Any]) -> None:
        await backend.set_many((f"key {number}", self.values[number]) for number in range(3))

        assert await self.values_of(backend, "key 0", "key 1", "key 2") == [*self.values]

    async def test_set_many_repeated_key_last_wins(self, backend: AsyncBackend[Any]) -> None:
        one, two, three = self.values
        for time_to_live in (None, HOUR):
            await backend.set_many(
                [("a", one), ("b", one), ("a", two), ("a", three)], time_to_live=time_to_live
            )

            assert await self.values_of(backend, "a", "b") == [three, one]

    async def test_set_many_nothing_does_nothing(self, backend: AsyncBackend[Any]) -> None:
        await backend.set("key", self.values[0])

        for time_to_live in (None, 60, 0):
            await backend.set_many([], time_to_live=time_to_live)
            await backend.set_many(iter(()), time_to_live=time_to_live)

        assert await backend.get("key") == self.values[0]

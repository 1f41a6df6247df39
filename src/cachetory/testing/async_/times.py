"""What a store owes to times to live."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.errors import InvalidDurationError
from cachetory.testing.async_.subject import Subject
from cachetory.testing.samples import HOUR, NOT_DURATIONS, OVER_AT_ONCE, TINY, brief

if TYPE_CHECKING:
    from cachetory.durations import Duration
    from cachetory.interfaces.backends.async_ import AsyncBackend


class TimeContract(Subject):
    """Entries live as long as they were told to."""

    @pytest.mark.parametrize("time_to_live", [3600, 3600.0, HOUR])
    async def test_set_time_to_live_in_any_form_holds(
        self, backend: AsyncBackend[Any], time_to_live: Duration
    ) -> None:
        await backend.set("alone", self.values[0], time_to_live=time_to_live)
        await backend.set_many([("bulk", self.values[1])], time_to_live=time_to_live)

        assert await self.values_of(backend, "alone", "bulk") == [*self.values[:2]]
        if self.clock_is_injected:
            await self.advance(3599.75)
            assert await self.values_of(backend, "alone", "bulk") == [*self.values[:2]]
            await self.advance(0.25)
            assert await self.values_of(backend, "alone", "bulk") == []

    async def test_set_time_over_is_a_miss_everywhere(self, backend: AsyncBackend[Any]) -> None:
        await backend.set("float", self.values[0], time_to_live=self.moment)
        await backend.set("timedelta", self.values[1], time_to_live=timedelta(seconds=self.moment))
        await backend.set_many([("bulk", self.values[2])], time_to_live=self.moment)
        await self.outlive(self.moment)

        for key in ("float", "timedelta", "bulk"):
            with pytest.raises(KeyError):
                await backend.get(key)
            assert await self.values_of(backend, key) == []
            assert await backend.contains(key) is False
            assert await backend.delete(key) is False

    async def test_set_without_time_to_live_makes_eternal(self, backend: AsyncBackend[Any]) -> None:
        for key in ("alone", "bulk"):
            await backend.set(key, self.values[0], time_to_live=self.moment)

        await backend.set("alone", self.values[1])
        await backend.set_many([("bulk", self.values[1])])
        await self.outlive(self.moment)

        assert await self.values_of(backend, "alone", "bulk") == [self.values[1]] * 2

    async def test_set_with_time_to_live_ends_eternity(self, backend: AsyncBackend[Any]) -> None:
        await backend.set_many([("alone", self.values[0]), ("bulk", self.values[0])])

        await backend.set("alone", self.values[1], time_to_live=self.moment)
        await backend.set_many([("bulk", self.values[1])], time_to_live=self.moment)
        await self.outlive(self.moment)

        assert await self.values_of(backend, "alone", "bulk") == []

    async def test_set_longer_time_to_live_replaces_shorter(
        self, backend: AsyncBackend[Any]
    ) -> None:
        for key in ("alone", "bulk"):
            await backend.set(key, self.values[0], time_to_live=self.moment)

        await backend.set("alone", self.values[1], time_to_live=HOUR)
        await backend.set_many([("bulk", self.values[1])], time_to_live=HOUR)
        await self.outlive(self.moment)

        assert await self.values_of(backend, "alone", "bulk") == [self.values[1]] * 2

    async def test_set_over_at_once_deletes(self, backend: AsyncBackend[Any]) -> None:
        for time_to_live in OVER_AT_ONCE:
            await backend.set_many([("alone", self.values[0]), ("bulk", self.values[0])])

            changed = await backend.set("alone", self.values[1], time_to_live=time_to_live)
            await backend.set_many(
                [("bulk", self.values[1]), ("new", self.values[1])], time_to_live=time_to_live
            )

            assert changed is True, time_to_live
            assert await self.values_of(backend, "alone", "bulk", "new") == [], time_to_live

    async def test_set_missing_over_at_once_stores_nothing(
        self, backend: AsyncBackend[Any]
    ) -> None:
        for time_to_live in OVER_AT_ONCE:
            changed = await backend.set("key", self.values[0], time_to_live=time_to_live)

            assert changed is False, time_to_live
            assert await backend.contains("key") is False, time_to_live

    async def test_set_tiny_time_to_live_is_rounded_up(self, backend: AsyncBackend[Any]) -> None:
        for time_to_live in TINY:
            changed = await backend.set("alone", self.values[0], time_to_live=time_to_live)
            await backend.set_many([("bulk", self.values[0])], time_to_live=time_to_live)

            if self.clock_is_injected:  # else the time may be over when `set` returns
                assert changed is True, time_to_live
                await self.advance(self.finest_time_to_live * 0.75)
                found = await self.values_of(backend, "alone", "bulk")
                assert found == [self.values[0]] * 2, time_to_live
        await self.outlive(self.moment)
        assert await self.values_of(backend, "alone", "bulk") == []

    @pytest.mark.parametrize("time_to_live", NOT_DURATIONS, ids=brief)
    async def test_set_refused_duration_changes_nothing(
        self, backend: AsyncBackend[Any], time_to_live: Any
    ) -> None:
        await backend.set_many([("alone", self.values[0]), ("bulk", self.values[0])])

        with pytest.raises(InvalidDurationError):
            await backend.set("alone", self.values[1], time_to_live=time_to_live)
        with pytest.raises(InvalidDurationError):
            await backend.set("new", self.values[1], time_to_live=time_to_live, if_not_exists=True)
        with pytest.raises(InvalidDurationError):
            await backend.set_many(
                [("bulk", self.values[1]), ("new", self.values[1])], time_to_live=time_to_live
            )

        assert await self.values_of(backend, "alone", "bulk") == [self.values[0]] * 2
        assert await backend.contains("new") is False

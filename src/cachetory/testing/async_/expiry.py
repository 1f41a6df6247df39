"""What a store owes to those who change the time to live of an entry."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.errors import InvalidDurationError, UnsupportedOperationError
from cachetory.testing.async_.subject import Subject
from cachetory.testing.samples import HOUR, NOT_DEADLINES, NOT_DURATIONS, OVER_AT_ONCE, TINY, brief

if TYPE_CHECKING:
    from cachetory.interfaces.backends.async_ import AsyncBackend

_EAST = timezone(timedelta(hours=5, minutes=30))


class ExpiryContract(Subject):
    """An entry lives until the last deadline that it was given."""

    async def test_expiry_unsupported_says_so(self, backend: AsyncBackend[Any]) -> None:
        if self.supports_expiry:
            return
        with pytest.raises(UnsupportedOperationError):
            await backend.expire_in("key", 60)
        with pytest.raises(UnsupportedOperationError):
            await backend.expire_at("key", self.now())

    async def test_expire_in_ends_eternity(self, backend: AsyncBackend[Any]) -> None:
        self.needs_expiry()
        await backend.set_many([("float", self.values[0]), ("timedelta", self.values[0])])

        await backend.expire_in("float", self.moment)
        await backend.expire_in("timedelta", timedelta(seconds=self.moment))
        await self.outlive(self.moment)

        assert await self.values_of(backend, "float", "timedelta") == []

    async def test_expire_later_or_never_extends(self, backend: AsyncBackend[Any]) -> None:
        self.needs_expiry()
        eternal = ("in default", "in none", "at none")
        for key in ("hour", *eternal):
            await backend.set(key, self.values[0], time_to_live=self.spell)

        await backend.expire_in("hour", 3600)
        await backend.expire_in("in default")
        await backend.expire_in("in none", None)
        await backend.expire_at("at none", None)
        await self.outlive(self.spell)

        assert await self.values_of(backend, "hour", *eternal) == [self.values[0]] * 4
        if self.clock_is_injected:
            await self.advance(3600)
            assert await self.values_of(backend, "hour", *eternal) == [self.values[0]] * 3

    async def test_expire_in_tiny_expires(self, backend: AsyncBackend[Any]) -> None:
        self.needs_expiry()
        items = {f"key {number}": time_to_live for number, time_to_live in enumerate(TINY)}
        await backend.set_many((key, self.values[0]) for key in items)

        for key, time_to_live in items.items():
            await backend.expire_in(key, time_to_live)

        if self.clock_is_injected:
            assert len(await self.values_of(backend, *items)) == len(items)
        await self.outlive(self.moment)
        assert await self.values_of(backend, *items) == []

    async def test_expire_in_over_at_once_deletes(self, backend: AsyncBackend[Any]) -> None:
        self.needs_expiry()
        for time_to_live in OVER_AT_ONCE:
            await backend.set_many([("key", self.values[0]), ("other", self.values[1])])

            await backend.expire_in("key", time_to_live)

            found = await self.values_of(backend, "key", "other")
            assert found == [self.values[1]], time_to_live

    async def test_expire_in_missing_creates_nothing(self, backend: AsyncBackend[Any]) -> None:
        self.needs_expiry()

        for time_to_live in (*TINY, *OVER_AT_ONCE, 60, None):
            await backend.expire_in("missing", time_to_live)

        assert await backend.contains("missing") is False

    async def test_expire_in_does_not_bring_back_the_expired(
        self, backend: AsyncBackend[Any]
    ) -> None:
        self.needs_expiry()
        for key in ("in", "at"):
            await backend.set(key, self.values[0], time_to_live=self.moment)
        await self.outlive(self.moment)

        await backend.expire_in("in", None)
        await backend.expire_at("at", self.now() + HOUR)

        assert await self.values_of(backend, "in", "at") == []

    @pytest.mark.parametrize("time_to_live", NOT_DURATIONS, ids=brief)
    async def test_expire_in_refused_duration_changes_nothing(
        self, backend: AsyncBackend[Any], time_to_live: Any
    ) -> None:
        self.needs_expiry()
        await backend.set("key", self.values[0])

        with pytest.raises(InvalidDurationError):
            await backend.expire_in("key", time_to_live)

        assert await backend.get("key") == self.values[0]

    async def test_expire_at_future_lives_until_then(self, backend: AsyncBackend[Any]) -> None:
        self.needs_expiry()
        await backend.set_many([("moment", self.values[0]), ("hour", self.values[1])])

        await backend.expire_at("moment", self.now() + timedelta(seconds=self.moment))
        await backend.expire_at("hour", self.now() + HOUR)
        await self.outlive(self.moment)

        assert await self.values_of(backend, "moment", "hour") == [self.values[1]]
        if self.clock_is_injected:
            await self.advance(3590)
            assert await backend.get("hour") == self.values[1]
            await self.advance(10)
            assert await backend.contains("hour") is False

    async def test_expire_at_in_another_timezone_is_the_same_moment(
        self, backend: AsyncBackend[Any]
    ) -> None:
        self.needs_expiry()
        await backend.set_many([("past", self.values[0]), ("future", self.values[1])])

        await backend.expire_at("past", (self.now() - HOUR).astimezone(_EAST))
        await backend.expire_at("future", (self.now() + HOUR).astimezone(_EAST))

        assert await self.values_of(backend, "past", "future") == [self.values[1]]

    async def test_expire_at_past_deletes(self, backend: AsyncBackend[Any]) -> None:
        self.needs_expiry()
        for age in (timedelta(seconds=1), timedelta(days=10), timedelta(days=10_000)):
            await backend.set_many([("key", self.values[0]), ("other", self.values[1])])

            await backend.expire_at("key", self.now() - age)

            assert await self.values_of(backend, "key", "other") == [self.values[1]], age

    async def test_expire_at_before_the_epoch_deletes(self, backend: AsyncBackend[Any]) -> None:
        self.needs_expiry()
        await backend.set("key", self.values[0])

        await backend.expire_at("key", datetime(1969, 1, 1, tzinfo=timezone.utc))

        assert await backend.contains("key") is False

    async def test_expire_at_now_deletes(self, backend: AsyncBackend[Any]) -> None:
        self.needs_expiry()
        await backend.set("key", self.values[0])

        await backend.expire_at("key", self.now())

        if not self.clock_is_injected:
            await self.outlive(self.moment)
        assert await backend.contains("key") is False

    async def test_expire_at_end_of_time_is_kept(self, backend: AsyncBackend[Any]) -> None:
        self.needs_expiry()
        await backend.set("key", self.values[0])

        await backend.expire_at("key", self.now() + timedelta(days=365 * 900))

        assert await backend.get("key") == self.values[0]

    async def test_expire_at_missing_creates_nothing(self, backend: AsyncBackend[Any]) -> None:
        self.needs_expiry()
        for deadline in (self.now() + HOUR, self.now() - HOUR, None):
            await backend.expire_at("missing", deadline)

        assert await backend.contains("missing") is False

    @pytest.mark.parametrize("deadline", NOT_DEADLINES, ids=brief)
    async def test_expire_at_refused_deadline_changes_nothing(
        self, backend: AsyncBackend[Any], deadline: Any
    ) -> None:
        self.needs_expiry()
        await backend.set("key", self.values[0])

        with pytest.raises(InvalidDurationError):
            await backend.expire_at("key", deadline)

        assert await backend.get("key") == self.values[0]
        assert await self.values_of(backend, "key") == [self.values[0]]
        assert await backend.set("key", self.values[1]) is True

"""A backend that brings nothing but what it must keeps the contract by the interface's defaults."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.durations import to_seconds, to_timestamp
from cachetory.errors import UnsupportedOperationError
from cachetory.interfaces.backends.async_ import AsyncBackend
from cachetory.testing.async_ import BackendContract
from tests.clock import ManualClock

if TYPE_CHECKING:
    from typing_extensions import Self

    from cachetory.durations import Duration


class Minimal(AsyncBackend[Any]):
    """Pairs of value and deadline in a dictionary."""

    def __init__(self, clock: ManualClock) -> None:
        self.entries: dict[str, tuple[Any, float]] = {}
        self.clock = clock

    @classmethod
    def from_url(cls, url: str) -> Self:
        raise NotImplementedError

    async def get(self, key: str) -> Any:
        value, deadline = self.entries[key]
        if deadline <= self.clock():
            raise KeyError(key)
        return value

    async def set(
        self,
        key: str,
        value: Any,
        *,
        time_to_live: Duration | None = None,
        if_not_exists: bool = False,
    ) -> bool:
        seconds = float("inf") if time_to_live is None else to_seconds(time_to_live)
        if if_not_exists and (await self.contains(key) or not seconds):
            return False
        if not seconds:
            return await self.delete(key)
        self.entries[key] = (value, self.clock() + seconds)
        return True

    async def delete(self, key: str) -> bool:
        value_was_there = await self.contains(key)
        self.entries.pop(key, None)
        return value_was_there


class WithDeadlines(Minimal):
    """It can also move deadlines, from which the other way of saying so follows."""

    async def expire_at(self, key: str, deadline: datetime | None) -> None:
        moment = float("inf") if deadline is None else to_timestamp(deadline)
        if await self.contains(key):
            self.entries[key] = (self.entries[key][0], moment)


class TestMinimal(BackendContract):
    is_atomic = False
    supports_expiry = False
    supports_clear = False
    supports_clear_prefix = False
    kind = Minimal

    @pytest.fixture
    def backend(self) -> AsyncBackend[Any]:
        # A bit ahead, lest a deadline of this very moment is still to come.
        self.clock = ManualClock(start=datetime.now(timezone.utc).timestamp() + 5)
        return self.kind(self.clock)

    async def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)


class TestWithDeadlines(TestMinimal):
    supports_expiry = True
    kind = WithDeadlines


async def test_operation_that_is_missing_is_told(clock: ManualClock) -> None:
    backend = Minimal(clock)

    with pytest.raises(UnsupportedOperationError, match="Minimal cannot delete all keys"):
        await backend.clear()
    with pytest.raises(NotImplementedError, match="Minimal cannot delete keys by their prefix"):
        await backend.clear_prefix("prefix")
    with pytest.raises(UnsupportedOperationError, match="Minimal cannot change the time to live"):
        await backend.expire_in("key", None)

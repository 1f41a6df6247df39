"""Memory backends keep the contract, under every policy."""

from __future__ import annotations

from datetime import datetime, timezone
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from cachetory.backends.async_ import MemoryBackend, from_url
from cachetory.testing.async_ import BackendContract

if TYPE_CHECKING:
    from cachetory.interfaces.backends.async_ import AsyncBackend
    from tests.clock import ManualClock

_numbers = count()


class MemoryContract(BackendContract):
    """Time is a clock of the test; wire values are whatever there is."""

    clock_is_injected = True
    values = ({"any": "object"}, "text", None)
    extreme_values = (None, False, 0, (), b"", bytes(range(256)) * 4096, float("inf"), object())
    options: ClassVar[dict[str, Any]] = {}

    @pytest.fixture
    def backend(self, clock: ManualClock) -> AsyncBackend[Any]:
        self.clock = clock
        return MemoryBackend(clock=clock, wall_clock=clock, **self.options)

    async def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), timezone.utc)


class TestDefault(MemoryContract):
    pass


class TestLruWithinBytes(MemoryContract):
    options: ClassVar[dict[str, Any]] = {"max_weight": 20_000_000, "policy": "lru"}
    values = BackendContract.values
    extreme_values = BackendContract.extreme_values


class TestUnbounded(MemoryContract):
    options: ClassVar[dict[str, Any]] = {"max_entries": None}


class TestNamed(BackendContract):
    """A store that others may use too, by its name, on the clocks of this world."""

    @pytest.fixture
    def backend(self) -> AsyncBackend[Any]:
        return from_url(f"memory://contract-{__name__}-{next(_numbers)}")

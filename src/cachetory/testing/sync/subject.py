# Generated from src/cachetory/testing/async_/subject.py by tools/unasync.py. Do not edit: edit that file instead.
"""What the makers of a backend tell the contract about it, and the steps that its tests share."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from cachetory.testing.sync_only import collect, sleep

if TYPE_CHECKING:
    from cachetory.interfaces.backends.sync import SyncBackend

_MARGIN = 0.05


class Subject:
    """The backend under test, and what its store can do. All of this may be overridden."""

    finest_time_to_live: ClassVar[float] = 0.001
    """The shortest time to live that the store can keep, in seconds; shorter ones last so long."""

    clock_is_injected: ClassVar[bool] = False
    """Whether time stands still unless `advance` is called, so that the last moment counts."""

    is_atomic: ClassVar[bool] = True
    """Whether nobody sees half of an operation, a bulk one included."""

    supports_expiry: ClassVar[bool] = True
    """Whether `expire_in` and `expire_at` work."""

    supports_clear: ClassVar[bool] = True
    """Whether `clear` works."""

    supports_clear_prefix: ClassVar[bool] = True
    """Whether `clear_prefix` works."""

    values: tuple[Any, Any, Any] = (b"one", b"two", b"three")
    """Three different wire values."""

    extreme_values: tuple[Any, ...] = (b"", b"\0", b"\r\n", bytes(range(256)) * 4096)
    """Wire values that are hard to keep: by default, the empty one and one of 1 MiB among them."""

    @pytest.fixture
    def backend(self) -> SyncBackend[Any]:
        """The backend under test, with an empty store. Always to be overridden."""
        msg = f"{type(self).__name__} has to override the fixture `backend`"
        raise NotImplementedError(msg)

    def advance(self, seconds: float) -> None:
        """Let time pass: really, unless this is overridden for a backend with an injected clock."""
        sleep(seconds)

    def now(self) -> datetime:
        """Tell the time as the store sees it, aware of its timezone."""
        return datetime.now(timezone.utc)

    @property
    def moment(self) -> float:
        """A time to live that is soon over, in seconds."""
        return max(self.finest_time_to_live, 0.02)

    @property
    def spell(self) -> float:
        """A time to live that is not over before the next step, in seconds."""
        return max(self.finest_time_to_live, 1.0)

    def outlive(self, time_to_live: float) -> None:
        """Let so much time pass that what had that time to live is gone."""
        self.advance(time_to_live + _MARGIN)

    def values_of(self, backend: SyncBackend[Any], *keys: str) -> list[Any]:
        """Get many values, without the keys."""
        return [value for _, value in collect(backend.get_many(*keys))]

    def needs_atomicity(self) -> None:
        """Skip the test unless the backend is atomic."""
        if not self.is_atomic:
            pytest.skip("this backend promises no atomic operations")

    def needs_expiry(self) -> None:
        """Skip the test unless the backend can change a time to live."""
        if not self.supports_expiry:
            pytest.skip("this backend cannot change the time to live of a key")

    def needs_clear_prefix(self) -> None:
        """Skip the test unless the backend can delete keys by their prefix."""
        if not self.supports_clear_prefix:
            pytest.skip("this backend cannot delete keys by their prefix")

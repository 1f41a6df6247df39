# Generated from src/cachetory/testing/async_/expiry.py by tools/unasync.py. Do not edit: edit that file instead.
"""What a store owes to those who change the time to live of an entry."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.errors import InvalidDurationError, UnsupportedOperationError
from cachetory.testing.samples import HOUR, NOT_DEADLINES, NOT_DURATIONS, OVER_AT_ONCE, TINY, brief
from cachetory.testing.sync.subject import Subject

if TYPE_CHECKING:
    from cachetory.interfaces.backends.sync import SyncBackend

_EAST = timezone(timedelta(hours=5, minutes=30))


class ExpiryContract(Subject):
    """An entry lives until the last deadline that it was given."""

    def test_expiry_unsupported_says_so(self, backend: SyncBackend[Any]) -> None:
        if self.supports_expiry:
            return
        with pytest.raises(UnsupportedOperationError):
            backend.expire_in("key", 60)
        with pytest.raises(UnsupportedOperationError):
            backend.expire_at("key", self.now())

    def test_expire_in_ends_eternity(self, backend: SyncBackend[Any]) -> None:
        self.needs_expiry()
        backend.set_many([("float", self.values[0]), ("timedelta", self.values[0])])

        backend.expire_in("float", self.moment)
        backend.expire_in("timedelta", timedelta(seconds=self.moment))
        self.outlive(self.moment)

        assert self.values_of(backend, "float", "timedelta") == []

    def test_expire_later_or_never_extends(self, backend: SyncBackend[Any]) -> None:
        self.needs_expiry()
        eternal = ("in default", "in none", "at none")
        for key in ("hour", *eternal):
            backend.set(key, self.values[0], time_to_live=self.spell)

        backend.expire_in("hour", 3600)
        backend.expire_in("in default")
        backend.expire_in("in none", None)
        backend.expire_at("at none", None)
        self.outlive(self.spell)

        assert self.values_of(backend, "hour", *eternal) == [self.values[0]] * 4
        if self.clock_is_injected:
            self.advance(3600)
            assert self.values_of(backend, "hour", *eternal) == [self.values[0]] * 3

    def test_expire_in_tiny_expires(self, backend: SyncBackend[Any]) -> None:
        self.needs_expiry()
        items = {f"key {number}": time_to_live for number, time_to_live in enumerate(TINY)}
        backend.set_many((key, self.values[0]) for key in items)

        for key, time_to_live in items.items():
            backend.expire_in(key, time_to_live)

        if self.clock_is_injected:
            assert len(self.values_of(backend, *items)) == len(items)
        self.outlive(self.moment)
        assert self.values_of(backend, *items) == []

    def test_expire_in_over_at_once_deletes(self, backend: SyncBackend[Any]) -> None:
        self.needs_expiry()
        for time_to_live in OVER_AT_ONCE:
            backend.set_many([("key", self.values[0]), ("other", self.values[1])])

            backend.expire_in("key", time_to_live)

            found = self.values_of(backend, "key", "other")
            assert found == [self.values[1]], time_to_live

    def test_expire_in_missing_creates_nothing(self, backend: SyncBackend[Any]) -> None:
        self.needs_expiry()

        for time_to_live in (*TINY, *OVER_AT_ONCE, 60, None):
            backend.expire_in("missing", time_to_live)

        assert backend.contains("missing") is False

    def test_expire_in_does_not_bring_back_the_expired(self, backend: SyncBackend[Any]) -> None:
        self.needs_expiry()
        for key in ("in", "at"):
            backend.set(key, self.values[0], time_to_live=self.moment)
        self.outlive(self.moment)

        backend.expire_in("in", None)
        backend.expire_at("at", self.now() + HOUR)

        assert self.values_of(backend, "in", "at") == []

    @pytest.mark.parametrize("time_to_live", NOT_DURATIONS, ids=brief)
    def test_expire_in_refused_duration_changes_nothing(
        self, backend: SyncBackend[Any], time_to_live: Any
    ) -> None:
        self.needs_expiry()
        backend.set("key", self.values[0])

        with pytest.raises(InvalidDurationError):
            backend.expire_in("key", time_to_live)

        assert backend.get("key") == self.values[0]

    def test_expire_at_future_lives_until_then(self, backend: SyncBackend[Any]) -> None:
        self.needs_expiry()
        backend.set_many([("moment", self.values[0]), ("hour", self.values[1])])

        backend.expire_at("moment", self.now() + timedelta(seconds=self.moment))
        backend.expire_at("hour", self.now() + HOUR)
        self.outlive(self.moment)

        assert self.values_of(backend, "moment", "hour") == [self.values[1]]
        if self.clock_is_injected:
            self.advance(3590)
            assert backend.get("hour") == self.values[1]
            self.advance(10)
            assert backend.contains("hour") is False

    def test_expire_at_in_another_timezone_is_the_same_moment(
        self, backend: SyncBackend[Any]
    ) -> None:
        self.needs_expiry()
        backend.set_many([("past", self.values[0]), ("future", self.values[1])])

        backend.expire_at("past", (self.now() - HOUR).astimezone(_EAST))
        backend.expire_at("future", (self.now() + HOUR).astimezone(_EAST))

        assert self.values_of(backend, "past", "future") == [self.values[1]]

    def test_expire_at_past_deletes(self, backend: SyncBackend[Any]) -> None:
        self.needs_expiry()
        for age in (timedelta(seconds=1), timedelta(days=10), timedelta(days=10_000)):
            backend.set_many([("key", self.values[0]), ("other", self.values[1])])

            backend.expire_at("key", self.now() - age)

            assert self.values_of(backend, "key", "other") == [self.values[1]], age

    def test_expire_at_before_the_epoch_deletes(self, backend: SyncBackend[Any]) -> None:
        self.needs_expiry()
        backend.set("key", self.values[0])

        backend.expire_at("key", datetime(1969, 1, 1, tzinfo=timezone.utc))

        assert backend.contains("key") is False

    def test_expire_at_now_deletes(self, backend: SyncBackend[Any]) -> None:
        self.needs_expiry()
        backend.set("key", self.values[0])

        backend.expire_at("key", self.now())

        if not self.clock_is_injected:
            self.outlive(self.moment)
        assert backend.contains("key") is False

    def test_expire_at_end_of_time_is_kept(self, backend: SyncBackend[Any]) -> None:
        self.needs_expiry()
        backend.set("key", self.values[0])

        backend.expire_at("key", self.now() + timedelta(days=365 * 900))

        assert backend.get("key") == self.values[0]

    def test_expire_at_missing_creates_nothing(self, backend: SyncBackend[Any]) -> None:
        self.needs_expiry()
        for deadline in (self.now() + HOUR, self.now() - HOUR, None):
            backend.expire_at("missing", deadline)

        assert backend.contains("missing") is False

    @pytest.mark.parametrize("deadline", NOT_DEADLINES, ids=brief)
    def test_expire_at_refused_deadline_changes_nothing(
        self, backend: SyncBackend[Any], deadline: Any
    ) -> None:
        self.needs_expiry()
        backend.set("key", self.values[0])

        with pytest.raises(InvalidDurationError):
            backend.expire_at("key", deadline)

        assert backend.get("key") == self.values[0]
        assert self.values_of(backend, "key") == [self.values[0]]
        assert backend.set("key", self.values[1]) is True

# Generated from src/cachetory/testing/async_/times.py by tools/unasync.py. Do not edit: edit that file instead.
"""What a store owes to times to live."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.errors import InvalidDurationError
from cachetory.testing.samples import HOUR, NOT_DURATIONS, OVER_AT_ONCE, TINY, brief
from cachetory.testing.sync.subject import Subject

if TYPE_CHECKING:
    from cachetory.durations import Duration
    from cachetory.interfaces.backends.sync import SyncBackend


class TimeContract(Subject):
    """Entries live as long as they were told to."""

    @pytest.mark.parametrize("time_to_live", [3600, 3600.0, HOUR])
    def test_set_time_to_live_in_any_form_holds(
        self, backend: SyncBackend[Any], time_to_live: Duration
    ) -> None:
        backend.set("alone", self.values[0], time_to_live=time_to_live)
        backend.set_many([("bulk", self.values[1])], time_to_live=time_to_live)

        assert self.values_of(backend, "alone", "bulk") == [*self.values[:2]]
        if self.clock_is_injected:
            self.advance(3599.75)
            assert self.values_of(backend, "alone", "bulk") == [*self.values[:2]]
            self.advance(0.25)
            assert self.values_of(backend, "alone", "bulk") == []

    def test_set_time_over_is_a_miss_everywhere(self, backend: SyncBackend[Any]) -> None:
        backend.set("float", self.values[0], time_to_live=self.moment)
        backend.set("timedelta", self.values[1], time_to_live=timedelta(seconds=self.moment))
        backend.set_many([("bulk", self.values[2])], time_to_live=self.moment)
        self.outlive(self.moment)

        for key in ("float", "timedelta", "bulk"):
            with pytest.raises(KeyError):
                backend.get(key)
            assert self.values_of(backend, key) == []
            assert backend.contains(key) is False
            assert backend.delete(key) is False

    def test_set_without_time_to_live_makes_eternal(self, backend: SyncBackend[Any]) -> None:
        for key in ("alone", "bulk"):
            backend.set(key, self.values[0], time_to_live=self.moment)

        backend.set("alone", self.values[1])
        backend.set_many([("bulk", self.values[1])])
        self.outlive(self.moment)

        assert self.values_of(backend, "alone", "bulk") == [self.values[1]] * 2

    def test_set_with_time_to_live_ends_eternity(self, backend: SyncBackend[Any]) -> None:
        backend.set_many([("alone", self.values[0]), ("bulk", self.values[0])])

        backend.set("alone", self.values[1], time_to_live=self.moment)
        backend.set_many([("bulk", self.values[1])], time_to_live=self.moment)
        self.outlive(self.moment)

        assert self.values_of(backend, "alone", "bulk") == []

    def test_set_longer_time_to_live_replaces_shorter(self, backend: SyncBackend[Any]) -> None:
        for key in ("alone", "bulk"):
            backend.set(key, self.values[0], time_to_live=self.moment)

        backend.set("alone", self.values[1], time_to_live=HOUR)
        backend.set_many([("bulk", self.values[1])], time_to_live=HOUR)
        self.outlive(self.moment)

        assert self.values_of(backend, "alone", "bulk") == [self.values[1]] * 2

    def test_set_over_at_once_deletes(self, backend: SyncBackend[Any]) -> None:
        for time_to_live in OVER_AT_ONCE:
            backend.set_many([("alone", self.values[0]), ("bulk", self.values[0])])

            changed = backend.set("alone", self.values[1], time_to_live=time_to_live)
            backend.set_many(
                [("bulk", self.values[1]), ("new", self.values[1])], time_to_live=time_to_live
            )

            assert changed is True, time_to_live
            assert self.values_of(backend, "alone", "bulk", "new") == [], time_to_live

    def test_set_missing_over_at_once_stores_nothing(self, backend: SyncBackend[Any]) -> None:
        for time_to_live in OVER_AT_ONCE:
            changed = backend.set("key", self.values[0], time_to_live=time_to_live)

            assert changed is False, time_to_live
            assert backend.contains("key") is False, time_to_live

    def test_set_tiny_time_to_live_is_rounded_up(self, backend: SyncBackend[Any]) -> None:
        for time_to_live in TINY:
            changed = backend.set("alone", self.values[0], time_to_live=time_to_live)
            backend.set_many([("bulk", self.values[0])], time_to_live=time_to_live)

            if self.clock_is_injected:  # else the time may be over when `set` returns
                assert changed is True, time_to_live
                self.advance(self.finest_time_to_live * 0.75)
                found = self.values_of(backend, "alone", "bulk")
                assert found == [self.values[0]] * 2, time_to_live
        self.outlive(self.moment)
        assert self.values_of(backend, "alone", "bulk") == []

    @pytest.mark.parametrize("time_to_live", NOT_DURATIONS, ids=brief)
    def test_set_refused_duration_changes_nothing(
        self, backend: SyncBackend[Any], time_to_live: Any
    ) -> None:
        backend.set_many([("alone", self.values[0]), ("bulk", self.values[0])])

        with pytest.raises(InvalidDurationError):
            backend.set("alone", self.values[1], time_to_live=time_to_live)
        with pytest.raises(InvalidDurationError):
            backend.set("new", self.values[1], time_to_live=time_to_live, if_not_exists=True)
        with pytest.raises(InvalidDurationError):
            backend.set_many(
                [("bulk", self.values[1]), ("new", self.values[1])], time_to_live=time_to_live
            )

        assert self.values_of(backend, "alone", "bulk") == [self.values[0]] * 2
        assert backend.contains("new") is False

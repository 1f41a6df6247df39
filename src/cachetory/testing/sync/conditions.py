# Generated from src/cachetory/testing/async_/conditions.py by tools/unasync.py. Do not edit: edit that file instead.
"""What a store owes to those who set a value only if there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cachetory.testing.samples import HOUR, OVER_AT_ONCE
from cachetory.testing.sync.subject import Subject

if TYPE_CHECKING:
    from cachetory.interfaces.backends.sync import SyncBackend


class ConditionContract(Subject):
    """A live value stays as it is, an expired one is none."""

    def test_set_if_not_exists_missing_is_stored(self, backend: SyncBackend[Any]) -> None:
        changed = backend.set("key", self.values[0], if_not_exists=True)

        assert changed is True
        assert backend.get("key") == self.values[0]

    def test_set_if_not_exists_existing_stays(self, backend: SyncBackend[Any]) -> None:
        backend.set("key", self.values[0])

        for time_to_live in (None, HOUR):
            changed = backend.set(
                "key", self.values[1], time_to_live=time_to_live, if_not_exists=True
            )
            assert changed is False

        assert backend.get("key") == self.values[0]

    def test_set_if_not_exists_existing_keeps_its_time(self, backend: SyncBackend[Any]) -> None:
        backend.set("mortal", self.values[0], time_to_live=self.spell)
        backend.set("eternal", self.values[0])

        backend.set("mortal", self.values[1], if_not_exists=True)
        backend.set("eternal", self.values[1], time_to_live=self.moment, if_not_exists=True)
        self.outlive(self.spell)

        assert self.values_of(backend, "mortal", "eternal") == [self.values[0]]

    def test_set_if_not_exists_with_time_to_live_expires(self, backend: SyncBackend[Any]) -> None:
        backend.set("key", self.values[0], time_to_live=self.moment, if_not_exists=True)
        self.outlive(self.moment)

        assert backend.contains("key") is False

    def test_set_if_not_exists_over_expired_is_stored(self, backend: SyncBackend[Any]) -> None:
        backend.set("key", self.values[0], time_to_live=self.moment)
        self.outlive(self.moment)

        changed = backend.set("key", self.values[1], if_not_exists=True)

        assert changed is True
        assert backend.get("key") == self.values[1]

    def test_set_if_not_exists_over_at_once_leaves_what_is_there(
        self, backend: SyncBackend[Any]
    ) -> None:
        backend.set("key", self.values[0])

        for key in ("key", "missing"):
            for time_to_live in OVER_AT_ONCE:
                changed = backend.set(
                    key, self.values[1], time_to_live=time_to_live, if_not_exists=True
                )
                assert changed is False, time_to_live

        assert self.values_of(backend, "key", "missing") == [self.values[0]]

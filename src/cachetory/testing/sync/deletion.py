# Generated from src/cachetory/testing/async_/deletion.py by tools/unasync.py. Do not edit: edit that file instead.
"""What a store owes to those who delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cachetory.errors import UnsupportedOperationError
from cachetory.testing.samples import GLOBS
from cachetory.testing.sync.subject import Subject

if TYPE_CHECKING:
    from cachetory.interfaces.backends.sync import SyncBackend


class DeletionContract(Subject):
    """What was named is gone, and nothing else."""

    def test_delete_existing_is_gone(self, backend: SyncBackend[Any]) -> None:
        backend.set_many([("key", self.values[0]), ("other", self.values[1])])

        assert backend.delete("key") is True
        assert self.values_of(backend, "key", "other") == [self.values[1]]

    def test_delete_missing_gives_false(self, backend: SyncBackend[Any]) -> None:
        assert backend.delete("missing") is False

    def test_delete_twice_gives_false(self, backend: SyncBackend[Any]) -> None:
        backend.set("key", self.values[0])
        backend.delete("key")

        assert backend.delete("key") is False

    def test_delete_expired_gives_false(self, backend: SyncBackend[Any]) -> None:
        backend.set("key", self.values[0], time_to_live=self.moment)
        self.outlive(self.moment)

        assert backend.delete("key") is False

    def test_delete_many_removes_those_named(self, backend: SyncBackend[Any]) -> None:
        one, two, three = self.values
        backend.set_many([("a", one), ("b", two), ("c", three)])

        backend.delete_many("a", "missing", "c", "a")

        assert self.values_of(backend, "a", "b", "c") == [two]

    def test_delete_many_no_keys_removes_nothing(self, backend: SyncBackend[Any]) -> None:
        backend.set("key", self.values[0])

        backend.delete_many()

        assert backend.get("key") == self.values[0]

    def test_delete_then_set_starts_anew(self, backend: SyncBackend[Any]) -> None:
        backend.set("key", self.values[0], time_to_live=self.moment)
        backend.delete("key")

        assert backend.set("key", self.values[1], if_not_exists=True) is True
        self.outlive(self.moment)
        assert backend.get("key") == self.values[1]

    def test_clear_removes_all(self, backend: SyncBackend[Any]) -> None:
        if not self.supports_clear:
            with pytest.raises(UnsupportedOperationError):
                backend.clear()
            return
        backend.set("mortal", self.values[0], time_to_live=60)
        backend.set("eternal", self.values[1])

        backend.clear()
        backend.clear()

        assert self.values_of(backend, "mortal", "eternal") == []
        assert backend.set("mortal", self.values[2], if_not_exists=True) is True

    def test_clear_prefix_unsupported_says_so(self, backend: SyncBackend[Any]) -> None:
        if self.supports_clear_prefix:
            return
        with pytest.raises(UnsupportedOperationError):
            backend.clear_prefix("prefix")

    def test_clear_prefix_removes_what_begins_with_it(self, backend: SyncBackend[Any]) -> None:
        self.needs_clear_prefix()
        going, staying = ["user:", "user:1", "user:12", "user::"], ["", "user", "a user:1", "User:"]
        backend.set_many((key, self.values[0]) for key in [*going, *staying])

        backend.clear_prefix("user:")

        assert self.values_of(backend, *going) == []
        assert self.values_of(backend, *staying) == [self.values[0]] * len(staying)

    def test_clear_prefix_special_characters_stand_for_themselves(
        self, backend: SyncBackend[Any]
    ) -> None:
        self.needs_clear_prefix()
        for prefix, going, staying in GLOBS:
            backend.set_many([(going, self.values[0]), (staying, self.values[1])])

            backend.clear_prefix(prefix)

            assert self.values_of(backend, going, staying) == [self.values[1]], prefix

    def test_clear_prefix_empty_removes_all(self, backend: SyncBackend[Any]) -> None:
        self.needs_clear_prefix()
        backend.set_many([("", self.values[0]), ("key", self.values[1])])

        backend.clear_prefix("")

        assert self.values_of(backend, "", "key") == []

    def test_clear_prefix_of_nobody_removes_nothing(self, backend: SyncBackend[Any]) -> None:
        self.needs_clear_prefix()
        backend.set("key", self.values[0])

        backend.clear_prefix("key:")

        assert backend.get("key") == self.values[0]

# Generated from src/cachetory/testing/async_/values.py by tools/unasync.py. Do not edit: edit that file instead.
"""What a store owes to values: it gives back what was put in, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cachetory.testing.samples import HOUR
from cachetory.testing.sync.subject import Subject
from cachetory.testing.sync_only import collect

if TYPE_CHECKING:
    from cachetory.interfaces.backends.sync import SyncBackend


class ValueContract(Subject):
    """Values are kept, replaced and found."""

    def test_get_missing_raises_key_error(self, backend: SyncBackend[Any]) -> None:
        with pytest.raises(KeyError):
            backend.get("missing")

    def test_set_new_key_is_stored(self, backend: SyncBackend[Any]) -> None:
        changed = backend.set("key", self.values[0])

        assert changed is True
        assert backend.get("key") == self.values[0]

    def test_set_existing_key_is_replaced(self, backend: SyncBackend[Any]) -> None:
        backend.set("key", self.values[0])

        changed = backend.set("key", self.values[1])

        assert changed is True
        assert backend.get("key") == self.values[1]

    def test_set_other_key_is_left_alone(self, backend: SyncBackend[Any]) -> None:
        backend.set("key", self.values[0])
        backend.set("other", self.values[1])

        assert backend.get("key") == self.values[0]

    def test_set_extreme_values_are_kept(self, backend: SyncBackend[Any]) -> None:
        for number, value in enumerate(self.extreme_values):
            backend.set(f"one by one {number}", value)
        backend.set_many(
            [(f"at once {number}", value) for number, value in enumerate(self.extreme_values)]
        )

        for number, value in enumerate(self.extreme_values):
            assert backend.get(f"one by one {number}") == value
            assert backend.contains(f"at once {number}")
            assert self.values_of(backend, f"at once {number}") == [value]

    def test_contains_tells_what_is_there(self, backend: SyncBackend[Any]) -> None:
        backend.set("key", self.values[0])

        assert backend.contains("key") is True
        assert backend.contains("missing") is False

    def test_get_many_no_keys_gives_nothing(self, backend: SyncBackend[Any]) -> None:
        backend.set("key", self.values[0])

        assert self.values_of(backend) == []

    def test_get_many_some_missing_gives_the_others_in_order(
        self, backend: SyncBackend[Any]
    ) -> None:
        one, two, three = self.values
        backend.set_many([("a", one), ("b", two), ("c", three)])

        pairs = collect(backend.get_many("c", "missing", "a", "b", "lost"))

        assert pairs == [("c", three), ("a", one), ("b", two)]

    def test_get_many_all_missing_gives_nothing(self, backend: SyncBackend[Any]) -> None:
        assert self.values_of(backend, "missing", "lost") == []

    def test_get_many_repeated_key_gives_its_value(self, backend: SyncBackend[Any]) -> None:
        one, two, _ = self.values
        backend.set_many([("a", one), ("b", two)])

        pairs = collect(backend.get_many("b", "a", "b", "lost", "lost"))

        assert list(dict(pairs).items()) == [("b", two), ("a", one)]
        assert len(pairs) in {2, 3}

    def test_get_many_given_up_half_way_spoils_nothing(self, backend: SyncBackend[Any]) -> None:
        one, two, _ = self.values
        backend.set_many([("a", one), ("b", two)])

        for pair in backend.get_many("a", "b"):
            assert pair == ("a", one)
            break

        assert backend.get("b") == two

    def test_set_many_hundreds_are_all_stored(self, backend: SyncBackend[Any]) -> None:
        items = {f"key {number}": self.values[number % 3] for number in range(300)}

        backend.set_many(items.items())

        assert dict(collect(backend.get_many(*items))) == items

    def test_set_many_from_generator_is_stored(self, backend: SyncBackend[Any]) -> None:
        backend.set_many((f"key {number}", self.values[number]) for number in range(3))

        assert self.values_of(backend, "key 0", "key 1", "key 2") == [*self.values]

    def test_set_many_repeated_key_last_wins(self, backend: SyncBackend[Any]) -> None:
        one, two, three = self.values
        for time_to_live in (None, HOUR):
            backend.set_many(
                [("a", one), ("b", one), ("a", two), ("a", three)], time_to_live=time_to_live
            )

            assert self.values_of(backend, "a", "b") == [three, one]

    def test_set_many_nothing_does_nothing(self, backend: SyncBackend[Any]) -> None:
        backend.set("key", self.values[0])

        for time_to_live in (None, 60, 0):
            backend.set_many([], time_to_live=time_to_live)
            backend.set_many(iter(()), time_to_live=time_to_live)

        assert backend.get("key") == self.values[0]

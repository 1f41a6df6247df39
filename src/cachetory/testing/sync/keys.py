# Generated from src/cachetory/testing/async_/keys.py by tools/unasync.py. Do not edit: edit that file instead.
"""What a store owes to keys: distinct ones stay distinct."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cachetory.errors import InvalidKeyError
from cachetory.testing.samples import KEYS, STRETCHES_OF_UNICODE
from cachetory.testing.sync.subject import Subject
from cachetory.testing.sync_only import collect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cachetory.interfaces.backends.sync import SyncBackend


class KeyContract(Subject):
    """Keys are taken for what they are, or refused with an `InvalidKeyError`."""

    def test_keys_that_look_alike_stay_distinct(self, backend: SyncBackend[Any]) -> None:
        stored = self.set_each(backend, KEYS)

        assert dict(collect(backend.get_many(*stored))) == stored
        for key in stored:
            assert backend.get(key) == stored[key]
            assert backend.contains(key) is True
        for key in stored:
            if self.supports_expiry:
                backend.expire_in(key, 3600)
            assert backend.delete(key) is True
            assert backend.delete(key) is False

    def test_keys_of_all_of_unicode_are_taken(self, backend: SyncBackend[Any]) -> None:
        stored = self.set_each(backend, STRETCHES_OF_UNICODE)

        assert dict(collect(backend.get_many(*stored))) == stored

    def set_each(self, backend: SyncBackend[Any], keys: Iterable[str]) -> dict[str, Any]:
        """Set a value for each key, and tell which keys the store did not refuse."""
        stored: dict[str, Any] = {}
        for number, key in enumerate(keys):
            value = self.values[number % 3]
            try:
                backend.set(key, value)
            except InvalidKeyError:
                continue
            stored[key] = value
        assert stored
        return stored

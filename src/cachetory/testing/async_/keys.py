"""What a store owes to keys: distinct ones stay distinct."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cachetory.errors import InvalidKeyError
from cachetory.testing.async_.subject import Subject
from cachetory.testing.async_only import collect
from cachetory.testing.samples import KEYS, STRETCHES_OF_UNICODE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cachetory.interfaces.backends.async_ import AsyncBackend


class KeyContract(Subject):
    """Keys are taken for what they are, or refused with an `InvalidKeyError`."""

    async def test_keys_that_look_alike_stay_distinct(self, backend: AsyncBackend[Any]) -> None:
        stored = await self.set_each(backend, KEYS)

        assert dict(await collect(backend.get_many(*stored))) == stored
        for key in stored:
            assert await backend.get(key) == stored[key]
            assert await backend.contains(key) is True
        for key in stored:
            if self.supports_expiry:
                await backend.expire_in(key, 3600)
            assert await backend.delete(key) is True
            assert await backend.delete(key) is False

    async def test_keys_of_all_of_unicode_are_taken(self, backend: AsyncBackend[Any]) -> None:
        stored = await self.set_each(backend, STRETCHES_OF_UNICODE)

        assert dict(await collect(backend.get_many(*stored))) == stored

    async def set_each(self, backend: AsyncBackend[Any], keys: Iterable[str]) -> dict[str, Any]:
        """Set a value for each key, and tell which keys the store did not refuse."""
        stored: dict[str, Any] = {}
        for number, key in enumerate(keys):
            value = self.values[number % 3]
            try:
                await backend.set(key, value)
            except InvalidKeyError:
                continue
            stored[key] = value
        assert stored
        return stored

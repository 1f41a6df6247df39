"""What a Django cache does with its entries, asynchronously, by keys as Django made them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cachetory._shell.health import Health
from cachetory.caches.async_ import Cache
from cachetory.django.failures import LOUD, Failures, Telling
from cachetory.serializers import NoopSerializer, from_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cachetory.django.options import Options
    from cachetory.interfaces.backends.async_ import AsyncBackend


class Entries:
    """The entries of all caches with the same options. Timeouts are in seconds, `None` for ever.

    Args:
        options: how they are kept.
        backend: where.

    Raises:
        ConfigurationError: for options that cannot work.
    """

    def __init__(self, options: Options, backend: AsyncBackend[Any]) -> None:
        given: Any = options.serializer
        serializer: Any = from_url(given) if isinstance(given, str) else given
        if not isinstance(given, NoopSerializer) and given != "noop://":  # caches know that one
            serializer = Telling(serializer)
        self._cache = Cache[Any, Any](
            serializer=serializer,
            backend=backend,
            prefix=options.prefix,
            policy=options.policy,
            on_backend_error=options.on_backend_error,
        )
        raises = options.on_backend_error == "raise"
        self._failures = Failures(raises=raises)
        self._health = Health() if raises else Health.of(backend)

    async def get(self, key: str, default: Any) -> Any:
        """Get the value of a key, or the default."""
        return await self._cache.get(key, default)

    async def get_many(self, keys: Mapping[str, Any]) -> dict[Any, Any]:
        """Get those values that there are; the keys are mapped to what the caller calls them."""
        found = await self._cache.get_many(*keys)
        return {keys[key]: value for key, value in found.items()}

    async def contains(self, key: str) -> bool:
        """Tell whether a key has a value."""
        return await self._cache.contains(key)

    async def get_or_set(self, key: str, load: Callable[[], Any], timeout: float | None) -> Any:
        """Get the value of a key; if there is none, load and set it."""
        return await self._cache.get_or_set(key, load, time_to_live=timeout)

    async def add(self, key: str, value: Any, timeout: float | None) -> bool:
        """Set a value unless there is one, and tell whether it was set."""
        if timeout is not None and timeout <= 0:
            return not await self._cache.contains(key)
        if self._is_left_alone():
            return False
        with self._failures:
            return await self._cache.set(key, value, timeout, if_not_exists=True)
        return False

    async def set(self, key: str, value: Any, timeout: float | None) -> bool:
        """Set a value, and tell whether the store took it."""
        if self._is_left_alone():
            return False
        with self._failures:
            await self._cache.set(key, value, timeout)
            return True
        return False

    async def set_many(self, values: Mapping[str, Any], timeout: float | None) -> bool:
        """Set values, and tell whether the store took them."""
        if self._is_left_alone():
            return False
        with self._failures:
            await self._cache.set_many(values, time_to_live=timeout)
            return True
        return False

    async def touch(self, key: str, timeout: float | None) -> bool:
        """Give a value another timeout, and tell whether there is one."""
        if not await self._cache.contains(key):
            return False
        with self._failures:
            await self._cache.expire_in(key, timeout)
            return True
        return False

    async def increment(self, key: str, delta: Any) -> Any:
        """Add to a value in its place, and give the sum.

        Raises:
            NoValueError: if there is none.
        """
        with LOUD:
            return await self._cache.update(key, lambda value: value + delta)

    async def delete(self, key: str) -> bool:
        """Delete a key, and tell whether it had a value."""
        return await self._cache.delete(key)

    async def delete_many(self, *keys: str) -> None:
        """Delete keys."""
        await self._cache.delete_many(*keys)

    async def clear(self) -> None:
        """Delete all keys with the prefix."""
        await self._cache.clear()

    async def aclose(self) -> None:
        """Close the connections to the store."""
        await self._cache.aclose()

    def _is_left_alone(self) -> bool:
        """Tell whether to drop at once what is set: the store is down, and was asked just now."""
        return self._health.is_down and not self._health.may_probe()

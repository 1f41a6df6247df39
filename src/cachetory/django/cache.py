"""A Django cache over any store of this library, synchronous and asynchronous."""

from __future__ import annotations

from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from django.core.cache.backends import base as django_base

from cachetory.django.connections import closing_connections
from cachetory.django.options import Options
from cachetory.django.query_sets import evaluated
from cachetory.django.shared import entries_of
from cachetory.errors import NoValueError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    class BaseCache:
        """What is used of Django's, which ships no types."""

        default_timeout: float | None
        key_prefix: Any
        version: Any

        def __init__(self, params: Mapping[str, Any]) -> None: ...

        def make_and_validate_key(self, key: Any, version: int | None = None) -> Any:
            """Make the key that is stored, and check it."""

else:
    BaseCache = django_base.BaseCache

_DEFAULT: Any = django_base.DEFAULT_TIMEOUT


class CachetoryCache(BaseCache):
    """A cache for Django's `CACHES`, at a URL of this library; all that `BaseCache` documents.

    Both ways of calling work on the same entries; the asynchronous one takes no threads where the
    store is asynchronous. Entries are kept under `django:`, the `KEY_PREFIX` and the key that
    Django made.

    `OPTIONS` may have `SERIALIZER` (a URL; by default `"pickle://"`), `POLICY` (a `Policy`, or a
    dict of its fields; by default one with a `lease`) and `ON_BACKEND_ERROR`. That is `"miss"` by
    default: if the store fails, lookups find nothing, and what is set is dropped. Deletions and
    increments raise all the same; with `"raise"`, everything does.

    Args:
        location: the URL.
        params: the rest of the settings.

    Raises:
        ImproperlyConfigured: for settings that cannot work.
    """

    def __init__(self, location: str, params: Mapping[str, Any]) -> None:
        options = Options.read(location, params)
        super().__init__(params)
        self._sync, self._async = entries_of(options)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Get a value, or the default if there is none."""
        return self._sync.get(self._key(key, version), default)

    async def aget(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Get a value, or the default if there is none."""
        return await self._async.get(self._key(key, version), default)

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        """Get those of many values that there are, in one round trip."""
        return self._sync.get_many(self._keys(keys, version))

    async def aget_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        """Get those of many values that there are, in one round trip."""
        return await self._async.get_many(self._keys(keys, version))

    def has_key(self, key: Any, version: int | None = None) -> bool:
        """Tell whether there is a value."""
        return self._sync.contains(self._key(key, version))

    async def ahas_key(self, key: Any, version: int | None = None) -> bool:
        """Tell whether there is a value."""
        return await self._async.contains(self._key(key, version))

    def get_or_set(
        self, key: Any, default: Any, timeout: Any = _DEFAULT, version: int | None = None
    ) -> Any:
        """Get a value; if there is none, set the default, or what it gives if it is callable.

        However many ask at once, it is called once, in all processes that share the store.
        """

        def load() -> Any:
            return closing_connections(default)() if callable(default) else default

        return self._sync.get_or_set(self._key(key, version), load, self._seconds(timeout))

    async def aget_or_set(
        self, key: Any, default: Any, timeout: Any = _DEFAULT, version: int | None = None
    ) -> Any:
        """Get a value; if there is none, set the default, as `get_or_set` does.

        It may be asynchronous, too.
        """

        async def load() -> Any:
            value = default() if callable(default) else default
            return await evaluated(await value if isawaitable(value) else value)

        return await self._async.get_or_set(self._key(key, version), load, self._seconds(timeout))

    def add(
        self, key: Any, value: Any, timeout: Any = _DEFAULT, version: int | None = None
    ) -> bool:
        """Set a value unless there is one, and tell whether it was set."""
        return self._sync.add(self._key(key, version), value, self._seconds(timeout))

    async def aadd(
        self, key: Any, value: Any, timeout: Any = _DEFAULT, version: int | None = None
    ) -> bool:
        """Set a value unless there is one, and tell whether it was set."""
        full_key, seconds = self._key(key, version), self._seconds(timeout)
        return await self._async.add(full_key, await evaluated(value), seconds)

    def set(
        self, key: Any, value: Any, timeout: Any = _DEFAULT, version: int | None = None
    ) -> None:
        """Set a value. A timeout of zero or less removes what is there."""
        self._sync.set(self._key(key, version), value, self._seconds(timeout))

    async def aset(
        self, key: Any, value: Any, timeout: Any = _DEFAULT, version: int | None = None
    ) -> None:
        """Set a value. A timeout of zero or less removes what is there."""
        full_key, seconds = self._key(key, version), self._seconds(timeout)
        await self._async.set(full_key, await evaluated(value), seconds)

    def set_many(
        self, data: Mapping[Any, Any], timeout: Any = _DEFAULT, version: int | None = None
    ) -> list[Any]:
        """Set many values; give the keys of those that the store did not take: all or none."""
        values = {self._key(key, version): value for key, value in data.items()}
        return [] if self._sync.set_many(values, self._seconds(timeout)) else list(data)

    async def aset_many(
        self, data: Mapping[Any, Any], timeout: Any = _DEFAULT, version: int | None = None
    ) -> list[Any]:
        """Set many values; give the keys of those that the store did not take: all or none."""
        values = {self._key(key, version): await evaluated(value) for key, value in data.items()}
        return [] if await self._async.set_many(values, self._seconds(timeout)) else list(data)

    def touch(self, key: Any, timeout: Any = _DEFAULT, version: int | None = None) -> bool:
        """Give a value another timeout, and tell whether there is one."""
        return self._sync.touch(self._key(key, version), self._seconds(timeout))

    async def atouch(self, key: Any, timeout: Any = _DEFAULT, version: int | None = None) -> bool:
        """Give a value another timeout, and tell whether there is one."""
        return await self._async.touch(self._key(key, version), self._seconds(timeout))

    def incr(self, key: Any, delta: Any = 1, version: int | None = None) -> Any:
        """Add to a value, atomically, and give the sum; its timeout stays.

        Raises:
            ValueError: if there is none.
        """
        try:
            return self._sync.increment(self._key(key, version), delta)
        except NoValueError:
            raise ValueError(_not_found(key)) from None

    async def aincr(self, key: Any, delta: Any = 1, version: int | None = None) -> Any:
        """Add to a value, atomically, and give the sum; its timeout stays.

        Raises:
            ValueError: if there is none.
        """
        try:
            return await self._async.increment(self._key(key, version), delta)
        except NoValueError:
            raise ValueError(_not_found(key)) from None

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Delete a value, and tell whether there was one."""
        return self._sync.delete(self._key(key, version))

    async def adelete(self, key: Any, version: int | None = None) -> bool:
        """Delete a value, and tell whether there was one."""
        return await self._async.delete(self._key(key, version))

    def delete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        """Delete many values, in one round trip."""
        self._sync.delete_many(*self._keys(keys, version))

    async def adelete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        """Delete many values, in one round trip."""
        await self._async.delete_many(*self._keys(keys, version))

    def clear(self) -> None:
        """Delete what caches with this `KEY_PREFIX` have stored, of all versions; nothing else."""
        self._sync.clear()

    async def aclear(self) -> None:
        """Delete what caches with this `KEY_PREFIX` have stored, of all versions; nothing else."""
        await self._async.clear()

    def close(self, **kwargs: Any) -> None:
        """Do nothing: Django calls it after every request, and connections are for many."""

    async def aclose(self, **kwargs: Any) -> None:
        """Close the connections that this event loop has opened; Django never calls it by itself.

        They are also closed when the loop shuts down.
        """
        await self._async.aclose()

    def __repr__(self) -> str:
        """Name the prefix, but not the URL, which may hold a password."""
        return f"CachetoryCache(key_prefix={self.key_prefix!r}, version={self.version!r})"

    def _key(self, key: Any, version: int | None) -> str:
        return str(self.make_and_validate_key(key, version=version))

    def _keys(self, keys: Iterable[Any], version: int | None) -> dict[str, Any]:
        return {self._key(key, version): key for key in keys}

    def _seconds(self, timeout: Any) -> float | None:
        seconds: float | None = self.default_timeout if timeout is _DEFAULT else timeout
        return seconds


def _not_found(key: object) -> str:
    return f"Key {key!r} not found"

# Generated from src/cachetory/backends/async_/django.py by tools/unasync.py. Do not edit: edit that file instead.
"""A backend over a cache of a Django project."""

from __future__ import annotations

from datetime import datetime, timezone
from math import ceil
from typing import TYPE_CHECKING, Any, cast

from django.core.cache import cache as default_cache
from django.core.cache import caches
from django.core.cache.backends.base import InvalidCacheBackendError
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache
from django.utils.connection import ConnectionProxy

from cachetory._core.overrides import clearing
from cachetory._core.sentinels import MISSING
from cachetory._core.urls import Parameters, parse, redact
from cachetory.durations import LONGEST, to_seconds, to_timestamp
from cachetory.errors import CachetoryError, ConfigurationError, InvalidKeyError
from cachetory.interfaces.backends.private import AnyWireT
from cachetory.interfaces.backends.sync import SyncBackend

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.core.cache.backends.base import BaseCache
    from typing_extensions import Self

    from cachetory.durations import Duration

_PARAMETERS = Parameters({})


class DjangoBackend(SyncBackend[AnyWireT]):
    """Stores entries in a Django cache, under the keys and versions that Django makes of ours.

    Times to live reach Django's local-memory and file caches with their fractions of a second.
    The other caches of Django count whole seconds: for them a time to live is rounded up.

    Args:
        cache: the Django cache; by default the one that Django calls `"default"`.
    """

    def __init__(self, cache: BaseCache | None = None) -> None:
        self._cache: Any = default_cache if cache is None else cache

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make a backend over the cache of an alias in `settings.CACHES`: `django://alias`.

        Raises:
            ConfigurationError: if there is no such alias. Its case counts.
        """
        parsed = parse(url)
        _PARAMETERS.read(parsed)
        alias = parsed.authority or "default"
        try:
            caches[alias]
        except InvalidCacheBackendError:
            aliases: Any = caches.settings
            known = ", ".join(f"`django://{name}`" for name in aliases)
            msg = f"`{redact(url)}` names no cache of this Django project; there are {known}"
            raise ConfigurationError(msg) from None
        # A proxy, since Django has a cache object for each thread.
        return cls(cast("BaseCache", ConnectionProxy(caches, alias)))

    def get(self, key: str) -> AnyWireT:
        """Get the value of a key.

        Raises:
            KeyError: if there is none, or its time is over.
        """
        value: Any = self._cache.get(_storable(key), MISSING)
        if value is MISSING:
            raise KeyError(key)
        return cast("AnyWireT", value)

    def get_many(self, *keys: str) -> Iterator[tuple[str, AnyWireT]]:
        """Get the values of those keys that have one."""
        if not keys:
            return
        found = self._cache.get_many(list(map(_storable, keys)))
        for key in keys:
            if key in found:
                yield key, found[key]

    def set(
        self,
        key: str,
        value: AnyWireT,
        *,
        time_to_live: Duration | None = None,
        if_not_exists: bool = False,
    ) -> bool:
        """Set the value of a key and tell whether it was changed."""
        timeout = _timeout(self._cache, time_to_live)
        if timeout == 0:
            return not if_not_exists and self.delete(key)
        if if_not_exists:
            return bool(self._cache.add(_storable(key), value, timeout))
        self._cache.set(_storable(key), value, timeout)
        return True

    def set_many(
        self, items: Iterable[tuple[str, AnyWireT]], *, time_to_live: Duration | None = None
    ) -> None:
        """Set many values, all with the same time to live."""
        timeout = _timeout(self._cache, time_to_live)
        values = {_storable(key): value for key, value in items}
        if not values:
            return
        if timeout == 0:
            self._cache.delete_many(list(values))
        else:
            failed = self._cache.set_many(values, timeout)
            if failed:
                msg = f"the Django cache did not store {len(failed)} of {len(values)} values"
                raise CachetoryError(msg)

    def expire_in(self, key: str, time_to_live: Duration | None = None) -> None:
        """Let a key live for so long from now: `None` for ever, zero or less not at all."""
        timeout = _timeout(self._cache, time_to_live)
        if timeout == 0:
            self.delete(key)
        elif self._cache.has_key(_storable(key)):  # `touch` may wake the dead
            self._cache.touch(key, timeout)

    def expire_at(self, key: str, deadline: datetime | None) -> None:
        """Let a key live until the deadline, a timezone-aware datetime; `None` is for ever."""
        if deadline is None:
            self.expire_in(key, None)
        else:
            now = datetime.now(timezone.utc).timestamp()
            self.expire_in(key, min(to_timestamp(deadline) - now, LONGEST))

    def delete(self, key: str) -> bool:
        """Delete a key and tell whether it was there."""
        existed = self._cache.has_key(_storable(key))  # to `delete`, an expired one does
        return bool(self._cache.delete(key)) and existed

    def delete_many(self, *keys: str) -> None:
        """Delete many keys."""
        if keys:
            self._cache.delete_many(list(map(_storable, keys)))

    def clear(self) -> None:
        """Delete every key of the Django cache, whoever wrote it.

        If a cache with a prefix calls this through an overridden `clear`, only its own keys.
        """
        if prefix := clearing.get():
            self.clear_prefix(prefix)
            return
        self._cache.clear()


def _storable(key: str) -> str:
    try:
        key.encode()
    except UnicodeEncodeError:
        msg = f"{key!r} cannot be a key of a Django cache: it has a lone surrogate"
        raise InvalidKeyError(msg) from None
    return key


def _timeout(cache: Any, time_to_live: Duration | None) -> float | None:
    """Return what Django calls a timeout: seconds, 0 for at once, `None` for no limit."""
    if time_to_live is None:
        return None
    seconds = to_seconds(time_to_live)
    return seconds if _counts_fractions(cache) else ceil(seconds)


def _counts_fractions(cache: Any) -> bool:
    """Return whether entries of a Django cache may live for a fraction of a second."""
    if isinstance(cache, ConnectionProxy):
        proxy = vars(cache)  # the proxy's own attributes: it passes all others on
        cache = proxy["_connections"][proxy["_alias"]]
    return isinstance(cache, (LocMemCache, FileBasedCache))

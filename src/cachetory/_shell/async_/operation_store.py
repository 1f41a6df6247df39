"""The entries of a cache as the cache's own operations read and write them.

It is for caches whose `get` or `set` are a user's: subclasses, proxies, and objects that have the
operations of a cache without being one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cachetory._core.freshness import Found
from cachetory._core.overrides import is_outdone
from cachetory._core.sentinels import MISSING, Absent
from cachetory._runtime.async_ import resolve
from cachetory._runtime.callables import takes_keyword, takes_positional
from cachetory._shell.async_.shelf import Claimed, EntryStore, Loaded
from cachetory.durations import SHORTEST
from cachetory.errors import DecodeError
from cachetory.interfaces.serializers import ValueT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cachetory._shell.reporter import Reporter


class OperationStore(EntryStore[ValueT]):
    """Entries without times, behind `get`, `get_many`, `set`, `set_many` and `delete`.

    Args:
        cache: has at least `get` and `set`, as `Cache` has them.
        reporter: is told of what fails.
        raises_errors: whether errors of the operations are raised.
    """

    def __init__(self, cache: Any, reporter: Reporter, *, raises_errors: bool) -> None:
        super().__init__(reporter, notes_all=False)
        self._cache = cache
        self._raises_errors = raises_errors
        self._takes_default = takes_positional(cache.get, 2)

    async def read(self, key: str) -> Found[ValueT] | Absent:
        """Find the entry of a key by `get`."""
        try:
            if self._takes_default:
                value: Any = await resolve(self._cache.get(key, MISSING))
            else:  # as the async decorators of release 3.5.1 call it: `None` is no value
                value = await resolve(self._cache.get(key))
                value = MISSING if value is None else value
        except DecodeError:  # the cache was told to raise it
            raise
        except Exception as error:
            self._suffer("get", key, error)
            return Absent.UNREACHABLE
        return value if isinstance(value, Absent) else Found(value)

    async def read_many(self, keys: Sequence[str]) -> dict[str, Found[ValueT] | Absent]:
        """Find the entries of keys by `get_many`, or by `get` if there is no such operation."""
        if not keys:
            return {}
        if is_outdone(self._cache, "get_many", "get") or not hasattr(self._cache, "get_many"):
            return {key: await self.read(key) for key in keys}
        try:
            values: Any = dict(await resolve(self._cache.get_many(*keys)))
        except DecodeError:  # the cache was told to raise it
            raise
        except Exception as error:
            self._suffer("get_many", keys[0], error)
            return dict.fromkeys(keys, Absent.UNREACHABLE)
        return {key: Found(values[key]) if key in values else MISSING for key in keys}

    async def claim(
        self, keys: Sequence[str], token: str, seconds: float, *, takes_over: bool = False
    ) -> dict[str, Claimed[ValueT]]:
        """Look keys up once more; there are no claims."""
        if len(keys) == 1:
            return {keys[0]: Claimed(await self.read(keys[0]))}
        return {key: Claimed(found) for key, found in (await self.read_many(keys)).items()}

    async def commit(self, loaded: dict[str, Loaded[ValueT]]) -> dict[str, bool]:
        """Store loaded values by `set`, or by `set_many` if there are several."""
        stored: dict[str, bool] = {}
        alike: dict[float | None, dict[str, ValueT]] = {}
        for key, it in loaded.items():
            if len(loaded) > 1 and not (it.if_not_exists or it.stamp.is_negative):
                alike.setdefault(it.stamp.stored_for, {})[key] = it.value
                continue
            try:
                stored[key] = await self._store(key, it)
            except Exception as error:
                self._fail("set", [key], error)
        for seconds, values in alike.items():
            try:
                await self._store_many(values, _duration(seconds))
                stored.update(dict.fromkeys(values, True))
            except Exception as error:
                self._fail("set_many", list(values), error)
        return stored

    async def _store(self, key: str, loaded: Loaded[ValueT]) -> bool:
        if loaded.stamp.is_negative:  # there is no value any more
            if not isinstance(loaded.claimed.found, Absent):
                await resolve(self._cache.delete(key))
            return False
        changed: object = await resolve(
            self._cache.set(
                key,
                loaded.value,
                time_to_live=_duration(loaded.stamp.stored_for),
                if_not_exists=loaded.if_not_exists,
            )
        )
        return changed is not False  # some forget to return it

    async def _store_many(self, values: dict[str, ValueT], time_to_live: timedelta | None) -> None:
        set_many = getattr(self._cache, "set_many", None)
        if is_outdone(self._cache, "set_many", "set"):
            set_many = None
        if set_many is not None and time_to_live is None:
            await resolve(set_many(values))
        elif set_many is not None and takes_keyword(set_many, "time_to_live"):
            await resolve(set_many(values, time_to_live=time_to_live))
        else:
            for key, value in values.items():
                await resolve(self._cache.set(key, value, time_to_live=time_to_live))

    def _suffer(self, operation: str, key: str, error: Exception) -> None:
        self._reporter.backend_failed(operation, key, error)
        if self._raises_errors:
            raise error

    def _fail(self, operation: str, keys: list[str], error: Exception) -> None:
        for key in keys:
            self._reporter.not_stored(key, "failed")
        self._suffer(operation, keys[0], error)


def _duration(seconds: float | None) -> timedelta | None:
    if seconds is None:
        return None
    return timedelta(seconds=max(seconds, SHORTEST) if seconds > 0 else 0)

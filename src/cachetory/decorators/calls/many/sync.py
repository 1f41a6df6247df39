# Generated from src/cachetory/decorators/calls/many/async_.py by tools/unasync.py. Do not edit: edit that file instead.
"""The calls of one decorated function of many items, each with a key and a result of its own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cachetory._core.bulk import check_mapping
from cachetory._runtime.sync import resolve
from cachetory.decorators._usable.sync import usable_cache
from cachetory.decorators.calls.many.items import ItemsParameter
from cachetory.decorators.calls.sync import no_lookup
from cachetory.loading import LoadContext, current

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from cachetory._core.function_keys import KeyMaker
    from cachetory._runtime.sync import Eventual
    from cachetory.caches.sync import Cache
    from cachetory.decorators.calls.many.items import Call
    from cachetory.lookup import Lookup

K = TypeVar("K")
V = TypeVar("V")


class ManyCalls(Generic[K, V]):
    """How the items of each call are keyed, looked up, computed and stored.

    Args:
        function: takes items, among other arguments, and gives their results by item.
        cache: the cache, or a callable that gives it, or `None`.
        keys: makes the key of a call that has one item instead of all.
        items: the name of the parameter that takes the items; by default the first one, or the
            second one after `self`.
        ignore: names of parameters that take no part in the keys.
        storing: what `Cache.get_or_set_many` is told besides.

    Raises:
        ConfigurationError: if there is no such parameter, or it cannot take the items.
    """

    __slots__ = ("_cache", "_choose", "_function", "_items", "_keys", "_storing", "entrance")

    entrance: Callable[..., Eventual[dict[K, V]]]
    """What is called in the place of the function."""

    def __init__(
        self,
        function: Callable[..., Eventual[Mapping[K, V]] | Mapping[K, V]],
        cache: Cache[V, Any] | Callable[..., Eventual[Any] | Any] | None,
        keys: KeyMaker,
        items: str | None,
        *,
        ignore: Collection[str],
        **storing: Any,
    ) -> None:
        self._function = function
        self._cache = None if callable(cache) else cache
        self._choose = cache if callable(cache) else None
        self._keys = keys
        self._items = ItemsParameter(function, keys, items, ignore)
        self._storing = storing
        self.entrance = self.call

    def call(self, /, *args: Any, **kwargs: Any) -> dict[K, V]:
        """Give the cached results of the items, and compute and cache those that there are not."""
        cache = self._cache_for(*args, **kwargs)
        if cache is None:
            return _as_dict(self.uncached(*args, **kwargs), self._function)
        by_key, load = self._take_apart(args, kwargs)
        found = cache.get_or_set_many(by_key, load, **self._storing)
        return {by_key[key]: value for key, value in found.items()}

    def purge(self, /, *args: Any, **kwargs: Any) -> None:
        """Delete the results of the items."""
        cache = self._cache_for(*args, **kwargs)
        if cache is not None:
            by_key, _ = self._take_apart(args, kwargs)
            cache.delete_many(*by_key)

    def refresh(self, /, *args: Any, **kwargs: Any) -> dict[K, V]:
        """Compute the results of the items now, and cache them."""
        cache = self._cache_for(*args, **kwargs)
        if cache is None:
            return _as_dict(self.uncached(*args, **kwargs), self._function)
        by_key, load = self._take_apart(args, kwargs)
        found = cache.refresh_many(by_key, load, **self._storing)
        return {by_key[key]: value for key, value in found.items()}

    def lookup(self, /, *args: Any, **kwargs: Any) -> dict[K, Lookup[V]]:
        """Tell all that is known of the results of the items."""
        cache = self._cache_for(*args, **kwargs)
        by_key, _ = self._take_apart(args, kwargs)
        if cache is None:
            return {item: no_lookup(key) for key, item in by_key.items()}
        return {item: cache.lookup(key) for key, item in by_key.items()}

    def key(self, /, *args: Any, **kwargs: Any) -> dict[K, str]:
        """Give the keys of the items."""
        by_key, _ = self._take_apart(args, kwargs)
        return {item: key for key, item in by_key.items()}

    def uncached(self, /, *args: Any, **kwargs: Any) -> Mapping[K, V]:
        """Call the function itself."""
        token = current.set(LoadContext(""))
        try:
            return resolve(self._function(*args, **kwargs))
        finally:
            current.reset(token)

    def _cache_for(self, /, *args: Any, **kwargs: Any) -> Cache[V, Any] | None:
        if self._choose is None:
            return self._cache
        chosen: Cache[V, Any] | None = usable_cache(
            resolve(self._choose(self._function, *args, **kwargs))
        )
        return chosen

    def _take_apart(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[dict[str, K], Callable[[list[str]], Eventual[Mapping[str, V]]]]:
        """Return the items by key, and what computes the results of some of these keys."""
        call = self._items.of_call(args, kwargs)
        by_key: dict[str, K] = {}
        for item in call.items:
            item_args, item_kwargs = call.with_items(item)
            by_key[self._keys.for_call(*item_args, **item_kwargs)] = item
        return by_key, partial(self._load, call, by_key)

    def _load(self, call: Call, by_key: dict[str, K], keys: list[str]) -> dict[str, V]:
        """Compute the results of keys, and return them by key."""
        args, kwargs = call.with_items([by_key[key] for key in keys])
        results = resolve(self._function(*args, **kwargs))
        check_mapping(results, self._function)
        return {key: results[by_key[key]] for key in keys if by_key[key] in results}


def _as_dict(results: Mapping[K, V], function: object) -> dict[K, V]:
    check_mapping(results, function)
    return dict(results)

"""What the decorators accept as a cache, and how they use it."""

from __future__ import annotations

from typing import Any, cast

from cachetory._core.option_checks import shown
from cachetory._core.overrides import CACHE_OPERATIONS, definer_of, own_attributes
from cachetory._runtime.async_ import check_colour
from cachetory.caches._driven.async_ import DrivenCache
from cachetory.caches.async_ import Cache
from cachetory.errors import ConfigurationError


def checked_cache(cache: Any) -> Any:
    """Return what to use for the cache that a decorator was given, which may be a callable.

    Raises:
        ConfigurationError: if it is no cache.
    """
    if isinstance(cache, type):
        msg = f"{cache.__name__} is a class: give the decorator an object of it"
        raise ConfigurationError(msg)
    return cache if callable(cache) else usable_cache(cache)


def usable_cache(cache: Any) -> Any:
    """Return an object with the loading operations of `Cache` for a cache, or for `None`.

    An object that has `get` and `set` of its own, or a `get_or_set`, is used by these. A proxy
    that has neither stands for the cache inside, and is used as that.

    Raises:
        ConfigurationError: if it is no cache, or one of the other API.
    """
    kind = cast("Any", type(cache))
    if cache is None or issubclass(kind, Cache):
        return cache
    if _is_no_cache(cache) or _is_of_other_api(kind):
        msg = (
            f"{shown(cache)} is not a cache for this decorator: give a `Cache` from "
            "`cachetory.caches.async_`, an object with its `get`, `set` and `delete`, a callable "
            "that returns either, or None"
        )
        raise ConfigurationError(msg)
    if definer_of(kind, "get_or_set") is not None:
        return cache
    own = own_attributes(cache)
    is_own = any(name in own or definer_of(kind, name) for name in CACHE_OPERATIONS)
    if not is_own and hasattr(cache, "get_or_set"):
        return cache
    check_colour(cache.get)
    return DrivenCache[Any](cache)


def _is_no_cache(cache: Any) -> bool:
    if hasattr(cache, "is_outage"):
        return True  # it is a backend
    return not (hasattr(cache, "get") and hasattr(cache, "set"))


def _is_of_other_api(kind: type[Any]) -> bool:
    return any(
        it.__name__ == "Cache" and it.__module__.startswith("cachetory.caches.")
        for it in kind.__mro__
    )

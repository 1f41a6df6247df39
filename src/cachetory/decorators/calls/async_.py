"""The calls of one decorated function: how each is keyed, looked up, computed and stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cachetory._core.bound_call import BoundCall
from cachetory._core.sentinels import MISSING
from cachetory._runtime.async_ import AWAIT, DEF, resolve
from cachetory.caches.async_ import Cache
from cachetory.decorators._usable.async_ import usable_cache
from cachetory.decorators.hit_path import Memory, compile_hit_path
from cachetory.loading import LoadContext, current

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cachetory._core.function_keys import KeyMaker
    from cachetory._runtime.async_ import Eventual
    from cachetory.lookup import Lookup
    from cachetory.policy import Policy

R = TypeVar("R")


class Calls(Generic[R]):
    """The calls of one decorated function: how each is keyed, looked up and stored."""

    __slots__ = (
        "_cache",
        "_choose",
        "_function",
        "_memory",
        "_policy",
        "_storing",
        "entrance",
        "make_key",
    )

    make_key: Callable[..., Eventual[str] | str]
    """Gives the key of a call."""

    entrance: Callable[..., Eventual[R]]
    """What is called in the place of the function."""

    def __init__(
        self,
        function: Callable[..., Eventual[R] | R],
        cache: Cache[R, Any] | Callable[..., Eventual[Any] | Any] | None,
        policy: Policy | None = None,
        **storing: Any,
    ) -> None:
        self._function = function
        self._cache = None if callable(cache) else cache
        self._choose = cache if callable(cache) else None
        self._policy = policy
        self._storing = storing
        self._memory: Memory | None = None
        self.entrance = self.call

    def shorten(self, keys: KeyMaker, ignore: Collection[str]) -> None:
        """Let hits skip the making of a key, where entries are in this process as they are."""
        cache: Any = self._cache
        if not issubclass(type(cache), Cache) or not keys.is_constant:
            return
        store = cache.local_store
        if store is None or not store.lock_free_hits:
            return
        if cache.plan_for(self._policy).early_refresh:  # each hit may be the one to refresh
            return
        self._memory = Memory(store, cache.prefix)
        hit_path = compile_hit_path(
            keys.signature if keys.takes_calls_as_bound else None,
            ignore,
            define=DEF,
            wait=AWAIT,
            prepare=self.prepare,
            get_or_set=cache.get_or_set,
            options={"policy": self._policy, **self._storing},
            memory=self._memory,
            counters=cache.counters,
            clock=store.clock,
        )
        hit_path.__qualname__ = getattr(self._function, "__qualname__", "cached")
        self.entrance = hit_path

    async def call(self, /, *args: Any, **kwargs: Any) -> R:
        """Give the cached result of the call, or compute and cache it."""
        cache = await self._cache_for(*args, **kwargs)
        if cache is None:
            return await self.uncached(*args, **kwargs)
        key = await resolve(self.make_key(*args, **kwargs))
        load: Callable[[], Eventual[R] | R] = BoundCall(self._function, args, kwargs)
        return await cache.get_or_set(key, load, policy=self._policy, **self._storing)

    async def prepare(self, /, *args: Any, **kwargs: Any) -> tuple[str, BoundCall]:
        """Return the key of the call, and the loader of its result."""
        key = await resolve(self.make_key(*args, **kwargs))
        return key, BoundCall(self._function, args, kwargs)

    async def purge(self, /, *args: Any, **kwargs: Any) -> bool:
        """Delete the result of the call, and tell whether there was one."""
        cache = await self._cache_for(*args, **kwargs)
        if cache is None:
            return False
        return await cache.delete(await resolve(self.make_key(*args, **kwargs)))

    async def refresh(self, /, *args: Any, **kwargs: Any) -> R:
        """Compute the result of the call now, and cache it."""
        cache = await self._cache_for(*args, **kwargs)
        if cache is None:
            return await self.uncached(*args, **kwargs)
        key = await resolve(self.make_key(*args, **kwargs))
        return await cache.refresh(
            key,
            BoundCall(self._function, args, kwargs),
            policy=self._policy,
            time_to_live=self._storing.get("time_to_live"),
            exclude=self._storing.get("exclude"),
        )

    async def lookup(self, /, *args: Any, **kwargs: Any) -> Lookup[R]:
        """Tell all that is known of the result of the call."""
        key = await resolve(self.make_key(*args, **kwargs))
        cache = await self._cache_for(*args, **kwargs)
        if cache is None:
            return no_lookup(key)
        return await cache.lookup(key)

    async def key(self, /, *args: Any, **kwargs: Any) -> str:
        """Give the key of the call."""
        return await resolve(self.make_key(*args, **kwargs))

    async def uncached(self, /, *args: Any, **kwargs: Any) -> R:
        """Call the function itself."""
        token = current.set(LoadContext(""))
        try:
            return await resolve(self._function(*args, **kwargs))
        finally:
            current.reset(token)

    async def _cache_for(self, /, *args: Any, **kwargs: Any) -> Cache[R, Any] | None:
        if self._choose is None:
            return self._cache
        chosen: Cache[R, Any] | None = usable_cache(
            await resolve(self._choose(self._function, *args, **kwargs))
        )
        return chosen


def custom_key_maker(keys: KeyMaker, key: Callable[..., object]) -> Callable[..., Eventual[str]]:
    """Make keys of what a user's function gives for the arguments of a call."""

    async def make_key(*args: Any, **kwargs: Any) -> str:
        return keys.custom(await resolve(key(*args, **kwargs)))

    return make_key


def no_lookup(key: str) -> Lookup[Any]:
    """Give what is known of a key where there is no cache."""
    from cachetory.lookup import Lookup  # noqa: PLC0415 (only when asked for)

    return Lookup(key, MISSING, 0.0)

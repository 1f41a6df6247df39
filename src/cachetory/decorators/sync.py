# Generated from src/cachetory/decorators/async_.py by tools/unasync.py. Do not edit: edit that file instead.
"""The decorator that caches what a synchronous function returns."""

from __future__ import annotations

from functools import partial, update_wrapper
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    Protocol,
    TypeVar,
    overload,
)

from cachetory._core.function_keys import KeyMaker
from cachetory._runtime.sync import AWAIT, DEF, check_colour, resolve
from cachetory.caches.sync import Cache
from cachetory.decorators.hit_path import Memory, compile_hit_path
from cachetory.durations import to_seconds
from cachetory.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from typing_extensions import Self

    from cachetory._runtime.sync import Eventual
    from cachetory.caches.sync import TimeToLiveOf
    from cachetory.durations import Duration

    class _Partial:
        args: tuple[Any, ...]
        __name__: str
        __qualname__: str
        __wrapped__: Callable[..., Any]

        def __new__(cls, function: Callable[..., Any], /, *args: object) -> Self: ...
else:
    # A partial function is called without a Python frame of its own, and tools which ask whether
    # something is a coroutine function, or for its signature, look through it.
    _Partial = partial

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
S = TypeVar("S")


class _Cached(_Partial, Generic[P, R]):
    """What a decorated function or method is. `__wrapped__` is the function, without a cache."""

    _calls: _Calls[R]

    def __new__(cls, calls: _Calls[R], /, *bound_to: object) -> Self:
        made = super().__new__(cls, calls.entrance, *bound_to)
        made._calls = calls
        return made

    if TYPE_CHECKING:

        def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
            """Give the cached result for these arguments, or compute and cache it."""
            raise NotImplementedError

    def purge(self, /, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Delete the result for these arguments and tell whether there was one.

        A call under way that computes it does not store it any more.
        """
        return self._calls.purge(*self.args, *args, **kwargs)

    def like(self, function: Callable[..., Any]) -> Self:
        """Take over the name and the documentation of the function."""
        calls = self._calls
        update_wrapper(self, function)
        self._calls = calls  # not those of the function, if that is cached as well
        return self

    def __repr__(self) -> str:
        return f"<cached {self.__wrapped__!r}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Be pickled by name, as functions are."""
        return (getattr, (self.args[0], self.__name__)) if self.args else self.__qualname__

    def _bind(self, instance: object) -> CachedFunction[..., R]:
        bound: CachedFunction[..., R] = CachedFunction(self._calls, instance)
        vars(bound).update(vars(self))
        bound.__wrapped__ = self.__wrapped__.__get__(instance)
        return bound


class CachedFunction(_Cached[P, R]):
    """A function whose results are cached. As an attribute of a class, it is bound like a method.

    `__wrapped__` is the function itself, which knows of no cache.
    """

    @overload
    def __get__(self, instance: None, owner: type | None = None, /) -> Self: ...

    @overload
    def __get__(
        self: CachedFunction[Concatenate[S, Q], R], instance: S, owner: type | None = None, /
    ) -> CachedFunction[Q, R]: ...

    @overload  # a static method, which type checkers take for a function
    def __get__(self, instance: object, owner: type | None = None, /) -> Self: ...

    def __get__(self, instance: Any, owner: type | None = None, /) -> CachedFunction[..., R]:
        """Bind to an instance, as functions do."""
        if instance is None or self.args or not hasattr(self.__wrapped__, "__get__"):
            return self
        return self._bind(instance)


class CachedClassMethod(_Cached[Concatenate[type[S], P], R], Generic[S, P, R]):
    """A class method whose results are cached, for each class on its own.

    To type checkers, it is any function whose first parameter is a class.
    """

    def __get__(self, instance: object, owner: type | None = None, /) -> CachedFunction[P, R]:
        """Bind to the class."""
        bound: CachedFunction[Any, R] = self._bind(type(instance) if owner is None else owner)
        return bound


class CachedStaticMethod(_Cached[P, R]):
    """A static method whose results are cached.

    To type checkers, it is a function. In a class, mypy takes that for a method: it follows calls
    through the class, `Service.method(…)`, not those through an instance.
    """

    def __get__(self, instance: object, owner: type | None = None, /) -> Self:
        """Give the function itself: there is nothing to bind to."""
        return self


class Decorator(Protocol):
    """What `cached` gives: it takes functions and methods, and keeps their types."""

    @overload
    def __call__(  # pyright: ignore[reportOverlappingOverload]  # the narrower one comes first
        self, function: Callable[Concatenate[type[S], P], Eventual[R]], /
    ) -> CachedClassMethod[S, P, R]: ...

    @overload
    def __call__(self, function: Callable[P, Eventual[R]], /) -> CachedFunction[P, R]: ...


def cached(
    cache: Cache[Any, Any]
    | Callable[..., Eventual[Cache[Any, Any] | None] | Cache[Any, Any] | None]
    | None,
    *,
    make_key: Callable[..., Eventual[str] | str] | None = None,
    key: Callable[..., object] | None = None,
    ignore: Collection[str] = (),
    version: str | int | None = None,
    time_to_live: Duration | TimeToLiveOf | None = None,
    if_not_exists: bool = False,
    exclude: Callable[[str, Any], Eventual[bool] | bool] | None = None,
) -> Decorator:
    """Cache what a function or method returns, by its arguments.

    Calls with the same arguments that overlap in time are one call of the function. If the store
    fails, the function is called, unless the cache was told to raise.

    It goes on functions, methods, partial functions and objects with `__call__`. On class methods
    and static methods it goes outside: `@cached(…)` above `@classmethod`.

    Args:
        cache: the cache; or a callable that is called with the function and the arguments of the
            call, and gives it; or `None`, also from the callable, for no cache at all.
        make_key: gives the key; called with the function and the arguments of the call. By
            default, the key is made of the module and the name of the function and of all
            arguments, such that different calls never share one.
        key: gives what the key is made of, instead of all arguments: called with the arguments
            of the call, it returns a string, a number, a tuple of such, or the like.
        ignore: names of parameters that take no part in the key.
        version: change it to abandon all results so far, when the function has changed its
            meaning; and what tells functions apart that are made by another function.
        time_to_live: a `timedelta` or seconds, `None` for ever; or a callable that is called
            with `key=` and gives it.
        if_not_exists: leave a value alone that someone else has set meanwhile.
        exclude: called with the key and the result; if it gives true, the result is not stored.

    Raises:
        UncacheableFunctionError: when decorating generators, and functions that share their name
            with others which cannot be told apart.
        ConfigurationError: for arguments that contradict each other.
        InvalidDurationError: for a time to live that is none.
        UnkeyableArgumentError: when calling, if the identity of an argument cannot be told.
    """
    if not (cache is None or callable(cache) or isinstance(cache, Cache)):
        msg = (
            f"{type(cache).__name__} is no cache for this decorator: give a `Cache` from "
            "`cachetory.caches.sync`, a callable that gives one, or None"
        )
        raise ConfigurationError(msg)
    if make_key is not None and (key is not None or ignore or version is not None):
        msg = (
            "`make_key` makes the whole key: `key`, `ignore` and `version` have no place beside it"
        )
        raise ConfigurationError(msg)

    if time_to_live is not None and not callable(time_to_live):
        to_seconds(time_to_live)

    def decorate(function: Any, /) -> Any:
        kind, inner = _unwrap(function)
        check_colour(inner)
        calls = _Calls[Any](
            inner, cache, time_to_live=time_to_live, if_not_exists=if_not_exists, exclude=exclude
        )
        if make_key is not None:
            calls.make_key = partial(make_key, inner)
        else:
            keys = KeyMaker(inner, ignore=ignore, version=version)
            if key is not None:
                calls.make_key = _custom_key_maker(keys, key)
            else:
                calls.make_key = keys.for_call
                calls.shorten(keys, ignore)
        return kind(calls).like(inner)

    return decorate


def _unwrap(function: Any) -> tuple[type[_Cached[..., Any]], Any]:
    """Give what to make of the decorated thing, and the function in it."""
    descriptors: dict[type, type[_Cached[..., Any]]] = {
        classmethod: CachedClassMethod,
        staticmethod: CachedStaticMethod,
    }
    kind = descriptors.get(function.__class__)
    return (CachedFunction, function) if kind is None else (kind, function.__func__)


class _Calls(Generic[R]):
    """The calls of one decorated function: how each is keyed, looked up and stored."""

    __slots__ = ("_cache", "_choose", "_function", "_memory", "_storing", "entrance", "make_key")

    make_key: Callable[..., Eventual[str] | str]
    """Gives the key of a call."""

    entrance: Callable[..., Eventual[R]]
    """What is called in the place of the function."""

    def __init__(
        self,
        function: Callable[..., Eventual[R] | R],
        cache: Cache[R, Any] | Callable[..., Eventual[Any] | Any] | None,
        **storing: Any,
    ) -> None:
        self._function = function
        self._cache = None if callable(cache) else cache
        self._choose = cache if callable(cache) else None
        self._storing = storing
        self._memory: Memory | None = None
        self.entrance = self.call

    def shorten(self, keys: KeyMaker, ignore: Collection[str]) -> None:
        """Let hits skip the making of a key, where entries are in this process as they are."""
        cache = self._cache
        if cache is None or not keys.is_constant:
            return
        store = cache.local_store
        if store is None or not store.lock_free_hits:
            return
        self._memory = Memory(store, cache.prefix)
        hit_path = compile_hit_path(
            keys.signature,
            ignore,
            define=DEF,
            wait=AWAIT,
            call=self.call,
            call_to_remember=self.call_to_remember,
            memory=self._memory,
            counters=cache.counters,
            clock=store.clock,
        )
        if hit_path is not None:
            hit_path.__qualname__ = getattr(self._function, "__qualname__", "cached")
            self.entrance = hit_path

    def call(self, /, *args: Any, **kwargs: Any) -> R:
        """Give the cached result of the call, or compute and cache it."""
        cache = self._cache_for(*args, **kwargs)
        if cache is None:
            return resolve(self._function(*args, **kwargs))
        key = resolve(self.make_key(*args, **kwargs))
        load = partial(self._function, *args, **kwargs)
        return cache.get_or_set(key, load, **self._storing)

    def call_to_remember(self, arguments: Any, /, *args: Any, **kwargs: Any) -> R:
        """Do the same, and remember the entry for calls with the same arguments."""
        result = self.call(*args, **kwargs)
        if self._memory is not None:
            self._memory.remember(arguments, resolve(self.make_key(*args, **kwargs)))
        return result

    def purge(self, /, *args: Any, **kwargs: Any) -> bool:
        cache = self._cache_for(*args, **kwargs)
        if cache is None:
            return False
        return cache.delete(resolve(self.make_key(*args, **kwargs)))

    def _cache_for(self, /, *args: Any, **kwargs: Any) -> Cache[R, Any] | None:
        if self._choose is None:
            return self._cache
        chosen: Cache[R, Any] | None = resolve(self._choose(self._function, *args, **kwargs))
        return chosen


def _custom_key_maker(keys: KeyMaker, key: Callable[..., object]) -> Callable[..., Eventual[str]]:
    def make_key(*args: Any, **kwargs: Any) -> str:
        return keys.custom(resolve(key(*args, **kwargs)))

    return make_key

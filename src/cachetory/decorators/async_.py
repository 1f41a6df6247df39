"""The decorators that cache what asynchronous functions return, one result or many at a time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from cachetory._core.function_keys import KeyMaker
from cachetory._runtime.async_ import check_colour
from cachetory._shell.async_.recipe import check_chunk_size
from cachetory.decorators._usable.async_ import checked_cache
from cachetory.decorators.calls.async_ import Calls, custom_key_maker
from cachetory.decorators.namesakes import namesakes_of
from cachetory.decorators.option_checks import check_decorated, check_not_decorated, check_options
from cachetory.decorators.wrappers.async_ import (
    CachedClassMethod,
    CachedFunction,
    CachedManyFunction,
    CachedStaticMethod,
    Decorator,
    ManyDecorator,
    refuse_descriptors,
    unwrap,
)
from cachetory.durations import to_seconds
from cachetory.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cachetory._runtime.async_ import Eventual
    from cachetory.caches.async_ import Cache, TimeToLiveOf, ValueT
    from cachetory.decorators.of_call import OfCall
    from cachetory.durations import Duration
    from cachetory.policy import Policy

__all__ = [
    "CachedClassMethod",
    "CachedFunction",
    "CachedManyFunction",
    "CachedStaticMethod",
    "Decorator",
    "ManyDecorator",
    "cached",
    "cached_many",
]


def cached(
    cache: Cache[ValueT, Any]
    | OfCall[Eventual[Cache[ValueT, Any] | None] | Cache[ValueT, Any] | None]
    | None,
    *,
    make_key: OfCall[Eventual[str] | str] | None = None,
    key: OfCall[object] | None = None,
    ignore: Collection[str] = (),
    version: str | int | None = None,
    policy: Policy | None = None,
    time_to_live: Duration | TimeToLiveOf | None = None,
    if_not_exists: bool = False,
    exclude: Callable[[str, Any], Eventual[bool] | bool] | None = None,
) -> Decorator[ValueT]:
    """Cache what a function or method returns, by its arguments.

    Calls with the same arguments that overlap in time are one call of the function. If the store
    fails, the function is called, unless the cache was told to raise.

    It goes on functions, methods, partial functions and objects with `__call__`. On class methods
    and static methods it goes outside: `@cached(…)` above `@classmethod`.

    Type checkers compare the result with the values of the cache: `Cache[int]` is refused for a
    function that returns `str`. They do not for `Cache[Any]` and `Cache[object]`. What they cannot
    tell: mypy takes a static method that is read from an instance for a method, and does not
    notice that the first argument of a call through a class is missing. pyright does not accept a
    class with a cached method for a protocol with that method.

    Args:
        cache: the cache; or a callable that is called with the function and the arguments of the
            call, and gives it; or `None`, also from the callable, for no cache at all. A
            subclass or a proxy of a cache is asked by its own `get`, `set` and `delete`; any
            object that has these will do.
        make_key: gives the key; called with the function and the arguments of the call. By
            default, the key is made of the module and the name of the function and of all
            arguments, such that different calls never share one.
        key: gives what the key is made of, instead of all arguments: called with the arguments
            of the call, it returns a string, a number, a tuple of such, or the like.
        ignore: names of parameters that take no part in the key.
        version: change it to abandon all results so far, when the function has changed its
            meaning; and what tells functions apart that are made by another function.
        policy: how long results are fresh, and what happens when they are not, in the place of
            the cache's.
        time_to_live: in the place of the policy's: a `timedelta` or seconds; or a callable that
            is called with `key=` and gives either, or `None` for ever.
        if_not_exists: leave a value alone that someone else has set meanwhile.
        exclude: called with the key and the result; if it gives true, the result is not stored.

    Raises:
        UncacheableFunctionError: when decorating without a cache (`@cached` alone), and functions
            that return what can be used once, that share their name with others which cannot be
            distinguished, or that take a parameter whose class has no identity.
        ConfigurationError: for arguments that contradict each other.
        InvalidDurationError: for a time to live that is none.
        UnkeyableArgumentError: when calling, if the identity of an argument cannot be told.
    """
    check_not_decorated(cache, "cached")
    cache = checked_cache(cache)
    check_options(policy, make_key=make_key, key=key, exclude=exclude)
    if make_key is not None and (key is not None or ignore or version is not None):
        msg = (
            "`make_key` makes the whole key: `key`, `ignore` and `version` have no place beside it"
        )
        raise ConfigurationError(msg)

    _check_times(cache, policy, time_to_live)

    def decorate(*functions: Any, **options: Any) -> Any:
        kind, inner = unwrap(check_decorated(functions, options, "cached"))
        check_colour(inner)
        calls = Calls[Any](
            inner,
            cache,
            policy=policy,
            time_to_live=time_to_live,
            if_not_exists=if_not_exists,
            exclude=exclude,
        )
        if make_key is not None:
            calls.make_key = partial(cast("Any", make_key), inner)
        else:
            keys = KeyMaker(
                inner, ignore=ignore, version=version, key=key, namesakes=namesakes_of(cache)
            )
            if key is not None:
                calls.make_key = custom_key_maker(keys, key)
            else:
                if cache is not None and not callable(cache):
                    keys.check_parameters()
                calls.make_key = keys.for_call
                calls.shorten(keys, ignore)
        return kind(calls).like(inner)

    return cast("Decorator[ValueT]", decorate)


def cached_many(
    cache: Cache[ValueT, Any]
    | OfCall[Eventual[Cache[ValueT, Any] | None] | Cache[ValueT, Any] | None]
    | None,
    *,
    items: str | None = None,
    ignore: Collection[str] = (),
    version: str | int | None = None,
    policy: Policy | None = None,
    time_to_live: Duration | TimeToLiveOf | None = None,
    chunk_size: int | None = None,
    exclude: Callable[[str, Any], Eventual[bool] | bool] | None = None,
) -> ManyDecorator[ValueT]:
    """Cache what a function returns for many items at once, one by one.

    The function takes items and gives a mapping from item to result. It is called with a list of
    those items that are not in the cache; calls that overlap in time share what they compute. An
    item that it leaves out has no result, which is remembered if the policy has a
    `negative_time_to_live`.

    It goes on functions, methods, partial functions and objects with `__call__`.

    Args:
        cache: as for `cached`.
        items: the name of the parameter that takes the items; by default it is the first one, or
            the one after `self`.
        ignore: names of parameters that take no part in the keys.
        version: change it to abandon all results so far.
        policy: how long results are fresh, and what happens when they are not, in the place of
            the cache's.
        time_to_live: in the place of the policy's; as for `cached`.
        chunk_size: so many items at most are given to the function at a time.
        exclude: called with the key and the result; if it gives true, the result is not stored.

    Raises:
        UncacheableFunctionError: when decorating what cannot be cached, as for `cached`, and
            class methods and static methods.
        ConfigurationError: for a parameter that the function does not have.
        InvalidDurationError: for a time to live that is none.
        UnkeyableArgumentError: when calling, if the identity of an item cannot be told.
    """
    from cachetory.decorators.calls.many.async_ import ManyCalls  # noqa: PLC0415 (rarely used)

    check_not_decorated(cache, "cached_many")
    cache = checked_cache(cache)
    check_options(policy, exclude=exclude)
    _check_times(cache, policy, time_to_live)
    check_chunk_size(chunk_size)

    def decorate(*functions: Any, **options: Any) -> Any:
        function = check_decorated(functions, options, "cached_many")
        refuse_descriptors(function)
        check_colour(function)
        keys = KeyMaker(
            function,
            ignore=ignore,
            version=version,
            per_item=True,
            namesakes=namesakes_of(cache),
        )
        if cache is not None and not callable(cache):
            keys.check_parameters()
        calls = ManyCalls[Any, Any](
            function,
            cache,
            keys,
            items,
            ignore=ignore,
            policy=policy,
            time_to_live=time_to_live,
            chunk_size=chunk_size,
            exclude=exclude,
        )
        return CachedManyFunction[..., Any, Any](calls).like(function)

    return cast("ManyDecorator[ValueT]", decorate)


def _check_times(cache: object, policy: Policy | None, time_to_live: object) -> None:
    plan_for: Any = getattr(cache, "plan_for", None)
    if plan_for is not None:
        plan_for(policy)
    if time_to_live is not None and not callable(time_to_live):
        to_seconds(cast("Duration", time_to_live))

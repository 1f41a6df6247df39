# Generated from src/cachetory/decorators/wrappers/async_.py by tools/unasync.py. Do not edit: edit that file instead.
"""What decorated functions and methods become: callable as before, and with a few methods more."""

# pyright: reportOverlappingOverload=false
# (sync functions have no awaitable results, so that two overloads of the sync twin are the same)

from __future__ import annotations

from functools import partial, update_wrapper
from types import MethodType
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

from cachetory.decorators.attributes import OfFunction, Signed
from cachetory.errors import UncacheableFunctionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self
    from typing_extensions import TypeVar as TypingTypeVar

    from cachetory._runtime.sync import Eventual, Running
    from cachetory.decorators.calls.many.sync import ManyCalls
    from cachetory.decorators.calls.sync import Calls
    from cachetory.lookup import Lookup

    class _Partial:
        args: tuple[Any, ...]
        __name__: str
        __qualname__: str
        __wrapped__: Callable[..., Any]

        def __new__(cls, function: Callable[..., Any], /, *args: object) -> Self: ...

    ValueT = TypingTypeVar("ValueT", default=Any)
    """The values of the cache. For `Any` and `object`, results are not compared with it."""
else:
    ValueT = TypeVar("ValueT")
    # A partial function is called without a Python frame of its own, and tools which ask whether
    # something is a coroutine function, or for its signature, look through it.
    _Partial = partial

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
S = TypeVar("S")
K = TypeVar("K")
V = TypeVar("V")
X_co = TypeVar("X_co", covariant=True)
V_co = TypeVar("V_co", covariant=True)


class _Wrapper(_Partial):
    """Binds like a function, and looks like the one inside to tools that read functions."""

    # `signature_of` may use the signature of the function inside: it gets calls as written.
    passes_calls_on = True

    _calls: Any

    if not TYPE_CHECKING:
        __code__ = OfFunction()
        __defaults__ = OfFunction()
        __kwdefaults__ = OfFunction()
        __globals__ = OfFunction()
        __signature__ = Signed()

        @property
        def func(self) -> Callable[..., Any]:
            """The function for tools that look through partial functions. Calls do not read it."""
            return _of_its_kind(self._calls)

    def __new__(cls, calls: Any, /, *bound_to: object) -> Self:
        made = super().__new__(cls, calls.entrance, *bound_to)
        made._calls = calls
        return made

    def like(self, function: Callable[..., Any]) -> Self:
        """Take over the name and the documentation of the function."""
        calls = self._calls
        wrapper: Any = self
        update_wrapper(wrapper, function)
        self._calls = calls  # not those of the function, if that is cached as well
        if not wrapper.__dict__.keys() & {"__annotations__", "__annotate__"}:
            wrapper.__annotations__ = {}  # not those of the class of the wrapper
        # Tools that do not know a callable read the signature of its `__call__`.
        wrapper.__dict__["__call__"] = wrapper
        return self

    def __repr__(self) -> str:
        return f"<cached {self.__wrapped__!r}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Be pickled by name, as functions are."""
        return (getattr, (self.args[0], self.__name__)) if self.args else self.__qualname__

    def _bind_as(self, cls: type[Any], instance: object) -> Any:
        bound: Any = cls(self._calls, instance)
        bound.__dict__.update(self.__dict__)
        bind = getattr(self.__wrapped__, "__get__", None)
        bound.__wrapped__ = (
            MethodType(self.__wrapped__, instance) if bind is None else bind(instance)
        )
        del bound.__dict__["__call__"]  # that of the unbound one
        return bound


class _Cached(_Wrapper, Generic[P, R]):
    """What a decorated function or method is. `__wrapped__` is the function, without a cache."""

    _calls: Calls[R]

    if TYPE_CHECKING:

        def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
            """Give the cached result for these arguments, or compute and cache it."""
            raise NotImplementedError

    def purge(self, /, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Delete the result for these arguments and tell whether there was one.

        A call under way that computes it does not store it any more.
        """
        return self._calls.purge(*self.args, *args, **kwargs)

    def refresh(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Compute the result for these arguments now, whatever is cached, and cache it.

        The old one is served until then. Calls under way began before: what they compute is not
        stored any more.
        """
        return self._calls.refresh(*self.args, *args, **kwargs)

    def lookup(self, /, *args: P.args, **kwargs: P.kwargs) -> Lookup[R]:
        """Tell all that is known of the result for these arguments, without computing it."""
        return self._calls.lookup(*self.args, *args, **kwargs)

    def key(self, /, *args: P.args, **kwargs: P.kwargs) -> str:
        """Give the key of the result for these arguments, without the cache's prefix."""
        return self._calls.key(*self.args, *args, **kwargs)

    def uncached(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function itself. Nothing is looked up, and nothing stored."""
        return self._calls.uncached(*self.args, *args, **kwargs)

    def _bind(self, instance: object) -> CachedFunction[..., R]:
        bound: CachedFunction[..., R] = self._bind_as(CachedFunction, instance)
        return bound


class CachedFunction(_Cached[P, R]):
    """A function whose results are cached. As an attribute of a class, it is bound like a method.

    `__wrapped__` is the function itself, which knows of no cache.
    """

    @overload
    def __get__(self, instance: None, owner: type[S], /) -> CachedAttribute[S, P, R]: ...

    @overload
    def __get__(
        self: CachedFunction[Concatenate[S, Q], R], instance: S, owner: type | None = None, /
    ) -> CachedFunction[Q, R]: ...

    @overload  # a class method, whose first argument is the class of the instance
    def __get__(
        self: CachedFunction[Concatenate[type[S], Q], R], instance: S, owner: type | None = None, /
    ) -> CachedFunction[Q, R]: ...

    @overload  # a static method
    def __get__(self, instance: object, owner: type | None = None, /) -> Self: ...

    def __get__(self, instance: Any, owner: type | None = None, /) -> Any:
        """Bind to an instance, as functions do."""
        if instance is None or self.args or not hasattr(self.__wrapped__, "__get__"):
            return self
        return self._bind(instance)


class CachedClassMethod(_Cached[Concatenate[type[S], P], R], Generic[S, P, R]):
    """A class method whose results are cached, for each class on its own.

    To type checkers, it is a `CachedFunction` whose first parameter is the class.
    """

    def __get__(self, instance: object, owner: type | None = None, /) -> CachedFunction[P, R]:
        """Bind to the class."""
        bound: CachedFunction[Any, R] = self._bind(type(instance) if owner is None else owner)
        return bound


class CachedStaticMethod(_Cached[P, R]):
    """A static method whose results are cached.

    To type checkers, it is a `CachedFunction`. mypy takes it for a method where it is an attribute
    of an instance: it checks calls through the class, `Service.method(…)`, only.
    """

    def __get__(self, instance: object, owner: type | None = None, /) -> Self:
        """Return the function itself: there is nothing to bind to."""
        return self


if TYPE_CHECKING:

    class _OfClass(Generic[S, P, V_co]):
        """A call through a class: of a class method without the class, else of the function."""

        @overload
        def __call__(
            self: _OfClass[Any, Concatenate[type[S], Q], V_co], /, *args: Q.args, **kwargs: Q.kwargs
        ) -> V_co: ...

        @overload
        def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> V_co: ...

        def __call__(self, /, *args: Any, **kwargs: Any) -> Any: ...

    class CachedAttribute(_OfClass[S, P, Running[R]], _Partial, Generic[S, P, R]):
        """A cached function that is read from a class: `Service.method`. For type checkers only.

        mypy does not notice when the first argument is missing.
        """

        purge: _OfClass[S, P, Running[bool]]
        refresh: _OfClass[S, P, Running[R]]
        lookup: _OfClass[S, P, Running[Lookup[R]]]
        key: _OfClass[S, P, Running[str]]
        uncached: _OfClass[S, P, Running[R]]


class _Cacheable(Protocol[P, X_co, V_co]):
    """A function whose result is of both types: of its own, and of the cache's values."""

    @overload
    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> X_co: ...

    @overload
    def __call__(  # type: ignore[overload-cannot-match]  # both are demanded
        self, /, *args: P.args, **kwargs: P.kwargs
    ) -> V_co: ...


class Decorator(Generic[ValueT]):
    """What `cached` returns: it takes functions and methods, and keeps their types.

    `ValueT` is the type of the cache's values. Functions with other results are refused by type
    checkers, unless it is `Any` or `object`.
    """

    if TYPE_CHECKING:

        @overload
        def __call__(
            self: Decorator[object], function: Callable[P, Eventual[R]], /
        ) -> CachedFunction[P, R]: ...

        @overload  # a plain function
        def __call__(  # type: ignore[overload-cannot-match,unused-ignore]
            self: Decorator[object], function: Callable[P, Eventual[R] | R], /
        ) -> CachedFunction[P, R]: ...

        @overload
        def __call__(
            self, function: _Cacheable[P, Eventual[R], Eventual[ValueT]], /
        ) -> CachedFunction[P, R]: ...

        @overload  # a plain function
        def __call__(  # type: ignore[overload-cannot-match,unused-ignore]
            self, function: _Cacheable[P, Eventual[R] | R, Eventual[ValueT] | ValueT], /
        ) -> CachedFunction[P, R]: ...

        def __call__(self, function: Any, /) -> Any:
            """Decorate a function."""


class CachedManyFunction(_Wrapper, Generic[P, K, V]):
    """A function of many items whose results are cached one by one.

    `__wrapped__` is the function itself, which knows of no cache.
    """

    _calls: ManyCalls[K, V]

    if TYPE_CHECKING:

        def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> dict[K, V]:
            """Give the results for the items, in their order; those that have none are left out."""
            raise NotImplementedError

    def purge(self, /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Delete the results for these items. Calls under way do not store them any more."""
        self._calls.purge(*self.args, *args, **kwargs)

    def refresh(self, /, *args: P.args, **kwargs: P.kwargs) -> dict[K, V]:
        """Compute the results for these items now, whatever is cached, and cache them."""
        return self._calls.refresh(*self.args, *args, **kwargs)

    def lookup(self, /, *args: P.args, **kwargs: P.kwargs) -> dict[K, Lookup[V]]:
        """Tell all that is known of the results for these items, without computing any."""
        return self._calls.lookup(*self.args, *args, **kwargs)

    def key(self, /, *args: P.args, **kwargs: P.kwargs) -> dict[K, str]:
        """Give the keys of the results for these items, without the cache's prefix."""
        return self._calls.key(*self.args, *args, **kwargs)

    def uncached(self, /, *args: P.args, **kwargs: P.kwargs) -> Mapping[K, V]:
        """Call the function itself. Nothing is looked up, and nothing stored."""
        return self._calls.uncached(*self.args, *args, **kwargs)

    @overload
    def __get__(self, instance: None, owner: type | None = None, /) -> Self: ...

    @overload
    def __get__(
        self: CachedManyFunction[Concatenate[S, Q], K, V],
        instance: S,
        owner: type | None = None,
        /,
    ) -> CachedManyFunction[Q, K, V]: ...

    @overload  # a static method, which type checkers take for a function
    def __get__(self, instance: object, owner: type | None = None, /) -> Self: ...

    def __get__(self, instance: Any, owner: type | None = None, /) -> CachedManyFunction[..., K, V]:
        """Bind to an instance, as functions do."""
        if instance is None or self.args or not hasattr(self.__wrapped__, "__get__"):
            return self
        bound: CachedManyFunction[..., K, V] = self._bind_as(CachedManyFunction, instance)
        return bound


class ManyDecorator(Generic[ValueT]):
    """What `cached_many` returns: it takes functions and methods, and keeps their types.

    `ValueT` is as for `Decorator`.
    """

    if TYPE_CHECKING:

        @overload
        def __call__(
            self: ManyDecorator[object], function: Callable[P, Eventual[Mapping[K, V]]], /
        ) -> CachedManyFunction[P, K, V]: ...

        @overload  # a plain function
        def __call__(  # type: ignore[overload-cannot-match,unused-ignore]
            self: ManyDecorator[object],
            function: Callable[P, Eventual[Mapping[K, V]] | Mapping[K, V]],
            /,
        ) -> CachedManyFunction[P, K, V]: ...

        @overload
        def __call__(
            self,
            function: _Cacheable[P, Eventual[Mapping[K, V]], Eventual[Mapping[K, ValueT]]],
            /,
        ) -> CachedManyFunction[P, K, V]: ...

        @overload  # a plain function
        def __call__(  # type: ignore[overload-cannot-match,unused-ignore]
            self,
            function: _Cacheable[
                P,
                Eventual[Mapping[K, V]] | Mapping[K, V],
                Eventual[Mapping[K, ValueT]] | Mapping[K, ValueT],
            ],
            /,
        ) -> CachedManyFunction[P, K, V]: ...

        def __call__(self, function: Any, /) -> Any:
            """Decorate a function."""


def _of_its_kind(calls: Any) -> Callable[..., Any]:
    """Return the function, or one like it that is a coroutine function as the wrapper is."""
    from inspect import iscoroutinefunction, signature  # noqa: PLC0415 (takes long to import)

    function: Callable[..., Any] = calls._function  # noqa: SLF001 (one of the two halves)
    if iscoroutinefunction(function) is iscoroutinefunction(calls.entrance):
        return function

    def entrance(*args: Any, **kwargs: Any) -> Any:
        return calls.entrance(*args, **kwargs)

    shown: Any = update_wrapper(entrance, function)
    shown.__signature__ = signature(function)  # `getfullargspec` does not follow `__wrapped__`
    return entrance


def unwrap(function: Any) -> tuple[type[_Cached[..., Any]], Any]:
    """Give what to make of the decorated thing, and the function in it."""
    descriptors: dict[type, type[_Cached[..., Any]]] = {
        classmethod: CachedClassMethod,
        staticmethod: CachedStaticMethod,
    }
    kind = descriptors.get(function.__class__)
    return (CachedFunction, function) if kind is None else (kind, function.__func__)


def refuse_descriptors(function: object) -> None:
    """Refuse class methods and static methods, where they are not supported.

    Raises:
        UncacheableFunctionError: for either.
    """
    if isinstance(function, (classmethod, staticmethod)):
        msg = (
            f"{function!r} cannot be cached by `cached_many`, which takes functions and methods: "
            "decorate a function, and call that from it"
        )
        raise UncacheableFunctionError(msg)

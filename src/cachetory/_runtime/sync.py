"""All in which the two colours truly differ, for threads; `_runtime/async_.py` is its counterpart."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Annotated, Any, Generic, NoReturn, TypeVar, cast

from cachetory._runtime.callables import any_runs
from cachetory._runtime.process import call_in_child, fork_safe_lock
from cachetory.errors import ConfigurationError, UncacheableFunctionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Executor

T = TypeVar("T")
S = TypeVar("S")
ValueT = TypeVar("ValueT")

Eventual = Annotated[T, "at once"]
"""What a function of this colour gives: the result itself."""

DEF = "def"
"""How a compiled function of this colour begins."""

WORTH_HAVING = 64
"""How many connections to one server are of use to the threads of a process."""

AWAIT = ""
"""How a compiled function of this colour calls another."""


class OneColour:
    """What every synchronous backend can do besides its operations: nothing."""

    __slots__ = ()


class ItemAccess(Generic[ValueT]):
    """`cache[key]`, `cache[key] = value`, `del cache[key]` and `key in cache`."""

    __slots__ = ()

    if TYPE_CHECKING:

        def get(self, key: str, default: Any) -> Any: ...
        def set(self, key: str, value: ValueT) -> bool: ...
        def delete(self, key: str) -> bool: ...
        def contains(self, key: str) -> bool: ...

    def __getitem__(self, key: str) -> ValueT:
        """Retrieve a value.

        Raises:
            KeyError: if there is none.
        """
        value = self.get(key, _MISSING)
        if value is _MISSING:
            raise KeyError(key)
        return cast("ValueT", value)

    def __setitem__(self, key: str, value: ValueT) -> None:
        """Set a value that never expires."""
        self.set(key, value)

    def __delitem__(self, key: str) -> None:
        """Delete a key.

        Raises:
            KeyError: if there is no such key.
        """
        if not self.delete(key):
            raise KeyError(key)

    def __contains__(self, key: str) -> bool:
        """Tell whether there is an entry, without counting a hit or a miss."""
        return self.contains(key)

    if not TYPE_CHECKING:  # to a type checker, a cache is no iterable at all

        def __iter__(self) -> NoReturn:
            msg = "a cache cannot be iterated: a store may hold millions of keys"
            raise TypeError(msg)


_MISSING = object()


def resolve(value: T) -> T:
    """Give the value as it is."""
    return value


def offload(executor: Executor | None, function: Callable[[S], T], value: S) -> T:
    """Call the function here: a thread that waits for another gains nothing."""
    return function(value)


def offload_all(
    executor: Executor | None, function: Callable[[S], T], values: Iterable[S]
) -> list[T]:
    """Call the function for every value, concurrently in an executor, and keep the order."""
    return list(map(function, values) if executor is None else executor.map(function, values))


def check_colour(function: Callable[..., object]) -> None:
    """Refuse what cannot be cached by a synchronous decorator.

    Raises:
        UncacheableFunctionError: for coroutine functions and generators of either kind.
    """
    from inspect import (  # noqa: PLC0415 (only when something is decorated)
        isasyncgenfunction,
        iscoroutinefunction,
        isgeneratorfunction,
    )

    if any_runs(function, isasyncgenfunction) or any_runs(function, isgeneratorfunction):
        msg = f"{function!r} is a generator, which is used up once: let it return a list instead"
        raise UncacheableFunctionError(msg)
    if any_runs(function, iscoroutinefunction):
        msg = (
            f"{function!r} is a coroutine function: "
            "use `cached` from `cachetory.decorators.async_` for it"
        )
        raise UncacheableFunctionError(msg)


def check_backend(backend: object) -> None:
    """Refuse a backend of the other colour.

    Raises:
        ConfigurationError: for one that is asynchronous.
    """
    if hasattr(backend, "__aenter__") and hasattr(backend, "__await__"):
        msg = (
            f"{type(backend).__name__} is asynchronous, but this cache is not: "
            "take the backend from `cachetory.backends.sync`"
        )
        raise ConfigurationError(msg)


class PerLoop(Generic[T]):
    """One object for all: threads have no event loops to keep apart.

    Args:
        make: makes it.
        close: closes it.
    """

    __slots__ = ("_close", "_guard", "_made", "_make")

    def __init__(self, make: Callable[[], T], close: Callable[[T], object]) -> None:
        self._make = make
        self._close = close
        self._made: list[T] = []
        self._guard = fork_safe_lock()

    def get(self) -> T:
        """Give the object, which is made when it is first asked for."""
        try:
            return self._made[0]
        except IndexError:
            with self._guard:
                if not self._made:
                    self._made.append(self._make())
                return self._made[0]

    def close(self) -> None:
        """Close and forget the object, if there is one."""
        with self._guard:
            made, self._made = self._made, []
        for one in made:
            self._close(one)


class Deserted(Exception):  # noqa: N818 (not an error: a word among the parties of a flight)
    """The leader of a flight was interrupted: what it met is not its followers' fate."""


_under_way: ContextVar[tuple[Flight[Any], ...]] = ContextVar("cachetory_flights", default=())


class Flight(Generic[T]):
    """One load that many wait for: the leader runs it in its own thread, the others block.

    Args:
        leave: called when nobody may join the flight any more.
    """

    __slots__ = ("_error", "_landed", "_leave", "_value", "committing", "fenced", "waits_for")

    def __init__(self, leave: Callable[[Flight[T]], None]) -> None:
        self._leave = leave
        self._landed = threading.Event()
        self._error: Exception | None = Deserted()
        self._value: T
        self.fenced = False
        self.committing = False
        self.waits_for: list[Flight[Any]] = []

    @staticmethod
    def under_way() -> tuple[Flight[Any], ...]:
        """Give the flights whose loads the caller is a part of, the outermost first."""
        return _under_way.get()

    @property
    def is_here(self) -> bool:
        """Whether it can be waited for, as it always can by threads."""
        return True

    def lead(self, load: Callable[[], T]) -> T:
        """Run the load here and now."""
        token = _under_way.set((*_under_way.get(), self))
        try:
            self._value = load()
            self._error = None
        except Exception as error:
            self._error = error
            raise
        finally:
            _under_way.reset(token)
            self._leave(self)
            self._landed.set()
        return self._value

    def follow(self) -> T:
        """Wait for the load that another thread runs.

        Raises:
            Deserted: if that thread was interrupted, by Ctrl-C for example.
        """
        self._landed.wait()
        if self._error is not None:
            raise self._error
        return self._value

    def landed(self) -> None:
        """Wait until the load is over, whatever came of it."""
        self._landed.wait()

    def desert(self) -> None:
        """Give up a flight whose leader was interrupted, wherever that was."""
        self._leave(self)
        self._landed.set()


class Slots:
    """Lets so many in at a time; the others wait for their turn."""

    __slots__ = ("__weakref__", "_limit", "_semaphore")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._reset()
        call_in_child(self, Slots._reset)

    def __enter__(self) -> None:
        """Wait for a turn."""
        self._semaphore.acquire()

    def __exit__(self, *exc_info: object) -> None:
        """Let the next one in."""
        self._semaphore.release()

    def _reset(self) -> None:
        """Open all slots, in a forked child too: those who held them do not exist there."""
        self._semaphore = threading.Semaphore(self._limit)

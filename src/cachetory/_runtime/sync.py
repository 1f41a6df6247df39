"""All in which the two colours truly differ, for threads; `_runtime/async_.py` is its counterpart."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Generic, NoReturn, ParamSpec, TypeVar, cast

from cachetory._runtime.callables import any_runs, refuse_one_shot
from cachetory._runtime.process import call_in_child, fork_safe_lock
from cachetory.errors import ConfigurationError, UncacheableFunctionError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable
    from concurrent.futures import Executor
    from contextvars import Token
    from types import TracebackType

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S")
ValueT = TypeVar("ValueT")

Eventual = Annotated[T, "at once"]
"""What a function of this colour gives: the result itself."""

Running = Annotated[T, "at once"]
"""What calling a function of this API returns: the result itself."""

DEF = "def"
"""How a compiled function of this colour begins."""

MOST_BEHIND = 256
"""How many loads and refreshes may go on, or wait for a thread, behind the callers of a cache."""

MOST_REFRESHERS = 8
"""How many threads of the process refresh what is stale."""

MOST_LOADERS = 64
"""How many threads of the process load for callers who do not wait for ever."""

_IDLE_FOR = 10.0
"""Seconds after which a thread ends that has nothing to do."""

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

        def __aenter__(self) -> NoReturn:
            msg = (
                "a synchronous cache cannot be entered by `async with`: use `with`, or the cache "
                "from `cachetory.async_`"
            )
            raise TypeError(msg)

        def __aexit__(self, *exc_info: object) -> None:
            """Do nothing: `async with` never gets this far."""


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
        UncacheableFunctionError: for coroutine functions and generators of either kind, and for
            functions that visibly return what can be used once.
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
    refuse_one_shot(function, is_awaited=False)


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


class Late(Exception):  # noqa: N818 (not an error either: the load goes on)
    """A load takes longer than the caller waits."""


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


class _Metronome:
    """One thread that calls functions at intervals; it lives while there are any."""

    def __init__(self) -> None:
        self._reset()
        call_in_child(self, _Metronome._reset)

    def _reset(self) -> None:
        self._beats: dict[object, tuple[float, float, Callable[[], object]]] = {}
        self._changed = threading.Condition()
        self._is_running = False

    def add(self, seconds: float, function: Callable[[], object]) -> object:
        """Call the function every so many seconds, until it is removed by what this gives."""
        beat = object()
        with self._changed:
            self._beats[beat] = (time.monotonic() + seconds, seconds, function)
            self._changed.notify()
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._run, name="cachetory-heartbeat", daemon=True).start()
        return beat

    def remove(self, beat: object) -> None:
        """Call it no more."""
        with self._changed:
            self._beats.pop(beat, None)

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._beats and not self._changed.wait(_IDLE_FOR) and not self._beats:
                    self._is_running = False
                    return
                now = time.monotonic()
                due = [beat for beat, (at, _, _) in self._beats.items() if at <= now]
                for beat in due:
                    _, seconds, function = self._beats[beat]
                    self._beats[beat] = (now + seconds, seconds, function)
                functions = [self._beats[beat][2] for beat in due]
                if not functions and self._beats:
                    next_at = min(at for at, _, _ in self._beats.values())
                    self._changed.wait(max(next_at - now, 0.0))
            for function in functions:
                with suppress(Exception):
                    function()


_metronome = _Metronome()


@contextmanager
def every(seconds: float, function: Callable[[], object]) -> Generator[None, None, None]:
    """Call the function every so many seconds while the block runs; its errors end nothing."""
    beat = _metronome.add(seconds, function)
    try:
        yield
    finally:
        _metronome.remove(beat)


class _Workers:
    """Daemon threads that run what is handed in, as many as needed up to a limit.

    An idle one ends after a while. None keeps the interpreter from exiting.
    """

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._reset()
        call_in_child(self, _Workers._reset)

    def _reset(self) -> None:
        self._jobs: deque[Callable[[], object]] = deque()
        self._ready = threading.Semaphore(0)
        self._guard = threading.RLock()
        self._idle = 0
        self._count = 0

    def run(self, job: Callable[[], object]) -> bool:
        """Run the job as soon as a thread is free; tell whether there is, or will be, one."""
        with self._guard:
            if self._idle <= len(self._jobs) and self._count < self._most and not self._add():
                return False
            self._jobs.append(job)
            self._ready.release()
        return True

    def _add(self) -> bool:
        """Start one more thread, and tell whether there is any at all."""
        try:
            threading.Thread(target=self._work, name=self._name, daemon=True).start()
        except RuntimeError:  # the system has no more, or the interpreter is about to exit
            return self._count > 0
        self._count += 1
        return True

    def _work(self) -> None:
        while True:
            with self._guard:
                self._idle += 1
            has_job = self._ready.acquire(timeout=_IDLE_FOR)
            with self._guard:
                self._idle -= 1
                if not has_job and not self._ready.acquire(blocking=False):
                    self._count -= 1
                    return
                job = self._jobs.popleft()
            with suppress(BaseException):  # what it raised is known to those who wait for it
                job()
            del job


class Hands:
    """Does work for threads, which do it themselves.

    Args:
        together: how an event loop's would do many calls at once.
    """

    __slots__ = ()

    def __init__(self, together: object) -> None:
        pass

    def do(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call the function."""
        return function(*arguments)


_refreshers = _Workers("cachetory-refresh", MOST_REFRESHERS)
_loaders = _Workers("cachetory-load", MOST_LOADERS)


class Background:
    """What goes on behind the callers, in a few daemon threads of the process.

    Args:
        most: so many at a time, waiting ones included; more are refused.
    """

    __slots__ = ("__weakref__", "_changed", "_most", "_pending")

    def __init__(self, most: int = MOST_BEHIND) -> None:
        self._most = most
        self._forget()
        call_in_child(self, Background._forget)

    @property
    def has_room(self) -> bool:
        """Whether one more may start."""
        return self._pending < self._most

    def start(self, function: Callable[[], object]) -> bool:
        """Run the function in a context like the caller's, and tell whether there was room."""
        return self._start(function, _refreshers)

    def start_awaited(self, function: Callable[[], object]) -> bool:
        """Run a function that somebody waits for, in threads that others do not use up."""
        return self._start(function, _loaders)

    def _start(self, function: Callable[[], object], workers: _Workers) -> bool:
        with self._changed:
            if not self.has_room:
                return False
            self._pending += 1
        context = copy_context()
        jobs = [function]

        def run() -> None:
            try:
                context.run(_run, jobs)
            finally:
                self._end()

        if workers.run(run):
            return True
        self._end()
        return False

    def _end(self) -> None:
        with self._changed:
            self._pending -= 1
            self._changed.notify_all()

    def close(self, seconds: float) -> None:
        """Wait until all is done, so long at most; what is not goes on in its thread."""
        with self._changed:
            self._changed.wait_for(lambda: not self._pending, seconds)

    def _forget(self) -> None:
        self._pending = 0
        self._changed = threading.Condition()


def _run(jobs: list[Callable[[], object]]) -> None:
    _under_way.set(())
    with suppress(Exception):  # it has been reported by then
        # No frame may keep the job: the frame of a job that failed refers to the frames around it.
        jobs.pop()()


_under_way: ContextVar[tuple[Flight[Any], ...]] = ContextVar("cachetory_flights", default=())


class Flight(Generic[T]):
    """One load that many wait for: the leader runs it in its own thread, the others block.

    It runs in a thread of the background if the leader does not wait for ever. The load runs in a
    `with` block of its flight, and ends it with `land`.

    Args:
        keys: those that it loads.
        leave: called when nobody may join the flight any more.

    Attributes:
        is_abandoned: whether it is to end, which is not for threads to say.
    """

    __slots__ = (
        "_goes_on",
        "_interruption",
        "_landed",
        "_leave",
        "_outer",
        "_reset",
        "_values",
        "committing",
        "fenced",
        "is_abandoned",
        "keys",
        "waits_for",
    )

    def __init__(self, keys: Collection[str], leave: Callable[[Flight[T]], None]) -> None:
        self.keys = keys
        self._leave = leave
        self._landed = threading.Event()
        self._interruption: BaseException | None = None
        self._outer: tuple[Flight[Any], ...] = ()
        self._reset: Token[tuple[Flight[Any], ...]]
        self._goes_on = False
        self._values: tuple[T, ...] = ()
        self.fenced: set[str] = set()
        self.committing = False
        self.is_abandoned = False
        self.waits_for: list[Flight[Any]] = []

    @staticmethod
    def under_way() -> tuple[Flight[Any], ...]:
        """Return the flights whose loads the caller is a part of, the outermost first."""
        return _under_way.get()

    @property
    def is_here(self) -> bool:
        """Whether it can be waited for, as it always can by threads."""
        return True

    def __enter__(self) -> None:
        """Begin the load, in the thread that runs it."""
        self._reset = _under_way.set((*self._outer, self))

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the load, and wake up those who wait for it."""
        self._interruption = exc_value
        _under_way.reset(self._reset)
        self._leave(self)
        self._landed.set()

    def land(self, value: T) -> T:
        """End the load with a value for all who wait."""
        self._values = (value,)
        return value

    def leading(
        self,
        load: Callable[P, T],
        seconds: float | None = None,
        behind: Background | None = None,
    ) -> Callable[P, T]:
        """Return what the leader calls in place of the load, with the same arguments.

        It is the load itself, or what runs it behind if the leader waits for so long only.
        """
        self._outer = _under_way.get()
        if seconds is None or behind is None:
            return load
        return partial(self._lead_behind, seconds, behind, load)

    def lead_behind(self, load: Callable[[], T], behind: Background) -> bool:
        """Start the load for nobody to wait for, and tell whether there was room."""
        return behind.start(load)

    def follow(self, seconds: float | None = None, behind: Background | None = None) -> T:
        """Wait for the load that another thread runs.

        Args:
            seconds: how long to wait at most.
            behind: where it goes on after that.

        Raises:
            Deserted: if that thread was interrupted, by Ctrl-C for example.
            Late: if it takes longer.
        """
        if not self._landed.wait(seconds):
            raise Late
        if not self._values:
            raise Deserted
        return self._values[0]

    def landed(self) -> None:
        """Wait until the load is over, whatever came of it."""
        self._landed.wait()

    def desert(self) -> None:
        """Give up a flight whose leader was interrupted, wherever that was."""
        if not self._goes_on:
            self._leave(self)
            self._landed.set()

    def _lead_behind(
        self,
        seconds: float,
        behind: Background,
        load: Callable[P, T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        if not behind.start_awaited(partial(load, *args, **kwargs)):
            return load(*args, **kwargs)  # late is better than never
        self._goes_on = True
        try:
            return self.follow(seconds)
        except Deserted:  # the load ended its thread, as it would have ended its caller's
            interruption, self._interruption = self._interruption, None
            if interruption is not None:
                raise interruption from None
            raise


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

    def enter_at_once(self) -> bool:
        """Take a turn if there is one, and tell whether there was."""
        return self._semaphore.acquire(blocking=False)

    def leave(self) -> None:
        """Let the next one in."""
        self._semaphore.release()

    def _reset(self) -> None:
        """Open all slots, in a forked child too: those who held them do not exist there."""
        self._semaphore = threading.Semaphore(self._limit)

"""All in which the two colours truly differ, for asyncio; `_runtime/sync.py` is its counterpart."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Coroutine
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from inspect import isawaitable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, NoReturn, ParamSpec, TypeVar, cast
from weakref import WeakKeyDictionary, ref

from cachetory._runtime.callables import any_runs, refuse_one_shot
from cachetory._runtime.process import call_in_child, fork_safe_lock
from cachetory.errors import ConfigurationError, NoEventLoopError, UncacheableFunctionError

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        Callable,
        Collection,
        Generator,
        Iterable,
    )
    from concurrent.futures import Executor
    from contextvars import Token

    from typing_extensions import Self

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S")
ValueT = TypeVar("ValueT")

Eventual = Awaitable[T]
"""What a function of this colour gives: a result to be awaited."""

Running = Coroutine[Any, Any, T]
"""What calling a function of this API returns: a coroutine."""


DEF = "async def"
"""How a compiled function of this colour begins."""

_IDLE_FOR = 10.0
"""Seconds after which a thread ends that has nothing to do."""

_DONE_TOGETHER = 1000
"""How many calls a thread does together at most."""

MOST_BEHIND = 1000
"""How many loads and refreshes may go on behind the callers of one cache."""

AWAIT = "await "
"""How a compiled function of this colour calls another."""


def running_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop that runs in this thread.

    Raises:
        NoEventLoopError: if there is none, under trio or curio for example.
    """
    try:
        return asyncio.get_running_loop()
    except RuntimeError as error:
        msg = (
            "the async API of cachetory requires asyncio, but no asyncio event loop runs in the "
            f"thread {threading.current_thread().name!r}. Run the program with `asyncio.run` (with "
            'anyio: backend="asyncio"). Under trio or curio, or in a thread without a loop, use '
            "the sync API (`cachetory.sync`), from trio by `trio.to_thread.run_sync`."
        )
        raise NoEventLoopError(msg) from error


class OneColour:
    """What every asynchronous backend can do besides its operations.

    It may be awaited, which gives the backend itself, so that `await from_url(…)` and plain
    `from_url(…)` both work; and it refuses a plain `with`.
    """

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, Self]:
        """Give the backend itself."""
        return self
        yield  # makes this a generator, which is what `await` needs

    def __enter__(self) -> NoReturn:
        """Refuse.

        Raises:
            RuntimeError: always.
        """
        msg = f"{type(self).__name__} is asynchronous: use `async with` instead of `with`"
        raise RuntimeError(msg)

    def __exit__(self, *exc_info: object) -> None:
        """Do nothing: a plain `with` never gets this far."""


class ItemAccess(Generic[ValueT]):
    """Refuse item access and a plain `with`, with the way out: neither can be awaited."""

    __slots__ = ()

    if not TYPE_CHECKING:  # to a type checker, these operators do not exist at all

        def __getitem__(self, key: str) -> NoReturn:
            raise _no_items(key, "get")

        def __setitem__(self, key: str, value: object) -> NoReturn:
            raise _no_items(key, "set")

        def __delitem__(self, key: str) -> NoReturn:
            raise _no_items(key, "delete")

        def __contains__(self, key: str) -> NoReturn:
            raise _no_items(key, "contains")

        def __iter__(self) -> NoReturn:
            msg = "a cache cannot be iterated: a store may hold millions of keys"
            raise TypeError(msg)

        def __enter__(self) -> NoReturn:
            msg = (
                "an asynchronous cache cannot be entered by `with`: use `async with`, or the cache "
                "from `cachetory.sync`"
            )
            raise TypeError(msg)

        def __exit__(self, *exc_info: object) -> None:
            """Do nothing: a plain `with` never gets this far."""


def _no_items(key: str, method: str) -> TypeError:
    instead = f"await cache.{method}({key!r}{', value' if method == 'set' else ''})"
    return TypeError(f"item access to an asynchronous cache cannot be awaited: use `{instead}`")


async def resolve(value: Awaitable[T] | T) -> T:
    """Await the value if it can be awaited, else give it as it is."""
    if isawaitable(value):
        return await value
    return value


async def offload(executor: Executor | None, function: Callable[[S], T], value: S) -> T:
    """Call the function in the executor; `None` is the event loop's default one."""
    return await running_loop().run_in_executor(executor, function, value)


async def offload_all(
    executor: Executor | None, function: Callable[[S], T], values: Iterable[S]
) -> list[T]:
    """Call the function in the executor for every value, concurrently, and keep the order."""
    return await asyncio.gather(*(offload(executor, function, value) for value in values))


def check_colour(function: Callable[..., object]) -> None:
    """Refuse what cannot be cached by an asynchronous decorator.

    Raises:
        UncacheableFunctionError: for generators of either kind, and for functions that visibly
            return what can be used once.
    """
    from inspect import isasyncgenfunction, isgeneratorfunction  # noqa: PLC0415 (rarely needed)

    if any_runs(function, isasyncgenfunction) or any_runs(function, isgeneratorfunction):
        msg = f"{function!r} is a generator, which is used up once: let it return a list instead"
        raise UncacheableFunctionError(msg)
    refuse_one_shot(function, is_awaited=True)


def check_backend(backend: object) -> None:
    """Refuse a backend of the other colour.

    Raises:
        ConfigurationError: for one that is synchronous.
    """
    if hasattr(backend, "__enter__") and not hasattr(backend, "__aenter__"):
        msg = (
            f"{type(backend).__name__} is synchronous, but this cache is not: "
            "take the backend from `cachetory.backends.async_`"
        )
        raise ConfigurationError(msg)


class PerLoop(Generic[T]):
    """One object for each event loop, made when the loop first asks for it.

    Args:
        make: makes one.
        close: closes one; also when its loop shuts down in good order, as by `asyncio.run`.
    """

    __slots__ = ("_close", "_guard", "_last", "_make", "_of_loop", "_until_shutdown")

    def __init__(self, make: Callable[[], T], close: Callable[[T], Awaitable[None]]) -> None:
        self._make = make
        self._close = close
        self._of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, T] = WeakKeyDictionary()
        self._until_shutdown: dict[asyncio.AbstractEventLoop, AsyncGenerator[None, None]] = {}
        self._last: tuple[ref[asyncio.AbstractEventLoop], T] | None = None  # to be asked for
        self._guard = fork_safe_lock()  # loops run in threads

    def get(self) -> T:
        """Give the object of the running loop."""
        loop = running_loop()
        last = self._last
        if last is not None and last[0]() is loop:
            return last[1]
        try:
            made = self._of_loop[loop]
        except KeyError:
            made = self._settle(loop)
        self._last = ref(loop), made
        return made

    async def aclose(self) -> None:
        """Close and forget the object of the running loop, if it has one."""
        loop = running_loop()
        with self._guard:
            self._of_loop.pop(loop, None)
            self._last = None
            generator = self._until_shutdown.pop(loop, None)
        if generator is not None:
            await generator.aclose()

    def _settle(self, loop: asyncio.AbstractEventLoop) -> T:
        with self._guard:
            for other in list(self._of_loop):  # what they hold may keep them alive
                if other.is_closed():
                    del self._of_loop[other]
                    self._until_shutdown.pop(other, None)
            made = self._of_loop[loop] = self._make()
        # A loop finishes its asynchronous generators when it shuts down: the only thing that it
        # does then for those who have not been told of its end.
        generator = self._wait_for_shutdown(made)
        with suppress(StopIteration):
            generator.asend(None).send(None)
        self._until_shutdown[loop] = generator
        return made

    async def _wait_for_shutdown(self, made: T) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            await self._close(made)


class Deserted(Exception):  # noqa: N818 (not an error: a word among the parties of a flight)
    """The leader of a flight was cancelled: what it met is not its followers' fate."""


class Late(Exception):  # noqa: N818 (not an error either: the load goes on)
    """A load takes longer than the caller waits."""


async def sleep(seconds: float) -> None:
    """Wait."""
    await asyncio.sleep(seconds)


@asynccontextmanager
async def every(
    seconds: float, function: Callable[[], Awaitable[object]]
) -> AsyncGenerator[None, None]:
    """Call the function every so many seconds while the block runs; its errors end nothing."""
    is_over = False

    async def beat() -> None:
        while not is_over:  # a client may swallow the cancellation, as `wait_for` did until 3.12
            await asyncio.sleep(seconds)
            with suppress(Exception):
                await function()

    task = running_loop().create_task(beat(), name="cachetory-heartbeat")
    try:
        yield
    finally:
        is_over = True
        task.cancel()
        await asyncio.wait((task,))


Call = tuple["Callable[..., Any]", tuple[Any, ...]]
Outcome = tuple[Any, "Exception | None"]


class Hands:
    """A thread that does work for tasks: what has gathered while it was busy is done together.

    It ends when it has had nothing to do for a while, and keeps no interpreter from exiting.

    Args:
        together: does many calls, and gives their results and errors.
    """

    __slots__ = ("__weakref__", "_calls", "_guard", "_is_at_work", "_together")

    def __init__(self, together: Callable[[list[Call]], list[Outcome]]) -> None:
        self._together = together
        self._guard = fork_safe_lock()
        self._calls: SimpleQueue[_Order] = SimpleQueue()
        self._is_at_work = False
        call_in_child(self, Hands._forget)

    async def do(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call the function in the thread. It may be called though the caller is cancelled."""
        loop = running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._calls.put(((function, arguments), loop, future))
        if not self._is_at_work:
            self._begin()
        return await future

    def _begin(self) -> None:
        with self._guard:
            if not self._is_at_work:
                threading.Thread(target=self._work, name="cachetory-hands", daemon=True).start()
                self._is_at_work = True

    def _work(self) -> None:
        while True:
            try:
                orders = [self._calls.get(timeout=_IDLE_FOR)]
            except Empty:
                with self._guard:
                    self._is_at_work = False  # first: who has a call from now on sees it
                    if self._calls.empty():
                        return
                    self._is_at_work = True
                    continue
            with suppress(Empty):
                while len(orders) < _DONE_TOGETHER:
                    orders.append(self._calls.get_nowait())
            self._carry_out([order for order in orders if not order[2].cancelled()])
            del orders

    def _carry_out(self, orders: list[_Order]) -> None:
        try:
            outcomes = self._together([call for call, _, _ in orders])
        except Exception as error:
            outcomes = [(None, error)] * len(orders)
        results: dict[asyncio.AbstractEventLoop, list[tuple[_Order, Outcome]]] = {}
        for order, outcome in zip(orders, outcomes, strict=True):
            results.setdefault(order[1], []).append((order, outcome))
        for loop, some in results.items():
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_deliver, some)

    def _forget(self) -> None:
        self._calls = SimpleQueue()
        self._is_at_work = False


_Order = tuple[Call, asyncio.AbstractEventLoop, "asyncio.Future[Any]"]


def _deliver(results: list[tuple[_Order, Outcome]]) -> None:
    for (_, _, future), (result, error) in results:
        if future.done():
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)


class Background:
    """What goes on behind the callers: tasks that are held on to until they are done.

    Args:
        most: so many at a time; more are refused.
    """

    __slots__ = ("__weakref__", "_most", "_tasks")

    def __init__(self, most: int = MOST_BEHIND) -> None:
        self._most = most
        self._tasks: set[asyncio.Task[Any]] = set()
        call_in_child(self, Background._forget)

    def start(self, function: Callable[[], Awaitable[object]]) -> bool:
        """Run the function in a context like the caller's, and tell whether there was room."""
        if not self.has_room:
            return False
        self.adopt(running_loop().create_task(_run(function), name="cachetory-behind"))
        return True

    @property
    def has_room(self) -> bool:
        """Whether one more may start."""
        return len(self._tasks) < self._most

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """Hold on to a task."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def aclose(self, seconds: float) -> None:
        """Wait for what goes on in this event loop, and cancel what is not done by then."""
        loop = running_loop()
        here = {task for task in list(self._tasks) if task.get_loop() is loop}
        here.discard(cast("asyncio.Task[Any]", asyncio.current_task()))
        if not here:
            return
        _, late = await asyncio.wait(here, timeout=seconds)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=seconds)

    def _forget(self) -> None:
        self._tasks.clear()


async def _run(function: Callable[[], Awaitable[object]]) -> None:
    _under_way.set(())
    with suppress(Exception):  # it has been reported by then
        await function()


_under_way: ContextVar[tuple[Flight[Any], ...]] = ContextVar("cachetory_flights", default=())


class Flight(Generic[T]):
    """One load that many await: a task, and a count of those who wait for it.

    Cancelling one of them never cancels another. The task is cancelled when the last one leaves,
    unless it is storing what it has loaded: then it goes on, since a write that is cut off may
    still happen later, after another that was to come last. Nor is it when it goes on behind.

    The load runs in a `with` block of its flight, and ends it with `land`.

    Args:
        keys: those that it loads.
        leave: called when nobody may join the flight any more.

    Attributes:
        is_abandoned: whether the last one has left, so that it is to end.
    """

    __slots__ = (
        "_goes_on",
        "_leave",
        "_loop",
        "_outer",
        "_reset",
        "_task",
        "_waiters",
        "committing",
        "fenced",
        "is_abandoned",
        "keys",
        "waits_for",
    )

    def __init__(self, keys: Collection[str], leave: Callable[[Flight[T]], None]) -> None:
        self.keys = keys
        self._leave = leave
        self._loop = running_loop()
        self._task: asyncio.Task[T]
        self._outer: tuple[Flight[Any], ...] = ()
        self._reset: Token[tuple[Flight[Any], ...]]
        self._waiters = 0
        self._goes_on = False
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
        """Whether it belongs to the running event loop, so that it can be waited for."""
        return self._loop is running_loop()

    def __enter__(self) -> None:
        """Begin the load, in the task that runs it."""
        self._reset = _under_way.set((*self._outer, self))

    def __exit__(self, *exc_info: object) -> None:
        """End the load. The context of the task must not refer to the flight any more."""
        _under_way.reset(self._reset)

    def land(self, value: T) -> T:
        """End the load with a value for all who wait."""
        return value

    def leading(
        self,
        load: Callable[P, Awaitable[T]],
        seconds: float | None = None,
        behind: Background | None = None,
    ) -> Callable[P, Awaitable[T]]:
        """Return what the leader calls in place of the load, with the same arguments.

        It starts the load as a task, in the leader's context, and waits for it; see `follow`.
        """
        self._outer = _under_way.get()

        async def lead(*args: P.args, **kwargs: P.kwargs) -> T:
            self._start(load(*args, **kwargs))
            try:
                return await self.follow(seconds, behind)
            except Deserted:  # The load cancelled itself, as it would have done without a flight.
                raise asyncio.CancelledError from None

        return lead

    def lead_behind(self, load: Callable[[], Awaitable[T]], behind: Background) -> bool:
        """Start the load for nobody to wait for, and tell whether there was room."""
        if not behind.has_room:
            return False
        self._start(load())
        self.go_on(behind)
        return True

    async def follow(self, seconds: float | None = None, behind: Background | None = None) -> T:
        """Wait for the load that another has started.

        Args:
            seconds: how long to wait at most.
            behind: where it goes on after that.

        Raises:
            Deserted: if the load was cancelled, though the caller was not.
            Late: if it takes longer.
        """
        self._waiters += 1
        try:
            done, _ = await asyncio.wait((self._task,), timeout=seconds)
            if not done and behind is not None:
                self.go_on(behind)
        finally:
            self._waiters -= 1
            if not (self._waiters or self.committing or self._goes_on):
                self.is_abandoned = True
                self.fenced.update(self.keys)
                self._leave(self)
                self._task.cancel()
        if not done:
            raise Late
        if self._task.cancelled():
            raise Deserted
        return self._task.result()

    def go_on(self, behind: Background) -> None:
        """Let the load go on though nobody may be waiting."""
        if not self._goes_on:
            self._goes_on = True
            behind.adopt(self._task)

    async def landed(self) -> None:
        """Wait until the load is over, whatever came of it."""
        await asyncio.wait((self._task,))

    def desert(self) -> None:
        """Give up a flight whose leader was interrupted before it could start."""
        if not hasattr(self, "_task"):
            self._leave(self)

    def _start(self, load: Awaitable[T]) -> None:
        self._task = self._loop.create_task(cast("Coroutine[Any, Any, T]", load))
        self._task.add_done_callback(self._land)

    def _land(self, task: asyncio.Task[T]) -> None:
        self._leave(self)
        if not task.cancelled():
            task.exception()  # has been seen, even if nobody waits for it


class Slots:
    """Lets so many in at a time; the others wait for their turn, in order."""

    __slots__ = ("__weakref__", "_free", "_waiting")

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
        """Wait for a turn."""
        if self.enter_at_once():
            return
        turn: asyncio.Future[None] = running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it came too late
                self.leave()
            raise

    async def __aexit__(self, *exc_info: object) -> None:
        """Let the next one in."""
        self.leave()

    def enter_at_once(self) -> bool:
        """Take a turn if there is one, and tell whether there was."""
        if not self._free:
            return False
        self._free -= 1
        return True

    def leave(self) -> None:
        """Let the next one in."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

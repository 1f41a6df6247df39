"""Callers that are under way at the same time: threads here, tasks in `async_crew.py`."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FunctionType

    from typing_extensions import Self

PATIENCE = 30.0
"""Seconds after which something that is bound to happen counts as hanging."""


class Signal:
    """Something that is waited for until it has happened once."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    def wait(self) -> None:
        assert self._event.wait(PATIENCE), "this hangs"


class Meeting:
    """Lets its parties go on when all of them have come."""

    def __init__(self, parties: int) -> None:
        self._barrier = threading.Barrier(parties)

    def join(self) -> None:
        self._barrier.wait(PATIENCE)


class Caller:
    """One call under way."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[object, ...]) -> None:
        self._value: Any = None
        self._error: BaseException | None = None

        def run() -> None:
            try:
                self._value = function(*arguments)
            except BaseException as error:
                self._error = error

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def result(self) -> Any:
        """Wait for what the call returns, or raise what it raises."""
        error = self.error()
        if error is not None:
            raise error
        return self._value

    def error(self) -> BaseException | None:
        """Wait for what the call raises."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "this hangs"
        return self._error

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def is_within(self, function: FunctionType) -> bool:
        """Tell whether the call is in the function, however deep."""
        return function.__code__ in _codes(self._thread)


class Crew:
    """Starts callers, and does not leave before all of them are done."""

    def __init__(self) -> None:
        self._callers: list[Caller] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, exc_type: type[BaseException] | None, *_rest: object) -> None:
        if exc_type is None:
            until(lambda: all(caller.over for caller in self._callers))

    def start(self, function: Callable[..., Any], *arguments: object) -> Caller:
        caller = Caller(function, arguments)
        self._callers.append(caller)
        return caller


def until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "this hangs"
        time.sleep(0.001)


def until_within(function: Any, *callers: Caller) -> None:
    """Wait until all the callers are in the function."""
    until(lambda: all(caller.is_within(function) for caller in callers))


def _codes(thread: threading.Thread) -> Iterator[CodeType]:
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None:
        yield frame.f_code
        frame = frame.f_back

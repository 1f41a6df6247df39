"""Worker processes as seen from the test that steers them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future
from itertools import count
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from tests.servers import start_reaper

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

Colour: TypeAlias = Literal["async_", "sync"]

ROOT = Path(__file__).parents[2]

# Many start one after another: only the first one is to compile the modules.
_ENVIRONMENT = {name: it for name, it in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

PATIENCE = 30.0
"""Seconds after which something that is bound to happen counts as hanging."""


class Happening(NamedTuple):
    """Something that a worker has told of, and when, by the monotonic clock."""

    name: str
    details: tuple[Any, ...]
    at: float


class Order:
    """An order that a worker carries out."""

    def __init__(self) -> None:
        self.future: Future[Any] = Future()

    @property
    def is_done(self) -> bool:
        return self.future.done()

    def result(self, patience: float = PATIENCE) -> Any:
        """Wait for the answer.

        Raises:
            RuntimeError: if the worker failed at it, or died.
            TimeoutError: if the answer does not come in time.
        """
        return self.future.result(patience)


class Worker:
    """A process with a cache of a colour; see `tests/leases/async_/member.py` for what it can do.

    Use it as a context manager, or call `close` at last.
    """

    def __init__(self, colour: Colour) -> None:
        self.colour: Colour = colour
        self.is_stopped = False
        self._numbers = count()
        self._changed = threading.Condition()
        self._happenings: list[Happening] = []
        self._orders: dict[int, Order] = {}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.leases.program", colour],
            cwd=ROOT,
            env=_ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        start_reaper().watch(self._process)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Worker {self._process.pid} {self.colour}>"

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def order(self, do: str, **arguments: Any) -> Order:
        """Have something done, and do not wait for it."""
        number = next(self._numbers)
        order = self._orders[number] = Order()
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(json.dumps([number, do, arguments]).encode() + b"\n")
        stdin.flush()
        return order

    def ask(self, do: str, **arguments: Any) -> Any:
        """Have something done, and wait for it."""
        return self.order(do, **arguments).result()

    def told(self, name: str, *details: Any) -> list[Happening]:
        """Give what has happened so far that begins so."""
        with self._changed:
            return [it for it in self._happenings if _begins(it, name, details)]

    def wait_for(self, name: str, *details: Any, times: int = 1) -> None:
        """Wait until something has happened, so many times."""
        self._wait_until(lambda: len(self.told(name, *details)) >= times, (name, *details))

    def kill(self) -> None:
        """Kill the process as `kill -9` does."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Stop the process where it is."""
        self._process.send_signal(signal.SIGSTOP)
        os.waitpid(self._process.pid, os.WUNTRACED)
        self.is_stopped = True

    def go_on(self) -> None:
        """Let a process that was stopped go on."""
        self._process.send_signal(signal.SIGCONT)
        self.is_stopped = False

    def reset(self) -> None:
        """Forget what has happened, and make it ready for another test."""
        self.ask("reset")
        with self._changed:
            self._happenings.clear()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        start_reaper().forget(self._process)
        with self._process:  # closes the pipes
            self._listener.join(PATIENCE)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                told = json.loads(line)
            except ValueError:  # killed while it wrote
                break
            if "event" in told:
                name, *details = told["event"]
                with self._changed:
                    self._happenings.append(Happening(name, tuple(details), told["at"]))
                    self._changed.notify_all()
            elif "error" in told:
                order = self._orders.pop(told["number"])
                order.future.set_exception(RuntimeError(f"{self!r}: {told['error']}"))
            else:
                self._orders.pop(told["number"]).future.set_result(told["result"])
        for order in list(self._orders.values()):
            order.future.set_exception(RuntimeError(f"{self!r} has died"))

    def _wait_until(self, condition: Callable[[], bool], what: object) -> None:
        deadline = monotonic() + PATIENCE
        with self._changed:
            while not condition():
                left = deadline - monotonic()
                assert left > 0, f"{self!r} never told {what}, but {self._happenings}"
                self._changed.wait(left)


def _begins(it: Happening, name: str, details: tuple[Any, ...]) -> bool:
    return it.name == name and it.details[: len(details)] == details

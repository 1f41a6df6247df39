"""Run a function in a forked child of this very process, and hand over what it returns."""

from __future__ import annotations

from multiprocessing import get_context
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds after which a child counts as hanging."""

forks = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
"""Marks tests that fork while threads are up, which is what they are about."""


def in_fork(function: Callable[[], T]) -> T:
    """Return what the function returns in the child, which must be something to be pickled.

    Raises:
        AssertionError: with the error of the child, or if it hangs.
    """
    context = get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_run, args=(function, sender))
    child.start()
    sender.close()
    try:
        assert receiver.poll(PATIENCE), "the child hangs"
        error, value = receiver.recv()
        child.join(PATIENCE)
    finally:
        child.kill()
        child.join()
        receiver.close()
    assert error is None, error
    result: T = value
    return result


def _run(function: Callable[[], object], sender: Connection) -> None:
    try:
        outcome = (None, function())
    except BaseException as error:
        outcome = (repr(error), None)
    sender.send(outcome)

"""One object for each thread: when it is made and closed, in threads and over forks."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import pytest

from cachetory._runtime.process import PerThread
from tests.runtime.forking import forks, in_fork
from tests.shell.sync_crew import Crew, Signal

if TYPE_CHECKING:
    from collections.abc import Iterator


class Source:
    """Makes numbers, and remembers which were closed."""

    def __init__(self) -> None:
        self.made = 0
        self.closed: list[int] = []
        self.per_thread = PerThread(self.make, self.closed.append)

    def make(self) -> int:
        self.made += 1
        return self.made

    def get(self) -> int:
        return self.per_thread.use(lambda number: number)


@pytest.fixture
def source() -> Iterator[Source]:
    source = Source()
    yield source
    source.per_thread.close()


def test_thread_has_one_object_of_its_own(source: Source) -> None:
    with Crew() as crew:
        theirs = crew.start(lambda: (source.get(), source.get())).result()

    ours = source.get(), source.get()

    assert (theirs, ours) == ((1, 1), (2, 2))


def test_object_is_closed_as_soon_as_its_thread_ends(source: Source) -> None:
    gc.disable()
    try:
        with Crew() as crew:
            crew.start(source.get).result()
        assert source.closed == [1]
    finally:
        gc.enable()


def test_object_that_was_closed_is_made_anew(source: Source) -> None:
    source.get()
    source.per_thread.close()

    assert source.closed == [1]
    assert source.get() == 2


def test_object_in_use_is_closed_after_that(source: Source) -> None:
    in_use, go_on = Signal(), Signal()

    def use(number: int) -> int:
        in_use.set()
        go_on.wait()
        assert source.closed == []
        return number

    with Crew() as crew:
        user = crew.start(source.per_thread.use, use)
        in_use.wait()
        source.per_thread.close()
        go_on.set()

        assert user.result() == 1
        assert source.closed == [1]


def test_object_that_cannot_be_made_is_tried_again() -> None:
    attempts: list[int] = []

    def make() -> int:
        attempts.append(1)
        if len(attempts) == 1:
            raise ZeroDivisionError
        return len(attempts)

    per_thread = PerThread(make, lambda _: None)
    with pytest.raises(ZeroDivisionError):
        per_thread.use(lambda number: number)

    assert per_thread.use(lambda number: number) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@forks
def test_object_is_closed_before_a_fork_on_both_sides(source: Source) -> None:
    source.get()

    assert in_fork(lambda: (source.closed, source.get())) == ([1], 2)

    assert source.closed == [1]
    assert source.get() == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@forks
def test_fork_waits_for_an_object_in_use(source: Source) -> None:
    in_use, go_on = Signal(), Signal()
    order: list[str] = []

    def use(_number: int) -> None:
        in_use.set()
        go_on.wait()
        order.append("used")

    def fork() -> list[int]:
        closed = in_fork(lambda: source.closed)
        order.append("forked")
        return closed

    with Crew() as crew:
        user = crew.start(source.per_thread.use, use)
        in_use.wait()
        forking = crew.start(fork)
        go_on.set()
        user.result()

        assert forking.result() == [1]
    assert order == ["used", "forked"]

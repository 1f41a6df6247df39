"""The ground under the synchronous colour: one object for all threads, slots, and executors."""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from threading import current_thread, get_ident
from typing import TYPE_CHECKING, Any

import pytest

from cachetory._runtime.sync import (
    Flight,
    PerLoop,
    Slots,
    check_colour,
    offload,
    offload_all,
    resolve,
)
from cachetory.errors import UncacheableFunctionError
from tests.runtime.forking import forks, in_fork
from tests.shell.sync_crew import Crew, Meeting, Signal, until_within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


def test_value_is_resolved_to_itself() -> None:
    value = object()

    assert resolve(value) is value


def test_object_is_made_once_for_all_threads() -> None:
    made: list[object] = []
    meeting = Meeting(8)

    def make() -> object:
        made.append(object())
        return made[-1]

    of_all = PerLoop(make, made.remove)

    def get() -> object:
        meeting.join()
        return of_all.get()

    with Crew() as crew:
        callers = [crew.start(get) for _ in range(8)]
        assert {caller.result() for caller in callers} == {of_all.get()}
    assert made == [of_all.get()]


def test_object_that_was_closed_is_made_anew() -> None:
    closed: list[object] = []
    of_all = PerLoop(object, closed.append)
    of_all.close()
    assert closed == []
    first = of_all.get()

    of_all.close()
    of_all.close()

    assert closed == [first]
    assert of_all.get() is not first


def test_single_value_is_worked_on_here() -> None:
    with ThreadPoolExecutor() as executor:
        assert offload(executor, lambda value: (value, get_ident()), 1) == (1, get_ident())


def test_many_values_are_worked_on_in_the_executor_in_order() -> None:
    with ThreadPoolExecutor(thread_name_prefix="pool") as executor:
        outcome = offload_all(executor, lambda value: (value, current_thread().name), range(100))

    assert [value for value, _ in outcome] == list(range(100))
    assert all(name.startswith("pool") for _, name in outcome)


def test_many_values_are_worked_on_here_without_an_executor() -> None:
    assert offload_all(None, lambda value: (value, get_ident()), [1, 2]) == [
        (1, get_ident()),
        (2, get_ident()),
    ]


def test_slots_let_so_many_in_at_a_time() -> None:
    slots = Slots(2)
    inside, let_go = [Signal() for _ in range(3)], Signal()

    def enter(number: int) -> None:
        with slots:
            inside[number].set()
            let_go.wait()

    with Crew() as crew:
        crew.start(enter, 0)
        crew.start(enter, 1)
        inside[0].wait()
        inside[1].wait()
        third = crew.start(enter, 2)
        until_within(Slots.__enter__, third)
        assert not third.over
        let_go.set()
        inside[2].wait()


def test_slots_are_free_again_after_an_error() -> None:
    slots = Slots(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), slots:
            raise ZeroDivisionError

    with slots:
        pass


@forks
def test_slots_are_all_free_in_a_child() -> None:
    slots = Slots(1)

    def enter() -> bool:
        with slots:
            return True

    with slots:
        assert in_fork(enter)


def test_flight_gives_its_value_to_its_followers() -> None:
    left: list[Flight[int]] = []
    flight: Flight[int] = Flight(("key",), left.append)

    def load() -> int:
        with flight:
            return flight.land(1)

    assert flight.leading(load)() == 1
    assert set(left) == {flight}
    assert flight.follow() == 1
    flight.landed()


def test_flight_knows_the_loads_that_it_is_a_part_of() -> None:
    left: list[Flight[Any]] = []
    outer: Flight[Any] = Flight(("key",), left.append)
    inner: Flight[Any] = Flight(("key",), left.append)

    def look() -> object:
        with inner:
            return inner.land(Flight.under_way())

    def nest() -> object:
        with outer:
            return outer.land(inner.leading(look)())

    assert outer.leading(nest)() == (outer, inner)
    assert set(left) == {inner, outer}
    assert Flight.under_way() == ()


# Which functions can be cached


async def coroutine_function() -> None: ...


async def asynchronous_generator() -> AsyncIterator[int]:
    yield 1


def generator() -> Iterator[int]:
    yield 1


class AsyncCallable:
    async def __call__(self) -> None: ...


class GeneratorCallable:
    def __call__(self) -> Iterator[int]:
        yield 1


@pytest.mark.parametrize(
    ("function", "remedy"),
    [
        (coroutine_function, r"`cached` from `cachetory\.decorators\.async_`"),
        (functools.partial(coroutine_function), r"`cachetory\.decorators\.async_`"),
        (AsyncCallable(), r"`cachetory\.decorators\.async_`"),
        (AsyncCallable().__call__, r"`cachetory\.decorators\.async_`"),
        (generator, r"generator.* a list"),
        (functools.partial(generator), r"generator.* a list"),
        (GeneratorCallable().__call__, r"generator.* a list"),
        (asynchronous_generator, r"generator.* a list"),
    ],
)
def test_function_of_another_kind_is_refused_with_the_remedy(function: Any, remedy: str) -> None:
    with pytest.raises(UncacheableFunctionError, match=remedy):
        check_colour(function)


@pytest.mark.parametrize(
    "function", [len, dict, lambda: 1, functools.partial(pow, 2), Signal, Meeting(1).join]
)
def test_plain_function_is_taken(function: Any) -> None:
    check_colour(function)

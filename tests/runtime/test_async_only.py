"""The ground under the asynchronous colour: an object for each loop, slots, and executors."""

from __future__ import annotations

import asyncio
import functools
import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from threading import current_thread
from typing import TYPE_CHECKING, Any
from weakref import ref

import pytest

from cachetory._runtime.async_ import (
    Flight,
    ItemAccess,
    OneColour,
    PerLoop,
    Slots,
    check_colour,
    offload,
    offload_all,
    resolve,
)
from cachetory.errors import UncacheableFunctionError
from tests.shell.async_crew import Crew, Signal, until_within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator


class Promise:
    """Can be awaited, and is neither a coroutine nor a future."""

    def __await__(self) -> Generator[Any, None, int]:
        yield from asyncio.sleep(0).__await__()
        return 1


async def coroutine_function() -> int:
    return 1


async def test_value_is_awaited_if_it_can_be() -> None:
    future = asyncio.get_running_loop().create_future()
    future.set_result(1)
    value = object()

    assert [await resolve(it) for it in (coroutine_function(), future, Promise())] == [1, 1, 1]
    assert await resolve(value) is value
    assert await resolve(None) is None


async def do_not_close(made: object) -> None:
    """Has nothing to do."""


def test_object_belongs_to_one_loop() -> None:
    per_loop = PerLoop(object, do_not_close)

    async def get_twice() -> tuple[object, object]:
        return per_loop.get(), per_loop.get()

    first, second = asyncio.run(get_twice()), asyncio.run(get_twice())

    assert first[0] is first[1]
    assert second[0] is second[1]
    assert first[0] is not second[0]


def test_object_belongs_to_one_loop_among_threads() -> None:
    per_loop = PerLoop(object, do_not_close)
    meeting = threading.Barrier(4)

    async def get() -> object:
        meeting.wait(30)
        made = per_loop.get()
        meeting.wait(30)
        assert per_loop.get() is made
        return made

    with ThreadPoolExecutor(4) as threads:
        made = {
            future.result(30) for future in [threads.submit(asyncio.run, get()) for _ in "abcd"]
        }
    assert len(made) == 4


def test_object_goes_with_its_loop() -> None:
    class Made:
        """Holds its loop, as connections do."""

        def __init__(self) -> None:
            self.loop = asyncio.get_running_loop()

    per_loop = PerLoop(Made, do_not_close)

    async def get() -> ref[Made]:
        return ref(per_loop.get())

    made = [asyncio.run(get()) for _ in range(3)]
    gc.collect()

    assert [it() for it in made[:2]] == [None, None]


def test_object_is_closed_when_its_loop_shuts_down() -> None:
    closed: list[object] = []

    async def close(made: object) -> None:
        await asyncio.sleep(0)
        closed.append(made)

    async def get_twice() -> object:
        made = per_loop.get()
        assert per_loop.get() is made
        assert made not in closed
        return made

    per_loop = PerLoop(object, close)
    made = [asyncio.run(get_twice()) for _ in range(3)]

    assert closed == made


async def test_object_that_was_closed_is_made_anew() -> None:
    closed: list[object] = []

    async def close(made: object) -> None:
        closed.append(made)

    per_loop = PerLoop(object, close)
    await per_loop.aclose()
    assert closed == []
    first = per_loop.get()

    await per_loop.aclose()
    await per_loop.aclose()

    assert closed == [first]
    assert per_loop.get() is not first
    await per_loop.aclose()


def test_object_cannot_be_had_outside_a_loop() -> None:
    with pytest.raises(RuntimeError, match="requires asyncio"):
        PerLoop(object, do_not_close).get()


async def test_value_is_worked_on_in_the_executor() -> None:
    with ThreadPoolExecutor(thread_name_prefix="pool") as executor:
        value, name = await offload(executor, lambda it: (it, current_thread().name), 1)

    assert value == 1
    assert name.startswith("pool")


async def test_many_values_are_worked_on_in_order() -> None:
    with ThreadPoolExecutor(4) as executor:
        assert await offload_all(executor, str, range(100)) == [str(it) for it in range(100)]
        assert await offload_all(executor, str, []) == []


async def test_slots_let_so_many_in_at_a_time() -> None:
    slots = Slots(2)
    inside, let_go = [Signal() for _ in range(3)], Signal()

    async def enter(number: int) -> None:
        async with slots:
            inside[number].set()
            await let_go.wait()

    async with Crew() as crew:
        crew.start(enter, 0)
        crew.start(enter, 1)
        await inside[0].wait()
        await inside[1].wait()
        third = crew.start(enter, 2)
        await until_within(Slots.__aenter__, third)
        let_go.set()
        await inside[2].wait()


async def test_flight_gives_its_value_to_its_followers() -> None:
    left: list[Flight[int]] = []
    flight: Flight[int] = Flight(("key",), left.append)

    async def load() -> int:
        with flight:
            return flight.land(1)

    assert await flight.leading(load)() == 1
    assert set(left) == {flight}
    assert await flight.follow() == 1
    await flight.landed()


async def test_flight_knows_the_loads_that_it_is_a_part_of() -> None:
    left: list[Flight[Any]] = []
    outer: Flight[Any] = Flight(("key",), left.append)
    inner: Flight[Any] = Flight(("key",), left.append)

    async def look() -> object:
        with inner:
            return inner.land(Flight.under_way())

    async def nest() -> object:
        with outer:
            return outer.land(await inner.leading(look)())

    assert await outer.leading(nest)() == (outer, inner)
    assert set(left) == {inner, outer}
    assert Flight.under_way() == ()


# What the two colours do not share


async def test_object_of_this_colour_may_be_awaited() -> None:
    it = OneColour()

    assert await it is it
    assert await (await it) is it


def test_object_of_this_colour_refuses_a_plain_with() -> None:
    class Backend(OneColour):
        pass

    with pytest.raises(RuntimeError, match=r"Backend is asynchronous: use `async with`"), Backend():
        pass


@pytest.mark.parametrize("use", [lambda it: it["key"], lambda it: "key" in it, iter])
def test_item_access_is_a_type_error(use: Any) -> None:
    with pytest.raises(TypeError, match=r"await|iterated"):
        use(ItemAccess())


# Which functions can be cached


async def asynchronous_generator() -> AsyncIterator[int]:
    yield 1


def generator() -> Iterator[int]:
    yield 1


class AsyncGeneratorCallable:
    async def __call__(self) -> AsyncIterator[int]:
        yield 1


class AsyncCallable:
    async def __call__(self) -> None: ...


@pytest.mark.parametrize(
    "function",
    [
        generator,
        asynchronous_generator,
        functools.partial(asynchronous_generator),
        AsyncGeneratorCallable().__call__,
    ],
)
def test_generator_is_refused_with_the_remedy(function: Any) -> None:
    with pytest.raises(UncacheableFunctionError, match=r"generator.* a list"):
        check_colour(function)


@pytest.mark.parametrize(
    "function",
    [coroutine_function, len, lambda: 1, functools.partial(coroutine_function), AsyncCallable()],
)
def test_function_of_either_colour_is_taken(function: Any) -> None:
    check_colour(function)

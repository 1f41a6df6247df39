"""A decorated function against a model that knows nothing of keys, entries and short cuts."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cachetory.backends.async_ import MemoryBackend
from cachetory.caches.async_ import Cache
from cachetory.decorators.async_ import cached
from tests.clock import ManualClock

TIME_TO_LIVE = 10


class Number(int):
    """Equal to an `int`, and none."""


class Text(str):
    """Equal to a `str`, and none."""

    __slots__ = ()


ALIKE: list[Any] = [
    *(0, 1, 2, 3, -1, 2**70),
    *(False, True, 0.0, -0.0, 1.0, 2.0, float("nan")),
    *("", "0", "1", "2", "True", "None", "y=2", "'", "x" * 300),
    *(b"", b"1", None, Number(1), Number(2), Text("1"), Text("")),
    *((), (1,), (True,), (1, 2), ("1",)),
]


@dataclass(frozen=True)
class Call:
    """The arguments of a call, and which of them are passed by name or left to the default."""

    x: Any
    y: Any
    z: Any
    by_name: frozenset[str]
    in_full: bool

    @property
    def identity(self) -> tuple[tuple[str, str], ...]:
        return tuple((type(it).__name__, repr(it)) for it in (self.x, self.y, self.z))

    @property
    def arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        for name, value, default in (("x", self.x, None), ("y", self.y, 2), ("z", self.z, "z")):
            left_out = name != "x" and type(value) is type(default) and value == default
            if left_out and not self.in_full:
                continue
            if name == "z" or name in self.by_name or kwargs:
                kwargs[name] = value
            else:
                args.append(value)
        return tuple(args), kwargs


@dataclass
class Model:
    """What each call is to give, and until when."""

    clock: ManualClock
    results: dict[Any, tuple[Any, float]] = field(default_factory=dict)

    def find(self, call: Call) -> tuple[Any] | None:
        value, deadline = self.results.get(call.identity, (None, -inf))
        return (value,) if self.clock() < deadline else None

    def store(self, call: Call, value: Any, time_to_live: float) -> None:
        self.results[call.identity] = (value, self.clock() + time_to_live)

    def drop(self, call: Call) -> bool:
        there = self.find(call) is not None
        self.results.pop(call.identity, None)
        return there


values = st.sampled_from(ALIKE)
a_call = st.builds(
    Call,
    x=values,
    y=st.just(2) | values,
    z=st.just("z") | values,
    by_name=st.frozensets(st.sampled_from("xy")),
    in_full=st.booleans(),
)
steps = st.lists(
    st.tuples(st.sampled_from(["call", "call", "call", "purge", "overwrite"]), st.integers(0, 5))
    | st.tuples(st.just("advance"), st.sampled_from([1, 4, 5, 9, 10]))
    | st.tuples(st.just("clear"), st.just(0)),
    min_size=1,
    max_size=40,
)


class Trial:
    """A function and its model, which are put through the same steps."""

    def __init__(self, serializer: str, calls: list[Call]) -> None:
        self.calls = calls
        self.clock = ManualClock()
        self.model = Model(self.clock)
        self.cache = Cache[Any](
            backend=MemoryBackend(clock=self.clock), serializer=serializer, prefix="app:"
        )
        self.computed = 0

        @cached(self.cache, time_to_live=TIME_TO_LIVE, version=1)
        async def function(x: Any, y: Any = 2, *, z: Any = "z") -> int:
            self.computed += 1
            return self.computed

        self.function = function

    async def call(self, number: int) -> None:
        call = self.calls[number % len(self.calls)]
        args, kwargs = call.arguments
        known = self.model.find(call)
        expected = self.computed + 1 if known is None else known[0]
        if known is None:
            self.model.store(call, expected, TIME_TO_LIVE)

        assert await self.function(*args, **kwargs) == expected

    async def purge(self, number: int) -> None:
        call = self.calls[number % len(self.calls)]
        args, kwargs = call.arguments

        assert await self.function.purge(*args, **kwargs) is self.model.drop(call)

    async def overwrite(self, number: int) -> None:
        call = self.calls[number % len(self.calls)]
        args, kwargs = call.arguments
        await self.cache.set(self.function._calls.make_key(*args, **kwargs), "from outside", 5)
        self.model.store(call, "from outside", 5)

    async def advance(self, seconds: int) -> None:
        self.clock.advance(seconds)

    async def clear(self, _nothing: int) -> None:
        await self.cache.clear()
        self.model.results.clear()


@pytest.mark.parametrize("serializer", ["noop://", "pickle://"])
@settings(max_examples=60, deadline=None)
@given(calls=st.lists(a_call, min_size=1, max_size=6), steps=steps)
async def test_function_gives_what_the_model_gives(
    serializer: str, calls: list[Call], steps: list[tuple[str, int]]
) -> None:
    trial = Trial(serializer, calls)
    for step, subject in steps:
        await getattr(trial, step)(subject)


@given(one=a_call, other=a_call)
@settings(max_examples=100, deadline=None)
async def test_calls_share_a_result_if_and_only_if_their_arguments_are_the_same(
    one: Call, other: Call
) -> None:
    numbers = count(1)
    cache = Cache[Any](backend=MemoryBackend(), serializer="noop://")

    @cached(cache, version=1)
    async def function(x: Any, y: Any = 2, *, z: Any = "z") -> int:
        return next(numbers)

    results = []
    for call in (one, other, one, other):
        args, kwargs = call.arguments
        results.append(await function(*args, **kwargs))

    assert results == ([1, 1, 1, 1] if one.identity == other.identity else [1, 2, 1, 2])

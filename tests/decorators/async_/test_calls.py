"""Calls of a decorated function: what is cached, for how long, under which key, and what is not."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from cachetory._runtime.async_ import Flight
from cachetory.backends.async_ import MemoryBackend
from cachetory.caches.async_ import Cache
from cachetory.decorators.async_ import cached
from cachetory.decorators.shared import make_default_hashed_key, make_default_key
from cachetory.errors import (
    ConfigurationError,
    InvalidDurationError,
    UncacheableFunctionError,
    UnkeyableArgumentError,
)
from tests.decorators.async_.functions import (
    compute,
    compute_any,
    compute_at_once,
    fail,
    give_an_object,
    give_none,
)
from tests.ports import free_port
from tests.shell.async_.loads import HeldLoad
from tests.shell.async_crew import Crew, until_within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.clock import ManualClock


class Number(int):
    """Equal to an `int`, and none."""


class Text(str):
    """Equal to a `str`, and none."""

    __slots__ = ()


class Level(IntEnum):
    ONE = 1


class Letter(str, Enum):
    ONE = "1"


LOOKALIKES: list[Any] = [
    1,
    True,
    1.0,
    "1",
    b"1",
    None,
    "None",
    "True",
    Number(1),
    Text("1"),
    Level.ONE,
    Letter.ONE,
    Decimal(1),
    Fraction(1),
    1 + 0j,
    (1,),
    (True,),
    [1],
    {1},
    frozenset({1}),
    {1: 1},
    0,
    False,
    0.0,
    -0.0,
    "",
    b"",
    (),
    [],
]
"""No two of them are one key, though many are equal."""


async def eventually(value: Any) -> Any:
    """Give the value when awaited."""
    return value


def at_once(value: Any) -> Any:
    """Give the value."""
    return value


FORMS = pytest.mark.parametrize("form", [eventually, at_once])
"""Whatever is called back may be of either kind."""


async def test_call_is_computed_once(cache: Cache[Any], calls: list[Any]) -> None:
    function = cached(cache)(compute)

    assert [await function(1), await function(1), await function(1)] == [1, 1, 1]
    assert calls == [(1, 2, 3)]


async def test_call_is_one_however_its_arguments_are_passed(cache: Cache[Any]) -> None:
    function = cached(cache)(compute)

    results = [
        await function(1),
        await function(x=1),
        await function(1, 2),
        await function(1, y=2),
        await function(y=2, x=1),
        await function(1, z=3),
        await function(z=3, y=2, x=1),
    ]

    assert results == [1] * 7


async def test_calls_with_other_arguments_differ(cache: Cache[Any]) -> None:
    function = cached(cache)(compute)

    results = [await function(*it) for it in ((1,), (2,), (1, 1), (2, 1))]
    results += [await function(1, z=1), await function(1, 1, z=1)]

    assert results == [1, 2, 3, 4, 5, 6]


async def test_calls_with_equal_arguments_of_other_types_differ(cache: Cache[Any]) -> None:
    function = cached(cache)(compute)
    expected = list(range(1, len(LOOKALIKES) + 1))

    assert [await function(it) for it in LOOKALIKES] == expected
    assert [await function(it) for it in LOOKALIKES] == expected
    assert [await function(x=it) for it in reversed(LOOKALIKES)] == expected[::-1]


async def test_calls_that_spell_each_others_keys_differ(cache: Cache[Any]) -> None:
    function = cached(cache)(compute_any)

    results = [
        await function("a:", "b"),
        await function("a", ":b"),
        await function("a:b"),
        await function("a", b=1),
        await function("a", "b=1"),
        await function("a,b"),
        await function("a", "b"),
        await function(("a", "b")),
        await function("')"),
        await function(a=1, b=2),
    ]

    assert results == list(range(1, 11))
    assert await function(b=2, a=1) == 10


async def test_functions_do_not_share_results(cache: Cache[Any]) -> None:
    assert await cached(cache)(compute)(1) == 1
    assert await cached(cache)(compute_any)(1) == 2
    assert await cached(cache)(compute_at_once)(1) == 3


async def test_closures_of_one_factory_do_not_share_results(cache: Cache[Any]) -> None:
    def multiply_by(factor: int) -> Callable[[int], Any]:
        @cached(cache)
        async def multiply(x: int) -> int:
            return factor * x

        return multiply

    double, triple = multiply_by(2), multiply_by(3)

    assert [await double(5), await triple(5), await double(5)] == [10, 15, 10]


async def test_closure_over_what_has_no_identity_is_refused_with_the_remedy(
    cache: Cache[Any],
) -> None:
    thing = object()

    async def look() -> object:
        return thing

    with pytest.raises(UncacheableFunctionError, match=r"`thing`.*version="):
        cached(cache)(look)
    assert await cached(cache, version=1)(look)() is not None


async def test_none_is_cached(cache: Cache[Any], calls: list[Any]) -> None:
    function = cached(cache)(give_none)

    assert [await function(1), await function(1)] == [None, None]
    assert calls == [1]


async def test_error_is_not_cached(cache: Cache[Any]) -> None:
    function = cached(cache)(fail)

    with pytest.raises(ZeroDivisionError):
        await function(1)
    assert [await function(1), await function(1)] == [2, 2]


async def test_plain_function_is_cached(cache: Cache[Any]) -> None:
    function = cached(cache)(compute_at_once)

    assert [await function(1), await function(1), await function(2)] == [1, 1, 2]  # type: ignore[misc]


async def test_result_that_cannot_be_serialized_is_returned(calls: list[Any]) -> None:
    cache = Cache[Any](backend=MemoryBackend(), serializer="json://")
    function = cached(cache)(give_an_object)

    assert await function(1) is not await function(1)
    assert cache.stats().not_stored == 2


async def test_store_that_is_down_leaves_the_calls_to_the_function(calls: list[Any]) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    function = cached(Cache[Any](backend=url, serializer="pickle://"))(compute)

    assert [await function(1), await function(1)] == [1, 2]


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((), {}), ((1, 2, 3), {}), ((1,), {"x": 1}), ((1,), {"w": 1}), ((), {"y": 1})],
)
async def test_call_that_does_not_fit_is_a_type_error(
    cache: Cache[Any], calls: list[Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    function = cached(cache)(compute)

    with pytest.raises(TypeError):
        await function(*args, **kwargs)
    with pytest.raises(TypeError):
        await function.purge(*args, **kwargs)
    assert calls == []


async def test_argument_without_identity_is_refused_with_the_ways_out(
    cache: Cache[Any], calls: list[Any]
) -> None:
    function = cached(cache)(compute)

    with pytest.raises(UnkeyableArgumentError, match=r"`y`.*ignore=\('y',\).*key="):
        await function(1, object())
    assert calls == []


async def test_function_may_name_its_parameters_as_it_likes(cache: Cache[Any]) -> None:
    async def awkward(cached: int, function: int, args: int, kwargs: int, key: int) -> int:
        return cached + function + args + kwargs + key

    async def secretive(_x: int, __y: int) -> int:
        return _x + __y

    function = cached(cache)(awkward)
    arguments = {"cached": 1, "function": 2, "args": 3, "kwargs": 4, "key": 5}
    assert [await function(**arguments), await function(1, 2, 3, 4, 5)] == [15, 15]
    assert await function.purge(**arguments)
    assert await cached(cache)(secretive)(1, 2) == 3


async def test_function_may_take_self_by_name(cache: Cache[Any]) -> None:
    async def method(self: int, arguments: int) -> int:
        return self + arguments

    function = cached(cache)(method)
    assert await function(self=1, arguments=2) == 3
    assert await function.purge(self=1, arguments=2)
    assert await cached(None)(method)(self=1, arguments=2) == 3


async def test_positional_only_and_keyword_only_parameters_stay_such(cache: Cache[Any]) -> None:
    async def compute_strictly(x: int, /, y: int = 2, *, z: int) -> tuple[int, int, int]:
        return x, y, z

    function: Any = cached(cache)(compute_strictly)

    assert await function(1, z=3) == (1, 2, 3)
    assert await function(1, 2, z=3) == (1, 2, 3)
    with pytest.raises(TypeError):
        await function(x=1, z=3)
    with pytest.raises(TypeError):
        await function(1, 2, 3)


# Life of a result


@pytest.mark.parametrize("time_to_live", [5, 5.0, timedelta(seconds=5)])
async def test_result_is_computed_again_when_it_has_expired(
    cache: Cache[Any], clock: ManualClock, time_to_live: float | timedelta
) -> None:
    function = cached(cache, time_to_live=time_to_live)(compute)

    assert await function(1) == 1
    clock.advance(4.5)
    assert await function(1) == 1
    clock.advance(0.5)
    assert await function(1) == 2
    assert await function(1) == 2


def test_time_to_live_that_is_none_is_refused_when_decorating(cache: Cache[Any]) -> None:
    for time_to_live in (float("nan"), True, "5"):
        with pytest.raises(InvalidDurationError):
            cached(cache, time_to_live=time_to_live)(compute)  # type: ignore[arg-type]


@FORMS
async def test_time_to_live_may_be_asked_for_by_key(
    cache: Cache[Any], clock: ManualClock, form: Callable[[Any], Any]
) -> None:
    def time_to_live(*, key: str) -> Any:
        return form(5 if "x=1," in key else None)

    function = cached(cache, time_to_live=time_to_live)(compute)
    assert [await function(1), await function(2)] == [1, 2]
    clock.advance(5)

    assert [await function(1), await function(2)] == [3, 2]


@FORMS
async def test_excluded_result_is_not_kept(cache: Cache[Any], form: Callable[[Any], Any]) -> None:
    asked: list[tuple[str, int]] = []

    def exclude(key: str, value: int) -> Any:
        asked.append((key, value))
        return form(value == 1)

    function = cached(cache, exclude=exclude)(compute)

    assert [await function(1) for _ in range(4)] == [1, 2, 2, 2]
    assert [value for _, value in asked] == [1, 2]
    assert all("compute" in key for key, _ in asked)


@pytest.mark.parametrize(("if_not_exists", "kept"), [(True, "theirs"), (False, "theirs")])
async def test_result_that_another_process_has_stored_meanwhile(
    local_cache: Cache[Any], backend: MemoryBackend[Any], *, if_not_exists: bool, kept: object
) -> None:
    async def store_theirs(x: int) -> int:
        await backend.set("app:key", "theirs")
        return x

    function = cached(local_cache, make_key=lambda wrapped, x: "key", if_not_exists=if_not_exists)(
        store_theirs
    )

    assert await function(1) == 1
    assert await function(1) == kept


async def test_purge_makes_the_next_call_compute_again(cache: Cache[Any]) -> None:
    function = cached(cache)(compute)
    assert [await function(1), await function(2)] == [1, 2]

    assert await function.purge(1) is True
    assert await function.purge(1) is False
    assert [await function(1), await function(2)] == [3, 2]


async def test_purge_takes_the_arguments_in_any_form(cache: Cache[Any]) -> None:
    function = cached(cache)(compute)

    for purged in (
        await function(1) and await function.purge(x=1),
        await function(1) and await function.purge(1, 2),
        await function(x=1, y=2, z=3) and await function.purge(1),
    ):
        assert purged is True


async def test_purge_calls_nothing(cache: Cache[Any], calls: list[Any]) -> None:
    assert await cached(cache)(compute).purge(1) is False
    assert calls == []


# Calls that overlap


async def test_calls_that_overlap_are_one(cache: Cache[Any]) -> None:
    load = HeldLoad()

    async def call(x: int) -> int:
        return await load()

    function = cached(cache, version=1)(call)
    async with Crew() as crew:
        leader = crew.start(function, 1)
        await load.started.wait()
        followers = [crew.start(function, 1) for _ in range(99)]
        await until_within(Flight.follow, *followers)
        load.let_go.set()

        assert {await caller.result() for caller in (leader, *followers)} == {1}
    assert load.calls == 1


async def test_purge_keeps_a_call_under_way_from_storing_its_result(cache: Cache[Any]) -> None:
    load = HeldLoad()

    async def call(x: int) -> int:
        return await load()

    function = cached(cache, version=1)(call)
    async with Crew() as crew:
        early = crew.start(function, 1)
        await load.started.wait()
        assert await function.purge(1) is False

        assert await function(1) == 2
        load.let_go.set()
        assert await early.result() == 1
    assert await function(1) == 2


async def test_recursive_function_is_cached_at_each_depth(cache: Cache[Any]) -> None:
    depths: list[int] = []

    @cached(cache, version=1)
    async def factorial(n: int) -> int:
        depths.append(n)
        return n * await factorial(n - 1) if n else 1

    assert await factorial(5) == 120
    assert await factorial(6) == 720
    assert depths == [5, 4, 3, 2, 1, 0, 6]


async def test_function_that_calls_itself_with_the_same_arguments_computes_through(
    cache: Cache[Any],
) -> None:
    depths: list[int] = []

    @cached(cache, version=1)
    async def stubborn(x: int) -> int:
        depths.append(x)
        return await stubborn(x) if len(depths) < 3 else x

    assert await stubborn(7) == 7
    assert depths == [7, 7, 7]
    assert await stubborn(7) == 7
    assert depths == [7, 7, 7]


# Which cache


async def test_no_cache_calls_through(calls: list[Any]) -> None:
    function = cached(None)(compute)

    assert [await function(1), await function(1)] == [1, 2]
    assert await function.purge(1) is False
    assert len(calls) == 2


@FORMS
async def test_cache_may_be_chosen_for_each_call(
    cache: Cache[Any], form: Callable[[Any], Any]
) -> None:
    asked: list[tuple[Any, ...]] = []

    def choose(wrapped: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append((wrapped, args, kwargs))
        return form(cache if args[0] > 0 else None)

    function = cached(choose)(compute)

    assert [await function(1), await function(1, z=4), await function(1)] == [1, 2, 1]
    assert [await function(0), await function(0)] == [3, 4]
    assert [await function.purge(1), await function.purge(1), await function.purge(0)] == [
        True,
        False,
        False,
    ]
    assert asked[:2] == [(compute, (1,), {}), (compute, (1,), {"z": 4})]


async def test_cache_that_is_called_for_may_be_none(cache: Cache[Any]) -> None:
    function = cached(lambda wrapped, *args, **kwargs: None)(compute)

    assert [await function(1), await function(1)] == [1, 2]
    assert await function.purge(1) is False


# Which key


async def test_key_names_the_function_and_its_arguments(
    cache: Cache[Any], backend: MemoryBackend[Any]
) -> None:
    await cached(cache)(compute)(1, "a b")

    (key,) = backend.local_store.keys()
    assert key == f"app:{compute.__module__}:compute(x=1,y='a\\x20b',z=3)"


async def test_ignored_parameters_take_no_part(cache: Cache[Any]) -> None:
    function = cached(cache, ignore=("y", "z"))(compute)

    assert [await function(1, object()), await function(1, z=object()), await function(1)] == [
        1
    ] * 3
    assert await function(2) == 2
    assert await function.purge(1, "anything")
    assert await function(1, 5) == 3


async def test_function_may_ignore_all_its_parameters(cache: Cache[Any]) -> None:
    function = cached(cache, ignore=("x", "y", "z"))(compute)

    assert [await function(object()), await function(2), await function(x=[])] == [1, 1, 1]
    assert await function.purge(3)
    assert await function(1) == 2


async def test_version_abandons_earlier_results(cache: Cache[Any]) -> None:
    assert await cached(cache)(compute)(1) == 1
    assert await cached(cache, version=1)(compute)(1) == 2
    assert await cached(cache, version="1")(compute)(1) == 3
    assert await cached(cache, version=1)(compute)(1) == 2
    assert await cached(cache)(compute)(1) == 1


@FORMS
async def test_key_takes_the_place_of_the_arguments(
    cache: Cache[Any], form: Callable[[Any], Any]
) -> None:
    def key(x: Any, y: Any = 2, *, z: Any = 3) -> Any:
        return form((x, y))

    function = cached(cache, key=key)(compute)

    assert [await function(1, z=object()), await function(1), await function(1, 3)] == [1, 1, 2]
    assert await function.purge(1, 2)
    assert await function(1) == 3


async def test_key_never_meets_that_of_other_functions_or_of_arguments(cache: Cache[Any]) -> None:
    by_key = cached(cache, key=lambda x: x)(compute)
    by_other_key = cached(cache, key=lambda x: x)(compute_any)
    by_arguments = cached(cache)(compute)

    assert [await by_key(1), await by_other_key(1), await by_arguments(1)] == [1, 2, 3]
    assert [await by_key("1"), await by_key(True), await by_key(1)] == [4, 5, 1]


async def test_key_without_identity_is_refused(cache: Cache[Any], calls: list[Any]) -> None:
    function = cached(cache, key=lambda x: object())(compute)

    with pytest.raises(UnkeyableArgumentError, match="`key=`"):
        await function(1)
    assert calls == []


@FORMS
async def test_make_key_makes_the_whole_key(
    cache: Cache[Any], backend: MemoryBackend[Any], form: Callable[[Any], Any]
) -> None:
    asked: list[tuple[Any, ...]] = []

    def make_key(wrapped: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append((wrapped, args, kwargs))
        return form(f"number {args[0]}")

    function = cached(cache, make_key=make_key)(compute)

    assert [await function(1), await function(1, z=4), await function(2)] == [1, 1, 2]
    assert asked[:2] == [(compute, (1,), {}), (compute, (1,), {"z": 4})]
    assert sorted(backend.local_store.keys()) == ["app:number 1", "app:number 2"]
    assert await function.purge(1)


async def test_make_key_of_release_3_5_1_keeps_its_keys(
    cache: Cache[Any], backend: MemoryBackend[Any]
) -> None:
    await cached(cache, make_key=make_default_key)(compute)("a:b", z=4)
    await cached(cache, make_key=make_default_hashed_key)(compute)("a:b", z=4)

    plain = f"app:{compute.__module__}:compute:a::b:z=4"
    plain_key, hashed_key = sorted(backend.local_store.keys(), key=len, reverse=len(plain) > 68)
    assert plain_key == plain
    assert len(hashed_key) == len("app:") + 64


@pytest.mark.parametrize(
    "options", [{"key": str}, {"ignore": ("x",)}, {"version": 1}, {"version": 0}], ids=str
)
def test_options_that_contradict_each_other_are_refused(
    cache: Cache[Any], options: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError, match="`make_key` makes the whole key"):
        cached(cache, make_key=make_default_key, **options)


def test_ignored_parameter_that_is_not_there_is_refused(cache: Cache[Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"`w`.*`x`, `y`, `z`"):
        cached(cache, ignore=("w",))(compute)
    with pytest.raises(ConfigurationError, match=r"ignore=\('self',\)"):
        cached(cache, ignore="self")(compute)


# What is decorated


async def generate() -> AsyncIterator[int]:
    yield 1


def test_generator_is_refused_when_decorating(cache: Cache[Any]) -> None:
    with pytest.raises(UncacheableFunctionError, match=r"generator.* a list"):
        cached(cache)(generate)  # type: ignore[arg-type]
    with pytest.raises(UncacheableFunctionError):
        cached(cache, version=1)(partial(generate))  # type: ignore[arg-type]


class Generating:
    async def __call__(self) -> AsyncIterator[int]:
        yield 1


def test_object_that_generates_is_refused_when_decorating(cache: Cache[Any]) -> None:
    for function in (Generating(), partial(Generating())):
        with pytest.raises(UncacheableFunctionError, match=r"generator.* a list"):
            cached(cache, ignore=("self",))(function)  # type: ignore[arg-type]


def test_what_cannot_be_called_is_refused_when_decorating(cache: Cache[Any]) -> None:
    with pytest.raises(UncacheableFunctionError, match="an int object cannot be called"):
        cached(cache)(5)  # type: ignore[call-overload]


async def test_partial_function_is_the_function_inside(cache: Cache[Any]) -> None:
    function: Any = cached(cache)(partial(compute, 1, z=4))

    assert [await function(), await function(2), await function(y=2)] == [1, 1, 1]
    assert await function(3) == 2
    assert await cached(cache)(compute)(1, 2, z=4) == 1
    assert await function.purge()
    assert await function() == 3


async def test_partial_of_a_cached_function_hits_its_entries(cache: Cache[Any]) -> None:
    function = cached(cache)(compute)

    assert await function(1, 5) == 1
    assert await partial(function, 1)(5) == 1
    assert await partial(function, y=5)(1) == 1


async def test_cached_function_may_be_cached_again() -> None:
    near = Cache[Any](backend="memory://", serializer="noop://")
    far = Cache[Any](backend="memory://", serializer="pickle://")
    function = cached(near)(cached(far)(compute))

    assert [await function(1), await function(1)] == [1, 1]
    assert (near.stats().loads, far.stats().loads) == (1, 1)
    assert await function.purge(1)
    assert await function(1) == 1


async def test_cached_functions_that_are_cached_again_do_not_share_results() -> None:
    near = Cache[Any](backend="memory://", serializer="noop://")
    far = Cache[Any](backend="memory://", serializer="noop://")
    functions: list[Any] = [
        cached(near)(cached(far)(compute)),
        cached(near)(cached(far, version=1)(compute_at_once)),
        cached(near)(partial(cached(far)(give_none))),
    ]

    assert [await function(1) for function in functions] == [1, 2, None]
    assert [await function(1) for function in functions] == [1, 2, None]


async def test_purge_of_a_function_cached_twice_purges_the_outer_results() -> None:
    near = Cache[int](backend="memory://", serializer="noop://")
    far = Cache[int](backend="memory://", serializer="pickle://")

    @cached(near)
    @cached(far)
    async def double(number: int) -> int:
        return number * 2

    await double(1)

    assert await double.purge(1)
    assert (near.stats().entries, far.stats().entries) == (0, 1)
    assert await double.__wrapped__.purge(1)
    assert far.stats().entries == 0

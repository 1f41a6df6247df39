"""What the synchronous decorator refuses: functions of the other colour, with the way out."""

from __future__ import annotations

import sys
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.backends.sync import MemoryBackend
from cachetory.caches.async_ import Cache as AsyncCache
from cachetory.caches.sync import Cache
from cachetory.decorators.sync import cached
from cachetory.errors import ConfigurationError, UncacheableFunctionError
from tests.shell.sync_crew import Crew

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture
def switch_often() -> Iterator[None]:
    """Let threads take turns every few bytecodes."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


cache = Cache[Any](backend=MemoryBackend(), serializer="noop://")


async def fetch(x: int) -> int:
    return x


async def stream() -> AsyncIterator[int]:
    yield 1


def generate() -> Iterator[int]:
    yield 1


class Fetcher:
    async def __call__(self, x: int) -> int:
        return x

    async def fetch(self, x: int) -> int:
        return x

    @classmethod
    async def of_class(cls, x: int) -> int:
        return x


@pytest.mark.parametrize(
    "function",
    [
        fetch,
        partial(fetch, 1),
        Fetcher(),
        partial(Fetcher()),
        Fetcher().fetch,
        Fetcher.of_class,
        Fetcher.__dict__["of_class"],
        staticmethod(fetch),
    ],
)
def test_coroutine_function_is_refused_with_the_way_out(function: Any) -> None:
    with pytest.raises(
        UncacheableFunctionError, match=r"`cached` from `cachetory\.decorators\.async_`"
    ):
        cached(cache)(function)


@pytest.mark.parametrize("function", [stream, generate, partial(generate), staticmethod(generate)])
def test_generator_is_refused_with_the_way_out(function: Any) -> None:
    with pytest.raises(UncacheableFunctionError, match=r"generator.* a list"):
        cached(cache)(function)


def test_cache_of_the_other_colour_is_refused_with_the_way_out() -> None:
    other = AsyncCache[Any](backend="memory://", serializer="noop://")

    with pytest.raises(ConfigurationError, match=r"cachetory\.caches\.sync"):
        cached(other)(len)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError):
        cached("memory://")(len)  # type: ignore[arg-type]


def test_builtin_functions_and_classes_are_cached() -> None:
    assert cached(cache)(len)([1, 2]) == 2
    assert cached(cache)(pow)(2, 3) == 8
    assert cached(cache)(complex)(1, 2) == 1 + 2j
    assert cached(cache)("a,b".split)(",") == ["a", "b"]


def test_results_are_the_very_objects_where_values_are_left_alone() -> None:
    function = cached(cache)(list)

    assert function((1, 2)) is function((1, 2))


@pytest.mark.parametrize("serializer", ["noop://", "pickle://"])
def test_racing_threads_never_see_a_purged_result_again(
    serializer: str, switch_often: None
) -> None:
    source = {1: 0}
    rounds = 200
    function = cached(Cache[Any](backend=MemoryBackend(), serializer=serializer), version=1)(
        lambda x: source[x]
    )

    def read() -> None:
        latest = 0
        for _ in range(5 * rounds):
            seen = function(1)
            assert seen >= latest
            latest = seen

    def write() -> None:
        for number in range(rounds):
            source[1] = number
            function.purge(1)
            assert function(1) == number

    with Crew() as crew:
        for caller in [crew.start(read) for _ in range(3)] + [crew.start(write)]:
            caller.result()
    assert function(1) == rounds - 1


def test_awaitable_result_of_a_plain_function_is_refused() -> None:
    def plain(x: int) -> Any:
        return x

    plain.__annotations__["return"] = Awaitable[int]

    with pytest.raises(UncacheableFunctionError, match="returns an Awaitable"):
        cached(cache)(plain)


def test_awaitable_result_of_a_plain_function_is_made_for_each_call() -> None:
    def plain(x: int) -> Any:
        return fetch(x)

    function = cached(cache, version="awaitable")(plain)
    results = [function(1), function(1)]

    assert results[0] is not results[1]
    for it in results:
        it.close()


def test_concurrent_callers_get_a_one_shot_value_each() -> None:
    started, may_end = Event(), Event()

    def rows(x: int) -> Any:
        started.set()
        assert may_end.wait(30)
        return iter(range(x))

    function = cached(Cache[Any](backend=MemoryBackend(), serializer="noop://"), version=1)(rows)
    with ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(function, 3) for _ in range(4)]
        assert started.wait(30)
        may_end.set()
        results = [it.result(30) for it in calls]

    assert [list(it) for it in results] == [[0, 1, 2]] * 4

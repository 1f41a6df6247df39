"""Two functions of one name: which share entries, which are refused, which are separate."""

from __future__ import annotations

import functools
import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

from cachetory._runtime.async_ import DEF
from cachetory.caches.async_ import Cache
from cachetory.decorators.async_ import cached, cached_many
from cachetory.errors import UncacheableFunctionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    AnyCache = Cache[Any, Any]

REFUSED = r"would share their results: give one of them version="


async def number(x: int) -> int:
    return x


def times(factor: int) -> Callable[..., Any]:
    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            return factor * await function(*args, **kwargs)

        return wrapper

    return decorate


class Times:
    """A decorator that is a class."""

    def __init__(self, function: Callable[..., Any], factor: int) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.factor = factor

    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.factor * await self.function(*args, **kwargs)


PAIRS: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "one factory": (lambda: times(2)(number), lambda: times(3)(number)),
    "plain and decorated": (lambda: number, lambda: times(3)(number)),
    "one class": (lambda: Times(number, 2), lambda: Times(number, 3)),
    "two layers": (lambda: times(2)(times(3)(number)), lambda: times(3)(times(2)(number))),
    "a layer more": (lambda: times(2)(number), lambda: times(2)(times(2)(number))),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_second_function_of_one_name_is_refused(any_cache: AnyCache, pair: Any) -> None:
    one, other = (make() for make in pair)
    cached(any_cache)(one)

    with pytest.raises(UncacheableFunctionError, match=REFUSED) as caught:
        cached(any_cache)(other)
    assert "test_namesakes:number" in str(caught.value)
    assert "test_namesakes.py:" in str(caught.value)


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_second_function_of_one_name_is_refused_for_many(any_cache: AnyCache, pair: Any) -> None:
    one, other = (make() for make in pair)
    cached_many(any_cache)(one)

    with pytest.raises(UncacheableFunctionError, match=REFUSED):
        cached_many(any_cache)(other)


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
async def test_version_tells_functions_of_one_name_apart(any_cache: AnyCache, pair: Any) -> None:
    one, other = (make() for make in pair)
    expected = [await one(1), await other(1)]
    functions = [cached(any_cache)(one), cached(any_cache, version=2)(other)]

    assert [await it(1) for it in functions] == expected
    assert [await it(1) for it in functions] == expected


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
async def test_other_prefix_tells_functions_of_one_name_apart(
    any_cache: AnyCache, pair: Any
) -> None:
    other_cache = Cache[Any, Any](
        backend=any_cache.backend, serializer="pickle://", prefix="other:"
    )
    one, other = (make() for make in pair)
    expected = [await one(1), await other(1)]
    functions = [cached(any_cache)(one), cached(other_cache)(other)]

    assert [await it(1) for it in functions] == expected


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_second_cache_over_the_same_entries_is_no_way_around(
    any_cache: AnyCache, pair: Any
) -> None:
    same = Cache[Any, Any](
        backend=any_cache.backend, serializer="pickle://", prefix=any_cache.prefix
    )
    one, other = (make() for make in pair)
    cached(any_cache)(one)

    with pytest.raises(UncacheableFunctionError, match=REFUSED):
        cached(same)(other)


async def test_one_function_decorated_twice_shares_its_results(any_cache: AnyCache) -> None:
    functions = [cached(any_cache)(number), cached(any_cache, time_to_live=5)(number)]

    assert [await it(1) for it in functions] == [1, 1]
    assert await functions[1].purge(1)


async def test_wrapper_made_again_shares_its_results(any_cache: AnyCache) -> None:
    functions = [cached(any_cache)(times(2)(number)) for _ in range(2)]

    assert await functions[0](1) == 2
    assert await functions[1].purge(1)


async def test_local_function_made_again_shares_its_results(any_cache: AnyCache) -> None:
    def make(factor: int) -> Any:
        @cached(any_cache)
        async def local(x: int) -> int:
            return factor * x

        return local

    functions = [make(factor) for factor in (2, 2, 3)]

    assert [await it(1) for it in functions] == [2, 2, 3]
    assert await functions[1].purge(1)
    assert not await functions[0].purge(1)


async def test_cached_and_cached_many_of_one_function_share_nothing(any_cache: AnyCache) -> None:
    async def squares(numbers: Any) -> Any:
        many = numbers if isinstance(numbers, list) else [numbers]
        return {it: it * it for it in many}

    one, many = cached(any_cache)(squares), cached_many(any_cache)(squares)

    for _ in range(2):
        assert await one([1, 2]) == {1: 1, 2: 4}
        assert await many([1, 2]) == {1: 1, 2: 4}
        assert await one(2) == {2: 4}
        assert await many([2]) == {2: 4}


def test_other_way_to_make_keys_is_refused(any_cache: AnyCache) -> None:
    cached(any_cache, key=lambda x: x)(number)

    with pytest.raises(UncacheableFunctionError, match=REFUSED):
        cached(any_cache, key=lambda x: x % 10)(number)


def test_same_way_to_make_keys_is_taken_twice(any_cache: AnyCache) -> None:
    functions = [cached(any_cache, key=lambda x: x)(number) for _ in range(2)]

    assert len(functions) == 2


async def test_key_function_never_meets_arguments(any_cache: AnyCache) -> None:
    by_key, by_arguments = cached(any_cache, key=lambda x: x)(number), cached(any_cache)(number)

    assert await by_key.key(1) != await by_arguments.key(1)


def define(source: str, filename: str, **names: Any) -> dict[str, Any]:
    scope = {"cached": cached, **names}
    exec(compile(source, filename, "exec"), scope)
    return scope


def body(result: object, name: str = "load") -> str:
    return f"@cached(cache)\n{DEF} {name}(x):\n    return {result!r}\n"


async def test_functions_named_underscore_are_told_apart(any_cache: AnyCache) -> None:
    source = f"{body('one', '_')}one = _\n{body('two', '_')}two = _\n"
    scope = define(source, __file__, cache=any_cache, __name__="shop")

    for _ in range(2):
        assert await scope["one"](1) == "one"
        assert await scope["two"](1) == "two"


async def test_registered_functions_are_told_apart(any_cache: AnyCache) -> None:
    dispatch: Any = functools.singledispatch(number)

    @dispatch.register(int)
    @cached(any_cache)
    async def _(x: int) -> str:
        return "int"

    @dispatch.register(str)
    @cached(any_cache)
    async def _(x: str) -> str:
        return "str"

    for _ in range(2):
        assert [await dispatch(1), await dispatch("1")] == ["int", "str"]


def test_name_defined_twice_in_a_module_is_refused(any_cache: AnyCache) -> None:
    source = f"{body('one')}one = load\n{body('two')}"

    with pytest.raises(UncacheableFunctionError, match=REFUSED):
        define(source, __file__, cache=any_cache, __name__="shop")


async def test_cell_run_again_with_another_body_gives_its_own_answers(any_cache: AnyCache) -> None:
    scope: dict[str, Any] = {"__name__": "__main__", "cache": any_cache}
    answers = []
    for cell, result in enumerate(["old", "new", "old"]):
        scope.update(define(body(result), f"<ipython-input-{cell}>", **scope))
        answers.append(await scope["load"](1))

    assert answers == ["old", "new", "old"]
    assert any_cache.stats().hits == 1


@pytest.fixture
def module_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Write a module and import it, or load it again."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    name = "module_that_is_loaded_again"

    def load(source: str) -> Any:
        (tmp_path / f"{name}.py").write_text(source)
        importlib.invalidate_caches()
        if name in sys.modules:
            return importlib.reload(sys.modules[name])
        return importlib.import_module(name)

    yield load
    sys.modules.pop(name, None)


def plain(result: object) -> str:
    return f"{DEF} load(x):\n    return {result!r}\n"


async def test_module_loaded_again_with_another_body_gives_its_own_answers(
    any_cache: AnyCache, module_of: Callable[[str], Any]
) -> None:
    old = cached(any_cache)(module_of(plain("old")).load)
    assert await old(1) == "old"

    new = cached(any_cache)(module_of(plain("new and longer")).load)

    assert await new(1) == "new and longer"


async def test_module_loaded_again_with_an_equal_body_shares_its_results(
    any_cache: AnyCache, module_of: Callable[[str], Any]
) -> None:
    old = cached(any_cache)(module_of(plain("same")).load)
    assert await old(1) == "same"

    new = cached(any_cache)(module_of("# a comment\n" + plain("same")).load)

    assert await new.purge(1)


async def test_functions_that_differ_in_defaults_of_their_key_are_taken(
    any_cache: Cache[Any],
) -> None:
    results = []
    for default in range(3):

        @cached(any_cache)
        async def _(x: int, y: int = default) -> list[int]:
            return [x, y]

        results.append(await _(1))

    assert results == [[1, 0], [1, 1], [1, 2]]


def test_local_functions_that_differ_in_an_ignored_default_are_refused(
    any_cache: Cache[Any],
) -> None:
    def make(default: int) -> Any:
        async def local(x: int, *, y: int = default) -> list[int]:
            return [x, y]

        return cached(any_cache, ignore=("y",))(local)

    make(1)
    make(1)
    with pytest.raises(UncacheableFunctionError, match="version="):
        make(2)

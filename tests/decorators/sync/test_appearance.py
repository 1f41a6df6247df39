# Generated from tests/decorators/async_/test_appearance.py by tools/unasync.py. Do not edit: edit that file instead.
"""A decorated function looks like the function itself, to people and to tools."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import dataclass
from typing import Any, get_type_hints

import pytest

from cachetory.backends.sync import MemoryBackend
from cachetory.caches.sync import Cache
from cachetory.decorators.sync import cached

local = Cache[Any, Any](backend=MemoryBackend(), serializer="noop://")
remote = Cache[Any, Any](backend=MemoryBackend(), serializer="pickle://")


@cached(local)
def add(x: int, y: int = 2) -> int:
    """Add two numbers."""
    return x + y


@cached(remote)
def multiply(x: int, y: int = 2) -> int:
    """Multiply two numbers."""
    return x * y


@dataclass(frozen=True)
class Adder:
    x: int

    @cached(local)
    def add(self, y: int = 2) -> int:
        """Add a number."""
        return self.x + y

    @cached(local)
    @classmethod
    def make(cls, x: int) -> str:
        """Make one."""
        return f"{cls.__name__} {x}"

    @cached(local)
    @staticmethod
    def two() -> int:
        """Give two."""
        return 2


FUNCTIONS: list[tuple[Any, str, str, str]] = [
    (add, "add", "Add two numbers.", "(x: 'int', y: 'int' = 2) -> 'int'"),
    (multiply, "multiply", "Multiply two numbers.", "(x: 'int', y: 'int' = 2) -> 'int'"),
    (Adder.add, "Adder.add", "Add a number.", "(self, y: 'int' = 2) -> 'int'"),
    (Adder(1).add, "Adder.add", "Add a number.", "(y: 'int' = 2) -> 'int'"),
    (Adder.make, "Adder.make", "Make one.", "(x: 'int') -> 'str'"),
    (Adder(1).make, "Adder.make", "Make one.", "(x: 'int') -> 'str'"),
    (Adder.two, "Adder.two", "Give two.", "() -> 'int'"),
    (Adder(1).two, "Adder.two", "Give two.", "() -> 'int'"),
]


@pytest.mark.parametrize(("function", "name", "doc", "signature"), FUNCTIONS)
def test_function_keeps_its_name_documentation_and_signature(
    function: Any, name: str, doc: str, signature: str
) -> None:
    assert function.__qualname__ == name
    assert function.__name__ == name.rpartition(".")[2]
    assert function.__doc__ == doc
    assert function.__module__ == __name__
    assert str(inspect.signature(function)) == signature


@pytest.mark.parametrize("function", [it[0] for it in FUNCTIONS])
def test_function_shows_that_it_is_cached(function: Any) -> None:
    assert repr(function).startswith("<cached <")
    assert function.__qualname__ in repr(function)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (add, [1]),
        (Adder.add, [Adder(1)]),
        (Adder(1).add, []),
        (Adder.make, [1]),
        (Adder(1).make, [1]),
        (Adder.two, []),
    ],
)
def test_function_is_pickled_and_copied_by_name(function: Any, arguments: list[Any]) -> None:
    for make_twin in (lambda it: pickle.loads(pickle.dumps(it)), copy.deepcopy, copy.copy):
        twin = make_twin(function)

        assert twin(*arguments) == function(*arguments)
        assert function.purge(*arguments)
        assert not twin.purge(*arguments)


@pytest.mark.parametrize("function", [add, multiply, Adder.add, Adder.two])
def test_function_is_pickled_as_itself(function: Any) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(function, protocol)) is function


def test_function_without_a_cache_is_within_reach() -> None:
    add.purge(1)

    assert add.__wrapped__(1) == 3
    assert Adder(1).add.__wrapped__(5) == 6
    assert Adder.make.__wrapped__(5) == "Adder 5"
    assert not add.purge(1)
    assert inspect.unwrap(add) is add.__wrapped__
    assert inspect.isfunction(add.__wrapped__)


def test_function_keeps_its_annotations_and_attributes() -> None:
    def annotated(x: int) -> str:
        return str(x)

    annotated.mark = "mine"  # type: ignore[attr-defined]
    function: Any = cached(local)(annotated)

    assert get_type_hints(function) == {"x": int, "return": str}
    assert function.mark == "mine"


def test_function_is_callable() -> None:
    assert callable(add)
    assert callable(add.purge)


def test_function_of_another_function_cannot_be_pickled() -> None:
    def inner(x: int) -> int:
        return x

    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(cached(local)(inner))


def test_call_that_does_not_fit_names_the_function() -> None:
    with pytest.raises(TypeError, match=r"multiply\(\) missing 1 required positional argument"):
        multiply()  # type: ignore[call-arg]


def test_call_that_does_not_fit_names_the_function_on_the_hit_path() -> None:
    with pytest.raises(TypeError, match=r"add\(\) missing 1 required positional argument"):
        add()  # type: ignore[call-arg]

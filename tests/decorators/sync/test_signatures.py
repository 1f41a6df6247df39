# Generated from tests/decorators/async_/test_signatures.py by tools/unasync.py. Do not edit: edit that file instead.
"""What tools read of a decorated function: its signature, its kind, its annotations."""

from __future__ import annotations

import copy
import doctest
import functools
import inspect
import pickle
import pydoc
import sys
from typing import TYPE_CHECKING, Any, get_type_hints
from unittest.mock import create_autospec

import pydantic
import pytest

from cachetory.decorators.sync import cached, cached_many
from cachetory.shortcuts.sync import memory_cache

if TYPE_CHECKING:
    from collections.abc import Callable

cache = memory_cache()


def plain(number: int, text: str = "a", *, ratio: float = 1.0) -> str:
    """Return a text.

    >>> 1 + 1
    2
    """
    return f"{number!r} {text} {ratio!r}"


decorated = cached(cache)(plain)
in_module = cached(cache)(plain)
in_module.__qualname__ = "in_module"


def plain_many(numbers: list[int], text: str = "a") -> dict[int, str]:
    return dict.fromkeys(numbers, text)


class Adder:
    def __call__(self, number: int, *, more: int = 2) -> int:
        return number + more

    def __cache_key__(self) -> str:
        return "adder"


class Plain:
    def method(self, number: int, text: str = "a") -> str:
        return text * number

    @classmethod
    def class_method(cls, number: int, text: str = "a") -> str:
        return text * number

    @staticmethod
    def static_method(number: int, text: str = "a") -> str:
        return text * number


class Decorated:
    method = cached(cache, ignore=("self",))(Plain.method)
    class_method = cached(cache)(Plain.__dict__["class_method"])
    static_method = cached(cache)(Plain.__dict__["static_method"])


PAIRS: dict[str, tuple[Any, Any]] = {
    "function": (plain, decorated),
    "function of many": (plain_many, cached_many(cache)(plain_many)),
    "partial": (functools.partial(plain, 1), cached(cache)(functools.partial(plain, 1))),
    "object": (Adder(), cached(cache)(Adder())),
    "method": (Plain.method, Decorated.method),
    "bound method": (Plain().method, Decorated().method),
    "class method": (Plain.class_method, Decorated.class_method),
    "class method of an instance": (Plain().class_method, Decorated().class_method),
    "static method": (Plain.static_method, Decorated.static_method),
    "static method of an instance": (Plain().static_method, Decorated().static_method),
}
FUNCTIONS = {name: pair for name, pair in PAIRS.items() if name not in ("partial", "object")}
of_all = pytest.mark.parametrize(("inside", "outside"), PAIRS.values(), ids=PAIRS)
of_functions = pytest.mark.parametrize(("inside", "outside"), FUNCTIONS.values(), ids=FUNCTIONS)


@of_all
def test_signature_of_decorated_is_that_of_function(inside: Any, outside: Any) -> None:
    assert inspect.signature(outside) == inspect.signature(inside)


@of_all
def test_signature_with_resolved_annotations_is_that_of_function(inside: Any, outside: Any) -> None:
    if inspect.isroutine(inside):
        assert inspect.signature(outside, eval_str=True) == inspect.signature(inside, eval_str=True)


@of_functions
def test_full_arg_spec_of_decorated_is_that_of_function(inside: Any, outside: Any) -> None:
    expected = inspect.getfullargspec(inside)
    if inspect.ismethod(inside) and sys.version_info >= (3, 13):
        del expected.args[0]  # of partial functions, it leaves out what is bound

    assert inspect.getfullargspec(outside) == expected


def test_full_arg_spec_of_partial_and_object_has_parameters_of_calls() -> None:
    assert inspect.getfullargspec(PAIRS["partial"][1]).args == ["text"]
    assert inspect.getfullargspec(PAIRS["object"][1]).kwonlyargs == ["more"]


@of_all
def test_decorated_is_coroutine_function_as_inside(inside: Any, outside: Any) -> None:
    called = inside if inspect.isroutine(inside) else getattr(inside, "func", inside.__call__)
    assert inspect.iscoroutinefunction(outside) is inspect.iscoroutinefunction(called)


@of_functions
def test_type_hints_of_decorated_are_those_of_function(inside: Any, outside: Any) -> None:
    assert get_type_hints(outside) == get_type_hints(inside)


@pytest.mark.parametrize("name", ["partial", "object"])
def test_annotations_of_decorated_callable_are_not_those_of_wrapper(name: str) -> None:
    assert get_type_hints(PAIRS[name][1]) == {}


@of_all
def test_globals_of_decorated_are_those_of_function(inside: Any, outside: Any) -> None:
    missing = object()
    assert getattr(outside, "__globals__", missing) is getattr(inside, "__globals__", missing)


def test_explicit_signature_of_method_is_bound() -> None:
    def method(*args: Any) -> int:
        return 1

    signature = inspect.signature(lambda self, number: None)
    method.__signature__ = signature  # type: ignore[attr-defined]

    class Service:
        cached_method = cached(cache, make_key=lambda *args: "key")(method)

    assert list(inspect.signature(Service.cached_method).parameters) == ["self", "number"]
    assert list(inspect.signature(Service().cached_method).parameters) == ["number"]


def test_signature_below_wraps_is_found() -> None:
    @functools.wraps(decorated)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return decorated(*args, **kwargs)

    assert inspect.signature(wrapper) == inspect.signature(plain)


def test_call_attribute_has_signature_of_function() -> None:
    call: Callable[..., Any] = decorated.__call__

    assert inspect.getfullargspec(call) == inspect.getfullargspec(plain)


@pytest.mark.parametrize(
    "name", ["function", "function of many", "method", "static method", "object"]
)
def test_autospec_checks_arguments(name: str) -> None:
    inside, outside = PAIRS[name]
    double = create_autospec(outside)

    assert (
        inspect.signature(double).parameters.keys() == inspect.signature(inside).parameters.keys()
    )
    with pytest.raises(TypeError, match="argument"):
        double(unknown=1)


@pytest.mark.parametrize("name", ["function", "bound method", "class method", "static method"])
def test_validated_decorated_function_converts_and_caches(name: str) -> None:
    outside = PAIRS[name][1]

    validated = pydantic.validate_call(outside)
    result = validated("2", text="b")

    assert result == outside(2, text="b")
    assert (outside.lookup(2, text="b")).state == "hit"
    with pytest.raises(pydantic.ValidationError):
        validated("x")


def test_validated_result_of_decorated_function_is_given() -> None:
    assert pydantic.validate_call(validate_return=True)(decorated)("3") == "3 a 1.0"


def test_single_dispatch_reads_annotation() -> None:
    @functools.singledispatch
    def describe(value: object) -> Any:
        return "object"

    def describe_number(value: int) -> str:
        return "number"

    registered = cached(cache)(describe_number)
    describe.register(registered)

    assert describe.dispatch(int) is registered


def test_help_shows_signature_and_documentation() -> None:
    text = pydoc.plain(pydoc.render_doc(decorated))

    if sys.version_info < (3, 13):  # later ones show no signature of partial functions
        assert "number: 'int'" in text
    assert "Return a text." in text


def test_doctest_of_decorated_function_is_found() -> None:
    found = doctest.DocTestFinder().find(decorated, "decorated", module=False, globs={})

    assert [test.name for test in found if test.examples] == ["decorated"]


def test_copies_of_decorated_function_are_itself() -> None:
    assert copy.copy(decorated) is decorated
    assert copy.deepcopy(decorated) is decorated
    assert pickle.loads(pickle.dumps(in_module)) is in_module


def test_attribute_of_function_cannot_be_set_on_decorated() -> None:
    with pytest.raises(AttributeError, match="function inside"):
        decorated.__defaults__ = (1,)  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        _ = type(decorated).__signature__  # type: ignore[attr-defined]

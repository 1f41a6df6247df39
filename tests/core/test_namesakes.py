"""Which functions of one name are known to differ."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from cachetory._core.function_identity import FunctionIdentity
from cachetory._core.namesakes import Namesakes, Usage
from cachetory.errors import UncacheableFunctionError


def admit(namesakes: Namesakes, function: Any, version: int | None = None, **usage: Any) -> str:
    identity = FunctionIdentity(function, version)
    namesakes.admit(identity, function, Usage(**usage))
    return identity.start


def named(function: Any) -> Any:
    """Rename a function as if it stood at the top of this module."""
    function.__qualname__ = function.__name__ = "named_alike"
    return function


def plain(x):
    return x


def holding(thing):
    """Decorate as a factory does that closes over something."""

    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args):
            return function(*args), thing

        return wrapper

    return decorate


class Wrapping:
    def __init__(self, function, state):
        self.state = state
        functools.update_wrapper(self, function)

    def __call__(self, *args):
        return self.__wrapped__(*args)


class Silent:
    """Wraps, and shows nothing of what it does."""

    def __init__(self, function):
        self.__wrapped__ = function
        self.__qualname__ = function.__qualname__

    def __call__(self, *args):
        return self.__wrapped__(*args)


class Opaque:
    """Has no identity."""


SAME_LOCK = Opaque()
DIFFERENT = [
    (plain, holding(1)(plain)),
    (holding(1)(plain), holding(2)(plain)),
    (holding(1)(plain), holding("1")(plain)),
    (holding(len)(plain), holding(print)(plain)),
    (holding(lambda: 1)(plain), holding(lambda: 2)(plain)),
    (holding(Opaque())(plain), holding(Opaque())(plain)),
    (Wrapping(plain, 1), Wrapping(plain, 2)),
    (Wrapping(plain, 1), holding(1)(plain)),
    (Silent(plain), Silent(plain)),
    (named(lambda x: x), named(lambda x: -x)),
    (named(lambda x, y=1: x), named(lambda x, y=2: x)),
    (named(lambda x, *, y=1: x), named(lambda x, *, y=2: x)),
]
ALIKE = [
    (plain, plain),
    (holding(1)(plain), holding(1)(plain)),
    (holding(SAME_LOCK)(plain), holding(SAME_LOCK)(plain)),
    (holding(lambda: 1)(plain), holding(lambda: 1)(plain)),
    (Wrapping(plain, 1), Wrapping(plain, 1)),
    (named(functools.lru_cache(plain)), named(functools.lru_cache(plain))),
    (named(lambda x, y=1: x), named(lambda x, y=1: x)),
    # A definition that is executed again makes its objects again.
    (
        holding(Opaque())(named(lambda x: x)),
        holding(Opaque())(named(lambda x: x)),
    ),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_functions_that_differ_are_refused_and_have_versions(one: Any, other: Any) -> None:
    namesakes = Namesakes()
    first = admit(namesakes, one)

    with pytest.raises(UncacheableFunctionError, match="version="):
        admit(namesakes, other)
    assert admit(namesakes, other, version=2) != first


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_functions_that_do_the_same_are_one(one: Any, other: Any) -> None:
    namesakes = Namesakes()

    assert admit(namesakes, one) == admit(namesakes, other)


def test_defaults_that_are_part_of_keys_do_not_count() -> None:
    namesakes = Namesakes()
    one, other = named(lambda x, y=1: x), named(lambda x, y=2: x)

    kept = frozenset({"x", "y"})
    assert admit(namesakes, one, kept=kept) == admit(namesakes, other, kept=kept)


@pytest.mark.parametrize(
    ("usage", "other"),
    [
        ({"key": lambda x: x}, {"key": lambda x: -x}),
        ({"ignore": frozenset({"a"})}, {"ignore": frozenset({"b"})}),
    ],
)
def test_other_way_to_make_keys_is_refused(usage: Any, other: Any) -> None:
    namesakes = Namesakes()
    admit(namesakes, plain, **usage)
    admit(namesakes, plain, **usage)

    with pytest.raises(UncacheableFunctionError):
        admit(namesakes, plain, **other)


def test_function_that_is_gone_is_replaced_by_a_new_version() -> None:
    namesakes = Namesakes()
    first = admit(namesakes, named(lambda x: x))

    assert admit(namesakes, named(lambda x: x)) == first
    assert admit(namesakes, named(lambda x: -x)) != first


def test_local_functions_with_a_version_are_told_by_code() -> None:
    def make(sign: int) -> Any:
        def local(x, y=sign):
            return x

        def other(x):
            return -x

        other.__qualname__ = local.__qualname__
        return local, other

    namesakes = Namesakes()
    (local, other), (again, _) = make(1), make(2)

    assert admit(namesakes, local, 1) == admit(namesakes, again, 1)
    with pytest.raises(UncacheableFunctionError):
        admit(namesakes, other, 1)

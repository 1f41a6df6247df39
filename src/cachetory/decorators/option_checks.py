"""Check what users give to the decorators, when a function is decorated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cachetory._core.function_identity import layers_of
from cachetory._core.keys import a_or_an
from cachetory._core.option_checks import check_callable, check_policy
from cachetory.errors import UncacheableFunctionError

if TYPE_CHECKING:
    from types import FunctionType

_DESCRIPTORS = frozenset({classmethod, staticmethod})


def check_not_decorated(cache: Any, decorator: str) -> None:
    """Refuse a function that is being decorated with `@cached` instead of `@cached(cache)`.

    It is recognised by the line from which the decorator is called: one inside of the function's
    own definition.

    Args:
        cache: what was given as the cache.
        decorator: the name of the decorator.

    Raises:
        UncacheableFunctionError: for such a function.
    """
    layers = layers_of(cache)
    if any(map(_is_being_defined, layers)):
        msg = (
            f"`{layers[-1].__qualname__}` is decorated with `@{decorator}`, "
            f"which takes a cache first: write `@{decorator}(cache)`"
        )
        raise UncacheableFunctionError(msg)


def check_options(policy: object, **functions: object) -> None:
    """Refuse a value that is not a policy, and functions that cannot be called.

    Raises:
        ConfigurationError: naming the option and its value.
    """
    check_policy(policy)
    for name, function in functions.items():
        check_callable(name, function)


def check_decorated(functions: tuple[Any, ...], options: dict[str, Any], decorator: str) -> Any:
    """Return the function to decorate, the only argument of a decorator.

    Raises:
        UncacheableFunctionError: for anything else, such as the arguments of a call to a function
            that was decorated without parentheses.
    """
    if len(functions) == 1 and not options:
        function: Any = functions[0]
        if callable(function) or type(function) in _DESCRIPTORS:
            return function
    got = _listed(functions, options)
    msg = f"{got} cannot be called, so there is nothing to cache"
    if len(functions) != 1 or options:
        msg = f"`{decorator}(cache)` decorates one function, and got {got}"
    msg += f": write `@{decorator}(cache)` above a function"
    raise UncacheableFunctionError(msg)


def _is_being_defined(function: FunctionType) -> bool:
    from inspect import currentframe  # noqa: PLC0415 (slow to import)

    code = function.__code__
    frame: Any = currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith(
        "cachetory.decorators"
    ):
        frame = frame.f_back
    if frame is None or frame.f_code.co_filename != code.co_filename or frame.f_code is code:
        return False
    last = max((line for _, _, line in code.co_lines() if line is not None), default=0)
    return function.__name__ != "<lambda>" and code.co_firstlineno <= frame.f_lineno <= last


def _listed(functions: tuple[Any, ...], options: dict[str, Any]) -> str:
    given = [f"{a_or_an(type(it).__name__)} object" for it in functions]
    given += [f"{name}=" for name in options]
    return ", ".join(given) or "nothing"

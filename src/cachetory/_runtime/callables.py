"""What stands behind a callable: the functions that calling it will run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from cachetory._core.one_shot import one_shot_result
from cachetory.errors import UncacheableFunctionError

if TYPE_CHECKING:
    from collections.abc import Callable

_TAKES_ANY_KEYWORD = 0x08
"""Flag of the code of functions with `**kwargs`."""


def any_runs(function: Any, kind: Callable[[Any], bool]) -> bool:
    """Tell whether the callable, looked at through partials and `__call__`, is of a kind."""
    while isinstance(function, partial):
        function = cast("Any", function.func)
    called: object = getattr(function.__class__, "__call__", None)  # noqa: B004 (its code counts)
    return kind(function) or kind(called)


def refuse_one_shot(function: Any, *, is_awaited: bool) -> None:
    """Refuse a function that visibly returns what can be used once.

    Args:
        function: the function.
        is_awaited: whether an awaitable that it returns is awaited.

    Raises:
        UncacheableFunctionError: naming the function and what it returns.
    """
    while isinstance(function, partial):
        function = cast("Any", function.func)
    result = one_shot_result(function, is_awaited=is_awaited)
    if result is not None:
        msg = (
            f"{function!r} returns {result}, which the first caller would use up: "
            "cache a function that returns a list, the content, or the awaited result instead"
        )
        raise UncacheableFunctionError(msg)


def takes_positional(function: Callable[..., Any], count: int) -> bool:
    """Return whether a callable takes so many positional arguments; true if that is unknown."""
    from inspect import signature  # noqa: PLC0415 (rarely needed, slow to import)

    try:
        signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        return True
    return True


def takes_keyword(function: Callable[..., Any], name: str) -> bool:
    """Return whether a callable takes an argument of a name; true if that cannot be known."""
    code = getattr(function, "__code__", None)
    if code is not None and not hasattr(function, "__wrapped__"):
        takes_any = bool(code.co_flags & _TAKES_ANY_KEYWORD)
        return takes_any or name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    from inspect import signature  # noqa: PLC0415 (rarely needed, slow to import)

    try:
        parameters = signature(function).parameters
    except (TypeError, ValueError):
        return True
    return name in parameters or any(it.kind is it.VAR_KEYWORD for it in parameters.values())

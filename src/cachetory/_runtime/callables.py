"""What stands behind a callable: the functions that calling it will run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from cachetory._core.one_shot import one_shot_result
from cachetory.errors import UncacheableFunctionError

if TYPE_CHECKING:
    from collections.abc import Callable


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

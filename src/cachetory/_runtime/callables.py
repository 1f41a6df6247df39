"""What stands behind a callable: the functions that calling it will run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable


def any_runs(function: Any, kind: Callable[[Any], bool]) -> bool:
    """Tell whether the callable, looked at through partials and `__call__`, is of a kind."""
    while isinstance(function, partial):
        function = cast("Any", function.func)
    called: object = getattr(function.__class__, "__call__", None)  # noqa: B004 (its code counts)
    return kind(function) or kind(called)

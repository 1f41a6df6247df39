"""A function with the arguments of one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class BoundCall:
    """A function with the arguments of one call, as a loader that takes no argument.

    The load path calls the function itself, which saves one frame per level of recursion.

    Args:
        function: the function.
        args: its positional arguments.
        kwargs: its keyword arguments.
    """

    __slots__ = ("args", "function", "kwargs")

    def __init__(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs

    def __call__(self) -> Any:
        """Call the function."""
        return self.function(*self.args, **self.kwargs)

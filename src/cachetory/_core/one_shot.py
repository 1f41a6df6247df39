"""Values that can be used once: a cache would hand out what another caller has used up."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import IO, TYPE_CHECKING, Annotated, Any, get_args, get_origin

from cachetory._core.keys import a_or_an

if TYPE_CHECKING:
    from collections.abc import Callable

_ONCE = ("__next__", "__anext__", "__await__")
_CONTEXTS = frozenset(
    {"_GeneratorContextManager", "_AsyncGeneratorContextManager", "closing", "aclosing"}
    | {"ExitStack", "AsyncExitStack"}
)
_VISIBLE: tuple[type, ...] = (Iterator, AsyncIterator, io.IOBase, IO)


def is_one_shot(value: object) -> bool:
    """Return whether a value is used up by its first user.

    These are iterators (generators, `map` objects, database cursors), open files, awaitables, what
    functions made by `contextlib.contextmanager` return, and the like of `contextlib.closing`.
    """
    owners = type(value).__mro__
    if any(it.__module__ == "contextlib" and it.__name__ in _CONTEXTS for it in owners):
        return True
    return isinstance(value, io.IOBase) or any(_has(value, name) for name in _ONCE)


def one_shot_result(function: Any, *, is_awaited: bool) -> str | None:
    """Return what a function visibly returns, if that can be used once; else `None`.

    Args:
        function: the function.
        is_awaited: whether an awaitable that the function returns is awaited, and its result used.
    """
    if _is_context_manager_function(function):
        return "a context manager"
    if hasattr(function, "__wrapped__"):  # its annotations are those of the function inside
        return None
    hint = _return_hint(function)
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    kind = get_origin(hint) or hint
    if not isinstance(kind, type):
        return None
    if issubclass(kind, _VISIBLE):
        return a_or_an(kind.__name__)
    if issubclass(kind, Awaitable) and not is_awaited:
        return a_or_an(kind.__name__)
    return None


def _is_context_manager_function(function: Any) -> bool:
    """Return whether `contextlib` made a function from a generator, not decorated it."""
    from inspect import isasyncgenfunction, isgeneratorfunction  # noqa: PLC0415  # slow to import

    if getattr(function, "__globals__", {}).get("__name__") != "contextlib":
        return False
    inside = getattr(function, "__wrapped__", None)
    return isgeneratorfunction(inside) or isasyncgenfunction(inside)


def _has(value: Any, name: str) -> bool:
    try:
        return hasattr(value, name)
    except Exception:
        return False


def _return_hint(function: Callable[..., object]) -> Any:
    """Return the annotation of the result, evaluated if that is possible."""
    from inspect import get_annotations  # noqa: PLC0415  # slow to import

    try:
        hints = get_annotations(function)
    except Exception:
        return None
    hint = hints.get("return")
    if not isinstance(hint, str):
        return hint
    try:
        return eval(hint, getattr(function, "__globals__", {}))  # noqa: S307  # the function's own
    except Exception:
        return None

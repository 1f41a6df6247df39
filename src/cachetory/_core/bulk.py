"""What a function or a loader of many items has to return."""

from __future__ import annotations

from typing import Any

_NEEDED = ("get", "keys", "__contains__", "__getitem__")


def check_mapping(results: Any, function: object) -> None:
    """Refuse what is not a mapping from item to result.

    Raises:
        TypeError: naming the function and the type of what it returned.
    """
    if all(hasattr(results, name) for name in _NEEDED):
        return
    name = getattr(function, "__qualname__", None) or repr(function)
    msg = (
        f"`{name}` returned a {type(results).__name__}, but a function of many items returns "
        "a mapping from item to result, such as {item: result}"
    )
    raise TypeError(msg)

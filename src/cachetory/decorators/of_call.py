"""The type of functions of the arguments of a call, which users hand in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Concatenate, TypeAlias

    T = TypeVar("T")

    OfCall: TypeAlias = (
        Callable[[], T]
        | Callable[Concatenate[Any, ...], T]
        | Callable[Concatenate[Any, Any, ...], T]
        | Callable[Concatenate[Any, Any, Any, ...], T]
        | Callable[Concatenate[Any, Any, Any, Any, ...], T]
        | Callable[..., T]
    )
    """A function of any arguments: `Callable[..., T]`.

    It is spelled out since pyright tells parameters of a lambda by their number: they are `Any`.
    """

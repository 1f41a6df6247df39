"""The connections to databases that loads open in threads which serve no request."""

from __future__ import annotations

from functools import wraps
from threading import current_thread  # noqa: TID251 (Django keeps connections by thread)
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connections

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import ParamSpec

    P = ParamSpec("P")
T = TypeVar("T")

_CONNECTIONS: Any = connections


def closing_connections(function: Callable[P, T]) -> Callable[P, T]:
    """Close the connections to databases that a function opens while it is run behind.

    Django closes them at the end of a request. Values that are refreshed behind, and loads with a
    timeout, run in threads that see no end of a request. In any other thread nothing is closed.
    It goes below `cached`.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        finally:
            if current_thread().name.startswith("cachetory-"):
                _CONNECTIONS.close_all()

    return call

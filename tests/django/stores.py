"""Django caches over stores of this library, made as Django makes them."""

from __future__ import annotations

from itertools import count
from typing import Any

from cachetory.django import CachetoryCache
from tests.backends.django_project import set_up

set_up()

_names = count()


def fresh_memory() -> str:
    """Give the URL of a memory store that nothing else uses."""
    return f"memory://django-test-{next(_names)}"


def make(url: str, options: dict[str, Any] | None = None, **settings: Any) -> CachetoryCache:
    """Make a cache by its settings; pickle, for lack of `OPTIONS`."""
    return CachetoryCache(url, {"OPTIONS": options or {}, **settings})

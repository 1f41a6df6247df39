"""Find the functions that are decorated for one cache."""

from __future__ import annotations

from typing import Any

from cachetory._core.identity import OfEach
from cachetory._core.namesakes import Namesakes

_of_backend: OfEach[dict[str, Namesakes]] = OfEach()


def namesakes_of(cache: Any) -> Namesakes | None:
    """Return the functions that share the entries of a cache: its backend and its prefix.

    Args:
        cache: a cache, or a callable that chooses one for each call; `None` has no entries.
    """
    if cache is None:
        return None
    by_prefix = _of_backend.setdefault(getattr(cache, "backend", cache), {})
    prefix = getattr(cache, "prefix", "")
    return by_prefix.setdefault(prefix if isinstance(prefix, str) else "", Namesakes())

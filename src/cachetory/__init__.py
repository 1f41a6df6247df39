"""Caching behind one small, typed interface, in a sync and an async colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if not TYPE_CHECKING:  # or type checkers would take any name for one of this package

    def __getattr__(name: str) -> Any:
        """Say where a name is that is not in the package itself.

        Raises:
            ImportError: for names of both APIs, naming both modules.
            AttributeError: for all other names.
        """
        if name in {"Cache", "cached", "cached_many", "Policy", "memory_cache"}:
            msg = (
                f"cannot import `{name}` from `cachetory`: import it from `cachetory.sync`, "
                "or from `cachetory.async_` for asyncio"
            )
            raise ImportError(msg)
        msg = f"module 'cachetory' has no attribute {name!r}"
        raise AttributeError(msg)

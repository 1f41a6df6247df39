"""Caching behind one small, typed interface, in a sync and an async API.

Import names from `cachetory.sync` or from `cachetory.async_`.
"""

TYPE_CHECKING = False  # type checkers know this name; importing `typing` would take long

_NAMES = frozenset(
    (
        "Cache",
        "DjangoBackend",
        "DummyBackend",
        "MemoryBackend",
        "Policy",
        "RedisBackend",
        "SqliteBackend",
        "cached",
        "cached_many",
        "dummy_cache",
        "from_url",
        "memory_cache",
    )
)
"""Names that both `cachetory.sync` and `cachetory.async_` have."""

if not TYPE_CHECKING:  # to a type checker, these names do not exist in this module

    def __getattr__(name: str) -> object:
        """Raise an error that names the modules which have the name.

        Raises:
            ImportError: for a name of `cachetory.sync` and `cachetory.async_`. Python replaces
                the message of an `AttributeError` when the name is imported.
            AttributeError: for any other name.
        """
        if name in _NAMES:
            msg = (
                f"`cachetory` itself has no {name!r}: use `from cachetory.sync import {name}`, "
                f"or `from cachetory.async_ import {name}` with asyncio"
            )
            raise ImportError(msg, name=__name__)
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)

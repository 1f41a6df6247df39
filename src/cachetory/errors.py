"""Every error that cachetory raises on its own account.

    CachetoryError
    ├── ConfigurationError (ValueError)           a URL or an option that cannot work
    │   └── MissingExtraError (ImportError)       an optional dependency is not installed
    ├── InvalidDurationError (ValueError)         NaN, infinite, absurd or naive times
    ├── InvalidKeyError (ValueError)              a key that the store cannot hold
    ├── UnkeyableArgumentError (TypeError)        an argument whose identity cannot be told
    ├── UncacheableFunctionError (TypeError)      a callable that cannot be decorated
    ├── DecodeError (ValueError)                  stored bytes that no serializer wrote so
    ├── NoValueError (LookupError)                a loader says that there is no value
    ├── LoadTimeoutError (TimeoutError)           a load took longer than its caller waits
    ├── UnsupportedOperationError (NotImplementedError)  the store has no such operation
    └── NoEventLoopError (RuntimeError)           the async API is used without asyncio

Each is also the built-in that a caller would expect. Errors of a store's client (a refused
connection, say) are not wrapped: they reach the caller of an explicit `set` or `delete` as the
client raised them.
"""


class CachetoryError(Exception):
    """Base of all errors that cachetory raises on its own account."""


class ConfigurationError(CachetoryError, ValueError):
    """A URL, an option or a combination of options cannot work."""


class MissingExtraError(ConfigurationError, ImportError):
    """An optional dependency is not installed; the message names the extra."""


class InvalidDurationError(CachetoryError, ValueError):
    """A duration or deadline is not a usable amount of time."""


class InvalidKeyError(CachetoryError, ValueError):
    """A key cannot be stored by the backend in use."""


class UnkeyableArgumentError(CachetoryError, TypeError):
    """The identity of an argument cannot be told, so no key can be derived from it."""


class UncacheableFunctionError(CachetoryError, TypeError):
    """The callable cannot be decorated; the message names the remedy."""


class DecodeError(CachetoryError, ValueError):
    """Stored bytes are corrupt, foreign or larger than allowed. Never a `KeyError`."""


class NoValueError(CachetoryError, LookupError):
    """There is no value. Loaders raise it; a cache raises it while it remembers that.

    Not a `KeyError`, since the key is not what is wrong.
    """


class LoadTimeoutError(CachetoryError, TimeoutError):
    """A load took longer than the policy's `hard_timeout`. It goes on behind, and is stored."""


class UnsupportedOperationError(CachetoryError, NotImplementedError):
    """The store behind a backend has no way to do what was asked."""


class NoEventLoopError(CachetoryError, RuntimeError):
    """The async API is used where no asyncio event loop runs, under trio for example."""

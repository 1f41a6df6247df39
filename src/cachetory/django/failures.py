"""What a failure means to a cache that is to do without its store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cachetory.errors import CachetoryError
from cachetory.interfaces.serializers import Serializer

if TYPE_CHECKING:
    from types import TracebackType

_MISTAKES = (CachetoryError, TypeError, ValueError, LookupError)


class UnserializableError(Exception):
    """A value could not be serialized; the cause is what the serializer raised."""


class Telling(Serializer[Any, Any]):
    """A serializer whose errors can be told from those of the store."""

    def __init__(self, serializer: Serializer[Any, Any]) -> None:
        self._serializer = serializer

    def serialize(self, value: Any) -> Any:
        """Turn a value into what a backend can store.

        Raises:
            UnserializableError: for whatever the serializer raises.
        """
        try:
            return self._serializer.serialize(value)
        except Exception as error:
            raise UnserializableError from error

    def deserialize(self, data: Any) -> Any:
        """Turn what a backend stored back into the value."""
        return self._serializer.deserialize(data)


class Failures:
    """A block that writes: what the store raises is dropped, if that is wanted.

    Args:
        raises: whether it is not.
    """

    def __init__(self, *, raises: bool) -> None:
        self._raises = raises

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Let go on what is a mistake of the caller, as the serializer raised it."""
        if isinstance(exc_value, UnserializableError) and exc_value.__cause__ is not None:
            raise exc_value.__cause__ from None
        return (
            not self._raises
            and isinstance(exc_value, Exception)
            and not isinstance(exc_value, _MISTAKES)
        )


LOUD = Failures(raises=True)
"""A block in which nothing is dropped."""

"""A serializer that leaves values as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic

from cachetory._core.keys import a_or_an
from cachetory._core.urls import Parameters
from cachetory.interfaces.serializers import Serializer, ValueT

if TYPE_CHECKING:
    from typing_extensions import Self


class NoopSerializer(Serializer[ValueT, ValueT], Generic[ValueT]):
    """Store values as they are, for backends that hold any object, such as the memory backend.

    Such a backend then hands out the very object that was stored: who changes it changes the
    cached value. Scheme: `noop://`, or `null://`.
    """

    __slots__ = ()

    url_parameters: ClassVar[Parameters] = Parameters({})

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make it from `noop://` or `null://`, which take no parameters.

        Raises:
            ConfigurationError: if there are parameters.
        """
        return cls(**cls.url_parameters.read(url))

    def serialize(self, value: ValueT) -> ValueT:
        """Return the value."""
        return value

    def deserialize(self, data: ValueT) -> ValueT:
        """Return what was stored."""
        return data


class ExactNoopSerializer(NoopSerializer[Any]):
    """Leave values as they are, for a store that gives back only some types as they were.

    Args:
        types: the types that come back as they were stored.
        store: the name of the store, for messages.
    """

    __slots__ = ("_store", "_types")

    def __init__(self, types: tuple[type, ...], store: str) -> None:
        self._types = types
        self._store = store

    def serialize(self, value: Any) -> Any:
        """Return the value.

        Raises:
            TypeError: for a value that would come back as another type.
        """
        if type(value) in self._types:
            return value
        kept = " and ".join(it.__name__ for it in self._types)
        msg = (
            f"`noop://` stores values as they are, and {self._store} keeps {kept}: "
            f"{a_or_an(type(value).__name__)} would come back as another type, or not at all; "
            "encode it, or use a serializer such as `pickle://` or `json://`"
        )
        raise TypeError(msg)

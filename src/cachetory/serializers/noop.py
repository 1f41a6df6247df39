"""A serializer that leaves values as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic

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

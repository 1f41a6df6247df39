"""What a serializer is: it turns values into what a backend stores (the *wire*), and back."""

from __future__ import annotations

from typing import Protocol, TypeVar

from cachetory.errors import ConfigurationError
from cachetory.interfaces.backends.private import WireT, WireT_co, WireT_contra

ValueT = TypeVar("ValueT")
ValueT_co = TypeVar("ValueT_co", covariant=True)
ValueT_contra = TypeVar("ValueT_contra", contravariant=True)


class Serialize(Protocol[ValueT_contra, WireT_co]):
    """One half of a serializer: it writes."""

    __slots__ = ()

    def serialize(self, value: ValueT_contra) -> WireT_co:
        """Turn a value into what a backend stores.

        Must be safe to call from several threads at once.
        """
        raise NotImplementedError


class Deserialize(Protocol[ValueT_co, WireT_contra]):
    """The other half of a serializer: it reads."""

    __slots__ = ()

    def deserialize(self, data: WireT_contra) -> ValueT_co:
        """Turn what a backend stored back into the value.

        Must be safe to call from several threads at once, and with bytes that something else
        wrote: raise then, within bounded time and memory. Any exception is a miss to a cache, so
        prefer `cachetory.errors.DecodeError`.
        """
        raise NotImplementedError


class Serializer(Serialize[ValueT, WireT], Deserialize[ValueT, WireT], Protocol[ValueT, WireT]):
    """Both halves, and a way to be made from a URL.

    A class attribute `url_parameters`, if there is one, holds the names of the URL parameters that
    `from_url` knows. By it a chain such as `pickle+zlib://` tells which layer a parameter is for;
    a class without it is handed all those that do not name a layer.
    """

    __slots__ = ()

    @classmethod
    def from_url(cls, url: str) -> Serializer[ValueT, WireT]:
        """Make a serializer from a URL of whatever scheme this class is registered for.

        Raises:
            ConfigurationError: if the URL is not usable, or the class does not implement this.
        """
        msg = f"`{cls.__qualname__}` cannot be made from a URL: it has no `from_url` of its own"
        raise ConfigurationError(msg)

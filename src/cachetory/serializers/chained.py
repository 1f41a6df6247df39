"""A serializer made of serializers: each works on what the one before it wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic

from cachetory.errors import ConfigurationError
from cachetory.interfaces.backends.private import WireT
from cachetory.interfaces.serializers import Serializer, ValueT
from cachetory.serializers.schemes import layers_from_url

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Self


class ChainedSerializer(Serializer[ValueT, WireT], Generic[ValueT, WireT]):
    """Apply several serializers one after another, and undo them in the opposite order.

    Args:
        layers: From the one that takes the value to the one that makes what is stored.

    Raises:
        ConfigurationError: if there is no layer.
    """

    __slots__ = ("_decoders", "_encoders")

    def __init__(self, layers: Iterable[Serializer[Any, Any]]) -> None:
        layers = tuple(layers)
        if not layers:
            msg = "a chain needs at least one layer; NoopSerializer() leaves values as they are"
            raise ConfigurationError(msg)
        self._encoders = tuple(layer.serialize for layer in layers)
        self._decoders = tuple(layer.deserialize for layer in reversed(layers))

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make a chain from a URL such as `pickle+zlib://`; see `cachetory.serializers.from_url`.

        Raises:
            ConfigurationError: if a scheme or parameter is unknown, or a value cannot be used.
            MissingExtraError: if a scheme needs an extra that is not installed.
        """
        return cls(layers_from_url(url))

    def serialize(self, value: ValueT) -> WireT:
        """Hand the value through all layers, from the first to the last."""
        data: Any = value
        for encode in self._encoders:
            data = encode(data)
        return data  # type: ignore[no-any-return]  # the last layer writes the wire

    def deserialize(self, data: WireT) -> ValueT:
        """Hand what was stored back through all layers, from the last to the first."""
        value: Any = data
        for decode in self._decoders:
            value = decode(value)
        return value  # type: ignore[no-any-return]  # the first layer makes the value

"""A serializer for JSON, by the standard library."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from cachetory._core.urls import Parameters
from cachetory.interfaces.serializers import Serializer, ValueT
from cachetory.serializers.undecodable import undecodable

if TYPE_CHECKING:
    from typing_extensions import Self


class JsonSerializer(Serializer[ValueT, bytes], Generic[ValueT]):
    """Store what `json` can write, as ASCII bytes. Scheme: `json://`.

    What comes back is what JSON knows: tuples become lists, and keys become strings. NaN and the
    infinities are written as JavaScript spells them.

    Always the standard library: faster packages disagree with it on NaN, big integers and lone
    surrogates, so that a value could depend on what else is installed where it is read.
    """

    __slots__ = ()

    url_parameters: ClassVar[Parameters] = Parameters({})

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make it from `json://`, which takes no parameters.

        Raises:
            ConfigurationError: if there are parameters.
        """
        return cls(**cls.url_parameters.read(url))

    def serialize(self, value: ValueT) -> bytes:
        """Write the value; one that JSON has no form for raises what `json.dumps` raises."""
        return json.dumps(value).encode("ascii")

    def deserialize(self, data: bytes | str) -> ValueT:
        """Read the value, from a string as well.

        Raises:
            DecodeError: if this is not JSON, or nested too deeply.
        """
        try:
            value: Any = json.loads(data)
        except Exception as error:
            raise undecodable(self, error) from None
        return value  # type: ignore[no-any-return]  # whoever wrote it wrote a ValueT

"""A serializer for MessagePack, by the package `ormsgpack`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic

from cachetory._core.registry import missing_extra
from cachetory._core.urls import Parameters
from cachetory.interfaces.serializers import Serializer, ValueT
from cachetory.serializers.msgpack_claims import ARRAY_32, claims_too_much
from cachetory.serializers.undecodable import undecodable

try:
    import ormsgpack
except ImportError as _missing:
    raise missing_extra(scheme="msgpack", extra="msgpack") from _missing

if TYPE_CHECKING:
    from typing_extensions import Self


def _unpack_warily(data: bytes) -> Any:
    if ARRAY_32 in data and claims_too_much(data):
        msg = "an array claims more items than there are bytes"
        raise ValueError(msg)
    return ormsgpack.unpackb(data)


_version = tuple(int(part) for part in ormsgpack.__version__.split(".") if part.isdecimal())
_unpack = ormsgpack.unpackb if _version >= (1, 13, 1) else _unpack_warily


class MsgPackSerializer(Serializer[ValueT, bytes], Generic[ValueT]):
    """Store what `ormsgpack` can write. Scheme: `msgpack://`; it needs the `msgpack` extra.

    What comes back is what MessagePack knows: tuples become lists, dataclasses become dictionaries,
    and dates, times and UUIDs become strings. Keys are strings, and integers have 64 bits.

    Always `ormsgpack`: other packages write dates and times in their own ways, so that processes
    could not read each other.
    """

    __slots__ = ()

    url_parameters: ClassVar[Parameters] = Parameters({})

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make it from `msgpack://`, which takes no parameters.

        Raises:
            ConfigurationError: if there are parameters.
        """
        return cls(**cls.url_parameters.read(url))

    def serialize(self, value: ValueT) -> bytes:
        """Write the value; one that has no form raises what `ormsgpack.packb` raises."""
        return ormsgpack.packb(value)

    def deserialize(self, data: bytes) -> ValueT:
        """Read the value.

        Raises:
            DecodeError: if this is not MessagePack, or nested too deeply.
        """
        try:
            value: ValueT = _unpack(data)
        except Exception as error:
            raise undecodable(self, error) from None
        return value

"""A serializer for nearly any Python object, by the standard `pickle`."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from cachetory._core.urls import Parameters, integer
from cachetory.interfaces.serializers import Serializer, ValueT
from cachetory.serializers.options import check_integer
from cachetory.serializers.undecodable import undecodable

if TYPE_CHECKING:
    from typing_extensions import Self


class PickleSerializer(Serializer[ValueT, bytes], Generic[ValueT]):
    """Store whatever `pickle` can write. Scheme: `pickle://`, with `pickle-protocol`.

    **Trust.** Reading a pickle may run any code that its writer chose. Use it only with a store
    that nobody else can write to; otherwise prefer `json://` or `msgpack://`, which hold data
    alone. Pickle does not notice flipped bytes either, which may make it return another value or
    ask for gigabytes: `pickle+zlib://` and `pickle+zstd://` notice, by their checksums.

    Args:
        pickle_protocol: From 0 to `pickle.HIGHEST_PROTOCOL`, or -1 for the latter. Choose a lower
            one while older versions of Python read the same store.

    Raises:
        ConfigurationError: for any other protocol.
    """

    __slots__ = ("protocol",)

    url_parameters: ClassVar[Parameters] = Parameters({"pickle-protocol": integer})

    def __init__(self, pickle_protocol: int = pickle.HIGHEST_PROTOCOL) -> None:
        highest = pickle.HIGHEST_PROTOCOL
        protocol = check_integer("pickle_protocol", pickle_protocol, -1, highest)
        self.protocol: int = highest if protocol < 0 else protocol

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make it from a URL such as `pickle://?pickle-protocol=4`.

        Raises:
            ConfigurationError: if a parameter is unknown or its value cannot be used.
        """
        return cls(**cls.url_parameters.read(url))

    def serialize(self, value: ValueT) -> bytes:
        """Pickle the value; what cannot be pickled raises whatever `pickle` raises."""
        return pickle.dumps(value, self.protocol)

    def deserialize(self, data: bytes) -> ValueT:
        """Unpickle the value.

        Raises:
            DecodeError: for whatever exception arises meanwhile.
        """
        try:
            value: Any = pickle.loads(data)  # noqa: S301 (the class tells whom to trust)
        except Exception as error:
            raise undecodable(self, error) from None
        return value  # type: ignore[no-any-return]  # whoever wrote it wrote a ValueT

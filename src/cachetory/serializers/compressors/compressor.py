"""What all compressors share: which values they leave alone, and how far they inflate."""

from __future__ import annotations

from abc import abstractmethod
from io import BytesIO
from typing import TYPE_CHECKING, ClassVar

from cachetory._core.urls import Parameters, integer, optional, size
from cachetory.errors import ConfigurationError, DecodeError
from cachetory.interfaces.serializers import Serializer
from cachetory.serializers.options import check_integer
from cachetory.serializers.undecodable import undecodable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from typing_extensions import Self

MAX_SIZE = 64 << 20
"""The size in bytes beyond which nothing is inflated, unless told otherwise: 64 MiB."""

INFLATE_STEP = 1 << 20
"""How many bytes at most are inflated at a time, while their number is unknown: 1 MiB."""

PARAMETERS: dict[str, Callable[[str], object]] = {
    "compression-level": integer,
    "min-size": size,
    "max-size": optional(size),
}


class Compressor(Serializer[bytes, bytes]):
    """Base of all compressors: bytes in, bytes out.

    With `min_size=0` everything stored is a bare frame of the format. With more, a value shorter
    than that is stored as it is, unless it begins like a frame: then it is compressed all the
    same. So what is read is a frame if it begins like one, and else must be shorter than
    `min_size`, or it is refused. Processes that disagree on `min_size` may miss a value, never
    mistake it.

    Args:
        min_size: Values of fewer bytes are stored as they are.
        max_size: Values of more bytes are not read, so that a few stored bytes cannot inflate to
            fill the memory, nor written, since they could not be read back; `None`: no limit.

    Raises:
        ConfigurationError: if a size is negative.
    """

    __slots__ = ("_max_size", "_min_size")

    url_parameters: ClassVar[Parameters] = Parameters(PARAMETERS)

    def __init__(self, *, min_size: int = 0, max_size: int | None = MAX_SIZE) -> None:
        self._min_size = check_integer("min_size", min_size, 0)
        self._max_size = max_size if max_size is None else check_integer("max_size", max_size, 0)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make it from a URL such as `zlib://?compression-level=9&min-size=1KiB&max-size=none`.

        Raises:
            ConfigurationError: if a parameter is unknown or its value cannot be used.
        """
        return cls(**cls.url_parameters.read(url))

    def serialize(self, value: bytes) -> bytes:
        """Compress the value, unless it is shorter than `min_size`.

        Raises:
            TypeError: if the value is not bytes.
            ConfigurationError: if the value is larger than `max_size`.
        """
        if not isinstance(value, bytes):
            value = self._to_bytes(value)
        if self._max_size is not None and len(value) > self._max_size:
            msg = (
                f"a value of {len(value)} bytes could not be read back with "
                f"max_size={self._max_size}; raise it, or lift it by max_size=None"
            )
            raise ConfigurationError(msg)
        if len(value) < self._min_size and not self._begins_frame(value):
            return value
        return self._compress(value)

    def deserialize(self, data: bytes) -> bytes:
        """Restore the value.

        Raises:
            DecodeError: if this is neither one whole frame nor a value shorter than `min_size`,
                or if it inflates to more than `max_size`.
        """
        try:
            if len(data) < self._min_size and not self._begins_frame(data):
                return bytes(data)
            return self._decompress(data)
        except DecodeError:
            raise
        except Exception as error:
            raise undecodable(self, error) from None

    @abstractmethod
    def _compress(self, value: bytes) -> bytes:
        """Make one frame of the value."""

    @abstractmethod
    def _decompress(self, data: bytes) -> bytes:
        """Restore what one whole frame holds, `max_size` at most."""

    @abstractmethod
    def _begins_frame(self, data: bytes) -> bool:
        """Tell whether bytes begin like a frame, as all that `_compress` makes do."""

    def _to_bytes(self, value: object) -> bytes:
        if isinstance(value, bytearray):
            return bytes(value)
        if isinstance(value, memoryview):
            return value.tobytes()
        msg = (
            f"{type(self).__name__} compresses bytes, not {type(value).__name__}; "
            "put a serializer before it, as in `pickle+zlib://`"
        )
        raise TypeError(msg)


def collect(chunks: Iterable[bytes], max_size: int | None) -> bytes:
    """Join what is inflated step by step, and stop as soon as there is too much of it.

    Raises:
        DecodeError: beyond `max_size` bytes.
    """
    whole = BytesIO()  # it gives its buffer away without a copy
    total = 0
    for chunk in chunks:
        total += len(chunk)
        check_size(total, max_size)
        whole.write(chunk)
    return whole.getvalue()


def not_one_frame() -> DecodeError:
    """Make the error for bytes that end too early, or go on after the end."""
    return DecodeError("the stored bytes are not exactly one compressed frame")


def check_size(total: int, max_size: int | None) -> None:
    """Refuse to go on inflating.

    Raises:
        DecodeError: if the total is more than `max_size` bytes.
    """
    if max_size is not None and total > max_size:
        msg = f"the stored bytes inflate to more than max_size={max_size} bytes"
        raise DecodeError(msg)

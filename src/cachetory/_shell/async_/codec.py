"""Turn values into wire and back, here or in an executor."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Generic

from cachetory._core.sentinels import INLINE
from cachetory._runtime.async_ import offload, offload_all
from cachetory.interfaces.backends.private import WireT
from cachetory.interfaces.serializers import ValueT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from cachetory._core.sentinels import Inline
    from cachetory.interfaces.serializers import Serializer


class Undecoded:
    """What stands in the place of a value that could not be decoded."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


class Codec(Generic[ValueT, WireT]):
    """A serializer, and the place where it does its work."""

    __slots__ = ("_attempt", "_executor", "_serializer")

    def __init__(
        self, serializer: Serializer[ValueT, WireT], executor: Executor | Inline | None
    ) -> None:
        self._serializer = serializer
        self._executor = executor
        self._attempt = partial(_attempt, serializer)

    async def encode(self, value: ValueT) -> WireT:
        """Turn a value into wire."""
        if self._executor is INLINE:
            return self._serializer.serialize(value)
        return await offload(self._executor, self._serializer.serialize, value)

    async def encode_all(self, values: Sequence[ValueT]) -> list[WireT]:
        """Turn values into wire, concurrently in an executor."""
        if self._executor is INLINE:
            return [self._serializer.serialize(value) for value in values]
        return await offload_all(self._executor, self._serializer.serialize, values)

    async def decode(self, wire: WireT) -> ValueT | Undecoded:
        """Turn wire into a value."""
        if self._executor is INLINE:
            return self._attempt(wire)
        try:
            return await offload(self._executor, self._attempt, wire)
        except Exception as error:  # of the executor: it was shut down, say
            return Undecoded(error)

    async def decode_all(self, wires: Sequence[WireT]) -> list[ValueT | Undecoded]:
        """Turn wires into values, concurrently in an executor."""
        if self._executor is INLINE:
            try:
                return list(map(self._serializer.deserialize, wires))
            except Exception:  # one of them at least; the others are not to suffer for it
                return list(map(self._attempt, wires))
        try:
            return await offload_all(self._executor, self._attempt, wires)
        except Exception as error:  # of the executor: it was shut down, say
            return [Undecoded(error)] * len(wires)


def _attempt(serializer: Serializer[ValueT, WireT], wire: WireT) -> ValueT | Undecoded:
    """Decode. A function of a module, so that an executor of processes can be given it."""
    try:
        return serializer.deserialize(wire)
    except Exception as error:  # foreign bytes raise anything, `KeyError` included
        return Undecoded(error)

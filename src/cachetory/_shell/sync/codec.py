# Generated from src/cachetory/_shell/async_/codec.py by tools/unasync.py. Do not edit: edit that file instead.
"""Turn values into wire and back, here or in an executor, with or without an envelope."""

from __future__ import annotations

from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, Generic

from cachetory._core.freshness import Found
from cachetory._core.magic import BUFFERS, is_envelope, is_marked
from cachetory._core.sentinels import INLINE
from cachetory._runtime.sync import offload, offload_all
from cachetory.errors import ConfigurationError
from cachetory.interfaces.backends.private import WireT
from cachetory.interfaces.serializers import ValueT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    from cachetory._core.freshness import Stamp
    from cachetory._core.sentinels import Inline
    from cachetory.interfaces.serializers import Serializer


class Undecoded:
    """What stands in the place of a value that could not be decoded."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


class Codec(Generic[ValueT, WireT]):
    """A serializer, and the place where it does its work.

    Args:
        serializer: the serializer.
        executor: where it works.
        wall_clock: tells epoch seconds, by which entries in envelopes become stale.
        is_strict: whether wire that is in no envelope cannot be decoded.
        expects_envelopes: whether wire that begins like an envelope is one, though it may be
            damaged; else raw bytes may begin alike.
    """

    __slots__ = ("_attempt", "_executor", "_is_enveloped", "_serializer", "wall_clock")

    def __init__(
        self,
        serializer: Serializer[ValueT, WireT],
        executor: Executor | Inline | None,
        wall_clock: Callable[[], float],
        *,
        is_strict: bool,
        expects_envelopes: bool,
    ) -> None:
        self._serializer = serializer
        self._executor = executor
        self._attempt = partial(_attempt, serializer)
        self.wall_clock = wall_clock
        # To take it for an envelope is to refuse what is none.
        self._is_enveloped: Callable[[object], bool] = (
            _always if is_strict else is_marked if expects_envelopes else is_envelope
        )

    def encode(self, value: ValueT) -> WireT:
        """Turn a value into wire."""
        if self._executor is INLINE:
            return self._serializer.serialize(value)
        return offload(self._executor, self._serializer.serialize, value)

    def encode_all(self, values: Sequence[ValueT]) -> list[WireT]:
        """Turn values into wire, concurrently in an executor."""
        if self._executor is INLINE:
            return [self._serializer.serialize(value) for value in values]
        return offload_all(self._executor, self._serializer.serialize, values)

    def decode(self, key: str, wire: WireT) -> ValueT | Found[ValueT] | Undecoded:
        """Turn wire into a value, or into an entry if it is in an envelope."""
        if self._is_enveloped(wire):
            return (self.decode_all([(key, wire)]))[0]
        if self._executor is INLINE:
            return self._attempt(wire)
        try:
            return offload(self._executor, self._attempt, wire)
        except Exception as error:  # of the executor: it was shut down, say
            return Undecoded(error)

    def open(self, key: str, wire: Any) -> Found[Any] | Undecoded | None:
        """Give the entry in an envelope, its value not yet decoded; `None` if it is in none."""
        return _open(key, wire, self.wall_clock()) if self._is_enveloped(wire) else None

    def restamp(
        self, key: str, wire: Any, seconds: float | None, kept_for: float
    ) -> tuple[Any, float | None] | None:
        """Let what is in an envelope be fresh for so long from now; `None` if there is nothing to.

        Gives the new envelope, and for how long it is to be stored.
        """
        found = self.open(key, wire)
        if found is None or isinstance(found, Undecoded) or not found.is_fresh:
            return None
        stamp = found.stamp().renewed(seconds, self.wall_clock(), kept_for)
        return seal(key, found.value, stamp), stamp.stored_for

    def reseal(self, key: str, found: Found[Any], value: ValueT) -> WireT | bytes:
        """Turn a value into wire that takes the place of an entry, with its times."""
        wire = self.encode(value)
        if found.created_at is None and not is_envelope(wire):
            return wire
        left = None if found.left == inf else found.left
        return seal(key, wire, found.stamp().renewed(left, self.wall_clock(), 0.0))

    def decode_all(
        self, wires: Sequence[tuple[str, WireT]]
    ) -> list[ValueT | Found[ValueT] | Undecoded]:
        """Turn wires of keys into values or entries, concurrently in an executor."""
        payloads: list[Any] = [wire for _, wire in wires]
        if not any(map(self._is_enveloped, payloads)):
            return self._decode_payloads(payloads)
        opened: dict[int, Found[Any] | Undecoded] = {}
        payloads = []
        for at, (key, wire) in enumerate(wires):
            payload: Any = wire
            if self._is_enveloped(wire):
                found = opened[at] = _open(key, wire, self.wall_clock())
                if isinstance(found, Undecoded) or found.is_refused:
                    continue
                payload = found.value
            payloads.append(payload)
        values = self._decode_payloads(payloads)
        return _put_back(opened, values, len(wires))

    def _decode_payloads(self, wires: Sequence[WireT]) -> list[Any]:
        if self._executor is INLINE:
            try:
                return list(map(self._serializer.deserialize, wires))
            except Exception:  # one of them at least; the others are not to suffer for it
                return list(map(self._attempt, wires))
        try:
            return offload_all(self._executor, self._attempt, wires)
        except Exception as error:  # of the executor: it was shut down, say
            return [Undecoded(error)] * len(wires)


def _put_back(
    opened: dict[int, Found[Any] | Undecoded], values: list[Any], count: int
) -> list[Any]:
    """Put decoded values into the entries whose payloads they were."""
    rest = iter(values)
    entries: list[Any] = []
    for at in range(count):
        found = opened.get(at)
        if found is None:
            entries.append(next(rest))
        elif isinstance(found, Undecoded) or found.is_refused:
            entries.append(found)
        else:
            value = next(rest)
            found.value = value
            entries.append(value if isinstance(value, Undecoded) else found)
    return entries


def seal(key: str, wire: Any, stamp: Stamp) -> bytes:
    """Put what a serializer made into an envelope.

    Raises:
        ConfigurationError: if it is not bytes, nor a string.
    """
    from cachetory._core import envelope  # noqa: PLC0415 (3 ms, and only policies need it)

    flags = 0
    if stamp.is_negative:
        flags = envelope.REFUSED if stamp.is_refused else envelope.NEGATIVE
    if stamp.is_refused:
        wire = b""
    if isinstance(wire, str):
        flags |= envelope.TEXT
        wire = wire.encode()
    if not isinstance(wire, BUFFERS):
        msg = (
            f"this policy stores values with their times, around bytes, not around a "
            f"{type(wire).__name__}: use a serializer that makes bytes, such as `pickle://` or "
            "`json://`; `noop://` is enough for a memory backend"
        )
        raise ConfigurationError(msg)
    inside = envelope.Envelope(
        flags=flags,
        created_at=stamp.created_at,
        fresh_for=stamp.fresh_for,
        took=stamp.took,
        payload=_bytes(wire),
    )
    return envelope.pack(inside, key)


def _always(_wire: object) -> bool:
    return True


def _bytes(buffer: Any) -> bytes:
    return bytes(buffer)


def _open(key: str, wire: Any, now: float) -> Found[Any] | Undecoded:
    """Take a payload out of its envelope, and tell for how long it is fresh."""
    from cachetory._core import envelope  # noqa: PLC0415 (3 ms, and only policies need it)

    try:
        inside = envelope.unpack(wire, key)
        payload: Any = None
        if not inside.flags & envelope.REFUSED:
            payload = inside.payload.decode() if inside.flags & envelope.TEXT else inside.payload
    except Exception as error:
        return Undecoded(error)
    found: Found[Any] = Found(
        payload,
        created_at=inside.created_at,
        took=inside.took,
        is_negative=bool(inside.flags & (envelope.NEGATIVE | envelope.REFUSED)),
        is_refused=bool(inside.flags & envelope.REFUSED),
    )
    if inside.fresh_for is not None:
        # A clock that is ahead elsewhere does not make it fresh for longer than it was to be.
        over_at = inside.created_at + inside.took + inside.fresh_for
        found.left = min(over_at - now, inside.fresh_for)
    return found


def _attempt(serializer: Serializer[ValueT, WireT], wire: WireT) -> ValueT | Undecoded:
    """Decode. A function of a module, so that an executor of processes can be given it."""
    try:
        return serializer.deserialize(wire)
    except Exception as error:  # foreign bytes raise anything, `KeyError` included
        return Undecoded(error)

"""Type variables of the interfaces: `WireT` is what a backend stores and a serializer writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

WireT = TypeVar("WireT")
WireT_co = TypeVar("WireT_co", covariant=True)
WireT_contra = TypeVar("WireT_contra", contravariant=True)

if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypingTypeVar

    AnyWireT = TypingTypeVar("AnyWireT", default=Any)
    BytesT = TypingTypeVar("BytesT", bound=bytes, default=bytes)
else:  # importing `typing_extensions` would take longer than the rest of the package
    AnyWireT = TypeVar("AnyWireT")
    BytesT = TypeVar("BytesT")

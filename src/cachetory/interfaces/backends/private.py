"""Type variables of the interfaces: `WireT` is what a backend stores and a serializer writes."""

from __future__ import annotations

from typing import TypeVar

WireT = TypeVar("WireT")
WireT_co = TypeVar("WireT_co", covariant=True)
WireT_contra = TypeVar("WireT_contra", contravariant=True)

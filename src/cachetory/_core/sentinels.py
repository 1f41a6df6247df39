"""Marks that no value of a user can be mistaken for."""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal


class Absent(Enum):
    """Why a lookup has no value to give."""

    MISSING = "there is none"
    UNDECODABLE = "the serializer cannot read it"
    UNREACHABLE = "the store failed"


MISSING: Final = Absent.MISSING


class Place(Enum):
    """Where something runs, if not in an executor."""

    INLINE = "where it is called"


Inline = Literal[Place.INLINE]
INLINE: Final = Place.INLINE

"""What belongs to an object itself, not to all objects that are equal to it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Generic, TypeVar
from weakref import ref

T = TypeVar("T")


class OfEach(Generic[T]):
    """One value for each object, for as long as the object lives.

    Objects are distinguished by identity: two proxies of one object are equal to each other, but
    they are two objects. The caller provides the lock.
    """

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: dict[int, tuple[ref[Any], T]] = {}

    def setdefault(self, owner: object, value: T) -> T:
        """Return the value of an object; if it has none, that is `value` from now on.

        An object that allows no weak references keeps none: each call returns its own `value`.
        """
        number = id(owner)
        known = self._values.get(number)
        if known is not None and known[0]() is owner:
            return known[1]
        values = self._values

        def forget(dead: ref[Any]) -> None:
            if number in values and values[number][0] is dead:
                del values[number]

        with suppress(TypeError):  # it has `__slots__` without `__weakref__`
            values[number] = (ref(owner, forget), value)
        return value

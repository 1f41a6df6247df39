"""Read what an instance stores: the contents of its `__dict__` and of its slots.

Everything is read past the class of the instance: neither properties, `__getattr__` and
`__getattribute__` nor a forged `__class__` can hide or invent anything.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import TYPE_CHECKING, Any

from cachetory._core.keys.names import unkeyable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MANAGED = -1  # the offset of a `__dict__` that is not part of the object proper
_ABSENT = object()


def attributes_of(value: object) -> dict[str, Any]:
    """Return the `__dict__` itself of an instance, or an empty one if it has none."""
    cls: Any = type(value)
    getter = _dict_getter_of(cls)
    if getter is not None:
        attributes: dict[str, Any] = getter.__get__(value)
        return attributes
    if cls.__dictoffset__:
        raise unkeyable(value, "its class hides the attributes")
    return {}


@lru_cache(maxsize=1024)
def _dict_getter_of(cls: Any) -> GetSetDescriptorType | None:
    owners: tuple[type, ...] = cls.__mro__
    getters = (vars(owner).get("__dict__") for owner in owners)
    return next((it for it in getters if type(it) is GetSetDescriptorType), None)


@lru_cache(maxsize=1024)
def slots_of(cls: Any, base: Any = object) -> tuple[tuple[str, Any], ...]:
    """Return name and descriptor of the slots that a class and its bases have beyond a base."""
    owners: tuple[type, ...] = cls.__mro__
    members: Iterator[tuple[str, Any]] = (
        member for owner in owners if owner not in base.__mro__ for member in vars(owner).items()
    )
    return tuple((name, it) for name, it in members if type(it) is MemberDescriptorType)


@lru_cache(maxsize=1024)
def descriptors_of(cls: Any, base: Any) -> tuple[str, ...]:
    """Return the names of the attributes that a descriptor written in Python stores."""
    owners: tuple[type, ...] = cls.__mro__
    names = {name for owner in owners if owner not in base.__mro__ for name in vars(owner)}
    return tuple(sorted(name for name in names if _stores(class_attribute(cls, name))))


def _stores(attribute: object) -> bool:
    return type(class_attribute(type(attribute), "__set__")) is FunctionType


def state_of(
    value: object, base: Any, declared: Mapping[str, object], ignored: frozenset[str]
) -> list[tuple[str, int, Any]]:
    """Return name, number and content of what an instance stores beyond a base.

    What is stored under an ignored name is left out, and so is the content of a declared field.

    The number is 0, unless the class has several places of that name: a slot in each of two bases,
    or a slot and a `__dict__`. Results of cached properties are left out.
    """
    cls: Any = type(value)
    places = _places_of(cls, base)
    state: list[tuple[str, int, Any]] = []
    for name, it in attributes_of(value).items():
        if type(name) is not str:
            raise unkeyable(value, "the name of an attribute is not a string")
        if declared.get(name, _ABSENT) is it or name in ignored or _is_computed(cls, name):
            continue
        state.append((name, len(places.get(name, ())), it))
    for name, number, slot in _slots_in(places, ignored):
        try:
            it = slot.__get__(value)
        except AttributeError:
            continue
        if declared.get(name, _ABSENT) is not it:
            state.append((name, number, it))
    return sorted(state, key=lambda entry: entry[:2])


def _slots_in(
    places: dict[str, tuple[Any, ...]], ignored: frozenset[str]
) -> Iterator[tuple[str, int, Any]]:
    for name, slots in places.items():
        if name not in ignored:
            yield from ((name, number, slot) for number, slot in enumerate(slots))


@lru_cache(maxsize=1024)
def _places_of(cls: Any, base: Any) -> dict[str, tuple[Any, ...]]:
    """Return the slots under each name that do not merely remember what was computed."""
    places: dict[str, tuple[Any, ...]] = {}
    computed = _computed_slots(cls)
    for name, slot in reversed(slots_of(cls, base)):
        if name not in computed:
            places[name] = (*places.get(name, ()), slot)
    return places


def refuse_hidden_state(value: object, base: type) -> None:
    """Refuse an instance of a C class that is larger than can be seen from Python.

    One such is `pandas.Timestamp`, a `datetime` with nanoseconds.
    """
    cls: Any = type(value)
    words = len(slots_of(cls, base))
    words += cls.__dictoffset__ not in {0, _MANAGED, base.__dictoffset__}
    words += cls.__weakrefoffset__ > base.__weakrefoffset__
    is_larger = cls.__basicsize__ > base.__basicsize__ + words * tuple.__itemsize__
    if is_larger or hasattr(cls, "n_sequence_fields"):
        raise unkeyable(value, "it may hold more than can be seen from Python")


def class_attribute(cls: type, name: str) -> Any:
    """Return what a class or its bases define under a name, as it is; `None` if nothing."""
    return next((vars(owner)[name] for owner in cls.__mro__ if name in vars(owner)), None)


def _is_computed(cls: type, name: str) -> bool:
    found = class_attribute(cls, name)
    return (type(found) is cached_property and found.attrname == name) or name in _NO_STATE


_HASHES = frozenset({"_attrs_cached_hash"})  # depends on the hash seed of the process
_NO_STATE = _HASHES | {"__orig_class__"}  # the type arguments of a generic class, for readers


@lru_cache(maxsize=1024)
def _computed_slots(cls: Any) -> frozenset[str]:
    """Return the slots in which attrs keeps the results of cached properties."""
    names = set(_HASHES)
    owners: tuple[type, ...] = cls.__mro__
    for owner in owners:
        getter: Any = vars(owner).get("__getattr__")
        code = getattr(getter, "__code__", None)
        if code is not None and code.co_filename.startswith("<attrs generated"):
            computed: tuple[dict[str, Any], ...] = getter.__defaults__ or ({},)
            names.update(computed[0])
    return frozenset(names)

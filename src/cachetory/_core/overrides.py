"""Which operations of an object are those of the library, and which a user has overridden.

A shortcut does in one step what several operations of a class do. It may be taken only while these
operations are the class's own: an operation that a user overrides is the operation that is called.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

clearing: ContextVar[str] = ContextVar("cachetory_clearing", default="")
"""The prefix of a cache that calls an overridden `clear` of its backend, which may call ours."""

LEASES_REPLACE = ("get", "get_many", "set", "set_many")
"""Operations of a backend that its `leases` replace when values are loaded."""

LOCAL_STORE_REPLACES = (*LEASES_REPLACE, "expire_in", "expire_at")
"""Operations of a backend that direct access to its `local_store` replaces."""

CACHE_OPERATIONS = ("get", "get_many", "set", "set_many")
"""Operations of a cache that direct access to its store replaces when values are loaded."""

_REMEMBERED = "_operations_when_made"
"""The attribute of a class that holds what its operations were when the class was made."""

_VERIFIED = "_operations_verified"
"""The attribute of a class that holds implementations known to be the expected ones, for speed."""


def remember_operations(kind: type[Any]) -> None:
    """Remember the public attributes of a class as they are now, before anyone can patch them."""
    operations = {name: value for name, value in vars(kind).items() if not name.startswith("_")}
    setattr(kind, _REMEMBERED, operations)
    setattr(kind, _VERIFIED, {})


def overrides_any(instance: object, operations: tuple[str, ...], owner: type[Any]) -> bool:
    """Return whether an object has another implementation of an operation than `owner` has.

    That is one of a subclass, of a class earlier in the resolution order, one that was patched
    into a class, or one that was assigned to the object itself.

    Args:
        instance: the object.
        operations: the names of the operations.
        owner: the class whose implementations, own or inherited, are the expected ones.
    """
    kind: type[Any] = type(instance)
    if not own_attributes(instance).keys().isdisjoint(operations):
        return True
    verified: dict[Any, list[Any]] | None = vars(kind).get(_VERIFIED)
    implementations = [getattr(kind, name, None) for name in operations]
    if verified is not None and verified.get((operations, owner)) == implementations:
        return False
    for name in operations:
        definer = definer_of(kind, name)
        if definer is None or definer not in owner.__mro__ or _is_patched(definer, name):
            return True
    if verified is not None:
        verified[operations, owner] = implementations
    return False


def shortcut_of(store: object, name: str, replaced: tuple[str, ...]) -> Any:
    """Return a shortcut that the class of a store declares, or `None` if it must not be taken.

    An attribute that a proxy merely passes on from the object inside is not a declaration: that
    shortcut would lead past the operations of the proxy.

    Args:
        store: the store.
        name: the name of the shortcut.
        replaced: the names of the operations that the shortcut replaces.
    """
    kind = type(store)
    owner = definer_of(kind, name)
    if owner is None:
        is_proxy = definer_of(kind, "__getattr__") is not None
        return None if is_proxy else own_attributes(store).get(name)
    if overrides_any(store, replaced, owner):
        return None
    declared: Any = vars(owner)[name]
    is_descriptor = hasattr(declared, "__get__")
    return declared.__get__(store, kind) if is_descriptor else declared


def is_outdone(instance: object, bulk: str, single: str) -> bool:
    """Return whether a user overrides an operation on one key, but not the one on many.

    Then the operation on many keys, which is the library's or that of an object inside, would lead
    past the operation on one.

    Args:
        instance: a backend or a cache.
        bulk: the name of the operation on many keys.
        single: the name of the operation on one key.
    """
    own = own_attributes(instance)
    if bulk in own:
        return False
    if single in own:
        return True
    kind = type(instance)
    of_single, of_bulk = definer_of(kind, single), definer_of(kind, bulk)
    if of_single is None or of_bulk is None:
        return of_single is not None
    if of_single is of_bulk:
        return _is_patched(of_single, single) and not _is_patched(of_bulk, bulk)
    return kind.__mro__.index(of_single) < kind.__mro__.index(of_bulk)


def definer_of(kind: type[Any], name: str) -> type[Any] | None:
    """Return the class, of a class and its bases, that an attribute comes from, if there is one."""
    return next((it for it in kind.__mro__ if name in vars(it)), None)


def own_attributes(instance: object) -> dict[str, object]:
    """Return the attributes assigned to an object, not those of an object that it stands for."""
    if not type(instance).__dictoffset__:  # The class has `__slots__`.
        return {}
    attributes: dict[str, object] = object.__getattribute__(instance, "__dict__")
    return attributes


def _is_patched(definer: type[Any], name: str) -> bool:
    attributes = vars(definer)
    remembered: dict[str, object] | None = attributes.get(_REMEMBERED)
    return remembered is not None and remembered.get(name) is not attributes[name]

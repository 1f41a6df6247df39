"""Decide by a class alone that its instances can never be part of a key."""

from __future__ import annotations

from abc import ABCMeta
from enum import Enum
from typing import Any, Generic

from cachetory._core.keys.fields import declaration_of
from cachetory._core.keys.known_types import known_base_of
from cachetory._core.keys.storage import class_attribute

_PLAIN_METACLASSES = (type, ABCMeta)


def is_never_keyable(cls: Any) -> bool:
    """Return whether no instance of a class, as far as anybody can tell, has an identity.

    Only of a class that holds something and compares by itself is this certain. A class that is
    there to be extended (an abstract one, a protocol, one without a state of its own, one that
    changes its subclasses) may have instances that can be told, and so may one with such a
    subclass.
    """
    if type(cls) not in _PLAIN_METACLASSES or getattr(cls, "__abstractmethods__", None):
        return False
    if getattr(cls, "_is_protocol", False) or not _has_plain_hook(cls):
        return False
    if issubclass(cls, BaseException) or cls.__eq__ is not object.__eq__:
        return False
    if cls.__init__ is object.__init__ and cls.__new__ is object.__new__:
        return False
    return not _may_be_keyable(cls)


def _may_be_keyable(cls: Any) -> bool:
    """Return whether a class or a subclass is one whose instances are told by what they hold."""
    if issubclass(cls, (type, Enum)) or getattr(cls, "__cache_key__", None) is not None:
        return True
    if known_base_of(cls) is not None or declaration_of(cls) is not None:
        return True
    subclasses: list[Any] = type.__subclasses__(cls)
    return any(map(_may_be_keyable, subclasses))


def _has_plain_hook(cls: Any) -> bool:
    hook = class_attribute(cls, "__init_subclass__")
    plain: tuple[Any, ...] = (object, Generic)
    return any(hook is class_attribute(it, "__init_subclass__") for it in plain)

"""The pass over one value: decide which of its parts identify it, and write them."""

from __future__ import annotations

import copyreg
from datetime import tzinfo
from enum import Enum, Flag
from typing import TYPE_CHECKING, Any, cast

from cachetory._core.keys.containers import CONTAINERS
from cachetory._core.keys.fields import Declaration, declaration_of
from cachetory._core.keys.known_types import content_of, known_base_of, own_attributes
from cachetory._core.keys.leaves import LEAVES
from cachetory._core.keys.names import (
    MAX_DEPTH,
    import_name,
    name_text,
    too_deep,
    unkeyable,
)
from cachetory._core.keys.storage import (
    class_attribute,
    descriptors_of,
    refuse_hidden_state,
    state_of,
)
from cachetory.errors import UnkeyableArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_ELEMENTS = 1_000_000
"""The maximum number of elements that all containers of one value hold together."""

_ABSENT = object()


class TextWalk:
    """One pass over a value, bounded in depth and size, so that it always ends."""

    __slots__ = ("_depth", "_is_pickled", "_left")

    def __init__(self) -> None:
        self._depth = 0
        self._left = MAX_ELEMENTS
        self._is_pickled = False  # inside of what an object gives to `pickle`

    def text(self, value: object) -> str:
        leaf = LEAVES.get(type(value))
        if leaf is not None:
            return leaf(value)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise too_deep()
        text = self._composite(value)
        self._depth -= 1
        return text

    def texts(self, values: Iterable[object]) -> list[str]:
        leaf_of_type = LEAVES.get
        texts = [
            leaf(value) if (leaf := leaf_of_type(type(value))) is not None else self.text(value)
            for value in values
        ]
        self._left -= len(texts)
        if self._left < 0:
            msg = f"a value of more than {MAX_ELEMENTS:,} elements is too large for a key"
            raise UnkeyableArgumentError(msg)
        return texts

    def pairs(self, items: Iterable[tuple[object, object]]) -> list[str]:
        flat = iter(self.texts(part for item in items for part in item))
        return [f"{key}={value}" for key, value in zip(flat, flat, strict=True)]

    def _composite(self, value: object) -> str:
        cls = type(value)
        container = CONTAINERS.get(cls)
        if container is not None and not cls.__dictoffset__:
            return container(value, self)
        if getattr(cls, "__cache_key__", None) and class_attribute(cls, "__cache_key__"):
            return f"{import_name(cls)}({self.text(_stand_in(value))})"
        if issubclass(cls, type):
            return f"type({import_name(value)})"
        if issubclass(cls, Enum):
            return self._member(cast("Enum", value))
        return self._instance(value, cls)

    def _member(self, member: Enum) -> str:
        """Write a member as its name; a combination of flags, or a later member, as its value."""
        cls = type(member)
        name, value = cast("tuple[str | None, object]", (member._name_, member._value_))
        if name is not None and cls._member_map_.get(name) is member:
            return f"{import_name(cls)}.{name_text(name)}"
        made_by_name = "" if isinstance(member, Flag) else f",{self.text(name)}"
        return f"{import_name(cls)}({self.text(value)}{made_by_name})"

    def _instance(self, value: object, cls: type) -> str:
        base = known_base_of(cls)
        if base is None and declaration_of(cls) is None:
            if self._is_pickled:
                return self._pickled(value)
            raise _refusal(value)
        if base is tzinfo and _chooses_its_pickle(cls):
            return self._pickled(value)
        parts = [] if base is None else content_of(value, base, self)
        if base is not None and base is not cls:
            refuse_hidden_state(value, base)
        named = list(_named_parts(value, base))
        if base is cls and not named:
            return parts[0] if parts else f"{import_name(cls)}()"
        texts = self.texts(it for _, it in named)
        parts += (f"{name}={text}" for (name, _), text in zip(named, texts, strict=True))
        return f"{import_name(cls)}({','.join(parts)})"

    def _pickled(self, value: object) -> str:
        """Write an object as the state from which `pickle` would restore it."""
        make, args, state, items, pairs = _pickle_state(value)
        was_pickled, self._is_pickled = self._is_pickled, True
        text = self.text((args, state, list(items or ()), list(pairs or ())))
        self._is_pickled = was_pickled
        return f"pickle({import_name(make)},{text})"


def _pickle_state(value: object) -> tuple[Any, ...]:
    """Return callable, arguments, state, items and pairs, as `__reduce_ex__` describes them."""
    reduce = copyreg.dispatch_table.get(type(value))
    try:
        made_of: Any = value.__reduce_ex__(2) if reduce is None else reduce(value)
    except Exception:
        raise unkeyable(value, "it cannot be pickled") from None
    if type(made_of) is not tuple:
        raise unkeyable(value, "it is pickled by name")
    parts: list[Any] = [*made_of, None, None, None]
    return tuple(parts[:5])


def _stand_in(value: object) -> object:
    make: Any = getattr(type(value), "__cache_key__")  # noqa: B009  # of its own class, never faked
    if not callable(make):
        raise unkeyable(value, "its `__cache_key__` is not a method")
    return make(value)


def _chooses_its_pickle(cls: Any) -> bool:
    is_default = cls.__reduce__ is tzinfo.__reduce__ and cls.__reduce_ex__ is object.__reduce_ex__
    return not is_default or cls in copyreg.dispatch_table


def _named_parts(value: object, base: type | None) -> Iterator[tuple[str, object]]:
    """Yield name and content of what an instance declares and stores beyond a known base.

    Descriptors are read like fields, since they may store the value outside of the instance.
    """
    cls: Any = type(value)
    declaration = declaration_of(cls) or Declaration((), frozenset())
    left_out = own_attributes(base) | declaration.ignored
    described = (it for it in descriptors_of(cls, base or object) if it not in left_out)
    names = dict.fromkeys((*declaration.compared, *described))
    read = ((name, getattr(value, name, _ABSENT)) for name in names)
    declared = {name: it for name, it in read if it is not _ABSENT}
    yield from ((name_text(name), it) for name, it in declared.items())
    for name, number, it in state_of(value, base or object, declared, left_out):
        stored_as = f"@{number}" if number or name in declared else ""
        yield f"{name_text(name)}{stored_as}", it


def _refusal(value: object) -> UnkeyableArgumentError:
    cls = type(value)
    if any(class_attribute(cls, it) is not None for it in ("__array__", "__dataframe__")):
        return unkeyable(value, "the content of arrays and data frames takes no part in keys")
    return unkeyable(value)

"""Classes that declare the fields of their instances: dataclasses, attrs, msgspec and pydantic."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from cachetory._core.keys.storage import class_attribute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Declaration(NamedTuple):
    """The fields that a class declares."""

    compared: tuple[str, ...]
    """Fields that take part in the key, in the order of their declaration."""

    ignored: frozenset[str]
    """Fields that the generated `__eq__` does not look at."""


@lru_cache(maxsize=1024)
def declaration_of(cls: Any) -> Declaration | None:
    """Return the fields that a class declares, or `None` if it declares none.

    A field that is declared as not compared is ignored only if `__eq__` is the generated one. A
    handwritten `__eq__` may look at it, and objects compared by identity may differ by it.
    """
    for marker, fields_of in _DECLARATIONS.items():
        if class_attribute(cls, marker) is None:
            continue
        fields = dict(fields_of(cls))
        compared = tuple(name for name, is_compared in fields.items() if is_compared)
        if not _compares_only(cls, compared):
            return Declaration(tuple(fields), frozenset())
        return Declaration(compared, frozenset(fields).difference(compared))
    return None


def _compares_only(cls: type, names: tuple[str, ...]) -> bool:
    code = getattr(class_attribute(cls, "__eq__"), "__code__", None)
    if code is None:
        return False
    read = set(code.co_names) - {"__class__", "NotImplemented", *(f"_{it}_key" for it in names)}
    return not code.co_freevars and read == set(names)


def _dataclass_fields(cls: Any) -> Iterator[tuple[str, bool]]:
    from dataclasses import fields  # noqa: PLC0415  # who has a dataclass has paid for it

    return ((field.name, field.compare) for field in fields(cls))


def _attrs_fields(cls: Any) -> Iterator[tuple[str, bool]]:
    return ((attribute.name, bool(attribute.eq)) for attribute in cls.__attrs_attrs__)


def _struct_fields(cls: Any) -> Iterator[tuple[str, bool]]:
    return ((name, True) for name in cls.__struct_fields__)


def _pydantic_fields(cls: Any) -> Iterator[tuple[str, bool]]:
    # The names of the fields that were set count too: `model_dump(exclude_unset=True)` reads them.
    return ((name, True) for name in (*cls.__pydantic_fields__, *_PYDANTIC_SLOTS))


_PYDANTIC_SLOTS = ("__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")


_DECLARATIONS: dict[str, Callable[[Any], Iterator[tuple[str, bool]]]] = {
    "__dataclass_fields__": _dataclass_fields,
    "__attrs_attrs__": _attrs_fields,
    "__struct_fields__": _struct_fields,
    "__pydantic_fields__": _pydantic_fields,
}

"""NumPy scalars: told by data type and value. NumPy is never imported, only found."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from cachetory._core.keys.names import int_text, name_text, unkeyable

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory._core.keys.names import Walk

_DOUBLE = 8  # bytes


def numpy_leaf(cls: type) -> Callable[[Any], str] | None:
    """Return the function for a scalar type of NumPy that holds no other values."""
    return scalar_text if _is_scalar_type(cls) and not is_numpy_record_type(cls) else None


def is_numpy_record_type(cls: type) -> bool:
    """Return whether a class is `numpy.void` or `numpy.record`, whose values may have fields."""
    return _is_scalar_type(cls) and issubclass(cls, _numpy().void)


def is_array(value: object) -> bool:
    """Return whether a value is an array of NumPy."""
    array = getattr(_numpy(), "ndarray", None)
    return array is not None and issubclass(type(value), array)


def scalar_text(value: Any) -> str:
    """Return data type and value of a scalar, exactly: `numpy:float32(0.5)`."""
    dtype = _dtype_of(value)
    if dtype.kind == "U":
        return f"numpy:str({str.__repr__(value)})"
    if dtype.kind == "S":
        return f"numpy:bytes({bytes.__repr__(value)})"
    write = _CONTENTS.get(dtype.kind)
    if write is None:
        raise unkeyable(value, "its data type is unknown")
    return f"numpy:{dtype.name}({write(_plain(value, dtype))})"


def record_text(value: Any, walk: Walk) -> str:
    """Return data type and value of a `numpy.void`: its fields, or its bytes if it has none."""
    dtype = _dtype_of(value)
    plain = _plain(value, dtype)
    if dtype.names is None:
        return f"numpy:void({plain.tobytes()!r})"
    fields: list[object] = []
    for name in dtype.names:
        field = plain[name]
        fields.append(list(field.flat) if is_array(field) else field)
    return f"numpy:void({_dtype_text(dtype)},{','.join(walk.texts(fields))})"


def _is_scalar_type(cls: type) -> bool:
    if cls.__module__ != "numpy":
        return False
    generic = getattr(_numpy(), "generic", None)
    if generic is None or not issubclass(cls, generic):
        return False
    return getattr(_numpy(), cls.__name__, None) is cls


def _numpy() -> Any:
    return sys.modules.get("numpy")


def _dtype_of(value: Any) -> Any:
    return _numpy().generic.dtype.__get__(value)


def _plain(value: Any, dtype: Any) -> Any:
    """Return the scalar as an instance of the type of NumPy, if it is one of a subclass."""
    return value if type(value) is dtype.type else _numpy().generic.astype(value, dtype)


def _dtype_text(dtype: Any) -> str:
    """Return all that tells two data types apart: byte order, unit, shape, fields, offsets."""
    if dtype.subdtype is not None:
        inner, shape = dtype.subdtype
        return f"{_dtype_text(inner)}{shape!r}"
    if dtype.names is None:
        return f"{dtype.str}"
    fields = (
        f"{name_text(name)}={_dtype_text(dtype.fields[name][0])}@{dtype.fields[name][1]}"
        for name in dtype.names
    )
    return f"{{{dtype.itemsize}:{','.join(fields)}}}"


def _float(value: Any) -> str:
    if value.dtype.itemsize <= _DOUBLE or not _numpy().isfinite(value):
        return float.__repr__(float(value))
    numerator, denominator = value.as_integer_ratio()
    sign = "-" if not numerator and _numpy().signbit(value) else ""
    return f"{sign}{int_text(numerator)}/{int_text(denominator)}"


_CONTENTS: dict[str, Callable[[Any], str]] = {
    "b": lambda value: repr(bool(value)),
    "i": lambda value: int_text(int(value)),
    "u": lambda value: int_text(int(value)),
    "f": _float,
    "c": lambda value: f"{_float(value.real)},{_float(value.imag)}",
    "m": lambda value: int_text(int(value.view("int64"))),
    "M": lambda value: int_text(int(value.view("int64"))),
}

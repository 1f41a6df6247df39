"""Leaves: the built-in and well-known types whose values hold no other values.

Each function reads the value by the methods of the known type, or from the storage of that type.
What a subclass overrides cannot change its result.
"""

from __future__ import annotations

from datetime import date, timedelta, timezone
from functools import lru_cache
from types import EllipsisType, FunctionType, NoneType
from typing import TYPE_CHECKING, Any

from cachetory._core.keys.names import int_text, is_importable, unkeyable
from cachetory._core.keys.numpy_scalars import numpy_leaf
from cachetory._core.keys.storage import attributes_of, slots_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Leaf = Callable[[Any], str]


def _timedelta(value: timedelta) -> str:
    parts = (timedelta.days, timedelta.seconds, timedelta.microseconds)
    return f"timedelta({','.join(str(part.__get__(value)) for part in parts)})"


def _complex(value: complex) -> str:
    real, imag = complex.real.__get__(value), complex.imag.__get__(value)
    return f"complex({real!r},{imag!r})"


def _bytearray(value: bytearray) -> str:
    content = bytes(bytearray.__getitem__(value, slice(None)))
    return f"bytearray({content!r})"


def _range(value: range) -> str:
    return f"range({int_text(value.start)},{int_text(value.stop)},{int_text(value.step)})"


def _date(value: date) -> str:
    return f"date({date.isoformat(value)})"


def _timezone(value: timezone) -> str:
    return f"timezone({_timedelta(value.utcoffset(None))},{value.tzname(None)!r})"


LEAVES: dict[type, Leaf] = {
    NoneType: repr,
    EllipsisType: repr,
    bool: repr,
    int: int_text,
    float: float.__repr__,
    complex: _complex,
    str: str.__repr__,
    bytes: bytes.__repr__,
    bytearray: _bytearray,
    range: _range,
    date: _date,
    timedelta: _timedelta,
    timezone: _timezone,
}
"""The leaf types whose instances have no attributes. Others join when their first value is seen."""


@lru_cache(maxsize=1024)
def leaf_of(cls: type) -> Leaf | None:
    """Return the function for a leaf type, `None` for any other class."""
    if cls in LEAVES:
        return LEAVES[cls]
    make = _BY_NAME.get(f"{cls.__module__}:{cls.__qualname__}")
    is_known = make is not None and is_importable(cls)
    leaf = make(cls) if make is not None and is_known else numpy_leaf(cls)
    if leaf is not None and not cls.__dictoffset__:
        LEAVES[cls] = leaf
    return leaf


# Types that are entered by name, since importing their modules takes time: a program that has such
# a value has imported the module already.


def _decimal(cls: Any) -> Leaf:
    def text(value: Any) -> str:
        # Not its `str`, which depends on the decimal context of the thread.
        sign, digits, exponent = cls.as_tuple(as_base(value, cls))
        return f"Decimal({'-' if sign else ''}{''.join(map(str, digits))}e{exponent})"

    return text


def _fraction(cls: type) -> Leaf:
    def text(value: Any) -> str:
        plain = as_base(value, cls)
        return f"Fraction({int_text(int(plain.numerator))},{int_text(int(plain.denominator))})"

    return text


def _uuid(cls: Any) -> Leaf:
    # `is_safe` is left out: it tells how a UUID was made, and equality ignores it.
    return lambda value: f"UUID({(value if type(value) is cls else as_base(value, cls)).hex})"


def _pattern(cls: type) -> Leaf:
    return lambda value: f"Pattern({value.pattern!r},{value.flags})"


def _zone_info(cls: Any) -> Leaf:
    def text(value: Any) -> str:
        plain = as_base(value, cls)
        try:
            key = cls.__reduce__(plain)[1][0]
        except Exception:
            raise unkeyable(value, "it was read from a file") from None
        return f"ZoneInfo({str.__repr__(key)})"

    return text


def _quoted(cls: Any) -> Leaf:
    name = cls.__name__
    return lambda value: f"{name}({str(value if type(value) is cls else as_base(value, cls))!r})"


def _core_url(cls: Any) -> Leaf:
    return lambda value: f"{cls.__name__}({cls.__str__(value)!r})"


_PATHS = (
    "PurePath",
    "Path",
    "PurePosixPath",
    "PureWindowsPath",
    "PosixPath",
    "WindowsPath",
)
_BY_NAME: dict[str, Callable[[Any], Leaf]] = {
    "decimal:Decimal": _decimal,
    "_pydecimal:Decimal": _decimal,
    "fractions:Fraction": _fraction,
    "uuid:UUID": _uuid,
    "re:Pattern": _pattern,
    "zoneinfo:ZoneInfo": _zone_info,
    "zoneinfo._zoneinfo:ZoneInfo": _zone_info,
    **{f"{module}:{it}": _quoted for module in ("pathlib", "pathlib._local") for it in _PATHS},
    **{
        f"ipaddress:IPv{version}{kind}": _quoted
        for version in (4, 6)
        for kind in ("Address", "Network", "Interface")
    },
    **{f"pydantic_core._pydantic_core:{it}": _core_url for it in ("Url", "MultiHostUrl")},
}


def as_base(value: Any, base: Any) -> Any:
    """Return an instance of exactly the base class, with the storage that the value has of it."""
    if type(value) is base or not _is_python_class(base):
        return value  # the methods of a C class read the storage themselves
    slots = dict(slots_of(base))
    names = slots.keys() & {"_raw_paths"} or slots.keys() - _COMPUTED
    plain = object.__new__(base)
    for name in names:
        try:
            slots[name].__set__(plain, slots[name].__get__(value))
        except AttributeError:
            continue
    if base.__dictoffset__:
        attributes_of(plain).update(attributes_of(value))
    return plain


_COMPUTED = {"_str", "_hash", "_pparts", "_cached_cparts"}  # of paths, on Python 3.10 and 3.11


@lru_cache(maxsize=64)
def _is_python_class(cls: type) -> bool:
    members = (it for owner in cls.__mro__ for it in vars(owner).values())
    return any(type(it) is FunctionType for it in members)

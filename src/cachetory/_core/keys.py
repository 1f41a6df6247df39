"""The canonical text of one argument value: equal for equal type and value, and only then.

The text reads much like Python: `5`, `'5'`, `b'5'`, `(1,[2])`, `{'a'=1}`, `app.models:Point(x=1)`.
What is quoted is quoted by `repr`, so nothing inside a string passes for structure, and the text
is printable whatever the string holds. A `:` only ever stands inside the name of a class, hence
the `=` in dicts. Sets and dicts are sorted by text, so that neither the order of insertion nor the
hash seed shows.

Nothing is ever guessed: a value whose identity cannot be told by its content is refused.
"""

from __future__ import annotations

import sys
from collections import OrderedDict, defaultdict, deque
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from enum import Enum
from functools import lru_cache
from types import EllipsisType, MemberDescriptorType, NoneType
from typing import TYPE_CHECKING, Any, cast

from cachetory.errors import UnkeyableArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    _Leaf = Callable[[Any], str]
    _Container = Callable[[Any, "_Walk"], str]

REPR_TYPES = frozenset({NoneType, bool, int, float, str, bytes})
"""Types whose `repr` is their text (of an `int`, up to some 300 digits)."""

MAX_DEPTH = 100
"""How many containers may be nested in one another."""

MAX_ELEMENTS = 1_000_000
"""How many elements all containers of one value may hold together."""

_ABSENT = object()
_MANAGED = -1  # the offset of a `__dict__` that is not part of the object proper
_LONG_INT = 1024  # bits: beyond, decimal digits take quadratic time, and Python refuses thousands


def encode(value: object) -> str:
    """Return the canonical text of a value: printable, and the same in every process.

    Values of different types never share a text, be they equal or not: `1`, `True`, `1.0` and
    `"1"` have four. All NaNs are one; `0.0` and `-0.0` are two. A class of one's own takes part as
    an enum, a named tuple, a dataclass, an attrs, msgspec or pydantic class (all told by the fields
    that they compare), as a subclass of a built-in type, or by a method `__cache_key__(self)` that
    returns another value to stand for it.

    Raises:
        UnkeyableArgumentError: for a value whose identity cannot be told by its content; for one
            that contains itself, is nested too deeply, or is too large. The message never shows
            the value.
    """
    leaf = _LEAVES.get(type(value))
    if leaf is not None:
        return leaf(value)
    try:
        return _Walk().text(value)
    except RecursionError:
        raise _too_deep() from None


def name_text(name: str) -> str:
    """Return a dotted name as it is, or quoted if something in it could pass for structure."""
    bare = name.replace("<locals>", "_").replace("<lambda>", "_").replace(".", "_")
    return name if bare.isidentifier() else repr(name)


def a_or_an(noun: str) -> str:
    """Put the article before a noun, for messages."""
    return f"{'an' if noun[:1] in 'aeiouAEIOU' else 'a'} {noun}"


class _Walk:
    """One pass over a value, bounded in depth and size, so that it always ends."""

    __slots__ = ("_depth", "_left")

    def __init__(self) -> None:
        self._depth = 0
        self._left = MAX_ELEMENTS

    def text(self, value: object) -> str:
        leaf = _LEAVES.get(type(value))
        if leaf is not None:
            return leaf(value)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _too_deep()
        text = self._composite(value)
        self._depth -= 1
        return text

    def texts(self, values: Iterable[object]) -> list[str]:
        leaf_of = _LEAVES.get
        texts = [
            leaf(value) if (leaf := leaf_of(type(value))) is not None else self.text(value)
            for value in values
        ]
        self._left -= len(texts)
        if self._left < 0:
            msg = f"a value of more than {MAX_ELEMENTS:,} elements is too large to tell it by them"
            raise UnkeyableArgumentError(msg)
        return texts

    def pairs(self, items: Iterable[tuple[object, object]]) -> list[str]:
        flat = iter(self.texts(part for item in items for part in item))
        return [f"{key}={value}" for key, value in zip(flat, flat, strict=True)]

    def _composite(self, value: object) -> str:
        cls = type(value)
        container = _CONTAINERS.get(cls)
        if container is not None:
            return container(value, self)
        stand_in = getattr(cls, "__cache_key__", None)
        if stand_in is not None:
            return f"{_claimed_name(cls)}({self.text(stand_in(value))})"
        if issubclass(cls, type):
            return f"type({_class_name(value)})"
        if issubclass(cls, Enum):
            return _member_text(cast("Enum", value))
        return self._instance(value, cls)

    def _instance(self, value: object, cls: type) -> str:
        base = _base_of(cls)
        if base is cls:
            return _LEAVES[cls](value)
        fields = _declared_fields(value)
        if base is None and fields is None:
            return _zone_text(value)
        if base is not None:
            _refuse_hidden_state(value, base)
        payload = [] if base is None else [self._payload(value, base)]
        attributes = _attributes(value, base) if fields is None else fields
        parts = payload + [f"{name_text(name)}={self.text(it)}" for name, it in attributes.items()]
        return f"{_class_name(cls)}({','.join(parts)})"

    def _payload(self, value: object, base: type) -> str:
        leaf = _LEAVES.get(base)
        return leaf(value) if leaf is not None else _CONTAINERS[base](value, self)


# Leaves: values that hold no other values. All go through the methods of the built-in type, so
# that what a subclass overrides cannot falsify them.


def _int(value: int) -> str:
    return int.__repr__(value) if int.bit_length(value) < _LONG_INT else hex(value)


def _complex(value: complex) -> str:
    return f"complex({value.real!r},{value.imag!r})"


def _range(value: range) -> str:
    return f"range({_int(value.start)},{_int(value.stop)},{_int(value.step)})"


def _date(value: date) -> str:
    return f"date({date.isoformat(value)})"


def _datetime(value: datetime) -> str:
    return f"datetime({datetime.isoformat(value)}{_fold_and_zone(value)})"


def _time(value: time) -> str:
    return f"time({time.isoformat(value)}{_fold_and_zone(value)})"


def _fold_and_zone(value: datetime | time) -> str:
    zone = "" if value.tzinfo is None else f",{encode(value.tzinfo)}"
    return f",fold{zone}" if value.fold else zone


def _timedelta(value: timedelta) -> str:
    return f"timedelta({value.days},{value.seconds},{value.microseconds})"


def _timezone(value: timezone) -> str:
    return f"timezone({_timedelta(value.utcoffset(None))},{value.tzname(None)!r})"


def _zone_info(value: Any) -> str:
    if value.key is None:
        raise _unkeyable(value, "it was read from a file")
    return f"ZoneInfo({str.__repr__(value.key)})"


def _decimal(value: Any) -> str:
    # Not its `str`, which depends on the decimal context of the thread.
    sign, digits, exponent = value.as_tuple()
    return f"Decimal({'-' if sign else ''}{''.join(map(str, digits))}e{exponent})"


def _fraction(value: Any) -> str:
    return f"Fraction({_int(value.numerator)},{_int(value.denominator)})"


def _uuid(value: Any) -> str:
    return f"UUID({value.hex})"


def _pattern(value: Any) -> str:
    return f"Pattern({value.pattern!r},{value.flags})"


def _quoted(name: str) -> _Leaf:
    return lambda value: f"{name}({str(value)!r})"


_LEAVES: dict[type, _Leaf] = {
    NoneType: repr,
    EllipsisType: repr,
    bool: repr,
    int: _int,
    float: float.__repr__,
    complex: _complex,
    str: str.__repr__,
    bytes: bytes.__repr__,
    bytearray: lambda value: f"bytearray({bytes(value)!r})",
    range: _range,
    date: _date,
    datetime: _datetime,
    time: _time,
    timedelta: _timedelta,
    timezone: _timezone,
}

# Types of modules that are dear to import: who has such a value has paid for it already.
_LEAVES_BY_NAME: dict[str, _Leaf] = {
    "decimal:Decimal": _decimal,
    "_pydecimal:Decimal": _decimal,
    "fractions:Fraction": _fraction,
    "uuid:UUID": _uuid,
    "re:Pattern": _pattern,
    "zoneinfo:ZoneInfo": _zone_info,
    "zoneinfo._zoneinfo:ZoneInfo": _zone_info,
    **{
        f"{module}:{name}": _quoted(name)
        for module in ("pathlib", "pathlib._local")
        for name in (
            "PurePath",
            "Path",
            "PurePosixPath",
            "PureWindowsPath",
            "PosixPath",
            "WindowsPath",
        )
    },
    **{
        f"ipaddress:{name}": _quoted(name)
        for version in (4, 6)
        for name in (f"IPv{version}Address", f"IPv{version}Network", f"IPv{version}Interface")
    },
}


@lru_cache(maxsize=1024)
def _base_of(cls: type) -> type | None:
    """Return the built-in type that a class is or extends, if it does."""
    return next(filter(_is_built_in, cls.__mro__), None)


def _is_built_in(cls: type) -> bool:
    if cls in _LEAVES or cls in _CONTAINERS:
        return True
    leaf = _LEAVES_BY_NAME.get(f"{cls.__module__}:{cls.__qualname__}")
    if leaf is None:
        return False
    _LEAVES[cls] = leaf
    return True


# Containers: values that hold others.


def _ordered(base: Any, opening: str, closing: str) -> _Container:
    return lambda value, walk: f"{opening}{','.join(walk.texts(base.__iter__(value)))}{closing}"


def _unordered(base: Any, opening: str, closing: str) -> _Container:
    return lambda value, walk: (
        f"{opening}{','.join(sorted(walk.texts(base.__iter__(value))))}{closing}"
    )


def _dict(value: Any, walk: _Walk) -> str:
    base: Any = dict
    return f"{{{','.join(sorted(walk.pairs(base.items(value))))}}}"


def _ordered_dict(value: Any, walk: _Walk) -> str:
    base: Any = OrderedDict
    return f"OrderedDict({','.join(walk.pairs(base.items(value)))})"


def _defaultdict(value: Any, walk: _Walk) -> str:
    return f"defaultdict({walk.text(value.default_factory)},{_dict(value, walk)})"


def _deque(value: Any, walk: _Walk) -> str:
    base: Any = deque
    return f"deque({value.maxlen},{','.join(walk.texts(base.__iter__(value)))})"


def _slice(value: Any, walk: _Walk) -> str:
    return f"slice({','.join(walk.texts((value.start, value.stop, value.step)))})"


_CONTAINERS: dict[type, _Container] = {
    tuple: _ordered(tuple, "(", ")"),
    list: _ordered(list, "[", "]"),
    set: _unordered(set, "set{", "}"),
    frozenset: _unordered(frozenset, "frozenset{", "}"),
    dict: _dict,
    OrderedDict: _ordered_dict,
    defaultdict: _defaultdict,
    deque: _deque,
    slice: _slice,
}


# Classes of others.


def _class_name(cls: Any) -> str:
    """Name a class by the place where it is found, and only if it is really found there."""
    module, qualname = cls.__module__, cls.__qualname__
    found: Any = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    if found is not cls:
        msg = (
            f"the class {cls.__name__} has no stable identity, "
            f"since it cannot be imported as `{module}:{qualname}`"
        )
        raise UnkeyableArgumentError(msg)
    return _claimed_name(cls)


def _claimed_name(cls: Any) -> str:
    return f"{name_text(cls.__module__)}:{name_text(cls.__qualname__)}"


def _member_text(member: Enum) -> str:
    """Tell an enum member by its name, a combination of flags by its number."""
    cls = type(member)
    if member._name_ in cls.__members__:
        return f"{_class_name(cls)}.{name_text(member._name_)}"
    return f"{_class_name(cls)}({encode(member._value_)})"


def _zone_text(value: object) -> str:
    """Tell a time zone of another library by its own `repr`; refuse anything else."""
    cls = type(value)
    if not issubclass(cls, tzinfo) or cls.__repr__ is object.__repr__:
        raise _unkeyable(value)
    text = repr(value)
    if " at 0x" in text:
        raise _unkeyable(value)
    return f"tzinfo({name_text(cls.__module__)},{text!r})"


def _declared_fields(value: object) -> dict[str, object] | None:
    """Return the fields by which an instance is compared, or `None` if its class declares none."""
    cls: Any = type(value)
    declared = _declaration_of(cls)
    if declared is None:
        return None
    compared, others, is_inherited = declared
    fields = _present(value, compared)
    if is_inherited:  # the class adds no declaration, but may well add attributes
        more = _attributes(value, None)
        fields.update((name, it) for name, it in more.items() if name not in others)
    return fields


@lru_cache(maxsize=1024)
def _declaration_of(cls: Any) -> tuple[tuple[str, ...], frozenset[str], bool] | None:
    """Return the names of the fields compared, of the others, and whether all are inherited."""
    for marker, names_of in _DECLARATIONS.items():
        if hasattr(cls, marker):
            names = dict(names_of(cls))
            compared = tuple(name for name, is_compared in names.items() if is_compared)
            return compared, frozenset(names).difference(compared), marker not in cls.__dict__
    return None


def _dataclass_fields(cls: Any) -> Iterator[tuple[str, bool]]:
    from dataclasses import fields  # noqa: PLC0415  # who has a dataclass has paid for it

    return ((field.name, field.compare) for field in fields(cls))


def _attrs_fields(cls: Any) -> Iterator[tuple[str, bool]]:
    return ((attribute.name, bool(attribute.eq)) for attribute in cls.__attrs_attrs__)


def _struct_fields(cls: Any) -> Iterator[tuple[str, bool]]:
    return ((name, True) for name in cls.__struct_fields__)


def _pydantic_fields(cls: Any) -> Iterator[tuple[str, bool]]:
    names = (*cls.__pydantic_fields__, "__pydantic_extra__", "__pydantic_private__")
    return ((name, True) for name in names)


_DECLARATIONS: dict[str, Callable[[Any], Iterator[tuple[str, bool]]]] = {
    "__dataclass_fields__": _dataclass_fields,
    "__attrs_attrs__": _attrs_fields,
    "__struct_fields__": _struct_fields,
    "__pydantic_fields__": _pydantic_fields,
}


def _attributes(value: object, base: type | None) -> dict[str, object]:
    """Return what an instance holds beyond its built-in base, apart from cached properties."""
    cls = type(value)
    names = [
        name
        for name in getattr(value, "__dict__", ())
        if not hasattr(getattr(cls, name, None), "__get__")
    ]
    for owner in cls.__mro__:
        if owner is base:
            break
        slots = (name for name, it in vars(owner).items() if type(it) is MemberDescriptorType)
        names.extend(slots)
    return _present(value, sorted(names))


def _present(value: object, names: Iterable[str]) -> dict[str, object]:
    return {name: it for name in names if (it := getattr(value, name, _ABSENT)) is not _ABSENT}


def _refuse_hidden_state(value: object, base: type) -> None:
    """Refuse what was derived from a built-in in C and is larger than can be seen from Python.

    One such is `pandas.Timestamp`, a `datetime` with nanoseconds.
    """
    cls = type(value)
    derived = cls.__mro__[: cls.__mro__.index(base)]
    words = sum(
        type(it) is MemberDescriptorType for owner in derived for it in vars(owner).values()
    )
    words += cls.__dictoffset__ not in {0, _MANAGED, base.__dictoffset__}
    words += cls.__weakrefoffset__ > base.__weakrefoffset__
    is_larger = cls.__basicsize__ > base.__basicsize__ + words * tuple.__itemsize__
    if is_larger or hasattr(cls, "n_sequence_fields"):
        raise _unkeyable(value, "it may hold more than can be seen from Python")


def _unkeyable(value: object, why: str = "") -> UnkeyableArgumentError:
    reason = f": {why}" if why else ""
    name = a_or_an(type(value).__name__)
    return UnkeyableArgumentError(f"{name} object has no stable identity{reason}")


def _too_deep() -> UnkeyableArgumentError:
    return UnkeyableArgumentError(
        f"a value that contains itself or is nested more than {MAX_DEPTH} levels deep "
        "has no stable identity"
    )

"""Classes whose instances differ in places where a key could overlook it."""

from __future__ import annotations

import re
import uuid
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import Enum, Flag, IntEnum
from fractions import Fraction
from functools import cache, cached_property
from importlib import import_module
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo


class Stored:
    """A data descriptor that keeps its value in `__dict__` under its own name."""

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner=None):
        return self if instance is None else instance.__dict__[self.name]

    def __set__(self, instance, value):
        instance.__dict__[self.name] = value


def constant(value):
    return property(lambda self: value)


def extending(base, *overridden, **namespace):
    """Return a subclass with a `note` behind a property, in which all that tells is overridden."""

    def __init__(self, *args, note=None):  # noqa: N807
        try:
            base.__init__(self, *args)
        except TypeError:
            base.__init__(self)
        self.__dict__["note"] = note

    def __new__(cls, *args, note=None):  # noqa: N807
        return base.__new__(cls, *args)

    fakes = {"__repr__": lambda self: "same", "__str__": lambda self: "same"}
    fakes |= {name: constant(0) for name in overridden}
    name = f"Own{base.__name__}"
    body = {"__init__": __init__, "note": constant("none"), "__module__": __name__, **fakes}
    if base.__new__ is not object.__new__:
        body["__new__"] = __new__
    cls = type(name, (base,), body | namespace)
    globals()[name] = cls
    return cls


OWN = [
    (extending(int, "real", "numerator"), [(1,), (2,)]),
    (extending(float, "real"), [(1.0,), (2.0,)]),
    (extending(complex, "real", "imag"), [(1j,), (2 + 1j,)]),
    (extending(str), [("a",), ("b",)]),
    (extending(bytes), [(b"a",), (b"b",)]),
    (extending(bytearray, __bytes__=lambda self: b""), [(b"a",), (b"b",)]),
    (extending(tuple, __iter__=lambda self: iter(())), [((1,),), ((2,),)]),
    (extending(list, __iter__=lambda self: iter(())), [([1],), ([2],)]),
    (extending(set, __iter__=lambda self: iter(())), [({1},), ({2},)]),
    (extending(frozenset, __iter__=lambda self: iter(())), [({1},), ({2},)]),
    (extending(dict, items=lambda self: ()), [({1: 1},), ({1: 2},)]),
    (extending(OrderedDict, items=lambda self: ()), [({1: 1},), ({1: 2},)]),
    (extending(Counter, items=lambda self: ()), [({1: 1},), ({1: 2},)]),
    (extending(defaultdict, "default_factory"), [(int, {1: 1}), (list, {1: 1}), (int,)]),
    (extending(deque, "maxlen"), [([1],), ([1], 1), ([1], 2), ([2],)]),
    (extending(date, "year", isoformat=lambda self: ""), [(2026, 1, 1), (2026, 1, 2)]),
    (
        extending(datetime, "year", "tzinfo", "fold", isoformat=lambda self: ""),
        [(2026, 1, 1), (2026, 1, 2), (2026, 1, 1, 0, 0, 0, 0, ZoneInfo("UTC"))],
    ),
    (extending(time, "hour", "tzinfo", "fold", isoformat=lambda self: ""), [(1,), (2,)]),
    (extending(timedelta, "days", "seconds", "microseconds"), [(1,), (2,)]),
    (
        extending(Decimal, "real", as_tuple=lambda self: (0, (0,), 0)),
        [("1",), ("1.0",), ("2",), ("NaN",)],
    ),
    (extending(Fraction, "numerator", "denominator"), [(1, 2), (1, 3)]),
    (extending(uuid.UUID, "hex", "bytes"), [("0" * 32,), ("1" * 32,)]),
    (
        extending(PurePosixPath, "drive", "root", "parts", __fspath__=lambda self: ""),
        [("a",), ("b",), ("/a",), ("a", "b")],
    ),
    (extending(IPv4Address, "packed", "compressed"), [("10.0.0.1",), ("10.0.0.2",)]),
    (extending(IPv6Address, "scope_id", "compressed"), [("fe80::1",), ("fe80::1%a",)]),
    (extending(IPv4Interface, "packed"), [("10.0.0.1/8",), ("10.0.0.1/9",), ("10.0.0.2/8",)]),
    (
        extending(IPv4Network, "prefixlen", "with_prefixlen"),
        [("10.0.0.0/8",), ("10.0.0.0/9",), ("10.0.0.0/32",), ("10.0.0.0/31",)],
    ),
]
"""Subclasses of known types, and the arguments of instances that differ."""


class Money(int):
    """An amount whose currency stands in `__dict__` under the name of a descriptor."""

    currency = Stored()

    def __new__(cls, amount, currency):
        money = super().__new__(cls, amount)
        money.currency = currency
        return money


class Outside:
    """A descriptor that stores values outside of the instances."""

    def __init__(self):
        self.values = {}

    def __get__(self, instance, owner=None):
        return self if instance is None else self.values[id(instance)]

    def __set__(self, instance, value):
        self.values[id(instance)] = value


class Weight(int):
    unit = Outside()

    def __new__(cls, amount, unit):
        weight = super().__new__(cls, amount)
        weight.unit = unit
        return weight


class Slotted(str):
    __slots__ = ("__secret", "shown")

    def __new__(cls, text, secret=None, shown=None):
        it = super().__new__(cls, text)
        it.__secret = secret
        it.shown = shown
        return it


class SlottedBase:
    __slots__ = ("__x", "x")

    def __init__(self, base_x, base_private):
        SlottedBase.__dict__["x"].__set__(self, base_x)
        self.__x = base_private


@dataclass
class SlottedTwice(SlottedBase):
    """Has slots of one name in two classes, and a property over the third."""

    __slots__ = ("__x", "x", "y")

    def __init__(self, y, x, private, base_x, base_private):
        super().__init__(base_x, base_private)
        SlottedTwice.__dict__["y"].__set__(self, y)
        SlottedTwice.__dict__["x"].__set__(self, x)
        self.__x = private


class Shadowed(SlottedTwice):
    __slots__ = ()
    x = constant(0)
    y = constant(0)


@dataclass
class Point:
    x: Any
    y: Any = field(default=None, compare=False)


class NotedPoint(Point):
    note = Stored()

    def __init__(self, x, note):
        super().__init__(x)
        self.note = note


@dataclass(init=False)
class NotedAgain(Point):
    def __init__(self, x, note):
        super().__init__(x)
        self.note = note


class FalsePoint(Point):
    @property
    def x(self):
        return 0

    @x.setter
    def x(self, value):
        self.__dict__["x"] = value


@dataclass(eq=False)
class ByIdentity:
    x: Any
    y: Any = field(default=None, compare=False)


@dataclass
class ByHand:
    x: Any
    y: Any = field(default=None, compare=False)

    def __eq__(self, other):
        return (self.x, self.y) == (other.x, other.y)

    __hash__ = None


class ByHandInherited(Point):
    def __eq__(self, other):
        return self.x == other.x and self.y == other.y

    __hash__ = None


@dataclass(frozen=True)
class Computed:
    x: Any

    @cached_property
    def double(self):
        return [self.x] * 2


class Pair(NamedTuple):
    a: Any
    b: Any


class NotedPair(Pair):
    def __new__(cls, a, b, note):
        it = super().__new__(cls, a, b)
        it.note = note
        return it


class Colour(Enum):
    RED = 1
    BLUE = 2

    def __init__(self, number):
        self.number = number


class Paint(Enum):
    RED = 1


class Level(IntEnum):
    LOW = 1
    UNKNOWN = 0

    @classmethod
    def _missing_(cls, value):
        level = int.__new__(cls, value)
        level._name_ = "UNKNOWN"
        level._value_ = value
        return level


class Open(Enum):
    KNOWN = "known"

    @classmethod
    def _missing_(cls, value):
        it = object.__new__(cls)
        it._name_, it._value_ = "KNOWN", value
        return it


class Word(str, Enum):
    A = "a"


class Permission(Flag):
    READ = 1
    WRITE = 2


class OffsetZone(tzinfo):
    """A time zone whose `repr` tells nothing."""

    def __init__(self, hours=0, name=None):
        self.hours = hours
        self.name = name

    def utcoffset(self, moment):
        return timedelta(hours=self.hours)

    def tzname(self, moment):
        return self.name

    def dst(self, moment):
        return None

    def __repr__(self):
        return "OffsetZone()"


class SlottedZone(OffsetZone):
    __slots__ = ("city",)

    def __init__(self, hours=0, name=None, city=None):
        super().__init__(hours, name)
        self.city = city


class Ruled:
    """Part of a time zone; nothing by itself."""

    def __init__(self, hours):
        self.hours = hours


class PickledZone(tzinfo):
    def __init__(self, hours=0):
        self.rule = Ruled(hours)

    def __reduce__(self):
        return PickledZone, (), {"rule": self.rule}

    def utcoffset(self, moment):
        return timedelta(hours=self.rule.hours)


class OwnZoneInfo(ZoneInfo):
    key = constant("Europe/London")

    def __new__(cls, key, note=None):
        zone = super().__new__(cls, key)
        zone.__dict__["note"] = note
        return zone


def attributed(value, **attributes):
    for name, it in attributes.items():
        setattr(value, name, it)
    return value


_NOTES = (None, 1, True, 1.0, "1")

DIFFERENT: list[Any] = [
    *(cls(*args, note=note) for cls, many in OWN for args in many for note in _NOTES),
    *(Money(5, currency) for currency in ("EUR", "USD", None)),
    *(Weight(5, unit) for unit in ("kg", "lb")),
    *(Slotted("a"), Slotted("a", 1), Slotted("a", None, 1), Slotted("b")),
    *(SlottedTwice(*(int(at == it) for at in range(5))) for it in range(5)),
    *(Shadowed(*(int(at == it) for at in range(5))) for it in range(5)),
    *(Point(1), Point(2), NotedPoint(1, 1), NotedPoint(1, 2), FalsePoint(1), FalsePoint(2)),
    *(NotedAgain(1, 1), NotedAgain(1, 2), attributed(Point(1), note=1)),
    *(ByIdentity(1), ByIdentity(1, 1), ByHand(1), ByHand(1, 1)),
    *(ByHandInherited(1), ByHandInherited(1, 1), Computed(1), Computed(2)),
    *(Pair(1, 2), NotedPair(1, 2, 1), NotedPair(1, 2, 2)),
    *(Colour.RED, Colour.BLUE, Paint.RED, Level.LOW, Level.UNKNOWN, Level(7), Level(8)),
    *(Open.KNOWN, Open("a"), Open("b"), Word.A, "a", 1, Permission.READ, Permission(3)),
    *(OffsetZone(), OffsetZone(1), OffsetZone(1, "a"), SlottedZone(), SlottedZone(city="a")),
    *(PickledZone(), PickledZone(1), ZoneInfo("UTC"), ZoneInfo("Europe/London")),
    *(OwnZoneInfo("UTC"), OwnZoneInfo("Europe/Paris")),
    *(datetime(2026, 1, 1, tzinfo=zone) for zone in (OffsetZone(0), OffsetZone(0, "a"))),
    *(IPv6Address("fe80::1"), IPv6Address("fe80::1%a"), IPv6Address("fe80::1%b")),
    *(OrderedDict(a=1), attributed(OrderedDict(a=1), note=1), attributed(OrderedDict(a=1), note=2)),
    *(IPv4Network("10.0.0.0/8"), attributed(IPv4Network("10.0.0.0/8"), note=1)),
    *(re.compile("a"), re.compile("a", re.ASCII), re.compile(b"a")),
    *(0, False, 0.0, -0.0, Decimal(0), Decimal("-0"), Fraction(0), 0j, -0j, complex(-0.0, 0)),
]
"""Values of which no two may share a key."""


@cache
def third_party() -> tuple[Any, ...]:
    """Return values of other libraries of which no two may share a key; of those installed."""
    return (*_numpy(), *_attrs(), *_pydantic(), *_msgspec())


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None


def _numpy() -> list[Any]:
    np = _module("numpy")
    if np is None:
        return []
    wide = np.longdouble(1) / 3
    record = np.dtype([("a", "<i4"), ("b", "f8", (2,)), ("t", "M8[s]")])
    aligned = np.dtype([("a", "<i4"), ("b", "f8", (2,)), ("t", "M8[s]")], align=True)
    swapped = np.dtype([("a", ">i4"), ("b", "f8", (2,)), ("t", "M8[s]")])

    class OwnFloat(np.float64):
        def __new__(cls, value, unit):
            it = super().__new__(cls, value)
            it.unit = unit
            return it

    OwnFloat.__qualname__ = "OwnFloat"
    globals()["OwnFloat"] = OwnFloat
    integers = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
    return [
        *(getattr(np, name)(value) for name in integers for value in (0, 1)),
        *(np.float16(0.1), np.float32(0.1), np.float64(0.1), np.longdouble(0.1)),
        *(cls(value) for cls in (np.float16, np.float64, np.longdouble) for value in (0.0, -0.0)),
        *(cls(value) for cls in (np.float32, np.longdouble) for value in ("nan", "inf", "-inf")),
        *(wide, wide + np.finfo(np.longdouble).eps, np.clongdouble(wide), np.complex64(1j)),
        *(
            np.complex128(1j),
            np.complex128(-0.0),
            np.complex128(0),
            np.bool_(True),
            np.bool_(False),
        ),
        *(np.str_("a"), np.str_("a\0"), np.bytes_(b"a"), np.bytes_(b"b")),
        *(np.datetime64(0, unit) for unit in ("s", "ms", "ns", "25s", "D")),
        *(np.datetime64(1, "s"), np.datetime64("NaT", "s"), np.datetime64("NaT", "ms")),
        *(np.timedelta64(0, "s"), np.timedelta64(1, "s"), np.timedelta64("NaT", "s")),
        *(np.void(b"abc"), np.void(b"abd")),
        *(np.array([(1, (2, 3), "2026")], it)[0] for it in (record, aligned, swapped)),
        *(np.array([(1, (2, 4), "2026")], record)[0], np.array([(1, (2, 3), "2027")], record)[0]),
        *(OwnFloat(1.0, "m"), OwnFloat(1.0, "ft"), OwnFloat(2.0, "m")),
    ]


def _attrs() -> list[Any]:
    attrs = _module("attrs")
    if attrs is None:
        return []

    def made(name, bases=(object,), body=None, **options):
        fields = {"x": attrs.field(default=0), "y": attrs.field(default=0, eq=False)}
        cls = attrs.make_class(name, {} if bases != (object,) else fields, bases, body, **options)
        cls.__module__ = __name__
        globals()[name] = cls
        return cls

    plain = made("AttrsPlain")
    open_class = made("AttrsOpen", slots=False)
    identity = made("AttrsIdentity", eq=False)
    child = made("AttrsChild", (plain,), slots=False)
    keyed = attrs.make_class("AttrsKeyed", {"x": attrs.field(eq=str.lower)})
    keyed.__module__ = __name__
    globals()["AttrsKeyed"] = keyed
    return [
        *(plain(1), plain(2), open_class(1), attributed(open_class(1), note=1)),
        *(identity(1), identity(1, 1), child(1), attributed(child(1), note=1), keyed("a")),
        keyed("b"),
    ]


def _pydantic() -> list[Any]:
    pydantic = _module("pydantic")
    if pydantic is None:
        return []
    global Model, Secretive, OwnSecret  # noqa: PLW0603

    class Model(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(extra="allow")
        x: Any = 0
        hidden: Any = pydantic.Field(default=0, exclude=True, repr=False)
        _private: Any = pydantic.PrivateAttr(default=0)

    class Secretive(pydantic.BaseModel):
        password: pydantic.SecretStr
        url: pydantic.HttpUrl = None

    class OwnSecret(pydantic.SecretStr):
        def get_secret_value(self):
            return "same"

    for cls in (Model, Secretive, OwnSecret):
        cls.__qualname__ = cls.__name__
    return [
        *(Model(), Model(x=0), Model(x=1), Model(x=0, z=1), Model(x=0, hidden=1)),
        *(attributed(Model(x=0), _private=1), Secretive(password="a"), Secretive(password="b")),
        *(Secretive(password="a", url=f"http://a.b/{path}") for path in "cd"),
        *(pydantic.SecretStr("a"), pydantic.SecretStr("b"), pydantic.SecretBytes(b"a")),
        *(pydantic.Secret("a"), pydantic.Secret(date(2026, 1, 1)), OwnSecret("a"), OwnSecret("b")),
        *(
            pydantic.HttpUrl("http://a.b"),
            pydantic.AnyUrl("http://a.b"),
            pydantic.HttpUrl("http://b"),
        ),
        pydantic.PostgresDsn("postgres://a@b/c"),
        pydantic.PostgresDsn("postgres://a@b/d"),
    ]


def _msgspec() -> list[Any]:
    msgspec = _module("msgspec")
    if msgspec is None:
        return []
    struct = msgspec.defstruct("Struct", ["x", "y"], module=__name__)
    loose = msgspec.defstruct("LooseStruct", ["x"], module=__name__, dict=True, eq=False)
    globals().update(Struct=struct, LooseStruct=loose)
    return [
        *(struct(1, 2), struct(2, 1), struct(1, None)),
        *(loose(1), loose(2), attributed(loose(1), note=1), attributed(loose(1), note=2)),
    ]

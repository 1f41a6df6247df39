"""One text for one type and value: never two for the same, never one for two."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import uuid
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass, field, fields, make_dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal, localcontext
from enum import Enum, Flag, IntEnum
from fractions import Fraction
from functools import cached_property
from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from random import Random
from typing import NamedTuple
from zoneinfo import TZPATH, ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cachetory._core.keys import MAX_DEPTH, encode, name_text
from cachetory.errors import UnkeyableArgumentError

EXAMPLES = int(os.environ.get("CACHETORY_EXAMPLES", "200"))
"""How many examples each property tries; set the variable for a long run."""

UTC = timezone.utc
LONDON = ZoneInfo("Europe/London")
NAN = float("nan")


class Colour(Enum):
    RED = 1
    ROUGE = 1  # noqa: PIE796  # an alias
    BLUE = 2


class Level(IntEnum):
    ONE = 1


class Permission(Flag):
    READ = 1
    WRITE = 2


SPACED = Enum("SPACED", {"a b": 1, "a": 2})


@dataclass
class Point:
    x: object
    y: object = None


@dataclass
class OtherPoint:
    x: object
    y: object = None


@dataclass(frozen=True)
class Repository:
    table: str
    connection: object = field(default=None, compare=False)

    @cached_property
    def size(self):
        return 1


class BigRepository(Repository):
    """Declares nothing itself, but holds more than what it inherits."""

    def __init__(self, table, limit):
        super().__init__(table, object())
        object.__setattr__(self, "limit", limit)


@dataclass
class Row(dict):
    number: int = 0


class Pair(NamedTuple):
    a: object
    b: object


class OtherPair(NamedTuple):
    a: object
    b: object


class Name(str):
    __slots__ = ("_note",)


class Nickname(str):  # noqa: SLOT000
    """Has a `__dict__`."""

    @cached_property
    def initial(self):
        return self[0]


class Falsified(str):
    __slots__ = ()

    def __repr__(self):
        return "'always the same'"


class Numbers(list):
    def __iter__(self):
        return iter(())


class Sorted(OrderedDict):
    pass


class OwnPath(type(Path())):
    pass


class Money(Decimal):
    pass


class Moment(datetime):
    pass


class Keyed:
    def __init__(self, key):
        self.key = key

    def __cache_key__(self):
        return self.key


class OtherKeyed(Keyed):
    pass


class Endless:
    def __cache_key__(self):
        return self


class SelfExplained(tzinfo):
    def utcoffset(self, _moment):
        return timedelta(hours=1)

    def __repr__(self):
        return "SelfExplained()"


class Unexplained(SelfExplained):
    __repr__ = object.__repr__


class LocalToOne(tzinfo):
    """Has a state without identity."""

    def __init__(self):
        self.state = object()

    def utcoffset(self, _moment):
        return timedelta(hours=1)


def noted(note, cls=Name):
    name = cls("a")
    name._note = note
    return name


class Stranger:
    pass


def local_class():
    @dataclass(frozen=True)
    class Local:
        x: int = 0

    return Local


DIFFERENT = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        0.0,
        -0.0,
        1.0,
        NAN,
        float("inf"),
        -float("inf"),
        0j,
        1j,
        1 + 1j,
    ),
    *("", "1", "None", "True", "nan", "a", "a:", "'", '"', "\\", "\\x20", " ", "\n", "\\n", "é"),
    *("e\u0301", "\ud800", "\\ud800", "\x00", "(1)", "1,2", Name("a"), Falsified("1")),
    *(Falsified("2"), Nickname("a"), noted(1), noted(2), noted(1, Nickname)),
    *(b"", b"1", b"a", bytearray(b""), bytearray(b"a"), ..., 10**400, 10**400 + 1, -(10**400)),
    *((), (1,), ((1,),), ((),), [], [1], [[1]], (1, 2), (2, 1), (12,), ("1,2",), ("a:", "b")),
    *(("a", ":b"), ("a", "b"), ("a,b",), ("a','b",), (1, (2,)), ((1, 2),), ((1,), 2), [1, 2]),
    *(Numbers([1]), Numbers([2]), set(), {1}, {1.0}, {"1"}, {1, 2}, {(1, 2)}, frozenset()),
    *(frozenset({1}), frozenset({1, 2}), {frozenset({1})}, {frozenset({frozenset({1})})}),
    *({}, {1: 2}, {2: 1}, {"1": 2}, {1: {2: 3}}, {1: 2, 3: 4}, {1: 4, 3: 2}, {None: None}),
    *({"a": 1}, {"a=1": 1}, {"a": "1"}, OrderedDict(), OrderedDict(a=1), Sorted(a=1)),
    *(OrderedDict(a=1, b=2), OrderedDict(b=2, a=1), Counter("a"), Counter("ab")),
    *(defaultdict(None, a=1), defaultdict(int, a=1), defaultdict(list, a=1)),
    *(deque([1]), deque([1], 1), deque([1], 2), deque([1, 2]), range(3), range(0, 3, 2), range(4)),
    *(range(0, 4, 2), slice(1), slice(1, 2), slice(0, 1), slice("1"), [None, 1, None]),
    *(Colour.RED, Colour.BLUE, Level.ONE, Permission.READ, Permission.WRITE, Permission(0)),
    *(Permission.READ | Permission.WRITE, SPACED["a b"], SPACED["a"], Colour, Level, int, str),
    *(Point(1), Point(1, 2), Point(2, 1), Point("1"), Point(Point(1)), OtherPoint(1), Point),
    *(Repository("a"), Repository("b"), BigRepository("a", 1), BigRepository("a", 2)),
    *(Row(1), Row(2), Pair(1, 2), Pair(2, 1), OtherPair(1, 2)),
    *(Keyed(1), Keyed("1"), OtherKeyed(1), Keyed((1,)), Keyed(Keyed(1))),
    *(date(2026, 1, 1), date(2026, 1, 2), datetime(2026, 1, 1), Moment(2026, 1, 1)),  # noqa: DTZ001
    *(datetime(2026, 1, 1, microsecond=1), datetime(2026, 1, 1, tzinfo=UTC)),  # noqa: DTZ001
    *(
        datetime(2026, 1, 1, tzinfo=LONDON),
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(0), "Z")),
    ),
    *(datetime(2026, 10, 25, 1, 30, tzinfo=LONDON, fold=fold) for fold in (0, 1)),
    *(datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC")), datetime(2026, 1, 1, tzinfo=SelfExplained())),
    *(time(1), time(1, 0, 1), time(1, tzinfo=UTC), time(1, tzinfo=LONDON), time(1, fold=1)),
    *(timedelta(1), timedelta(0, 1), timedelta(0, 0, 1), timedelta(-1), UTC, LONDON),
    *(
        timezone(timedelta(hours=1)),
        timezone(timedelta(hours=1), "CET"),
        SelfExplained(),
        Unexplained(),
    ),
    *(Decimal(1), Decimal("1.0"), Decimal("-0"), Decimal(0), Decimal("1E+1"), Decimal(10)),
    *(Decimal("NaN"), Decimal("sNaN"), Decimal("NaN1"), Decimal("Infinity"), Money(1)),
    *(Fraction(1), Fraction(1, 2), Fraction(-1, 2), uuid.UUID(int=1), uuid.UUID(int=2)),
    *(Path("a"), Path("a/b"), Path("a b"), Path(), OwnPath("a"), PurePosixPath("a")),
    *(PureWindowsPath("a"), re.compile("a"), re.compile("b"), re.compile("a", re.IGNORECASE)),
    *(re.compile(b"a"), ip_address("::1"), ip_address("127.0.0.1"), ip_network("127.0.0.1")),
    *(ip_interface("127.0.0.1"), ip_address("::2")),
]

SAME = [
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ({"ab", "c", "d"}, {"d", "c", "ab"}),
    (NAN, -float("nan")),
    (NAN, struct.unpack(">d", b"\x7f\xf8\0\0\0\0\0\x01")[0]),
    (Colour.RED, Colour.ROUGE),
    (Repository("a", 1), Repository("a", 2)),
    (Path("a/b"), Path("a//b/.")),
    (Fraction(1, 2), Fraction(2, 4)),
    (PurePath("a"), PurePosixPath("a") if os.name == "posix" else PureWindowsPath("a")),
    (Keyed({"a", "b"}), Keyed({"b", "a"})),
    ("e" + "\u0301", "e\u0301"),
]

UNKEYABLE = [
    object(),
    Stranger(),
    lambda: None,
    local_class,
    print,
    [].append,
    iter([]),
    (_ for _ in ()),
    memoryview(b"a"),
    sys,
    ValueError("a"),
    type("Dynamic", (), {}),
    type("Dynamic", (str,), {})("a"),
    make_dataclass("Made", ["x"])(1),
    namedtuple("Untraceable", "a")(1),  # noqa: PYI024
    local_class(),
    local_class()(),
    Endless(),
    LocalToOne(),
    datetime(2026, 1, 1, tzinfo=LocalToOne()),
    datetime(2026, 1, 1, tzinfo=tzinfo()),
    defaultdict(lambda: 1),
    Path().stat(),
    Keyed(object()),
]


@pytest.fixture(params=[lambda it: [it], lambda it: {1: it}, Point, lambda it: (1, it)])
def nest(request):
    return request.param


def test_encode_of_different_values_never_gives_one_text():
    texts = Counter(map(encode, DIFFERENT))

    assert [text for text, count in texts.items() if count > 1] == []
    assert len(texts) == len(DIFFERENT)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_encode_of_the_same_value_gives_one_text(one, other):
    assert encode(one) == encode(other)


@pytest.mark.parametrize("value", DIFFERENT, ids=lambda it: repr(it).partition(" at 0x")[0])
def test_encode_of_any_value_is_printable(value):
    text = encode(value)

    assert text.isprintable()
    assert text.encode()


@pytest.mark.parametrize("value", UNKEYABLE, ids=lambda it: type(it).__name__)
def test_encode_without_identity_refuses(value):
    with pytest.raises(UnkeyableArgumentError, match="no stable identity"):
        encode(value)


@pytest.mark.parametrize("value", [object(), lambda: None], ids=["object", "function"])
def test_encode_without_identity_deep_inside_refuses(nest, value):
    with pytest.raises(
        UnkeyableArgumentError, match=f" {type(value).__name__} object has no stable"
    ):
        encode(nest(nest(value)))


def test_encode_refusing_never_shows_the_value():
    with pytest.raises(UnkeyableArgumentError) as caught:
        encode(["password", ValueError("password")])

    assert "password" not in str(caught.value)


def test_encode_of_a_value_that_contains_itself_refuses(nest):
    value = []
    value.append(nest(value))

    with pytest.raises(UnkeyableArgumentError, match="contains itself"):
        encode(value)


def test_encode_at_the_limit_of_nesting_works_and_beyond_refuses():
    value = ()
    for _ in range(MAX_DEPTH - 1):
        value = (value,)

    assert encode(value) == "(" * MAX_DEPTH + ")" * MAX_DEPTH
    with pytest.raises(UnkeyableArgumentError, match="nested more than"):
        encode((value,))


def test_encode_near_the_end_of_the_stack_refuses_instead_of_overflowing():
    def descend():
        try:
            descend()
        except RecursionError:
            encode([[[[[[[[[[[[1]]]]]]]]]]]])

    with pytest.raises(UnkeyableArgumentError, match="nested"):
        descend()


def test_encode_of_lists_that_share_lists_ends():
    value = []
    for _ in range(MAX_DEPTH // 2):
        value = [value] * 32

    with pytest.raises(UnkeyableArgumentError, match="too large"):
        encode(value)


def test_encode_of_a_decimal_ignores_the_context_of_the_thread():
    with localcontext() as context:
        context.capitals = 0
        text = encode(Decimal("1E+10"))

    assert text == encode(Decimal("1E+10"))


def test_encode_of_a_cached_property_ignores_whether_it_was_computed():
    fresh, used = BigRepository("a", 1), BigRepository("a", 1)
    nickname = Nickname("a")
    text = encode(nickname)

    assert used.size == 1
    assert nickname.initial == "a"
    assert encode(used) == encode(fresh)
    assert encode(nickname) == text


def test_encode_of_an_object_without_one_of_its_fields_differs():
    whole, part = Point(None, 1), Point(None, 1)
    del part.x

    assert encode(whole) != encode(part)


def test_encode_of_a_class_that_claims_the_place_of_another_refuses():
    impostor = type("Point", (), {"__module__": __name__})

    with pytest.raises(UnkeyableArgumentError, match="cannot be imported as"):
        encode(impostor)


def test_encode_of_a_zone_read_from_a_file_refuses():
    files = [Path(folder) / "Europe" / "London" for folder in TZPATH]
    path = next((path for path in files if path.is_file()), None)
    if path is None:
        pytest.skip("no time zone database on this machine")
    with path.open("rb") as file:
        zone = ZoneInfo.from_file(file)

    with pytest.raises(UnkeyableArgumentError, match="read from a file"):
        encode(zone)


def test_encode_of_an_attrs_object_tells_by_compared_fields():
    attrs = pytest.importorskip("attrs")
    cls = attrs.make_class("AttrsPoint", {"x": attrs.field(), "y": attrs.field(eq=False)})
    cls.__module__ = __name__
    globals()["AttrsPoint"] = cls

    assert encode(cls(1, 2)) == encode(cls(1, 3))
    assert encode(cls(1, 2)) != encode(cls(2, 2))


def test_encode_of_a_msgspec_object_tells_by_fields():
    msgspec = pytest.importorskip("msgspec")
    cls = msgspec.defstruct("StructPoint", ["x", "y"], module=__name__)
    globals()["StructPoint"] = cls

    assert encode(cls(1, 2)) == encode(cls(1, 2))
    assert encode(cls(1, 2)) != encode(cls(2, 1))


def test_encode_of_a_pydantic_object_tells_by_fields_and_extras():
    pydantic = pytest.importorskip("pydantic")
    config = pydantic.ConfigDict(extra="allow")
    cls = pydantic.create_model("ModelPoint", x=(int, ...), __config__=config, __module__=__name__)
    globals()["ModelPoint"] = cls

    assert encode(cls(x=1, y=2)) == encode(cls(y=2, x=1))
    assert len({encode(cls(x=1)), encode(cls(x=2)), encode(cls(x=1, y=2))}) == 3


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.b", "a.b"),
        ("make.<locals>.<lambda>", "make.<locals>.<lambda>"),
        ("é", "é"),
        ("a b", "'a b'"),
        ("a:b", "'a:b'"),
        ("", "''"),
        ("\ud800", r"'\ud800'"),
    ],
)
def test_name_text_quotes_what_is_no_name(name, text):
    assert name_text(name) == text


ACROSS_PROCESSES = """
from collections import Counter
from pathlib import PurePosixPath
from uuid import UUID
from cachetory._core.keys import encode
values = [
    {"a", "bc", "def", 1, None, (1, "a")}, {"a": {"x", "y", "z"}, "b": {}, None: 1},
    frozenset({frozenset({"a", "b"}), "c"}), UUID(int=7), PurePosixPath("a"), Counter("abcab"),
    "é\\ud800", 0.1, [dict, {"k": {"a", "b"}}],
]
print(ascii([encode(value) for value in values]))
"""


def test_encode_in_processes_with_other_hash_seeds_gives_the_same_text():
    outputs = {
        subprocess.run(
            [sys.executable, "-c", ACROSS_PROCESSES],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }

    assert len(outputs) == 1
    assert b"frozenset{'c',frozenset{'a','b'}}" in outputs.pop()


# What equal means, written without a look at the texts.


def meaning(value):  # noqa: PLR0911  # a table of types
    """Return something hashable that is equal exactly if type and value are."""
    cls = type(value)
    if cls is float:
        return cls, "nan" if value != value else struct.pack(">d", value)  # noqa: PLR0124
    if cls is complex:
        return cls, meaning(value.real), meaning(value.imag)
    if cls in {tuple, list, Pair}:
        return cls, tuple(map(meaning, value))
    if cls in {set, frozenset}:
        return cls, frozenset(Counter(map(meaning, value)).items())
    if cls is dict:
        pairs = ((meaning(key), meaning(it)) for key, it in value.items())
        return cls, frozenset(Counter(pairs).items())
    if cls in {Point, OtherPoint}:
        return cls, tuple(meaning(getattr(value, it.name)) for it in fields(value))
    if cls is bytearray:
        return cls, bytes(value)
    if cls is Decimal:
        return cls, str(value)
    if isinstance(value, datetime):
        return cls, value.isoformat(), value.fold, str(value.tzinfo)
    return cls, value


def rebuilt(value):
    """Return the same value, made of other objects in another order."""
    cls = type(value)
    if cls in {set, frozenset}:
        return cls(rebuilt(it) for it in reversed(list(value)))
    if cls is dict:
        return {rebuilt(key): rebuilt(it) for key, it in reversed(list(value.items()))}
    if cls in {list, tuple}:
        return cls(rebuilt(it) for it in value)
    if cls is str:
        return "".join(list(value))
    return value


STRUCTURE = "'\"\\,:=()[]{}@#~*. \n\ud8001a\xe9"

atoms = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.integers(),
    st.floats(),
    st.sampled_from([0.0, -0.0, 1.0, NAN]),
    st.text(STRUCTURE, max_size=5),
    st.text(max_size=5),
    st.binary(max_size=3),
    st.sampled_from([*Colour, *Permission, Level.ONE, int, Point, ...]),
    st.decimals().filter(lambda it: not it.is_snan()),
    st.datetimes(timezones=st.none() | st.sampled_from([UTC, LONDON])),
    st.timedeltas(),
    st.uuids(),
)
hashables = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple),
        st.frozensets(inner, max_size=3),
        st.tuples(inner, inner).map(lambda it: Pair(*it)),
    ),
    max_leaves=4,
)
values = st.recursive(
    hashables | st.binary(max_size=2).map(bytearray),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.sets(hashables, max_size=3),
        st.dictionaries(hashables, inner, max_size=3),
        st.builds(Point, inner, inner),
        st.builds(OtherPoint, inner),
    ),
    max_leaves=6,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(values, values)
def test_encode_of_two_values_gives_one_text_exactly_if_they_mean_the_same(one, other):
    assert (encode(one) == encode(other)) == (meaning(one) == meaning(other))


@settings(max_examples=EXAMPLES, deadline=None)
@given(values)
def test_encode_of_a_value_made_in_another_order_gives_the_same_text(value):
    again = rebuilt(value)

    assert meaning(again) == meaning(value)
    assert encode(again) == encode(value)


@settings(max_examples=EXAMPLES, deadline=None)
@given(values)
def test_encode_of_any_value_can_be_stored(value):
    text = encode(value)

    assert text.isprintable()
    assert text.encode()


def near_collisions(random, count):
    """Make values that differ by little: few letters, all of them structure, shallow nesting."""
    pieces = ["", "a", "1", "'", '"', ",", ":", "=", "\\", "(", ")", "a:", ":b", "','", " ", "None"]
    pool = [None, True, False, 0, 1, 1.0, -0.0, 0.0, b"", b"1", b"a", *pieces]
    for _ in range(count):
        parts = [random.choice(pool) for _ in range(random.randrange(4))]
        if random.random() < 0.5:
            parts.append("".join(random.choices(pieces, k=3)))
        kind = random.choice([tuple, list, set, frozenset, dict, Point])
        if kind is dict:
            value = dict(zip(parts, reversed(parts), strict=True))
        elif kind is Point:
            value = Point(*[*parts, None, None][:2])
        else:
            value = kind(parts)
        yield value
        if kind in {tuple, frozenset}:
            pool[random.randrange(11)] = value


def test_encode_of_fifty_thousand_near_collisions_never_collides():
    random = Random(20261122)

    seen = {(meaning(value), encode(value)) for value in near_collisions(random, 50_000)}

    assert len(seen) > 10_000
    assert len({value for value, _ in seen}) == len(seen)
    assert len({text for _, text in seen}) == len(seen)

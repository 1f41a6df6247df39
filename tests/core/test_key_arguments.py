"""Arguments of unusual classes: what tells them apart is in the key, or they are refused."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from datetime import datetime, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from pathlib import PurePosixPath
from types import MappingProxyType
from unittest import mock
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cachetory._core.function_keys import KeyMaker
from cachetory._core.keys import encode
from cachetory.errors import UnkeyableArgumentError
from tests.core import argument_classes as classes

EXAMPLES = int(os.environ.get("CACHETORY_EXAMPLES", "200"))
"""How many examples each property tries; set the variable for a long run."""

ARGUMENTS = [*classes.DIFFERENT, *classes.third_party()]

NESTS = [
    lambda it: (it,),
    lambda it: [it],
    lambda it: {"k": it},
    classes.Point,
    lambda it: classes.NotedPoint(1, it),
    lambda it: classes.Money(1, it),
    lambda it: classes.NotedPair(1, it, None),
    lambda it: classes.NotedPair(1, 1, it),
    classes.ByIdentity,
    lambda it: classes.Slotted("a", it),
    lambda it: classes.SlottedTwice(0, 0, 0, 0, it),
    lambda it: classes.OffsetZone(0, it),
]


def get(argument):
    return argument


def test_keys_of_all_pairs_of_different_arguments_differ():
    key = KeyMaker(get)
    keys = [key(it) for it in ARGUMENTS]

    pairs = list(combinations(range(len(keys)), 2))
    collisions = [(ARGUMENTS[a], ARGUMENTS[b]) for a, b in pairs if keys[a] == keys[b]]

    print(f"{len(pairs)} pairs, {len(collisions)} collisions")  # noqa: T201
    assert collisions == []


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.tuples(st.integers(0, len(ARGUMENTS) - 1), st.integers(0, len(ARGUMENTS) - 1)),
    st.lists(st.sampled_from(NESTS), max_size=4),
)
def test_keys_of_different_arguments_differ_however_they_are_nested(pair, nests):
    one, other = (ARGUMENTS[it] for it in pair)
    for nest in nests:
        one, other = nest(one), nest(other)

    assert (encode(one) == encode(other)) == (pair[0] == pair[1])


@pytest.mark.parametrize("value", ARGUMENTS, ids=lambda it: type(it).__name__)
def test_key_of_an_argument_is_printable(value):
    assert encode(value).isprintable()


def test_key_of_a_model_with_a_secret_never_shows_it():
    pydantic = pytest.importorskip("pydantic")
    text = encode([classes.Secretive(password="swordfish"), pydantic.SecretBytes(b"swordfish")])

    assert "swordfish" not in text
    with pytest.raises(UnkeyableArgumentError) as caught:
        encode([classes.Secretive(password="swordfish"), pydantic.Secret(object())])
    assert "swordfish" not in str(caught.value)


def test_key_of_computed_properties_ignores_whether_they_were_computed():
    attrs = pytest.importorskip("attrs")
    slotted = attrs.make_class(
        "AttrsComputed",
        ["x"],
        class_body={"double": copy.copy(classes.Computed.__dict__["double"])},
        cache_hash=True,
        frozen=True,
    )
    slotted.__module__ = classes.__name__
    classes.AttrsComputed = slotted
    for cls in (classes.Computed, slotted):
        fresh, used = cls("a"), cls("a")

        assert used.double == ["a", "a"]
        assert hash(used)
        assert encode(used) == encode(fresh)


def local(body):
    return type("Local", (), {"__module__": __name__, **body})()


class Forger:
    __class__ = int

    def __getattr__(self, name):
        return lambda *args: 1


class ForgingType(type):
    def __getattr__(cls, name):
        return lambda *args: 1


class Forged(metaclass=ForgingType):
    pass


class GlobalZone(tzinfo):
    def __reduce__(self):
        return "GLOBAL"


class Text:
    __cache_key__ = "always"


REFUSED = [
    local({"__cache_key__": lambda self: 1}),
    *(
        Forger(),
        Forged(),
        GlobalZone(),
        Text(),
        mock.Mock(),
        mock.MagicMock(spec=int),
        MappingProxyType({}),
    ),
    *(classes.attributed(classes.Point(1), lock=object()), get, len, print, [].append),
    classes.OffsetZone(0, object()),
]


@pytest.mark.parametrize("value", REFUSED, ids=lambda it: type(it).__name__)
def test_key_of_an_argument_that_hides_what_it_is_refuses(value):
    with pytest.raises(UnkeyableArgumentError):
        encode(value)


def test_key_of_a_lazy_object_refuses():
    functional = pytest.importorskip("django.utils.functional")

    with pytest.raises(UnkeyableArgumentError, match="SimpleLazyObject"):
        encode(functional.SimpleLazyObject(lambda: 5))


def test_key_of_an_object_that_wraps_a_function_never_advises_to_ignore_it():
    sync = pytest.importorskip("asgiref.sync")

    async def load(x):
        return x

    with pytest.raises(UnkeyableArgumentError, match=r"plain function.*`__cache_key__`") as caught:
        KeyMaker(sync.async_to_sync(load))(1)
    assert "ignore" not in str(caught.value)


@pytest.mark.parametrize("shape", [(), (1,), (2, 2)])
def test_key_of_an_array_refuses_and_names_the_way_out(shape):
    numpy = pytest.importorskip("numpy")

    with pytest.raises(UnkeyableArgumentError, match=r"ndarray object .*arrays.*key=\.\.\."):
        KeyMaker(get)(numpy.zeros(shape))


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda np: np.int64(5), "numpy:int64(5)"),
        (lambda np: np.bool_(True), "numpy:bool(True)"),
        (lambda np: np.float64(0.1), "numpy:float64(0.1)"),
        (lambda np: np.datetime64("2026-01-01", "s"), "numpy:datetime64[s](1767225600)"),
        (lambda np: np.str_("a"), "numpy:str('a')"),
    ],
)
def test_key_of_a_numpy_scalar_tells_type_and_value(make, expected):
    assert encode(make(pytest.importorskip("numpy"))) == expected


def test_key_of_numpy_scalars_of_one_data_type_is_the_same():
    np = pytest.importorskip("numpy")

    assert encode(np.float64("nan")) == encode(-np.float64("nan"))
    assert encode(np.int64(1)) == encode(np.array([0, 1], "int64")[1])
    assert encode(np.datetime64("NaT", "s")) == encode(np.datetime64("NaT", "s"))
    assert encode(np.longdouble(1) / 3) == encode(np.longdouble(1) / 3)


GOLDEN = [
    (None, "None"),
    (True, "True"),
    (-1, "-1"),
    (-0.0, "-0.0"),
    (1j, "complex(0.0,1.0)"),
    ("a'b\n", '"a\'b\\n"'),
    (b"a", "b'a'"),
    (bytearray(b"a"), "bytearray(b'a')"),
    ((1, [2], {"b": 1, "a": {2, 1}}), "(1,[2],{'a'=set{1,2},'b'=1})"),
    (datetime(2026, 1, 1), "datetime(2026-01-01T00:00:00)"),  # noqa: DTZ001
    (
        datetime(2026, 1, 1, tzinfo=timezone.utc),
        "datetime(2026-01-01T00:00:00+00:00,timezone(timedelta(0,0,0),'UTC'))",
    ),
    (Decimal("1.50"), "Decimal(150e-2)"),
    (Fraction(1, 2), "Fraction(1,2)"),
    (UUID(int=7), "UUID(00000000000000000000000000000007)"),
    (PurePosixPath("a/b"), "PurePosixPath('a/b')"),
    (classes.Colour.RED, "tests.core.argument_classes:Colour.RED"),
    (classes.Permission(3), "tests.core.argument_classes:Permission(3)"),
    (classes.Point(1, 2), "tests.core.argument_classes:Point(x=1)"),
    (classes.Pair(1, 2), "tests.core.argument_classes:Pair((1,2))"),
    (classes.Point, "type(tests.core.argument_classes:Point)"),
]


@pytest.mark.parametrize(("value", "expected"), GOLDEN, ids=lambda it: type(it).__name__)
def test_key_of_a_plain_value_never_changes(value, expected):
    assert encode(value) == expected


ACROSS_PROCESSES = """
from cachetory._core.keys import encode
from tests.core import argument_classes as classes
for value in [*classes.DIFFERENT, *classes.third_party()]:
    print(ascii(encode(value)))
"""


def test_keys_in_processes_with_other_hash_seeds_are_the_same():
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
    assert len(outputs.pop().splitlines()) == len(ARGUMENTS)

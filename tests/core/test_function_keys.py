"""Which calls share a key, which do not, and what is refused."""

from __future__ import annotations

import functools
import inspect
import operator
import os
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cachetory._core.call_binding import MAX_LENGTH
from cachetory._core.function_keys import KeyMaker
from cachetory.errors import (
    ConfigurationError,
    UncacheableFunctionError,
    UnkeyableArgumentError,
)

EXAMPLES = int(os.environ.get("CACHETORY_EXAMPLES", "200"))
"""How many examples each property tries; set the variable for a long run."""

HERE = __name__


def get(user, lang="en"):
    return user, lang


def everything(a, b=2, /, c=3, *args, d, e=5, **kwargs):
    return a, b, c, args, d, e, kwargs


def gather(*args, **kwargs):
    return args, kwargs


def nothing():
    return None


def by_name(*, a, b=2):
    return a, b


def by_position(a, b=2, /):
    return a, b


def shadowing(type, len, _, __key, _text=None):  # noqa: A002
    return type, len, _, __key, _text


def with_session(user, session, *rest, **options):
    return user, session, rest, options


@functools.lru_cache
def remembered(user):
    return user


def wrapping(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


@wrapping
def wrapped(user, lang="en"):
    return user, lang


@dataclass(frozen=True)
class Repository:
    table: str

    def get(self, number):
        return number

    @classmethod
    def create(cls, number):
        return number

    @staticmethod
    def check(number):
        return number

    def __call__(self, number):
        return number


class SubRepository(Repository):
    pass


@dataclass
class Mutable:
    limit: int

    def get(self, number):
        return number


class EveryAttribute:
    def __getattr__(self, _name):
        return self


class Service:
    def get(self, number):
        return number

    @wrapping
    def get_wrapped(self, number):
        return number

    def __call__(self, number):
        return number


def multiplier(factor):
    def multiply(x):
        return x * factor

    return multiply


def multiplier_by_default(factor):
    def multiply(x, factor=factor):
        return x * factor

    return multiply


def applier(function):
    def apply(x):
        return function(x)

    return apply


def counter(start):
    count = start

    def advance(x):
        nonlocal count
        count += x
        return count

    return advance


def indirect_counter(start):
    count = start

    def advance(x):
        def inner():
            nonlocal count
            del count
            count = x  # noqa: F841  # that it is not used is the point

        inner()
        return count

    return advance


def recursive(limit):
    def descend(x):
        return descend(x - 1) if x > limit else x

    return descend


def either(flag):
    if flag:

        def choose(x):
            return x + 1

    else:

        def choose(x):
            return x - 1

    return choose


def mutually(limit):
    def even(x):
        return x == limit or odd(x - 1)

    def odd(x):
        return x != limit and even(x - 1)

    return even


def user_of_modules(factor):
    import math  # noqa: PLC0415  # to close over the module

    def compute(x):
        return math.sqrt(x) + len(str(x)) + helper(x) * factor

    def helper(x):
        return x

    return compute


def super_caller():
    class Local:
        def get(self, number):
            return super().__init__(), number

    return Local.get


def scaled(factor):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(x):
            return function(x) * factor

        return wrapper

    @decorate
    def compute(x):
        return x

    return compute


def key(function, *args, **kwargs):
    return KeyMaker(function)(*args, **kwargs)


# Calls


@pytest.mark.parametrize(
    "call",
    [
        lambda make: make(1, "en"),
        lambda make: make(user=1),
        lambda make: make(1, lang="en"),
        lambda make: make(lang="en", user=1),
    ],
)
def test_key_of_a_call_written_otherwise_is_the_same(call):
    assert call(KeyMaker(get)) == key(get, 1) == f"{HERE}:get(user=1,lang='en')"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1,), ("1",)),
        ((1,), (True,)),
        ((1,), (1.0,)),
        ((None,), ("None",)),
        (("a:", "b"), ("a", ":b")),
        (("a',lang='b", "c"), ("a", "b',lang='c")),
        (("a b",), (r"a\x20b",)),
        (("a" * 500,), ("a" * 501,)),
        ((10**5000,), (10**5000 + 1,)),
        (((1,),), ([1],)),
    ],
)
def test_keys_of_different_calls_differ(one, other):
    assert key(get, *one) != key(get, *other)


def test_key_names_all_that_was_bound():
    make = KeyMaker(everything)

    assert make(1, d=4) == f"{HERE}:everything(a=1,b=2,c=3,d=4,e=5)"
    assert (
        make(1, 2, 3, (4,), "5", d=6, z=8, y=(7,), a=9)
        == f"{HERE}:everything(a=1,b=2,c=3,*(4),*'5',d=6,e=5,**'a'=9,**'y'=(7),**'z'=8)"
    )


def test_key_of_positional_and_named_extras_differ():
    make = KeyMaker(gather)

    keys = {make(), make(1), make(a=1), make("a"), make(("a", 1)), make({"a": 1}), make(1, a=1)}

    assert len(keys) == 7
    assert make(b=1, a=2) == make(a=2, b=1)
    assert make(**{"a=1,**'b'": 2}) != make(a=1, b=2)


def test_key_without_parameters_is_the_name():
    assert key(nothing) == f"{HERE}:nothing()"


def test_key_with_parameters_named_like_what_the_maker_uses():
    assert key(shadowing, 1, 2, 3, 4) == f"{HERE}:shadowing(type=1,len=2,_=3,__key=4,_text=None)"


@pytest.mark.parametrize("args", [(), (1, 2, 3)])
def test_key_of_a_call_that_does_not_fit_raises_as_the_function_would(args):
    with pytest.raises(TypeError) as theirs:
        get(*args)
    with pytest.raises(TypeError) as ours:
        key(get, *args)

    assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize(
    "function",
    [get, everything, gather, nothing, by_name, by_position, shadowing, with_session],
)
def test_signatures_of_function_and_maker_agree(function):
    make = KeyMaker(function)

    assert make.signature == inspect.signature(function)
    assert inspect.signature(make.for_call) == inspect.signature(function)


def test_key_of_parameters_that_cannot_be_written_is_made_all_the_same():
    parameter = inspect.Parameter("from", inspect.Parameter.POSITIONAL_ONLY, default=1)
    other = inspect.Parameter("x", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=2)

    class Strange:
        __signature__ = inspect.Signature([parameter, other])

        def __init__(self, *args, **kwargs):
            pass

    make = KeyMaker(Strange, version=1)

    assert make() == make(1) == make(1, x=2)
    assert make(2) != make()
    with pytest.raises(TypeError):
        make(1, 2, 3)


@pytest.mark.parametrize(
    "value", ["a" * 300, ("a",) * 100, "\ud800" * 60, 10**1000, Decimal("1" * 300)]
)
def test_key_of_long_arguments_is_bounded_and_still_shows_the_name(value):
    made = key(get, value)

    assert len(made) <= MAX_LENGTH
    assert made.startswith(f"{HERE}:get#")
    assert made == key(get, user=value)


@pytest.mark.parametrize("value", [" ", "a b", "\n", "\t", "\x00", "\u3000", "\ud800", b" "])
def test_key_of_any_text_is_printable_and_without_spaces(value):
    made = key(get, value)

    assert made.isprintable()
    assert " " not in made
    assert made.encode()


def test_key_of_a_function_with_a_long_name_is_bounded():
    def function(x):
        return x

    function.__qualname__ = "Outer." * 100 + "function"
    long = key(function, 1)
    function.__qualname__ = "Outer." * 101 + "function"

    assert len(long) <= MAX_LENGTH
    assert long != key(function, 1)


def test_key_of_a_function_with_a_strange_name_is_printable():
    def function(x):
        return x

    function.__module__ = "a b"
    function.__qualname__ = "(x=1)#\n\ud800"
    made = key(function, 1)

    assert made == r"'a\x20b':'(x=1)#\n\ud800'(x=1)"


arguments = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 2),
    st.floats(allow_nan=False),
    st.text("'\",:=()*# \\a1", max_size=4),
    st.binary(max_size=2),
    st.lists(st.integers(0, 1), max_size=2),
    st.text("ab", min_size=190, max_size=210),
)
calls = st.tuples(
    st.lists(arguments, max_size=5),
    st.dictionaries(st.sampled_from("abcdez"), arguments, max_size=4),
)


def typed(value):
    return (type(value), repr(value))


def bound(call):
    args, kwargs = call
    a, b, c, rest, d, e, options = everything(*args, **kwargs)
    plain = tuple(typed(it) for it in (a, b, c, d, e))
    extras = frozenset((name, typed(it)) for name, it in options.items())
    return plain, tuple(map(typed, rest)), extras


@settings(max_examples=EXAMPLES, deadline=None)
@given(calls, calls)
def test_keys_of_two_calls_are_one_exactly_if_they_bind_the_same(one, other):
    make = KeyMaker(everything)
    outcomes = []
    for args, kwargs in (one, other):
        try:
            outcomes.append((bound((args, kwargs)), make(*args, **kwargs)))
        except TypeError:
            with pytest.raises(TypeError):
                make(*args, **kwargs)
            with pytest.raises(TypeError):
                everything(*args, **kwargs)
            return

    (one_bound, one_key), (other_bound, other_key) = outcomes
    assert (one_bound == other_bound) == (one_key == other_key)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(arguments, min_size=1, max_size=2))
def test_key_made_quickly_is_the_one_made_slowly(args):
    make = KeyMaker(get)
    user, lang = [*args, "en"][:2]

    assert make(*args) == make._key_of_values((user, lang))


# Arguments without identity


def test_key_of_an_argument_without_identity_names_it_and_the_ways_out():
    with pytest.raises(UnkeyableArgumentError) as caught:
        key(with_session, 1, Service())

    message = str(caught.value)
    assert f"`session` of `{HERE}:with_session`" in message
    assert "a Service object has no stable identity" in message
    assert "ignore=('session',)" in message
    assert "key=..." in message


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda make: make(1, 2, object()), "rest"),
        (lambda make: make(1, 2, option=object()), "option"),
        (lambda make: make(1, [object()]), "session"),
    ],
)
def test_key_of_an_extra_without_identity_names_it(call, name):
    with pytest.raises(UnkeyableArgumentError, match=f"argument `{name}` of"):
        call(KeyMaker(with_session))


def test_key_of_a_self_without_identity_says_how_to_give_it_one():
    with pytest.raises(UnkeyableArgumentError, match=r"`__cache_key__`.*ignore=\('self',\)"):
        key(Service().get, 1)


# Ignored parameters


def test_key_without_ignored_parameters_does_not_depend_on_them():
    make = KeyMaker(with_session, ignore=("session", "rest", "trace"))

    assert make(1, object()) == f"{HERE}:with_session(user=1)"
    assert (
        make(1, object(), object(), trace=object(), a=2) == f"{HERE}:with_session(user=1,**'a'=2)"
    )
    assert make(1, 2) != make(2, 2)


def test_ignore_of_all_named_extras_drops_them():
    make = KeyMaker(with_session, ignore=["options"])

    assert make(1, 2, a=object()) == make(1, 2)


def test_ignore_of_a_positional_only_parameter_spares_its_namesake_among_the_extras():
    make = KeyMaker(everything, ignore=("a",))

    assert make(1, d=4) == make(2, d=4)
    assert make(1, d=4, a=1) != make(1, d=4, a=2)


def test_ignore_of_self_makes_methods_keyable():
    assert KeyMaker(Service.get, ignore=("self",))(Service(), 1) == f"{HERE}:Service.get(number=1)"
    assert KeyMaker(Service(), ignore={"self"})(1) == f"{HERE}:Service.__call__(number=1)"


def test_ignore_of_an_unknown_name_refuses_and_lists_the_parameters():
    with pytest.raises(ConfigurationError, match=r"`sesion`.*`user`, `lang`"):
        KeyMaker(get, ignore=("sesion",))
    with pytest.raises(ConfigurationError, match="none at all"):
        KeyMaker(nothing, ignore=("x",))


def test_ignore_of_a_bare_string_refuses_and_says_how_to_write_it():
    with pytest.raises(ConfigurationError, match=r"ignore=\('user',\)"):
        KeyMaker(get, ignore="user")


# Versions and keys of one's own


def test_version_changes_all_keys():
    keys = {KeyMaker(get, version=version)(1) for version in (None, 1, 2, "1", "", "(user=1)")}

    assert len(keys) == 6
    assert f"{HERE}:get@1(user=1,lang='en')" in keys


def test_custom_key_depends_on_function_version_and_value():
    makers = [KeyMaker(get), KeyMaker(nothing), KeyMaker(get, version=1)]
    values = [None, 1, "1", ("a", 1), "a" * 500, "user=1,lang='en'"]

    keys = [make.custom(value) for make in makers for value in values]

    assert len(set(keys)) == 18
    assert keys[1] == f"{HERE}:get[1]"
    assert max(map(len, keys)) <= MAX_LENGTH
    assert KeyMaker(get)(1) not in keys


def test_custom_key_of_a_value_without_identity_refuses():
    with pytest.raises(UnkeyableArgumentError, match=r"`key=` returned.*get"):
        KeyMaker(get).custom(object())


# Kinds of callables


@pytest.mark.parametrize(
    ("function", "args", "expected"),
    [
        (Repository("t").get, (1,), f"Repository.get(self={HERE}:Repository(table='t'),number=1)"),
        (Repository("t"), (1,), f"Repository.__call__(self={HERE}:Repository(table='t'),number=1)"),
        (Repository.create, (1,), f"Repository.create(cls=type({HERE}:Repository),number=1)"),
        (SubRepository.create, (1,), f"Repository.create(cls=type({HERE}:SubRepository),number=1)"),
        (Repository.check, (1,), "Repository.check(number=1)"),
        (Repository.__dict__["check"], (1,), "Repository.check(number=1)"),
        (Repository, ("t",), "Repository(table='t')"),
        (remembered, (1,), "remembered(user=1)"),
        (wrapped, (1,), "wrapped(*1)"),
        (functools.partial(get, 1), ("de",), "get(user=1,lang='de')"),
        (functools.partial(get, lang="de"), (1,), "get(user=1,lang='de')"),
        (functools.partial(Repository.check, 1), (), "Repository.check(number=1)"),
        (functools.partial(functools.partial(gather, 1, a=2), 3), (4,), "gather(*1,*3,*4,**'a'=2)"),
    ],
)
def test_key_of_any_callable_tells_function_and_what_is_bound(function, args, expected):
    assert key(function, *args) == f"{HERE}:{expected}"


@pytest.mark.parametrize(
    ("function", "args", "expected"),
    [
        (len, ([1],), "builtins:len(obj=[1])"),
        (max, (1, 2), "builtins:max(*1,*2)"),
        ("-".join, (["a"],), "builtins:str.join(self='-',iterable=['a'])"),
        (str.join, ("-", ["a"]), "builtins:str.join(self='-',iterable=['a'])"),
        ((5).__add__, (1,), "builtins:int.__add__(self=5,value=1)"),
        (dict.fromkeys, ("ab",), "builtins:dict.fromkeys(iterable='ab',value=None)"),
    ],
)
def test_key_of_a_builtin_tells_function_and_what_is_bound(function, args, expected):
    assert key(function, *args) == expected


def test_key_of_a_partial_takes_what_overrides_it():
    make = KeyMaker(functools.partial(get, lang="de"))

    assert make(1, lang="fr") == key(get, 1, "fr")
    assert str(make.signature) == "(user, *, lang='de')"


def test_key_of_an_object_without_identity_refuses():
    with pytest.raises(UnkeyableArgumentError, match="argument `self`"):
        key(operator.itemgetter(1), [1, 2])


@pytest.mark.parametrize("thing", [None, 1, "get", Repository.__dict__["create"]])
def test_maker_for_what_cannot_be_called_refuses(thing):
    with pytest.raises(UncacheableFunctionError, match="cannot be called"):
        KeyMaker(thing)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (get, True),
        (Repository.get, True),
        (either(flag=True), True),
        (counter(1), True),
        (multiplier(2), False),
        (functools.partial(get, 1, lang="de"), True),
        (functools.partial(get, []), False),
        (functools.partial(get, lang=[]), False),
        (Repository("t").get, False),
        (Repository("t"), False),
    ],
)
def test_maker_is_constant_unless_something_may_change_behind_the_arguments(function, expected):
    assert KeyMaker(function).is_constant is expected


def test_key_of_a_method_bound_to_a_changed_object_changes():
    service = Mutable(1)
    make = KeyMaker(service.get)
    before = make(1)
    service.limit = 2

    assert make(1) != before


# Functions made by functions


def test_keys_of_closures_of_one_factory_differ_by_what_they_close_over():
    keys = {key(multiplier(factor), 1) for factor in (2, 3, "2", 2.0, (1, "a"), Repository("t"))}

    assert len(keys) == 6
    assert key(multiplier(2), 1) == key(multiplier(2), 1)


def test_keys_of_closures_with_long_contents_differ_and_are_bounded():
    one, other = (key(multiplier("a" * length), 1) for length in (1000, 1001))

    assert one != other
    assert len(one) <= MAX_LENGTH


def test_keys_of_functions_with_defaults_of_their_factory_differ():
    assert key(multiplier_by_default(2), 1) != key(multiplier_by_default(3), 1)


def test_keys_of_closures_over_functions_differ_by_function():
    functions = [
        get,
        remembered,
        len,
        multiplier(2),
        multiplier(3),
        applier(multiplier(2)),
        Service,
    ]

    keys = {key(applier(function), 1) for function in functions}

    assert len(keys) == len(functions)


def test_keys_of_functions_defined_in_two_branches_differ():
    assert key(either(flag=True), 1) != key(either(flag=False), 1)


def test_keys_of_local_functions_behind_one_decorator_differ_by_its_arguments():
    assert key(scaled(2), 1) != key(scaled(3), 1)
    assert key(scaled(2), 1) == key(scaled(2), 1)


@pytest.mark.parametrize("make", [recursive, mutually])
def test_keys_of_functions_that_call_themselves_are_made(make):
    assert key(make(1), 1) == key(make(1), 1)
    assert key(make(1), 1) != key(make(2), 1)


def test_key_of_a_function_that_calls_its_own_decorated_self_is_made():
    def descend(x):
        return decorated(x - 1)

    decorated = wrapping(descend)

    assert key(descend, 1) == key(descend, 1)


def test_key_of_a_closure_over_modules_and_helpers_is_made():
    assert key(user_of_modules(2), 1) != key(user_of_modules(3), 1)


def test_key_of_a_local_method_with_super_is_made():
    assert KeyMaker(super_caller(), ignore=("self",))(None, 1)


@pytest.mark.parametrize("make", [counter, indirect_counter])
def test_key_of_a_function_that_assigns_to_a_variable_outside_does_not_depend_on_it(make):
    function = make(1)
    maker = KeyMaker(function)
    before = maker(5)
    function(5)

    assert maker(5) == before


def test_key_follows_a_variable_that_is_assigned_after_decorating():
    def function(x):
        return x * factor

    maker = KeyMaker(function)
    unassigned = maker(1)
    factor = 2
    two = maker(1)
    factor = 3

    assert len({unassigned, two, maker(1)}) == 3


def test_keys_of_lambdas_differ_by_their_code():
    assert key(lambda x: x, 1) != key(lambda x: -x, 1)
    assert key(lambda x: lambda: x, 1) != key(lambda x: lambda: -x, 1)
    assert key(lambda x: x + 1, 1) != key(lambda x: x + 1.0, 1)


def test_keys_of_lambdas_with_one_version_still_differ_by_their_code():
    assert KeyMaker(lambda x: x, version=1)(1) != KeyMaker(lambda x: -x, version=1)(1)


def test_key_of_a_lambda_does_not_depend_on_its_line():
    one = eval("lambda x: x + 1", {"__name__": "app"})
    other = eval("\n\nlambda x: x + 1", {"__name__": "app"})

    assert one.__code__.co_firstlineno != other.__code__.co_firstlineno
    assert key(one, 1) == key(other, 1)
    assert key(one, 1).startswith("app:<lambda>~")


def test_maker_for_a_closure_over_what_has_no_identity_refuses_and_names_it():
    session, calls = object(), []

    def function(x):
        calls.append(session)
        return x

    with pytest.raises(UncacheableFunctionError) as caught:
        KeyMaker(function)

    message = str(caught.value)
    assert "`session` (an object object has no stable identity)" in message
    assert "`calls` (a list object, which may change)" in message
    assert "version=..." in message


@pytest.mark.parametrize("content", [Service().get, Service().get_wrapped, EveryAttribute()])
def test_maker_for_a_closure_over_something_bound_or_strange_refuses(content):
    with pytest.raises(UncacheableFunctionError, match="`function` "):
        KeyMaker(applier(content))


def test_maker_for_a_closure_over_what_has_no_identity_takes_a_version():
    function = multiplier(object())

    made = KeyMaker(function, version=1)(2)

    assert made == f"{HERE}:multiplier.<locals>.multiply@1(x=2)"


def test_key_of_a_closure_over_what_loses_its_identity_refuses():
    def function(x):
        return x * factor

    maker = KeyMaker(function)
    factor = object()

    with pytest.raises(UncacheableFunctionError, match="`factor`"):
        maker(1)


def test_maker_for_a_local_class_refuses_without_a_version():
    class Local:
        def __init__(self, x):
            self.x = x

    with pytest.raises(UncacheableFunctionError, match="no code"):
        KeyMaker(Local)
    assert KeyMaker(Local, version=1)(2).endswith("Local@1(x=2)")


ACROSS_PROCESSES = """
from cachetory._core.function_keys import KeyMaker
def make(names, helper):
    def local(x): return x in {"a", "b", "c"} and x in names and helper(x)
    return local
makers = [KeyMaker(make(frozenset({"d", "e", "f"}), make(None, len))), KeyMaker(lambda x: {x, "g"})]
print([maker({"h": {"i", "j"}}) for maker in makers], makers[0].custom({"k", "l"}))
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
    assert b"__main__:make.<locals>.local" in outputs.pop()

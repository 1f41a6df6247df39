"""What the decorators say when they are used in another way than they are meant to be."""

from __future__ import annotations

import functools
import logging
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import TextIOWrapper
from typing import TYPE_CHECKING, Annotated, Any, Generic, Protocol, TypeVar

import pytest

from cachetory._runtime.async_ import DEF
from cachetory.caches.async_ import Cache
from cachetory.decorators.async_ import cached, cached_many
from cachetory.errors import (
    ConfigurationError,
    UncacheableFunctionError,
    UnkeyableArgumentError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

CACHE = Cache[Any, Any](backend="memory://", serializer="noop://")
T = TypeVar("T")


def log(function: Callable[..., Any]) -> Any:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        return await function(*args, **kwargs)

    return wrapper


def define(source: str) -> dict[str, Any]:
    scope: dict[str, Any] = {
        "__name__": "shop",
        "cached": cached,
        "cached_many": cached_many,
        "log": log,
        "CACHE": CACHE,
        "lru_cache": functools.lru_cache,
    }
    exec(compile(source, "shop.py", "exec"), scope)
    return scope


IN_MODULE = {
    "plain": "@cached\n",
    "above another": "@cached\n@log\n",
    "below another": "@log\n@cached\n",
    "above two": "@cached\n@log\n@log\n",
    "above lru_cache": "@cached\n@lru_cache\n",
    "below a cached one": "@cached(CACHE)\n@cached\n",
    "on a long function": "@cached\n",
}
IN_CLASS = {
    "method": "@cached\n",
    "above a class method": "@cached\n@classmethod\n",
    "below a class method": "@classmethod\n@cached\n",
    "above a static method": "@cached\n@staticmethod\n",
    "property": "@property\n@cached\n",
    "method above another": "@cached\n@log\n",
}
BODY = f"{DEF} load(x):\n    '''Load.'''\n    y = x\n    return y\n"


def indented(source: str) -> str:
    return "class Shop:\n" + "".join(f"    {line}\n" for line in source.splitlines())


@pytest.mark.parametrize("decorators", IN_MODULE.values(), ids=IN_MODULE)
@pytest.mark.parametrize("name", ["cached", "cached_many"])
def test_decorator_without_parentheses_is_refused(decorators: str, name: str) -> None:
    source = decorators.replace("@cached\n", f"@{name}\n") + BODY

    with pytest.raises(UncacheableFunctionError) as caught:
        define(source)
    assert str(caught.value) == (
        f"`load` is decorated with `@{name}`, which takes a cache first: write `@{name}(cache)`"
    )


@pytest.mark.parametrize("decorators", IN_CLASS.values(), ids=IN_CLASS)
@pytest.mark.parametrize("name", ["cached", "cached_many"])
def test_decorator_of_a_method_without_parentheses_is_refused(decorators: str, name: str) -> None:
    source = indented(decorators.replace("@cached\n", f"@{name}\n") + BODY)

    with pytest.raises(UncacheableFunctionError, match=r"`Shop\.load` .* write `@.*\(cache\)`"):
        define(source)


CHOOSING = {
    "function": f"def choose(*_): return CACHE\n@cached(choose)\n{BODY}",
    "function of the line above": f"choose = lambda *_: CACHE\n@cached(choose)\n{BODY}",
    "lambda": f"@cached(lambda *_: CACHE)\n{BODY}",
    "decorated function": f"@log\n{DEF} choose(*_): return CACHE\n",
    "local function": (
        "def make():\n    def choose(*_): return CACHE\n"
        f"    return cached(choose)(load)\n{BODY}load = make()\n"
    ),
    "function that decorates by itself": (
        f"{BODY}def choose(*args):\n    if args: return CACHE\n    return cached(choose)(load)\n"
        "load = choose()\n"
    ),
}


@pytest.mark.parametrize("source", CHOOSING.values(), ids=CHOOSING)
async def test_function_that_chooses_a_cache_is_taken(source: str) -> None:
    if "load" not in source:
        source += f"@cached(choose)\n{BODY}"
    if "@log" in source and not DEF.startswith("async"):
        source = source.replace("@log\n", "")
    scope = define(source)

    assert await scope["load"](1) == 1
    assert await scope["load"](1) == 1


class Chooser:
    def choose(self, *_: Any) -> Any:
        return CACHE

    def __call__(self, *_: Any) -> Any:
        return CACHE


@pytest.mark.parametrize(
    "choose",
    [Chooser(), Chooser().choose, functools.partial(Chooser.choose, Chooser())],
    ids=["object", "method", "partial"],
)
async def test_other_callables_that_choose_a_cache_are_taken(choose: Any) -> None:
    async def load(x: int) -> int:
        return x

    function = cached(choose, version=1)(load)

    assert await function(1) == 1


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "url": (lambda: cached("memory://"), r"'memory://' is not a cache .* give a `Cache` from"),  # type: ignore[arg-type]
    "number": (lambda: cached(5), r"5 is not a cache for this decorator"),  # type: ignore[arg-type]
    "class": (lambda: cached(Cache), r"Cache is a class: give the decorator an object of it"),
    "policy": (
        lambda: cached(CACHE, policy={"time_to_live": 5}),  # type: ignore[arg-type]
        r"policy=\{'time_to_live': 5\} is not a policy: write policy=Policy\(time_to_live=5\)",
    ),
    "policy class": (lambda: cached(CACHE, policy=5), r"policy=5 is not a policy: write"),  # type: ignore[arg-type]
    "key": (lambda: cached(CACHE, key="x"), r"key='x' cannot be called: give a function"),  # type: ignore[arg-type]
    "make_key": (lambda: cached(CACHE, make_key=5), r"make_key=5 cannot be called"),  # type: ignore[arg-type]
    "exclude": (lambda: cached(CACHE, exclude=5), r"exclude=5 cannot be called"),  # type: ignore[arg-type]
    "many exclude": (lambda: cached_many(CACHE, exclude=5), r"exclude=5 cannot be called"),  # type: ignore[arg-type]
    "many policy": (lambda: cached_many(CACHE, policy=5), r"policy=5 is not a policy"),  # type: ignore[arg-type]
    "chunk size": (lambda: cached_many(CACHE, chunk_size=0), r"chunk_size=0 .* give 1 or more"),
}


@pytest.mark.parametrize(("decorate", "message"), REFUSED.values(), ids=REFUSED)
def test_option_that_cannot_work_is_refused(decorate: Callable[[], Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        decorate()


@pytest.mark.parametrize(
    ("ignore", "message"),
    [
        ("x", r"`ignore=` takes a collection of names: write ignore=\('x',\)"),
        (5, r"`ignore=` takes a collection of names of parameters, not 5"),
        ([5], r"`ignore=` takes a collection of names of parameters, not \[5\]"),
        (("y",), r"`ignore=` names `y`, but the parameters of .*load` are `x`"),
    ],
    ids=str,
)
@pytest.mark.parametrize("decorator", [cached, cached_many])
def test_ignore_that_names_no_parameter_is_refused(
    decorator: Any, ignore: Any, message: str
) -> None:
    async def load(x: int) -> int:
        return x

    with pytest.raises(ConfigurationError, match=message):
        decorator(CACHE, ignore=ignore, version=1)(load)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((5,), r"an int object cannot be called, so there is nothing to cache: write `@cached"),
        ((), r"`cached\(cache\)` decorates one function, and got nothing: write `@cached\(cache"),
        ((5, 6), r"decorates one function, and got an int object, an int object"),
    ],
    ids=str,
)
def test_call_of_a_decorator_is_refused(args: tuple[Any, ...], message: str) -> None:
    decorate: Any = cached(CACHE)

    with pytest.raises(UncacheableFunctionError, match=message):
        decorate(*args)


class Request(Mapping[str, Any]):
    """Like the request of a web framework."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __init__(self, scope: dict[str, Any]) -> None:
        self.scope = scope

    def __getitem__(self, name: str) -> Any:
        return self.scope[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.scope)

    def __len__(self) -> int:
        return len(self.scope)


class Session(Generic[T]):
    def __init__(self, bind: Any) -> None:
        self.bind = bind


class Marker:
    """Holds nothing."""


class Named(Protocol):
    name: str


class Shape(ABC):
    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def area(self) -> float: ...


class Animal:
    def __init__(self, name: str) -> None:
        self.name = name


@dataclass(frozen=True)
class Dog(Animal):
    name: str


class Told:
    def __init__(self, name: str) -> None:
        self.name = name

    def __cache_key__(self) -> str:
        return self.name


class Compared:
    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Compared) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)


HOPELESS: list[Any] = [Request, Session, socket.socket, TextIOWrapper, logging.Logger]
HOPELESS += [Annotated[Request, "injected"], "Request", "Annotated[Session, 1]", threading.Thread]
POSSIBLE: list[Any] = [
    *(Marker, Named, Shape, Animal, Dog, Told, Compared, object, Any, T, type, int, "Unknown"),
    *(Request | None, Request | int, list[Request], Session[int], Exception, dict, Mapping),
    *("Request | None", None),
]


def _with_parameter(hint: Any) -> Any:
    async def load(number: int, request: Any) -> int:
        return number

    load.__annotations__["request"] = hint
    return load


@pytest.mark.parametrize("hint", HOPELESS, ids=str)
def test_parameter_without_an_identity_is_refused_when_decorating(hint: Any) -> None:
    with pytest.raises(UncacheableFunctionError) as caught:
        cached(CACHE, version=1)(_with_parameter(hint))
    message = str(caught.value)
    assert "parameter `request` of" in message
    assert "leave it out with ignore=('request',); else derive the key with key=..." in message


@pytest.mark.parametrize("hint", HOPELESS, ids=str)
async def test_parameter_without_an_identity_may_be_ignored(hint: Any) -> None:
    function = cached(CACHE, version=1, ignore=("request",))(_with_parameter(hint))

    assert await function(1, request=object()) == 1


@pytest.mark.parametrize("hint", HOPELESS, ids=str)
async def test_parameter_without_an_identity_is_no_matter_without_keys(hint: Any) -> None:
    for decorate in (
        cached(None, version=1),
        cached(CACHE, version=1, key=lambda number, request: number),
        cached(CACHE, make_key=lambda function, number, request: f"{number}"),
    ):
        assert await decorate(_with_parameter(hint))(1, object()) == 1


@pytest.mark.parametrize("hint", HOPELESS, ids=str)
async def test_parameter_that_may_be_left_out_is_taken(hint: Any) -> None:
    async def load(number: int, *, request: Any = None) -> int:
        return number

    load.__annotations__["request"] = hint
    function = cached(CACHE, version=2)(load)

    assert await function(1) == 1
    with pytest.raises(UnkeyableArgumentError, match="argument `request`"):
        await function(1, request=Request({}))


@pytest.mark.parametrize("hint", POSSIBLE, ids=str)
def test_parameter_that_may_have_an_identity_is_taken(hint: Any) -> None:
    assert cached(CACHE, version=1)(_with_parameter(hint))


async def test_parameter_that_a_wrapper_provides_is_taken() -> None:
    async def load(number: int, request: Request) -> int:
        return number

    @functools.wraps(load)
    async def wrapper(number: int) -> int:
        return await load(number, Request({}))

    assert await cached(CACHE, version=3)(wrapper)(1) == 1


def test_parameter_beside_the_items_is_refused_too() -> None:
    async def rows(numbers: list[int], session: Any) -> dict[int, int]:
        return {}

    rows.__annotations__["session"] = Session

    with pytest.raises(UncacheableFunctionError, match=r"ignore=\('session',\)"):
        cached_many(CACHE, version=1)(rows)


def test_items_of_a_class_without_an_identity_are_taken() -> None:
    async def rows(numbers: Any) -> dict[int, int]:
        return {}

    rows.__annotations__["numbers"] = Request

    assert cached_many(CACHE, version=1)(rows)

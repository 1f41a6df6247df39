"""Keep two functions of one name from sharing entries.

A function is identified by its module and its name. Two functions in one process can have
the same: decorators of one factory that copy the name of the function inside, several functions
of one module, a function with and without another decorator. The second one is refused. After a
reload of the module it is a new version instead, which abandons the entries of the first.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from types import FunctionType
from typing import TYPE_CHECKING, Any
from weakref import ref

from cachetory._core.function_identity import code_text, digest, layers_of
from cachetory._core.keys import encode
from cachetory.errors import UncacheableFunctionError, UnkeyableArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cachetory._core.function_identity import FunctionIdentity

_MAX_LINKS = 100
_MAX_DEPTH = 10
_LruCacheWrapper: Any = type(lru_cache(len))
_COPIED_NAMES = frozenset(
    {"__wrapped__", "__module__", "__name__", "__qualname__", "__doc__", "__annotations__"}
    | {"__type_params__", "__dict__", "__signature__"}
)


class Namesakes:
    """The functions that are decorated for one cache, by what tells them from others."""

    __slots__ = ("_functions",)

    def __init__(self) -> None:
        self._functions: dict[tuple[str, bool], _Known] = {}

    def admit(self, identity: FunctionIdentity, function: Any, usage: Usage) -> None:
        """Register a function, or refuse it if a different one has its identity.

        Args:
            identity: what tells the function from others; it gets the code of a new version.
            function: the function, without what is bound to it.
            usage: how its keys are made.

        Raises:
            UncacheableFunctionError: for a function that would share the entries of another one.
        """
        if not identity.is_constant:
            return  # The variables that it closes over are part of its identity.
        known = self._functions.get((identity.start, usage.key is None))
        if known is not None and known.differs_from(function, identity, usage):
            if not known.is_replaced:
                raise _namesake_error(identity, known.place, _place_of(function))
            identity.add_code(function)
        self._functions[identity.start, usage.key is None] = _Known(function, usage)


class Usage:
    """How the keys of a decorated function are made.

    Attributes:
        key: the function that computes what its keys are made of, if there is one.
        ignore: names of keyword arguments without a parameter that take no part in the key.
        kept: names of parameters that take part in the key, so that their defaults do, too.
    """

    __slots__ = ("ignore", "kept", "key")

    def __init__(
        self,
        key: Any = None,
        ignore: frozenset[str] = frozenset(),
        kept: frozenset[str] = frozenset(),
    ) -> None:
        self.key: Any = key
        self.ignore: frozenset[str] = ignore
        self.kept: frozenset[str] = kept


class _Known:
    """A function that was decorated; it is not kept alive."""

    __slots__ = ("_code", "_function", "_spec", "_usage", "place")

    def __init__(self, function: Any, usage: Usage) -> None:
        self._function = _weakly(function)
        self._code = _code_of(function)
        self._spec = _spec_of(function)
        self._usage = usage
        self.place: str = _place_of(function)

    @property
    def is_replaced(self) -> bool:
        """Whether the function is gone, or its module was loaded again."""
        function = self._function()
        return function is None or _spec_of(function) is not self._spec

    def differs_from(self, function: Any, identity: FunctionIdentity, usage: Usage) -> bool:
        """Return whether a function, or the way its keys are made, is known to be another one."""
        if self._usage.ignore != usage.ignore or _differ(self._usage.key, usage.key):
            return True
        own = self._function()
        if own is None:
            return self._code != _code_of(function)
        if not identity.is_local:
            return _differ(own, function, kept=usage.kept)
        if self._code != _code_of(function):
            return True
        # Local functions are distinguished by the variables that they close over, or by a version.
        states = _defaults_of(own, usage.kept), _defaults_of(function, usage.kept)
        return not identity.is_versioned and _values_differ(*states, 0, is_same_core=False)


def _differ(one: Any, other: Any, depth: int = 0, *, kept: frozenset[str] = frozenset()) -> bool:
    """Return whether two callables are known to do different things.

    Defaults of the parameters in `kept` do not count, since keys hold their values.
    """
    if one is other:
        return False
    chain, other_chain = list(_chain(one)), list(_chain(other))
    if len(chain) != len(other_chain) or depth > _MAX_DEPTH:
        return True
    is_same_core = chain[-1] is other_chain[-1]
    return any(
        _links_differ(
            link, other_link, depth, is_same_core=is_same_core, kept=frozenset() if at else kept
        )
        for at, (link, other_link) in enumerate(zip(chain, other_chain, strict=True))
    )


def _chain(function: Any) -> Iterator[Any]:
    """Yield a callable and what it wraps, the outermost first."""
    for _ in range(_MAX_LINKS):
        yield function
        function = getattr(function, "__wrapped__", None)
        if function is None:
            return


def _links_differ(
    one: Any, other: Any, depth: int, *, is_same_core: bool, kept: frozenset[str]
) -> bool:
    if one is other:
        return False
    if type(one) is not type(other):
        return True
    if type(one) is FunctionType:
        if code_text(one.__code__) != code_text(other.__code__):
            return True
        states = (_state_of_function(one, kept), _state_of_function(other, kept))
    elif type(one) is _LruCacheWrapper:
        return False
    else:
        states = (_state_of_object(one), _state_of_object(other))
        if not states[0] and is_same_core:
            return True  # a wrapper that shows nothing of itself
    return _values_differ(*states, depth, is_same_core=is_same_core)


def _values_differ(
    values: dict[str, Any], others: dict[str, Any], depth: int, *, is_same_core: bool
) -> bool:
    if values.keys() != others.keys():
        return True
    return any(
        _value_differs(value, others[name], depth, is_same_core=is_same_core)
        for name, value in values.items()
    )


def _value_differs(value: Any, other: Any, depth: int, *, is_same_core: bool) -> bool:
    if value is other:
        return False
    if type(value) is not type(other):
        return True
    if type(value) is FunctionType:
        return _differ(value, other, depth + 1)
    try:
        return encode(value) != encode(other)
    except UnkeyableArgumentError:
        return is_same_core  # else a definition that was executed again makes its objects again


def _defaults_of(function: Any, kept: frozenset[str]) -> dict[str, Any]:
    """Return the defaults of the parameters of a function that take no part in its keys."""
    if type(function) is not FunctionType:
        return {}
    defaults: dict[str, Any] = dict(function.__kwdefaults__ or {})
    values = function.__defaults__ or ()
    count = function.__code__.co_argcount
    names = function.__code__.co_varnames[count - len(values) : count]
    defaults.update(zip(names, values, strict=True))
    return {name: it for name, it in defaults.items() if name not in kept}


def _state_of_function(function: FunctionType, kept: frozenset[str]) -> dict[str, Any]:
    """Return what a function holds besides its code."""
    state = _defaults_of(function, kept)
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    for name, cell in cells:
        try:
            state[f"={name}"] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    wrapped = getattr(function, "__wrapped__", None)
    return {name: value for name, value in state.items() if value is not wrapped}


def _state_of_object(value: Any) -> dict[str, Any]:
    wrapped = getattr(value, "__wrapped__", None)
    return {
        name: it
        for name, it in getattr(value, "__dict__", {}).items()
        if name not in _COPIED_NAMES and it is not wrapped
    }


def _code_of(function: Any) -> str:
    return digest("".join(code_text(it.__code__) for it in layers_of(function)))


def _spec_of(function: Any) -> object:
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    return getattr(module, "__spec__", None)


def _place_of(function: Any) -> str:
    layers = layers_of(function)
    if not layers:
        return f"a {type(function).__name__} object"
    code = layers[-1].__code__
    outer = "" if len(layers) == 1 else f" inside `{layers[0].__code__.co_name}`"
    return f"{code.co_filename}:{code.co_firstlineno}{outer}"


def _weakly(function: Any) -> Any:
    try:
        return ref(function)
    except TypeError:
        return lambda: function


def _namesake_error(
    identity: FunctionIdentity, place: str, other_place: str
) -> UncacheableFunctionError:
    return UncacheableFunctionError(
        f"two functions decorated for one cache have the same name `{identity.name}` "
        f"({place} and {other_place}), so they would share their results: "
        "give one of them version=..., another name, or a cache with another prefix"
    )

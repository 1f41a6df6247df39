"""Tell one function from all others: by its name, or else by what it is made of."""

from __future__ import annotations

import sys
from functools import lru_cache, partial
from types import (
    BuiltinMethodType,
    CellType,
    CodeType,
    FunctionType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    NoneType,
)
from typing import TYPE_CHECKING, Any

from cachetory._core.call_binding import passes_calls_on
from cachetory._core.keys import a_or_an, encode, name_text
from cachetory._core.module_names import MAIN_MODULES, stable_module_name
from cachetory.errors import UncacheableFunctionError, UnkeyableArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    Bound = tuple[tuple[Any, ...], dict[str, Any]]

_MAX_LAYERS = 100


class FunctionIdentity:
    """What tells a function from all others: its name, or else what it is made of."""

    __slots__ = ("_captures", "_seen", "is_local", "is_versioned", "name", "start")

    def __init__(
        self,
        function: Any,
        version: str | int | None = None,
        seen: tuple[FunctionType, ...] = (),
    ) -> None:
        qualname: str = function.__qualname__
        self.name: str = f"{name_text(_module_of(function))}:{name_text(qualname)}"
        self.start: str = self.name
        self._captures: tuple[tuple[str, CellType], ...] = ()
        self._seen = seen
        if version is not None:
            self.start += f"@{encode(version)}"
        self.is_versioned: bool = version is not None
        self.is_local: bool = qualname.endswith("<lambda>") or "<locals>" in qualname
        if self.is_local and version is None:
            self._captures = tuple(_captures_of(self.add_code(function)))
        elif _shares_its_name(qualname) or (version is None and _has_no_file(function)):
            self.add_code(function)

    @property
    def is_constant(self) -> bool:
        return not self._captures

    def text(self) -> str:
        """Return the identity right now: variables taken from outside may change between calls."""
        if not self._captures:
            return self.start
        texts: list[str] = []
        refused: list[str] = []
        for name, cell in self._captures:
            try:
                texts.append(f"{name}={_capture_text(cell, self._seen)}")
            except UnkeyableArgumentError as error:
                refused.append(f"`{name}` ({error})")
        if refused:
            reason = f"closes over {', '.join(refused)}"
            raise self._uncacheable(reason)
        return f"{self.start}{{{','.join(texts)}}}"

    def add_code(self, function: object) -> list[FunctionType]:
        """Add a digest of the code to the identity, and return the layers of the function."""
        layers = layers_of(function)
        if not layers:
            reason = "has no code that could be seen"
            raise self._uncacheable(reason)
        self._seen += tuple(layers)
        self.start += f"~{digest(''.join(code_text(it.__code__) for it in layers))}"
        return layers

    def _uncacheable(self, reason: str) -> UncacheableFunctionError:
        return UncacheableFunctionError(
            f"`{self.name}` may share its name with other functions and {reason}, so its keys "
            "could be those of another function; give version=... if no other function has "
            "this name and version, or pass what it needs as arguments"
        )


def _captures_of(layers: list[FunctionType]) -> Iterator[tuple[str, CellType]]:
    for layer in layers:
        own = {"__class__"} | _assigned_by(layer.__code__)
        cells = zip(layer.__code__.co_freevars, layer.__closure__ or (), strict=True)
        yield from ((name, cell) for name, cell in cells if name not in own)


def _capture_text(cell: CellType, seen: tuple[FunctionType, ...]) -> str:
    try:
        content = cell.cell_contents
    except ValueError:  # not assigned yet
        return ""
    if isinstance(content, ModuleType):
        return f"module({content.__name__!r})"
    layers = layers_of(content)
    for index, function in enumerate(seen):
        if function in layers:
            return f"recursion({index})"
    if layers or isinstance(content, BuiltinMethodType):
        return _function_text(content, seen)
    _refuse_changing(content)
    return encode(content)


def _function_text(function: object, seen: tuple[FunctionType, ...]) -> str:
    target, layers = peel(function)
    if any(args or kwargs for args, kwargs in layers):
        msg = f"{a_or_an(type(function).__name__)} object"
        raise UnkeyableArgumentError(msg)
    return f"function({FunctionIdentity(target, seen=seen).text()})"


def _refuse_changing(content: object) -> None:
    """Refuse what may change in place: each change would silently abandon all keys so far."""
    try:
        hash(content)
    except TypeError:
        msg = f"{a_or_an(type(content).__name__)} object, which may change"
        raise UnkeyableArgumentError(msg) from None


def layers_of(function: Any) -> list[FunctionType]:
    """Return the functions along `__wrapped__`, the outermost first."""
    layers: list[FunctionType] = []
    for _ in range(_MAX_LAYERS):  # some objects, such as `mock.call`, have all attributes
        if isinstance(function, FunctionType):
            layers.append(function)
        function = getattr(function, "__wrapped__", None)
        if function is None:
            break
    return layers


@lru_cache(maxsize=512)
def code_text(code: CodeType) -> str:
    """Return what the code does, without the place where it stands in its file."""
    constants = [code_text(it) if isinstance(it, CodeType) else encode(it) for it in code.co_consts]
    table = getattr(code, "co_exceptiontable", b"")
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    counts = (code.co_flags, code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)
    return encode((code.co_code, table, names, counts, *constants))


@lru_cache(maxsize=512)
def _assigned_by(code: CodeType) -> frozenset[str]:
    """Return the variables from outside that the code assigns to: these are results, not input."""
    from dis import get_instructions  # noqa: PLC0415  # dear to import, and rarely needed

    assigning = {"STORE_DEREF", "DELETE_DEREF"}
    own = {it.argval for it in get_instructions(code) if it.opname in assigning}
    inner = (_assigned_by(it) for it in code.co_consts if isinstance(it, CodeType))
    return frozenset(own).union(*inner).intersection(code.co_freevars)


def peel(function: object) -> tuple[Any, list[Bound]]:
    """Return the function proper, and what is bound to it, from the inside out."""
    layers: list[Bound] = []
    while (layer := _outer_layer(function)) is not None:
        function, args, kwargs = layer
        layers.insert(0, (args, kwargs))
    return function, layers


def _outer_layer(function: Any) -> tuple[Any, tuple[Any, ...], dict[str, Any]] | None:
    _check_callable(function)
    if passes_calls_on(function):
        return function.__wrapped__, (), {}
    if isinstance(function, partial):
        return function.func, function.args, function.keywords
    holder: object = getattr(function, "__self__", None)
    if isinstance(function, MethodType):
        return function.__func__, (holder,), {}
    if _is_bound_in_c(function, holder):
        return getattr(type(holder), function.__name__), (holder,), {}
    if not hasattr(function, "__qualname__"):
        return type(function).__call__, (function,), {}
    return None


def _check_callable(function: object) -> None:
    if not callable(function):
        name = a_or_an(type(function).__name__)
        msg = f"{name} object cannot be called, so there is nothing to cache"
        raise UncacheableFunctionError(msg)


def _is_bound_in_c(function: object, holder: object) -> bool:
    return isinstance(function, (BuiltinMethodType, MethodWrapperType)) and not isinstance(
        holder, (ModuleType, type, NoneType)
    )


def _module_of(function: Any) -> str:
    owner = getattr(function, "__objclass__", None) or getattr(function, "__self__", None)
    name = getattr(function, "__module__", None) or getattr(owner, "__module__", None) or ""
    return stable_module_name(name, _namespace_of(function, name)) if name in MAIN_MODULES else name


def _namespace_of(function: object, module: str) -> dict[str, Any]:
    """Return the variables of a function's module, which may not be in `sys.modules` any more."""
    for layer in layers_of(function):
        if layer.__globals__.get("__name__") == module:
            return layer.__globals__
    return vars(sys.modules[module]) if module in sys.modules else {}


def _shares_its_name(qualname: str) -> bool:
    return qualname.rpartition(".")[2] in {"_", "<lambda>"}


def _has_no_file(function: object) -> bool:
    """Return whether a function was typed at a prompt or in a notebook, or made from a string.

    Its body may change while the process runs, and its module says little about it.
    """
    layers = layers_of(function)
    if not layers:
        return False
    innermost = layers[-1]
    filename = innermost.__code__.co_filename
    if filename.startswith("<"):
        return not filename.startswith("<frozen ")
    namespace = innermost.__globals__
    return namespace.get("__name__") in MAIN_MODULES and "__file__" not in namespace


def digest(text: str) -> str:
    from hashlib import blake2b  # noqa: PLC0415  # dear to import, and only needed for long keys

    return blake2b(text.encode(), digest_size=16).hexdigest()

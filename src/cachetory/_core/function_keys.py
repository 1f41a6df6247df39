"""The key of a call: which function is called, and what its parameters are bound to.

A key reads `module:qualname(name=value,…)`, with `@version` after the name if there is one. It is
made of printable characters without spaces. Where it would be too long, it is the name, `#` and a
digest of all; since every other key ends in a bracket, the two never meet.
"""

from __future__ import annotations

import sys
from functools import lru_cache, partial
from keyword import iskeyword
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
from typing import TYPE_CHECKING, Any, cast

from cachetory._core.keys import REPR_TYPES, a_or_an, encode, name_text
from cachetory.errors import (
    ConfigurationError,
    UncacheableFunctionError,
    UnkeyableArgumentError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from inspect import Parameter, Signature

    _Bound = tuple[tuple[Any, ...], dict[str, Any]]
    _Slot = tuple[str, str]  # stars and name of a parameter that takes part in the key

MAX_LENGTH = 200
"""The length of the longest key, in characters."""

_MAX_NAME = 120
_MAX_LAYERS = 100
_SPACE = r"\x20"  # there are spaces only between quotes, where a backslash is always doubled


class KeyMaker:
    """Make the keys of the calls of one function.

    Calls that bind the same values share a key, however they pass them: by position, by name or
    by leaving out a default. A partial function, a bound method and an object with `__call__`
    count as the function inside, called with what they hold.

    Args:
        function: The callable to tell apart by module, qualified name and arguments. Lambdas and
            functions local to another are also told apart by their code and by the values of the
            variables that they take from outside (save those that they assign to themselves).
        ignore: Names of parameters that take no part in the key.
        version: Change it to abandon all keys so far. With one, local functions are told apart by
            name and version alone, lambdas by their code too.

    Raises:
        ConfigurationError: for a name in `ignore` which is no parameter.
        UncacheableFunctionError: for a local function that takes a variable from outside whose
            identity cannot be told, and for anything that cannot be called.
    """

    __slots__ = (
        "_ignored_extras",
        "_kept",
        "_name",
        "_of",
        "for_call",
        "is_constant",
        "signature",
    )

    signature: Signature
    """Of the function as it is to be called."""

    for_call: Callable[..., str]
    """The function behind `KeyMaker.__call__`, quicker by one call."""

    is_constant: bool
    """Whether calls with equal arguments always have the same key.

    Not so if the function takes variables from outside, or is bound to an object: these may change.
    """

    def __init__(
        self,
        function: Callable[..., object],
        *,
        ignore: Collection[str] = (),
        version: str | int | None = None,
    ) -> None:
        target, layers = _peel(function)
        self._of = _Identity(target, version)
        self._name = self._of.name
        self._of.text()
        self.signature = _signature_of(function)
        signature = self.signature if target is function else _signature_of(target)
        self._kept = self._without(ignore, signature)
        self._ignored_extras = frozenset(ignore).difference(signature.parameters)
        self.for_call = _compile(signature, self._kept, self._of, self._key_of_values)
        self.is_constant = self._of.is_constant
        for args, kwargs in layers:
            self.for_call = partial(self.for_call, *args, **kwargs)
            self.is_constant &= REPR_TYPES.issuperset(map(type, (*args, *kwargs.values())))

    def __call__(self, *args: Any, **kwargs: Any) -> str:
        """Return the key of the call with these arguments.

        Raises:
            TypeError: for a call that does not fit the signature.
            UnkeyableArgumentError: for an argument whose identity cannot be told; the message
                names it and the ways out.
            UncacheableFunctionError: for a variable taken from outside whose identity cannot be
                told any more.
        """
        return self.for_call(*args, **kwargs)

    def custom(self, value: object) -> str:
        """Return the key made of this function and of a value that the user computed for a call.

        Such keys never meet those made of arguments.

        Raises:
            UnkeyableArgumentError: for a value whose identity cannot be told.
        """
        try:
            text = encode(value)
        except UnkeyableArgumentError as error:
            msg = (
                f"what `key=` returned for a call of `{self._name}` cannot be a key: {error}; "
                "return a string, a number or a tuple of such"
            )
            raise UnkeyableArgumentError(msg) from None
        return self._fit(f"{self._of.text()}[{text}]")

    def _without(self, ignore: Collection[str], signature: Signature) -> tuple[_Slot, ...]:
        if isinstance(ignore, str):
            msg = f"`ignore=` takes a collection of names: write ignore=({ignore!r},)"
            raise ConfigurationError(msg)
        parameters = signature.parameters
        takes_any_name = any(it.kind is it.VAR_KEYWORD for it in parameters.values())
        unknown = () if takes_any_name else set(ignore).difference(parameters)
        if unknown:
            msg = (
                f"`ignore=` names {_listed(sorted(unknown))}, but the parameters of "
                f"`{self._name}` are {_listed(parameters) or 'none at all'}"
            )
            raise ConfigurationError(msg)
        return tuple((_stars(it), it.name) for it in parameters.values() if it.name not in ignore)

    def _key_of_values(self, values: Iterable[Any]) -> str:
        items: list[str] = []
        for (stars, name), value in zip(self._kept, values, strict=True):
            if not stars:
                items.append(f"{name}={self._text(name, value)}")
            elif stars == "*":
                items.extend(f"*{self._text(name, it)}" for it in value)
            else:
                extras = sorted(set(value).difference(self._ignored_extras))
                items.extend(f"**{encode(it)}={self._text(it, value[it])}" for it in extras)
        return self._fit(f"{self._of.text()}({','.join(items)})")

    def _text(self, name: str, value: object) -> str:
        try:
            return encode(value)
        except UnkeyableArgumentError as error:
            raise self._explain(name, error) from None

    def _explain(self, name: str, error: UnkeyableArgumentError) -> UnkeyableArgumentError:
        ways_out = (
            "make its class a frozen dataclass or give it a method `__cache_key__`, "
            f"or leave it out with ignore=({name!r},)"
            if name == "self"
            else f"leave it out with ignore=({name!r},), or derive the key yourself with key=..."
        )
        return UnkeyableArgumentError(
            f"argument `{name}` of `{self._name}` cannot be part of a key: {error}; {ways_out}"
        )

    def _fit(self, text: str) -> str:
        text = text.replace(" ", _SPACE)
        if len(text) <= MAX_LENGTH:
            return text
        return f"{self._of.start[:_MAX_NAME].replace(' ', _SPACE)}#{_digest(text)}"


# Which function


class _Identity:
    """What tells a function from all others: its name, or else what it is made of."""

    __slots__ = ("_captures", "_seen", "name", "start")

    def __init__(
        self,
        function: Any,
        version: str | int | None = None,
        seen: tuple[FunctionType, ...] = (),
    ) -> None:
        qualname: str = function.__qualname__
        self.name = f"{name_text(_module_of(function))}:{name_text(qualname)}"
        self.start = self.name
        self._captures: tuple[tuple[str, CellType], ...] = ()
        self._seen = seen
        if version is not None:
            self.start += f"@{encode(version)}"
        if qualname.endswith("<lambda>") or ("<locals>" in qualname and version is None):
            layers = self._with_code(function)
            if version is None:
                self._captures = tuple(_captures_of(layers))

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

    def _with_code(self, function: object) -> list[FunctionType]:
        layers = _layers_of(function)
        if not layers:
            reason = "has no code that could be seen"
            raise self._uncacheable(reason)
        self._seen += tuple(layers)
        self.start += f"~{_digest(''.join(_code_text(it.__code__) for it in layers))}"
        return layers

    def _uncacheable(self, reason: str) -> UncacheableFunctionError:
        return UncacheableFunctionError(
            f"`{self.name}` is local to another function and {reason}, so its keys could be those "
            "of another function made in the same place; give version=..., if name and version "
            "tell it from all others, or pass what it needs as arguments"
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
    layers = _layers_of(content)
    for index, function in enumerate(seen):
        if function in layers:
            return f"recursion({index})"
    if layers or isinstance(content, BuiltinMethodType):
        return _function_text(content, seen)
    _refuse_changing(content)
    return encode(content)


def _function_text(function: object, seen: tuple[FunctionType, ...]) -> str:
    target, layers = _peel(function)
    if layers:
        msg = f"{a_or_an(type(function).__name__)} object"
        raise UnkeyableArgumentError(msg)
    return f"function({_Identity(target, seen=seen).text()})"


def _refuse_changing(content: object) -> None:
    """Refuse what may change in place: each change would silently abandon all keys so far."""
    try:
        hash(content)
    except TypeError:
        msg = f"{a_or_an(type(content).__name__)} object, which may change"
        raise UnkeyableArgumentError(msg) from None


def _layers_of(function: Any) -> list[FunctionType]:
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
def _code_text(code: CodeType) -> str:
    """Return what the code does, without the place where it stands in its file."""
    constants = [
        _code_text(it) if isinstance(it, CodeType) else encode(it) for it in code.co_consts
    ]
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


def _peel(function: object) -> tuple[Any, list[_Bound]]:
    """Return the function proper, and what is bound to it, from the inside out."""
    layers: list[_Bound] = []
    while (layer := _outer_layer(function)) is not None:
        function, args, kwargs = layer
        layers.insert(0, (args, kwargs))
    return function, layers


def _outer_layer(function: Any) -> tuple[Any, tuple[Any, ...], dict[str, Any]] | None:
    if not callable(function):
        name = a_or_an(type(function).__name__)
        msg = f"{name} object cannot be called, so there is nothing to cache"
        raise UncacheableFunctionError(msg)
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


def _is_bound_in_c(function: object, holder: object) -> bool:
    return isinstance(function, (BuiltinMethodType, MethodWrapperType)) and not isinstance(
        holder, (ModuleType, type, NoneType)
    )


def _module_of(function: Any) -> str:
    owner = getattr(function, "__objclass__", None) or getattr(function, "__self__", None)
    return getattr(function, "__module__", None) or getattr(owner, "__module__", None) or ""


def _digest(text: str) -> str:
    from hashlib import blake2b  # noqa: PLC0415  # dear to import, and only needed for long keys

    return blake2b(text.encode(), digest_size=16).hexdigest()


# What its parameters are bound to


def _signature_of(function: Callable[..., object]) -> Signature:
    """Return the signature; of a built-in without one, a signature that takes anything."""
    import inspect  # noqa: PLC0415  # dear to import, and only needed when decorating

    try:
        if sys.version_info >= (3, 14):
            from annotationlib import Format  # noqa: PLC0415

            return inspect.signature(function, annotation_format=Format.FORWARDREF)
        return inspect.signature(function)
    except ValueError:
        return inspect.Signature(
            [
                inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL),
                inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD),
            ]
        )


def _compile(
    signature: Signature,
    kept: tuple[_Slot, ...],
    identity: _Identity,
    key_of_values: Callable[[Iterable[Any]], str],
) -> Callable[..., str]:
    """Compile a function with the same parameters that returns the key.

    The interpreter then binds the arguments, as it would for the function itself and ten times as
    fast as `Signature.bind`. Arguments of plain types become a key at once; all others are handed
    to `key_of_values`.
    """
    parameters = list(signature.parameters.values())
    if not all(it.name.isidentifier() and not iskeyword(it.name) for it in parameters):
        return _binding_by_signature(signature, kept, key_of_values)
    own = "_"
    while any(it.name.startswith(own) for it in parameters):
        own += "_"
    names = "".join(f"{name}, " for _, name in kept)
    source = (
        f"def {own}key({write_header(parameters, own)}):\n"
        f"{_quick_way(kept, own) if identity.is_constant else ''}"
        f"    return {own}key_of_values(({names}))\n"
    )
    scope: dict[str, Any] = {
        f"{own}start": identity.start,
        f"{own}key_of_values": key_of_values,
        f"{own}plain": REPR_TYPES,
        f"{own}type": type,
        f"{own}len": len,
        f"{own}space": _SPACE,
        f"{own}overlong": ValueError,
        **{f"{own}default_{it.name}": it.default for it in parameters},
    }
    exec(source, scope)  # noqa: S102  # made of identifiers only
    function = scope[f"{own}key"]
    function.__qualname__ = identity.name.partition(":")[2]
    return cast("Callable[..., str]", function)


def _stars(parameter: Parameter) -> str:
    """Return what stands before the name of the parameter in a `def`."""
    kinds = (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    return "*" * (kinds.index(parameter.kind) + 1) if parameter.kind in kinds else ""


def write_header(parameters: list[Parameter], own: str) -> str:
    """Write the parameters as they stand in a `def`, defaults taken from variables."""
    parts: list[str] = []
    slash_at = sum(it.kind is it.POSITIONAL_ONLY for it in parameters)
    has_star = False
    for index, it in enumerate(parameters):
        if slash_at and index == slash_at:
            parts.append("/")
        if it.kind is it.KEYWORD_ONLY and not has_star:
            parts.append("*")
            has_star = True
        has_star = has_star or it.kind is it.VAR_POSITIONAL
        default = "" if it.default is it.empty else f"={own}default_{it.name}"
        parts.append(f"{_stars(it)}{it.name}{default}")
    if slash_at and slash_at == len(parameters):
        parts.append("/")
    return ", ".join(parts)


def _quick_way(kept: tuple[_Slot, ...], own: str) -> str:
    """Write the lines for a call whose arguments are all of plain types, and short."""
    conditions: list[str] = []
    items: list[str] = []
    for stars, name in kept:
        if stars:
            conditions.append(f"not {name}")
        else:
            conditions.append(f"{own}type({name}) in {own}plain")
            items.append(f"{name}={{{name}!r}}")
    return (
        f"    if {' and '.join(conditions) or 'True'}:\n"
        f"        try:\n"
        f'            {own}text = f"{{{own}start}}({",".join(items)})"\n'
        f"        except {own}overlong:\n"
        f"            pass\n"
        f"        else:\n"
        f"            {own}text = {own}text.replace(' ', {own}space)\n"
        f"            if {own}len({own}text) <= {MAX_LENGTH}:\n"
        f"                return {own}text\n"
    )


def _binding_by_signature(
    signature: Signature,
    kept: tuple[_Slot, ...],
    key_of_values: Callable[[Iterable[Any]], str],
) -> Callable[..., str]:
    """Bind the slow way, for parameters whose names cannot stand in a `def`."""

    def key(*args: Any, **kwargs: Any) -> str:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return key_of_values(bound.arguments[name] for _, name in kept)

    return key


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)

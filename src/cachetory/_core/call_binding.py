"""Compile, for a signature, the function that binds a call's arguments and makes them a key."""

from __future__ import annotations

import sys
from functools import lru_cache, partial
from keyword import iskeyword
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, cast

from cachetory._core.keys import REPR_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from inspect import Parameter, Signature

    Slot = tuple[str, str]  # stars and name of a parameter that takes part in the key

MAX_LENGTH = 200
"""The length of the longest key, in characters."""

_PASSING = frozenset({type(lru_cache(len)), staticmethod})
_CLAIMS = frozenset({"__wrapped__", "__signature__"})

SPACE = r"\x20"  # there are spaces only between quotes, where a backslash is always doubled


def signature_of(function: Callable[..., object]) -> Signature:
    """Return the signature that a callable really accepts, whatever function it claims to wrap.

    `__wrapped__` and `__signature__` are what a decorator says of the function inside; a decorator
    may inject, rename or require arguments, so only the code that is called counts. A callable
    without a visible signature takes anything.
    """
    import inspect  # noqa: PLC0415  # slow to import, and only needed when decorating

    honest: Any = _without_claims(function)
    try:
        if honest is None:
            return _anything()
        if sys.version_info >= (3, 14):
            from annotationlib import Format  # noqa: PLC0415

            return inspect.signature(honest, annotation_format=Format.FORWARDREF)
        return inspect.signature(honest)
    except ValueError:
        return _anything()


def claimed_signature_of(function: Callable[..., object]) -> Signature:
    """Return the signature that a callable shows to its readers."""
    import inspect  # noqa: PLC0415  # slow to import, and only needed when decorating

    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return _anything()


def _without_claims(function: Any) -> Callable[..., object] | None:
    """Return an equal callable without `__wrapped__` and `__signature__`; `None` if unknown."""
    if type(function) is FunctionType:
        return _bare_function(function)
    if passes_calls_on(function):
        return _without_claims(function.__wrapped__)
    inner: Any
    if isinstance(function, MethodType):
        inner = _without_claims(function.__func__)
        return None if inner is None else MethodType(inner, function.__self__)
    if isinstance(function, partial):
        bound: Any = cast("Any", function)
        inner = cast("Any", _without_claims(bound.func))
        return None if inner is None else cast("Any", partial)(inner, *bound.args, **bound.keywords)
    cls = cast("Any", type(function))
    called: object = getattr(cls, "__call__", None)  # noqa: B004 (its code counts)
    if type(called) is FunctionType:
        return MethodType(_bare_function(called), function)
    return None if hasattr(function, "__wrapped__") else cast("Callable[..., object]", function)


def passes_calls_on(function: object) -> bool:
    """Return whether a wrapper hands every call to its `__wrapped__` exactly as it is written."""
    cls: Any = type(function)
    return cls in _PASSING or getattr(cls, "passes_calls_on", False) is True


def _bare_function(function: FunctionType) -> FunctionType:
    if _CLAIMS.isdisjoint(function.__dict__):
        return function
    bare = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    bare.__kwdefaults__ = function.__kwdefaults__
    return bare


def _anything() -> Signature:
    from inspect import Parameter, Signature  # noqa: PLC0415  # slow to import

    return Signature(
        [
            Parameter("args", Parameter.VAR_POSITIONAL),
            Parameter("kwargs", Parameter.VAR_KEYWORD),
        ]
    )


def compile_key_function(
    signature: Signature,
    kept: tuple[Slot, ...],
    key_of_values: Callable[[Iterable[Any]], str],
    *,
    name: str,
    start: str | None,
) -> Callable[..., str]:
    """Compile a function with the same parameters that returns the key.

    The interpreter then binds the arguments, as it would for the function itself and ten times as
    fast as `Signature.bind`. Arguments of plain types become a key at once, if there is a `start`
    that is the same for every call; all others are handed to `key_of_values`.
    """
    parameters = list(signature.parameters.values())
    if not all(it.name.isidentifier() and not iskeyword(it.name) for it in parameters):
        return _binding_by_signature(signature, kept, key_of_values)
    own = "_"
    while any(it.name.startswith(own) for it in parameters):
        own += "_"
    names = "".join(f"{it}, " for _, it in kept)
    source = (
        f"def {own}key({write_header(parameters, own)}):\n"
        f"{_quick_way(kept, own) if start is not None else ''}"
        f"    return {own}key_of_values(({names}))\n"
    )
    scope: dict[str, Any] = {
        f"{own}start": start,
        f"{own}key_of_values": key_of_values,
        f"{own}plain": REPR_TYPES,
        f"{own}type": type,
        f"{own}len": len,
        f"{own}space": SPACE,
        f"{own}overlong": ValueError,
        **{f"{own}default_{it.name}": it.default for it in parameters},
    }
    exec(source, scope)  # noqa: S102  # made of identifiers only
    function = scope[f"{own}key"]
    function.__qualname__ = name.partition(":")[2]
    return cast("Callable[..., str]", function)


def stars_of(parameter: Parameter) -> str:
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
        parts.append(f"{stars_of(it)}{it.name}{default}")
    if slash_at and slash_at == len(parameters):
        parts.append("/")
    return ", ".join(parts)


def _quick_way(kept: tuple[Slot, ...], own: str) -> str:
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
    kept: tuple[Slot, ...],
    key_of_values: Callable[[Iterable[Any]], str],
) -> Callable[..., str]:
    """Bind the slow way, for parameters whose names cannot stand in a `def`."""

    def key(*args: Any, **kwargs: Any) -> str:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return key_of_values(bound.arguments[name] for _, name in kept)

    return key

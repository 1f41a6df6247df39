"""The key of a call: which function is called, and what its parameters are bound to.

A key reads `module:qualname(name=value,…)`, with `@version` after the name if there is one. It is
made of printable characters without spaces. Where it would be too long, it is the name, `#` and a
digest of all; since every other key ends in a bracket, the two never meet.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any

from cachetory._core.call_binding import (
    MAX_LENGTH,
    SPACE,
    claimed_signature_of,
    compile_key_function,
    signature_of,
    stars_of,
)
from cachetory._core.function_identity import FunctionIdentity, digest, peel
from cachetory._core.keys import REPR_TYPES, encode
from cachetory._core.namesakes import Usage
from cachetory._core.parameter_types import unkeyable_parameter
from cachetory.errors import (
    ConfigurationError,
    UncacheableFunctionError,
    UnkeyableArgumentError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from inspect import Signature

    from cachetory._core.call_binding import Slot
    from cachetory._core.namesakes import Namesakes

_MAX_NAME = 120
_PER_ITEM = "[*]"


class KeyMaker:
    """Make the keys of the calls of one function.

    Calls that bind the same values share a key, however they pass them: by position, by name or
    by leaving out a default. A partial function, a bound method and an object with `__call__`
    count as the function inside, called with what they hold.

    The arguments are bound to the signature that the called object itself has. A wrapper that
    takes `*args` counts positional arguments by their position, since it may add some before it
    calls the function inside.

    Args:
        function: The callable to tell apart by module, qualified name and arguments. Lambdas and
            functions local to another are also told apart by their code and by the values of the
            variables that they take from outside (save those that they assign to themselves).
            Functions named `_`, and those of a prompt or a notebook, are distinguished by their
            code.
        ignore: Names of parameters that take no part in the key.
        version: Change it to abandon all keys so far. With one, local functions are told apart by
            name and version alone, lambdas by their code too.
        key: What the user makes keys with, if that is so; see `custom`.
        per_item: Whether a key is that of one item of a call. It is never that of a whole call.
        namesakes: The other functions that are decorated for the same cache.

    Raises:
        ConfigurationError: for a name in `ignore` which is no parameter.
        UncacheableFunctionError: for a local function that takes a variable from outside whose
            identity cannot be told; for a function that would share the entries of another one;
            and for anything that cannot be called.
    """

    __slots__ = (
        "_ignored_extras",
        "_kept",
        "_name",
        "_namespace",
        "_of",
        "_skipped",
        "for_call",
        "is_constant",
        "signature",
        "takes_calls_as_bound",
        "takes_instance",
    )

    signature: Signature
    """Of the function as it is to be called."""

    for_call: Callable[..., str]
    """The function behind `KeyMaker.__call__`, quicker by one call."""

    is_constant: bool
    """Whether calls with equal arguments always have the same key.

    Not so if the function takes variables from outside, or is bound to an object: these may change.
    """

    takes_calls_as_bound: bool
    """Whether the function cannot tell positional from named arguments, nor omitted defaults."""

    takes_instance: bool
    """Whether the first argument is the instance or the class of which the function is a method."""

    def __init__(
        self,
        function: Callable[..., object],
        *,
        ignore: Collection[str] = (),
        version: str | int | None = None,
        key: Callable[..., object] | None = None,
        per_item: bool = False,
        namesakes: Namesakes | None = None,
    ) -> None:
        target, layers = peel(function)
        self._of = FunctionIdentity(target, version)
        if per_item:
            self._of.start += _PER_ITEM
        self._name = self._of.name
        self._namespace: dict[str, Any] = getattr(target, "__globals__", {})
        self._of.text()
        self.signature = signature_of(function)
        signature = self.signature if target is function else signature_of(target)
        _check_ignore(ignore)
        first = _first_of_method(target)
        self.takes_instance = first is not None and not any(args for args, _ in layers)
        self._skipped = 0
        if (
            first
            and not isinstance(ignore, str)
            and first in set(ignore).difference(signature.parameters)
        ):
            ignore = self._ignore_instance(ignore, signature)
        injected = claimed_signature_of(target).parameters  # perhaps by the wrapper
        self._kept = self._without(ignore, signature, injected)
        self._ignored_extras = frozenset(ignore).difference(signature.parameters)
        self.takes_calls_as_bound = type(target) is FunctionType and not any(
            stars_of(it) for it in self.signature.parameters.values()
        )
        if namesakes is not None:
            counted: frozenset[str] = frozenset(() if key else (it for _, it in self._kept))
            namesakes.admit(self._of, target, Usage(key, self._ignored_extras, counted))
        self.for_call = compile_key_function(
            signature,
            self._kept,
            self._key_of_values,
            name=self._name,
            start=self._of.start if self._of.is_constant else None,
        )
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

    def check_parameters(self) -> None:
        """Refuse a parameter whose arguments can visibly never be part of a key.

        Raises:
            UncacheableFunctionError: naming the parameter, its class and the ways out.
        """
        names = {name for stars, name in self._kept if not stars}
        found = unkeyable_parameter(
            self.signature, names, self._namespace, is_per_item=self._of.start.endswith(_PER_ITEM)
        )
        if found is None:
            return
        name, class_name = found
        msg = (
            f"parameter `{name}` of `{self._name}` takes objects of the class {class_name}, which "
            "have no stable identity, so no call could have a key: if it has no influence on the "
            f"result, leave it out with ignore=({name!r},); else derive the key with key=..."
        )
        raise UncacheableFunctionError(msg)

    def _without(
        self, ignore: Collection[str], signature: Signature, injected: Collection[str]
    ) -> tuple[Slot, ...]:
        parameters = signature.parameters
        takes_any_name = any(it.kind is it.VAR_KEYWORD for it in parameters.values())
        unknown = () if takes_any_name else set(ignore).difference(parameters, injected)
        if unknown:
            msg = (
                f"`ignore=` names {_listed(sorted(unknown))}, but the parameters of "
                f"`{self._name}` are {_listed(parameters) or 'none at all'}"
            )
            raise ConfigurationError(msg)
        return tuple((stars_of(it), it.name) for it in parameters.values() if it.name not in ignore)

    def _ignore_instance(self, ignore: Collection[str], signature: Signature) -> set[str]:
        """Leave the instance out, which the wrapper of a method takes under another name."""
        names = {it for it in ignore if it not in {"self", "cls"}}
        first = next(iter(signature.parameters.values()), None)
        if first is None or first.kind is first.VAR_KEYWORD:
            return names
        if first.kind is first.VAR_POSITIONAL:
            self._skipped = 1
            return names
        return names | {first.name}

    def _key_of_values(self, values: Iterable[Any]) -> str:
        items: list[str] = []
        for (stars, name), value in zip(self._kept, values, strict=True):
            if not stars:
                items.append(f"{name}={self._text(name, value)}")
            elif stars == "*":
                items.extend(f"*{self._text(name, it)}" for it in value[self._skipped :])
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
            f"if it has no influence on the result, leave it out with ignore=({name!r},); "
            "else derive the key yourself with key=..."
        )
        if name == "self":
            ways_out = (
                "make its class a frozen dataclass or give it a method `__cache_key__`; only if "
                "all objects of the class give the same results, leave it out with ignore=('self',)"
            )
        if name == "self" and self._name.endswith(".__call__"):  # objects that wrap a function
            ways_out = (
                "decorate a plain function that calls the object, "
                "or give its class a method `__cache_key__`"
            )
        return UnkeyableArgumentError(
            f"argument `{name}` of `{self._name}` cannot be part of a key: {error}; {ways_out}"
        )

    def _fit(self, text: str) -> str:
        text = text.replace(" ", SPACE)
        if len(text) <= MAX_LENGTH:
            return text
        return f"{self._of.start[:_MAX_NAME].replace(' ', SPACE)}#{digest(text)}"


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _check_ignore(ignore: Any) -> None:
    if isinstance(ignore, str):
        msg = f"`ignore=` takes a collection of names: write ignore=({ignore!r},)"
        raise ConfigurationError(msg)
    names: Any = ignore
    if not isinstance(ignore, Collection) or not all(isinstance(it, str) for it in names):
        msg = f"`ignore=` takes a collection of names of parameters, not {ignore!r}"
        raise ConfigurationError(msg)


def _first_of_method(function: Any) -> str | None:
    """Return the name of the first parameter of a function of a class, if it is the instance.

    A wrapper with `*args` copies the name of the method inside, and gets the instance first.
    """
    class_name = getattr(function, "__qualname__", "").rpartition(".")[0]
    if not class_name or class_name.endswith("<locals>"):
        return None
    names = claimed_signature_of(function).parameters
    first = next(iter(names), None)
    return first if first in {"self", "cls"} else None

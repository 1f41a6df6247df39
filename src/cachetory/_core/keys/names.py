"""Names and integers in keys, and the errors for values without an identity."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol

from cachetory._core.module_names import MAIN_MODULES, stable_module_name
from cachetory.errors import UnkeyableArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_DEPTH = 100
"""The maximum number of containers nested in one another."""


_LONG_INT = 1024  # bits: beyond, decimal digits take quadratic time, and Python refuses thousands


def int_text(value: int) -> str:
    """Return decimal digits, or hexadecimal ones for an integer of more than 1024 bits."""
    return int.__repr__(value) if int.bit_length(value) < _LONG_INT else int.__format__(value, "#x")


class Walk(Protocol):
    """The pass over a value, as containers use it to write what they hold."""

    def text(self, value: object, /) -> str:
        """Return the text of one value."""
        ...

    def texts(self, values: Iterable[object], /) -> list[str]:
        """Return the texts of several values, in their order."""
        ...

    def pairs(self, items: Iterable[tuple[object, object]], /) -> list[str]:
        """Return `key=value` for several pairs, in their order."""
        ...


def name_text(name: str) -> str:
    """Return a dotted name as it is, or quoted if something in it could pass for structure."""
    bare = name.replace("<locals>", "_").replace("<lambda>", "_").replace(".", "_")
    return name if bare.isidentifier() else repr(name)


def a_or_an(noun: str) -> str:
    """Put the article before a noun, for messages."""
    return f"{'an' if noun[:1] in 'aeiouAEIOU' else 'a'} {noun}"


def import_name(thing: Any) -> str:
    """Return `module:qualname` of a class or function.

    Raises:
        UnkeyableArgumentError: if that name does not lead to the same object, as for a class that a
            function defines.
    """
    module, qualname = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if not is_importable(thing):
        kind = "class" if isinstance(thing, type) else "function"
        msg = (
            f"the {kind} {qualname} has no stable identity, since it cannot be imported "
            f"as `{module}:{qualname}`: define it at the top level of a module"
        )
        raise UnkeyableArgumentError(msg)
    module = thing.__module__
    if module in MAIN_MODULES:
        module = stable_module_name(module, vars(sys.modules[module]))
    return f"{name_text(module)}:{name_text(thing.__qualname__)}"


def is_importable(thing: Any) -> bool:
    """Return whether the module of a class or function has it under its qualified name."""
    module, qualname = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if type(module) is not str or type(qualname) is not str:
        return False
    found: Any = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found is thing


def unkeyable(value: object, why: str = "") -> UnkeyableArgumentError:
    """Return the error for a value. It names the type and never shows the value."""
    reason = f": {why}" if why else ""
    name = a_or_an(type(value).__name__)
    return UnkeyableArgumentError(f"{name} object has no stable identity{reason}")


def too_deep() -> UnkeyableArgumentError:
    """Return the error for a value that has too many levels, or endlessly many."""
    return UnkeyableArgumentError(
        f"a value that contains itself or is nested more than {MAX_DEPTH} levels deep "
        "has no stable identity"
    )

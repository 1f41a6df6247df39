"""The canonical text of one argument value: equal for equal type and value, and only then.

The text reads much like Python: `5`, `'5'`, `b'5'`, `(1,[2])`, `{'a'=1}`, `app.models:Point(x=1)`.
What is quoted is quoted by `repr`, so nothing inside a string passes for structure, and the text
is printable whatever the string holds. A `:` only ever stands inside the name of a class, hence
the `=` in dicts. Sets and dicts are sorted by text, so that neither the order of insertion nor the
hash seed shows.

The first of these steps that fits decides:

1. a leaf: a known type that holds no other values (`leaves`, `numpy_scalars`)
2. a container: a known type that holds other values (`containers`)
3. a class with `__cache_key__`: what that returns
4. a class as the value, a member of an enum: its name
5. a subclass of a known type, or a class that declares fields (`fields`): the content, the fields,
   and everything else that the instance stores (`storage`)
6. a time zone: what it stores, or what it gives to `pickle` if it chooses that itself
7. everything else is refused: a value is never told by its `repr` or its address
"""

from __future__ import annotations

from types import NoneType

from cachetory._core.keys.leaves import LEAVES
from cachetory._core.keys.names import MAX_DEPTH, a_or_an, name_text, too_deep
from cachetory._core.keys.never_keyable import is_never_keyable
from cachetory._core.keys.walk import MAX_ELEMENTS, TextWalk

__all__ = [
    "MAX_DEPTH",
    "MAX_ELEMENTS",
    "REPR_TYPES",
    "a_or_an",
    "encode",
    "is_never_keyable",
    "name_text",
]

REPR_TYPES = frozenset({NoneType, bool, int, float, str, bytes})
"""Types whose `repr` is their text (for an `int`, up to about 300 digits)."""


def encode(value: object) -> str:
    """Return the canonical text of a value: printable, and the same in every process.

    Values of different types never share a text, even if they are equal: `1`, `True`, `1.0` and
    `"1"` have four. All NaNs are one; `0.0` and `-0.0` are two.

    Raises:
        UnkeyableArgumentError: for a value whose identity cannot be told by its content; for one
            that contains itself, is nested too deeply, or is too large. The message never shows
            the value.
    """
    leaf = LEAVES.get(type(value))
    if leaf is not None:
        return leaf(value)
    try:
        return TextWalk().text(value)
    except RecursionError:
        raise too_deep() from None

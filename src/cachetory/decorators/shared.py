"""The default keys of release 3.5.1, for those who pass them as `make_key=` to keep their keys.

They are made of `str` of each argument, so that different calls may share a key (`f(1)` and
`f("1")`), and equal calls may not (`f(1)` and `f(x=1)`). Without `make_key=`, `cached` makes keys
that have neither fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def make_default_key(callable_: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """Join the qualified name of the callable and its arguments with `:`, as release 3.5.1 did.

    A `:` inside an argument is doubled; named arguments are sorted by name. The key is as long as
    the arguments are.
    """
    parts = [callable_.__module__, callable_.__qualname__]
    parts += [str(argument).replace(":", "::") for argument in args]
    parts += [f"{name}={value!s}".replace(":", "::") for name, value in sorted(kwargs.items())]
    return ":".join(parts)


def make_default_hashed_key(callable_: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """Hash what `make_default_key` returns into 64 hexadecimal digits (blake2s)."""
    from hashlib import blake2s  # noqa: PLC0415  # dear to import, and rarely needed

    key = make_default_key(callable_, *args, **kwargs)
    return blake2s(key.encode(errors="surrogatepass")).hexdigest()

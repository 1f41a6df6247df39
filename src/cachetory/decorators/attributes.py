"""Attributes by which tools read the signature of a decorated function.

`inspect.signature` follows `__wrapped__`. `inspect.getfullargspec` does not, and FastAPI resolves
annotations in `__globals__`: both need the attributes of a function. They are read from the
function when asked for, so that neither decorating nor calling costs more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from inspect import Signature


class OfFunction:
    """An attribute that a decorated function has if the function inside has it."""

    _name: str

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, wrapper: Any, owner: type | None = None) -> Any:
        """Return the attribute of the function.

        Raises:
            AttributeError: if it has none.
        """
        if wrapper is None:
            raise AttributeError(self._name)
        return getattr(wrapper.__wrapped__, self._name)

    def __set__(self, wrapper: Any, value: object) -> NoReturn:
        """Refuse; without this, a value copied from the function would come first.

        Raises:
            AttributeError: always.
        """
        msg = f"{self._name} of a decorated function cannot be set: set it on the function inside"
        raise AttributeError(msg)


class Signed(OfFunction):
    """The `__signature__` of a callable whose signature is not told by the other attributes.

    A decorated plain function has none, so that `inspect.signature` goes on to the function and
    can resolve its annotations (`eval_str`).
    """

    def __get__(self, wrapper: Any, owner: type | None = None) -> Signature:
        """Return the signature of the callable.

        Raises:
            AttributeError: if the callable is a plain function.
        """
        from inspect import signature  # noqa: PLC0415 (takes long to import)

        inside: Any = None if wrapper is None else wrapper.__wrapped__
        if wrapper is None or (hasattr(inside, "__code__") and not hasattr(inside, self._name)):
            raise AttributeError(self._name)
        return signature(inside)

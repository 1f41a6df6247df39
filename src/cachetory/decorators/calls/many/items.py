"""The items of a call of a function of many items: where they are, and what stands for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from cachetory._core.call_binding import claimed_signature_of, stars_of
from cachetory.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection

    from cachetory._core.function_keys import KeyMaker

_ABSENT = object()
_NOT_ITEMS = (str, bytes, bytearray, memoryview)


class Call:
    """One call as its caller wrote it, and the items in it.

    Attributes:
        items: The items, each once or more.
    """

    __slots__ = ("_args", "_at", "_kwargs", "items")

    def __init__(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], at: int | str, items: list[Any]
    ) -> None:
        self._args = args
        self._kwargs = kwargs
        self._at = at
        self.items: list[Any] = items

    def with_items(self, items: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments of the same call with something else instead of its items."""
        at = self._at
        if isinstance(at, str):
            return self._args, {**self._kwargs, at: items}
        return (*self._args[:at], items, *self._args[at + 1 :]), self._kwargs


class ItemsParameter:
    """The parameter that takes the items.

    Args:
        function: the function that is decorated.
        keys: makes its keys.
        name: the name of the parameter; by default it is the first one, or the one after `self`.
        ignore: names of parameters that take no part in the keys.

    Raises:
        ConfigurationError: if there is no such parameter, or it cannot take the items.
    """

    __slots__ = ("_default", "_index", "_name")

    def __init__(
        self, function: Any, keys: KeyMaker, name: str | None, ignore: Collection[str]
    ) -> None:
        parameters = keys.signature.parameters
        names = list(parameters)
        first = int(keys.takes_instance or names[:1] == ["self"])
        claimed = claimed_signature_of(function).parameters
        self._default: object = _ABSENT
        self._index: int | None = None
        self._name = name if name is not None else _name_at(first, names)
        own = parameters.get(self._name)
        kinds = [stars_of(it) for it in parameters.values()]
        if name is None and "*" in kinds[: first + 1]:  # perhaps a wrapper that takes anything
            self._name = _name_at(first, list(claimed))
            self._index = first
        elif own is not None and not stars_of(own):
            self._default = _ABSENT if own.default is own.empty else own.default
            self._index = None if own.kind is own.KEYWORD_ONLY else names.index(own.name)
        elif self._name not in claimed or "**" not in kinds:
            raise _no_parameter(self._name, names)
        if self._name in claimed and stars_of(claimed[self._name]):
            msg = (
                f"`{self._name}` takes items one by one: "
                "`cached_many` is for a parameter that takes a list"
            )
            raise ConfigurationError(msg)
        if self._name in ignore:
            msg = (
                f"`{self._name}` takes the items, each of which is part of a key: "
                "it cannot be ignored"
            )
            raise ConfigurationError(msg)

    def of_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """Find the items in a call.

        Raises:
            TypeError: for a call without items, or with one string instead of many.
        """
        index = self._index
        if index is not None and len(args) > index:
            return Call(args, kwargs, index, self._checked(args[index]))
        items = kwargs.get(self._name, self._default)
        if items is not _ABSENT:
            return Call(args, kwargs, self._name, self._checked(items))
        by = "by name" if index is None else "by name or as the first argument"
        msg = f"the call has no `{self._name}`, which takes the items: give them {by}"
        raise TypeError(msg)

    def _checked(self, items: Any) -> list[Any]:
        given: Any = items
        if isinstance(items, _NOT_ITEMS):
            msg = (
                f"`{self._name}` takes many items, not one {type(given).__name__}: "
                f"write [{given!r}] for one item"
            )
            raise TypeError(msg)
        if not isinstance(cast("object", items), Iterable):
            msg = f"`{self._name}` takes a list of items, not {items!r}"
            raise TypeError(msg)
        return list(given)


def _name_at(index: int, names: list[str]) -> str:
    return names[index] if len(names) > index else ""


def _no_parameter(name: str, names: list[str]) -> ConfigurationError:
    known = ", ".join(f"`{it}`" for it in names) or "none"
    return ConfigurationError(
        f"there is no parameter `{name}` that could take the items; there are: {known}"
    )

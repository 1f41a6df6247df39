# Generated from tests/compat/async_/overriding.py by tools/unasync.py. Do not edit: edit that file instead.
"""What users of release 3.5.1 put around backends and caches: counters, tenants, encryption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Call = tuple[Any, ...]

READS_AND_WRITES = ("get", "get_many", "set", "set_many", "expire_in", "delete", "delete_many")


class Proxy:
    """Passes on what it does not define, and is equal to every proxy of the same object."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Proxy) and other.inner is self.inner

    def __hash__(self) -> int:
        return id(self.inner)


def encrypt(wire: bytes) -> bytes:
    return bytes(byte ^ 0x5A for byte in wire)


class RenamingBackend:
    """A mixin for backends: puts a tenant before keys, and encrypts values."""

    tenant = ""

    def get(self, key: str) -> Any:
        parent: Any = super()
        return encrypt(parent.get(self.tenant + key))

    def get_many(self, *keys: str) -> Iterator[tuple[str, Any]]:
        parent: Any = super()
        for key, wire in parent.get_many(*[self.tenant + key for key in keys]):
            yield key[len(self.tenant) :], encrypt(wire)

    def set(self, key: str, value: Any, **options: Any) -> bool:
        parent: Any = super()
        changed: bool = parent.set(self.tenant + key, encrypt(value), **options)
        return changed

    def set_many(self, items: Iterable[tuple[str, Any]], **options: Any) -> None:
        parent: Any = super()
        parent.set_many([(self.tenant + key, encrypt(it)) for key, it in items], **options)

    def expire_in(self, key: str, time_to_live: Any = None) -> None:
        parent: Any = super()
        parent.expire_in(self.tenant + key, time_to_live)

    def delete(self, key: str) -> bool:
        parent: Any = super()
        existed: bool = parent.delete(self.tenant + key)
        return existed

    def delete_many(self, *keys: str) -> None:
        parent: Any = super()
        parent.delete_many(*[self.tenant + key for key in keys])


class RenamingProxy(RenamingBackend):
    """The same as a proxy of a backend. It has nothing but the interface of release 3.5.1."""

    def __new__(cls, inner: Any) -> Any:
        kind = type("RenamingProxy", (RenamingBackend, _PassingOn), {})
        return kind(inner)


class _PassingOn(Proxy):
    """Passes on each operation by a method, so that a mixin can call it."""

    def get(self, key: str) -> Any:
        return self.inner.get(key)

    def get_many(self, *keys: str) -> Iterator[tuple[str, Any]]:
        for pair in self.inner.get_many(*keys):
            yield pair

    def set(self, key: str, value: Any, **options: Any) -> Any:
        return self.inner.set(key, value, **options)

    def set_many(self, items: Any, **options: Any) -> None:
        self.inner.set_many(items, **options)

    def expire_in(self, key: str, time_to_live: Any = None) -> None:
        self.inner.expire_in(key, time_to_live)

    def delete(self, key: str) -> Any:
        return self.inner.delete(key)

    def delete_many(self, *keys: str) -> None:
        self.inner.delete_many(*keys)


def count_calls(operation: str, function: Any, calls: list[Call]) -> Any:
    """Return a function that notes the name and the keys, and calls the function."""

    def note(*args: Any, **options: Any) -> Any:
        noted = list(args)
        if operation == "set":
            del noted[1:]
        elif operation == "set_many":
            noted = list(dict(args[0]))
        elif operation == "expire_in" or (operation == "get" and len(noted) > 1):
            del noted[1:]
        calls.append((operation, *noted))
        return function(*args, **options)

    return note


def counting_subclass(kind: type[Any], operations: Iterable[str], calls: list[Call]) -> type[Any]:
    """Return a subclass that overrides operations in order to note their calls."""

    def override(operation: str) -> Any:
        def method(self: Any, *args: Any, **options: Any) -> Any:
            inherited = getattr(super(made, self), operation)
            return count_calls(operation, inherited, calls)(*args, **options)

        return method

    made: type[Any] = type("Counting", (kind,), {name: override(name) for name in operations})
    return made


def counting_proxy(inner: Any, operations: Iterable[str], calls: list[Call]) -> Any:
    """Return a proxy that defines operations in order to note their calls."""

    def define(operation: str) -> Any:
        def method(self: Any, *args: Any, **options: Any) -> Any:
            return count_calls(operation, getattr(self.inner, operation), calls)(*args, **options)

        return method

    kind = type("CountingProxy", (Proxy,), {name: define(name) for name in operations})
    return kind(inner)

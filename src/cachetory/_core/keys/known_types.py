"""The known type, leaf or container, that a class is or extends."""

from __future__ import annotations

from datetime import tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING

from cachetory._core.keys.containers import container_of
from cachetory._core.keys.leaves import leaf_of

if TYPE_CHECKING:
    from cachetory._core.keys.names import Walk


@lru_cache(maxsize=1024)
def known_base_of(cls: type) -> type | None:
    """Return the first known type among a class and its bases, or `None`."""
    return next(filter(_is_known, cls.__mro__), None)


def content_of(value: object, base: type, walk: Walk) -> list[str]:
    """Return the text of what a value holds as an instance of its known base."""
    leaf = leaf_of(base)
    if leaf is not None:
        return [leaf(value)]
    container = container_of(base)
    return [] if container is None else [container(value, walk)]


def own_attributes(base: type | None) -> frozenset[str]:
    """Return the names in `__dict__` that belong to a known type: its content covers them."""
    return frozenset() if base is None else _OWN_ATTRIBUTES.get(base.__module__, frozenset())


def _is_known(cls: type) -> bool:
    # A bare `tzinfo` has no content: the state of the class derived from it is all.
    return cls is tzinfo or leaf_of(cls) is not None or container_of(cls) is not None


_OWN_ATTRIBUTES = {
    "ipaddress": frozenset({"network_address", "netmask", "_prefixlen", "network", "hosts"}),
    "pydantic.types": frozenset({"_secret_value"}),
    "pydantic.networks": frozenset({"_url"}),
}

"""The entries of this process's Django caches: made once, though Django makes many caches.

It makes one for each thread or asynchronous context, and drops them again. Connections, flights
and what is known of a store's health are to outlive them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured

from cachetory._core.urls import Url, parse, scheme_of
from cachetory._runtime.process import fork_safe_lock
from cachetory.backends import async_ as async_backends
from cachetory.backends import sync as sync_backends
from cachetory.django.entries import async_ as async_entries
from cachetory.django.entries import sync as sync_entries
from cachetory.errors import CachetoryError

if TYPE_CHECKING:
    from cachetory.django.options import Options
    from cachetory.interfaces.backends.async_ import AsyncBackend
    from cachetory.interfaces.backends.sync import SyncBackend

    Backends = tuple[SyncBackend[Any], AsyncBackend[Any]]


class Pair(NamedTuple):
    """The same entries in both colours."""

    sync: sync_entries.Entries
    async_: async_entries.Entries


_guard = fork_safe_lock()
_pairs: dict[Options, Pair] = {}
_backends: dict[str, Backends] = {}


def entries_of(options: Options) -> Pair:
    """Give the entries of caches with these options.

    Raises:
        ImproperlyConfigured: for a URL or an option that cannot work.
    """
    pair = _pairs.get(options)
    if pair is not None:
        return pair
    with _guard:
        if options not in _pairs:
            try:
                _pairs[options] = _open(options)
            except CachetoryError as error:
                msg = f"a CachetoryCache cannot work: {error}"
                raise ImproperlyConfigured(msg) from None
        return _pairs[options]


def _open(options: Options) -> Pair:
    if options.url not in _backends:
        url = _named(options.url)
        _backends[options.url] = sync_backends.from_url(url), async_backends.from_url(url)
    in_sync, in_async = _backends[options.url]
    return Pair(
        sync_entries.Entries(options, in_sync),
        async_entries.Entries(options, in_async),
    )


def _named(url: str) -> str:
    """Give a memory store a name, by which both colours share it."""
    if scheme_of(url) != "memory":
        return url
    parsed = parse(url)
    bounds = "&".join(f"{name}={value}" for name, value in parsed.parameters)
    name = parsed.authority or f"django {bounds}".strip()
    return str(Url(parsed.scheme, name, parsed.path, parsed.parameters))

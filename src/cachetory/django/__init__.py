"""Every store of this library as a cache of Django, by its URL in `CACHES`."""

from cachetory.django.cache import CachetoryCache
from cachetory.django.connections import closing_connections

__all__ = ["CachetoryCache", "closing_connections"]

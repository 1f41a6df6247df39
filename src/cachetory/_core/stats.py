"""What a cache tells of what it has done."""

from __future__ import annotations

from typing import NamedTuple


class Stats(NamedTuple):
    """What a cache has done since it was made; a snapshot.

    Counters are not synchronised between threads: under contention on an interpreter without a
    global lock, a few counts may be lost.
    """

    hits: int
    """Lookups that found a fresh value."""
    misses: int
    """Lookups that found nothing usable, undecodable values and failures of the store included."""
    sets: int
    """Values written, loaded ones included."""
    deletes: int
    """Keys whose deletion was asked for."""
    loads: int
    """Values computed on a miss."""
    load_failures: int
    """Loaders that raised."""
    not_stored: int
    """Loaded values that were not kept."""
    undecodable: int
    """Stored values that the serializer could not read."""
    backend_errors: int
    """Operations that the store failed to do."""
    entries: int | None = None
    """Entries held now; None for a store that is not in this process."""
    evictions: int | None = None
    """Entries removed to keep the store within its bounds, by whichever cache shares it."""
    expirations: int | None = None
    """Entries removed because their time was over."""

    @property
    def hit_ratio(self) -> float:
        """Share of the lookups that were hits, from 0 to 1; 0 before the first lookup."""
        lookups = self.hits + self.misses
        return self.hits / lookups if lookups else 0.0

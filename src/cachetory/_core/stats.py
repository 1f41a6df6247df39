"""What a cache tells of what it has done."""

from __future__ import annotations

from typing import NamedTuple


class Stats(NamedTuple):
    """What a cache has done since it was made; a snapshot.

    Counters are not synchronised between threads: under contention on an interpreter without a
    global lock, a few counts may be lost.
    """

    hits: int
    """Lookups that were answered at once: with a fresh value, or a stale one to be refreshed."""
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
    stale: int = 0
    """Values given though their time was over, while they were loaded again or could not be."""
    refreshes: int = 0
    """Loads of keys that had a value."""
    refreshes_dropped: int = 0
    """Refreshes for which there was no room behind the callers."""
    late_loads: int = 0
    """Callers that stopped waiting for a load."""
    leases_won: int = 0
    """Loads for which this process got a lease."""
    leases_held: int = 0
    """Loads that waited for another process, or left it to do the work."""
    leases_lost: int = 0
    """Leases that ended while their holder was loading."""
    breaker_openings: int = 0
    """Times that the store was left alone after some failures in a row."""
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

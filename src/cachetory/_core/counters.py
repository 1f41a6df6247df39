"""Count what a cache does, cheaply enough for every hit."""

from __future__ import annotations


class Counters:
    """The running counts behind `Stats`."""

    __slots__ = (
        "backend_errors",
        "breaker_openings",
        "deletes",
        "hits",
        "late_loads",
        "leases_held",
        "leases_lost",
        "leases_won",
        "load_failures",
        "loads",
        "misses",
        "not_stored",
        "refreshes",
        "refreshes_dropped",
        "sets",
        "stale",
        "undecodable",
    )

    def __init__(self) -> None:
        self.hits: int = 0
        self.misses: int = 0
        self.sets: int = 0
        self.deletes: int = 0
        self.loads: int = 0
        self.load_failures: int = 0
        self.not_stored: int = 0
        self.undecodable: int = 0
        self.backend_errors: int = 0
        self.stale: int = 0
        self.refreshes: int = 0
        self.refreshes_dropped: int = 0
        self.late_loads: int = 0
        self.leases_won: int = 0
        self.leases_held: int = 0
        self.leases_lost: int = 0
        self.breaker_openings: int = 0

    def snapshot(self) -> tuple[int, ...]:
        """Give the counts in the order of the fields of `Stats`."""
        return (
            self.hits,
            self.misses,
            self.sets,
            self.deletes,
            self.loads,
            self.load_failures,
            self.not_stored,
            self.undecodable,
            self.backend_errors,
            self.stale,
            self.refreshes,
            self.refreshes_dropped,
            self.late_loads,
            self.leases_won,
            self.leases_held,
            self.leases_lost,
            self.breaker_openings,
        )

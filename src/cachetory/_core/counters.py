"""Count what a cache does, cheaply enough for every hit."""

from __future__ import annotations


class Counters:
    """The running counts behind `Stats`."""

    __slots__ = (
        "backend_errors",
        "deletes",
        "hits",
        "load_failures",
        "loads",
        "misses",
        "not_stored",
        "sets",
        "undecodable",
    )

    def __init__(self) -> None:
        self.hits = 0
        self.misses = 0
        self.sets = 0
        self.deletes = 0
        self.loads = 0
        self.load_failures = 0
        self.not_stored = 0
        self.undecodable = 0
        self.backend_errors = 0

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
        )

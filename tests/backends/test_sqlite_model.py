"""The SQLite backend, in both colours, does what dictionaries of entries and claims do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from math import inf
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from cachetory.backends import async_, sync
from cachetory.backends.sqlite_bounds import size_of
from cachetory.interfaces.leases.sync import Commit
from tests.backends.test_model import KEYS, Machine, Model, conditions, keys, run, seconds_of, times

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cachetory.durations import Duration
    from tests.clock import ManualClock

tokens = st.sampled_from(["one", "two"])
sizes = st.sampled_from([2047, 2048, 2049, 5000])


class ModelWithClaims(Model):
    """Also the tokens of claims, with their deadlines."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.claims: dict[str, tuple[str, float]] = {}

    def holder(self, key: str) -> str | None:
        token, until = self.claims.get(key, ("", 0.0))
        return token if until > self.clock() else None

    def set(
        self, key: str, value: bytes, time_to_live: Duration | None, *, if_not_exists: bool = False
    ) -> bool:
        changed = super().set(key, value, time_to_live, if_not_exists=if_not_exists)
        if changed or not if_not_exists:
            self.claims.pop(key, None)
        return changed

    def expire(self, key: str, seconds: float) -> None:
        super().expire(key, seconds)
        if seconds <= 0:
            self.claims.pop(key, None)

    def delete(self, key: str) -> bool:
        self.claims.pop(key, None)
        return super().delete(key)

    def clear(self, prefix: str) -> None:
        self.claims = {k: claim for k, claim in self.claims.items() if not k.startswith(prefix)}
        super().clear(prefix)


class SqliteMachine(Machine):
    """Also claims keys and sets big values, from two backends in turn, and looks into the file."""

    def __init__(self, backend: Callable[[ManualClock], Any], **options: Any) -> None:
        super().__init__(backend, **options)
        self.model: ModelWithClaims = ModelWithClaims(self.clock)
        self.other = backend(self.clock)

    def close(self) -> None:
        super().close()
        self.change_sides()
        super().close()

    @rule()
    def change_sides(self) -> None:
        self.backend, self.other = self.other, self.backend

    def lived_through(self, time_to_live: Any) -> bool:
        """Take times of which sums are exact, since the file keeps whole milliseconds."""
        seconds = seconds_of(time_to_live)
        return super().lived_through(time_to_live) and (
            seconds in (0.0, inf) or seconds % 0.25 == 0
        )

    @rule(quarters=st.sampled_from([0, 1, 2, 4, 240]) | st.integers(0, 40))
    def advance(self, quarters: int) -> None:
        self.clock.advance(quarters / 4)

    def ask_leases(self, operation: str, *arguments: Any) -> Any:
        return self.resolve(getattr(self.backend.leases, operation)(*arguments))

    @rule(key=keys, size=sizes, time=times, options=conditions)
    def set_big(self, key: str, size: int, time: Any, options: Any) -> None:
        self.set(key, b"v" * size, time, None, options)

    @rule(key=keys, token=tokens, seconds=st.sampled_from([0.5, 5.0]))
    def claim(self, key: str, token: str, seconds: float) -> None:
        holder = self.model.holder(key)
        if holder is None:
            self.model.claims[key] = token, self.clock() + seconds
        found = self.ask_leases("claim", [key], token, seconds)
        if self.forgets:
            assert found[0][0] == (holder or token)
        else:
            assert found == [(holder or token, self.model.alive().get(key))]

    @rule(key=keys, token=tokens)
    def renew(self, key: str, token: str) -> None:
        stands = self.model.holder(key) == token
        if stands:
            self.model.claims[key] = token, self.clock() + 2.0
        assert self.ask_leases("renew", [key], token, 2.0) == [stands]

    @rule(key=keys, token=tokens, size=sizes, seconds=st.sampled_from([None, 0.0, 1.5]))
    def commit(self, key: str, token: str, size: int, seconds: float | None) -> None:
        stands = self.model.holder(key) == token
        commit = Commit(key, token, b"c" * size, time_to_live=seconds, former=None)
        assert self.ask_leases("commit", [commit]) == [stands]
        if stands:
            self.model.set(key, b"c" * size, seconds)

    @rule(key=keys, token=tokens, successor=st.sampled_from(["", "two"]))
    def release(self, key: str, token: str, successor: str) -> None:
        self.ask_leases("release", [key], token, successor, 3.0)
        if self.model.holder(key) == token:
            del self.model.claims[key]
            if successor:
                self.model.claims[key] = successor, self.clock() + 3.0

    @invariant()
    def file_holds_what_it_says(self) -> None:
        stats = self.ask("stats")
        with closing(sqlite3.connect(self.backend._file.path)) as connection:
            rows = connection.execute(
                "SELECT name, coalesce(length(value), (SELECT length(value) FROM bigs "
                "WHERE id = big)) FROM entries"
            ).fetchall()
            bigs, used = connection.execute(
                "SELECT (SELECT count(*) FROM bigs), (SELECT count(big) FROM entries)"
            ).fetchone()
        assert (stats.entries, stats.bytes) == (len(rows), sum(size_of(*row) for row in rows))
        assert bigs == used
        assert not self.forgets or len(rows) <= 3

    @invariant()
    def keys_are_those_that_are_there(self) -> None:
        listed = self.ask("keys")
        assert listed == sorted(listed, key=lambda key: key.encode("utf-8", "surrogatepass"))
        assert set(listed) == {key for key in KEYS if self.has(key)}


@pytest.mark.parametrize("colour", [sync, async_], ids=["sync", "async"])
@pytest.mark.parametrize("bound", [None, 3], ids=["unbounded", "full"])
def test_sqlite_backend_equals_the_model(colour: Any, bound: int | None, tmp_path: Path) -> None:
    def backend(clock: ManualClock) -> Any:
        return colour.SqliteBackend(tmp_path / "cache.db", max_entries=bound, wall_clock=clock)

    run(lambda: SqliteMachine(backend, forgets=bound is not None), examples=30, steps=30)

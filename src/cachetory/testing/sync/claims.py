# Generated from src/cachetory/testing/async_/claims.py by tools/unasync.py. Do not edit: edit that file instead.
"""What a store owes to those who load its keys, if it keeps claims to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cachetory.interfaces.leases.sync import Commit
from cachetory.testing.samples import HOUR
from cachetory.testing.sync.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory._runtime.sync import Eventual
    from cachetory.interfaces.backends.sync import SyncBackend
    from cachetory.interfaces.leases.sync import SyncLeases

_LONG = 60.0
_MINE, _THEIRS = "l:mine", "l:theirs"


class ClaimContract(Subject):
    """One claim to a key at a time, which ends when the key is written or deleted."""

    @pytest.fixture
    def leases(self, backend: SyncBackend[Any]) -> SyncLeases[Any]:
        """The claims of the backend; its tests are skipped if it keeps none."""
        if backend.leases is None:
            pytest.skip("this backend keeps no claims")
        return backend.leases

    def test_claim_of_a_missing_key_is_had_and_finds_nothing(self, leases: SyncLeases[Any]) -> None:
        assert leases.claim(["key"], _MINE, _LONG) == [(_MINE, None)]

    def test_claim_of_an_existing_key_finds_its_value(
        self, backend: SyncBackend[Any], leases: SyncLeases[Any]
    ) -> None:
        backend.set("b", self.values[0])

        claims = leases.claim(["a", "b"], _MINE, _LONG)

        assert claims == [(_MINE, None), (_MINE, self.values[0])]

    def test_second_claim_is_told_of_the_first(self, leases: SyncLeases[Any]) -> None:
        leases.claim(["a"], _MINE, _LONG)

        claims = leases.claim(["a", "b"], _THEIRS, _LONG)

        assert claims == [(_MINE, None), (_THEIRS, None)]

    def test_claim_that_takes_over_ends_the_first(
        self, backend: SyncBackend[Any], leases: SyncLeases[Any]
    ) -> None:
        leases.claim(["key"], _MINE, _LONG)

        claims = leases.claim(["key"], _THEIRS, _LONG, takes_over=True)

        assert claims == [(_THEIRS, None)]
        assert leases.commit([self._commit(_MINE)]) == [False]
        assert not backend.contains("key")

    def test_commit_under_a_claim_stores_and_ends_it(
        self, backend: SyncBackend[Any], leases: SyncLeases[Any]
    ) -> None:
        leases.claim(["key"], _MINE, _LONG)

        assert leases.commit([self._commit(_MINE)]) == [True]
        assert backend.get("key") == self.values[0]
        assert leases.claim(["key"], _THEIRS, _LONG) == [(_THEIRS, self.values[0])]

    def test_commit_with_a_time_to_live_expires(
        self, backend: SyncBackend[Any], leases: SyncLeases[Any]
    ) -> None:
        leases.claim(["mortal", "eternal"], _MINE, _LONG)

        leases.commit(
            [
                self._commit(_MINE, key="mortal", time_to_live=self.moment),
                self._commit(_MINE, key="eternal"),
            ]
        )
        self.outlive(self.moment)

        assert self.values_of(backend, "mortal", "eternal") == [self.values[0]]

    def test_commit_without_a_claim_stores_nothing(
        self, backend: SyncBackend[Any], leases: SyncLeases[Any]
    ) -> None:
        assert leases.commit([self._commit(_MINE)]) == [False]
        assert not backend.contains("key")

    def test_commit_replaces_what_was_there_when_it_was_claimed(
        self, backend: SyncBackend[Any], leases: SyncLeases[Any]
    ) -> None:
        backend.set("key", self.values[1])
        leases.claim(["key"], _MINE, _LONG)

        assert leases.commit([self._commit(_MINE, former=self.values[1])]) == [True]
        assert backend.get("key") == self.values[0]

    @pytest.mark.parametrize(
        "write",
        [
            "set",
            "set for an hour",
            "set for a moment",
            "set if not exists",
            "set_many",
            "set_many for an hour",
            "delete",
            "delete_many",
            "clear",
            "clear_prefix",
        ],
    )
    def test_commit_after_any_write_stores_nothing(
        self, backend: SyncBackend[Any], leases: SyncLeases[Any], write: str
    ) -> None:
        if write == "clear_prefix":
            self.needs_clear_prefix()
        newer = self.values[1]
        writes: dict[str, Callable[[], Eventual[object]]] = {
            "set": lambda: backend.set("key", newer),
            "set for an hour": lambda: backend.set("key", newer, time_to_live=HOUR),
            "set for a moment": lambda: backend.set("key", newer, time_to_live=self.spell),
            "set if not exists": lambda: backend.set("key", newer, if_not_exists=True),
            "set_many": lambda: backend.set_many([("other", newer), ("key", newer)]),
            "set_many for an hour": lambda: backend.set_many([("key", newer)], time_to_live=HOUR),
            "delete": lambda: backend.delete("key"),
            "delete_many": lambda: backend.delete_many("other", "key"),
            "clear": backend.clear,
            "clear_prefix": lambda: backend.clear_prefix("k"),
        }
        leases.claim(["key"], _MINE, _LONG)

        writes[write]()
        before = self.values_of(backend, "key")

        assert leases.commit([self._commit(_MINE)]) == [False]
        assert self.values_of(backend, "key") == before

    def test_commit_of_several_tells_of_each(
        self, backend: SyncBackend[Any], leases: SyncLeases[Any]
    ) -> None:
        leases.claim(["a", "b"], _MINE, _LONG)
        backend.delete("a")

        stored = leases.commit([self._commit(_MINE, key="a"), self._commit(_MINE, key="b")])

        assert stored == [False, True]
        assert self.values_of(backend, "a", "b") == [self.values[0]]

    def test_commit_that_keeps_the_time_expires_as_the_former_value_would(
        self, backend: SyncBackend[Any], leases: SyncLeases[Any]
    ) -> None:
        backend.set("mortal", self.values[1], time_to_live=self.spell)
        backend.set("eternal", self.values[1])
        leases.claim(["mortal", "eternal"], _MINE, _LONG)

        stored = leases.commit(
            [
                self._commit(_MINE, key=key, former=self.values[1], keeps_time=True)
                for key in ("mortal", "eternal")
            ]
        )

        assert stored == [True, True]
        assert self.values_of(backend, "mortal", "eternal") == [self.values[0]] * 2
        self.outlive(self.spell)
        assert self.values_of(backend, "mortal", "eternal") == [self.values[0]]

    def test_commit_that_keeps_the_time_without_a_claim_changes_nothing(
        self, backend: SyncBackend[Any], leases: SyncLeases[Any]
    ) -> None:
        backend.set("key", self.values[1])

        commit = self._commit(_MINE, former=self.values[1], keeps_time=True)

        assert leases.commit([commit]) == [False]
        assert backend.get("key") == self.values[1]

    def test_claim_is_over_after_its_time(self, leases: SyncLeases[Any]) -> None:
        leases.claim(["key"], _MINE, self.moment)
        self.outlive(self.moment)

        assert leases.commit([self._commit(_MINE)]) == [False]
        assert leases.claim(["key"], _THEIRS, _LONG) == [(_THEIRS, None)]

    def test_renewed_claim_stands_longer(self, leases: SyncLeases[Any]) -> None:
        leases.claim(["key"], _MINE, self.spell)

        assert leases.renew(["key", "other"], _MINE, _LONG) == [True, False]
        self.outlive(self.spell)
        assert leases.claim(["key"], _THEIRS, _LONG) == [(_MINE, None)]

    def test_claim_of_another_is_not_renewed(self, leases: SyncLeases[Any]) -> None:
        leases.claim(["key"], _MINE, _LONG)

        assert leases.renew(["key"], _THEIRS, _LONG) == [False]

    def test_released_claim_is_free_for_others(self, leases: SyncLeases[Any]) -> None:
        leases.claim(["a", "b"], _MINE, _LONG)

        leases.release(["a", "b"], _MINE)

        assert leases.claim(["a"], _THEIRS, _LONG) == [(_THEIRS, None)]

    def test_claim_of_another_is_not_released(self, leases: SyncLeases[Any]) -> None:
        leases.claim(["key"], _MINE, _LONG)

        leases.release(["key"], _THEIRS)

        assert leases.claim(["key"], _THEIRS, _LONG) == [(_MINE, None)]

    def test_successor_takes_the_place_of_a_released_claim_for_its_time(
        self, leases: SyncLeases[Any]
    ) -> None:
        leases.claim(["key"], _MINE, _LONG)

        leases.release(["key"], _MINE, "x:word", self.spell)

        assert leases.claim(["key"], _THEIRS, _LONG) == [("x:word", None)]
        self.outlive(self.spell)
        assert leases.claim(["key"], _THEIRS, _LONG) == [(_THEIRS, None)]

    def test_watch_ends_though_nothing_happens(self, leases: SyncLeases[Any]) -> None:
        leases.claim(["key"], _MINE, _LONG)

        with leases.watch(["key"]) as watch:
            watch.wait(0.001)

        assert leases.claim(["key"], _THEIRS, _LONG) == [(_MINE, None)]

    def test_claims_are_no_entries(
        self, backend: SyncBackend[Any], leases: SyncLeases[Any]
    ) -> None:
        leases.claim(["key"], _MINE, _LONG)

        assert not backend.contains("key")
        assert self.values_of(backend, "key") == []

    def _commit(
        self,
        token: str,
        *,
        key: str = "key",
        time_to_live: float | None = None,
        former: Any = None,
        keeps_time: bool = False,
    ) -> Commit:
        return Commit(
            key,
            token,
            self.values[0],
            time_to_live=time_to_live,
            former=former,
            keeps_time=keeps_time,
        )

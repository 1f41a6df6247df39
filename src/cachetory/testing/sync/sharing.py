# Generated from src/cachetory/testing/async_/sharing.py by tools/unasync.py. Do not edit: edit that file instead.
"""What a store owes to many users at once, and to one who comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cachetory.testing.samples import HOUR
from cachetory.testing.sync.subject import Subject
from cachetory.testing.sync_only import run_together

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory._runtime.sync import Eventual
    from cachetory.durations import Duration
    from cachetory.interfaces.backends.sync import SyncBackend


class SharingContract(Subject):
    """A backend may be entered, closed, used again, and used by many at a time."""

    def test_backend_as_context_manager_gives_itself(self, backend: SyncBackend[Any]) -> None:
        with backend as entered:
            assert entered is backend
            backend.set("key", self.values[0])
            assert backend.get("key") == self.values[0]

    def test_backend_left_by_an_error_lets_it_pass(self, backend: SyncBackend[Any]) -> None:
        def fail() -> None:
            with backend:
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()

    def test_backend_closed_may_be_used_again(self, backend: SyncBackend[Any]) -> None:
        backend.set("before", self.values[0])

        backend.close()
        backend.close()
        backend.set("after", self.values[1])

        assert backend.get("after") == self.values[1]

    def test_backend_used_by_many_at_once_mixes_nothing_up(self, backend: SyncBackend[Any]) -> None:
        def worker(name: int) -> Callable[[], Eventual[None]]:
            def work() -> None:
                for turn in range(15):
                    value = self.values[(name + turn) % 3]
                    backend.set(f"worker {name}", value)
                    assert backend.get(f"worker {name}") == value
                    assert self.values_of(backend, "nobody", f"worker {name}") == [value]

            return work

        run_together(worker(name) for name in range(8))

    def test_set_if_not_exists_by_many_at_once_one_wins(self, backend: SyncBackend[Any]) -> None:
        self.needs_atomicity()

        def race() -> bool:
            return backend.set("key", self.values[0], if_not_exists=True)

        outcomes = run_together([race] * 12)

        assert sorted(outcomes) == [*[False] * 11, True]

    def test_bulk_operations_at_once_are_seen_whole(self, backend: SyncBackend[Any]) -> None:
        self.needs_atomicity()
        keys = ("a", "b", "c", "d")

        def writer(value: Any, time_to_live: Duration | None) -> Callable[[], Eventual[None]]:
            def write() -> None:
                for _ in range(20):
                    backend.set_many([(key, value) for key in keys], time_to_live=time_to_live)

            return write

        def read() -> None:
            for _ in range(40):
                found = self.values_of(backend, *keys)
                assert found in ([], *([value] * 4 for value in self.values))

        one, two, three = self.values
        run_together([writer(one, None), writer(two, HOUR), writer(three, HOUR), read, read])

"""Memory stores under test: how to make them, and what holds for all of them at any time."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from cachetory._core.eviction import S3Fifo
from cachetory._core.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory._core.store import Entry

POLICIES = ["s3-fifo", "lru"]


class StrictGuard:
    """Fails where a lock would block for ever: when code under the guard comes back."""

    def __init__(self) -> None:
        self.is_held = False

    def __enter__(self) -> None:
        assert not self.is_held, "the guard is held"
        self.is_held = True

    def __exit__(self, *_: object) -> None:
        self.is_held = False


def make_store(clock: Callable[[], float], **options: Any) -> Store[Any]:
    options = {"max_entries": None, "guard": StrictGuard(), "clock": clock} | options
    return Store(**options)


def assert_dead(entry: Entry[Any]) -> None:
    assert entry.deadline == -inf
    assert entry.value is None


def assert_in_order(store: Store[Any]) -> None:
    """Check that the structures agree with each other."""
    entries = store.entries
    assert all(entry.key == key and entry.deadline > -inf for key, entry in entries.items())
    assert store.weight == sum(entry.weight for entry in entries.values())
    watched = [entry for entry in store._watched if entry.deadline > -inf]
    assert all(entry.is_watched for entry in watched)
    assert {entry.key for entry in entries.values() if entry.deadline < inf} <= {
        entry.key for entry in watched
    }
    assert len(watched) == len({entry.key for entry in watched})
    assert not store._dropped
    policy = store._policy
    if not isinstance(policy, S3Fifo):
        return
    small = [entry for entry in policy._small if entry.deadline > -inf]
    main = [entry for entry in policy._main if entry.deadline > -inf]
    assert not any(entry.in_main for entry in small)
    assert all(entry.in_main for entry in main)
    assert sorted(entry.key for entry in small + main) == sorted(entries)
    assert policy._small_weight == sum(entry.weight for entry in small)
    assert policy._main_weight == sum(entry.weight for entry in main)
    assert policy._tombstones == len(policy._small) + len(policy._main) - len(entries)
    assert policy._ghosts <= set(policy._ghost_order)


def size_of(store: Store[Any]) -> int:
    """Count what all structures of a store hold."""
    sizes = [len(store.entries), len(store._watched), len(store._dropped)]
    policy = store._policy
    if isinstance(policy, S3Fifo):
        queues = (policy._small, policy._main, policy._ghosts, policy._ghost_order)
        sizes += map(len, queues)
    return sum(sizes)

"""What the contract of synchronous backends needs of threads, and what it demands beyond the rest.

Hand-written, as `async_only` is: the two have the same names.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import sleep
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cachetory.interfaces.backends.sync import SyncBackend

__all__ = ["ColourContract", "collect", "run_together", "sleep"]

T = TypeVar("T")


def collect(items: Iterable[T]) -> list[T]:
    """Gather what an iterator gives in a list."""
    return list(items)


def run_together(functions: Iterable[Callable[[], object]]) -> list[Any]:
    """Call all functions concurrently, each in a thread of its own, and give their results."""
    functions = list(functions)
    with ThreadPoolExecutor(len(functions)) as pool:
        futures = [pool.submit(function) for function in functions]
        return [future.result() for future in futures]


class ColourContract:
    """What a synchronous backend owes to threads."""

    values: tuple[Any, Any, Any]

    def test_backend_in_another_thread_works(self, backend: SyncBackend[Any]) -> None:
        """What one thread has set, another one finds."""
        backend.set("key", self.values[0])

        assert run_together([lambda: backend.get("key")]) == [self.values[0]]

    def test_backend_closed_by_another_thread_works(self, backend: SyncBackend[Any]) -> None:
        """Closing is not an end, whichever thread does it."""
        backend.set("key", self.values[0])

        run_together([backend.close])

        backend.set("key", self.values[1])
        assert backend.get("key") == self.values[1]

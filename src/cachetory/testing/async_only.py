"""What the contract of asynchronous backends needs of asyncio, and what it demands beyond the rest.

Hand-written, as `sync_only` is: the two have the same names.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from cachetory.interfaces.backends.async_ import AsyncBackend

T = TypeVar("T")

sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


async def collect(items: AsyncIterator[T]) -> list[T]:
    """Gather what an iterator gives in a list."""
    return [item async for item in items]


async def run_together(functions: Iterable[Callable[[], Awaitable[object]]]) -> list[Any]:
    """Call all functions concurrently, each in a task of its own, and give their results."""
    return list(await asyncio.gather(*(function() for function in functions)))


class ColourContract:
    """What an asynchronous backend owes to event loops."""

    values: tuple[Any, Any, Any]

    async def test_backend_awaited_gives_itself(self, backend: AsyncBackend[Any]) -> None:
        """`await from_url(…)` and plain `from_url(…)` are the same."""
        assert await backend is backend

    async def test_backend_in_plain_with_is_refused(self, backend: AsyncBackend[Any]) -> None:
        """A forgotten `async` is told."""
        with pytest.raises(RuntimeError, match="async with"), backend:
            pass

    async def test_backend_in_other_loops_works(self, backend: AsyncBackend[Any]) -> None:
        """A backend made once serves one `asyncio.run` after another, and loops side by side."""
        value = self.values[0]
        await backend.set("first loop", value)

        def run_elsewhere(key: str) -> None:
            asyncio.run(_set_and_get(backend, key, value))

        for key in ("second loop", "third loop"):
            await asyncio.to_thread(run_elsewhere, key)

        await _set_and_get(backend, "fourth", value)
        found = [await backend.get(key) for key in ("first loop", "second loop", "third loop")]
        assert found == [value] * 3

    async def test_backend_after_cancellations_answers_right(
        self, backend: AsyncBackend[Any]
    ) -> None:
        """A caller who is cancelled, at whatever point, spoils nothing for the next ones."""
        pairs = {f"key {number}": value for number, value in enumerate(self.values)}
        await backend.set_many(pairs.items())

        for steps in range(40):
            tasks = [asyncio.create_task(backend.get(key)) for key in pairs]
            for _ in range(steps):
                await asyncio.sleep(0)
            tasks[steps % 3].cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            for value, outcome in zip(pairs.values(), outcomes, strict=True):
                assert outcome == value or isinstance(outcome, asyncio.CancelledError)

        assert [await backend.get(key) for key in pairs] == list(pairs.values())


async def _set_and_get(backend: AsyncBackend[Any], key: str, value: object) -> None:
    async with backend:
        await backend.set(key, value)
        assert await backend.get(key) == value

"""What a store owes to many users at once, and to one who comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cachetory.testing.async_.subject import Subject
from cachetory.testing.async_only import run_together
from cachetory.testing.samples import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory._runtime.async_ import Eventual
    from cachetory.durations import Duration
    from cachetory.interfaces.backends.async_ import AsyncBackend


class SharingContract(Subject):
    """A backend may be entered, closed, used again, and used by many at a time."""

    async def test_backend_as_context_manager_gives_itself(
        self, backend: AsyncBackend[Any]
    ) -> None:
        async with backend as entered:
            assert entered is backend
            await backend.set("key", self.values[0])
            assert await backend.get("key") == self.values[0]

    async def test_backend_left_by_an_error_lets_it_pass(self, backend: AsyncBackend[Any]) -> None:
        async def fail() -> None:
            async with backend:
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()

    async def test_backend_closed_may_be_used_again(self, backend: AsyncBackend[Any]) -> None:
        await backend.set("before", self.values[0])

        await backend.aclose()
        await backend.aclose()
        await backend.set("after", self.values[1])

        assert await backend.get("after") == self.values[1]

    async def test_backend_used_by_many_at_once_mixes_nothing_up(
        self, backend: AsyncBackend[Any]
    ) -> None:
        def worker(name: int) -> Callable[[], Eventual[None]]:
            async def work() -> None:
                for turn in range(15):
                    value = self.values[(name + turn) % 3]
                    await backend.set(f"worker {name}", value)
                    assert await backend.get(f"worker {name}") == value
                    assert await self.values_of(backend, "nobody", f"worker {name}") == [value]

            return work

        await run_together(worker(name) for name in range(8))

    async def test_set_if_not_exists_by_many_at_once_one_wins(
        self, backend: AsyncBackend[Any]
    ) -> None:
        self.needs_atomicity()

        async def race() -> bool:
            return await backend.set("key", self.values[0], if_not_exists=True)

        outcomes = await run_together([race] * 12)

        assert sorted(outcomes) == [*[False] * 11, True]

    async def test_bulk_operations_at_once_are_seen_whole(self, backend: AsyncBackend[Any]) -> None:
        self.needs_atomicity()
        keys = ("a", "b", "c", "d")

        def writer(value: Any, time_to_live: Duration | None) -> Callable[[], Eventual[None]]:
            async def write() -> None:
                for _ in range(20):
                    await backend.set_many(
                        [(key, value) for key in keys], time_to_live=time_to_live
                    )

            return write

        async def read() -> None:
            for _ in range(40):
                found = await self.values_of(backend, *keys)
                assert found in ([], *([value] * 4 for value in self.values))

        one, two, three = self.values
        await run_together([writer(one, None), writer(two, HOUR), writer(three, HOUR), read, read])

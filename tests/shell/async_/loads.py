"""Loaders that count their calls, and one that waits for a word before it gives a value away."""

from __future__ import annotations

from itertools import count

from tests.shell.async_crew import Signal


class Load:
    """Gives 1, then 2, and so on: the value tells which call has computed it."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._given: list[int] = []

    @property
    def calls(self) -> int:
        return len(self._given)

    async def __call__(self) -> int:
        number = next(self._numbers)
        self._given.append(number)
        return number


class HeldLoad(Load):
    """The same, but the first call waits until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.started = Signal()
        self.let_go = Signal()

    async def __call__(self) -> int:
        number = await super().__call__()
        if number == 1:
            self.started.set()
            await self.let_go.wait()
        return number

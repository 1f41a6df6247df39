"""Workers, which are used by one test after another unless they come to harm."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from tests.leases.stores import url_of
from tests.leases.workers import Colour, Worker

if TYPE_CHECKING:
    from collections.abc import Iterator


class Pool:
    """Workers at rest, by their colours."""

    def __init__(self) -> None:
        self._at_rest: dict[Colour, list[Worker]] = defaultdict(list)

    def take(self, colour: Colour) -> Worker:
        return self._at_rest[colour].pop() if self._at_rest[colour] else Worker(colour)

    def give_back(self, worker: Worker) -> None:
        if worker.is_alive and not worker.is_stopped:
            try:
                worker.reset()
            except BaseException:
                worker.close()
                raise
            self._at_rest[worker.colour].append(worker)
        else:
            worker.close()

    def close(self) -> None:
        for workers in self._at_rest.values():
            for worker in workers:
                worker.close()


class Employer:
    """Gives workers to one test."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._employed: list[Worker] = []

    def __call__(self, colour: Colour, **configuration: Any) -> Worker:
        worker = self._pool.take(colour)
        self._employed.append(worker)
        worker.ask("configure", **configuration)
        return worker

    def dismiss(self) -> None:
        while self._employed:
            self._pool.give_back(self._employed.pop())


@pytest.fixture(scope="session")
def _pool(_reaper: None) -> Iterator[Pool]:
    pool = Pool()
    yield pool
    pool.close()


@pytest.fixture
def employ(_pool: Pool) -> Iterator[Employer]:
    """Start workers; the arguments are the colour and what `configure` takes."""
    employer = Employer(_pool)
    yield employer
    employer.dismiss()


@pytest.fixture(params=["valkey", "redis7", "sqlite"])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty store that processes share, of each kind in turn.

    `@pytest.mark.parametrize("url", ["valkey"], indirect=True)` names those that a test is for.
    """
    return url_of(request)


@pytest.fixture(params=["async_", "sync"])
def colour(request: pytest.FixtureRequest) -> Colour:
    """Each colour in turn."""
    chosen: Colour = request.param
    return chosen

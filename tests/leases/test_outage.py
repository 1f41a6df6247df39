"""A server goes away and comes back under the callers of a cached function, or freezes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.clock import SLOW

if TYPE_CHECKING:
    from tests.conftest import StartServer
    from tests.leases.conftest import Employer
    from tests.leases.workers import Colour, Worker
    from tests.servers import Server

PATIENCE = 30.0


def test_server_killed_and_restarted_under_callers_is_neither_noticed_nor_forgotten(
    employ: Employer, private_server: Server, colour: Colour
) -> None:
    policy = {"time_to_live": 60, "lease": 2.0}
    worker = employ(colour, url=private_server.url, policy=policy, is_silent=True)
    hammering = worker.order("hammer", callers=20, keys=10, until="over", pause=0.002)

    for _ in range(3):
        until_hits(worker)
        private_server.kill()
        until_calls(worker)
        private_server.start()
    until_hits(worker)
    worker.ask("open", gate="over")

    outcome: dict[str, Any] = hammering.result()
    assert outcome["errors"] == {}
    assert outcome["wrong"] == []
    assert outcome["slowest"][0][0] < SLOW


@pytest.mark.parametrize("policy", [None, {"lease": 2.0}])
def test_frozen_server_keeps_no_caller(
    employ: Employer, private_server: Server, colour: Colour, policy: dict[str, Any] | None
) -> None:
    worker = employ(colour, url=private_server.url, policy=policy)
    worker.ask("call", key="before", load={"gives": 1})
    private_server.freeze()

    outcomes = [
        worker.ask("call", key=f"key {number}", load={"gives": number}, callers=3)
        for number in range(10)
    ]

    assert [[it[:2] for it in three] for three in outcomes] == [
        [[number, ""]] * 3 for number in range(10)
    ]
    assert worker.told("BreakerOpened")
    private_server.thaw()
    until_hits(worker)


def test_server_frozen_in_mid_load_has_the_value_given(
    employ: Employer, private_server: Server, colour: Colour
) -> None:
    worker = employ(colour, url=private_server.url, policy={"lease": 2.0})
    order = worker.order("call", key="key", load={"gives": 1, "gate": "loaded"}, callers=3)
    worker.wait_for("load", "key")
    private_server.freeze()

    worker.ask("open", gate="loaded")

    assert [it[:2] for it in order.result()] == [[1, ""]] * 3
    private_server.thaw()


def test_server_that_lost_everything_is_filled_again_by_one_load(
    employ: Employer, start_server: StartServer, colour: Colour
) -> None:
    # A new server knows no scripts either.
    server = start_server()
    policy = {"time_to_live": 60, "lease": 5.0}
    workers = [employ(colour, url=server.url, policy=policy) for _ in range(2)]
    workers[0].ask("call", key="key", load={"gives": "before"})
    server.restart()

    orders = [
        worker.order("call", key="key", load={"gives": "after", "seconds": 0.2}, callers=3)
        for worker in workers
    ]

    outcomes = [outcome for order in orders for outcome in order.result()]
    assert [(value, error) for value, error, _ in outcomes] == [("after", "")] * 6
    assert workers[1].ask("get", key="key") == "after"


def until_hits(worker: Worker) -> None:
    """Wait until values are found in the store; have one loaded for that, lest nobody else does."""
    hits = worker.ask("stats")["hits"]
    deadline = time.monotonic() + PATIENCE
    while worker.ask("stats")["hits"] == hits:
        worker.ask("call", key="probe", load={"gives": 1})
        assert time.monotonic() < deadline


def until_calls(worker: Worker) -> None:
    """Wait until there have been some misses more."""
    misses = worker.ask("stats")["misses"]
    deadline = time.monotonic() + PATIENCE
    while worker.ask("stats")["misses"] < misses + 200:
        assert time.monotonic() < deadline

"""Many processes want one key at once, on a real server or one file: one of them loads it.

`STAMPEDES=20` in the environment has so many keys wanted, one after another.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.leases.conftest import Employer
    from tests.leases.workers import Colour, Worker

STAMPEDES = int(os.environ.get("STAMPEDES", "1"))
LEASE = {"lease": 5.0}


def loads(workers: list[Worker], key: str) -> int:
    return sum(len(worker.told("load", key)) for worker in workers)


def test_cold_key_wanted_by_many_processes_is_loaded_once(
    employ: Employer, url: str, colour: Colour
) -> None:
    workers = [employ(colour, url=url, policy=LEASE) for _ in range(4)]
    counted: list[int] = []
    for number in range(STAMPEDES):
        key, start = f"key {number}", f"go {number}"
        load = {"gives": number, "seconds": 0.2}
        orders = [
            worker.order("call", key=key, load=load, callers=32, start=start) for worker in workers
        ]
        for worker in workers:
            worker.wait_for("ready", start)

        for worker in workers:
            worker.order("open", gate=start)

        outcomes = [outcome for order in orders for outcome in order.result()]
        assert [(value, error) for value, error, _ in outcomes] == [(number, "")] * 128
        counted.append(loads(workers, key))
    assert counted == [1] * STAMPEDES


def test_cold_key_wanted_by_both_colours_is_loaded_once(employ: Employer, url: str) -> None:
    first = employ("async_", url=url, policy=LEASE)
    second = employ("sync", url=url, policy=LEASE)
    one = first.order("call", key="key", load={"gives": 1, "gate": "loaded"})
    first.wait_for("load", "key")
    two = second.order("call", key="key", load={"gives": 2})
    second.wait_for("LeaseHeld", "key")

    first.ask("open", gate="loaded")

    assert [one.result()[0][0], two.result()[0][0]] == [1, 1]
    assert loads([first, second], "key") == 1


@pytest.mark.parametrize("url", ["valkey", "sqlite"], indirect=True)
def test_many_cold_keys_at_once_are_loaded_once_each(
    employ: Employer, url: str, colour: Colour
) -> None:
    # More than there are connections that listen for messages: the rest of the keys is polled.
    workers = [employ(colour, url=url, policy=LEASE) for _ in range(2)]
    keys = [f"key {number}" for number in range(20)]
    orders = [
        worker.order("call", key=key, load={"gives": key, "seconds": 0.3}, callers=2, start="go")
        for worker in workers
        for key in keys
    ]
    for worker in workers:
        worker.wait_for("ready", "go", times=len(keys))

    for worker in workers:
        worker.ask("open", gate="go")

    assert [order.result()[0][0] for order in orders] == keys * 2
    assert [loads(workers, key) for key in keys] == [1] * len(keys)


@pytest.mark.parametrize("url", ["valkey"], indirect=True)
def test_load_of_ten_leases_is_one_load(employ: Employer, url: str) -> None:
    lease = {"lease": 0.6}
    teams = {
        "key of tasks": [employ("async_", url=url, policy=lease) for _ in range(2)],
        "key of threads": [employ("sync", url=url, policy=lease) for _ in range(2)],
    }
    orders = [
        worker.order("call", key=key, load={"gives": 1, "seconds": 6.0}, callers=4)
        for key, workers in teams.items()
        for worker in workers
    ]

    outcomes = [outcome for order in orders for outcome in order.result()]

    assert [(value, error) for value, error, _ in outcomes] == [(1, "")] * 16
    assert [loads(workers, key) for key, workers in teams.items()] == [1, 1]
    for workers in teams.values():
        assert not any(worker.told("LeaseLost") for worker in workers)

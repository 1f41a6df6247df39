"""The whole load path on one machine without a server: many processes, one SQLite file.

`SQLITE_STAMPEDES=20` in the environment has so many keys loaded at once by many, one by one.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.backends.sync import from_url

if TYPE_CHECKING:
    from pathlib import Path

    from tests.leases.conftest import Employer
    from tests.leases.workers import Colour, Worker

STAMPEDES = int(os.environ.get("SQLITE_STAMPEDES", "1"))
LEASE = {"lease": 5.0}
SHORT_LEASE = {"lease": 1.0}
POLICIES: dict[str, dict[str, Any] | None] = {
    "no policy": None,
    "envelope and lease": {"time_to_live": 3600, "stale_while_revalidate": 20, "lease": 5.0},
}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/cache.db?busy-timeout=20"


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
    assert counted == [1] * STAMPEDES, counted


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


@pytest.fixture(params=POLICIES)
def team(
    request: pytest.FixtureRequest, employ: Employer, url: str, colour: Colour
) -> tuple[Worker, Worker]:
    """One that loads, and one that writes."""
    policy = POLICIES[request.param]
    return employ(colour, url=url, policy=policy), employ(colour, url=url, policy=policy)


@pytest.mark.parametrize(
    "operation", ["delete", "delete_many", "clear", "purge", "set", "set_many"]
)
def test_what_another_process_does_during_a_load_has_the_last_word(
    team: tuple[Worker, Worker], operation: str
) -> None:
    loader, writer = team
    order = loader.order("call", key="key", load={"gives": "old", "gate": "loaded"})
    loader.wait_for("load", "key")
    writer.ask("write", operation=operation, key="key", value="new")

    loader.ask("open", gate="loaded")

    assert order.result()[0][0] == "old"
    assert writer.ask("get", key="key") == ("new" if operation.startswith("set") else None)
    assert loader.told("NotStored", "key", "fenced")


@pytest.mark.parametrize("operation", ["expire_at", "clear the store"])
def test_key_that_another_process_ends_during_a_refresh_stays_so(
    team: tuple[Worker, Worker], operation: str, url: str
) -> None:
    loader, writer = team
    writer.ask("write", operation="set", key="key", value="before")
    order = loader.order("refresh", key="key", load={"gives": "old", "gate": "loaded"})
    loader.wait_for("load", "key")
    if operation == "clear the store":
        with from_url(url) as backend:
            backend.clear()
    else:
        writer.ask("write", operation=operation, key="key", value=None)

    loader.ask("open", gate="loaded")

    assert order.result() == "old"
    assert writer.ask("get", key="key") is None
    assert loader.told("NotStored", "key", "fenced")


def test_load_that_nobody_disturbs_is_stored(employ: Employer, url: str, colour: Colour) -> None:
    loader, reader = [employ(colour, url=url, policy=LEASE) for _ in range(2)]

    loader.ask("call", key="key", load={"gives": "value"})

    assert reader.ask("get", key="key") == "value"


def test_owner_killed_in_mid_load_is_replaced_by_one_other(
    employ: Employer, url: str, colour: Colour
) -> None:
    owner, *others = [employ(colour, url=url, policy=SHORT_LEASE) for _ in range(3)]
    owner.order("call", key="key", load={"gives": "of the dead", "gate": "never"})
    owner.wait_for("load", "key")
    orders = [
        other.order("call", key="key", load={"gives": "new", "seconds": 0.2}, callers=4)
        for other in others
    ]
    for other in others:
        other.wait_for("LeaseHeld", "key")

    owner.kill()

    outcomes = [outcome for order in orders for outcome in order.result()]
    assert [(value, error) for value, error, _ in outcomes] == [("new", "")] * 8
    assert sum(len(other.told("load")) for other in others) == 1


def test_owner_stopped_past_its_lease_cannot_store(
    employ: Employer, url: str, colour: Colour
) -> None:
    owner, other = [employ(colour, url=url, policy=SHORT_LEASE) for _ in range(2)]
    late = owner.order("call", key="key", load={"gives": "late", "gate": "loaded"})
    owner.wait_for("load", "key")
    owner.stop()
    assert other.ask("call", key="key", load={"gives": "new"})[0][:2] == ["new", ""]

    owner.go_on()
    owner.ask("open", gate="loaded")

    assert late.result()[0][:2] == ["late", ""]
    assert owner.told("NotStored", "key", "fenced")
    assert other.ask("get", key="key") == "new"


def test_bulk_load_stores_but_what_was_written_meanwhile(
    employ: Employer, url: str, colour: Colour
) -> None:
    loader, writer = [employ(colour, url=url, policy=LEASE) for _ in range(2)]
    load = {"gives": "old", "gate": "loaded"}
    order = loader.order("call_many", sets=[["one", "two", "three"]], load=load)
    loader.wait_for("load", "three")
    writer.ask("write", operation="delete", key="one", value=None)
    writer.ask("write", operation="set", key="two", value="new")

    loader.ask("open", gate="loaded")

    ((values, error, _),) = order.result()
    assert (values, error) == ({key: [key, "old"] for key in ("one", "two", "three")}, "")
    found = [writer.ask("get", key=key) for key in ("one", "two", "three")]
    assert found == [None, "new", ["three", "old"]]

"""Loads under a lease that end without a stored value: those who wait for them do not queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.leases.conftest import Employer
    from tests.leases.workers import Colour, Worker

LEASE = {"lease": 30.0}
WAYS = [
    "do_not_store",
    "exclude fails",
    "excluded",
    "invalid time to live",
    "no time to live",
    "no value",
    "not serializable",
    "time to live fails",
]
GATED = {"gives": 1, "gate": "loaded"}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """Each way not to store a value in turn."""
    chosen: str = request.param
    return chosen


def test_waiters_of_an_unstored_load_run_at_once(
    employ: Employer, url: str, colour: Colour, way: str
) -> None:
    owner, *others = [employ(colour, url=url, policy=LEASE) for _ in range(3)]
    load = {**GATED, "unstored": way}
    orders = [owner.order("call", key="key", load=load)]
    owner.wait_for("load", "key")
    orders += [other.order("call", key="key", load=load) for other in others]
    for other in others:
        other.wait_for("LeaseHeld", "key")

    owner.ask("open", gate="loaded")

    _assert_all_load_at_once(others)
    for order in orders:
        order.result()
    assert [len(it.told("load")) for it in (owner, *others)] == [1, 1, 1]


def test_waiters_of_an_unstored_refresh_run_at_once(
    employ: Employer, url: str, colour: Colour, way: str
) -> None:
    owner, *others = [employ(colour, url=url, policy=LEASE) for _ in range(3)]
    load = {**GATED, "unstored": way}
    owner.order("refresh", key="key", load=load)
    owner.wait_for("load", "key")
    orders = [other.order("call", key="key", load=load) for other in others]
    for other in others:
        other.wait_for("LeaseHeld", "key")

    owner.ask("open", gate="loaded")

    _assert_all_load_at_once(others)
    for order in orders:
        order.result()


@pytest.mark.parametrize("url", ["valkey", "sqlite"], indirect=True)
@pytest.mark.parametrize("way", [it for it in WAYS if it != "not serializable"], indirect=True)
def test_waiters_of_an_unstored_bulk_load_run_at_once(
    employ: Employer, url: str, colour: Colour, way: str
) -> None:
    owner, *others = [employ(colour, url=url, policy=LEASE) for _ in range(3)]
    load = {**GATED, "unstored": way}
    orders = [owner.order("call_many", sets=[["a", "key"]], load=load)]
    owner.wait_for("load", "key")
    orders += [other.order("call_many", sets=[["key", "a"]], load=load) for other in others]
    for other in others:
        other.wait_for("LeaseHeld", "key")

    owner.ask("open", gate="loaded")

    _assert_all_load_at_once(others)
    for order in orders:
        order.result()


def test_value_that_is_stored_after_an_unstored_load_ends_the_loads(
    employ: Employer, url: str, colour: Colour
) -> None:
    one, two = [employ(colour, url=url, policy=LEASE) for _ in range(2)]
    one.ask("call", key="key", load={"gives": 1, "unstored": "excluded"})
    two.ask("call", key="key", load={"gives": 2})

    assert one.ask("call", key="key", load={"gives": 3})[0][:2] == [2, ""]


def test_lease_is_taken_again_some_time_after_an_unstored_load(
    employ: Employer, url: str, colour: Colour
) -> None:
    one, two = [employ(colour, url=url, policy=LEASE) for _ in range(2)]
    load = {"gives": 1, "unstored": "excluded"}
    one.ask("call", key="key", load=load)

    while not two.told("LeaseWon", "key"):
        two.ask("call", key="key", load=load)

    assert two.told("LeaseLost") == []


@pytest.mark.parametrize("url", ["valkey", "sqlite"], indirect=True)
def test_waiters_wait_for_two_dead_owners_at_most(
    employ: Employer, url: str, colour: Colour
) -> None:
    workers = [employ(colour, url=url, policy={"lease": 1.0}) for _ in range(4)]
    for worker in workers:
        worker.order("call", key="key", load=GATED)
    for _ in range(2):
        _until(lambda: any(it.told("load") for it in workers), workers)
        owner = next(it for it in workers if it.told("load"))
        workers.remove(owner)
        for worker in workers:
            worker.wait_for("LeaseHeld", "key")
        owner.kill()

    for worker in workers:  # both of them: neither of these loads has ended yet
        worker.wait_for("load", "key")


def _assert_all_load_at_once(workers: list[Worker]) -> None:
    """Check that all load before any of these loads ends, and let them end."""
    for worker in workers:
        worker.wait_for("load", "key")
    for worker in workers:
        worker.ask("open", gate="loaded")


def _until(condition: Callable[[], bool], workers: list[Worker]) -> None:
    while not condition():
        assert all(it.is_alive for it in workers)

"""The owner of a lease dies, or stops for longer than the lease."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.clock import SLOW

if TYPE_CHECKING:
    from tests.leases.conftest import Employer
    from tests.leases.workers import Colour

LEASE = {"lease": 1.0}


def test_owner_killed_in_mid_load_is_replaced_by_one_other(
    employ: Employer, url: str, colour: Colour
) -> None:
    owner, *others = [employ(colour, url=url, policy=LEASE) for _ in range(3)]
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
    assert all(ended - began < SLOW for _, _, (began, ended) in outcomes)  # a lease and a load


def test_owner_stopped_past_its_lease_cannot_store(
    employ: Employer, url: str, colour: Colour
) -> None:
    owner, other = [employ(colour, url=url, policy=LEASE) for _ in range(2)]
    late = owner.order("call", key="key", load={"gives": "late", "gate": "loaded"})
    owner.wait_for("load", "key")
    owner.stop()
    assert other.ask("call", key="key", load={"gives": "new"})[0][:2] == ["new", ""]

    owner.go_on()
    owner.ask("open", gate="loaded")

    assert late.result()[0][:2] == ["late", ""]
    assert owner.told("NotStored", "key", "fenced")
    assert other.ask("get", key="key") == "new"


def test_owner_stopped_past_its_lease_cannot_store_during_another_load(
    employ: Employer, url: str, colour: Colour
) -> None:
    owner, other = [employ(colour, url=url, policy=LEASE) for _ in range(2)]
    late = owner.order("call", key="key", load={"gives": "late", "gate": "loaded"})
    owner.wait_for("load", "key")
    owner.stop()
    new = other.order("call", key="key", load={"gives": "new", "gate": "loaded"})
    other.wait_for("load", "key")

    owner.go_on()
    owner.ask("open", gate="loaded")
    assert late.result()[0][:2] == ["late", ""]
    assert other.ask("get", key="key") is None
    other.ask("open", gate="loaded")

    assert new.result()[0][:2] == ["new", ""]
    assert other.ask("get", key="key") == "new"
    assert owner.told("NotStored", "key", "fenced")


def test_owner_stopped_past_a_lease_that_nobody_wanted_gives_its_value(
    employ: Employer, url: str, colour: Colour
) -> None:
    owner, other = [employ(colour, url=url, policy=LEASE) for _ in range(2)]
    late = owner.order("call", key="key", load={"gives": "late", "gate": "loaded"})
    owner.wait_for("load", "key")
    owner.stop()
    # Whoever sets and deletes the key meanwhile has the last word: there is nothing.
    other.ask("write", operation="set", key="key", value="new")
    other.ask("write", operation="delete", key="key", value=None)

    owner.go_on()
    owner.ask("open", gate="loaded")

    assert late.result()[0][:2] == ["late", ""]
    assert other.ask("get", key="key") is None
    assert owner.told("NotStored", "key", "fenced")

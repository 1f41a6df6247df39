"""Loads under a lease that fail, or that want each other's keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.leases.conftest import Employer
    from tests.leases.workers import Colour


def test_failed_load_wakes_all_waiters_who_do_not_queue(
    employ: Employer, url: str, colour: Colour
) -> None:
    policy = {"lease": 5.0}
    owner, *others = [employ(colour, url=url, policy=policy) for _ in range(4)]
    failing = owner.order("call", key="key", load={"fails": True, "gate": "loaded"}, callers=2)
    owner.wait_for("load", "key")
    orders = [
        other.order("call", key="key", load={"gives": "new", "gate": "loaded"}, callers=2)
        for other in others
    ]
    for other in others:
        other.wait_for("LeaseHeld", "key")

    owner.ask("open", gate="loaded")

    assert [error for _, error, _ in failing.result()] == ["SourceError"] * 2
    for other in others:  # all of them at once, since none of these loads has ended yet
        other.wait_for("load", "key")
    for other in others:
        other.ask("open", gate="loaded")
    outcomes = [outcome for order in orders for outcome in order.result()]
    assert [(value, error) for value, error, _ in outcomes] == [("new", "")] * 6
    assert [len(other.told("load", "key")) for other in others] == [1, 1, 1]
    assert owner.ask("get", key="key") == "new"


def test_failed_load_leaves_those_alone_who_have_a_stale_value(
    employ: Employer, url: str, colour: Colour
) -> None:
    policy = {"time_to_live": 0.001, "stale_if_error": 3600, "lease": 5.0}
    owner, other = [employ(colour, url=url, policy=policy) for _ in range(2)]
    owner.ask("call", key="key", load={"gives": "stale"})
    while owner.ask("get", key="key") is not None:  # until its time is over
        pass

    assert owner.ask("call", key="key", load={"fails": True})[0][:2] == ["stale", ""]
    assert other.ask("call", key="key", load={"gives": "new"})[0][:2] == ["stale", ""]
    assert other.told("load") == []


def test_nested_loads_of_processes_that_want_each_others_key_do_not_hang(
    employ: Employer, url: str, colour: Colour
) -> None:
    policy = {"lease": 1.0}
    one, two = [employ(colour, url=url, policy=policy) for _ in range(2)]
    orders = [
        worker.order(
            "call",
            key=outer,
            load={"gives": outer, "inner": {"key": inner, "load": {"gives": inner}}},
            start="go",
        )
        for worker, outer, inner in ((one, "a", "b"), (two, "b", "a"))
    ]
    for worker in (one, two):
        worker.wait_for("ready", "go")

    for worker in (one, two):
        worker.order("open", gate="go")

    assert [order.result()[0][:2] for order in orders] == [["a", ""], ["b", ""]]
    assert [one.ask("get", key=key) for key in "ab"] == ["a", "b"]

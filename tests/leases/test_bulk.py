"""Processes load overlapping sets of keys: each key once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.leases.conftest import Employer
    from tests.leases.workers import Colour


def test_overlapping_sets_of_two_processes_are_loaded_once(
    employ: Employer, url: str, colour: Colour
) -> None:
    workers = [employ(colour, url=url, policy={"lease": 5.0}) for _ in range(2)]
    sets = [[f"key {(20 * task + number) % 300}" for number in range(100)] for task in range(10)]
    orders = [
        worker.order("call_many", sets=sets, load={"gives": 1, "seconds": 0.2}, start="go")
        for worker in workers
    ]
    for worker in workers:
        worker.wait_for("ready", "go")

    for worker in workers:
        worker.order("open", gate="go")

    expected = [[{key: [key, 1] for key in keys}, ""] for keys in sets]
    assert [[outcome[:2] for outcome in order.result()] for order in orders] == [expected] * 2
    loads = Counter(it.details[0] for worker in workers for it in worker.told("load"))
    assert loads == Counter({key for keys in sets for key in keys})


def test_bulk_load_leaves_keys_alone_that_another_process_is_loading(
    employ: Employer, url: str, colour: Colour
) -> None:
    one, two = [employ(colour, url=url, policy={"lease": 5.0}) for _ in range(2)]
    first = one.order("call", key="b", load={"gives": "of one", "gate": "loaded"})
    one.wait_for("load", "b")
    many = two.order("call_many", sets=[["a", "b", "c"]], load={"gives": "of two"})
    two.wait_for("LeaseHeld", "b")

    one.ask("open", gate="loaded")

    assert first.result()[0][:2] == ["of one", ""]
    assert many.result()[0][0] == {"a": ["a", "of two"], "b": "of one", "c": ["c", "of two"]}
    assert sorted(it.details[0] for it in two.told("load")) == ["a", "c"]


def test_bulk_load_that_fails_lets_others_load_the_same_keys(
    employ: Employer, url: str, colour: Colour
) -> None:
    one, two = [employ(colour, url=url, policy={"lease": 5.0}) for _ in range(2)]
    failing = one.order("call_many", sets=[["a", "b"]], load={"fails": True, "gate": "loaded"})
    one.wait_for("load", "b")
    other = two.order("call_many", sets=[["b", "a"]], load={"gives": 2})
    two.wait_for("LeaseHeld", "b")

    one.ask("open", gate="loaded")

    assert failing.result()[0][1] == "SourceError"
    assert other.result()[0][0] == {"b": ["b", 2], "a": ["a", 2]}

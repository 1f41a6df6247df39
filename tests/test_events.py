"""Events compare, show themselves and can be matched by their fields."""

from __future__ import annotations

import re

import pytest

from cachetory import events
from cachetory.events import (
    BackendFailed,
    BreakerClosed,
    BreakerOpened,
    Cleared,
    Deleted,
    Event,
    Expiring,
    Hit,
    LeaseHeld,
    LeaseLost,
    LeaseWon,
    Loaded,
    LoadFailed,
    LoadLate,
    Miss,
    NotStored,
    RefreshDropped,
    Refreshing,
    Set,
    Stale,
    Undecodable,
)

ERROR = ZeroDivisionError("why")
EVENTS: list[tuple[Event, str]] = [
    (Hit("k"), "Hit(key='k')"),
    (Miss("k"), "Miss(key='k')"),
    (Set("k"), "Set(key='k')"),
    (Deleted("k"), "Deleted(key='k')"),
    (Expiring("k"), "Expiring(key='k')"),
    (Cleared("k"), "Cleared(key='k')"),
    (Loaded("k", 0.5), "Loaded(key='k', seconds=0.5)"),
    (
        LoadFailed("k", ERROR, 0.5),
        "LoadFailed(key='k', error=ZeroDivisionError('why'), seconds=0.5)",
    ),
    (LoadLate("k", 0.5), "LoadLate(key='k', seconds=0.5)"),
    (Stale("k", "failing"), "Stale(key='k', reason='failing')"),
    (Refreshing("k", "early"), "Refreshing(key='k', reason='early')"),
    (RefreshDropped("k"), "RefreshDropped(key='k')"),
    (LeaseWon("k"), "LeaseWon(key='k')"),
    (LeaseHeld("k"), "LeaseHeld(key='k')"),
    (LeaseLost("k"), "LeaseLost(key='k')"),
    (BreakerOpened("k", ERROR), "BreakerOpened(key='k', error=ZeroDivisionError('why'))"),
    (BreakerClosed("k"), "BreakerClosed(key='k')"),
    (NotStored("k", "fenced"), "NotStored(key='k', reason='fenced')"),
    (Undecodable("k", ERROR), "Undecodable(key='k', error=ZeroDivisionError('why'))"),
    (
        BackendFailed("k", "get", ERROR),
        "BackendFailed(key='k', operation='get', error=ZeroDivisionError('why'))",
    ),
]
EVERY_EVENT = pytest.mark.parametrize(("event", "text"), EVENTS, ids=lambda it: type(it).__name__)


@EVERY_EVENT
def test_event_shows_its_fields(event: Event, text: str) -> None:
    assert repr(event) == text


@EVERY_EVENT
def test_event_is_an_event_of_a_key_and_nothing_else(event: Event, text: str) -> None:
    assert isinstance(event, Event)
    assert event.key == "k"
    assert not hasattr(event, "__dict__")
    assert not hasattr(event, "value")


@EVERY_EVENT
def test_event_equals_those_with_the_same_class_and_fields(event: Event, text: str) -> None:
    fields = [getattr(event, name) for name in event.__match_args__]
    twin = type(event)(*fields)
    other_key = type(event)(*["other", *fields[1:]])

    assert event == twin
    assert hash(event) == hash(twin)
    assert event != other_key
    assert event != "k"
    assert [it for it, _ in EVENTS].count(event) == 1


def test_event_differs_by_every_field() -> None:
    assert Loaded("k", 1) != Loaded("k", 2)
    assert LoadFailed("k", ERROR) != LoadFailed("k", ZeroDivisionError("why"))
    assert NotStored("k", "fenced") != NotStored("k", "failed")
    assert BackendFailed("k", "get", ERROR) != BackendFailed("k", "set", ERROR)


def test_events_can_be_kept_in_a_set() -> None:
    assert {Hit("k"), Hit("k"), Miss("k")} == {Miss("k"), Hit("k")}


def test_event_is_matched_by_position_and_by_name() -> None:
    match EVENTS[-1][0]:
        case BackendFailed(key, operation, ZeroDivisionError()):
            assert (key, operation) == ("k", "get")
        case _:
            pytest.fail("not matched by position")
    match EVENTS[6][0]:
        case Loaded(key="k", seconds=seconds):
            assert seconds == 0.5
        case _:
            pytest.fail("not matched by name")


def test_every_event_stands_in_the_tree_of_the_module() -> None:
    classes = {
        name for name, it in vars(events).items() if isinstance(it, type) and issubclass(it, Event)
    }

    tree = (events.__doc__ or "").partition("Events compare")[0]
    assert classes <= set(re.findall(r"\w+", tree))
    assert {type(event).__name__ for event, _ in EVENTS} == classes - {"Event"}

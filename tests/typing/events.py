"""What type checkers make of events. Checked by mypy and pyright, never run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from typing_extensions import assert_type

from cachetory.events import (
    BackendFailed,
    BreakerOpened,
    Event,
    Hit,
    Loaded,
    LoadFailed,
    LoadLate,
    NotStored,
    Refreshing,
    Stale,
    Undecodable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


def matching_by_position(events: Iterable[Event]) -> None:
    for event in events:
        match event:
            case Hit(key):
                assert_type(key, str)
            case Stale(key, reason):
                assert_type(key, str)
                assert_type(reason, Literal["refreshing", "failing", "late", "held"])
            case Refreshing(_, reason):
                assert_type(reason, Literal["stale", "early", "asked"])
            case NotStored(_, reason):
                assert_type(reason, Literal["fenced", "excluded", "one-shot", "failed"])
            case Loaded(key, seconds) | LoadLate(key, seconds):
                assert_type(key, str)
                assert_type(seconds, float)
            case _:
                pass


def matching_failures(events: Iterable[Event]) -> None:
    for event in events:
        match event:
            case LoadFailed(_, error, seconds):
                assert_type(error, Exception)
                assert_type(seconds, float)
            case BackendFailed(_, operation, error):
                assert_type(operation, str)
                assert_type(error, Exception)
            case Undecodable(_, error) | BreakerOpened(_, error):
                assert_type(error, Exception)
            case Event(key):
                assert_type(key, str)


def matching_by_name(event: Event) -> None:
    match event:
        case Stale(key=key, reason="failing"):
            assert_type(key, str)
        case _:
            pass


def matching_too_much(event: Event) -> None:
    match event:
        case Hit(_, _):  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
            pass
        case _:
            pass

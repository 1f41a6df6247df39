"""At most one line a second for each kind of failure, and never a value."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from cachetory._shell.failure_log import INTERVAL, FailureLog
from tests.canary import VALUE

if TYPE_CHECKING:
    from tests.clock import ManualClock


@pytest.fixture
def log(clock: ManualClock) -> FailureLog:
    return FailureLog("it failed", clock=clock)


def lines(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == level]


def test_failures_of_one_second_are_one_line(
    log: FailureLog, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(100):
        log.report("key", ZeroDivisionError())
        clock.advance(INTERVAL / 200)

    assert lines(caplog, logging.WARNING) == [
        "it failed: ZeroDivisionError (0 more since the last line)"
    ]


def test_next_line_counts_those_held_back(
    log: FailureLog, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        log.report("key", ZeroDivisionError())
    clock.advance(INTERVAL)
    log.report("key", OSError())
    clock.advance(INTERVAL)
    log.report("key", OSError())

    assert lines(caplog, logging.WARNING) == [
        "it failed: ZeroDivisionError (0 more since the last line)",
        "it failed: OSError (2 more since the last line)",
        "it failed: OSError (0 more since the last line)",
    ]


def test_kinds_do_not_silence_each_other(
    clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    FailureLog("one", clock=clock).report("key", OSError())
    FailureLog("other", clock=clock).report("key", OSError())

    assert len(lines(caplog, logging.WARNING)) == 2


def test_keys_are_shown_at_debug_level_only_and_error_texts_never(
    log: FailureLog, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="cachetory"):
        log.report("the-key", ValueError(VALUE))
        log.report("the-key", ValueError(VALUE))

    assert lines(caplog, logging.DEBUG) == ["it failed: ValueError for key 'the-key'"] * 2
    assert not any("the-key" in line for line in lines(caplog, logging.WARNING))
    assert VALUE not in caplog.text
    assert all(record.exc_info is None for record in caplog.records)


def test_lines_go_to_the_logger_of_the_package(
    log: FailureLog, caplog: pytest.LogCaptureFixture
) -> None:
    log.report("key", OSError())

    assert {record.name for record in caplog.records} == {"cachetory"}

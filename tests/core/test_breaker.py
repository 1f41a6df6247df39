"""The circuit breaker: opens after some failures in a row, and lets a probe through at times."""

from __future__ import annotations

import pytest

from cachetory._core.breaker import OPENS_AFTER, PROBES_EVERY, Breaker


@pytest.fixture
def breaker() -> Breaker:
    return Breaker()


def open_it(breaker: Breaker, now: float = 0.0) -> None:
    for _ in range(OPENS_AFTER):
        breaker.failed(now)


def test_breaker_is_closed_at_first(breaker: Breaker) -> None:
    assert not breaker.is_open
    assert not breaker.may_probe(1e9)


def test_breaker_opens_at_the_last_of_some_failures_in_a_row(breaker: Breaker) -> None:
    opened = [breaker.failed(0.0) for _ in range(OPENS_AFTER)]

    assert opened == [False] * (OPENS_AFTER - 1) + [True]
    assert breaker.is_open


def test_breaker_stays_closed_while_a_success_comes_in_between(breaker: Breaker) -> None:
    for _ in range(10):
        for _ in range(OPENS_AFTER - 1):
            assert not breaker.failed(0.0)
        assert not breaker.succeeded()

    assert not breaker.is_open


def test_failure_while_it_is_open_opens_nothing(breaker: Breaker) -> None:
    open_it(breaker)

    assert not any(breaker.failed(0.0) for _ in range(10))
    assert breaker.is_open


def test_success_closes_it_once(breaker: Breaker) -> None:
    open_it(breaker)

    assert breaker.succeeded()
    assert not breaker.is_open
    assert not breaker.succeeded()


def test_breaker_that_was_closed_again_takes_as_many_failures_to_open(breaker: Breaker) -> None:
    open_it(breaker)
    breaker.succeeded()

    opened = [breaker.failed(0.0) for _ in range(OPENS_AFTER)]

    assert opened == [False] * (OPENS_AFTER - 1) + [True]


def test_probe_is_let_through_some_time_after_the_last_failure(breaker: Breaker) -> None:
    open_it(breaker, now=100.0)

    assert not breaker.may_probe(100.0)
    assert not breaker.may_probe(100.0 + PROBES_EVERY - 0.001)
    assert breaker.may_probe(100.0 + PROBES_EVERY)


def test_next_probe_has_to_wait_whether_or_not_the_first_has_ended(breaker: Breaker) -> None:
    open_it(breaker, now=0.0)
    assert breaker.may_probe(1.0)

    assert not any(breaker.may_probe(1.0) for _ in range(100))
    assert not breaker.may_probe(1.0 + PROBES_EVERY - 0.001)
    assert breaker.may_probe(1.0 + PROBES_EVERY)


def test_failed_probe_puts_the_next_one_off(breaker: Breaker) -> None:
    open_it(breaker, now=0.0)
    breaker.may_probe(1.0)
    breaker.failed(1.25)

    assert not breaker.may_probe(1.25 + PROBES_EVERY - 0.001)
    assert breaker.may_probe(1.25 + PROBES_EVERY)


def test_probes_are_few_however_many_ask(breaker: Breaker) -> None:
    open_it(breaker, now=0.0)

    probes = 0
    for milliseconds in range(10_000):
        if breaker.may_probe(milliseconds / 1000):
            probes += 1
            breaker.failed(milliseconds / 1000)

    assert probes == pytest.approx(10 / PROBES_EVERY, abs=1)

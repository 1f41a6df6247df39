"""What a stored entry is worth: by its times, and by what the policy says."""

from __future__ import annotations

from math import exp, inf, log, nextafter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cachetory._core.freshness import PLAIN, Found, Plan, Stamp, Worth

PROPERTY = settings(deadline=None)  # a busy machine proves nothing
SECONDS = st.floats(0, 1e6)
CHANCES = st.floats(0, 1, exclude_max=True)
JUST_ABOVE_ZERO = nextafter(0.0, 1.0)

# What an entry is worth


@pytest.mark.parametrize(
    ("left", "worth"),
    [
        (inf, Worth.FRESH),
        (0.001, Worth.FRESH),
        (JUST_ABOVE_ZERO, Worth.FRESH),
        (0.0, Worth.STALE),
        (-0.0, Worth.STALE),
        (-4.999, Worth.STALE),
        (-5.0, Worth.DOUBTFUL),
        (-9.999, Worth.DOUBTFUL),
        (-10.0, Worth.NOTHING),
        (-inf, Worth.NOTHING),
    ],
)
def test_entry_is_fresh_then_stale_then_doubtful_then_nothing(left: float, worth: Worth) -> None:
    plan = Plan(stale_while_revalidate=5, stale_if_error=10)

    assert plan.judge(Found("value", left=left)) is worth


@pytest.mark.parametrize("left", [0.0, -1.0, -9.0])
def test_stale_entry_is_nothing_without_a_window(left: float) -> None:
    assert PLAIN.judge(Found("value", left=left)) is Worth.NOTHING


def test_shorter_window_for_errors_than_for_refreshes_adds_nothing() -> None:
    plan = Plan(stale_while_revalidate=10, stale_if_error=5)

    assert plan.judge(Found("value", left=-9.0)) is Worth.STALE
    assert plan.judge(Found("value", left=-10.0)) is Worth.NOTHING


def test_negative_entry_is_worth_something_only_while_it_is_fresh() -> None:
    plan = Plan(stale_while_revalidate=5, stale_if_error=10)

    assert plan.judge(Found(None, left=1.0, is_negative=True)) is Worth.FRESH
    assert plan.judge(Found(None, left=0.0, is_negative=True)) is Worth.NOTHING


@pytest.mark.parametrize("value", [None, 0, "", [], False])
def test_worth_of_an_entry_has_nothing_to_do_with_its_value(value: object) -> None:
    assert PLAIN.judge(Found(value)) is Worth.FRESH


def test_entry_whose_times_were_not_noted_is_fresh() -> None:
    found = Found("value")

    assert found.is_fresh
    assert found.left == inf
    assert (found.created_at, found.took) == (None, 0.0)
    assert not found.is_negative
    assert not found.is_refused


# What is kept, and noted


@pytest.mark.parametrize(
    ("plan", "kept_for"),
    [
        (PLAIN, 0),
        (Plan(stale_while_revalidate=5), 5),
        (Plan(stale_if_error=7), 7),
        (Plan(stale_while_revalidate=5, stale_if_error=7), 7),
        (Plan(stale_while_revalidate=7, stale_if_error=5), 7),
    ],
)
def test_entry_is_kept_for_the_longer_window(plan: Plan, kept_for: float) -> None:
    assert plan.kept_for == kept_for


@pytest.mark.parametrize(
    "plan",
    [
        PLAIN,
        Plan(time_to_live=5.0, jitter=0.5),
        Plan(time_to_live_of=lambda value: 5),
        Plan(soft_timeout=1.0, hard_timeout=2.0),
        Plan(lease=5.0, retry_after_failure=1.0),
    ],
)
def test_plan_that_is_about_fresh_values_only_needs_no_times(plan: Plan) -> None:
    assert not plan.needs_times


@pytest.mark.parametrize(
    "plan",
    [
        Plan(stale_while_revalidate=0.001),
        Plan(stale_if_error=0.001),
        Plan(early_refresh=0.1),
        Plan(negative_time_to_live=5.0),
        Plan(negative_time_to_live=0.0),
    ],
)
def test_plan_that_is_about_old_values_needs_times(plan: Plan) -> None:
    assert plan.needs_times is True


# How long to wait


@pytest.mark.parametrize(
    ("soft", "hard", "with_stale", "without"),
    [
        (None, None, (None,), (None,)),
        (1.0, None, (1.0, None), (None,)),
        (None, 2.0, (2.0,), (2.0,)),
        (1.0, 2.0, (1.0, 2.0), (2.0,)),
        (2.0, 2.0, (2.0,), (2.0,)),
        (3.0, 2.0, (2.0,), (2.0,)),
    ],
)
def test_limits_are_the_soft_timeout_if_there_is_something_stale_and_the_hard_one(
    soft: float | None,
    hard: float | None,
    with_stale: tuple[float | None, ...],
    without: tuple[float | None, ...],
) -> None:
    plan = Plan(soft_timeout=soft, hard_timeout=hard)

    assert plan.limits(has_stale=True) == with_stale
    assert plan.limits(has_stale=False) == without


# Early refresh


def test_early_refresh_is_due_as_soon_as_the_chance_has_it() -> None:
    plan = Plan(early_refresh=2.0)
    found = Found("value", left=3.0, took=1.5)

    # took * early_refresh * -log(chance) is 3 s if the chance is 1/e.
    assert plan.is_due_early(found, exp(-1) - 1e-9)
    assert not plan.is_due_early(found, exp(-1) + 1e-9)


@pytest.mark.parametrize("left", [0.0, -1.0, inf])
def test_early_refresh_is_never_due_for_what_is_stale_or_for_ever(left: float) -> None:
    found = Found("value", left=left, took=10.0)

    assert not Plan(early_refresh=1000.0).is_due_early(found, 1e-300)


@pytest.mark.parametrize(("eagerness", "took"), [(0.0, 10.0), (1.0, 0.0)])
def test_early_refresh_is_never_due_without_eagerness_or_a_load_that_takes_time(
    eagerness: float, took: float
) -> None:
    found = Found("value", left=JUST_ABOVE_ZERO, took=took)

    assert not Plan(early_refresh=eagerness).is_due_early(found, 1e-300)


def test_early_refresh_is_not_due_at_the_highest_chance() -> None:
    found = Found("value", left=JUST_ABOVE_ZERO, took=10.0)

    assert not Plan(early_refresh=1.0).is_due_early(found, 1.0)


@PROPERTY
@given(left=st.floats(1e-3, 1e3), took=st.floats(1e-3, 1e3), beta=st.floats(1e-3, 1e3))
def test_early_refresh_is_the_likelier_the_less_time_is_left_and_the_longer_a_load_takes(
    left: float, took: float, beta: float
) -> None:
    plan = Plan(early_refresh=beta)

    def is_due(left: float, took: float) -> list[bool]:
        found = Found("value", left=left, took=took)
        return [plan.is_due_early(found, number / 100) for number in range(1, 101)]

    assert sum(is_due(left / 2, took)) >= sum(is_due(left, took))
    assert sum(is_due(left, took * 2)) >= sum(is_due(left, took))


@PROPERTY
@given(chance=st.floats(0, 1, exclude_min=True), left=st.floats(1e-6, 1e6))
def test_early_refresh_is_due_just_as_the_paper_says(chance: float, left: float) -> None:
    found = Found("value", left=left, took=1.0)

    assert Plan(early_refresh=1.0).is_due_early(found, chance) == (-log(chance) >= left)


# Jitter


@PROPERTY
@given(seconds=SECONDS, jitter=st.floats(0, 1), chance=CHANCES)
def test_jitter_shortens_by_its_share_at_most_and_never_lengthens(
    seconds: float, jitter: float, chance: float
) -> None:
    shortened = Plan(jitter=jitter).shorten(seconds, chance)

    assert seconds * (1 - jitter) <= shortened * (1 + 1e-9)
    assert shortened <= seconds


@pytest.mark.parametrize(
    ("jitter", "chance", "left"), [(0, 0.9, 100), (0.2, 0, 100), (0.2, 0.5, 90), (1, 0.5, 50)]
)
def test_jitter_takes_off_what_the_chance_says(jitter: float, chance: float, left: float) -> None:
    assert Plan(jitter=jitter).shorten(100, chance) == pytest.approx(left)


# Stamps


def test_stamp_is_stored_for_as_long_as_it_is_fresh_and_kept() -> None:
    assert Stamp(0.0, fresh_for=5.0, kept_for=7.0).stored_for == 12.0
    assert Stamp(0.0, fresh_for=5.0).stored_for == 5.0


def test_stamp_for_ever_is_stored_for_ever() -> None:
    assert Stamp(0.0, fresh_for=None, kept_for=7.0).stored_for is None


@pytest.mark.parametrize("fresh_for", [0.0, -1.0])
def test_stamp_of_what_is_over_before_it_began_is_not_stored_at_all(fresh_for: float) -> None:
    assert Stamp(0.0, fresh_for=fresh_for, kept_for=7.0).stored_for == 0.0


def test_renewed_stamp_is_fresh_for_so_long_from_now() -> None:
    stamp = Stamp(100.0, took=2.0, fresh_for=60.0, kept_for=7.0)

    renewed = stamp.renewed(30.0, now=150.0, kept_for=9.0)

    assert renewed.created_at + renewed.took + (renewed.fresh_for or 0) == 150.0 + 30.0
    assert renewed.stored_for == 39.0
    assert (renewed.created_at, renewed.took) == (100.0, 2.0)
    assert renewed.is_noted


def test_stamp_renewed_for_ever_is_fresh_and_stored_for_ever() -> None:
    renewed = Stamp(100.0, fresh_for=60.0).renewed(None, now=150.0, kept_for=9.0)

    assert (renewed.fresh_for, renewed.stored_for) == (None, None)


@pytest.mark.parametrize("is_refused", [True, False])
def test_renewed_stamp_says_of_the_value_what_the_former_did(*, is_refused: bool) -> None:
    stamp = Stamp(0.0, fresh_for=5.0, is_negative=True, is_refused=is_refused)

    renewed = stamp.renewed(5.0, now=1.0, kept_for=0.0)

    assert renewed.is_negative
    assert renewed.is_refused == is_refused


def test_stamp_of_a_found_entry_says_what_was_noted() -> None:
    found = Found("value", left=5.0, created_at=100.0, took=2.0, is_negative=True)

    stamp = found.stamp()

    assert (stamp.created_at, stamp.took) == (100.0, 2.0)
    assert stamp.is_negative
    assert not stamp.is_refused

"""Policies: what is accepted, what is refused and with what words, and what they come to."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from cachetory._core.freshness import PLAIN, Plan
from cachetory.errors import ConfigurationError, InvalidDurationError
from cachetory.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

DURATIONS = (
    "time_to_live",
    "stale_while_revalidate",
    "stale_if_error",
    "negative_time_to_live",
    "soft_timeout",
    "hard_timeout",
    "lease",
    "retry_after_failure",
)
OPTIONAL = ("time_to_live", "negative_time_to_live", "soft_timeout", "hard_timeout", "lease")
LIMITS = ("soft_timeout", "hard_timeout", "lease")


def fields_of(plan: Plan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in Plan.__slots__}


def test_policy_without_fields_asks_for_nothing_but_a_value() -> None:
    assert fields_of(Policy().plan) == fields_of(PLAIN)


@pytest.mark.parametrize("name", DURATIONS)
@pytest.mark.parametrize("duration", [5, 5.0, timedelta(seconds=5)])
def test_policy_takes_durations_of_each_kind(name: str, duration: float | timedelta) -> None:
    policy = Policy(**{name: duration})

    assert getattr(policy.plan, name) == 5.0
    assert getattr(policy, name) == duration


@pytest.mark.parametrize("name", DURATIONS)
@pytest.mark.parametrize(
    "duration", [float("nan"), float("inf"), -float("inf"), True, "5", 1e300, Decimal(5), [5]]
)
def test_policy_refuses_what_is_no_duration(name: str, duration: Any) -> None:
    with pytest.raises(InvalidDurationError):
        Policy(**{name: duration})


@pytest.mark.parametrize("name", OPTIONAL)
def test_policy_takes_none_where_it_means_something(name: str) -> None:
    assert getattr(Policy(**{name: None}).plan, name) is None


@pytest.mark.parametrize("name", [name for name in DURATIONS if name not in OPTIONAL])
def test_policy_refuses_none_where_it_means_nothing(name: str) -> None:
    with pytest.raises(InvalidDurationError):
        Policy(**{name: None})


@pytest.mark.parametrize("name", [name for name in DURATIONS if name not in LIMITS])
@pytest.mark.parametrize("duration", [0, -1, timedelta(0), timedelta(seconds=-1)])
def test_policy_takes_no_time_at_all(name: str, duration: float | timedelta) -> None:
    assert getattr(Policy(**{name: duration}).plan, name) == 0.0


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("duration", [0, -1, timedelta(0)])
def test_policy_refuses_a_limit_that_leaves_no_time(name: str, duration: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"{name}=.*None switches it off"):
        Policy(**{name: duration})


@pytest.mark.parametrize("name", DURATIONS)
def test_policy_rounds_up_to_a_millisecond(name: str) -> None:
    assert getattr(Policy(**{name: 1e-9}).plan, name) == 0.001


def test_policy_takes_a_function_of_the_value_as_time_to_live() -> None:
    def time_to_live(value: Any) -> float:
        return 5.0

    policy = Policy(time_to_live=time_to_live)

    assert policy.plan.time_to_live is None
    assert policy.plan.time_to_live_of is time_to_live
    assert policy.time_to_live is time_to_live


@pytest.mark.parametrize(("name", "most"), [("jitter", 1), ("early_refresh", 1000)])
def test_policy_takes_shares_from_nothing_to_the_most(name: str, most: float) -> None:
    for share in (0, 0.0, 0.1, 1, most, float(most)):
        assert getattr(Policy(**{name: share}).plan, name) == share


@pytest.mark.parametrize(("name", "most"), [("jitter", "1"), ("early_refresh", "1000")])
@pytest.mark.parametrize(
    "share", [-0.001, 1000.1, float("nan"), float("inf"), True, None, "0.1", timedelta(seconds=1)]
)
def test_policy_refuses_shares_that_cannot_be(name: str, most: str, share: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Policy(**{name: share})

    assert str(caught.value) == f"{name} is a number from 0 to {most}, not {share!r}"


def test_policy_refuses_to_take_off_more_than_all() -> None:
    with pytest.raises(ConfigurationError, match=r"jitter is a number from 0 to 1, not 1\.001"):
        Policy(jitter=1.001)


def test_policy_takes_its_fields_by_name_only() -> None:
    with pytest.raises(TypeError):
        Policy(5)  # type: ignore[misc]


def test_policy_cannot_be_given_a_plan() -> None:
    with pytest.raises(TypeError):
        Policy(plan=PLAIN)  # type: ignore[call-arg]


def test_policy_cannot_be_changed() -> None:
    policy = Policy()

    with pytest.raises(FrozenInstanceError):
        policy.jitter = 0.5  # type: ignore[misc]


# Values among others


def test_policies_with_equal_fields_are_equal() -> None:
    one, other = Policy(time_to_live=5, jitter=0.1), Policy(time_to_live=5, jitter=0.1)

    assert one == other
    assert hash(one) == hash(other)
    assert one != Policy(time_to_live=5)


@pytest.mark.parametrize(
    "clone", [copy.copy, copy.deepcopy, lambda policy: pickle.loads(pickle.dumps(policy))]
)
def test_policy_can_be_copied_and_pickled(clone: Callable[[Policy], Policy]) -> None:
    policy = Policy(time_to_live=timedelta(minutes=5), stale_if_error=60, lease=5)

    cloned = clone(policy)

    assert cloned == policy
    assert fields_of(cloned.plan) == fields_of(policy.plan)


def test_policy_shows_its_fields_and_not_its_plan() -> None:
    text = repr(Policy(time_to_live=5, stale_if_error=timedelta(hours=1)))

    assert "time_to_live=5" in text
    assert "stale_if_error=datetime.timedelta(seconds=3600)" in text
    assert "plan" not in text


# Replacing


def test_replace_gives_a_policy_like_this_one_but_for_the_changes() -> None:
    policy = Policy(time_to_live=5, stale_if_error=60, jitter=0.5)

    changed = policy.replace(time_to_live=None, lease=2)

    assert changed == Policy(stale_if_error=60, jitter=0.5, lease=2)
    assert (changed.plan.time_to_live, changed.plan.lease) == (None, 2.0)
    assert policy == Policy(time_to_live=5, stale_if_error=60, jitter=0.5)


def test_replace_of_nothing_gives_an_equal_policy() -> None:
    assert Policy(jitter=0.5).replace() == Policy(jitter=0.5)


def test_replace_leaves_the_class_as_it_is() -> None:
    class Own(Policy):
        pass

    assert type(Own().replace(jitter=0.5)) is Own


@pytest.mark.parametrize("changes", [{"ttl": 5}, {"plan": PLAIN}, {"jitter": 0.1, "ttl": 5}])
def test_replace_refuses_what_is_no_field(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Policy().replace(**changes)

    message = str(caught.value)
    assert message.startswith("a policy has no field `")
    assert "it has time_to_live, jitter, " in message
    assert "plan" not in message.partition("; ")[2]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"jitter": 2}, ConfigurationError),
        ({"lease": 0}, ConfigurationError),
        ({"time_to_live": "5"}, InvalidDurationError),
    ],
)
def test_replace_refuses_what_the_policy_would(
    changes: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        Policy().replace(**changes)

# Generated from tests/backends/async_/test_dummy.py by tools/unasync.py. Do not edit: edit that file instead.
"""The dummy backend takes everything, keeps nothing, and checks what every backend checks."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from cachetory.backends.sync import DummyBackend, from_url
from cachetory.errors import ConfigurationError, InvalidDurationError
from cachetory.testing.samples import NOT_DEADLINES, NOT_DURATIONS, OVER_AT_ONCE, brief
from cachetory.testing.sync_only import collect


def test_set_keeps_nothing() -> None:
    backend = DummyBackend[bytes]()

    assert backend.set("key", b"value") is True
    assert backend.set("key", b"value", time_to_live=60, if_not_exists=True) is True
    backend.set_many([("key", b"value"), ("other", b"value")], time_to_live=60)
    backend.set_many(("key", b"value") for _ in range(3))

    with pytest.raises(KeyError, match="key"):
        backend.get("key")
    assert collect(backend.get_many("key", "other")) == []
    assert backend.contains("key") is False
    assert backend.delete("key") is False


@pytest.mark.parametrize("time_to_live", OVER_AT_ONCE, ids=brief)
def test_set_over_at_once_changes_nothing(time_to_live: Any) -> None:
    assert DummyBackend[bytes]().set("key", b"value", time_to_live=time_to_live) is False


def test_other_operations_do_nothing() -> None:
    with DummyBackend[bytes]() as backend:
        backend.expire_in("key", 60)
        backend.expire_in("key", None)
        backend.expire_at("key", datetime.now(timezone.utc) + timedelta(hours=1))
        backend.expire_at("key", None)
        backend.delete_many("key", "other")
        backend.clear()
        backend.clear_prefix("prefix")

    assert collect(backend.get_many()) == []


@pytest.mark.parametrize("time_to_live", NOT_DURATIONS, ids=brief)
def test_duration_that_is_none_is_refused(time_to_live: Any) -> None:
    backend = DummyBackend[bytes]()

    with pytest.raises(InvalidDurationError):
        backend.set("key", b"value", time_to_live=time_to_live)
    with pytest.raises(InvalidDurationError):
        backend.set_many([("key", b"value")], time_to_live=time_to_live)
    with pytest.raises(InvalidDurationError):
        backend.expire_in("key", time_to_live)


@pytest.mark.parametrize("deadline", NOT_DEADLINES, ids=brief)
def test_deadline_that_is_none_is_refused(deadline: Any) -> None:
    with pytest.raises(InvalidDurationError):
        DummyBackend[bytes]().expire_at("key", deadline)


def test_from_url_gives_a_dummy() -> None:
    assert type(from_url("dummy://")) is DummyBackend
    with pytest.raises(ConfigurationError, match="it takes no parameters"):
        from_url("dummy://?size=5")


def test_from_url_of_subclass_makes_its_instance() -> None:
    class Mine(DummyBackend[bytes]):
        pass

    assert type(Mine.from_url("dummy://")) is Mine

# Generated from tests/backends/async_/test_django_fractions.py by tools/unasync.py. Do not edit: edit that file instead.
"""Times to live below a second reach the Django caches that can keep to them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from math import ceil
from typing import Any

import pytest
import time_machine
from django.core.cache.backends.base import BaseCache
from hypothesis import example, given
from hypothesis import strategies as st

from cachetory.backends.sync import from_url
from cachetory.backends.sync.django import DjangoBackend
from tests.backends.django_project import set_up

set_up()

NOON = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)
MILLISECONDS = st.integers(1, 10_000)


@pytest.mark.parametrize("alias", ["default", "file"])
@given(milliseconds=MILLISECONDS)
@example(milliseconds=1)
@example(milliseconds=1500)
def test_entry_lives_as_long_as_it_was_told(alias: str, milliseconds: int) -> None:
    backend = from_url(f"django://{alias}")
    lives_for = timedelta(milliseconds=milliseconds)
    with time_machine.travel(NOON, tick=False) as traveller:
        backend.set("set", b"value", time_to_live=lives_for)
        backend.set_many([("many", b"value")], time_to_live=lives_for)
        backend.set("touched", b"value")
        backend.expire_in("touched", lives_for)
        traveller.move_to(NOON + lives_for - timedelta(microseconds=500))
        alive = [key for key, _ in backend.get_many("set", "many", "touched")]
        traveller.move_to(NOON + lives_for + timedelta(microseconds=500))
        left = [key for key, _ in backend.get_many("set", "many", "touched")]

    assert (alive, left) == (["set", "many", "touched"], [])


@given(milliseconds=MILLISECONDS)
def test_other_caches_get_whole_seconds_rounded_up(milliseconds: int) -> None:
    cache = RecordingCache()

    DjangoBackend[bytes](cache).set("key", b"value", time_to_live=milliseconds / 1000)

    assert cache.timeouts == [ceil(milliseconds / 1000)]
    assert type(cache.timeouts[0]) is int


class RecordingCache(BaseCache):
    """A Django cache of a kind that is not known to take fractions."""

    def __init__(self) -> None:
        super().__init__({})
        self.timeouts: list[Any] = []

    def set(self, key: Any, value: Any, timeout: Any = None, version: Any = None) -> None:
        self.timeouts.append(timeout)

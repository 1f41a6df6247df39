"""Which clock a memory store takes, and when."""

from __future__ import annotations

import subprocess
import sys
from threading import Thread
from time import monotonic

import pytest
from freezegun import freeze_time

from cachetory._runtime.clocks import wall_time
from cachetory.backends.sync import MemoryBackend
from cachetory.errors import ConfigurationError

PROGRAM = """
import sys
from cachetory.sync import Cache, cached
from cachetory.shortcuts.sync import memory_cache

cache = memory_cache()

@cached(cache, time_to_live=3600)
def load(number: int) -> int:
    loads.append(number)
    return number

loads = []
{body}
"""
FROZEN = """
from freezegun import freeze_time

with freeze_time("2030-01-01") as frozen:
    load(1); load(1)
    frozen.tick(3601)
    load(1); load(1)
assert loads == [1, 1], loads
"""
TRAVELLED = """
import time_machine

with time_machine.travel("2030-01-01", tick=False) as traveller:
    load(1); load(1)
    traveller.shift(3601)
    load(1); load(1)
assert loads == [1, 1], loads
"""
IN_PRODUCTION = """
from time import monotonic

load(1)
assert cache.backend.local_store.clock is monotonic
assert load.__wrapped__ and loads == [1]
"""


@pytest.mark.parametrize("body", [FROZEN, TRAVELLED, IN_PRODUCTION])
def test_store_made_before_the_library_is_loaded_takes_its_clock_at_first_use(body: str) -> None:
    subprocess.run([sys.executable, "-c", PROGRAM.format(body=body)], check=True, timeout=100)


def test_clock_is_taken_by_name() -> None:
    assert MemoryBackend[int](clock="wall").local_store.clock is wall_time
    assert MemoryBackend[int](clock="monotonic").local_store.clock is monotonic
    assert MemoryBackend[int].from_url("memory://?clock=wall").local_store.clock is wall_time


@pytest.mark.parametrize("clock", ["sundial", 5, b"wall"])
def test_unknown_clock_is_refused(clock: object) -> None:
    with pytest.raises(ConfigurationError, match="clock must be"):
        MemoryBackend[int](clock=clock)  # type: ignore[arg-type]


def test_wall_time_is_frozen_in_a_new_thread() -> None:
    told: list[float] = []
    with freeze_time("2030-01-01"):
        thread = Thread(target=lambda: told.append(wall_time()))
        thread.start()
        thread.join()
        told.append(wall_time())

    assert told == [1893456000.0, 1893456000.0]

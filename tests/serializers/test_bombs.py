"""Decompression bombs are refused, quickly, and without the memory that they ask for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.clock import SLOW
from tests.serializers.bombs import BOMBS

DEFUSE = """
import sys, zlib
from pathlib import Path
from time import process_time

missing, bomb = sys.argv[1:]
if missing:
    sys.modules[missing] = None

from cachetory import serializers
from cachetory.errors import DecodeError
from tests.serializers.bombs import BOMBS

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024

schemes, data = BOMBS[bomb]()
layer = serializers.from_url(schemes + "://")
before, start = peak(), process_time()
try:
    layer.deserialize(data)
except DecodeError as error:
    print("refused", peak() - before, round(process_time() - start, 3), error)
else:
    print("inflated")
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no peak of memory to read")
@pytest.mark.parametrize("missing", ["", "zstandard"])
@pytest.mark.parametrize("bomb", BOMBS)
def test_bomb_of_10_gib_is_refused_within_the_limit_of_memory_and_time(bomb, missing):
    command = [sys.executable, "-c", DEFUSE, missing, bomb]

    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)

    outcome, peak, seconds, *_ = result.stdout.split()
    assert outcome == "refused"
    assert int(peak) <= 64 + 32
    assert float(seconds) < SLOW

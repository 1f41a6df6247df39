"""At the recursion limit, nothing crashes, and no reply goes astray.

`CACHETORY_RECURSION_RUNS=200` runs it at more depths than a usual test run does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from redis.exceptions import DataError

from cachetory.backends.redis_words import Packer, pack
from tests.backends.addresses import patient

RUNS = int(os.environ.get("CACHETORY_RECURSION_RUNS", "8"))
PROGRAM = Path(__file__).with_name("recursion_program.py")


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise RecursionError

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        raise RecursionError


class Number(int):
    def __repr__(self) -> str:
        raise RecursionError


def test_recursion_at_every_depth_crashes_nothing_and_misleads_no_reply(redis_url: str) -> None:
    def run(number: int) -> tuple[int, str, str]:
        limit = 200 + number
        result = subprocess.run(
            [sys.executable, PROGRAM, patient(redis_url), str(limit)],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return result.returncode, result.stdout.strip(), result.stderr[-500:]

    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(run, range(RUNS)))

    assert outcomes == [(0, "0", "")] * RUNS


@pytest.mark.parametrize(
    ("part", "packed"),
    [
        (b"ab", b"$2\r\nab\r\n"),
        (bytearray(b"ab"), b"$2\r\nab\r\n"),
        (memoryview(b"ab"), b"$2\r\nab\r\n"),
        ("ä", "$2\r\nä\r\n".encode()),
        pytest.param(Text("ab"), b"$2\r\nab\r\n", id="text"),
        (12, b"$2\r\n12\r\n"),
        (-1, b"$2\r\n-1\r\n"),
        pytest.param(Number(12), b"$2\r\n12\r\n", id="number"),
    ],
)
def test_part_of_a_command_is_packed_as_bytes(part: object, packed: bytes) -> None:
    assert pack(("GET", part)) == b"*2\r\n$3\r\nGET\r\n" + packed  # type: ignore[arg-type]


@pytest.mark.parametrize("part", [1.5, True, None, object(), [b"ab"]])
def test_part_of_a_command_that_is_no_bytes_is_refused(part: object) -> None:
    with pytest.raises(DataError):
        pack(("GET", part))  # type: ignore[arg-type]


def test_words_of_a_command_of_redis_py_are_taken_apart() -> None:
    assert Packer.pack("CLIENT SETINFO", "LIB-NAME", 1) == [
        pack(("CLIENT", "SETINFO", "LIB-NAME", 1))
    ]

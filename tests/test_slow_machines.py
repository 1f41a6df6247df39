"""No test fails because the machine is slow or busy."""

from __future__ import annotations

import re

import pytest
from hypothesis import settings

from tests.clock import SLOW
from tests.docs.snippets import ROOT

FILES = sorted(path for path in ROOT.glob("tests/**/*.py") if path.name != "test_slow_machines.py")
DEADLINE = re.compile(r"settings\([^)]*\bdeadline=(?!None\b)[^)]*\)")
UPPER_BOUND = re.compile(
    r"(?:\b(?:elapsed|took|seconds|spent)\)?|(?:monotonic|perf_counter|time)\(\) - \w+)"
    r" <=? (?P<bound>[\d.]+)"
)


def test_examples_of_hypothesis_have_no_deadline() -> None:
    assert settings().deadline is None


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_bound_on_the_time_that_passes_is_narrow(path) -> None:
    text = path.read_text("utf-8")
    narrow = [it[0] for it in UPPER_BOUND.finditer(text) if 0 < float(it["bound"]) < SLOW]

    assert (DEADLINE.findall(text), narrow) == ([], [])

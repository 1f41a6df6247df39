"""Rounds in which every case has its turn, so that what slows the machine down slows down all."""

from __future__ import annotations

import random
import sys
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.crew import Label
from benchmarks.groups import GROUPS

if TYPE_CHECKING:
    from benchmarks.crew import Crew

_MILLISECOND = 1e6


class Figure(NamedTuple):
    """What came out for a case.

    Attributes:
        nanoseconds: the time of one repetition, the median of all rounds.
        relation: the median of the ratios to the baseline in each round, or of the differences in
            milliseconds; `None` if the baseline is missing.
    """

    nanoseconds: float
    relation: float | None


def run(crew: Crew, rounds: int) -> dict[Label, Figure]:
    """Run all cases in all rounds; within a group, in another order each time."""
    times: dict[Label, list[float]] = {label: [] for label in crew.labels}
    shuffle = random.Random(0).shuffle
    for number in range(1, rounds + 1):
        _show_progress(f"round {number} of {rounds}")
        for group in GROUPS:
            labels = [label for label in times if label.group == group]
            shuffle(labels)
            for label in labels:
                times[label].append(crew.measure(label))
    _show_progress("")
    return {label: _figure(label, times) for label in times}


def _figure(label: Label, times: dict[Label, list[float]]) -> Figure:
    group = GROUPS[label.group]
    library, operation = group.baselines[label.operation]
    baseline = times.get(Label(label.group, operation, library))
    relation = None
    if baseline is not None:
        pairs = zip(times[label], baseline, strict=True)
        relation = median(
            (own - base) / _MILLISECOND if group.additive else own / base for own, base in pairs
        )
    return Figure(median(times[label]), relation)


def _show_progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text:<20}")

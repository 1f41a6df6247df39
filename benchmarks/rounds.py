"""Rounds in which every case has its turn, so that what slows the machine down slows down all."""

from __future__ import annotations

import random
import sys
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.crew import Label
from benchmarks.groups import GROUPS

if TYPE_CHECKING:
    from benchmarks.cases import Measurement
    from benchmarks.crew import Crew

_MILLISECOND = 1e6


class Figure(NamedTuple):
    """What came out for a case.

    Attributes:
        nanoseconds: the time of one repetition, the median of all rounds.
        relation: the median of the ratios to the baseline in each round, or of the differences in
            milliseconds; `None` if the baseline is missing.
        client: nanoseconds of processor time that an operation costs here, the median of all
            rounds.
        server: the same on the server.
    """

    nanoseconds: float
    relation: float | None
    client: float
    server: float


def run(crew: Crew, rounds: int) -> dict[Label, Figure]:
    """Run all cases in all rounds; within a group, in another order each time."""
    turns: dict[Label, list[Measurement]] = {label: [] for label in crew.labels}
    shuffle = random.Random(0).shuffle
    for number in range(1, rounds + 1):
        _show_progress(f"round {number} of {rounds}")
        for group in GROUPS:
            labels = [label for label in turns if label.group == group]
            shuffle(labels)
            for label in labels:
                measurement = crew.measure(label)
                if measurement is None:
                    del turns[label]
                else:
                    turns[label].append(measurement)
    _show_progress("")
    return {label: _figure(label, turns) for label in turns}


def _figure(label: Label, turns: dict[Label, list[Measurement]]) -> Figure:
    group = GROUPS[label.group]
    library, operation = group.baselines[label.operation]
    times, client, server = zip(*turns[label], strict=True)
    baseline = turns.get(Label(label.group, operation, library))
    relation = None
    if baseline is not None:
        pairs = zip(times, (base.nanoseconds for base in baseline), strict=True)
        relation = median(
            (own - base) / _MILLISECOND if group.additive else own / base for own, base in pairs
        )
    return Figure(median(times), relation, median(client), median(server))


def _show_progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text:<20}")

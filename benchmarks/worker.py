"""The process that runs the cases of one environment.

It is told what to do by lines on its standard input, and answers each by a line of JSON on its
standard output: first, unasked, what it can run; then, to the number of a case, what it takes, or
why it failed. It ends with its input.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from functools import cached_property
from importlib.metadata import distributions
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TextIO

from benchmarks.cases import Bench, measure_best, repetitions_for
from benchmarks.groups import GROUPS
from benchmarks.processors import pinned

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.cases import Case, Measurement


class Worker:
    """The cases that can be run here, and what went wrong with the others.

    Args:
        orders: `groups`, `contestants` (name in the group to name in the table, or null),
            `redis_url`, `processor` (that of the server, or null) and `budget` (nanoseconds that a
            case may take at a time).
        directory: for those who keep files.
    """

    def __init__(self, orders: dict[str, Any], directory: Path) -> None:
        self.runnable: list[tuple[Case, int]] = []
        self.labels: list[tuple[str, str, str]] = []
        self.failed: list[tuple[str, str, str]] = []
        self.failures: list[str] = []
        self._orders = orders
        self._directory = directory
        self._loop = asyncio.new_event_loop()

    def prepare(self) -> None:
        """Make all cases and try each; what they consist of is left alone by the collector."""
        for name in self._orders["groups"]:
            libraries = GROUPS[name].libraries
            for library, label in self._contestants(libraries):
                bench = Bench(
                    f"{name} {label}",
                    loop=self._loop,
                    directory=self._directory,
                    redis_url=self._orders["redis_url"],
                )
                try:
                    for case in libraries[library](bench):
                        self._try(name, label, case)
                except Exception as error:
                    self.failures.append(_reason(name, label, error))
        gc.collect()
        gc.freeze()

    def measure(self, number: int) -> Measurement | str:
        """Tell what a case takes, or why it failed this time."""
        case, repetitions = self.runnable[number]
        group, operation, label = self.labels[number]
        clock = self._server_clock if GROUPS[group].shows_costs else _no_time
        processor = self._orders["processor"] if GROUPS[group].needs_server else None
        try:
            with pinned(processor):
                return measure_best(case, repetitions, self._orders["budget"], clock)
        except Exception as error:
            return _reason(group, f"{label}, {operation}", error)

    @cached_property
    def _server_clock(self) -> Callable[[], float]:
        """Tells the processor time of the server in nanoseconds, the question included."""
        from redis import Redis  # noqa: PLC0415 (the other groups do without it)

        client = Redis.from_url(self._orders["redis_url"])

        def read() -> float:
            used = client.info("cpu")
            return float(used["used_cpu_user"] + used["used_cpu_sys"]) * 1e9

        return read

    def _contestants(self, libraries: Any) -> list[tuple[str, str]]:
        chosen: dict[str, str] | None = self._orders["contestants"]
        if chosen is None:
            return [(library, library) for library in libraries]
        return [(library, label) for library, label in chosen.items() if library in libraries]

    def _try(self, group: str, label: str, case: Case) -> None:
        try:
            case.check()
            repetitions = repetitions_for(case)
        except Exception as error:
            self.failures.append(_reason(group, f"{label}, {case.operation}", error))
            self.failed.append((group, case.operation, label))
        else:
            self.runnable.append((case, repetitions))
            self.labels.append((group, case.operation, label))


def _reason(group: str, what: str, error: Exception) -> str:
    return f"{what} ({group}): {type(error).__name__}: {error}"


def _no_time() -> float:
    return 0.0


def main() -> None:
    """Obey."""
    # What libraries print must not come between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    orders = json.loads(sys.stdin.readline())
    with TemporaryDirectory(prefix="cachetory-benchmark-") as directory:
        worker = Worker(orders, Path(directory))
        worker.prepare()
        _answer(
            answers,
            {
                "labels": worker.labels,
                "failed": worker.failed,
                "failures": worker.failures,
                "versions": {each.name: each.version for each in distributions()},
            },
        )
        for line in sys.stdin:
            _answer(answers, worker.measure(int(line)))


def _answer(answers: TextIO, answer: object) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()

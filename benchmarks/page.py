"""The page that tells the figures, where they come from, and how to get them again."""

from __future__ import annotations

import os
import platform
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.groups import GROUPS
from benchmarks.tables import costs_table, times_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.cases import Group
    from benchmarks.crew import Crew, Label
    from benchmarks.rounds import Figure

_INTRODUCTION = """\
<!-- Written by `make bench`. Do not edit: edit benchmarks/page.py instead. -->
# Benchmarks

What an operation costs here and elsewhere, measured side by side in one run.

![Chart of the figures below](../assets/benchmarks.svg)
"""

_COSTS = (
    "Processor time of an operation in the same loops, in microseconds: of the client's process + "
    "of the server, as its `INFO cpu` tells. Where many gets are made at once, it is that of one."
)

_METHOD = """\
## How it is measured

- Every library does the same: one key of 32 characters, a value of 100 bytes, a time to live of
  an hour, room for 100,000 entries where there is a bound, no serializer where that can be had.
- An operation is repeated in a loop of its own with nothing else in it, without garbage
  collection, as `timeit` does. Asynchronous operations are awaited in one running event loop of
  asyncio.
- The run consists of rounds. In each, every case of a table has its turn, in random order; the
  fastest of a few short loops counts, and is compared with the baseline of the same round. The
  tables show the medians over all rounds. So the ratios hold on a busy machine too, while absolute
  times drift.
- A client and its Redis server share one processor, where the system lets that be chosen. Otherwise
  it would matter most whether the scheduler happens to put them on one or on two.
- Release 3.5.1 of cachetory has the name of this library, so it runs in a process and an
  environment of its own, in the same rounds.

To repeat it: `make bench`, with `REDIS_URL` set to use a server of yours. A short run is
`make bench ARGS=--quick`, a part `make bench ARGS="--only memory,decorated"`; neither changes this
page.
"""


def page(
    figures: Mapping[Label, Figure], crew: Crew, *, rounds: int, server: str, failures: list[str]
) -> str:
    """Write the whole page in Markdown."""
    sections = [_INTRODUCTION]
    measured = {label.group for label in figures}
    sections += [
        _section(group, figures, crew) for group in GROUPS.values() if group.name in measured
    ]
    if failures:
        listed = "\n".join(f"- {failure}" for failure in failures)
        sections.append(f"## What could not be measured\n\n{listed}\n")
    sections += [_METHOD, _circumstances(crew, rounds=rounds, server=server)]
    return "\n".join(sections)


def _section(group: Group, figures: Mapping[Label, Figure], crew: Crew) -> str:
    parts = [f"## {group.title}", group.about, times_table(group, figures, crew.failed)]
    if group.shows_costs:
        parts += [_COSTS, costs_table(group, figures, crew.failed)]
    return "\n\n".join(parts) + "\n"


def _circumstances(crew: Crew, *, rounds: int, server: str) -> str:
    today = datetime.now(timezone.utc).date()
    lines = [
        "## Where it was measured",
        "",
        f"- {today:%d %B %Y}, {rounds} rounds",
        f"- {_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        f"- {platform.python_implementation()} {platform.python_version()}",
    ]
    if server:
        lines.append(f"- {server}")
    for name, versions in crew.versions.items():
        listed = ", ".join(f"{each} {version}" for each, version in sorted(versions.items()))
        lines.append(f"- environment `{name}`: {listed}")
    return "\n".join(lines) + "\n"


def _processor() -> str:
    """Name the processor, as well as the system knows it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
